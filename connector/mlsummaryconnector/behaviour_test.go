// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// watched is a connector whose telemetry and log are looked at.
type watched struct {
	*summaryConnector
	next *link
	tel  *componenttest.Telemetry
	log  *observer.ObservedLogs
}

// watch is watchFlushing without flushes but those that are asked for.
func watch(t *testing.T, cfg *Config, cards ...*catalog.Model) *watched {
	t.Helper()
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
	return watchFlushing(t, cfg, cards...)
}

func watchFlushing(t *testing.T, cfg *Config, cards ...*catalog.Model) *watched {
	t.Helper()
	w := &watched{next: &link{}, tel: componenttest.NewTelemetry()}
	set := metadatatest.NewSettings(w.tel)
	w.log = testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
	c, err := newConnector(set, cfg, w.next)
	require.NoError(t, err)
	w.summaryConnector = c
	require.NoError(t, c.Start(t.Context(), testkit.Host{catalogtest.ID: newCatalog(cards...)}))
	t.Cleanup(func() {
		require.NoError(t, c.Shutdown(context.Background()))
		require.NoError(t, w.tel.Shutdown(context.Background()))
	})
	return w
}

// consume counts one span of the model with the given attributes.
func (w *watched) consume(t *testing.T, id int, model string, attributes map[string]any, change ...func(ptrace.Span)) {
	t.Helper()
	require.NoError(t, w.ConsumeTraces(t.Context(), one1(id, model, attributes, change...)))
}

// one1 is a request of one span.
func one1(id int, model string, attributes map[string]any, change ...func(ptrace.Span)) ptrace.Traces {
	td := ptrace.NewTraces()
	s := spanAt(td, benchTime, 1)
	s.SetSpanID(pcommon.SpanID{1, byte(id >> 16), byte(id >> 8), byte(id)})
	s.Attributes().PutStr(mlconv.AttrModelName, model)
	for k, v := range attributes {
		putAny(s.Attributes().PutEmpty(k), v)
	}
	for _, f := range change {
		f(s)
	}
	return td
}

// flushed flushes everything and returns the points as "metric attribute=value ...: count".
func (w *watched) flushed(t *testing.T, metrics ...string) map[string]uint64 {
	t.Helper()
	w.flush(t.Context(), true)
	out := make(map[string]uint64)
	for _, md := range w.next.AllMetrics() {
		eachPoint(md.ResourceMetrics().At(0), func(p point) {
			name := p.metric
			found := false
			for _, m := range metrics {
				found = found || m == name
			}
			if !found {
				return
			}
			for _, k := range []string{
				"ml.model.name", "ml.model.version", "service.name", "error.type", "ml.segment", "ml.feature.name", "ml.feature.category",
				"ml.prediction.class", "otel.metric.overflow",
			} {
				if v, ok := p.attrs.Get(k); ok && !(k == "ml.model.version" && v.Str() == "7") {
					name += " " + v.AsString()
				}
			}
			out[name] += p.count
		})
	}
	w.next.Reset()
	return out
}

// logged returns the fields of the lines with a text.
func (w *watched) logged(text string) (lines []map[string]any) {
	for _, e := range w.log.All() {
		if strings.Contains(e.Message, text) {
			lines = append(lines, e.ContextMap())
		}
	}
	return lines
}

func by(key, value string, n int64) metricdata.DataPoint[int64] {
	return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attribute.String(key, value)), Value: n}
}

func failed(s ptrace.Span) { s.Status().SetCode(ptrace.StatusCodeError) }

// Errors have their type and their own durations, and a span that failed before it had an answer
// counts where the model is known.
func TestFailedPredictions(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config), fraudCard(1))
	from := func(s ptrace.Span) { s.Attributes().PutStr("ml.prediction.class", "ok") }
	w.consume(t, 1, "fraud", nil, from)
	w.consume(t, 2, "fraud", map[string]any{"error.type": "timeout"}, from, failed)
	w.consume(t, 3, "fraud", nil, from, failed)
	w.consume(t, 4, "fraud", map[string]any{"error.type": "feature_store"}, failed) // has a card
	w.consume(t, 5, "fraud", nil)                                                   // only repeats the name
	w.consume(t, 6, "unknown", nil, failed)
	w.consume(t, 7, "seen", nil, from)
	w.consume(t, 8, "seen", nil, failed, func(s ptrace.Span) { s.Attributes().PutStr("ml.model.version", "8") })
	assert.Equal(t, map[string]uint64{
		"ml.prediction.count fraud": 1, "ml.prediction.count fraud timeout": 1, "ml.prediction.count fraud _OTHER": 1,
		"ml.prediction.count fraud feature_store": 1, "ml.prediction.count seen": 1, "ml.prediction.count seen 8 _OTHER": 1,
		"ml.prediction.duration fraud": 1, "ml.prediction.duration fraud timeout": 1, "ml.prediction.duration fraud _OTHER": 1,
		"ml.prediction.duration fraud feature_store": 1, "ml.prediction.duration seen": 1, "ml.prediction.duration seen 8 _OTHER": 1,
		// Of the first one, which came without its feature; what failed may never have had any.
		"ml.feature.missing.count fraud f00": 1,
	}, w.flushed(t, mlconv.MetricPredictionCount, mlconv.MetricPredictionDuration, mlconv.MetricFeatureMissingCount))

	for i := range 30 {
		w.consume(t, 100+i, "fraud", map[string]any{"error.type": fmt.Sprint("E", i)}, failed)
	}
	got := w.flushed(t, mlconv.MetricPredictionCount)
	assert.Len(t, got, 19, "20 types a model, with those before, and _OTHER")
	assert.Equal(t, uint64(12), got["ml.prediction.count fraud _OTHER"])
}

