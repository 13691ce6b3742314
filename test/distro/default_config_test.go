// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distro

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

const (
	shipped = "distro/config.yaml"
	example = "examples/jaeger-prometheus/config.yaml"
	// override moves the ports of the shipped config, and makes it fast.
	override = `
extensions: {health_check: {endpoint: "${env:HEALTH}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}, ground_truth: {endpoint: "${env:LABELS}"}}
connectors:
  ml_summary: {flush_interval: 200ms, feature_flush_interval: 200ms}
  ml_drift: {emit_interval: 200ms}
  ml_job: {decision_wait: 200ms, metrics_interval: 200ms}
exporters: {file: {flush_interval: 100ms}, prometheus: {endpoint: "${env:SCRAPE}"}}
`
)

type instance struct {
	*harness.Collector
	otlp, scrape, health string
}

func start(t *testing.T, env ...string) instance {
	t.Helper()
	i := instance{otlp: processtest.FreeAddr(t), scrape: processtest.FreeAddr(t), health: processtest.FreeAddr(t)}
	i.Collector = harness.StartCollector(t, harness.Options{
		Configs: []string{shipped, override},
		Env: append(
			env, "OTLP="+i.otlp, "OTLP_HTTP="+processtest.FreeAddr(t), "LABELS="+processtest.FreeAddr(t), "SCRAPE="+i.scrape, "HEALTH="+i.health,
		),
	})
	return i
}

// In an empty folder, without a catalog, it starts, is healthy, creates what it keeps, and stops.
func TestStartsInAnEmptyFolder(t *testing.T) {
	c := start(t)
	processtest.WaitFor(t, 20*time.Second, "the health check", func() bool {
		status, _ := processtest.Get("http://" + c.health)
		return status == http.StatusOK
	})
	assert.DirExists(t, filepath.Join(c.Dir, "state", "storage"))
	c.Stop()
	assert.NotContains(t, c.Log(), "\terror\t")
}

// Nothing comes, nothing is said: emissions and scrapes of the collector's own leave no line on the
// terminal.
func TestIdleTerminalIsSilent(t *testing.T) {
	c := start(t)
	processtest.WaitFor(t, 20*time.Second, "metrics of its own", func() bool {
		_, page := processtest.Get("http://" + c.Metrics + "/metrics")
		return strings.Contains(page, `otelcol_ml_job_metrics_emitted`)
	})
	_, after, ok := strings.Cut(c.Log(), "Everything is ready. Begin running and processing data.")
	require.True(t, ok)
	for line := range strings.Lines(strings.TrimSpace(after)) {
		// The receiver that scrapes the collector itself may begin a moment later than the rest.
		assert.Regexp(t, "Starting (discovery|scrape) manager", line)
	}
	c.Stop()
}

// A run that fails is one readable line on the terminal.
func TestAlertIsALineOnTheTerminal(t *testing.T) {
	c := start(t)
	run := traffic.JobRun{Seed: 1, Job: "nightly", RunID: "run-7", Start: time.Now().Add(-time.Minute), Stage: time.Second, Fails: "train"}
	require.NoError(t, traffic.Send(t.Context(), c.otlp, run.Requests()...))
	alert := regexp.MustCompile(`(?m)^\S+\twarn\tALERT JobFailed: nightly failed at train: ValueError: cannot train \(run run-7\)\.` +
		` http://localhost:16686/trace/[0-9a-f]{32}\?uiFind=[0-9a-f]{16}\t.*$`)
	processtest.WaitFor(t, 30*time.Second, "the alert on the terminal", func() bool { return alert.MatchString(c.Log()) })
	c.Stop()
	assert.Equal(t, 1, strings.Count(c.Log(), "JobFailed"), c.Log())
}

