// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package storageclient

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-ml/otelcol-ml/internal/state"
)

// Client is a state.Store in a storage extension.
type Client struct {
	storage storage.Client
	// key is the config's key that names the storage, for errors.
	key string
}

var _ state.Store = (*Client)(nil)

// New returns a Client of a storage that the config's key names.
func New(client storage.Client, key string) *Client { return &Client{client, key} }

// Storage is the storage itself.
func (c *Client) Storage() storage.Client { return c.storage }

// Get returns the value of a key, nil if there is none.
func (c *Client) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := c.storage.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("'%s': cannot read %q: %w", c.key, key, err)
	}
	return value, nil
}

// GetAll returns the values of keys, nil for those there are none of. A storage that writes a
// transaction for each question, as file_storage does, writes one for all.
func (c *Client) GetAll(ctx context.Context, keys []string) ([][]byte, error) {
	ops := make([]*storage.Operation, len(keys))
	for i, key := range keys {
		ops[i] = storage.GetOperation(key)
	}
	if err := c.storage.Batch(ctx, ops...); err != nil {
		return nil, fmt.Errorf("'%s': cannot read %d values: %w", c.key, len(ops), err)
	}
	values := make([][]byte, len(keys))
	for i, op := range ops {
		values[i] = op.Value
	}
	return values, nil
}

// Batch writes all of set, and deletes the keys without a value, at once or not at all.
func (c *Client) Batch(ctx context.Context, set map[string][]byte) error {
	ops := make([]*storage.Operation, 0, len(set))
	for key, value := range set {
		if value == nil {
			ops = append(ops, storage.DeleteOperation(key))
		} else {
			ops = append(ops, storage.SetOperation(key, value))
		}
	}
	if err := c.storage.Batch(ctx, ops...); err != nil {
		return fmt.Errorf("'%s': cannot write %d values: %w", c.key, len(ops), err)
	}
	return nil
}

// Close closes the storage. A nil Client has nothing to close.
func (c *Client) Close(ctx context.Context) error {
	if c == nil {
		return nil
	}
	if err := c.storage.Close(ctx); err != nil {
		return fmt.Errorf("'%s': cannot close: %w", c.key, err)
	}
	return nil
}
