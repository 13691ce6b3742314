// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Record has a value of its own in the store, which is encoded when a batch is written.
type Record interface {
	// Place is where the record is in the store.
	Place() *Place
	// Encode returns the value.
	Encode() ([]byte, error)
	// Written is called when the value that Encode returned last is in the store.
	Written()
}

// Place is what Records know of a record.
type Place struct {
	Key string
	// dirty says that the record is in Records.dirty.
	dirty bool
	// gone says that it was removed, and is not to be written any more.
	gone bool
}

// Gone reports whether the record was removed.
func (p *Place) Gone() bool { return p.gone }

// Options are the settings of Records. The zero value is good.
type Options struct {
	// Fixed are keys that are looked for whatever the index says, in this order, after all others.
	Fixed []string
	// OldIndex is a key under which an older version had all keys, in one value that ReadOldIndex
	// reads; empty for none. The first start after that version writes the index in parts.
	OldIndex     string
	ReadOldIndex func(value []byte) ([]string, error)
}

// Records are what is in a store, and what is still to be written to it. They are not safe for
// concurrent use. Without a store, which Load gives them, a Write has nothing to do.
type Records struct {
	options Options
	store   Store
	index   index
	dirty   []Record
	// values are to be written as they are, nil to be deleted.
	values map[string][]byte
	failed uint64
	behind bool
}

// New returns Records of a store that is empty.
func New(options Options) *Records {
	return &Records{options: options, index: newIndex(), values: make(map[string][]byte)}
}

// Change notes that a record is new or has changed.
func (r *Records) Change(record Record) {
	p := record.Place()
	if p.dirty || p.gone {
		return
	}
	p.dirty = true
	r.dirty = append(r.dirty, record)
	r.enter(p.Key)
}

// Remove takes a record out of the store for good.
func (r *Records) Remove(record Record) {
	p := record.Place()
	if p.gone {
		return
	}
	p.gone = true
	r.Delete(p.Key)
}

// Put notes a value that is to be written.
func (r *Records) Put(key string, value []byte) {
	r.values[key] = value
	r.enter(key)
}

// Delete notes that a key is to be deleted, if there is one.
func (r *Records) Delete(key string) {
	if r.index.leave(key) || slices.Contains(r.options.Fixed, key) {
		r.values[key] = nil
	}
}

// Erase notes that the value of a key is to be deleted whether the index has the key or not.
func (r *Records) Erase(key string) {
	r.index.leave(key)
	r.values[key] = nil
}

func (r *Records) enter(key string) {
	if !slices.Contains(r.options.Fixed, key) {
		r.index.enter(key)
	}
}

// Keys are those that are in the store or will be there, in order, without the fixed ones.
func (r *Records) Keys() []string {
	return slices.DeleteFunc(r.index.all(), func(key string) bool { return strings.HasPrefix(key, prefixAside) })
}

// Stored reports whether there is a store.
func (r *Records) Stored() bool { return r.store != nil }

// Pending reports whether there is anything to write.
func (r *Records) Pending() bool {
	return len(r.dirty) > 0 || len(r.values) > 0 || r.index.changed != 0
}

// Behind reports whether the last Write failed.
func (r *Records) Behind() bool { return r.behind }

// Failed is the number of Writes that have failed.
func (r *Records) Failed() uint64 { return r.failed }

// Write writes all that has changed, in one batch. After an error it is all still to be written.
func (r *Records) Write(ctx context.Context) error {
	if !r.Pending() {
		return nil
	}
	if r.store != nil {
		if err := r.writeBatch(ctx); err != nil {
			r.failed++
			r.behind = true
			return err
		}
	}
	for _, record := range r.dirty {
		p := record.Place()
		p.dirty = false
		if !p.gone {
			record.Written()
		}
	}
	clear(r.dirty)
	r.dirty = r.dirty[:0]
	clear(r.values)
	r.index.changed = 0
	r.behind = false
	return nil
}

func (r *Records) writeBatch(ctx context.Context) error {
	set := make(map[string][]byte, len(r.dirty)+len(r.values)+4)
	maps.Copy(set, r.values)
	for _, record := range r.dirty {
		p := record.Place()
		if p.gone {
			continue
		}
		value, err := record.Encode()
		if err != nil {
			return fmt.Errorf("cannot encode %q: %w", p.Key, err)
		}
		set[p.Key] = value
	}
	r.index.write(set)
	if err := r.store.Batch(ctx, set); err != nil {
		return fmt.Errorf("cannot write the state of %d records: %w", len(r.dirty)+len(r.values), err)
	}
	return nil
}
