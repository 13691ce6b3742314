// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor"
)

const (
	canary   = "CANARY"
	dialects = "../../processor/mlnormalizeprocessor/internal/dialect/"
)

// client is what a client sends: a span of an example of a table or of testdata/canary.yaml, and log
// records.
type client struct {
	System     string         `yaml:"system"`
	Resource   map[string]any `yaml:"resource"`
	Scope      string         `yaml:"scope"`
	Span       string         `yaml:"span"`
	Kind       string         `yaml:"kind"`
	Status     string         `yaml:"status"`
	Message    string         `yaml:"message"`
	Attributes map[string]any `yaml:"attributes"`
	Events     []struct {
		Name       string         `yaml:"name"`
		Attributes map[string]any `yaml:"attributes"`
	} `yaml:"events"`
	Links map[string]any `yaml:"links"`
	Logs  []struct {
		Scope      string         `yaml:"scope"`
		Event      string         `yaml:"event"`
		Body       any            `yaml:"body"`
		Attributes map[string]any `yaml:"attributes"`
	} `yaml:"logs"`
}

// readClients reads a file of examples.
func readClients(t testing.TB, file string) (out []client) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, &out), file)
	require.NotEmpty(t, out, file)
	return out
}

// content is what a table or a system lists.
type content struct {
	Name    string `yaml:"name"`
	System  string `yaml:"system"`
	Content struct {
		Attributes []string `yaml:"attributes"`
		Events     []string `yaml:"events"`
	} `yaml:"content"`
	Attributes []string `yaml:"attributes"`
	Events     []string `yaml:"events"`
}

// tables returns what the embedded tables list, and what content.yaml does, by name, and all words in
// the tables: what they read among them.
func tables(t testing.TB) (listed map[string]content, words map[string]bool) {
	t.Helper()
	listed, words = map[string]content{}, map[string]bool{}
	files, err := filepath.Glob(dialects + "dialects/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var c content
		require.NoError(t, yaml.Unmarshal(data, &c), file)
		c.Attributes, c.Events = c.Content.Attributes, c.Content.Events
		listed[c.Name] = c
		var n yaml.Node
		require.NoError(t, yaml.Unmarshal(data, &n))
		scalars(&n, words)
	}
	require.Greater(t, len(listed), 20)
	return listed, words
}

// scalars notes the keys of attributes in a table: sources without what stands before and behind.
func scalars(n *yaml.Node, to map[string]bool) {
	if n.Kind == yaml.ScalarNode {
		key, _, _ := strings.Cut(n.Value, "#")
		to[key] = true // genkit's keys have a colon in them
		to[key[strings.LastIndexByte(key, ':')+1:]] = true
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "content" {
			continue
		}
		scalars(child, to)
	}
}

// systems returns what content.yaml lists.
func systems(t testing.TB) (out []content) {
	t.Helper()
	data, err := os.ReadFile(dialects + "content.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, &out))
	return out
}

// traces makes a span of what a client sends.
func (c *client) traces(t testing.TB) ptrace.Traces {
	t.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	require.NoError(t, rs.Resource().Attributes().FromRaw(c.Resource))
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(c.Scope)
	span := ss.Spans().AppendEmpty()
	span.SetName(c.Span)
	span.SetTraceID(pcommon.TraceID{1, 2})
	span.SetSpanID(pcommon.SpanID{3, 4})
	if c.Kind == "server" {
		span.SetKind(ptrace.SpanKindServer)
	}
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Second)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	span.Status().SetMessage(c.Message)
	span.Status().SetCode(map[string]ptrace.StatusCode{"ok": ptrace.StatusCodeOk, "error": ptrace.StatusCodeError}[c.Status])
	require.NoError(t, span.Attributes().FromRaw(c.Attributes))
	for _, e := range c.Events {
		event := span.Events().AppendEmpty()
		event.SetName(e.Name)
		event.SetTimestamp(span.EndTimestamp())
		require.NoError(t, event.Attributes().FromRaw(e.Attributes))
	}
	if c.Links != nil {
		require.NoError(t, span.Links().AppendEmpty().Attributes().FromRaw(c.Links))
	}
	return td
}

