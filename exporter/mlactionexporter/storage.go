// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
)

// openStorage opens the storage of the journal; nil where the config has none.
func (e *actionExporter) openStorage(ctx context.Context, host component.Host) (*storageclient.Client, error) {
	if e.cfg.Storage == nil {
		return nil, nil
	}
	return storageclient.Open(ctx, host, "storage", *e.cfg.Storage, storageclient.Owner{Kind: component.KindExporter, ID: e.id})
}
