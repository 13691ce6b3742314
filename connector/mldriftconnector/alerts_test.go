// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/driftalert"
	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// logSink takes alerts.
type logSink struct{ testkit.LogsSink }

// take returns the alerts since the last call.
func (s *logSink) take(t testing.TB) (out []alert.Alert) {
	t.Helper()
	for lr := range testkit.LogRecords(s.AllLogs()...) {
		if lr.EventName() == mlconv.EventDriftEvidence {
			continue
		}
		a, err := alert.Decode(lr)
		require.NoError(t, err)
		out = append(out, a)
	}
	s.Reset()
	return out
}

// of returns those on a subject.
func of(list []alert.Alert, subject, feature string) (out []alert.Alert) {
	for _, a := range list {
		if a.Labels["subject"] == subject && a.Labels["feature"] == feature {
			out = append(out, a)
		}
	}
	return out
}

// both is the connector with an edge to metrics and one to logs.
type both struct {
	edges [2]*edge
	logs  *logSink
}

func startBoth(t testing.TB, set connector.Settings, cfg *Config, h testkit.Host, out *testkit.MetricsSink, logs *logSink) *both {
	t.Helper()
	require.NoError(t, cfg.Validate())
	f := &factory{}
	m, err := f.createMetricsToMetrics(t.Context(), set, cfg, out)
	require.NoError(t, err)
	l, err := f.createMetricsToLogs(t.Context(), set, cfg, logs)
	require.NoError(t, err)
	b := &both{edges: [2]*edge{l.(*edge), m.(*edge)}, logs: logs}
	for _, e := range b.edges {
		require.NoError(t, e.Start(t.Context(), h))
	}
	return b
}

// hours sends live traffic to both edges, as the collector does.
func (b *both) hours(t testing.TB, p *producer, n int, shift float64) {
	for range n * 60 {
		minute := time.Now().Truncate(time.Minute)
		time.Sleep(time.Minute)
		md := p.flush(minute, 5, shift)
		for _, e := range b.edges {
			require.NoError(t, e.ConsumeMetrics(t.Context(), md))
		}
	}
	synctest.Wait()
}

func (b *both) shutdown(t testing.TB) {
	for _, e := range b.edges {
		require.NoError(t, e.Shutdown(context.Background()))
	}
}

