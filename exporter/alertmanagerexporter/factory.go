// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/metadata"
)

// NewFactory returns the factory of the alertmanager exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		exporter.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createLogs(_ context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	return newExporter(set, cfg.(*Config))
}
