// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// A partition's states and its deltas are known by the context that they are passed on with; what a
// request says of itself is nothing: whoever may send one could take models away from others.
func TestPartition(t *testing.T) {
	b := metricbuilder.New("", "", pmetric.AggregationTemporalityDelta)
	f := NewFlush(b, "p", 1)
	for range 2 {
		f.Add(&delta.Delta{Key: delta.Key{Model: "fraud"}, Minute: 60, Count: 1})
	}
	for _, state := range []delta.PartitionState{delta.Released, delta.Rereading, delta.Current} {
		ctx, md := PartitionState(t.Context(), "ml_deltas/3", state)
		in := Decode(ctx, md)
		assert.Equal(t, []delta.PartitionChange{{Partition: "ml_deltas/3", State: state}}, in.Changes)
		assert.Zero(t, in.Unreadable)

		sent := Decode(t.Context(), md)
		assert.Empty(t, sent.Changes)
		assert.Equal(t, 1, sent.Unreadable)
		assert.Equal(t, mlconv.MetricSummaryPartitionState, sent.Metric)
	}

	md := b.Metrics()
	ctx := StampPartition(t.Context(), md, "ml_deltas/3")
	_, released := PartitionState(t.Context(), "ml_deltas/3", delta.Released)
	released.ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	in := Decode(ctx, md)
	require.Len(t, in.Deltas, 2)
	assert.Equal(t, "ml_deltas/3", in.Deltas[0].Partition)
	assert.Empty(t, in.Changes, "a message of the topic does not say it either")
	assert.Equal(t, 1, in.Unreadable)
	in = Decode(t.Context(), md)
	require.Len(t, in.Deltas, 2)
	assert.Empty(t, in.Deltas[0].Partition)
}
