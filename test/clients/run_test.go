// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// patience is how long a result may take on a busy machine.
const patience = 60 * time.Second

// config has the spans as they come in one file and as ml_normalize leaves them in another. Failed
// predictions are counted by the stock count connector, by the names that ml_normalize gives.
const config = `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}}
processors:
  ml_normalize: {drop_content: "${env:DROP}"}
  delta_to_cumulative:
connectors:
  ml_summary: {temporality: cumulative, flush_interval: 500ms, feature_flush_interval: 500ms}
  count:
    spans:
      ml.prediction.failed:
        conditions: ['attributes["ml.model.name"] != nil and status.code == STATUS_CODE_ERROR']
        attributes: [{key: ml.model.name}, {key: error.type}]
exporters:
  file/received: {path: "${env:RECEIVED}", flush_interval: 50ms}
  file/normalized: {path: "${env:NORMALIZED}", flush_interval: 50ms}
  prometheus: {endpoint: "${env:SCRAPE}"}
service:
  pipelines:
    traces/received: {receivers: [otlp], exporters: [file/received]}
    traces: {receivers: [otlp], processors: [ml_normalize], exporters: [ml_summary, count, file/normalized]}
    metrics/summary: {receivers: [ml_summary], exporters: [prometheus]}
    metrics/failed: {receivers: [count], processors: [delta_to_cumulative], exporters: [prometheus]}
`

// A run is what came of one client.
type run struct {
	t         *testing.T
	collector *collector
	calls     []call
	summary   summary
	// received and normalized are the spans by id, before and after ml_normalize.
	received, normalized map[string]ptrace.Span
}

type collector struct {
	*harness.Collector
	scrape string
}

// drive starts a model server, the collector and the client, and returns what there is when the
// client has ended and everything it sent is in the summaries.
func drive(t *testing.T, c client, dropContent bool) run {
	t.Helper()
	server := startModelServer(t)
	dir := t.TempDir()
	otlp, otlpHTTP, scrape := harness.FreeAddr(t), harness.FreeAddr(t), harness.FreeAddr(t)
	received, normalized := filepath.Join(dir, "received.json"), filepath.Join(dir, "normalized.json")
	built := &collector{scrape: scrape, Collector: harness.StartCollector(t, harness.Options{
		Configs: []string{config},
		Env: []string{
			"OTLP=" + otlp, "OTLP_HTTP=" + otlpHTTP, "SCRAPE=" + scrape, "DROP=" + strconv.FormatBool(dropContent),
			"RECEIVED=" + received, "NORMALIZED=" + normalized,
		},
	})}
	t.Cleanup(func() {
		if t.Failed() {
			content, err := os.ReadFile(normalized)
			t.Logf("spans after ml_normalize: %s (%v)", content, err)
		}
	})

	program := startClient(t, c, []string{
		"OTLP_GRPC=http://" + otlp, "OTLP_HTTP=http://" + otlpHTTP, "MODEL_SERVER=" + server.URL + "/v1", "SERVICE=" + c.name, "PROMPT=" + promptText,
	})
	program.WaitForLog(patience, "all spans are sent")
	program.Wait()
	built.settle(t, otlp)

	r := run{t: t, collector: built, calls: server.log(), summary: built.summary(t)}
	harness.WaitFor(t, patience, "the spans in both files", func() bool {
		r.received, r.normalized = readSpans(t, received), readSpans(t, normalized)
		return r.received[lastMark] != (ptrace.Span{}) && r.normalized[lastMark] != (ptrace.Span{})
	})
	for _, id := range []string{firstMark, lastMark} {
		delete(r.received, id)
		delete(r.normalized, id)
	}
	return r
}

// startClient starts the application in a folder of its own, beside the packages that make
// test-clients has installed.
func startClient(t *testing.T, c client, env []string) *harness.Process {
	t.Helper()
	root := harness.RepoRoot(t)
	installed := filepath.Join(root, ".tools", "clients")
	node, modules := filepath.Join(installed, "bin", "node"), filepath.Join(installed, c.folder, "node_modules")
	for _, path := range []string{node, modules} {
		_, err := os.Stat(path)
		require.NoError(t, err, `run "make test-clients"`)
	}
	source := filepath.Join(root, "testdata", "clients", c.folder)
	dir := t.TempDir()
	for _, file := range []string{"client.js", "package.json"} {
		content, err := os.ReadFile(filepath.Join(source, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), content, 0o600))
	}
	require.NoError(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
	// Nothing is sent but to the two servers: settings in the environment of the test do not hold,
	// and a proxy is not used.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if slices.ContainsFunc([]string{"OTEL_", "TRACELOOP_", "OPENAI_", "NODE_"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			env = append(env, name+"=")
		}
	}
	env = append(env, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "TRACELOOP_TELEMETRY=false", "TRACELOOP_SYNC_ENABLED=false", c.env)
	return harness.Start(t, dir, env, node, "client.js")
}

// The ids of the spans with which a test marks the end of what a client has sent.
const (
	markModel = "mark"
	firstMark = "0000000000000001"
	lastMark  = "0000000000000002"
)

