// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package heldfile is a storage client that notices when its file is gone, and writes it anew.
//
// A file that is deleted while it is open takes what is written to it, and loses it when it is
// closed. So after each batch is looked whether the file is there. If not, all that is in the open
// one goes into a new one; where that does not work, the batch fails.
//
// A file that is cut while it is open is not touched any more: the memory behind its end faults, in
// goroutines of bbolt's that nobody can recover. All that is asked of it fails, until a start looks at
// the file.
package heldfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const (
	// againAfter is the time between two attempts to write a file anew.
	againAfter = time.Second
	// batchBytes is how much is copied at once.
	batchBytes = 4 << 20
)

// Inner is a client on a file.
type Inner interface {
	storage.Client
	storage.Walker
}

// Options are those of a Client.
type Options struct {
	Path string
	// Open makes the file anew, and its folder where that is allowed.
	Open func(ctx context.Context) (Inner, error)
	// Gone is told once that the file is gone and cannot be written anew, Rewritten that it was.
	Gone      func(ctx context.Context, err error)
	Rewritten func(ctx context.Context, values int)
	// Broken is told once that the file was cut while it was open.
	Broken func(ctx context.Context, err error)
}

// Client is a storage client on a file that is there.
type Client struct {
	options Options

	mu     sync.RWMutex // held for writing while inner is replaced
	inner  Inner
	closed bool
	// broken is why inner is not asked any more, nil while it is.
	broken atomic.Pointer[error]

	looking sync.Mutex // guards info, and that looks are in order
	// info is the file as it was seen last.
	info fs.FileInfo

	// gone is why the file could not be written anew at the last attempt, nil if that was not asked
	// for, and asked when that was. They are guarded by mu, held for writing.
	gone  error
	asked time.Time
}

var _ Inner = (*Client)(nil)

// New returns a Client on a file that inner has open.
func New(inner Inner, o Options) *Client {
	c := &Client{options: o, inner: inner}
	c.cut()
	return c
}

// Get returns the value of a key.
func (c *Client) Get(ctx context.Context, key string) (value []byte, err error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	err = c.ask(ctx, func() (err error) {
		value, err = c.inner.Get(ctx, key)
		return err
	})
	return value, err
}

// Set stores a value.
func (c *Client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete deletes a value.
func (c *Client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch carries out operations. An error after which they may have been carried out is that the file
// is gone.
func (c *Client) Batch(ctx context.Context, ops ...*storage.Operation) error {
	return c.use(ctx, func(inner Inner) error { return inner.Batch(ctx, ops...) })
}

// Walk visits all values.
func (c *Client) Walk(ctx context.Context, fn storage.WalkFunc) error {
	return c.use(ctx, func(inner Inner) error { return inner.Walk(ctx, fn) })
}

func (c *Client) use(ctx context.Context, do func(Inner) error) error {
	c.mu.RLock()
	err := c.ask(ctx, func() error { return do(c.inner) })
	c.mu.RUnlock()
	if err != nil || c.there() {
		return err
	}
	return c.rewrite(ctx)
}

// ask asks inner, unless its file was cut.
func (c *Client) ask(ctx context.Context, do func() error) error {
	if why := c.broken.Load(); why != nil {
		return *why
	}
	if was, is := c.cut(); is < was {
		err := fmt.Errorf("%s was cut from %d bytes to %d while it was open", c.options.Path, was, is)
		if c.broken.CompareAndSwap(nil, &err) {
			c.options.Broken(ctx, err)
		}
		return *c.broken.Load()
	}
	return do()
}

// cut returns the size that the file had and the one that it has: bbolt makes none smaller. Another
// file in its place is that of a compaction.
func (c *Client) cut() (was, is int64) {
	c.looking.Lock()
	defer c.looking.Unlock()
	info, err := os.Stat(c.options.Path)
	if err != nil {
		return 0, 0
	}
	before := c.info
	c.info = info
	if before == nil || !os.SameFile(before, info) {
		return 0, 0
	}
	return before.Size(), info.Size()
}

// there reports whether the file is not gone. What cannot be looked at is not gone.
func (c *Client) there() bool {
	_, err := os.Stat(c.options.Path)
	return !errors.Is(err, fs.ErrNotExist)
}

// rewrite puts a new file into the place of the one that is gone.
func (c *Client) rewrite(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.there() { // somebody else has written it
		return nil
	}
	if c.gone != nil && time.Since(c.asked) < againAfter {
		return c.gone
	}
	values, err := c.copy(ctx)
	c.asked = time.Now()
	if err != nil {
		first := c.gone == nil
		c.gone = fmt.Errorf("%s is gone: what is written to it would be lost, and it cannot be written anew: %w", c.options.Path, err)
		if first {
			c.options.Gone(ctx, err)
		}
		return c.gone
	}
	c.gone = nil
	c.options.Rewritten(ctx, values)
	return nil
}

// copy writes all values into a new file, which takes the place of the open one.
func (c *Client) copy(ctx context.Context) (values int, err error) {
	fresh, err := c.options.Open(ctx)
	if err != nil {
		return 0, err
	}
	var ops []*storage.Operation
	size := 0
	flush := func() error {
		err := fresh.Batch(ctx, ops...)
		ops, size = ops[:0], 0
		return err
	}
	err = c.ask(ctx, func() error {
		return c.inner.Walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
			ops = append(ops, storage.SetOperation(key, bytes.Clone(value)))
			values++
			if size += len(key) + len(value); size < batchBytes {
				return nil, nil
			}
			return nil, flush()
		})
	})
	if err == nil {
		err = flush()
	}
	if err != nil { // half a file would be worse than none
		return 0, errors.Join(err, fresh.Close(ctx), os.Remove(c.options.Path))
	}
	before := c.inner
	c.inner = fresh
	return values, before.Close(ctx)
}

// Close closes the file.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if why := c.broken.Load(); why != nil {
		return *why // closing it looks at pages, too
	}
	return c.inner.Close(ctx)
}