// The span around a failed prediction that only repeats the model's name and fails too is not
// another failure.
func TestWrapperOfAFailure(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config), fraudCard(0))
	td := one1(1, "fraud", nil, failed)
	inner := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty()
	outer := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	outer.CopyTo(inner)
	inner.SetParentSpanID(outer.SpanID())
	inner.SetSpanID(pcommon.SpanID{9})
	inner.Attributes().PutStr("ml.prediction.class", "ok")
	require.NoError(t, w.ConsumeTraces(t.Context(), td))
	assert.Equal(t, map[string]uint64{"ml.prediction.count fraud _OTHER": 1}, w.flushed(t, mlconv.MetricPredictionCount))
}

func TestServicesAreADimension(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Limits.Segments = 2
	w := watch(t, cfg)
	for i, service := range []string{"shop", "search", "third", "shop"} {
		td := one1(i, "fraud", map[string]any{"ml.prediction.class": "ok"})
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", service)
		require.NoError(t, w.ConsumeTraces(t.Context(), td))
	}
	assert.Equal(t, map[string]uint64{
		"ml.prediction.count fraud shop": 2, "ml.prediction.count fraud search": 1, "ml.prediction.count fraud true": 1,
		"ml.prediction.duration fraud shop": 2, "ml.prediction.duration fraud search": 1, "ml.prediction.duration fraud true": 1,
	}, w.flushed(t, mlconv.MetricPredictionCount, mlconv.MetricPredictionDuration))
	lines := w.logged("services that find no room")
	require.Len(t, lines, 1)
	assert.Equal(t, "third", lines[0]["value"])
}

// Ten spans made 10,485,760,790 predictions once.
func TestBatchSizeIsBelievedAsFarAsItIsConfirmed(t *testing.T) {
	card := &catalog.Model{Name: "carded", MaxBatch: 64}
	w := watch(t, createDefaultConfig().(*Config), card)
	with := func(more map[string]any) map[string]any {
		all := map[string]any{"ml.prediction.class": "ok"}
		maps.Copy(all, more)
		return all
	}
	for i := range 10 {
		w.consume(t, i, "liar", with(map[string]any{"ml.batch.size": 1 << 20}))
	}
	w.consume(t, 20, "carded", with(map[string]any{"ml.batch.size": 1000}))
	w.consume(t, 21, "carded", with(map[string]any{"ml.batch.size": 32}))
	w.consume(t, 22, "array", with(map[string]any{"ml.batch.size": 3, "ml.feature.x": []any{1.5, 2.5, 3.5}}))
	w.consume(t, 23, "output", with(map[string]any{"ml.batch.size": 4, "ml.prediction.output.eta": []any{1.0, 2.0, 3.0, 4.0}}))
	w.consume(t, 24, "nested", with(map[string]any{"ml.batch.size": 2, "ml.features": `{"x": [1, 2]}`}))
	w.consume(t, 25, "short", with(map[string]any{"ml.batch.size": 1000, "ml.feature.x": []any{1.5, 2.5}}))
	w.consume(t, 26, "vector", with(map[string]any{"ml.embedding.q": []any{1.5, 2.5}}))
	assert.Equal(t, map[string]uint64{
		"ml.prediction.count liar": 10, "ml.prediction.count carded": 64 + 32, "ml.prediction.count array": 3, "ml.prediction.count output": 4,
		"ml.prediction.count nested": 2, "ml.prediction.count short": 1, "ml.prediction.count vector": 1,
	}, w.flushed(t, mlconv.MetricPredictionCount))
	metadatatest.AssertEqualMlSummaryUnusableValues(t, w.tel, []metricdata.DataPoint[int64]{
		by("reason", "batch_size", 12), by("reason", "array_length", 1),
	}, metricdatatest.IgnoreTimestamp())
	lines := w.logged("A batch is counted only as far")
	require.Len(t, lines, 3, "once for each model")
	assert.Equal(t, "1048576", lines[0]["value"])
	assert.Equal(t, "liar", lines[0]["model"])
}

// ones are n values of 1.
func ones(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = int64(1)
	}
	return list
}

// What rows of a batch lack does not make them too much work, however many features the card has, and
// however little each row holds.
func TestRowsLackFeatures(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config), fraudCard(300))
	w.consume(t, 1, "fraud", map[string]any{"ml.batch.size": 10_000, "ml.prediction.class": ones(10_000)})
	counts := w.flushed(t, mlconv.MetricPredictionCount, mlconv.MetricFeatureMissingCount)
	assert.EqualValues(t, 10_000, counts["ml.prediction.count fraud"])
	for i := range 300 {
		assert.EqualValues(t, 10_000, counts[fmt.Sprintf("ml.feature.missing.count fraud f%02d", i)])
	}
	assert.Empty(t, w.logged("A batch is too much work"))
}

// Rows that each cost far more than they hold are counted, and no more.
func TestRowsBeyondTheirWork(t *testing.T) {
	scores := make(map[string]any)
	for i := range 20_000 {
		scores[strconv.Itoa(i)] = int64(0)
	}
	for name, shared := range map[string]map[string]any{
		"a text":   {"ml.prediction.confidence": "0." + strings.Repeat("1", 1<<20)},
		"a map":    {"ml.prediction.scores": scores},
		"features": {"ml.features": map[string]any{"text": strings.Repeat("x", 1<<20)}},
	} {
		t.Run(name, func(t *testing.T) {
			w := watch(t, createDefaultConfig().(*Config), fraudCard(3))
			const rows = 1 << 19
			span := map[string]any{"ml.batch.size": rows, "ml.prediction.class": ones(rows)}
			maps.Copy(span, shared)
			w.consume(t, 1, "fraud", span)
			counts := w.flushed(t, mlconv.MetricPredictionCount, mlconv.MetricPredictionClassCount)
			assert.EqualValues(t, rows, counts["ml.prediction.count fraud"])
			read := counts["ml.prediction.class.count fraud 1"]
			assert.NotZero(t, read)
			assert.Less(t, read, uint64(rows/2))
			metadatatest.AssertEqualMlSummaryOverflowed(t, w.tel, []metricdata.DataPoint[int64]{by("limit", "rows", rows-int64(read))}, metricdatatest.IgnoreTimestamp())
			lines := w.logged("A batch is too much work")
			require.Len(t, lines, 1)
			assert.Equal(t, "524288", lines[0]["value"])
		})
	}
}

