// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/dialect"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadatatest"
)

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	assert.Equal(t, 5, readmetest.Configs(t, "processors", NewFactory()))
}

func config(t *testing.T, yaml string) *Config {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	return cfg
}

// TestTableInAFileOfItsOwn takes a table that the config names by its file.
func TestTableInAFileOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	table, main := filepath.Join(dir, "acme.yaml"), filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(table, []byte("# a comment\nname: acme\nconcept: serving\ndetect: [{key_prefix: acme.}]\nmap: {ml.model.name: acme.model}\n"), 0o600))
	require.NoError(t, os.WriteFile(main, []byte(`dialects: ["${file:`+table+`}"]`), 0o600))
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs: []string{"file:" + main}, ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory()},
	})
	require.NoError(t, err)
	conf, err := resolver.Resolve(t.Context())
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	engine, err := cfg.engine()
	require.NoError(t, err)
	assert.Contains(t, engine.Names(), "acme")
}

func TestConfigErrors(t *testing.T) {
	err := config(t, `
max_json_bytes: 3
disabled_dialects: [gen_ai, gen_a]
features: {categories: ["", feature.x], exclude: [ok]}
dialects:
  - {name: a, concept: llm, detect: [{has: x}], map: {ml.model.name: {form: x}}}
  - {name: B, concept: llm}
`).Validate()
	for _, want := range []string{
		"'max_json_bytes': 3 must be from 1024 to 67108864",
		`'features::categories[0]': "" must be what follows feature. in the attribute's name`, "'features::categories[1]'",
		`'dialects[0].map["ml.model.name"].form': unknown key; did you mean from? (allowed: accept,`, `'dialects[0].map["ml.model.name"]': needs from, from_all or value`,
		`'disabled_dialects[1]': there is no dialect "gen_a"`,
		`'dialects[1].name': "B" must be a name of at most 63 small letters`, "'dialects[1].detect': is missing",
	} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, config(t, "disabled_dialects: [gen_a]").Validate(), `'disabled_dialects[0]': there is no dialect "gen_a"`)
	_, err = newTraces(processortest.NewNopSettings(metadata.Type), config(t, "disabled_dialects: [gen_a]"), consumertest.NewNop())
	require.Error(t, err)
	require.NoError(t, config(t, "disabled_dialects: [gen_ai]").Validate())
}

// TestDropContentConfig: true and false, with and without quotes, and strict; what else is an error
// that names the key.
func TestDropContentConfig(t *testing.T) {
	for yaml, want := range map[string]dialect.Drop{
		"": dialect.DropNothing, "drop_content: false": dialect.DropNothing, "drop_content: true": dialect.DropContent, `drop_content: "true"`: dialect.DropContent,
		"drop_content: strict": dialect.DropUnknown, "{drop_content: strict, keep: [a, b.*]}": dialect.DropUnknown,
	} {
		cfg := config(t, yaml)
		require.NoError(t, cfg.Validate())
		assert.Equal(t, want, cfg.DropContent, yaml)
	}
	for _, wrong := range []string{"drop_content: yes please", "drop_content: 1", "drop_content: [strict]", "drop_content: {a: b}"} {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(wrong))
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		require.ErrorContains(t, conf.Unmarshal(createDefaultConfig()), "drop_content", wrong)
	}
	require.ErrorContains(t, config(t, "keep: [a]").Validate(), "'keep': says what drop_content leaves, which is false")
	require.ErrorContains(t, config(t, "{drop_content: strict, keep: [a, a]}").Validate(), "keep")
	require.ErrorContains(t, config(t, "{drop_content: strict, keep: [a, '#']}").Validate(), "'keep[1]'")

	dir := t.TempDir()
	t.Setenv("DROP", "true")
	main := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(main, []byte(`drop_content: "${env:DROP}"`), 0o600))
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs: []string{"file:" + main}, ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory()},
	})
	require.NoError(t, err)
	conf, err := resolver.Resolve(t.Context())
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	assert.Equal(t, dialect.DropContent, cfg.DropContent)
}