// What is sent to it is in the local file, with what the catalog knows, and is counted for
// Prometheus.
func TestKeepsAndCountsPredictions(t *testing.T) {
	catalog := t.TempDir()
	require.NoError(t, traffic.WriteCatalog(catalog, 1))
	c := start(t, "OTELCOL_ML_CATALOG="+catalog)
	const spans = 600
	first := time.Now().Add(-time.Hour)
	require.NoError(t, traffic.Send(t.Context(), c.otlp, traffic.Spans(2, first, time.Second, spans, 0)...))

	processtest.WaitFor(t, 30*time.Second, "the count of predictions on the metrics page", func() bool {
		_, page := processtest.Get("http://" + c.scrape + "/metrics")
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "ml_prediction_count_total{") && strings.HasSuffix(strings.TrimSpace(line), " 600") {
				return strings.Contains(line, `ml_model_name="fraud"`)
			}
		}
		return false
	})
	c.Stop()

	content, err := os.ReadFile(filepath.Join(c.Dir, "state", "traces.json"))
	require.NoError(t, err)
	kept := 0
	for line := range bytes.Lines(content) {
		traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
		require.NoError(t, err)
		for _, span := range traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			kept++
			owner, ok := span.Attributes().Get("ml.model.owner")
			if assert.True(t, ok, "a span without the model's owner") {
				assert.Equal(t, traffic.Owner, owner.Str())
			}
		}
	}
	assert.Equal(t, spans, kept)
}

const prices = `kind: model
name: gpt-4o-mini
prices: {input_per_million: 1000, output_per_million: 10000, currency: EUR}
`

// A call as OpenInference's instrumentation reports it, and the agent around it that repeats its
// tokens: they are on the metrics page once.
func TestCountsTokensAndCostsOfADialect(t *testing.T) {
	catalog := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(catalog, "gpt.yaml"), []byte(prices), 0o600))
	c := start(t, "OTELCOL_ML_CATALOG="+catalog)
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	scope := rs.ScopeSpans().AppendEmpty()
	scope.Scope().SetName("@arizeai/openinference-instrumentation-openai")
	for i, kind := range []string{"AGENT", "LLM"} {
		span := scope.Spans().AppendEmpty()
		span.SetTraceID([16]byte{1})
		span.SetSpanID([8]byte{byte(i + 1)})
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Second)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		attrs := span.Attributes()
		attrs.PutStr("openinference.span.kind", kind)
		attrs.PutStr("llm.model_name", "gpt-4o-mini-2024-07-18")
		attrs.PutStr("llm.invocation_parameters", `{"model": "gpt-4o-mini", "temperature": 0}`)
		attrs.PutInt("llm.token_count.prompt", 20)
		attrs.PutInt("llm.token_count.completion", 7)
	}
	require.NoError(t, traffic.Send(t.Context(), c.otlp, td))
	labels := `ml_model_name="gpt-4o-mini",ml_model_version="gpt-4o-mini-2024-07-18"`
	for _, want := range []struct{ name, label, value string }{
		{"gen_ai_client_token_usage_sum", `gen_ai_token_type="input",` + labels, "20"},
		{"gen_ai_client_token_usage_sum", `gen_ai_token_type="output",` + labels, "7"},
		{"gen_ai_client_token_usage_count", `gen_ai_token_type="input",` + labels, "1"},
		{"ml_prediction_cost_total", labels + `,ml_prediction_currency="EUR"`, "0.09"},
	} {
		processtest.WaitFor(t, 30*time.Second, want.name+" on the metrics page", func() bool {
			_, page := processtest.Get("http://" + c.scrape + "/metrics")
			for line := range strings.Lines(page) {
				if strings.HasPrefix(line, want.name) && strings.Contains(line, want.label) && strings.Contains(line, `service_name="shop"`) {
					return strings.HasSuffix(strings.TrimSpace(line), "} "+want.value)
				}
			}
			return false
		})
	}
	c.Stop()
}

func load(t *testing.T, name string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), name))
	require.NoError(t, err)
	var config map[string]any
	require.NoError(t, yaml.Unmarshal(content, &config))
	return config
}

// at returns the value at a path of keys.
func at(t *testing.T, config map[string]any, path string) any {
	t.Helper()
	var value any = config
	for key := range strings.SplitSeq(path, "::") {
		section, ok := value.(map[string]any)
		require.True(t, ok, "%s is no section of %s", key, path)
		value = section[key]
	}
	return value
}

func TestListensOnLocalhostOnThePortsThatTheReadmeNames(t *testing.T) {
	for _, name := range []string{shipped, example} {
		config := load(t, name)
		for path, want := range map[string]string{
			"receivers::otlp::protocols::grpc::endpoint": "localhost:4317",
			"receivers::otlp::protocols::http::endpoint": "localhost:4318",
			"receivers::ground_truth::endpoint":          "localhost:4319",
			"exporters::prometheus::endpoint":            "localhost:8889",
			"extensions::health_check::endpoint":         "localhost:13133",
		} {
			assert.Equal(t, want, at(t, config, path), "%s in %s", path, name)
		}
	}
}