// Names of megabytes are cut when they are read, and counted.
func TestLongNamesAreCut(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Segments = []string{"country"}
	w := watch(t, cfg)
	long := func(name string) string { return name + strings.Repeat("x", 1<<20) }
	for i := range 2 {
		td := one1(i, long("model"), map[string]any{
			"ml.model.version": long("v"), "ml.prediction.class": long("class"), "ml.segment.country": long("DE"),
			"ml.feature." + long("f"): long("value"), "error.type": long("E"), "ml.features": map[string]any{long("g"): 1.5},
		}, failed)
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", long("shop"))
		require.NoError(t, w.ConsumeTraces(t.Context(), td))
	}
	w.flush(t.Context(), true)
	points := 0
	for _, md := range w.next.AllMetrics() {
		eachPoint(md.ResourceMetrics().At(0), func(p point) {
			points++
			for k, v := range p.attrs.All() {
				assert.LessOrEqual(t, len(k), 256)
				assert.LessOrEqual(t, len(v.AsString()), 256+len("country="), k)
			}
		})
	}
	assert.Greater(t, points, 5)
	m, err := w.tel.GetMetric("otelcol_ml_summary_cut_names")
	require.NoError(t, err)
	assert.Positive(t, m.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	assert.Len(t, w.logged("longer than 256 bytes"), 1)
	for _, e := range w.log.All() {
		for k, v := range e.ContextMap() {
			assert.Less(t, len(fmt.Sprint(v)), 300, k)
		}
	}
}

// 10 MB of JSON in ml.features left 767 MB behind once.
func TestLargeFeaturesLeaveNothingBehind(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config))
	var b strings.Builder
	b.WriteByte('{')
	for i := range 600_000 {
		fmt.Fprintf(&b, `"feature%06d":%d,`, i, i%10)
	}
	b.WriteString(`"last":1}`)
	live := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	for i := range 3 {
		w.consume(t, i, "wide", map[string]any{"ml.features": b.String()})
	}
	assert.Less(t, int64(live())-int64(before), int64(3<<20))
	got := w.flushed(t, mlconv.MetricPredictionCount)
	assert.Equal(t, uint64(3), got["ml.prediction.count wide"])
	runtime.KeepAlive(b)
	assert.NotEmpty(t, w.logged("limits::features is reached"))
}

// What nobody knows pushes out nobody: the healthy model's total goes on.
func TestMadeUpModels(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config), fraudCard(1))
	id := 0
	for i := range 2500 {
		id++
		w.consume(t, id, fmt.Sprint("made up ", i), map[string]any{"ml.prediction.class": "x"})
		if i%100 == 0 {
			id++
			w.consume(t, id, "fraud", map[string]any{"ml.prediction.class": "ok"})
		}
		if i%500 == 499 {
			w.flush(t.Context(), true)
		}
	}
	got := w.flushed(t, mlconv.MetricPredictionCount)
	assert.Equal(t, uint64(25), got["ml.prediction.count fraud"])
	assert.Equal(t, uint64(2400), got["ml.prediction.count true"], "all that find no room are one series")
	assert.Len(t, got, 102)
	metadatatest.AssertEqualMlSummaryOverflowed(t, w.tel, []metricdata.DataPoint[int64]{by("limit", "models", 2400)}, metricdatatest.IgnoreTimestamp())
	lines := w.logged("limits::models is reached")
	require.Len(t, lines, 1)
	assert.Equal(t, "made up 100", lines[0]["value"])
}

// A million distinct names of everything stay bounded, and each limit is said once.
func TestDistinctNamesAreBounded(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Segments = []string{"country"}
	w := watch(t, cfg)
	const n = 20_000
	for i := range n {
		td := one1(i, "m", map[string]any{
			"ml.prediction.class": fmt.Sprint("c", i), "ml.segment.country": fmt.Sprint("s", i),
			fmt.Sprint("ml.feature.f", i): 1.5, "ml.feature.word": fmt.Sprint("w", i), "error.type": fmt.Sprint("e", i),
		}, failed)
		td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", fmt.Sprint("svc", i))
		require.NoError(t, w.ConsumeTraces(t.Context(), td))
	}
	got := w.flushed(t, mlconv.MetricPredictionCount, mlconv.MetricPredictionClassCount, mlconv.MetricFeatureValue, mlconv.MetricFeatureCategoryCount)
	assert.Less(t, len(got), 3*51+2*51*101+500)
	total := uint64(0)
	for name, count := range got {
		if strings.HasPrefix(name, mlconv.MetricPredictionCount) && !strings.Contains(name, "country") {
			total += count
		}
	}
	assert.Equal(t, uint64(n), total)
	for _, text := range []string{"a segment dimension that find", "features that find", "services that find", "more than 20 values of error.type"} {
		assert.NotEmpty(t, w.logged(text), text)
		assert.LessOrEqual(t, len(w.logged(text)), 1000, text)
	}
	assert.NotEmpty(t, w.logged("categories or classes"))
}

// Calls of generative models that are not counted are counted as unread, by their operation.
func TestUnreadCalls(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config))
	call := func(operation string) map[string]any {
		return map[string]any{"gen_ai.operation.name": operation, "gen_ai.usage.input_tokens": 10}
	}
	w.consume(t, 1, "gpt", call("dream"))
	w.consume(t, 2, "gpt", call("dream"))
	w.consume(t, 3, "gpt", map[string]any{"gen_ai.usage.input_tokens": 10})
	w.consume(t, 4, "gpt", call("execute_tool"))
	w.consume(t, 5, "gpt", call("chat"))
	metadatatest.AssertEqualMlSummaryUnread(t, w.tel, []metricdata.DataPoint[int64]{by("operation", "dream", 2), by("operation", "none", 1)}, metricdatatest.IgnoreTimestamp())
	lines := w.logged("an operation that nobody knows")
	require.NotEmpty(t, lines)
	assert.Equal(t, "dream", lines[0]["value"])
	for i := range 50 {
		w.consume(t, 10+i, "gpt", call(fmt.Sprint("op", i)))
	}
	m, err := w.tel.GetMetric("otelcol_ml_summary_unread")
	require.NoError(t, err)
	assert.Len(t, m.Data.(metricdata.Sum[int64]).DataPoints, 21)
}

