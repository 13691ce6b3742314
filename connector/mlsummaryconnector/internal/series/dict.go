// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"hash/maphash"
	"math/rand/v2"
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
	door       *door
	// salt tells the values of this table apart from the same ones in others, for the door.
	salt uint64
	gate gate

	mu    sync.RWMutex
	added map[string]uint32
	names []string
	used  []use // of names
}

func newDict(base *base, limit int, door *door) *Dict {
	d := &Dict{limit: limit, door: door, salt: rand.Uint64()}
	if base != nil {
		d.known, d.knownNames = base.ids, base.names
	}
	return d
}

// Known returns the number of values that come from the baseline.
func (d *Dict) Known() int { return len(d.knownNames) }

// ID returns the id of a value, and OverflowID where it finds no place. cacheable is false for
// OverflowID: whoever keeps ids must not keep those, their number has no bound.
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
	if d.limit == 0 {
		return OverflowID, false // values of unrelated features
	}
	if !d.door.admits(&d.gate, full, func() uint64 { return maphash.String(d.door.seed, value) ^ d.salt }) {
		return OverflowID, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := d.added[value]; ok {
		return id, true
	}
	if len(d.added) >= d.limit {
		d.gate.refuse(d.door, false)
		return OverflowID, false
	}
	d.door.all.held.Add(1)
	return d.add(strings.Clone(value), use{}), true // a part of a request must not keep the whole of it
}

func (d *Dict) add(value string, used use) uint32 {
	if d.added == nil {
		d.added = make(map[string]uint32)
	}
	id := uint32(1 + len(d.knownNames) + len(d.names))
	d.added[value] = id
	d.names = append(d.names, value)
	d.used = append(d.used, used)
	return id
}

// held is the number of values that are not the baseline's.
func (d *Dict) held() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.names)
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

// Touch notes that the values with a count, by id, were in use at a flush.
func (d *Dict) Touch(counts []uint32, now Moment) {
	first := 1 + len(d.knownNames)
	if len(counts) <= first {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, n := range counts[first:] {
		if n > 0 && i < len(d.used) {
			d.used[i].at(now)
		}
	}
}

// TouchID is Touch for one value.
func (d *Dict) TouchID(id uint32, now Moment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := int(id) - 1 - len(d.knownNames); i >= 0 && i < len(d.used) {
		d.used[i].at(now)
	}
}

// trimmed returns a Dict in which what was silent has given its place away, with ids of its own; it
// is d itself where nothing was given away.
func (d *Dict) trimmed(s silence, given func(name string)) *Dict {
	if !d.gate.turnedAway.Load() && !d.door.all.gate.turnedAway.Load() {
		return d
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	out := &Dict{known: d.known, knownNames: d.knownNames, limit: d.limit, door: d.door, salt: d.salt}
	out.gate.successor(&d.gate)
	for i, name := range d.names {
		if d.door.givesAway(&d.gate, &d.used[i], s) {
			given(name)
		} else {
			out.add(name, d.used[i])
		}
	}
	d.gate.contested.Store(false)
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