// A drift is one alert: it says what has grown, is repeated while it holds, survives a restart and
// resolves.
func TestAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		cards := testCards(base)
		m := cards.Snapshot().Model("", "fraud")
		m.Alerts, m.Owner = catalog.Alerts{Severity: "critical", Runbook: "https://example.com/fraud"}, "risk"
		disk := testkit.NewStorage(nil)
		h := testkit.Host{catalogID: cards, storageID: disk}
		cfg := config(func(c *Config) { c.Storage = &storageID })
		out, logs := &testkit.MetricsSink{}, &logSink{}
		b := startBoth(t, settings(), cfg, h, out, logs)
		p := newProducer(base, "p", 1)
		b.hours(t, p, 3, 0)
		assert.Empty(t, logs.take(t))
		b.hours(t, p, 3, 1)
		testkit.Advance(31 * time.Second)
		list := of(logs.take(t), "feature", "x")
		require.NotEmpty(t, list)
		a := list[0]
		assert.Equal(t, "FeatureDrift", a.Name)
		assert.Equal(t, alert.Critical, a.Severity)
		assert.Equal(t, alert.Firing, a.State)
		assert.Equal(t, map[string]string{"model": "fraud", "version": "7", "feature": "x", "subject": "feature", "reference": "baseline"}, a.Labels)
		assert.Regexp(t, `^model fraud 7: x drifts \(KS 0\.\d+ over 0\.1, n = 300\): shift: (mean|median) .* \(\+\d\S* sd\); 1\.\d+–\d\.\d+ is [34]\d % of the values, was 10 %$`, a.Summary)
		assert.Equal(t, "shift", a.Annotations["kind"])
		assert.Equal(t, "1", a.Annotations["rank"])
		assert.Equal(t, "1", a.Annotations["drifting"])
		assert.Equal(t, "1. x (shift)", a.Annotations["ranking"])
		assert.Regexp(t, "^ab[0-9a-f]{30}( [0-9a-f]{32}){0,2}$", a.Annotations["trace_ids"])
		assert.Equal(t, 1.0, value(t, out.AllMetrics()[len(out.AllMetrics())-1], mlconv.MetricDriftRank, mlconv.AttrFeatureName, "x"))
		assert.Regexp(t, `^shift: (mean|median) \S+ → \S+ \(\+\d\S* sd\)$`, a.Annotations["explanation"])
		since, err := time.Parse(time.RFC3339, a.Annotations["since"])
		require.NoError(t, err)
		assert.Equal(t, a.StartsAt.Add(-2*time.Hour).UTC(), since, "the alert began with the end of the second window")
		assert.Equal(t, byte(0xab), a.TraceID[0])
		assert.Equal(t, byte(0xcd), a.SpanID[0])
		assert.Equal(t, "https://example.com/fraud", a.Annotations["runbook_url"])
		assert.Equal(t, "risk", a.Annotations["owner"])
		assert.Contains(t, a.Annotations["trace_url"], "http://localhost:16686/trace/ab")
		assert.Equal(t, "300", a.Annotations["samples"])
		assert.Equal(t, "5000", a.Annotations["reference_samples"])
		assert.NotEmpty(t, a.Annotations["range_low"])
		assert.Contains(t, a.Annotations, "range_high", "the largest value of the baseline")
		assert.InDelta(t, 60, len(list), 40, "about once a minute since it began")
		for _, again := range list {
			assert.Equal(t, a.StartsAt, again.StartsAt)
			assert.Equal(t, a.Fingerprint(), again.Fingerprint())
		}

		// A kill: what the process does from here on is lost. The alert is the same one afterwards,
		// and comes at once.
		killed := disk.Copy()
		b.shutdown(t)
		h[storageID] = killed
		logs.take(t)
		b = startBoth(t, settings(), config(func(c *Config) { c.Storage = &storageID }), h, out, logs)
		synctest.Wait()
		again := of(logs.take(t), "feature", "x")
		require.Len(t, again, 1)
		assert.Equal(t, a.StartsAt, again[0].StartsAt)

		b.hours(t, p, 4, 0)
		list = of(logs.take(t), "feature", "x")
		last := list[len(list)-1]
		assert.Equal(t, alert.Resolved, last.State)
		assert.Equal(t, a.StartsAt, last.StartsAt)
		assert.Regexp(t, `^model fraud 7: x no longer drifts \(KS 0\.0\d+, threshold 0\.1, n = 300\)$`, last.Summary)
		b.hours(t, p, 1, 0)
		logs.take(t)
		b.hours(t, p, 1, 0)
		assert.Empty(t, logs.take(t), "it was said for a quarter of an hour")
		b.shutdown(t)
	})
}

// Where there is an alert per model, there is no other: it begins with the first drift, lists all
// that drift in their order, is the same one after a restart, and ends with the last drift.
func TestAlertPerModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		cards := testCards(base)
		disk := testkit.NewStorage(nil)
		h := testkit.Host{catalogID: cards, storageID: disk}
		perModel := func() *Config {
			return config(func(c *Config) { c.Storage, c.Alerts.Per = &storageID, AlertsPerModel })
		}
		require.NoError(t, perModel().Validate())
		logs := &logSink{}
		b := startBoth(t, settings(), perModel(), h, &testkit.MetricsSink{}, logs)
		p := newProducer(base, "p", 1)
		b.hours(t, p, 3, 0)
		assert.Empty(t, logs.take(t))
		b.hours(t, p, 3, 1)
		testkit.Advance(31 * time.Second)
		list := logs.take(t)
		require.NotEmpty(t, list)
		for _, a := range list {
			assert.Equal(t, "ModelDrift", a.Name)
			assert.Equal(t, map[string]string{"model": "fraud", "version": "7"}, a.Labels)
			assert.Equal(t, list[0].Fingerprint(), a.Fingerprint())
			assert.Equal(t, list[0].StartsAt, a.StartsAt)
		}
		a := list[len(list)-1]
		assert.Equal(t, alert.Firing, a.State)
		assert.Regexp(t, `^model fraud 7: x drifts \(KS 0\.\d+ over 0\.1, n = \d+\): shift: .* is [34]\d % of the values, was 10 %$`, a.Summary)
		assert.Equal(t, "1. x (shift)", a.Annotations["ranking"])
		assert.Equal(t, "x", a.Annotations["feature"])
		assert.Equal(t, "baseline", a.Annotations["reference"])
		assert.NotEmpty(t, a.Annotations["trace_url"])
		since, err := time.Parse(time.RFC3339, a.Annotations["since"])
		require.NoError(t, err)
		assert.Equal(t, a.StartsAt.Add(-2*time.Hour).UTC(), since)

		killed := disk.Copy()
		b.shutdown(t)
		h[storageID] = killed
		logs.take(t)
		b = startBoth(t, settings(), perModel(), h, &testkit.MetricsSink{}, logs)
		b.hours(t, p, 4, 0)
		list = logs.take(t)
		require.NotEmpty(t, list)
		last := list[len(list)-1]
		assert.Equal(t, a.StartsAt, list[0].StartsAt, "the same one")
		assert.Equal(t, alert.Resolved, last.State)
		assert.Equal(t, a.StartsAt, last.StartsAt)
		assert.Equal(t, "model fraud 7: nothing drifts any more", last.Summary)
		b.shutdown(t)
	})
	assert.ErrorContains(t, config(func(c *Config) { c.Alerts.Per = "day" }).Validate(), "alerts::per")
}

