// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// patience is how long a result may take on a busy machine.
const patience = 2 * time.Minute

// A way is a pipeline with a drop_content of its own. All see the same spans.
type way string

const (
	kept    way = "false"
	dropped way = "true"
	strict  way = "strict"
)

var ways = []way{kept, dropped, strict}

// dropping are those in which no content comes out.
var dropping = []way{dropped, strict}

// config has the spans and log records as they come in files, and as ml_normalize leaves them in
// others for each way, each with a metrics page of its own. The client's own metrics are only taken.
func config() string {
	var processors, connectors, exporters, pipelines strings.Builder
	for _, w := range ways {
		fmt.Fprintf(&processors, "  ml_normalize/%s: {drop_content: %s}\n", w, w)
		fmt.Fprintf(&connectors, "  ml_summary/%s: {temporality: cumulative, flush_interval: 500ms, feature_flush_interval: 500ms}\n", w)
		fmt.Fprintf(&exporters, "  file/%s: {path: %q, flush_interval: 50ms}\n", w, w.spans())
		fmt.Fprintf(&exporters, "  prometheus/%s: {endpoint: \"${env:SCRAPE_%s}\"}\n", w, w)
		fmt.Fprintf(&pipelines, "    traces/%[1]s: {receivers: [otlp], processors: [ml_normalize/%[1]s], exporters: [ml_summary/%[1]s, file/%[1]s]}\n", w)
		fmt.Fprintf(&pipelines, "    metrics/%[1]s: {receivers: [ml_summary/%[1]s], exporters: [prometheus/%[1]s]}\n", w)
		if w != kept { // with nothing to drop, it has nothing to do with log records
			fmt.Fprintf(&exporters, "  file/logs-%s: {path: %q, flush_interval: 50ms}\n", w, w.logs())
			fmt.Fprintf(&pipelines, "    logs/%[1]s: {receivers: [otlp], processors: [ml_normalize/%[1]s], exporters: [file/logs-%[1]s]}\n", w)
		}
	}
	return fmt.Sprintf(`
extensions:
  ml_catalog: {directory: catalog}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}}
processors:
%s
connectors:
%s
exporters:
  file/received: {path: %s, flush_interval: 50ms}
  file/received-logs: {path: %s, flush_interval: 50ms}
  nop:
%s
service:
  extensions: [ml_catalog]
  pipelines:
    traces/received: {receivers: [otlp], exporters: [file/received]}
    metrics/received: {receivers: [otlp], exporters: [nop]}
    logs/received: {receivers: [otlp], exporters: [file/received-logs]}
%s`, &processors, &connectors, receivedSpans, receivedLogs, &exporters, &pipelines)
}

// The files are in the collector's working directory.
const receivedSpans, receivedLogs = "spans.json", "logs.json"

func (w way) spans() string { return "spans-" + string(w) + ".json" }

func (w way) logs() string { return "logs-" + string(w) + ".json" }

// cards returns the cards of the models that have prices.
func cards() string {
	var text strings.Builder
	for _, name := range sortedKeys(models) {
		p := models[name].prices
		if p == (prices{}) {
			continue
		}
		fmt.Fprintf(&text, "---\nkind: model\nname: %q\nprices: {input_per_million: %v, output_per_million: %v", name, p.input, p.output)
		if p.cached != 0 {
			fmt.Fprintf(&text, ", cached_input_per_million: %v", p.cached)
		}
		if p.written != 0 {
			fmt.Fprintf(&text, ", cache_write_per_million: %v", p.written)
		}
		text.WriteString("}\n")
	}
	return text.String()
}

// A run is what came of one client.
type run struct {
	t *testing.T
	// calls are what the model server has answered, in their order.
	calls []call
	// pages are the metrics pages, by way; own is the page of the collector's telemetry.
	pages map[way]page
	own   page
	// received are the spans by id, before ml_normalize, and spans those behind it, by way.
	received map[string]ptrace.Span
	spans    map[way]map[string]ptrace.Span
	// out is all that comes out where content is dropped, by what it is: spans, log records, metrics
	// pages, the collector's telemetry and its log. in is what the client has sent.
	out map[string]string
	in  string
}