// records makes the log records that a client sends.
func (c *client) records(t testing.TB) plog.Logs {
	t.Helper()
	ld := plog.NewLogs()
	for _, r := range c.Logs {
		rl := ld.ResourceLogs().AppendEmpty()
		require.NoError(t, rl.Resource().Attributes().FromRaw(c.Resource))
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName(r.Scope)
		lr := sl.LogRecords().AppendEmpty()
		lr.SetEventName(r.Event)
		require.NoError(t, lr.Body().FromRaw(r.Body))
		require.NoError(t, lr.Attributes().FromRaw(r.Attributes))
	}
	return ld
}

// pipeline is the one of the default config, with all that comes out of it.
type pipeline struct {
	traces  func(ptrace.Traces)
	logs    func(plog.Logs)
	spans   consumertest.TracesSink
	records consumertest.LogsSink
	metrics consumertest.MetricsSink
	alerts  consumertest.LogsSink
	own     *observer.ObservedLogs
	stop    func()
}

// newPipeline starts it with a value of drop_content. It must be in a bubble.
func newPipeline(t *testing.T, drop any) *pipeline {
	t.Helper()
	h := testkit.Host{catalogtest.ID: catalogtest.NewExtension(catalogtest.Load(t, cards))}
	core, own := observer.New(zapcore.DebugLevel)
	telemetry := componenttest.NewNopTelemetrySettings()
	telemetry.Logger = zap.New(core)
	p := &pipeline{own: own}
	var started []component.Component
	start := func(c component.Component) {
		require.NoError(t, c.Start(t.Context(), h))
		started = append(started, c)
	}
	forConnector := func(f connector.Factory) connector.Settings {
		set := connectortest.NewNopSettings(f.Type())
		set.TelemetrySettings = telemetry
		return set
	}
	job, drift, summary := mljobconnector.NewFactory(), mldriftconnector.NewFactory(), mlsummaryconnector.NewFactory()
	jobSet, jobCfg := forConnector(job), job.CreateDefaultConfig()
	jobAlerts, err := job.CreateTracesToLogs(t.Context(), jobSet, jobCfg, &p.alerts)
	require.NoError(t, err)
	jobMetrics, err := job.CreateTracesToMetrics(t.Context(), jobSet, jobCfg, &p.metrics)
	require.NoError(t, err)
	driftSet, driftCfg := forConnector(drift), configured(t, drift, map[string]any{"emit_interval": "30m"})
	driftMetrics, err := drift.CreateMetricsToMetrics(t.Context(), driftSet, driftCfg, &p.metrics)
	require.NoError(t, err)
	driftAlerts, err := drift.CreateMetricsToLogs(t.Context(), driftSet, driftCfg, &p.alerts)
	require.NoError(t, err)
	deltas, err := consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
		for _, next := range []consumer.Metrics{driftMetrics, driftAlerts, &p.metrics} {
			copied := pmetric.NewMetrics()
			md.CopyTo(copied)
			if err := next.ConsumeMetrics(ctx, copied); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	summaryCfg := configured(t, summary, map[string]any{"flush_interval": "30m", "feature_flush_interval": "30m"})
	counts, err := summary.CreateTracesToMetrics(t.Context(), forConnector(summary), summaryCfg, deltas)
	require.NoError(t, err)
	all, err := consumer.NewTraces(func(ctx context.Context, td ptrace.Traces) error {
		for _, next := range []consumer.Traces{counts, jobAlerts, jobMetrics, &p.spans} {
			copied := ptrace.NewTraces()
			td.CopyTo(copied)
			if err := next.ConsumeTraces(ctx, copied); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)

	metadata, normalize := mlmetadataprocessor.NewFactory(), mlnormalizeprocessor.NewFactory()
	metadataSet, normalizeSet := processortest.NewNopSettings(metadata.Type()), processortest.NewNopSettings(normalize.Type())
	metadataSet.TelemetrySettings, normalizeSet.TelemetrySettings = telemetry, telemetry
	facts, err := metadata.CreateTraces(t.Context(), metadataSet, metadata.CreateDefaultConfig(), all)
	require.NoError(t, err)
	cfg := dropping(t, drop)
	normalized, err := normalize.CreateTraces(t.Context(), normalizeSet, cfg, facts)
	require.NoError(t, err)
	normalizedLogs, err := normalize.CreateLogs(t.Context(), normalizeSet, cfg, &p.records)
	require.NoError(t, err)
	for _, c := range []component.Component{jobAlerts, jobMetrics, driftMetrics, driftAlerts, counts, facts, normalized, normalizedLogs} {
		start(c)
	}
	p.traces = func(td ptrace.Traces) { require.NoError(t, normalized.ConsumeTraces(t.Context(), td)) }
	p.logs = func(ld plog.Logs) { require.NoError(t, normalizedLogs.ConsumeLogs(t.Context(), ld)) }
	p.stop = func() {
		testkit.Advance(time.Hour)
		for _, c := range slices.Backward(started) {
			require.NoError(t, c.Shutdown(context.Background()))
		}
	}
	return p
}

// configured is a config with other values: what comes out is all looked through, so it comes seldom.
func configured(t testing.TB, f component.Factory, with map[string]any) component.Config {
	t.Helper()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(with).Unmarshal(cfg))
	return cfg
}

// out returns all that has come out, by what it is.
func (p *pipeline) out(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	add := func(name string, data []byte, err error) {
		require.NoError(t, err)
		out[name] += string(data) + "\n"
	}
	for _, td := range p.spans.AllTraces() {
		data, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		add("spans", data, err)
	}
	for _, md := range p.metrics.AllMetrics() {
		data, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
		add("metrics", data, err)
	}
	for _, ld := range p.records.AllLogs() {
		data, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
		add("log records", data, err)
	}
	for _, ld := range p.alerts.AllLogs() {
		data, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
		add("alerts", data, err)
	}
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "message"})
	for _, line := range p.own.All() {
		buffer, err := encoder.EncodeEntry(line.Entry, line.Context)
		add("own log", bytes.Clone(buffer.Bytes()), err)
	}
	return out
}