// A downstream that fails gets what has begun and what has ended, in order, as soon as it takes
// alerts again.
func TestAlertsWaitForTheirDownstream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		tel := componenttest.NewTelemetry()
		logs := &logSink{}
		b := startBoth(t, metadatatest.NewSettings(tel), config(nil), testkit.Host{catalogID: testCards(base)}, &testkit.MetricsSink{}, logs)
		p := newProducer(base, "p", 1)
		b.hours(t, p, 3, 0)
		logs.Fail(errDown)
		b.hours(t, p, 3, 1)
		b.hours(t, p, 4, 0)
		logs.Fail(nil)
		testkit.Advance(time.Minute)
		list := of(logs.take(t), "feature", "x")
		require.Len(t, list, 2)
		assert.Equal(t, alert.Firing, list[0].State)
		assert.Equal(t, alert.Resolved, list[1].State)
		assert.Positive(t, list[1].EndsAt.Sub(list[0].StartsAt))
		got, err := tel.GetMetric("otelcol_ml_drift_alerts")
		require.NoError(t, err)
		require.Len(t, got.Data.(metricdata.Sum[int64]).DataPoints, 2)
		b.shutdown(t)
		require.NoError(t, tel.Shutdown(context.Background()))
	})
}

// What is not watched any more does not alert for ever, and no more alerts are held than there is
// room for.
func TestAlertsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		tel := componenttest.NewTelemetry()
		logs := &logSink{}
		cards := testCards(base)
		cfg := config(func(c *Config) { c.Limits.Alerts = 1 })
		b := startBoth(t, metadatatest.NewSettings(tel), cfg, testkit.Host{catalogID: cards}, &testkit.MetricsSink{}, logs)
		synctest.Wait() // the loop has emitted what it had: nothing
		state := b.edges[0].State()
		results := make([]drift.Result, 3)
		for i := range results {
			results[i] = drift.Result{Key: drift.Key{Model: "m", Subject: drift.Feature, Name: fmt.Sprint("f", i)}, Reference: "baseline", Verdict: drift.Drift, End: 100}
		}
		a := state.alerts
		for i := range results {
			a.Holds(&results[i], cards.Snapshot(), time.Now())
		}
		require.Len(t, a.Due(time.Now()), 1)
		state.emitLogs(t.Context(), time.Now())
		require.Len(t, logs.take(t), 1)
		a.Settle(time.Now()) // it was seen
		assert.False(t, a.Undelivered())
		a.Settle(time.Now())
		state.emitLogs(t.Context(), time.Now())
		list := logs.take(t)
		require.Len(t, list, 1)
		assert.Equal(t, alert.Resolved, list[0].State)
		assert.Equal(t, "model m: f0 is not watched any more", list[0].Summary)
		a.Holds(&results[1], cards.Snapshot(), time.Now())
		require.Equal(t, 1, a.Len(), "a resolved one makes room")
		for range (driftalert.MaxQueued + 5) / 2 {
			ended := drift.Change{Result: results[1], From: drift.Drift}
			ended.Verdict = drift.OK
			a.Observe(nil, []drift.Change{ended}, cards.Snapshot(), time.Now())
			a.Holds(&results[1], cards.Snapshot(), time.Now())
		}
		assert.Len(t, a.Due(time.Now()), driftalert.MaxQueued)
		state.emitLogs(t.Context(), time.Now())
		metadatatest.AssertEqualMlDriftAlerts(t, tel, []metricdata.DataPoint[int64]{
			{Value: 2, Attributes: attrs("outcome", "overflow")},
			{Value: 5, Attributes: attrs("outcome", "dropped")},
			{Value: 2 + driftalert.MaxQueued, Attributes: attrs("outcome", "sent")},
		}, metricdatatest.IgnoreTimestamp())
		b.shutdown(t)
		require.NoError(t, tel.Shutdown(context.Background()))
	})
}
