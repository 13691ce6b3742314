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

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// After a restart the totals are emitted as they were before anything new is: what makes deltas of
// them then misses none of it. A first start has nothing to say.
func TestTotalsAfterARestartBeginWhereTheyEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		disk := testkit.NewStorage(nil)
		cfg := config(func(c *Config) { c.Storage = &storageID })
		host := testkit.Host{catalogID: testCards(base), storageID: disk}
		out := &testkit.MetricsSink{}
		p := newProducer(base, "p", 1)
		c := started(t, settings(), cfg, host, out)
		synctest.Wait()
		assert.Empty(t, out.AllMetrics())
		require.NoError(t, c.ConsumeMetrics(context.Background(), p.flush(time.Now(), 5, 0)))
		require.NoError(t, c.Shutdown(context.Background()))

		c = started(t, settings(), cfg, host, out)
		synctest.Wait()
		all := out.AllMetrics()
		require.Len(t, all, 2, "the last emission of the first process, and the base of the second")
		assert.Equal(t, 5.0, value(t, all[1], mlconv.MetricPredictionCount))
		for q := range testkit.Points(mlconv.MetricDriftVerdict, all[1]) {
			assert.Fail(t, "verdicts come with the first emission", "%v", q.Attributes().AsRaw())
		}
		require.NoError(t, c.ConsumeMetrics(context.Background(), p.flush(time.Now(), 7, 0)))
		testkit.Advance(cfg.EmitInterval + time.Second)
		all = out.AllMetrics()
		require.Len(t, all, 3)
		assert.Equal(t, 12.0, value(t, all[2], mlconv.MetricPredictionCount))
		require.NoError(t, c.Shutdown(context.Background()))
	})
}
