// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// evidence returns the records on feature x that came since the last call.
func (s *logSink) evidence() (out []plog.LogRecord) {
	for lr := range testkit.LogRecords(s.AllLogs()...) {
		if name, _ := lr.Attributes().Get(mlconv.AttrFeatureName); lr.EventName() == mlconv.EventDriftEvidence && name.Str() == "x" {
			out = append(out, lr)
		}
	}
	s.Reset()
	return out
}

// hoursOf are the ends of the windows of records, in hours since a time.
func hoursOf(list []plog.LogRecord, since time.Time) (out []int) {
	for _, lr := range list {
		out = append(out, int(lr.Timestamp().AsTime().Sub(since)/time.Hour))
	}
	return out
}

func text(lr plog.LogRecord, name string) string {
	v, _ := lr.Attributes().Get(name)
	return v.AsString()
}

// Each window of an hour that shows a drift, and the one that ends it, is one record, with a row of
// that window; a kill after it was sent makes it come no second time, one before it was sent loses
// none.
func TestEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		disk := testkit.NewStorage(nil)
		h := testkit.Host{catalogID: testCards(base), storageID: disk}
		cfg := config(func(c *Config) { // nothing is saved but for what is emitted
			c.Storage, c.Evidence.PerWindow, c.SaveInterval = &storageID, 20, 24*time.Hour
		})
		logs := &logSink{}
		start := func() *both { return startBoth(t, settings(), cfg, h, &testkit.MetricsSink{}, logs) }
		begin := time.Now()
		b := start()
		p := newProducer(base, "p", 1)
		b.hours(t, p, 3, 0)
		b.hours(t, p, 3, 1)
		testkit.Advance(4 * time.Minute)
		list := logs.evidence()
		require.Equal(t, []int{5, 6}, hoursOf(list, begin), "from the second window on, which has brought the verdict")
		for _, lr := range list {
			assert.Regexp(t, `^model fraud 7: x drifts \(KS 0\.\d+ over 0\.1, n = 300\): shift: `, lr.Body().Str())
			assert.Equal(t, byte(0xab), lr.TraceID()[0])
			end := int(lr.Timestamp().AsTime().Sub(begin) / time.Minute)
			flush := end - int(byte(end)-lr.TraceID()[1]) // the producer's sequence, of which a trace has eight bits
			assert.WithinRange(t, begin.Add(time.Duration(flush)*time.Minute), begin.Add(time.Duration(end-59)*time.Minute), begin.Add(time.Duration(end)*time.Minute), "a row of its own window")
			assert.Equal(t, "1", text(lr, mlconv.AttrDriftRank))
			assert.Equal(t, begin.Add(3*time.Hour).UTC().Format(time.RFC3339), text(lr, mlconv.AttrDriftSince))
			assert.NotZero(t, lr.ObservedTimestamp())
		}

		// Killed after they were sent.
		h[storageID] = disk.Copy()
		b.shutdown(t)
		logs.evidence()
		b = start()
		testkit.Advance(10 * time.Minute)
		assert.Empty(t, logs.evidence(), "they were sent")

		// Killed while the downstream was down.
		logs.Fail(errDown)
		b.hours(t, p, 1, 1)
		testkit.Advance(4 * time.Minute)
		assert.Empty(t, logs.evidence())
		h[storageID] = h[storageID].(*testkit.Storage).Copy()
		b.shutdown(t)
		logs.Fail(nil)
		b = start()
		synctest.Wait()
		list = logs.evidence()
		require.Len(t, list, 1, "at once")
		assert.Equal(t, "drift", text(list[0], mlconv.AttrDriftVerdict))

		b.hours(t, p, 5, 0)
		list = logs.evidence()
		require.NotEmpty(t, list)
		last := list[len(list)-1]
		assert.Equal(t, "ok", text(last, mlconv.AttrDriftVerdict))
		assert.Regexp(t, `^model fraud 7: x no longer drifts \(KS 0\.0\d+, threshold 0\.1, n = 300\)$`, last.Body().Str())
		assert.True(t, last.TraceID().IsEmpty())
		b.shutdown(t)
	})
}

// What a downstream will never take is given up; what is more than a window may have is counted; and
// who has no pipeline of logs is told.
func TestEvidenceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		tel := componenttest.NewTelemetry()
		logs := &logSink{}
		cfg := config(func(c *Config) { c.Evidence.PerWindow = 1; c.Reference = []string{"baseline", "previous"} })
		b := startBoth(t, metadatatest.NewSettings(tel), cfg, testkit.Host{catalogID: testCards(base)}, &testkit.MetricsSink{}, logs)
		p := newProducer(base, "p", 1)
		b.hours(t, p, 3, 0)
		logs.Fail(consumererror.NewPermanent(errDown))
		b.hours(t, p, 3, 1)
		logs.Fail(nil)
		testkit.Advance(4 * time.Minute)
		require.Len(t, logs.evidence(), 1)
		metadatatest.AssertEqualMlDriftEvidence(t, tel, []metricdata.DataPoint[int64]{
			{Value: 2, Attributes: attrs("outcome", "overflow")}, // against the window before
			{Value: 1, Attributes: attrs("outcome", "refused")},
			{Value: 1, Attributes: attrs("outcome", "sent")},
		}, metricdatatest.IgnoreTimestamp())
		b.shutdown(t)
		require.NoError(t, tel.Shutdown(context.Background()))
	})
	set := settings()
	lines := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
	c := started(t, set, config(func(c *Config) { c.Evidence.PerWindow = 1 }), testkit.Host{catalogID: testCards(testBaseline())}, &testkit.MetricsSink{})
	require.NoError(t, c.Shutdown(context.Background()))
	assert.Equal(t, 1, lines.FilterMessageSnippet("evidence::per_window").Len())
	assert.ErrorContains(t, config(func(c *Config) { c.Evidence.PerWindow = -1 }).Validate(), "evidence::per_window")
}
