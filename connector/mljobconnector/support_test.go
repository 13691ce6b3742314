// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// heard is a record of an alert and when it came.
type heard struct {
	alert.Alert
	at, observed time.Time
}

// sink takes what the connector emits, and refuses it or hangs when told to.
type sink struct {
	testkit.Answers
	t testing.TB

	mu      sync.Mutex // guards what follows
	alerts  []heard
	logs    []plog.Logs
	metrics []pmetric.Metrics
}

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if err := s.Answer(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs = append(s.logs, ld)
	for lr := range testkit.LogRecords(ld) {
		a, err := alert.Decode(lr)
		assert.NoError(s.t, err)
		s.alerts = append(s.alerts, heard{a, time.Now(), lr.ObservedTimestamp().AsTime()})
	}
	return nil
}

func (s *sink) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := s.Answer(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metrics = append(s.metrics, md)
	return nil
}

// take returns the alerts that came since the last call.
func (s *sink) take() []heard {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.alerts = nil }()
	return s.alerts
}

// names returns name, stage and state of the alerts that came since the last call.
func (s *sink) names() (out []string) {
	for _, a := range s.take() {
		out = append(out, a.Name+" "+a.Labels["job"]+"/"+a.Labels["stage"]+" "+string(a.State))
	}
	return out
}

// first returns the logs that came first.
func (s *sink) first() plog.Logs {
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(s.t, s.logs)
	return s.logs[0]
}

// last returns the metrics that came last.
func (s *sink) last() pmetric.Metrics {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.metrics) == 0 {
		return pmetric.NewMetrics()
	}
	return s.metrics[len(s.metrics)-1]
}

// points returns the number points of a metric as attribute values to value.
func points(md pmetric.Metrics, name string) map[string]float64 {
	out := map[string]float64{}
	for p := range testkit.Points(name, md) {
		var key string
		for _, k := range slices.Sorted(maps.Keys(p.Attributes().AsRaw())) {
			v, _ := p.Attributes().Get(k)
			key += v.AsString() + " "
		}
		out[key] = testkit.Number(p)
	}
	return out
}

var diskID = component.MustNewID("disk")

func config(change func(*Config)) *Config {
	cfg := createDefaultConfig().(*Config)
	if change != nil {
		change(cfg)
	}
	return cfg
}

func settings() connector.Settings {
	set := connectortest.NewNopSettings(metadata.Type)
	set.Resource = pcommon.NewResource()
	set.Resource.Attributes().PutStr("service.name", "otelcol-ml")
	return set
}

// rig is a connector between its pipelines.
type rig struct {
	t             testing.TB
	set           connector.Settings
	cfg           *Config
	host          testkit.Host
	logs, metrics *sink
	edges         []connector.Traces
	ids           byte
}

func newRig(t testing.TB, change func(*Config)) *rig {
	return &rig{
		t: t, set: settings(), cfg: config(change), host: testkit.Host{}, logs: &sink{t: t}, metrics: &sink{t: t},
	}
}

// withDisk adds a storage.
func (r *rig) withDisk(d *testkit.Storage) *rig {
	r.host[diskID], r.cfg.Storage = d, &diskID
	return r
}

// again returns a rig of the same extensions, after a restart of the collector.
func (r *rig) again() *rig {
	cfg := *r.cfg
	return &rig{t: r.t, set: r.set, cfg: &cfg, host: r.host, logs: &sink{t: r.t}, metrics: &sink{t: r.t}, ids: r.ids + 100}
}

// build makes the edges; both unless one is named.
func (r *rig) build(only ...string) *rig {
	require.NoError(r.t, r.cfg.Validate())
	f := NewFactory()
	if !slices.Contains(only, "metrics") {
		e, err := f.CreateTracesToLogs(r.t.Context(), r.set, r.cfg, r.logs)
		require.NoError(r.t, err)
		r.edges = append(r.edges, e)
	}
	if !slices.Contains(only, "logs") {
		e, err := f.CreateTracesToMetrics(r.t.Context(), r.set, r.cfg, r.metrics)
		require.NoError(r.t, err)
		r.edges = append(r.edges, e)
	}
	return r
}

func (r *rig) start(only ...string) *rig {
	r.build(only...)
	for _, e := range r.edges {
		require.NoError(r.t, e.Start(r.t.Context(), r.host))
	}
	return r
}

func (r *rig) shutdown() {
	for _, e := range r.edges {
		require.NoError(r.t, e.Shutdown(context.Background()))
	}
}

// jobConnector is what the edges share.
func (r *rig) state() *jobConnector {
	return r.edges[0].(*sharedcomponent.TracesEdge[Config, *jobConnector]).State()
}

// consume gives a request to every edge, as the fan-out of a pipeline does.
func (r *rig) consume(td ptrace.Traces) {
	td.MarkReadOnly()
	for _, e := range r.edges {
		require.NoError(r.t, e.ConsumeTraces(r.t.Context(), td))
	}
}

// run returns the spans of a run of the job "recsys" that took a minute until now: its stages in
// order, and its root. A stage whose name ends in "!" fails, and the run with it.
func (r *rig) run(stages ...string) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "trainer")
	rs.Resource().Attributes().PutStr("cicd.pipeline.name", "recsys")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	r.ids++
	trace, end := traceID(r.ids), time.Now()
	begin := end.Add(-time.Minute)
	step := time.Minute / time.Duration(len(stages)+1)
	failed := false
	for i, name := range stages {
		s := list.AppendEmpty()
		s.SetTraceID(trace)
		s.SetSpanID(spanID(byte(i + 2)))
		s.SetParentSpanID(spanID(1))
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(i) * step)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(i+1) * step)))
		bad := name[len(name)-1] == '!'
		if bad {
			name, failed = name[:len(name)-1], true
			s.Status().SetCode(ptrace.StatusCodeError)
			exceptionEvent(s, "ValueError", "bad batch")
		}
		s.SetName(name)
		s.Attributes().PutStr("cicd.pipeline.task.name", name)
		s.Attributes().PutInt("ml.stage.rows.in", 1000)
		s.Attributes().PutInt("ml.stage.rows.out", 900)
	}
	s := list.AppendEmpty()
	s.SetTraceID(trace)
	s.SetSpanID(spanID(1))
	s.SetName("recsys")
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	if failed {
		s.Status().SetCode(ptrace.StatusCodeError)
	}
	return td
}
