// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"fmt"
)

// Store is where values lie; package storageclient has the one of the collector's storage
// extensions.
type Store interface {
	// Get returns the value of a key, nil if there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Batch writes all of set, and deletes the keys without a value, at once or not at all.
	Batch(ctx context.Context, set map[string][]byte) error
}

// prefixAside is put before the key of a value that could not be read. A person can look at it
// there; nothing reads it.
const prefixAside = "corrupt/"

// Damaged is a value that could not be read and was set aside.
type Damaged struct {
	Key string
	// As is the key that it has now.
	As string
	// Bytes is its size.
	Bytes int
	// Err says what was wrong.
	Err error
}

// String says it in a line.
func (d Damaged) String() string {
	return fmt.Sprintf("%s: %v; it was copied to %s", d.Key, d.Err, d.As)
}

// setAside enters into a batch that a value goes out of the way.
func setAside(set map[string][]byte, key string, value []byte, why error) Damaged {
	set[prefixAside+key], set[key] = value, nil
	return Damaged{Key: key, As: prefixAside + key, Bytes: len(value), Err: why}
}

// Take reads the value of one key, if there is one. A value that decode cannot read is set aside
// and returned; an error is the store's own.
func Take(ctx context.Context, store Store, key string, decode func(value []byte) error) (*Damaged, error) {
	value, err := store.Get(ctx, key)
	if err != nil || value == nil {
		return nil, err
	}
	why := decode(value)
	if why == nil {
		return nil, nil
	}
	set := make(map[string][]byte, 2)
	damaged := setAside(set, key, value, why)
	return &damaged, store.Batch(ctx, set)
}
