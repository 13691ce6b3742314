// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
)

// NewFactory returns the factory of the ml_evaluation connector.
func NewFactory() connector.Factory {
	f := &factory{}
	return connector.NewFactory(
		metadata.Type,
		createDefaultConfig,
		connector.WithTracesToMetrics(f.createTracesToMetrics, metadata.TracesToMetricsStability),
		connector.WithTracesToLogs(f.createTracesToLogs, metadata.TracesToLogsStability),
		connector.WithLogsToMetrics(f.createLogsToMetrics, metadata.LogsToMetricsStability),
		connector.WithLogsToLogs(f.createLogsToLogs, metadata.LogsToLogsStability),
	)
}

// factory makes the edges of one config share a state.
type factory struct {
	states sharedcomponent.States[Config, *evaluationConnector]
}

func (f *factory) createTracesToMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Traces, error) {
	e, err := f.joinTraces(set, cfg, pipeline.SignalMetrics)
	if err != nil {
		return nil, err
	}
	e.State().metrics = next
	return e, nil
}

func (f *factory) createTracesToLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Traces, error) {
	e, err := f.joinTraces(set, cfg, pipeline.SignalLogs)
	if err != nil {
		return nil, err
	}
	e.State().logs = next
	return e, nil
}

func (f *factory) createLogsToMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Logs, error) {
	e, err := f.joinLogs(set, cfg, pipeline.SignalMetrics)
	if err != nil {
		return nil, err
	}
	e.State().metrics = next
	return e, nil
}

func (f *factory) createLogsToLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
	e, err := f.joinLogs(set, cfg, pipeline.SignalLogs)
	if err != nil {
		return nil, err
	}
	e.State().logs = next
	return e, nil
}

func (f *factory) joinTraces(set connector.Settings, cfg component.Config, output pipeline.Signal) (*sharedcomponent.TracesEdge[Config, *evaluationConnector], error) {
	c := cfg.(*Config)
	return sharedcomponent.JoinTraces(&f.states, c, output, func() (*evaluationConnector, error) { return newConnector(set, c) })
}

func (f *factory) joinLogs(set connector.Settings, cfg component.Config, output pipeline.Signal) (*sharedcomponent.LogsEdge[Config, *evaluationConnector], error) {
	c := cfg.(*Config)
	return sharedcomponent.JoinLogs(&f.states, c, output, func() (*evaluationConnector, error) { return newConnector(set, c) })
}
