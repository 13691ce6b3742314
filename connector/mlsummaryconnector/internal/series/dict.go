// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"strings"
	"sync"
)

// OverflowID is the id of every value that a full Dict has no room for.
const OverflowID = 0

// Dict numbers the values of one dimension: the classes of a model, the categories of a feature,
// the cohorts of a segment dimension. The values of the baseline come first, from 1; up to a limit
// of others are added as they are seen. It is safe for concurrent use; ids are the same for every
// shard.
type Dict struct {
	// known is the baseline's, shared and immutable; its values are knownNames.
	known      map[string]uint32
	knownNames []string
	limit      int

	mu    sync.RWMutex
	added map[string]uint32
	names []string
	// used is when a value of names was last counted, in seconds since 1970; 0 before the first
	// flush that has it.
	used []int64
	// turnedAway is true where a value found no room.
	turnedAway bool
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

// ID returns the id of a value, and OverflowID where the table is full. cacheable is false for
// OverflowID: whoever keeps ids must not keep those, their number has no bound.
func (d *Dict) ID(value string) (id uint32, cacheable bool) {
	if id, ok := d.known[value]; ok {
		return id, true
	}
	d.mu.RLock()
	id, ok := d.added[value]
	away := len(d.added) >= d.limit && d.turnedAway
	d.mu.RUnlock()
	if ok {
		return id, true
	}
	if away {
		return OverflowID, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := d.added[value]; ok {
		return id, true
	}
	if len(d.added) >= d.limit {
		d.turnedAway = true
		return OverflowID, false
	}
	return d.add(strings.Clone(value), 0), true // a part of a request must not keep the whole of it
}

func (d *Dict) add(value string, used int64) uint32 {
	if d.added == nil {
		d.added = make(map[string]uint32)
	}
	id := uint32(1 + len(d.knownNames) + len(d.names))
	d.added[value] = id
	d.names = append(d.names, value)
	d.used = append(d.used, used)
	return id
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

// Touch notes that the values with a count, by id, were in use at now, in seconds since 1970.
func (d *Dict) Touch(counts []uint32, now int64) {
	first := 1 + len(d.knownNames)
	if len(counts) <= first {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, n := range counts[first:] {
		if n > 0 && i < len(d.used) {
			d.used[i] = now
		}
	}
}

// TouchID is Touch for one value.
func (d *Dict) TouchID(id uint32, now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := int(id) - 1 - len(d.knownNames); i >= 0 && i < len(d.used) {
		d.used[i] = now
	}
}

// trimmed returns a Dict in which what was not in use since a time has given its place away, with
// ids of its own; it is d itself where nothing was turned away or nothing was given away.
func (d *Dict) trimmed(since int64) *Dict {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if !d.turnedAway {
		return d
	}
	out := &Dict{known: d.known, knownNames: d.knownNames, limit: d.limit}
	for i, name := range d.names {
		if d.used[i] == 0 || d.used[i] >= since {
			out.add(name, d.used[i])
		}
	}
	if len(out.names) == len(d.names) {
		return d
	}
	return out
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
