// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prometheusrulesconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
)

// NewFactory returns the factory of the prometheus_rules connector.
func NewFactory() connector.Factory {
	f := &factory{}
	return connector.NewFactory(
		metadata.Type,
		createDefaultConfig,
		connector.WithMetricsToMetrics(f.createMetricsToMetrics, metadata.MetricsToMetricsStability),
		connector.WithMetricsToLogs(f.createMetricsToLogs, metadata.MetricsToLogsStability),
	)
}

// factory makes the edges of one config share a state.
type factory struct {
	states sharedcomponent.States[Config, *rulesConnector]
}

func (f *factory) createMetricsToMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Metrics, error) {
	e, err := f.join(set, cfg, pipeline.SignalMetrics)
	if err != nil {
		return nil, err
	}
	e.State().metrics = next
	return e, nil
}

func (f *factory) createMetricsToLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Metrics, error) {
	e, err := f.join(set, cfg, pipeline.SignalLogs)
	if err != nil {
		return nil, err
	}
	e.State().logs = next
	return e, nil
}

func (f *factory) join(set connector.Settings, cfg component.Config, output pipeline.Signal) (*sharedcomponent.MetricsEdge[Config, *rulesConnector], error) {
	c := cfg.(*Config)
	return sharedcomponent.JoinMetrics(&f.states, c, output, func() (*rulesConnector, error) { return newConnector(set, c) })
}