// The example is the shipped config but for the exporters, the rules, which its Prometheus evaluates, and
// the intervals, which the shipped one has short.
func TestExampleDiffersInExportersOnly(t *testing.T) {
	ours, theirs := load(t, shipped), load(t, example)
	delete(at(t, ours, "receivers").(map[string]any), "prometheus/self")
	for _, section := range []string{"extensions", "receivers", "processors"} {
		assert.Equal(t, ours[section], theirs[section], section)
	}
	assert.Equal(t, at(t, ours, "connectors::ml_drift::storage"), at(t, theirs, "connectors::ml_drift::storage"))
	assert.Equal(t, at(t, ours, "service::extensions"), at(t, theirs, "service::extensions"))
	for _, path := range []string{"service::pipelines::metrics/summary", "service::pipelines::traces::processors"} {
		assert.Equal(t, at(t, ours, path), at(t, theirs, path), path)
	}
	assert.Equal(t, "file_storage", at(t, theirs, "exporters::otlp_grpc/jaeger::sending_queue::storage"))
	assert.Equal(t, 0, at(t, theirs, "exporters::otlp_grpc/jaeger::retry_on_failure::max_elapsed_time"))
}

func TestExampleIsValid(t *testing.T) {
	_, stderr, status := harness.Run(t, nil, "validate", "--config="+filepath.Join(processtest.RepoRoot(t), example))
	assert.Zero(t, status, stderr)
}

// The shipped rules alert on a drift: as it is, with a minute of patience, into the file of alerts, with its scores, its samples and
// traces of rows that show it.
func TestShippedRulesAlertOnDrift(t *testing.T) {
	t.Parallel() // it waits for the rule's minute
	catalog := t.TempDir()
	require.NoError(t, traffic.WriteCatalog(catalog, 1))
	i := instance{otlp: processtest.FreeAddr(t), scrape: processtest.FreeAddr(t), health: processtest.FreeAddr(t)}
	i.Collector = harness.StartCollector(t, harness.Options{
		Configs: []string{shipped, override, "\nconnectors: {ml_drift: {season: none}, prometheus_rules: {evaluation_interval: 1s}}\n"},
		Env: []string{
			"OTELCOL_ML_CATALOG=" + catalog, "OTLP=" + i.otlp, "OTLP_HTTP=" + processtest.FreeAddr(t), "LABELS=" + processtest.FreeAddr(t),
			"SCRAPE=" + i.scrape, "HEALTH=" + i.health,
		},
	})
	const spans = 6000
	requests := traffic.Spans(2, time.Now().Add(-6*time.Hour), 6*time.Hour/spans, spans, 1)
	require.NoError(t, traffic.Send(t.Context(), i.otlp, requests...))

	var found alert.Alert
	processtest.WaitFor(t, 3*time.Minute, "the alert on the drift of amount", func() bool {
		content, _ := os.ReadFile(filepath.Join(i.Dir, "state", "alerts.json"))
		for line := range bytes.Lines(content) {
			logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
			if err != nil {
				return false // it is being written
			}
			for lr := range testkit.LogRecords(logs) {
				if a, err := alert.Decode(lr); err == nil && a.Name == "ModelDrift" && a.Labels["ml_feature_name"] == "amount" {
					found = a
					return true
				}
			}
		}
		return false
	})
	t.Logf("%s: %s\n%s\n%v", found.Name, found.Summary, found.Annotations["description"], found.Annotations)
	assert.Equal(t, "fraud", found.Labels["ml_model_name"])
	assert.Contains(t, found.Annotations["description"], "Samples: ")
	assert.Contains(t, found.Annotations["runbook_url"], "docs/runbooks/ModelDrift.md")
	require.NotEmpty(t, found.Annotations["trace_ids"])
	sent := false
	for span := range testkit.Spans(requests...) {
		sent = sent || span.TraceID() == found.TraceID
	}
	assert.True(t, sent, "%s is none of the traces that were sent", found.TraceID)
	_, page := processtest.Get("http://" + i.scrape + "/metrics")
	assert.NotContains(t, page, "ALERTS")
	i.Stop()
}