// assertGone fails where the canary has survived.
func (p *pipeline) assertGone(t testing.TB) {
	t.Helper()
	out := p.out(t)
	for name, text := range out {
		for at := strings.Index(text, canary); at >= 0; at = -1 {
			t.Errorf("the canary is in the %s: … %s …", name, text[max(0, at-300):min(len(text), at+100)])
		}
	}
	for _, name := range []string{"spans", "metrics", "log records", "alerts", "own log"} {
		assert.NotEmpty(t, out[name], "there is no %s to look at", name)
	}
}

// failedRun is a run of a job that is an alert, so that there are some to look at.
func failedRun(t testing.TB) ptrace.Traces {
	c := client{Span: "task_run.load", Status: "error", Attributes: map[string]any{
		"cicd.pipeline.name": "nightly", "cicd.pipeline.run.id": "1", "cicd.pipeline.task.name": "load", "cicd.pipeline.task.run.result": "failure", "error.type": "X",
	}}
	return c.traces(t)
}

// TestCanaryOfClients sends what clients send: no text that is content survives anywhere, whatever
// drop_content is. Each system of content.yaml must have an example.
func TestCanaryOfClients(t *testing.T) {
	clients := readClients(t, "testdata/canary.yaml")
	for _, s := range systems(t) {
		assert.True(t, slices.ContainsFunc(clients, func(c client) bool { return c.System == s.System }), "testdata/canary.yaml has nothing of %s", s.System)
	}
	for _, drop := range []any{true, "strict"} {
		t.Run(fmt.Sprint(drop), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPipeline(t, drop)
				for i := range clients {
					p.traces(clients[i].traces(t))
					p.logs(clients[i].records(t))
				}
				p.traces(failedRun(t))
				p.stop()
				p.assertGone(t)
			})
		})
	}
	t.Run("false", func(t *testing.T) { // the canaries are seen
		synctest.Test(t, func(t *testing.T) {
			p := newPipeline(t, false)
			sent := 0
			for i := range clients {
				p.traces(clients[i].traces(t))
				p.logs(clients[i].records(t))
				assert.Contains(t, text(t, p.spans.AllTraces()[i])+fmt.Sprint(clients[i].Logs), canary, clients[i].System)
				sent++
			}
			p.stop()
			assert.Greater(t, sent, 30)
		})
	})
}

