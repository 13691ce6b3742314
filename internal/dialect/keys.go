// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "go.opentelemetry.io/collector/pdata/pcommon"

// keys are the attributes of one span or of one resource, by the slots and prefixes of a matcher. They are read in one pass and
// kept until the next: a value is there where its stamp is that of the last pass.
type keys struct {
	matcher *matcher
	now     uint64
	stamp   []uint64
	values  []pcommon.Value
	// families are the attributes by prefix.
	familyStamp []uint64
	families    [][]entry
	// touched is true where any key is known.
	touched bool
}

type entry struct {
	key   string
	value pcommon.Value
}

// keptEntries is the number of attributes of one family whose room is kept for the next span.
const keptEntries = 4096

func newKeys(m *matcher) keys {
	return keys{
		matcher: m,
		stamp:   make([]uint64, len(m.slots)), values: make([]pcommon.Value, len(m.slots)),
		familyStamp: make([]uint64, len(m.prefixes)), families: make([][]entry, len(m.prefixes)),
	}
}

// read walks the attributes once and returns the tables that single keys detect. Of a key that is there twice, the first counts.
func (k *keys) read(attrs pcommon.Map) (detected uint64) {
	m := k.matcher
	k.now++
	k.touched = false
	for key, v := range attrs.All() {
		if key == "" {
			continue
		}
		if n := m.find(key); n >= 0 {
			if k.stamp[n] != k.now {
				k.stamp[n], k.values[n] = k.now, v
			}
			k.touched = true
			detected |= m.tables[n]
		}
		prefixes := m.byFirst[key[0]]
		for i := range prefixes {
			p := &prefixes[i]
			if !p.begins(key) {
				continue
			}
			if k.familyStamp[p.index] != k.now {
				k.familyStamp[p.index] = k.now
				k.families[p.index] = k.families[p.index][:0]
			}
			k.families[p.index] = append(k.families[p.index], entry{key, v})
			k.touched = true
			detected |= m.prefixTables[p.index]
		}
	}
	return detected
}

// has is true for a slot whose attribute is there.
func (k *keys) has(slot int) bool { return slot >= 0 && k.stamp[slot] == k.now }

// family returns the attributes that begin with a prefix.
func (k *keys) family(prefix int) []entry {
	if k.familyStamp[prefix] != k.now {
		return nil
	}
	return k.families[prefix]
}

// forget keeps nothing of a request alive.
func (k *keys) forget() {
	clear(k.values)
	for i, f := range k.families {
		if cap(f) > keptEntries {
			k.families[i] = nil
			continue
		}
		clear(f[:cap(f)])
	}
}
