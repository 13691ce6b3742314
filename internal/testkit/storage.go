// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// StorageOwner is who opened a client of a Storage.
type StorageOwner struct {
	Kind component.Kind
	ID   component.ID
	Name string
}

// Storage is a storage extension in memory. All clients see the same values. As with a file, an
// owner has one client open at a time, and a client that was closed answers with an error.
type Storage struct {
	NopExtension

	mu       sync.Mutex // guards what follows
	values   map[string][]byte
	err      error
	owners   []StorageOwner
	open     map[StorageOwner]bool
	closed   int
	batches  int
	canceled int
}

var (
	errInUse  = errors.New("the storage is in use")
	errClosed = errors.New("the client is closed")
)

// NewStorage returns a storage with a copy of the values.
func NewStorage(values map[string][]byte) *Storage {
	s := &Storage{values: map[string][]byte{}, open: map[StorageOwner]bool{}}
	for key, value := range values {
		s.values[key] = slices.Clone(value)
	}
	return s
}

// GetClient opens a client.
func (s *Storage) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner := StorageOwner{kind, id, name}
	if s.open[owner] {
		return nil, errInUse
	}
	s.open[owner] = true
	s.owners = append(s.owners, owner)
	return &storageClient{Storage: s, owner: owner}, nil
}

// Client opens a client for a test that stands for a component.
func (s *Storage) Client(tb testing.TB) storage.Client {
	tb.Helper()
	c, err := s.GetClient(tb.Context(), component.Kind{}, component.ID{}, "")
	require.NoError(tb, err)
	return c
}

// Copy returns a storage with the values that this one has now: what a process finds that starts
// after this one was killed.
func (s *Storage) Copy() *Storage { return NewStorage(s.Values()) }

// Fail makes all that clients ask for fail with err, until it is called with nil.
func (s *Storage) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Values returns a copy of what is stored.
func (s *Storage) Values() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values) // a value is never changed, but replaced
}

// Put stores a value past all clients.
func (s *Storage) Put(key string, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = slices.Clone(value)
}

// Owners returns who opened a client, in order.
func (s *Storage) Owners() []StorageOwner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.owners)
}

// Open returns the number of clients that are open.
func (s *Storage) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Closed returns the number of clients that were closed.
func (s *Storage) Closed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Batches returns the number of batches that were carried out. A single Set or Delete is a batch.
func (s *Storage) Batches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.batches
}

// Canceled returns the number of batches whose context had ended. They are carried out.
func (s *Storage) Canceled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.canceled
}

// storageClient is what a component has of a Storage.
type storageClient struct {
	*Storage
	owner StorageOwner
	gone  bool // guarded by Storage.mu
}

func (c *storageClient) Get(_ context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.failure(); err != nil {
		return nil, err
	}
	return slices.Clone(c.values[key]), nil
}

func (c *storageClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *storageClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c *storageClient) Batch(ctx context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		c.canceled++
	}
	if err := c.failure(); err != nil {
		return err
	}
	c.batches++
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = slices.Clone(c.values[op.Key])
		case storage.Set:
			c.values[op.Key] = slices.Clone(op.Value)
		case storage.Delete:
			delete(c.values, op.Key)
		}
	}
	return nil
}

func (c *storageClient) Close(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return errClosed
	}
	c.gone = true
	delete(c.open, c.owner)
	c.closed++
	return nil
}

// failure is why the client does nothing now. The caller holds mu.
func (c *storageClient) failure() error {
	if c.gone {
		return errClosed
	}
	return c.err
}