// llm is a request of spans of one trace: each is a call, or a tool where the model is empty, and
// the child of the one at parent, or of none at -1.
func llm(trace byte, spans ...llmSpan) ptrace.Traces {
	td := ptrace.NewTraces()
	for i, x := range spans {
		s := spanAt(td, benchTime, byte(i+1))
		s.SetTraceID(pcommon.TraceID{0: trace})
		if x.id != 0 {
			s.SetSpanID(pcommon.SpanID{7: x.id})
		}
		if x.parent != 0 {
			s.SetParentSpanID(pcommon.SpanID{7: x.parent})
		}
		s.Attributes().PutStr(mlconv.AttrModelName, x.model)
		s.Attributes().PutStr("gen_ai.operation.name", x.operation)
		s.Attributes().PutInt("gen_ai.usage.input_tokens", 100)
	}
	return td
}

type llmSpan struct {
	id, parent       byte
	model, operation string
}

func TestCallsWithinCalls(t *testing.T) {
	for _, tt := range []struct {
		name     string
		requests []ptrace.Traces
		counted  uint64
		nested   int64
	}{
		{"alone", []ptrace.Traces{llm(1, llmSpan{1, 0, "m", "chat"})}, 1, 0},
		{"siblings", []ptrace.Traces{llm(1, llmSpan{1, 9, "m", "chat"}, llmSpan{2, 9, "m", "chat"})}, 2, 0},
		{"nested", []ptrace.Traces{llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "m", "chat"})}, 1, 1},
		{"thrice", []ptrace.Traces{llm(1, llmSpan{3, 2, "m", "chat"}, llmSpan{2, 1, "m", "chat"}, llmSpan{1, 0, "m", "chat"})}, 1, 2},
		{"around two", []ptrace.Traces{llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "m", "chat"}, llmSpan{3, 1, "m", "chat"})}, 2, 1},
		{"a client's span between", []ptrace.Traces{llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "", "http"}, llmSpan{3, 2, "m", "chat"})}, 1, 1},
		{"a tool between", []ptrace.Traces{llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "", "execute_tool"}, llmSpan{3, 2, "m", "chat"})}, 2, 0},
		{"another model", []ptrace.Traces{llm(1, llmSpan{1, 0, "m", "chat"}, llmSpan{2, 1, "n", "chat"})}, 2, 0},
		{"another trace", []ptrace.Traces{llm(1, llmSpan{1, 0, "m", "chat"}), llm(2, llmSpan{2, 1, "m", "chat"})}, 2, 0},
		{"the outer one comes later", []ptrace.Traces{llm(1, llmSpan{2, 1, "m", "chat"}), llm(1, llmSpan{1, 0, "m", "chat"})}, 1, 1},
		{"the outer one comes first: unknown", []ptrace.Traces{llm(1, llmSpan{1, 0, "m", "chat"}), llm(1, llmSpan{2, 1, "m", "chat"})}, 2, 0},
		{"a circle", []ptrace.Traces{llm(1, llmSpan{1, 2, "m", "chat"}, llmSpan{2, 1, "m", "chat"}, llmSpan{3, 3, "m", "chat"})}, 1, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := watch(t, createDefaultConfig().(*Config))
			for _, td := range tt.requests {
				require.NoError(t, w.ConsumeTraces(t.Context(), td))
			}
			n := uint64(0)
			for _, count := range w.flushed(t, mlconv.MetricPredictionCount) {
				n += count
			}
			assert.Equal(t, tt.counted, n)
			m, err := w.tel.GetMetric("otelcol_ml_summary_spans")
			require.NoError(t, err)
			nested := int64(0)
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				if outcome, _ := p.Attributes.Value("outcome"); outcome.AsString() == "nested" {
					nested = p.Value
				}
			}
			assert.Equal(t, tt.nested, nested)
		})
	}
}

// traced is a call as one library has traced it: at seconds from start to end, of n input and output
// tokens.
type traced struct {
	scope              string
	id, parent         byte
	start, end         int
	model              string
	input, output, hit int64
	more               map[string]any
}

// request puts calls of one trace into a request, each in a ResourceSpans of its own, or all of one
// scope together.
func (x traced) request(apart bool, calls ...traced) ptrace.Traces {
	td := ptrace.NewTraces()
	scopes := map[string]ptrace.ScopeSpans{}
	for _, c := range append([]traced{x}, calls...) {
		ss, ok := scopes[c.scope]
		if !ok || apart {
			ss = td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
			ss.Scope().SetName(c.scope)
			scopes[c.scope] = ss
		}
		s := ss.Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{0: 1})
		s.SetSpanID(pcommon.SpanID{7: c.id})
		if c.parent != 0 {
			s.SetParentSpanID(pcommon.SpanID{7: c.parent})
		}
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(benchTime.Add(time.Duration(c.start) * time.Second)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(benchTime.Add(time.Duration(c.end) * time.Second)))
		attributes := map[string]any{mlconv.AttrModelName: c.model, "gen_ai.operation.name": "chat"}
		for key, n := range map[string]int64{"gen_ai.usage.input_tokens": c.input, "gen_ai.usage.output_tokens": c.output, "gen_ai.usage.cache_read.input_tokens": c.hit} {
			if n > 0 {
				attributes[key] = n
			}
		}
		maps.Copy(attributes, c.more)
		for _, key := range slices.Sorted(maps.Keys(attributes)) {
			_ = s.Attributes().PutEmpty(key).FromRaw(attributes[key])
		}
	}
	return td
}

