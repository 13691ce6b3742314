// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// TestGoldenStore starts on what earlier versions stored: after six hours of which the last three
// drift, with a downstream that took no metrics (nor logs, of the third). Nothing is set aside, the alert goes on, and so do
// the points that wait and the windows.
func TestGoldenStore(t *testing.T) {
	base := testBaseline()
	cards := testCards(base)
	cfg := config(func(c *Config) { c.Timestamps, c.Storage, c.Evidence.PerWindow = TimestampsEvent, &storageID, 20 })
	testkit.GoldenStores(t, func() (stored map[string][]byte) {
		synctest.Test(t, func(t *testing.T) {
			disk := testkit.NewStorage(nil)
			logs := &logSink{}
			logs.Fail(errDown)
			b := startBoth(t, settings(), cfg, testkit.Host{catalogID: cards, storageID: disk}, failing(), logs)
			p := newProducer(base, "p", 1)
			b.hours(t, p, 3, 0)
			b.hours(t, p, 3, 1)
			b.shutdown(t)
			stored = disk.Values()
		})
		return stored
	}, func(t *testing.T, stored map[string][]byte) {
		synctest.Test(t, func(t *testing.T) {
			disk := testkit.NewStorage(stored)
			begin := time.Now()
			time.Sleep(6*time.Hour + 30*time.Second)
			set := settings()
			lines := testkit.ObserveLogs(&set.TelemetrySettings, zap.InfoLevel)
			out, logs := &testkit.MetricsSink{}, &logSink{}
			b := startBoth(t, set, cfg, testkit.Host{catalogID: cards, storageID: disk}, out, logs)
			synctest.Wait()
			restored := lines.FilterMessage("Windows continue from the last save").All()
			require.Len(t, restored, 1)
			assert.EqualValues(t, 2, restored[0].ContextMap()["values"], "a model and what was seen")
			assert.Empty(t, lines.FilterMessageSnippet("set aside").All())

			// Evidence that waits came with the third store.
			waited := 0
			for lr := range testkit.LogRecords(logs.AllLogs()...) {
				if lr.EventName() == mlconv.EventDriftEvidence {
					waited++
					assert.Equal(t, begin.Add(5*time.Hour).Unix(), lr.Timestamp().AsTime().Unix())
					assert.Regexp(t, `^model fraud 7: x drifts \(KS 0\.\d+ over 0\.1, n = 300\): `, lr.Body().Str())
				}
			}
			if _, has := stored[keyEvidence]; has {
				assert.Equal(t, 1, waited)
			}

			// The alert is the one that began when the window at 04:00 was judged.
			a := of(logs.take(t), "feature", "x")
			require.Len(t, a, 1)
			assert.Equal(t, alert.Firing, a[0].State)
			assert.Equal(t, "FeatureDrift", a[0].Name)
			assert.Equal(t, begin.Add(5*time.Hour).Unix(), a[0].StartsAt.Unix())
			assert.Regexp(t, `^model fraud 7: x drifts \(KS 0\.\d+ over 0\.1, n = 300\): (shift: .*; )?(above 1\.\d+|1\.\d+–\d\.\d+) is [34]\d % of the values, was 10 %$`, a[0].Summary)

			// The points of the windows that have closed waited.
			p := newProducer(base, "p", 1)
			for range 360 {
				p.flush(begin, 5, 0) // the same producer, where it was
			}
			b.hours(t, p, 2, 0)
			samples := map[int64]int64{}
			for _, md := range out.AllMetrics() {
				for q := range testkit.Points(mlconv.MetricDriftSamples, md) {
					if name, _ := q.Attributes().Get(mlconv.AttrFeatureName); name.Str() == "x" {
						samples[int64(q.Timestamp().AsTime().Sub(begin)/time.Hour)] = q.IntValue()
					}
				}
			}
			assert.Equal(t, map[int64]int64{1: 300, 2: 300, 3: 300, 4: 300, 5: 300, 6: 300, 7: 300}, samples)
			b.shutdown(t)
			for key := range disk.Values() {
				assert.NotContains(t, key, "corrupt/")
				assert.NotEqual(t, keyIndex, key, "the index is in parts from the first start on")
			}
		})
	})
}