// TestLogs sends log records through: what is removed is counted by where it was and named once, and a
// pipeline that has nothing to do says so.
func TestLogs(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	logged := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
	sink := &consumertest.LogsSink{}
	p, err := NewFactory().CreateLogs(t.Context(), set, config(t, "drop_content: strict"), sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	for range 2 {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("process.command_line", "secret")
		rl.Resource().Attributes().PutStr("service.name", "x")
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.Body().SetStr("secret")
		lr.Attributes().PutStr("acme", "secret")
		lr.Attributes().PutStr("prompt", "secret")
		lr.Attributes().PutInt("prompt_length", 6)
		require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	}
	require.Len(t, sink.AllLogs(), 2)
	lr := sink.AllLogs()[1].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	assert.Equal(t, map[string]any{"prompt_length": int64(6)}, lr.Attributes().AsRaw())
	assert.Nil(t, lr.Body().AsRaw())
	from := func(carrier string, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("carrier", carrier))}
	}
	metadatatest.AssertEqualMlNormalizeContentDropped(t, tel, []metricdata.DataPoint[int64]{from("log", 6), from("resource", 2)}, metricdatatest.IgnoreTimestamp())
	var keys []any
	for _, line := range logged.All() {
		assert.NotContains(t, fmt.Sprint(line.ContextMap()), "secret")
		keys = append(keys, line.ContextMap()["key"])
	}
	assert.ElementsMatch(t, []any{"log:body", "acme", "prompt"}, keys)
	require.NoError(t, p.Shutdown(t.Context()))

	before := logged.Len()
	idle, err := NewFactory().CreateLogs(t.Context(), set, createDefaultConfig(), sink)
	require.NoError(t, err)
	require.NoError(t, idle.Start(t.Context(), componenttest.NewNopHost()))
	require.Equal(t, before+1, logged.Len())
	assert.Contains(t, logged.All()[before].Message, "nothing in a pipeline of logs without drop_content")
	require.NoError(t, idle.ConsumeLogs(t.Context(), sink.AllLogs()[0]))
	require.NoError(t, idle.Shutdown(t.Context()))
}