// TestCallsOfTwoLibraries: a call that two libraries trace is one.
func TestCallsOfTwoLibraries(t *testing.T) {
	type attributes = map[string]any
	cost := attributes{"ml.prediction.cost": 0.5, "ml.prediction.currency": "USD"}
	version := attributes{"ml.model.version": "m-2026-01-01"}
	for _, tt := range []struct {
		name             string
		calls            []traced
		counted          int
		nested, siblings int64
		// tokens and cost are those of all that count; version is that of one that does.
		input, output uint64
		cost          float64
		version       string
	}{
		{"siblings", []traced{{"a", 1, 9, 0, 4, "m", 10, 2, 0, nil}, {"b", 2, 9, 1, 3, "m", 10, 2, 0, nil}}, 1, 0, 1, 10, 2, 0, ""},
		{"siblings in turn", []traced{{"b", 2, 9, 1, 3, "m", 10, 2, 0, nil}, {"a", 1, 9, 0, 4, "m", 10, 2, 0, nil}}, 1, 0, 1, 10, 2, 0, ""},
		{"siblings of other parents", []traced{{"a", 1, 8, 0, 4, "m", 10, 2, 0, nil}, {"b", 2, 0, 1, 5, "m", 10, 2, 0, nil}}, 1, 0, 1, 10, 2, 0, ""},
		{"the one that knows the cost", []traced{{"a", 1, 9, 0, 4, "m", 10, 2, 0, nil}, {"b", 2, 9, 1, 3, "m", 10, 2, 0, cost}}, 1, 0, 1, 10, 2, 0.5, ""},
		{"the one that knows the version", []traced{{"a", 1, 9, 0, 4, "m", 10, 2, 0, nil}, {"b", 2, 9, 1, 3, "m", 10, 2, 0, version}}, 1, 0, 1, 10, 2, 0, "m-2026-01-01"},
		{"three libraries", []traced{{"a", 1, 9, 0, 4, "m", 10, 2, 0, nil}, {"b", 2, 9, 1, 3, "m", 10, 2, 0, nil}, {"c", 3, 9, 1, 2, "m", 10, 2, 0, cost}}, 1, 0, 2, 10, 2, 0.5, ""},
		{"one library: two calls", []traced{{"a", 1, 9, 0, 4, "m", 10, 2, 0, nil}, {"a", 2, 9, 1, 3, "m", 10, 2, 0, nil}}, 2, 0, 0, 20, 4, 0, ""},
		{"two calls of two libraries", []traced{
			{"a", 1, 9, 0, 4, "m", 10, 2, 0, nil}, {"a", 2, 9, 1, 5, "m", 10, 2, 0, nil}, {"b", 3, 9, 1, 3, "m", 10, 2, 0, nil}, {"b", 4, 9, 2, 4, "m", 10, 2, 0, nil},
		}, 2, 0, 2, 20, 4, 0, ""},
		{"two calls, one of them traced twice", []traced{{"a", 1, 9, 0, 4, "m", 10, 2, 0, nil}, {"b", 3, 9, 1, 3, "m", 10, 2, 0, nil}, {"a", 2, 9, 1, 5, "m", 10, 2, 0, nil}}, 2, 0, 1, 20, 4, 0, ""},
		{"one scope, keys of two vendors", []traced{
			{"x", 1, 9, 0, 4, "m", 10, 2, 0, attributes{"openinference.span.kind": "LLM"}}, {"x", 2, 9, 1, 3, "m", 10, 2, 0, nil},
		}, 1, 0, 1, 10, 2, 0, ""},
		{"other tokens", []traced{{"a", 1, 9, 0, 4, "m", 10, 2, 0, nil}, {"b", 2, 9, 1, 3, "m", 10, 3, 0, nil}}, 2, 0, 0, 20, 5, 0, ""},
		{"unknown tokens", []traced{{"a", 1, 9, 0, 4, "m", 0, 0, 0, nil}, {"b", 2, 9, 1, 3, "m", 0, 0, 0, nil}}, 2, 0, 0, 0, 0, 0, ""},
		{"one after the other", []traced{{"a", 1, 9, 0, 2, "m", 10, 2, 0, nil}, {"b", 2, 9, 2, 3, "m", 10, 2, 0, nil}}, 2, 0, 0, 20, 4, 0, ""},
		{"other models", []traced{{"a", 1, 9, 0, 4, "gpt-4o", 10, 2, 0, nil}, {"b", 2, 9, 1, 3, "gpt-4o-mini", 10, 2, 0, nil}}, 2, 0, 0, 20, 4, 0, ""},
		{"other spellings", []traced{{"a", 1, 9, 0, 4, "openai/GPT-4o", 10, 2, 0, nil}, {"b", 2, 9, 1, 3, "gpt-4o-2024-08-06", 10, 2, 0, nil}}, 1, 0, 1, 10, 2, 0, ""},
		{"a deployment, and what answered", []traced{
			{"a", 1, 9, 0, 4, "ours", 10, 2, 0, attributes{"ml.model.version": "gpt-4o-2024-08-06"}}, {"b", 2, 9, 1, 3, "gpt-4o", 10, 2, 0, nil},
		}, 1, 0, 1, 10, 2, 0, "gpt-4o-2024-08-06"},
		{"cached tokens among the input, and beside it", []traced{{"a", 1, 9, 0, 4, "m", 110, 2, 100, cost}, {"b", 2, 9, 1, 3, "m", 10, 2, 100, nil}}, 1, 0, 1, 110, 2, 0.5, ""},

		{"nested, other spellings", []traced{{"a", 1, 0, 0, 4, "openai/gpt-4o", 10, 2, 0, nil}, {"b", 2, 1, 1, 3, "gpt-4o-2024-08-06", 10, 2, 0, nil}}, 1, 1, 0, 10, 2, 0, ""},
		{"nested, the outer one knows the tokens", []traced{{"a", 1, 0, 0, 4, "m", 10, 2, 0, nil}, {"b", 2, 1, 1, 3, "m", 0, 0, 0, nil}}, 1, 1, 0, 10, 2, 0, ""},
		{"nested, the outer one knows the cost", []traced{{"a", 1, 0, 0, 4, "m", 10, 2, 0, cost}, {"b", 2, 1, 1, 3, "m", 10, 2, 0, nil}}, 1, 1, 0, 10, 2, 0.5, ""},
		{"nested thrice, the one between knows the tokens", []traced{
			{"a", 1, 0, 0, 4, "m", 0, 0, 0, nil}, {"b", 2, 1, 1, 3, "m", 10, 2, 0, nil}, {"c", 3, 2, 1, 3, "m", 0, 0, 0, nil},
		}, 1, 2, 0, 10, 2, 0, ""},
		{"a cost that is that of two calls", []traced{
			{"a", 1, 0, 0, 4, "m", 20, 4, 0, cost}, {"b", 2, 1, 1, 2, "m", 10, 2, 0, nil}, {"b", 3, 1, 2, 3, "m", 10, 2, 0, nil},
		}, 2, 1, 0, 20, 4, 0, ""},
		{"a try that failed", []traced{
			{"a", 1, 0, 0, 4, "m", 10, 2, 0, nil}, {"b", 2, 1, 1, 2, "m", 0, 0, 0, attributes{"error.type": "429"}}, {"b", 3, 1, 2, 3, "m", 0, 0, 0, nil},
		}, 2, 1, 0, 10, 2, 0, ""},
		{"a chain between, the same tokens", []traced{
			{"a", 1, 0, 0, 9, "m", 10, 2, 0, nil}, {"a", 2, 1, 0, 8, "", 0, 0, 0, attributes{"gen_ai.operation.name": "invoke_workflow"}}, {"b", 3, 2, 1, 3, "m", 10, 2, 0, nil},
		}, 1, 1, 0, 10, 2, 0, ""},
		{"a chain between, the same library", []traced{
			{"a", 1, 0, 0, 9, "m", 10, 2, 0, nil}, {"a", 2, 1, 0, 8, "", 0, 0, 0, attributes{"gen_ai.operation.name": "invoke_workflow"}}, {"a", 3, 2, 1, 3, "m", 10, 2, 0, nil},
		}, 2, 0, 0, 20, 4, 0, ""},
		{"nested, with a sibling", []traced{
			{"a", 1, 0, 0, 9, "m", 10, 2, 0, nil}, {"b", 2, 1, 0, 8, "m", 10, 2, 0, nil}, {"c", 3, 7, 1, 3, "m", 10, 2, 0, nil},
		}, 1, 1, 1, 10, 2, 0, ""},
		{"a library nested, with a sibling of its own", []traced{
			{"a", 1, 0, 0, 9, "m", 10, 2, 0, nil}, {"b", 2, 1, 0, 8, "m", 10, 2, 0, nil}, {"b", 3, 7, 1, 3, "m", 10, 2, 0, nil},
		}, 2, 1, 0, 20, 4, 0, ""},
	} {
		for _, apart := range []bool{false, true} {
			for _, backwards := range []bool{false, true} {
				t.Run(fmt.Sprint(tt.name, " ", apart, " ", backwards), func(t *testing.T) {
					calls := slices.Clone(tt.calls)
					if backwards {
						slices.Reverse(calls)
					}
					w := watch(t, createDefaultConfig().(*Config))
					require.NoError(t, w.ConsumeTraces(t.Context(), calls[0].request(apart, calls[1:]...)))
					w.flush(t.Context(), true)
					md := w.next.AllMetrics()
					sum := func(metric, key, value string) (n float64) {
						for _, m := range md {
							for p := range testkit.Points(metric, m) {
								if v, _ := p.Attributes().Get(key); key == "" || v.Str() == value {
									n += testkit.Number(p)
								}
							}
							for m := range testkit.Metrics(m) {
								if m.Name() == metric && m.Type() == pmetric.MetricTypeHistogram {
									for _, p := range m.Histogram().DataPoints().All() {
										if v, _ := p.Attributes().Get(key); v.Str() == value {
											n += p.Sum()
										}
									}
								}
							}
						}
						return n
					}
					assert.InDelta(t, tt.counted, sum(mlconv.MetricPredictionCount, "", ""), 0, "calls")
					assert.InDelta(t, tt.input, sum(mlconv.MetricTokenUsage, "gen_ai.token.type", "input"), 0, "input")
					assert.InDelta(t, tt.output, sum(mlconv.MetricTokenUsage, "gen_ai.token.type", "output"), 0, "output")
					assert.InDelta(t, tt.cost, sum(mlconv.MetricPredictionCost, "", ""), 0, "cost")
					if tt.version != "" {
						assert.InDelta(t, 1, sum(mlconv.MetricPredictionCount, mlconv.AttrModelVersion, tt.version), 0, "version")
					}
					var want []metricdata.DataPoint[int64]
					for reason, n := range map[string]int64{"nested": tt.nested, "sibling": tt.siblings} {
						if n > 0 {
							want = append(want, by("reason", reason, n))
						}
					}
					if len(want) > 0 {
						metadatatest.AssertEqualMlSummaryMerged(t, w.tel, want, metricdatatest.IgnoreTimestamp())
					} else {
						_, err := w.tel.GetMetric("otelcol_ml_summary_merged")
						assert.Error(t, err)
					}
				})
			}
		}
	}
}