// TestCanaryOfTables puts the canary under every key that a table, or content.yaml, lists, on the
// first examples of every table: on span, event, link, scope, resource and log record.
func TestCanaryOfTables(t *testing.T) {
	listed, _ := tables(t)
	for _, s := range systems(t) {
		listed["system "+s.System] = s
	}
	var keys, events []string
	for _, c := range listed {
		keys, events = append(keys, c.Attributes...), append(events, c.Events...)
	}
	slices.Sort(keys)
	slices.Sort(events)
	keys, events = slices.Compact(keys), slices.Compact(events)
	require.Greater(t, len(keys), 150)
	synctest.Test(t, func(t *testing.T) {
		p := newPipeline(t, true)
		for name := range listed {
			if strings.HasPrefix(name, "system ") {
				continue
			}
			examples := readClients(t, dialects+"testdata/"+name+".yaml") // a table without examples fails here
			n := min(len(examples), 2)
			for i := range n {
				td := examples[i].traces(t)
				plant(td, keys[i*len(keys)/n:(i+1)*len(keys)/n], events, i)
				p.traces(td)
				p.logs(logsLike(td))
			}
		}
		p.traces(failedRun(t))
		p.stop()
		p.assertGone(t)
	})
}

// plant puts canaries under keys, as texts, broken JSON, lists and maps.
func plant(td ptrace.Traces, keys, events []string, turn int) {
	put := func(attrs pcommon.Map) {
		for i, key := range keys {
			key = strings.ReplaceAll(strings.ReplaceAll(key, ".N", ".3"), "*", "some.thing")
			switch v := attrs.PutEmpty(key); (i + turn) % 4 {
			case 0:
				v.SetStr(canary)
			case 1:
				v.SetStr(`{"a": "` + canary)
			case 2:
				v.SetEmptySlice().AppendEmpty().SetStr(canary)
			default:
				v.SetEmptyMap().PutStr("a", canary)
			}
		}
	}
	rs := td.ResourceSpans().At(0)
	put(rs.Resource().Attributes())
	put(rs.ScopeSpans().At(0).Scope().Attributes())
	span := rs.ScopeSpans().At(0).Spans().At(0)
	put(span.Attributes())
	put(span.Links().AppendEmpty().Attributes())
	for _, name := range events {
		e := span.Events().AppendEmpty()
		e.SetName(name)
		e.Attributes().PutStr("anything", canary)
	}
	e := span.Events().AppendEmpty()
	e.SetName("exception")
	put(e.Attributes())
}

// logsLike makes log records of a span's attributes: one has them as such, one as its body.
func logsLike(td ptrace.Traces) plog.Logs {
	ld := plog.NewLogs()
	rs, rl := td.ResourceSpans().At(0), ld.ResourceLogs().AppendEmpty()
	rs.Resource().CopyTo(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	rs.ScopeSpans().At(0).Scope().CopyTo(sl.Scope())
	span := rs.ScopeSpans().At(0).Spans().At(0)
	span.Attributes().CopyTo(sl.LogRecords().AppendEmpty().Attributes())
	span.Attributes().CopyTo(sl.LogRecords().AppendEmpty().Body().SetEmptyMap())
	return ld
}

// TestCanaryStrict puts the canary into every text of the tables' examples, of the cases and of real
// spans, but those under keys that tables read, the vocabulary has or OpenTelemetry's conventions name;
// and into the message of the status and of exceptions, names of events, bodies.
func TestCanaryStrict(t *testing.T) {
	listed, read := tables(t)
	data, err := os.ReadFile("../../internal/conventions/names.txt")
	require.NoError(t, err)
	var prefixes []string
	for name := range strings.Lines(string(data)) {
		name = strings.TrimSpace(name)
		if prefix, ok := strings.CutSuffix(name, "*"); ok {
			prefixes = append(prefixes, prefix)
		}
		read[name] = true
	}
	// Of the conventions' names, these are content.
	for _, name := range []string{
		"exception.message", "exception.stacktrace", "error.message", "url.full", "url.query", "http.url", "http.target", "db.query.text", "db.statement", "process.command_args",
		"gen_ai.prompt", "gen_ai.completion", "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions", "gen_ai.tool.description",
		"gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.retrieval.documents", "gen_ai.retrieval.query.text", "http.request.header.",
	} {
		delete(read, name)
		prefixes = slices.DeleteFunc(prefixes, func(p string) bool { return p == name })
	}
	for _, name := range mlconv.Attributes() {
		if name.Name != mlconv.AttrExceptionMessage {
			read[name.Name] = true
		}
		if strings.HasSuffix(name.Name, ".") {
			prefixes = append(prefixes, name.Name)
		}
	}
	may := func(key string) bool {
		return read[key] || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
	}
	planted := 0
	synctest.Test(t, func(t *testing.T) {
		p := newPipeline(t, "strict")
		send := func(td ptrace.Traces) {
			planted += replace(td, may)
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					if ss.Spans().Len() > 0 {
						one := ptrace.NewTraces()
						to := one.ResourceSpans().AppendEmpty()
						rs.Resource().CopyTo(to.Resource())
						scope := to.ScopeSpans().AppendEmpty()
						ss.Scope().CopyTo(scope.Scope())
						ss.Spans().At(0).CopyTo(scope.Spans().AppendEmpty())
						ld := logsLike(one)
						ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty().Body().SetStr(canary)
						p.logs(ld)
					}
				}
			}
			p.traces(td)
		}
		for name := range listed {
			examples := readClients(t, dialects+"testdata/"+name+".yaml")
			for i := range examples {
				send(examples[i].traces(t))
			}
		}
		for _, file := range realSpans(t) {
			for _, td := range requests(t, file) {
				shift(td, time.Now())
				send(td)
			}
		}
		p.traces(failedRun(t))
		p.stop()
		p.assertGone(t)
	})
	assert.Greater(t, planted, 1000)
}

