// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"slices"
	"sync"

	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// unsent keeps the lines that were read from files and still waited for the pipeline when the
// collector stopped: at most a hundred of each file, as many as were in memory. The next start
// sends them first.
type unsent struct {
	mu    sync.Mutex // guards lines
	lines []Lines
}

// unsentFormat is that of the lines that are stored.
var unsentFormat = wire.Format{Version: 1}

// loadUnsent reads what the last collector has left under a key. What cannot be read is set aside.
func loadUnsent(ctx context.Context, store state.Store, key string) (*unsent, *state.Damaged, error) {
	u := &unsent{}
	damaged, err := state.Take(ctx, store, key, func(value []byte) error {
		var lines []Lines
		if err := unsentFormat.DecodeJSON(value, &lines); err != nil {
			return err
		}
		u.lines = lines
		return nil
	})
	return u, damaged, err
}

// add keeps lines.
func (u *unsent) add(lines Lines) {
	u.mu.Lock()
	defer u.mu.Unlock()
	lines.Lines, lines.Offsets = slices.Clone(lines.Lines), slices.Clone(lines.Offsets)
	u.lines = append(u.lines, lines)
}

// take returns what is kept, which is kept no more.
func (u *unsent) take() []Lines {
	u.mu.Lock()
	defer u.mu.Unlock()
	lines := u.lines
	u.lines = nil
	return lines
}

// save writes what is kept under a key, or that there is nothing.
func (u *unsent) save(ctx context.Context, store state.Store, key string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	var value []byte
	if len(u.lines) > 0 {
		var err error
		if value, err = unsentFormat.EncodeJSON(u.lines); err != nil {
			return err
		}
	}
	return store.Batch(ctx, map[string][]byte{key: value})
}
