// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prometheusrulesconnector

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// rig is a connector between sinks.
type rig struct {
	cfg     *Config
	in      connector.Metrics
	edges   []connector.Metrics
	alerts  *testkit.LogsSink
	metrics *testkit.MetricsSink
}

// start starts a connector on a folder with rule files: rules.yaml is what is given.
func start(t *testing.T, set connector.Settings, folder, rules string, change func(*Config)) *rig {
	t.Helper()
	r := create(t, set, folder, rules, change)
	for _, e := range r.edges {
		require.NoError(t, e.Start(context.Background(), testkit.Host{}))
	}
	return r
}

func create(t *testing.T, set connector.Settings, folder, rules string, change func(*Config)) *rig {
	t.Helper()
	writeRules(t, folder, rules)
	f := NewFactory()
	cfg := f.CreateDefaultConfig().(*Config)
	cfg.Directory = filepath.Join(folder, "tsdb")
	cfg.RuleFiles = []string{filepath.Join(folder, "*.yaml")}
	cfg.EvaluationInterval = 15 * time.Second
	cfg.WithoutScopeInfo = true
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	r := &rig{cfg: cfg, alerts: &testkit.LogsSink{}, metrics: &testkit.MetricsSink{}}
	toLogs, err := f.CreateMetricsToLogs(context.Background(), set, cfg, r.alerts)
	require.NoError(t, err)
	toMetrics, err := f.CreateMetricsToMetrics(context.Background(), set, cfg, r.metrics)
	require.NoError(t, err)
	r.in, r.edges = toLogs, []connector.Metrics{toLogs, toMetrics}
	return r
}

func writeRules(t *testing.T, folder, rules string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "rules.yaml"), []byte(rules), 0o600))
}

func settings() connector.Settings {
	set := connectortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	set.TelemetrySettings = componenttest.NewNopTelemetrySettings()
	return set
}

func (r *rig) stop(t *testing.T) {
	t.Helper()
	for _, e := range r.edges {
		require.NoError(t, e.Shutdown(context.Background()))
	}
}

// send sends a request.
func (r *rig) send(t *testing.T, md pmetric.Metrics) {
	t.Helper()
	for _, e := range r.edges {
		require.NoError(t, e.ConsumeMetrics(context.Background(), md))
	}
}

// during sends a request every ten seconds, of the time that has passed.
func (r *rig) during(t *testing.T, d time.Duration, request func(passed time.Duration) pmetric.Metrics) {
	t.Helper()
	for passed := time.Duration(0); passed < d; passed += 10 * time.Second {
		r.send(t, request(passed))
		testkit.Advance(10 * time.Second)
	}
}

// said returns the alerts that were emitted, in order.
func (r *rig) said(t *testing.T) []alert.Alert {
	t.Helper()
	var all []alert.Alert
	for lr := range testkit.LogRecords(r.alerts.AllLogs()...) {
		a, err := alert.Decode(lr)
		require.NoError(t, err)
		all = append(all, a)
	}
	return all
}

// gauge is a request with one point.
func gauge(name string, v float64, attributes ...string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetDoubleValue(v)
	p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	put(p.Attributes(), attributes)
	return md
}

// counter is a request with one point of a cumulative sum and an exemplar.
func counter(name string, v float64, trace byte, attributes ...string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := sum.DataPoints().AppendEmpty()
	p.SetDoubleValue(v)
	p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	put(p.Attributes(), attributes)
	if trace > 0 {
		e := p.Exemplars().AppendEmpty()
		e.SetTraceID(pcommon.TraceID{0: trace})
		e.SetSpanID(pcommon.SpanID{0: trace})
		e.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		e.SetDoubleValue(1)
	}
	return md
}

func put(to pcommon.Map, pairs []string) {
	for i := 0; i < len(pairs); i += 2 {
		to.PutStr(pairs[i], pairs[i+1])
	}
}
