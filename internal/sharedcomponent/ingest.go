// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package sharedcomponent

import (
	"context"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
)

// TracesState is a State that takes spans in. It leaves them as they are.
type TracesState interface {
	State
	ConsumeTraces(ctx context.Context, td ptrace.Traces) error
}

// MetricsState is a State that takes metrics in. It leaves them as they are.
type MetricsState interface {
	State
	ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error
}

// LogsState is a State that takes log records in. It leaves them as they are.
type LogsState interface {
	State
	ConsumeLogs(ctx context.Context, ld plog.Logs) error
}

// TracesEdge is an Edge from traces to one other signal.
type TracesEdge[C any, S TracesState] struct{ *Edge[C, S] }

// MetricsEdge is an Edge from metrics to one other signal.
type MetricsEdge[C any, S MetricsState] struct{ *Edge[C, S] }

// LogsEdge is an Edge from logs to one other signal.
type LogsEdge[C any, S LogsState] struct{ *Edge[C, S] }

var (
	_ connector.Logs    = (*LogsEdge[struct{}, LogsState])(nil)
	_ connector.Traces  = (*TracesEdge[struct{}, TracesState])(nil)
	_ connector.Metrics = (*MetricsEdge[struct{}, MetricsState])(nil)
)

// JoinTraces is Join for an edge from traces.
func JoinTraces[C any, S TracesState](states *States[C, S], cfg *C, output pipeline.Signal, create func() (S, error)) (*TracesEdge[C, S], error) {
	e, err := states.Join(cfg, pipeline.SignalTraces, output, create)
	if err != nil {
		return nil, err
	}
	return &TracesEdge[C, S]{e}, nil
}

// JoinMetrics is Join for an edge from metrics.
func JoinMetrics[C any, S MetricsState](states *States[C, S], cfg *C, output pipeline.Signal, create func() (S, error)) (*MetricsEdge[C, S], error) {
	e, err := states.Join(cfg, pipeline.SignalMetrics, output, create)
	if err != nil {
		return nil, err
	}
	return &MetricsEdge[C, S]{e}, nil
}

// JoinLogs is Join for an edge from logs.
func JoinLogs[C any, S LogsState](states *States[C, S], cfg *C, output pipeline.Signal, create func() (S, error)) (*LogsEdge[C, S], error) {
	e, err := states.Join(cfg, pipeline.SignalLogs, output, create)
	if err != nil {
		return nil, err
	}
	return &LogsEdge[C, S]{e}, nil
}

// ConsumeTraces hands the spans to the state, if this is the edge that ingests.
func (e *TracesEdge[C, S]) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if !e.Ingests() {
		return nil
	}
	return e.State().ConsumeTraces(ctx, td)
}

// ConsumeMetrics hands the metrics to the state, if this is the edge that ingests.
func (e *MetricsEdge[C, S]) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if !e.Ingests() {
		return nil
	}
	return e.State().ConsumeMetrics(ctx, md)
}

// ConsumeLogs hands the log records to the state, if this is the edge that ingests.
func (e *LogsEdge[C, S]) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if !e.Ingests() {
		return nil
	}
	return e.State().ConsumeLogs(ctx, ld)
}

// Capabilities says that the log records are only read.
func (*LogsEdge[C, S]) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Capabilities says that the spans are only read.
func (*TracesEdge[C, S]) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Capabilities says that the metrics are only read.
func (*MetricsEdge[C, S]) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }
