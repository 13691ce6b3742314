// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
)

// store is where the tracker's records lie. It counts the batches.
type store struct {
	*storageclient.Client
	telemetry *telemetry
}

// openStore opens the storage with the given id.
func openStore(ctx context.Context, host component.Host, id, self component.ID, t *telemetry) (*store, error) {
	client, err := storageclient.Open(ctx, host, "storage", id, storageclient.Owner{Kind: component.KindConnector, ID: self})
	if err != nil {
		return nil, err
	}
	return &store{client, t}, nil
}

// Batch writes all of set, and deletes the keys without a value, at once or not at all.
func (s *store) Batch(ctx context.Context, set map[string][]byte) error {
	err := s.Client.Batch(ctx, set)
	s.telemetry.saved(ctx, err)
	return err
}
