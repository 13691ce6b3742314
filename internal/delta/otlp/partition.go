// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// StampPartition writes on a request which partition its points came from.
func StampPartition(md pmetric.Metrics, partition string) {
	for _, rm := range md.ResourceMetrics().All() {
		rm.Resource().Attributes().PutStr(mlconv.AttrSummaryPartition, partition)
	}
}

// PartitionState returns a request that says in which state a partition is.
func PartitionState(partition string, state delta.PartitionState) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr(mlconv.AttrSummaryPartition, partition)
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(mlconv.MetricSummaryPartitionState)
	m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(int64(state))
	return md
}

// readState reads a gauge that says in which state a partition is; false where it is another one.
func (o *Decoded) readState(m pmetric.Metric, partition string) bool {
	if m.Name() != mlconv.MetricSummaryPartitionState || partition == "" {
		return false
	}
	for _, p := range m.Gauge().DataPoints().All() {
		state := delta.PartitionState(min(max(p.IntValue(), 0), int64(delta.Current)))
		o.Changes = append(o.Changes, delta.PartitionChange{Partition: partition, State: state, After: len(o.Deltas)})
	}
	return true
}
