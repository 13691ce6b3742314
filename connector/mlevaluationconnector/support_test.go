// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var storageID = component.MustNewID("file_storage")

// collector is a connector with all of its edges.
type collector struct {
	t       testing.TB
	cfg     *Config
	host    testkit.Host
	storage *testkit.Storage

	traces  [2]connector.Traces
	logs    [2]connector.Logs
	metrics *testkit.MetricsSink
	records *testkit.LogsSink
	said    *observer.ObservedLogs
}

// newCollector starts one. Nothing is emitted before it stops.
func newCollector(t testing.TB, change func(*Config)) *collector {
	c := &collector{t: t, cfg: createDefaultConfig().(*Config), storage: testkit.NewStorage(nil)}
	c.cfg.Storage, c.cfg.EmitInterval, c.cfg.SaveInterval, c.cfg.Window = &storageID, time.Hour, time.Hour, "168h"
	if change != nil {
		change(c.cfg)
	}
	require.NoError(t, c.cfg.Validate())
	c.start()
	return c
}

func (c *collector) start() {
	cfg := *c.cfg
	f := NewFactory()
	set := connectortest.NewNopSettings(metadata.Type)
	core, said := observer.New(zap.WarnLevel)
	set.Logger, c.said = zap.New(core), said
	c.metrics, c.records = &testkit.MetricsSink{}, &testkit.LogsSink{}
	var err error
	ctx := c.t.Context()
	c.traces[0], err = f.CreateTracesToMetrics(ctx, set, &cfg, c.metrics)
	require.NoError(c.t, err)
	c.traces[1], err = f.CreateTracesToLogs(ctx, set, &cfg, c.records)
	require.NoError(c.t, err)
	c.logs[0], err = f.CreateLogsToMetrics(ctx, set, &cfg, c.metrics)
	require.NoError(c.t, err)
	c.logs[1], err = f.CreateLogsToLogs(ctx, set, &cfg, c.records)
	require.NoError(c.t, err)
	host := testkit.Host{storageID: c.storage}
	maps.Copy(host, c.host)
	for _, e := range c.edges() {
		require.NoError(c.t, e.Start(ctx, host))
	}
}

func (c *collector) edges() []component.Component {
	return []component.Component{c.traces[0], c.traces[1], c.logs[0], c.logs[1]}
}

// stop shuts down, which emits once more.
func (c *collector) stop() {
	for _, e := range c.edges() {
		require.NoError(c.t, e.Shutdown(context.WithoutCancel(c.t.Context())))
	}
}

// kill lets another process go on with what is in the storage now.
func (c *collector) kill() {
	left := c.storage.Copy()
	c.stop()
	c.storage = left
	c.start()
}

func (c *collector) state() *evaluationConnector {
	type edge interface{ State() *evaluationConnector }
	return c.traces[0].(edge).State()
}

func (c *collector) save() { c.state().save(c.t.Context()) }

func (c *collector) spans(td ptrace.Traces) {
	for _, e := range c.traces {
		require.NoError(c.t, e.ConsumeTraces(c.t.Context(), td))
	}
}

func (c *collector) sendLogs(ld plog.Logs) {
	for _, e := range c.logs {
		require.NoError(c.t, e.ConsumeLogs(c.t.Context(), ld))
	}
}

// predict sends spans.
func (c *collector) predict(fill ...func(ptrace.Span)) { c.spans(predictions(fill...)) }

func predictions(fill ...func(ptrace.Span)) ptrace.Traces {
	td := ptrace.NewTraces()
	all := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, f := range fill {
		f(all.AppendEmpty())
	}
	return td
}

// label sends labels.
func (c *collector) label(labels ...label.Label) { c.sendLogs(records(labels...)) }

func records(labels ...label.Label) plog.Logs {
	ld := plog.NewLogs()
	all := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range labels {
		labels[i].Encode(all.AppendEmpty())
	}
	return ld
}

// span is a prediction of the model fraud, so many seconds after an hour ago.
func span(n int, attributes map[string]any) func(ptrace.Span) {
	return func(s ptrace.Span) {
		end := time.Now().Add(-time.Hour + time.Duration(n)*time.Second)
		s.SetTraceID(pcommon.TraceID{0: 1, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)})
		s.SetSpanID(pcommon.SpanID{0: 1, 5: byte(n >> 16), 6: byte(n >> 8), 7: byte(n)})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-10 * time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		s.Attributes().PutStr(mlconv.AttrModelName, "fraud")
		s.Attributes().PutStr(mlconv.AttrModelVersion, "7")
		s.Attributes().PutStr(mlconv.AttrPredictionID, fmt.Sprint("id-", n))
		for k, v := range attributes {
			if err := s.Attributes().PutEmpty(k).FromRaw(v); err != nil {
				panic(err)
			}
		}
	}
}

func truthOf(n int, class string) label.Label {
	return label.Label{PredictionID: fmt.Sprint("id-", n), Class: class, Weight: 1, Time: time.Now()}
}

// emitted are the points of the last emission, by name and attributes without the identity.
func (c *collector) emitted() map[string]float64 {
	all := c.metrics.AllMetrics()
	if len(all) == 0 {
		return nil
	}
	return points(all[len(all)-1])
}

func points(md pmetric.Metrics) map[string]float64 {
	out := map[string]float64{}
	for m := range testkit.Metrics(md) {
		var all pmetric.NumberDataPointSlice
		switch m.Type() {
		case pmetric.MetricTypeGauge:
			all = m.Gauge().DataPoints()
		case pmetric.MetricTypeSum:
			all = m.Sum().DataPoints()
		default:
			continue
		}
		for _, p := range all.All() {
			out[m.Name()+attributesOf(p.Attributes())] = testkit.Number(p)
		}
	}
	return out
}

// attributesOf writes attributes without ml. and what is the same of all.
func attributesOf(m pcommon.Map) string {
	var parts []string
	for k, v := range m.All() {
		if k == mlconv.AttrModelName && v.Str() == "fraud" {
			continue
		}
		k = strings.TrimPrefix(strings.TrimPrefix(k, "ml.evaluation."), "ml.")
		parts = append(parts, k+"="+v.AsString())
	}
	return "{" + strings.Join(parts, " ") + "}"
}
