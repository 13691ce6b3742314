// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// source is where a request came from, in the context of the process: what a request says of itself,
// anyone can write who sends one.
type source struct {
	partition string
	// state says that the request is a PartitionState.
	state bool
}

type sourceKey struct{}

func (s source) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, sourceKey{}, s)
}

func sourceOf(ctx context.Context) source {
	s, _ := ctx.Value(sourceKey{}).(source)
	return s
}

// StampPartition writes on a request which partition its points came from. The request is to be
// passed on with the context that is returned: without it Decode reads no partition.
func StampPartition(ctx context.Context, md pmetric.Metrics, partition string) context.Context {
	for _, rm := range md.ResourceMetrics().All() {
		rm.Resource().Attributes().PutStr(mlconv.AttrSummaryPartition, partition)
	}
	return source{partition: partition}.context(ctx)
}

// PartitionState returns a request that says in which state a partition is, and the context that it is
// to be passed on with.
func PartitionState(ctx context.Context, partition string, state delta.PartitionState) (context.Context, pmetric.Metrics) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr(mlconv.AttrSummaryPartition, partition)
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(mlconv.MetricSummaryPartitionState)
	m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(int64(state))
	return source{partition, true}.context(ctx), md
}

// readState reads a gauge that says in which state a partition is; false where it is another one.
func (o *Decoded) readState(m pmetric.Metric, from source) bool {
	if m.Name() != mlconv.MetricSummaryPartitionState || !from.state {
		return false
	}
	for _, p := range m.Gauge().DataPoints().All() {
		state := delta.PartitionState(min(max(p.IntValue(), 0), int64(delta.Current)))
		o.Changes = append(o.Changes, delta.PartitionChange{Partition: from.partition, State: state, After: len(o.Deltas)})
	}
	return true
}