// drive starts a model server, the collector and the client, and returns what there is when the
// client has ended and everything it sent is on the metrics pages.
func drive(t *testing.T, c client) run {
	t.Helper()
	server := startModelServer(t)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "catalog"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "catalog", "models.yaml"), []byte(cards()), 0o600))
	otlp, otlpHTTP := processtest.FreeAddr(t), processtest.FreeAddr(t)
	env, scrapes := []string{"OTLP=" + otlp, "OTLP_HTTP=" + otlpHTTP}, map[way]string{}
	for _, w := range ways {
		scrapes[w] = processtest.FreeAddr(t)
		env = append(env, fmt.Sprintf("SCRAPE_%s=%s", w, scrapes[w]))
	}
	collector := harness.StartCollector(t, harness.Options{Configs: []string{config()}, Env: env, Dir: dir})
	t.Cleanup(func() {
		if t.Failed() {
			content, err := os.ReadFile(filepath.Join(dir, kept.spans()))
			t.Logf("spans after ml_normalize: %s (%v)", content, err)
		}
	})

	program := startClient(t, c, []string{
		"OTLP_GRPC=http://" + otlp, "OTLP_HTTP=http://" + otlpHTTP, "MODEL_SERVER=" + server.URL + "/v1", "SERVICE=" + c.name, "PROMPT=" + promptText,
	})
	program.WaitForLog(patience, "all spans are sent")
	program.Wait()
	settle(t, otlp, scrapes)

	r := run{t: t, calls: server.log(), pages: map[way]page{}, spans: map[way]map[string]ptrace.Span{}, out: map[string]string{}}
	for _, w := range ways {
		r.pages[w] = readPage(t, scrapes[w])
	}
	r.own = readPage(t, collector.Metrics)
	read := func(file string) map[string]ptrace.Span {
		var spans map[string]ptrace.Span
		processtest.WaitFor(t, patience, "the spans in "+file, func() bool {
			spans = readSpans(t, filepath.Join(dir, file))
			return spans[lastMark] != (ptrace.Span{})
		})
		delete(spans, firstMark)
		delete(spans, lastMark)
		return spans
	}
	r.received = read(receivedSpans)
	for _, w := range ways {
		r.spans[w] = read(w.spans())
	}
	collector.Stop()
	r.in = readText(t, filepath.Join(dir, receivedSpans)) + readText(t, filepath.Join(dir, receivedLogs))
	for _, w := range dropping {
		r.out[w.spans()], r.out[w.logs()] = readText(t, filepath.Join(dir, w.spans())), readText(t, filepath.Join(dir, w.logs()))
		r.out["metrics page "+string(w)] = r.pages[w].text
	}
	r.out["the collector's telemetry"], r.out["the collector's log"] = r.own.text, collector.Log()
	return r
}

// startClient starts the application in a folder of its own, beside the packages that make
// test-clients has installed.
func startClient(t *testing.T, c client, env []string) *processtest.Process {
	t.Helper()
	root := processtest.RepoRoot(t)
	installed := filepath.Join(root, ".tools", "clients")
	node, modules := filepath.Join(installed, "bin", "node"), filepath.Join(installed, c.folder, "node_modules")
	for _, path := range []string{node, modules} {
		_, err := os.Stat(path)
		require.NoError(t, err, `run "make test-clients"`)
	}
	clients := filepath.Join(root, "testdata", "clients")
	dir := t.TempDir()
	for _, file := range []string{"client.js", "package.json"} {
		content, err := os.ReadFile(filepath.Join(clients, c.folder, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), content, 0o600))
	}
	require.NoError(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
	// Nothing is sent but to the two servers: settings in the environment of the test do not hold,
	// a proxy is not used, and other hosts are not found.
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if slices.ContainsFunc(foreign, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			env = append(env, name+"=")
		}
	}
	env = append(env, "HOME="+dir, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", c.env)
	return processtest.Start(t, dir, env, node, "--import", filepath.Join(clients, "localhost.js"), "client.js")
}

// foreign are the beginnings of variables that clients read.
var foreign = []string{
	"OTEL_", "TRACELOOP_", "OPENAI_", "NODE_", "ANTHROPIC_", "GEMINI_", "GOOGLE_", "AWS_", "LMNR_", "LANGFUSE_", "LANGSMITH_", "LANGCHAIN_",
	"MASTRA_", "GENKIT_", "SENTRY_", "OPENLIT_", "ADK_",
}

// The ids of the spans with which a test marks the end of what a client has sent.
const (
	markModel = "mark"
	firstMark = "0000000000000001"
	lastMark  = "0000000000000002"
)

// settle returns when all that was sent before is on the metrics pages: it sends a prediction of a
// model of its own after it, and when that is there another one, so that the flush that had the
// first has ended.
func settle(t *testing.T, otlp string, scrapes map[way]string) {
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
		for _, w := range ways {
			processtest.WaitFor(t, patience, "the mark on the metrics page", func() bool {
				for _, s := range readPage(t, scrapes[w]).samples["ml_prediction_count_total"] {
					if s.labels["ml_model_name"] == markModel {
						return s.value == float64(i+1)
					}
				}
				return false
			})
		}
	}
}

// A page is a metrics page; the samples of a metric are under its name.
type page struct {
	text    string
	samples map[string][]sample
}

// A sample is one value of a page, or the sum and count of a histogram.
type sample struct {
	labels       map[string]string
	value, count float64
	histogram    bool
}

func readPage(t *testing.T, address string) page {
	t.Helper()
	status, body := processtest.Get("http://" + address + "/metrics")
	require.Equal(t, http.StatusOK, status, body)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	p := page{text: body, samples: map[string][]sample{}}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			s := sample{labels: map[string]string{}, value: metric.GetCounter().GetValue() + metric.GetGauge().GetValue()}
			if h := metric.GetHistogram(); h != nil {
				s.value, s.count, s.histogram = h.GetSampleSum(), float64(h.GetSampleCount()), true
			}
			for _, label := range metric.GetLabel() {
				s.labels[label.GetName()] = label.GetValue()
			}
			p.samples[name] = append(p.samples[name], s)
		}
	}
	return p
}