// reason reports whether a part of an answer is why it ended: tables read it, whatever holds it.
func reason(key string) bool {
	return key == "finish_reason" || key == "finishReason" || key == "stop_reason"
}

// replace puts the canary into all texts but those under keys that may have one, and returns how many.
func replace(td ptrace.Traces, may func(string) bool) (n int) {
	var in func(v pcommon.Value)
	in = func(v pcommon.Value) {
		switch v.Type() {
		case pcommon.ValueTypeStr:
			v.SetStr(canary + v.Str())
			n++
		case pcommon.ValueTypeSlice:
			for _, item := range v.Slice().All() {
				in(item)
			}
		case pcommon.ValueTypeMap:
			for key, item := range v.Map().All() {
				if !reason(key) {
					in(item)
				}
			}
		}
	}
	texts := func(attrs pcommon.Map) {
		for key, v := range attrs.All() {
			if !may(key) && !reason(key[strings.LastIndexByte(key, '.')+1:]) {
				in(v)
			}
		}
		attrs.PutStr("acme.text", canary)
		attrs.PutEmptyMap("acme.map").PutStr("x", canary)
		attrs.PutEmptySlice("acme.list").AppendEmpty().SetStr(canary)
		attrs.PutStr("process.command_args", canary)
		attrs.PutStr("gen_ai.prompt", canary)
		attrs.PutStr("error.message", canary)
		n += 6
	}
	for _, rs := range td.ResourceSpans().All() {
		texts(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			texts(ss.Scope().Attributes())
			for _, span := range ss.Spans().All() {
				texts(span.Attributes())
				span.Status().SetMessage(canary)
				for _, e := range span.Events().All() {
					texts(e.Attributes())
				}
				unknown := span.Events().AppendEmpty()
				unknown.SetName("somebody said " + canary)
				exception := span.Events().AppendEmpty()
				exception.SetName("exception")
				exception.Attributes().PutStr("exception.message", canary)
				exception.Attributes().PutStr("exception.stacktrace", canary)
				texts(span.Links().AppendEmpty().Attributes())
			}
		}
	}
	return n
}

// requests reads a file of one request, or of a list of them.
func requests(t testing.TB, file string) (out []ptrace.Traces) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	list := []json.RawMessage{data}
	if bytes.HasPrefix(data, []byte("[")) {
		list = nil
		require.NoError(t, json.Unmarshal(data, &list), file)
	}
	for _, request := range list {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(request)
		require.NoError(t, err, file)
		out = append(out, td)
	}
	return out
}

// realSpans are the files of spans in ../shared, none where it is not there.
func realSpans(t testing.TB) (out []string) {
	t.Helper()
	for _, pattern := range []string{folder + "/*.json", folder + "/../spans/captured/*.json", folder + "/../spans/transcribed/*.json"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			if !strings.Contains(file, "cloudevents") { // no spans
				out = append(out, file)
			}
		}
	}
	if len(out) == 0 {
		t.Log("../shared is not there: without real spans")
	}
	return out
}