// TestPrices takes the README's cards: the cost of a call is on its span, with the version's own
// prices where it has some.
func TestPrices(t *testing.T) {
	dir := t.TempDir()
	var written int
	for _, block := range readmetest.Blocks(t) {
		if strings.HasPrefix(block, "kind: model") {
			block = strings.Replace(block, "---", "versions:\n  - {version: gpt-4o-mini-2, prices: {input_per_million: 1, output_per_million: 2, currency: EUR}}\n---", 1)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "cards.yaml"), []byte(block), 0o600))
			written++
		}
	}
	require.Equal(t, 1, written)
	set, err := catalog.Load(dir)
	require.NoError(t, err)
	p, err := newTraces(processortest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), testkit.Host{catalogtest.ID: catalogtest.NewExtension(set)}))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	end := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	cost := func(model, version string, in, cached, out int64) (any, any) {
		td := ptrace.NewTraces()
		span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		attrs := span.Attributes()
		attrs.PutStr("gen_ai.operation.name", "chat")
		attrs.PutStr("gen_ai.request.model", model)
		attrs.PutStr("gen_ai.response.model", version)
		attrs.PutInt("gen_ai.usage.input_tokens", in)
		attrs.PutInt("gen_ai.usage.cache_read.input_tokens", cached)
		attrs.PutInt("gen_ai.usage.output_tokens", out)
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
		raw := attrs.AsRaw()
		return raw["ml.prediction.cost"], raw["ml.prediction.currency"]
	}
	amount, currency := cost("gpt-4o-mini", "gpt-4o-mini-1", 1_000_000, 400_000, 100_000)
	assert.InDelta(t, 0.6*0.15+0.4*0.075+0.1*0.6, amount, 1e-12)
	assert.Equal(t, "USD", currency)
	amount, currency = cost("gpt-4o-mini", "gpt-4o-mini-2", 1_000_000, 400_000, 100_000)
	assert.InDelta(t, 1.2, amount, 1e-12)
	assert.Equal(t, "EUR", currency)
	amount, _ = cost("text-embedding-3-small", "", 50, 0, 0)
	assert.InDelta(t, 1e-6, amount, 1e-15)
	amount, _ = cost("text-embedding-3-small", "", 50, 0, 7)
	assert.Nil(t, amount, "the card has no price for output")
	amount, _ = cost("other", "", 1, 1, 1)
	assert.Nil(t, amount)

	// A deployment has the card of the model that answered.
	for _, version := range []string{"claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5@20250929", "claude-sonnet-4-5-2025-09-29", "claude-sonnet-4-5-0929"} {
		amount, _ = cost("our-deployment", version, 1_000_000, 0, 100_000)
		assert.InDelta(t, 3+1.5, amount, 1e-12, version)
	}
	for _, version := range []string{"claude-sonnet-4", "claude-sonnet-4-5-latest", "2025-09-29", "-20250929", "20250929", "claude-sonnet-4-5-25-09-29", "claude-sonnet-4-5-20x50929"} {
		amount, _ = cost("a-deployment", version, 1_000_000, 0, 100_000)
		assert.Nil(t, amount, version)
	}
	// So has a dated name, and one that the card lists with a *.
	for _, model := range []string{"text-embedding-3-small-2024-01-25", "our-mini-eu", "arn:aws:bedrock:eu-west-1:1:application-inference-profile/ab12cd34ef56"} {
		amount, _ = cost(model, "", 1_000_000, 0, 0)
		assert.NotNil(t, amount, model)
	}
	// Prices are those of the end of the call.
	end = time.Date(2026, 6, 30, 23, 59, 59, 0, time.UTC)
	amount, _ = cost("claude-sonnet-4-5", "", 1_000_000, 0, 100_000)
	assert.InDelta(t, 4+2, amount, 1e-12)
	end = time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
	amount, _ = cost("claude-sonnet-4-5", "", 1_000_000, 0, 100_000)
	assert.Nil(t, amount, "before the first price")
}

// TestUnpriced counts the calls that have no cost, and says which cards are to be mended.
func TestUnpriced(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	logged := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
	p, err := newTraces(set, createDefaultConfig().(*Config), consumertest.NewNop())
	require.NoError(t, err)
	cards := catalogtest.NewExtension(catalogtest.Load(t, "kind: model\nname: later\nprices: [{from: 2026-07-01, input_per_million: 1}]\n---\nkind: model\nname: half\nprices: {output_per_million: 1}\n"))
	require.NoError(t, p.Start(t.Context(), testkit.Host{catalogtest.ID: cards}))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	call := func(model string, day int, input int64, more map[string]any) map[string]any {
		td := ptrace.NewTraces()
		span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 6, day, 0, 0, 0, 0, time.UTC)))
		attributes := map[string]any{"gen_ai.operation.name": "chat", "gen_ai.request.model": model, "gen_ai.usage.input_tokens": input}
		maps.Copy(attributes, more)
		require.NoError(t, span.Attributes().FromRaw(attributes))
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
		return span.Attributes().AsRaw()
	}
	assert.NotContains(t, call("later", 30, 5, nil), "ml.prediction.cost")
	assert.NotContains(t, call("later", 29, 5, nil), "ml.prediction.cost")
	assert.Contains(t, call("later", 31, 5, nil), "ml.prediction.cost", "on the first day")
	assert.NotContains(t, call("half", 1, 5, nil), "ml.prediction.cost")
	assert.NotContains(t, call("other", 1, 5, nil), "ml.prediction.cost")
	assert.NotContains(t, call("later", 31, 0, map[string]any{"gen_ai.usage.output_tokens": 0, "gen_ai.usage.cost": 0}), "ml.prediction.cost")
	assert.NotContains(t, call("later", 31, 0, map[string]any{"gen_ai.usage.cost": 0}), "ml.prediction.currency")
	assert.NotContains(t, call("later", 31, 0, map[string]any{"gen_ai.usage.output_tokens": 9}), "ml.prediction.cost", "the input is not known")
	assert.InDelta(t, 0.25, call("later", 31, 0, map[string]any{"gen_ai.usage.cost": 0.25})["ml.prediction.cost"], 0, "the system knows")
	assert.InDelta(t, 0.25, call("later", 1, 5, map[string]any{"gen_ai.usage.cost": 0.25})["ml.prediction.cost"], 0)
	count := func(reason string, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("reason", reason))}
	}
	metadatatest.AssertEqualMlNormalizeUnpriced(t, tel, []metricdata.DataPoint[int64]{
		count("before_first_price", 2), count("no_price_of_tokens", 1), count("no_prices", 1), count("unknown_usage", 3),
	}, metricdatatest.IgnoreTimestamp())
	assert.Equal(t, 1, logged.FilterMessageSnippet("before the first of the prices").FilterField(zap.String("model", "later")).Len(), "once for both")
	assert.Equal(t, 1, logged.FilterMessageSnippet("no price for some of their tokens").FilterField(zap.String("model", "half")).Len())

	// Another set of cards counts from the next request on.
	cards.Store(catalogtest.Load(t, "kind: model\nname: later\nprices: {input_per_million: 2}\n"))
	assert.InDelta(t, 1e-5, call("later", 29, 5, nil)["ml.prediction.cost"], 1e-15)
}

