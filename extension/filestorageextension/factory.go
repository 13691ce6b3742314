// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package filestorageextension

import (
	"context"
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension/internal/metadata"
)

// NewFactory returns the factory of the file_storage extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func create(ctx context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	c := cfg.(*Config)
	inner, err := filestorage.NewFactory().Create(ctx, set, &c.Config)
	if err != nil {
		return nil, err
	}
	contrib, ok := inner.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("contrib's file_storage is not a storage but a %T", inner)
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &fileStorage{Extension: contrib, id: set.ID, cfg: c, logger: set.Logger, telemetry: telemetry}, nil
}
