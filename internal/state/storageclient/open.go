// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package storageclient opens the storage extension that a component's config names, as a
// state.Store.
package storageclient

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// What is done with a request that the storage does not take, as 'on_storage_failure' says.
const (
	// Refuse answers with an error that asks for another attempt: the sender keeps what it has sent.
	Refuse = "refuse"
	// Accept keeps it in memory alone until the storage takes it: a kill loses it.
	Accept = "accept"
)

// Owner is the component that a storage is opened for. Two clients of one owner have different
// names.
type Owner struct {
	Kind component.Kind
	ID   component.ID
	Name string
}

// Open opens the storage with the given id. key is the config's key that names it, for errors.
func Open(ctx context.Context, host component.Host, key string, id component.ID, owner Owner) (*Client, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("'%s': extension %q is not enabled; list it in service::extensions", key, id)
	}
	s, ok := extension.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("'%s': extension %q is not a storage", key, id)
	}
	client, err := s.GetClient(ctx, owner.Kind, owner.ID, owner.Name)
	if err != nil {
		return nil, fmt.Errorf("'%s': cannot open %q: %w", key, id, err)
	}
	return New(client, key), nil
}