// TestUnknownUsage: no tokens are not 0 tokens, and cost what is not known.
func TestUnknownUsage(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config))
	call := func(i int, more map[string]any) {
		attributes := map[string]any{"gen_ai.operation.name": "chat"}
		maps.Copy(attributes, more)
		w.consume(t, i, "gpt", attributes)
	}
	call(1, nil)
	call(2, map[string]any{"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0, "ml.prediction.cost": 0.0, "ml.prediction.currency": "USD"})
	call(3, map[string]any{"gen_ai.usage.output_tokens": 5})
	call(4, map[string]any{"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 0, "ml.prediction.cost": 0.0, "ml.prediction.currency": "EUR"})
	call(5, map[string]any{"gen_ai.usage.cache_read.input_tokens": 7})
	metadatatest.AssertEqualMlSummaryUnknownUsage(t, w.tel, []metricdata.DataPoint[int64]{{Value: 3}}, metricdatatest.IgnoreTimestamp())
	w.flush(t.Context(), true)
	var lines []string
	for _, md := range w.next.AllMetrics() {
		for m := range testkit.Metrics(md) {
			switch m.Name() {
			case mlconv.MetricTokenUsage:
				for _, p := range m.Histogram().DataPoints().All() {
					kind, _ := p.Attributes().Get("gen_ai.token.type")
					lines = append(lines, fmt.Sprint(kind.Str(), " ", p.Count(), " ", p.Sum()))
				}
			case mlconv.MetricPredictionCost:
				for _, p := range m.Sum().DataPoints().All() {
					currency, _ := p.Attributes().Get(mlconv.AttrPredictionCurrency)
					lines = append(lines, fmt.Sprint(currency.Str(), " ", testkit.Number(p)))
				}
			}
		}
	}
	assert.ElementsMatch(t, []string{"input 1 7", "output 2 5", "EUR 0"}, lines)
}

// Ordinary calls allocate nothing for it.
func TestNoAllocationPerCall(t *testing.T) {
	var spans []llmSpan
	for i := range 100 {
		spans = append(spans, llmSpan{byte(2*i + 1), 0, "m", "chat"}, llmSpan{byte(2*i + 2), byte(2*i + 1), "n", "chat"})
	}
	td := llm(1, spans...)
	c := benchConnector(t, 0, nil)
	for range 20 {
		require.NoError(t, c.ConsumeTraces(t.Context(), td))
	}
	assert.LessOrEqual(t, testing.AllocsPerRun(20, func() { _ = c.ConsumeTraces(t.Context(), td) }), 3.0)

	var calls []traced
	for i := range 100 {
		calls = append(calls, traced{"a", byte(2*i + 1), 0, i, i + 2, "m", 10, 2, 0, nil}, traced{"b", byte(2*i + 2), 0, i, i + 1, "m", 10, 2, 0, nil})
	}
	td = calls[0].request(false, calls[1:]...)
	c = benchConnector(t, 0, nil)
	for range 20 {
		require.NoError(t, c.ConsumeTraces(t.Context(), td))
	}
	assert.LessOrEqual(t, testing.AllocsPerRun(20, func() { _ = c.ConsumeTraces(t.Context(), td) }), 3.0, "calls of two libraries")
}

// A feature whose first values were numbers becomes categorical at the first word, and no value is
// lost.
func TestNumbersThenWords(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config))
	values := []any{1.5, 2, "NA", "abc", 3, "abc", true}
	for i, v := range values {
		w.consume(t, i, "fraud", map[string]any{"ml.feature.zip": v})
	}
	assert.Equal(t, map[string]uint64{
		"ml.feature.value fraud zip": 2, "ml.feature.missing.count fraud zip": 1, "ml.feature.category.count fraud zip abc": 2,
		"ml.feature.category.count fraud zip 3": 1, "ml.feature.category.count fraud zip true": 1,
	}, w.flushed(t, mlconv.MetricFeatureValue, mlconv.MetricFeatureMissingCount, mlconv.MetricFeatureCategoryCount))
	w.consume(t, 50, "fraud", map[string]any{"ml.feature.zip": 4})
	assert.Equal(t, map[string]uint64{"ml.feature.category.count fraud zip 4": 1}, w.flushed(t, mlconv.MetricFeatureValue, mlconv.MetricFeatureCategoryCount))
	require.Len(t, w.logged("has words, too"), 1)
	assert.Equal(t, "ml.feature.zip", w.logged("has words, too")[0]["key"])

	// A thousand numbers make it a number for good.
	for i := range 1000 {
		w.consume(t, 1000+i, "fraud", map[string]any{"ml.feature.amount": i})
	}
	w.consume(t, 3000, "fraud", map[string]any{"ml.feature.amount": "much"})
	assert.Equal(t, map[string]uint64{"ml.feature.value fraud amount": 1000, "ml.feature.missing.count fraud amount": 1},
		w.flushed(t, mlconv.MetricFeatureValue, mlconv.MetricFeatureMissingCount, mlconv.MetricFeatureCategoryCount))
	lines := w.logged("A value is no number")
	require.Len(t, lines, 1)
	assert.Equal(t, map[string]any{"model": "fraud", "version": "7", "key": "ml.feature.amount", "value": "much"}, lines[0])
}

// A cumulative series has one point for each set of dimensions before and after.
func TestNumbersThenWordsCumulative(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Temporality = TemporalityCumulative
	w := watch(t, cfg)
	for i, v := range []any{1, "", "abc", ""} {
		w.consume(t, i, "fraud", map[string]any{"ml.feature.zip": v})
	}
	w.flush(t.Context(), true)
	missing := 0
	eachPoint(w.next.AllMetrics()[0].ResourceMetrics().At(0), func(p point) {
		if p.metric == mlconv.MetricFeatureMissingCount {
			missing++
			assert.Equal(t, uint64(2), p.count)
		}
	})
	assert.Equal(t, 1, missing)
}

// A value that was a float32 on its way is in the bin of the value that it was.
func TestFloat32IsTheSameValue(t *testing.T) {
	values := make([]float64, 0, 300)
	for range 100 {
		values = append(values, 0.3, 0.7, 0.9)
	}
	p := &profile.Profile{FormatVersion: 1, Rows: 300, Features: []*profile.Column{profile.NewNumeric("rate", values, 0, 240)}}
	w := watch(t, createDefaultConfig().(*Config), &catalog.Model{Name: "fraud", Baseline: p})
	id := 0
	buckets := func(v float64) (at int) {
		id++
		w.consume(t, id, "fraud", map[string]any{"ml.feature.rate": v})
		w.flush(t.Context(), true)
		eachPoint(w.next.AllMetrics()[0].ResourceMetrics().At(0), func(p point) {
			if p.metric == mlconv.MetricFeatureValue {
				for i, n := range p.hist.BucketCounts().AsRaw() {
					if n > 0 {
						at = i
					}
				}
			}
		})
		w.next.Reset()
		return at
	}
	for _, v := range []float64{0.3, 0.7, 0.9} {
		assert.Equal(t, buckets(v), buckets(float64(float32(v))), v)
	}
}

// From the histograms that go to Prometheus P95 and P99 can be read, with a baseline and without.
func TestQuantilesCanBeRead(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Temporality = TemporalityCumulative
	w := watch(t, cfg, fraudCard(1))
	for i := range 1000 {
		w.consume(t, i, "fraud", map[string]any{"ml.feature.f00": float64(i%100)/100 - 2, "ml.prediction.class": "ok", "ml.prediction.confidence": float64(i) / 1000})
		w.consume(t, 10_000+i, "other", map[string]any{"ml.prediction.value": float64(i), "ml.prediction.confidence": float64(i) / 1000})
	}
	w.flush(t.Context(), true)
	bounds := map[string]int{}
	eachPoint(w.next.AllMetrics()[0].ResourceMetrics().At(0), func(p point) {
		if p.hist != (pmetric.HistogramDataPoint{}) {
			name, _ := p.attrs.Get(mlconv.AttrModelName)
			bounds[name.Str()+" "+p.metric] = p.hist.ExplicitBounds().Len()
		}
	})
	assert.Equal(t, map[string]int{
		"fraud ml.feature.value": 15, "fraud ml.prediction.confidence": 15, "fraud ml.prediction.duration": 17,
		"other ml.prediction.confidence": 14, "other ml.prediction.value": 33, "other ml.prediction.duration": 17,
	}, bounds)
}

// Lengths and the time to the first chunk of generative models are histograms.
func TestLengthsOfCalls(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config))
	w.consume(t, 1, "gpt", map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.response.time_to_first_chunk": 0.3, "ml.llm.input.characters": 900,
		"ml.llm.output.characters": 90, "ml.llm.input.messages": 3, "ml.llm.output.messages": 1,
	})
	w.consume(t, 2, "gpt", map[string]any{"gen_ai.operation.name": "chat", "gen_ai.response.time_to_first_chunk": -1})
	assert.Equal(t, map[string]uint64{
		mlconv.MetricTimeToFirstChunk + " gpt": 1, mlconv.MetricLLMInputCharacters + " gpt": 1, mlconv.MetricLLMOutputCharacters + " gpt": 1,
		mlconv.MetricLLMInputMessages + " gpt": 1, mlconv.MetricLLMOutputMessages + " gpt": 1,
	}, w.flushed(t, mlconv.MetricTimeToFirstChunk, mlconv.MetricLLMInputCharacters, mlconv.MetricLLMOutputCharacters,
		mlconv.MetricLLMInputMessages, mlconv.MetricLLMOutputMessages))
	metadatatest.AssertEqualMlSummaryUnusableValues(t, w.tel, []metricdata.DataPoint[int64]{by("reason", "negative", 1)}, metricdatatest.IgnoreTimestamp())
}

