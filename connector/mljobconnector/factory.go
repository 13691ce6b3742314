// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
)

// NewFactory returns the factory of the ml_job connector.
func NewFactory() connector.Factory {
	f := &factory{}
	return connector.NewFactory(
		metadata.Type,
		createDefaultConfig,
		connector.WithTracesToLogs(f.createTracesToLogs, metadata.TracesToLogsStability),
		connector.WithTracesToMetrics(f.createTracesToMetrics, metadata.TracesToMetricsStability),
	)
}

// factory makes the edges of one config share a state.
type factory struct {
	states sharedcomponent.States[Config, *jobConnector]
}

func (f *factory) createTracesToLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Traces, error) {
	e, err := f.join(set, cfg, pipeline.SignalLogs)
	if err != nil {
		return nil, err
	}
	e.State().logs = next
	return e, nil
}

func (f *factory) createTracesToMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Traces, error) {
	e, err := f.join(set, cfg, pipeline.SignalMetrics)
	if err != nil {
		return nil, err
	}
	e.State().metrics = next
	return e, nil
}

func (f *factory) join(set connector.Settings, cfg component.Config, output pipeline.Signal) (*sharedcomponent.TracesEdge[Config, *jobConnector], error) {
	c := cfg.(*Config)
	return sharedcomponent.JoinTraces(&f.states, c, output, func() (*jobConnector, error) { return newConnector(set, c) })
}
