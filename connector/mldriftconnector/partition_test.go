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
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// consume gives a request to both edges, as the collector does.
func (b *both) consume(ctx context.Context, t testing.TB, md pmetric.Metrics) {
	for _, e := range b.edges {
		require.NoError(t, e.ConsumeMetrics(ctx, md))
	}
}

func (b *both) partition(t testing.TB, state delta.PartitionState) {
	ctx, md := otlp.PartitionState(t.Context(), "deltas/1", state)
	b.consume(ctx, t, md)
}

// A partition goes from one aggregator to another: the new one reads it again within a moment, says
// nothing meanwhile, and then has the same counts and the same alert as the old one, which lets go
// of it without a word. A restart with a storage is no other.
func TestPartitionChangesHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		h := testkit.Host{catalogID: testCards(base), storageID: testkit.NewStorage(nil)}
		out, logs := &testkit.MetricsSink{}, &logSink{}
		old := startBoth(t, settings(), config(func(c *Config) { c.Storage = &storageID }), h, out, logs)
		p := newProducer(base, "p", 1)
		var topic []pmetric.Metrics
		hours := func(b *both, n int, shift float64) {
			for range n * 60 {
				minute := time.Now().Truncate(time.Minute)
				time.Sleep(time.Minute)
				md := p.flush(minute, 5, shift)
				topic = append(topic, md)
				b.consume(otlp.StampPartition(t.Context(), md, "deltas/1"), t, md)
			}
			synctest.Wait()
		}
		old.partition(t, delta.Rereading)
		old.partition(t, delta.Current)
		hours(old, 3, 0)
		hours(old, 3, 1)
		testkit.Advance(31 * time.Second)
		first := of(logs.take(t), "feature", "x")
		require.NotEmpty(t, first)
		all := out.AllMetrics()
		want := value(t, all[len(all)-1], mlconv.MetricPredictionCount, mlconv.AttrModelVersion, "7")
		assert.InDelta(t, 6*60*5, want, 0)

		old.partition(t, delta.Released)
		out.Reset()
		testkit.Advance(30 * time.Minute)
		assert.Empty(t, logs.take(t), "nothing is resolved")
		assert.Empty(t, out.AllMetrics())
		old.shutdown(t)

		for range 2 { // the second time as a restart
			sink := &testkit.MetricsSink{}
			b := startBoth(t, settings(), config(func(c *Config) { c.Storage = &storageID }), h, sink, logs)
			b.partition(t, delta.Rereading)
			for i, md := range topic {
				b.consume(otlp.StampPartition(t.Context(), md, "deltas/1"), t, md)
				if i%100 == 50 {
					testkit.Advance(2 * time.Minute) // longer than idle
				}
			}
			assert.Empty(t, logs.take(t))
			assert.Empty(t, sink.AllMetrics())
			b.partition(t, delta.Current)
			testkit.Advance(61 * time.Second)
			again := of(logs.take(t), "feature", "x")
			require.NotEmpty(t, again)
			assert.Equal(t, first[0].StartsAt, again[0].StartsAt)
			assert.Equal(t, first[0].Fingerprint(), again[0].Fingerprint())
			assert.Equal(t, alert.Firing, again[0].State)
			all = sink.AllMetrics()
			require.NotEmpty(t, all)
			assert.Equal(t, want, value(t, all[len(all)-1], mlconv.MetricPredictionCount, mlconv.AttrModelVersion, "7"))
			b.shutdown(t)
			logs.take(t)
		}
	})
}

// Who sends deltas over OTLP cannot say that they came from a partition, and take the model away with
// it: it stays in the storage, and what was counted stays counted.
func TestPartitionIsNotTakenFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := testBaseline()
		h := testkit.Host{catalogID: testCards(base), storageID: testkit.NewStorage(nil)}
		out := &testkit.MetricsSink{}
		c := started(t, settings(), config(func(c *Config) { c.Storage = &storageID }), h, out)
		require.NoError(t, c.ConsumeMetrics(t.Context(), newProducer(base, "p", 1).flush(time.Now(), 5, 0)))
		stranger := newProducer(base, "stranger", 2).flush(time.Now(), 1, 0)
		_ = otlp.StampPartition(t.Context(), stranger, "deltas/1")
		require.NoError(t, c.ConsumeMetrics(t.Context(), stranger))
		for _, state := range []delta.PartitionState{delta.Current, delta.Rereading, delta.Released} {
			_, md := otlp.PartitionState(t.Context(), "deltas/1", state)
			require.NoError(t, c.ConsumeMetrics(t.Context(), md))
		}
		require.NoError(t, c.Shutdown(t.Context()))
		out.Reset()
		again := started(t, settings(), config(func(c *Config) { c.Storage = &storageID }), h, out)
		testkit.Advance(31 * time.Second)
		all := out.AllMetrics()
		require.NotEmpty(t, all)
		assert.InDelta(t, 6, value(t, all[len(all)-1], mlconv.MetricPredictionCount, mlconv.AttrModelVersion, "7"), 0)
		require.NoError(t, again.Shutdown(t.Context()))
	})
}
