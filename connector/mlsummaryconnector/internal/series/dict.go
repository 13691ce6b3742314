// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"strings"
	"sync"
)

// OverflowID is the id of every value that a full Dict has no room for.
const OverflowID = 0

// Dict numbers the values of one dimension: the classes of a model, the categories of a feature, the
// cohorts of a segment dimension. The values of the baseline come first, from 1; up to a limit of others are
// added as they are seen. It is safe for concurrent use; ids are the same for every shard.
type Dict struct {
	// known is the baseline's, shared and immutable; its values are knownNames.
	known      map[string]uint32
	knownNames []string
	limit      int

	mu    sync.RWMutex
	added map[string]uint32
	names []string
}

func newDict(base *base, limit int) *Dict {
	d := &Dict{limit: limit}
	if base != nil {
		d.known, d.knownNames = base.ids, base.names
	}
	return d
}

// Known returns the number of values that come from the baseline.
func (d *Dict) Known() int { return len(d.knownNames) }

// ID returns the id of a value, and OverflowID where the table is full. cacheable is false for OverflowID:
// whoever keeps ids must not keep those, their number has no bound.
func (d *Dict) ID(value string) (id uint32, cacheable bool) {
	if id, ok := d.known[value]; ok {
		return id, true
	}
	d.mu.RLock()
	id, ok := d.added[value]
	full := len(d.added) >= d.limit
	d.mu.RUnlock()
	if ok {
		return id, true
	}
	if full {
		return OverflowID, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := d.added[value]; ok {
		return id, true
	}
	if len(d.added) >= d.limit {
		return OverflowID, false
	}
	if d.added == nil {
		d.added = make(map[string]uint32)
	}
	value = strings.Clone(value) // a part of a request must not keep the whole of it
	id = uint32(1 + len(d.knownNames) + len(d.names))
	d.added[value] = id
	d.names = append(d.names, value)
	return id, true
}

// Names returns the values by id; the name of OverflowID is empty and is not a value.
func (d *Dict) Names() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	names := make([]string, 0, 1+len(d.knownNames)+len(d.names))
	names = append(names, "")
	names = append(names, d.knownNames...)
	return append(names, d.names...)
}

// base is the fixed part of a Dict.
type base struct {
	ids   map[string]uint32
	names []string
}

func newBase(values []string) *base {
	b := &base{ids: make(map[string]uint32, len(values)), names: values}
	for i, v := range values {
		b.ids[v] = uint32(1 + i)
	}
	return b
}