func TestCatalogThatIsMissing(t *testing.T) {
	id := component.MustNewID("ml_catalog")
	cfg := createDefaultConfig().(*Config)
	cfg.Catalog = &id
	p, err := newTraces(processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), "'catalog': extension \"ml_catalog\" is not enabled")
}

func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	logged := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
	cfg := createDefaultConfig().(*Config)
	cfg.DropContent = dialect.DropContent
	p, err := newTraces(set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	add := func(attributes map[string]any) {
		require.NoError(t, spans.AppendEmpty().Attributes().FromRaw(attributes))
	}
	add(map[string]any{"gen_ai.request.model": "m", "gen_ai.prompt": "secret", "airflow.dag_id": "d"})
	add(map[string]any{"gen_ai.request.model": "m"})
	add(map[string]any{"langfuse.observation.usage_details": "{broken"})
	add(map[string]any{"http.route": "/"})
	add(map[string]any{"gen_ai.request.model": "n", "gen_ai.usage.input_tokens": 3})
	add(map[string]any{"gen_ai.operation.name": "score_resume", "gen_ai.request.model": "n", "gen_ai.usage.input_tokens": 3})
	add(map[string]any{"gen_ai.operation.name": "score_resume", "gen_ai.request.model": "n"})
	add(map[string]any{"gen_ai.operation.name": "chat", "gen_ai.request.model": "n", "gen_ai.response.model": "n-1"})
	add(map[string]any{"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "n", "gen_ai.usage.input_tokens": 3})
	add(map[string]any{"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "n", "gen_ai.usage.input_tokens": 3})
	spans.At(spans.Len() - 1).SetTraceID(pcommon.TraceID{1})
	add(map[string]any{"gen_ai.request.model": "n", "gen_ai.input.messages": "[{secret", "gen_ai.prompt": strings.Repeat("x", 10)})
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	points := func(counts map[string]int64) (out []metricdata.DataPoint[int64]) {
		for dialect, n := range counts {
			out = append(out, metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("dialect", dialect))})
		}
		return out
	}
	metadatatest.AssertEqualMlNormalizeSpans(t, tel, points(map[string]int64{"gen_ai": 9, "airflow": 1, "langfuse": 1, "none": 1}), metricdatatest.IgnoreTimestamp())
	unreadable, err := tel.GetMetric("otelcol_ml_normalize_unreadable")
	require.NoError(t, err)
	var dialects []string
	for _, p := range unreadable.Data.(metricdata.Sum[int64]).DataPoints {
		dialect, _ := p.Attributes.Value("dialect")
		dialects = append(dialects, dialect.AsString())
	}
	assert.ElementsMatch(t, []string{"langfuse", "gen_ai"}, dialects)
	metadatatest.AssertEqualMlNormalizeContentDropped(t, tel, []metricdata.DataPoint[int64]{
		{Value: 3, Attributes: attribute.NewSet(attribute.String("carrier", "span"))},
	}, metricdatatest.IgnoreTimestamp())
	by := func(key string, counts map[string]int64) (out []metricdata.DataPoint[int64]) {
		for value, n := range counts {
			out = append(out, metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String(key, value))})
		}
		return out
	}
	metadatatest.AssertEqualMlNormalizeAssumed(t, tel, by("assumption", map[string]int64{
		"no_operation": 1, "unknown_operation": 1, "agent_is_call": 1, "same_version": 3,
	}), metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualMlNormalizeUncounted(t, tel, by("reason", map[string]int64{"unknown_operation": 1, "repeats": 1}), metricdatatest.IgnoreTimestamp())

	lines := map[string]map[string]any{}
	for _, line := range logged.All() {
		context := line.ContextMap()
		lines[fmt.Sprint(context["key"], context["operation"])] = context
		assert.NotContains(t, fmt.Sprint(context), "secret", "prompts are not logged")
	}
	require.Len(t, lines, 3, "%v", logged.All())
	assert.Equal(t, map[string]any{"dialect": "gen_ai", "operation": "score_resume", "model": "n"}, lines["<nil>score_resume"])
	assert.Equal(t, map[string]any{"dialect": "gen_ai", "key": "gen_ai.input.messages", "bytes": int64(8), "model": "n"}, lines["gen_ai.input.messages<nil>"])
	assert.Equal(t, "{broken", lines["langfuse.observation.usage_details<nil>"]["value"])
	again := logged.Len()
	broken := ptrace.NewTraces()
	broken.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes().PutStr("langfuse.observation.usage_details", "{"+strings.Repeat("x", 1000))
	require.NoError(t, p.ConsumeTraces(t.Context(), broken))
	assert.Equal(t, again, logged.Len(), "one line an hour")
	now := time.Now().Add(2 * time.Hour)
	p.log.Now = func() time.Time { return now }
	require.NoError(t, p.ConsumeTraces(t.Context(), broken))
	require.Greater(t, logged.Len(), again)
	assert.LessOrEqual(t, len(logged.All()[again].ContextMap()["value"].(string)), 80+len("…"))
	require.NoError(t, p.Shutdown(t.Context()))
}

// TestRequestsAtOnce gives one engine many requests at the same time; each must come out as it does
// alone.
func TestRequestsAtOnce(t *testing.T) {
	p := start(t, createDefaultConfig().(*Config), consumertest.NewNop())
	requests := map[string]map[string]any{
		"llm": {
			"openinference.span.kind": "LLM", "llm.model_name": "gpt-1", "llm.invocation_parameters": `{"model":"gpt"}`, "llm.token_count.prompt": 9,
			"llm.input_messages.0.message.content": "hello", "llm.finish_reason": "stop",
		},
		"serving": {"model.name": "fraud", "confidence": "87.5", "features.amount": 12.5, "features.age": 41},
		"job":     {"airflow.dag_id": "d", "airflow.task_id": "x", "airflow.task_instance.state": "skipped"},
		"both":    {"mlflow.spanType": `"CHAT_MODEL"`, "mlflow.llm.model": `"gpt"`, "model_version": `"7"`, "prediction": `"yes"`},
		"foreign": {"http.route": "/"},
	}
	given := func(t *testing.T, attributes map[string]any) ptrace.Traces {
		td := ptrace.NewTraces()
		for range 3 {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", "x")
			require.NoError(t, rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes().FromRaw(attributes))
		}
		return td
	}
	want := map[string]string{}
	for name, attributes := range requests {
		td := given(t, attributes)
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
		want[name] = additions(t, given(t, attributes), td)
		assert.Equal(t, name != "foreign", strings.Contains(want[name], " = "), want[name])
	}
	for range 20 {
		for name, attributes := range requests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				td := given(t, attributes)
				require.NoError(t, p.ConsumeTraces(t.Context(), td))
				assert.Equal(t, want[name], additions(t, given(t, attributes), td))
			})
		}
	}
}
