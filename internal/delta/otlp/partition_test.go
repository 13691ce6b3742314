// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// A partition's states and its deltas come in the order that they were written in, also in one
// request; a gauge of the same name that is of no partition is unreadable.
func TestPartition(t *testing.T) {
	b := metricbuilder.New("", "", pmetric.AggregationTemporalityDelta)
	f := NewFlush(b, "p", 1)
	for range 2 {
		f.Add(&delta.Delta{Key: delta.Key{Model: "fraud"}, Minute: 60, Count: 1})
	}
	StampPartition(b.Metrics(), "ml_deltas/3")
	all := PartitionState("ml_deltas/3", delta.Rereading)
	b.Metrics().ResourceMetrics().MoveAndAppendTo(all.ResourceMetrics())
	PartitionState("ml_deltas/3", delta.Current).ResourceMetrics().MoveAndAppendTo(all.ResourceMetrics())
	PartitionState("ml_deltas/2", delta.Released).ResourceMetrics().MoveAndAppendTo(all.ResourceMetrics())
	nobody := all.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	nobody.SetName(mlconv.MetricSummaryPartitionState)
	nobody.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)

	in := Decode(all)
	assert.Equal(t, []delta.PartitionChange{
		{Partition: "ml_deltas/3", State: delta.Rereading, After: 0},
		{Partition: "ml_deltas/3", State: delta.Current, After: 2},
		{Partition: "ml_deltas/2", State: delta.Released, After: 2},
	}, in.Changes)
	assert.Len(t, in.Deltas, 2)
	for _, d := range in.Deltas {
		assert.Equal(t, "ml_deltas/3", d.Partition)
	}
	assert.Equal(t, 1, in.Unreadable)
}
