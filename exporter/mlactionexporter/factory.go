// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/sharedcomponent"
)

// NewFactory returns the factory of the ml_action exporter.
func NewFactory() exporter.Factory {
	f := &factory{}
	return exporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		exporter.WithLogs(f.createLogs, metadata.LogsStability),
		exporter.WithTraces(f.createTraces, metadata.TracesStability),
	)
}

// factory makes the exporters of one config, which are one a signal, share a state.
type factory struct {
	states sharedcomponent.States[Config, *actionExporter]
}

func (f *factory) createLogs(_ context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	edge, err := f.join(set, cfg, pipeline.SignalLogs)
	if err != nil {
		return nil, err
	}
	return &logs{edge}, nil
}

func (f *factory) createTraces(_ context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	edge, err := f.join(set, cfg, pipeline.SignalTraces)
	if err != nil {
		return nil, err
	}
	return &traces{edge}, nil
}

func (f *factory) join(set exporter.Settings, cfg component.Config, signal pipeline.Signal) (*edge, error) {
	c := cfg.(*Config)
	return f.states.Join(c, signal, signal, func() (*actionExporter, error) { return newExporter(set, c) })
}