// settle returns when all that was sent before is on the metrics page: it sends a prediction of a
// model of its own after it, and when that is there another one, so that the flush that had the
// first has ended.
func (c *collector) settle(t *testing.T, otlp string) {
	t.Helper()
	for i := range 2 {
		td := ptrace.NewTraces()
		span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{15: 1})
		span.SetSpanID(pcommon.SpanID{7: byte(i + 1)})
		span.SetName(markModel)
		now := time.Now()
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(now))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		span.Attributes().PutStr(mlconv.AttrModelName, markModel)
		span.Attributes().PutStr(mlconv.AttrOperation, "predict")
		require.NoError(t, traffic.Send(t.Context(), otlp, td))
		harness.WaitFor(t, patience, "the mark on the metrics page", func() bool {
			return sum(c.page(t, c.scrape), "ml_prediction_count_total", map[string]string{"ml_model_name": markModel}) == float64(i+1)
		})
	}
}

// A sample is one value of the metrics page, or the sum and count of a histogram.
type sample struct {
	labels       map[string]string
	value, count float64
}

// page reads a metrics page; the samples of a metric are under its name.
func (c *collector) page(t *testing.T, address string) map[string][]sample {
	t.Helper()
	status, body := harness.Get("http://" + address + "/metrics")
	require.Equal(t, http.StatusOK, status, body)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	samples := map[string][]sample{}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			s := sample{labels: map[string]string{}, value: metric.GetCounter().GetValue() + metric.GetGauge().GetValue()}
			if h := metric.GetHistogram(); h != nil {
				s.value, s.count = h.GetSampleSum(), float64(h.GetSampleCount())
			}
			for _, label := range metric.GetLabel() {
				s.labels[label.GetName()] = label.GetValue()
			}
			samples[name] = append(samples[name], s)
		}
	}
	return samples
}

// sum adds up the samples of a metric that have all of the labels.
func sum(page map[string][]sample, name string, labels map[string]string) (total float64) {
	for _, s := range page[name] {
		matches := true
		for key, value := range labels {
			matches = matches && s.labels[key] == value
		}
		if matches {
			total += s.value
		}
	}
	return total
}

// telemetry returns a metric of the collector's own.
func (c *collector) telemetry(t *testing.T, name string, labels map[string]string) float64 {
	t.Helper()
	page := c.page(t, c.Metrics)
	return cmp.Or(sum(page, name, labels), sum(page, name+"_total", labels))
}

// A summary is what the metrics page says of all models.
type summary struct {
	predictions map[series]float64
	tokens      map[tokenSeries]tokens
	failures    map[failure]float64
}

type series struct{ model, version string }

type tokenSeries struct {
	series
	service, kind string
}

type tokens struct{ requests, sum float64 }

// A failure is a prediction that has failed.
type failure struct{ model, errorType string }

func (c *collector) summary(t *testing.T) summary {
	t.Helper()
	page := c.page(t, c.scrape)
	got := summary{predictions: map[series]float64{}, tokens: map[tokenSeries]tokens{}, failures: map[failure]float64{}}
	of := func(s sample) series { return series{s.labels["ml_model_name"], s.labels["ml_model_version"]} }
	for _, s := range page["ml_prediction_count_total"] {
		if of(s).model != markModel {
			got.predictions[of(s)] += s.value
			if errorType := s.labels["error_type"]; errorType != "" {
				got.failures[failure{of(s).model, errorType}] += s.value
			}
		}
	}
	for _, s := range page["gen_ai_client_token_usage"] {
		key := tokenSeries{of(s), s.labels["service_name"], s.labels["gen_ai_token_type"]}
		have := got.tokens[key]
		got.tokens[key] = tokens{have.requests + s.count, have.sum + s.value}
	}
	return got
}

// readSpans reads what the file exporter has written, up to the last whole line.
func readSpans(t *testing.T, file string) map[string]ptrace.Span {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	spans := map[string]ptrace.Span{}
	scanner := bufio.NewScanner(bytes.NewReader(content[:bytes.LastIndexByte(content, '\n')+1]))
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(scanner.Bytes())
		require.NoError(t, err)
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					spans[span.SpanID().String()] = span
				}
			}
		}
	}
	require.NoError(t, scanner.Err())
	return spans
}

// A mention is a place on a span that has one of the strings in it.
type mention struct{ where, marker string }

// markers returns where spans mention what was said to a model or by it, by span id.
func markers(spans map[string]ptrace.Span) map[string][]mention {
	all := map[string][]mention{}
	for id, span := range spans {
		all[id] = nil
		look := func(where string, value any) {
			text, err := json.Marshal(value)
			if err != nil {
				panic(err) // pdata gives strings, numbers, lists and maps
			}
			for _, marker := range []string{"promptmarker", "answermarker", cityText} {
				if bytes.Contains(text, []byte(marker)) {
					all[id] = append(all[id], mention{where, marker})
				}
			}
		}
		look("name", span.Name())
		look("status", span.Status().Message())
		for key, value := range span.Attributes().All() {
			look(key, value.AsRaw())
		}
		for _, event := range span.Events().All() {
			for key, value := range event.Attributes().All() {
				look("event "+event.Name()+" "+key, value.AsRaw())
			}
		}
		slices.SortFunc(all[id], func(a, b mention) int { return cmp.Or(cmp.Compare(a.where, b.where), cmp.Compare(a.marker, b.marker)) })
	}
	return all
}
