// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TracesSink keeps the traces that its Answers let in.
type TracesSink struct {
	consumertest.TracesSink
	Answers
}

// MetricsSink keeps the metrics that its Answers let in.
type MetricsSink struct {
	consumertest.MetricsSink
	Answers
}

// LogsSink keeps the logs that its Answers let in.
type LogsSink struct {
	consumertest.LogsSink
	Answers
}

var (
	_ consumer.Traces  = (*TracesSink)(nil)
	_ consumer.Metrics = (*MetricsSink)(nil)
	_ consumer.Logs    = (*LogsSink)(nil)
)

// ConsumeTraces keeps traces, or refuses them.
func (s *TracesSink) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if err := s.Answer(ctx); err != nil {
		return err
	}
	return s.TracesSink.ConsumeTraces(ctx, td)
}

// ConsumeMetrics keeps metrics, or refuses them.
func (s *MetricsSink) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := s.Answer(ctx); err != nil {
		return err
	}
	return s.MetricsSink.ConsumeMetrics(ctx, md)
}

// ConsumeLogs keeps logs, or refuses them.
func (s *LogsSink) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if err := s.Answer(ctx); err != nil {
		return err
	}
	return s.LogsSink.ConsumeLogs(ctx, ld)
}
