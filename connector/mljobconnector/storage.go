// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track"
	"github.com/otelcol-ml/otelcol-ml/internal/storageclient"
)

// store keeps the tracker's values in a storage client.
type store struct {
	client    storage.Client
	telemetry *telemetry
}

var _ track.Store = (*store)(nil)

// openStore opens the storage with the given id.
func openStore(ctx context.Context, host component.Host, id, self component.ID, t *telemetry) (*store, error) {
	client, err := storageclient.Open(ctx, host, "storage", id, storageclient.Owner{Kind: component.KindConnector, ID: self})
	if err != nil {
		return nil, err
	}
	return &store{client: client, telemetry: t}, nil
}

// Get returns the value of a key, nil if there is none.
func (s *store) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := s.client.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("'storage': cannot read %q: %w", key, err)
	}
	return value, nil
}

// Batch writes all of set, and deletes the keys without a value, at once or not at all.
func (s *store) Batch(ctx context.Context, set map[string][]byte) error {
	ops := make([]*storage.Operation, 0, len(set))
	for key, value := range set {
		if value == nil {
			ops = append(ops, storage.DeleteOperation(key))
		} else {
			ops = append(ops, storage.SetOperation(key, value))
		}
	}
	err := s.client.Batch(ctx, ops...)
	s.telemetry.saved(ctx, err)
	if err != nil {
		return fmt.Errorf("'storage': cannot write %d values: %w", len(ops), err)
	}
	return nil
}