func TestConfidences(t *testing.T) {
	for _, tt := range []struct {
		attributes map[string]any
		want       float64 // negative where there is none
	}{
		{map[string]any{"ml.prediction.confidence": 1.00000536}, 1},
		{map[string]any{"ml.prediction.confidence": -1e-7}, 0},
		{map[string]any{"ml.prediction.confidence": 93}, -1},
		{map[string]any{"ml.prediction.confidence": "87.5%"}, 0.875},
		{map[string]any{"ml.prediction.confidence": "high"}, -1},
		{map[string]any{"ml.prediction.scores": map[string]any{"ok": 0.7, "fraud": 0.3}}, 0.7},
		{map[string]any{"ml.prediction.scores": `{"fraud": 0.3, "ok": 0.7}`}, 0.7},
		{map[string]any{"ml.prediction.scores": `{"fraud": 0.3, "ok": 0.7`}, -1},
		{map[string]any{"ml.prediction.scores": map[string]any{"ok": 70, "fraud": 30}}, 0.7},
		{map[string]any{"ml.prediction.scores": map[string]any{"ok": 70, "fraud": 70}}, -1},
		{map[string]any{"ml.prediction.scores": []any{0.3, 0.7}, "ml.prediction.class": 1}, 0.7},
	} {
		t.Run(fmt.Sprint(tt.attributes), func(t *testing.T) {
			w := watch(t, createDefaultConfig().(*Config))
			all := map[string]any{"ml.prediction.class": "ok"}
			maps.Copy(all, tt.attributes)
			w.consume(t, 1, "fraud", all)
			w.flush(t.Context(), true)
			got := -1.0
			for _, m := range w.next.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
				if m.Name() == mlconv.MetricPredictionConfidence {
					got = m.ExponentialHistogram().DataPoints().At(0).Sum()
				}
			}
			assert.InDelta(t, tt.want, got, 1e-9)
			if tt.want < 0 {
				assert.Len(t, w.log.FilterLevelExact(zap.WarnLevel).All(), 1, "it is said")
			}
		})
	}
}

// The same thing is not said again within ten minutes.
func TestLinesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, createDefaultConfig().(*Config))
		for i := range 21 {
			w.consume(t, i, "fraud", map[string]any{"ml.prediction.class": "x", "ml.prediction.confidence": 93})
			time.Sleep(time.Minute)
		}
		lines := w.logged("A confidence is not from 0 to 1")
		require.Len(t, lines, 3)
		assert.EqualValues(t, 9, lines[2]["batches_since_the_last_line"])
	})
}
