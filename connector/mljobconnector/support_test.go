// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
)

// heard is a record of an alert and when it came.
type heard struct {
	alert.Alert
	at, observed time.Time
}

// sink takes what the connector emits. Each of fail's errors is for one call, the last one for all that follow; hang makes calls wait
// for the end of their context, deaf for its own.
type sink struct {
	t testing.TB

	mu      sync.Mutex
	fail    []error
	hang    bool
	deaf    chan struct{}
	alerts  []heard
	logs    []plog.Logs
	metrics []pmetric.Metrics
}

func (s *sink) answer(ctx context.Context) error {
	s.mu.Lock()
	hang, deaf := s.hang, s.deaf
	var err error
	if len(s.fail) > 0 {
		err = s.fail[0]
		if len(s.fail) > 1 {
			s.fail = s.fail[1:]
		}
	}
	s.mu.Unlock()
	if deaf != nil {
		<-deaf
	}
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if err := s.answer(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs = append(s.logs, ld)
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				a, err := alert.Decode(lr)
				assert.NoError(s.t, err)
				s.alerts = append(s.alerts, heard{a, time.Now(), lr.ObservedTimestamp().AsTime()})
			}
		}
	}
	return nil
}

func (s *sink) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := s.answer(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metrics = append(s.metrics, md)
	return nil
}

func (s *sink) failing(errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = errs
}

func (s *sink) hanging(hang bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hang = hang
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
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				var list pmetric.NumberDataPointSlice
				switch {
				case m.Name() != name:
					continue
				case m.Type() == pmetric.MetricTypeSum:
					list = m.Sum().DataPoints()
				default:
					list = m.Gauge().DataPoints()
				}
				for _, p := range list.All() {
					var key string
					for _, k := range slices.Sorted(maps.Keys(p.Attributes().AsRaw())) {
						v, _ := p.Attributes().Get(k)
						key += v.AsString() + " "
					}
					value := p.DoubleValue()
					if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
						value = float64(p.IntValue())
					}
					out[key] = value
				}
			}
		}
	}
	return out
}

// disk is a storage extension that a test can break. Clients of one process at a time may have it open.
type disk struct {
	component.StartFunc
	component.ShutdownFunc

	mu      sync.Mutex
	values  map[string][]byte
	err     error
	open    int
	opened  int
	batches int
	// canceled counts batches whose context had ended.
	canceled int
}

func newDisk() *disk { return &disk{values: map[string][]byte{}} }

func (d *disk) GetClient(_ context.Context, kind component.Kind, _ component.ID, name string) (storage.Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open > 0 || kind != component.KindConnector || name != "" {
		return nil, assert.AnError
	}
	d.open++
	d.opened++
	return &client{disk: d}, nil
}

func (d *disk) breaks(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

type client struct {
	*disk
	closed bool
}

func (c *client) Get(_ context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.values[key]), c.err
}

func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c *client) Batch(ctx context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		c.canceled++
	}
	if c.closed {
		return assert.AnError
	}
	if c.err != nil {
		return c.err
	}
	c.batches++
	for _, op := range ops {
		switch op.Type {
		case storage.Set:
			c.values[op.Key] = slices.Clone(op.Value)
		case storage.Delete:
			delete(c.values, op.Key)
		default:
			op.Value = slices.Clone(c.values[op.Key])
		}
	}
	return nil
}

func (c *client) Close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		c.open--
	}
	return nil
}

// cards is a catalog extension.
type cards struct {
	component.StartFunc
	component.ShutdownFunc
	set *catalog.Set
}

func (c cards) Snapshot() *catalog.Set { return c.set }

// host has extensions.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

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
	host          host
	logs, metrics *sink
	edges         []connector.Traces
	ids           byte
}

func newRig(t testing.TB, change func(*Config)) *rig {
	return &rig{
		t: t, set: settings(), cfg: config(change), host: host{}, logs: &sink{t: t}, metrics: &sink{t: t},
	}
}

// withDisk adds a storage.
func (r *rig) withDisk(d *disk) *rig {
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

// state is what the edges share.
func (r *rig) state() *state { return r.edges[0].(*sharedcomponent.TracesEdge[Config, *state]).State() }

// consume gives a request to every edge, as the fan-out of a pipeline does.
func (r *rig) consume(td ptrace.Traces) {
	td.MarkReadOnly()
	for _, e := range r.edges {
		require.NoError(r.t, e.ConsumeTraces(r.t.Context(), td))
	}
}

// run returns the spans of a run of the job "recsys" that took a minute until now: its stages in order, and its root. A stage whose
// name ends in "!" fails, and the run with it.
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

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