// ofRun are labels that are others in every run or build, or of the collector.
var ofRun = []string{"service_instance_id", "service_version", "otel_scope_name", "otel_scope_version", "otel_scope_schema_url", "instance"}

// ofFlushes are metrics of the collector that depend on how often it has flushed.
var ofFlushes = []string{"otelcol_ml_summary_flushes", "otelcol_ml_summary_points", "otelcol_ml_summary_cells"}

// takesTime says of which metrics the values are times: how many there are is known, how long they
// are not.
func takesTime(name string) bool {
	return strings.Contains(name, "duration") || strings.Contains(name, "time_to_first_chunk")
}

// lines returns all series of a page whose names begin so, sorted, with what is the same in every
// run; not those of the marks. Of the metrics in varying, as of times, only counts are.
func (p page) lines(prefixes, varying []string) []string {
	var lines []string
	for name, samples := range p.samples {
		if slices.Contains(ofFlushes, name) || !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		for _, s := range samples {
			if s.labels["ml_model_name"] == markModel {
				continue
			}
			var labels []string
			for _, key := range sortedKeys(s.labels) {
				if !slices.Contains(ofRun, key) {
					labels = append(labels, fmt.Sprintf("%s=%q", key, s.labels[key]))
				}
			}
			value := fmt.Sprint(s.value)
			switch {
			case s.histogram && (takesTime(name) || slices.Contains(varying, name)):
				value = fmt.Sprintf("%v values", s.count)
			case s.histogram:
				value = fmt.Sprintf("%v values, sum %v", s.count, s.value)
			case takesTime(name) || slices.Contains(varying, name):
				value = "some"
			}
			lines = append(lines, fmt.Sprintf("%s{%s} %s", name, strings.Join(labels, ","), value))
		}
	}
	slices.Sort(lines)
	return lines
}

// A summary is what the metrics page says of all models.
type summary struct {
	predictions map[series]float64
	tokens      map[tokenSeries]tokens
	failures    map[failure]float64
	cost        map[series]float64
}

type series struct{ model, version string }

type tokenSeries struct {
	series
	service, kind string
}

type tokens struct{ requests, sum float64 }

// A failure is a prediction that has failed.
type failure struct{ model, errorType string }

func newSummary() summary {
	return summary{
		predictions: map[series]float64{}, tokens: map[tokenSeries]tokens{}, failures: map[failure]float64{}, cost: map[series]float64{},
	}
}

func (p page) summary() summary {
	got := newSummary()
	of := func(s sample) series { return series{s.labels["ml_model_name"], s.labels["ml_model_version"]} }
	for _, s := range p.samples["ml_prediction_count_total"] {
		if of(s).model != markModel {
			got.predictions[of(s)] += s.value
			if errorType := s.labels["error_type"]; errorType != "" {
				got.failures[failure{of(s).model, errorType}] += s.value
			}
		}
	}
	for _, s := range p.samples["gen_ai_client_token_usage"] {
		key := tokenSeries{of(s), s.labels["service_name"], s.labels["gen_ai_token_type"]}
		have := got.tokens[key]
		got.tokens[key] = tokens{have.requests + s.count, have.sum + s.value}
	}
	for _, s := range p.samples["ml_prediction_cost_total"] {
		got.cost[of(s)] += s.value
	}
	return got
}

func readText(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(content)
}

// readSpans reads what the file exporter has written, up to the last whole line.
func readSpans(t *testing.T, file string) map[string]ptrace.Span {
	t.Helper()
	content := []byte(readText(t, file))
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

// A mention is a place on a span that has one of the canaries in it.
type mention struct{ where, canary string }

// mentions returns where spans mention what was said to a model or by it, by span id.
func mentions(spans map[string]ptrace.Span) map[string][]mention {
	all := map[string][]mention{}
	for id, span := range spans {
		all[id] = nil
		look := func(where string, value any) {
			text, err := json.Marshal(value)
			if err != nil {
				panic(err) // pdata gives strings, numbers, lists and maps
			}
			for _, canary := range canaries {
				if bytes.Contains(text, []byte(canary)) {
					all[id] = append(all[id], mention{where, canary})
				}
			}
		}
		look("name", span.Name())
		look("status", span.Status().Message())
		for key, value := range span.Attributes().All() {
			look(key, value.AsRaw())
		}
		for _, event := range span.Events().All() {
			look("event", event.Name())
			for key, value := range event.Attributes().All() {
				look("event "+event.Name()+" "+key, value.AsRaw())
			}
		}
		for _, link := range span.Links().All() {
			look("link", link.Attributes().AsRaw())
		}
		slices.SortFunc(all[id], func(a, b mention) int { return cmp.Or(cmp.Compare(a.where, b.where), cmp.Compare(a.canary, b.canary)) })
	}
	return all
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
