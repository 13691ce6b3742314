// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"cmp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// keys are the attributes of one span or of one resource, by the slots and prefixes of a matcher.
// They are read in one pass and kept until the next: a value is there where its stamp is that of
// the last pass.
type keys struct {
	matcher *matcher
	now     uint64
	stamp   []uint64
	values  []pcommon.Value
	// there has a bit for each slot of the last pass.
	there []uint64
	// families are the attributes by prefix.
	familyStamp []uint64
	families    [][]entry
	// ordered is the stamp of the families whose attributes are in the order of their numbers.
	ordered []uint64
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
		stamp:   make([]uint64, len(m.slots)), values: make([]pcommon.Value, len(m.slots)), there: make([]uint64, len(m.slots)/64+1),
		familyStamp: make([]uint64, len(m.prefixes)), families: make([][]entry, len(m.prefixes)),
		ordered: make([]uint64, len(m.prefixes)),
	}
}

// read walks the attributes once and returns the tables that single keys detect. Of a key that is
// there twice, the first counts.
func (k *keys) read(attrs pcommon.Map) (detected uint64) {
	m := k.matcher
	k.now++
	k.touched = false
	clear(k.there)
	for key, v := range attrs.All() {
		if key == "" {
			continue
		}
		if n := m.find(key); n >= 0 {
			if k.stamp[n] != k.now {
				k.stamp[n], k.values[n] = k.now, v
				k.there[n/64] |= 1 << (n % 64)
			}
			k.touched = true
			detected |= m.tables[n]
		}
		prefixes := m.near(key)
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

// name returns the value of a slot as a string, empty where it is not there.
func (k *keys) name(slot int) string {
	if !k.has(slot) {
		return ""
	}
	return k.values[slot].AsString()
}

// mask is a set of slots that are near each other: bits of a word of keys.there.
type mask struct {
	word int
	bits uint64
}

// masksOf returns the slots of sources, nil where some of them are not single attributes of the
// span.
func masksOf(sources []source) (out []mask) {
	for i := range sources {
		s := &sources[i]
		if s.origin != fromSpan || s.family || s.numbered() {
			return nil
		}
		at := slices.IndexFunc(out, func(m mask) bool { return m.word == s.slot/64 })
		if at < 0 {
			at = len(out)
			out = append(out, mask{word: s.slot / 64})
		}
		out[at].bits |= 1 << (s.slot % 64)
	}
	return out
}

// anyOf is true where one of the slots is there.
func (k *keys) anyOf(masks []mask) bool {
	for _, m := range masks {
		if k.there[m.word]&m.bits != 0 {
			return true
		}
	}
	return false
}

// family returns the attributes that begin with a prefix.
func (k *keys) family(prefix int) []entry {
	if k.familyStamp[prefix] != k.now {
		return nil
	}
	return k.families[prefix]
}

// numbered returns the attributes that begin with a prefix, in the order of the numbers in their keys:
// a span's attributes have none of their own.
func (k *keys) numbered(prefix int) []entry {
	f := k.family(prefix)
	if k.ordered[prefix] != k.now && len(f) > 1 {
		k.ordered[prefix] = k.now
		if !slices.IsSortedFunc(f, byNumbers) {
			slices.SortStableFunc(f, byNumbers)
		}
	}
	return f
}

// byNumbers compares keys as texts, but for the numbers in them: a.2 is before a.10.
func byNumbers(a, b entry) int {
	x, y := a.key, b.key
	for x != "" && y != "" {
		n, m := digits(x), digits(y)
		if n == 0 || m == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		one, other := strings.TrimLeft(x[:n], "0"), strings.TrimLeft(y[:m], "0")
		if c := cmp.Or(cmp.Compare(len(one), len(other)), cmp.Compare(one, other)); c != 0 {
			return c
		}
		x, y = x[n:], y[m:]
	}
	return cmp.Compare(len(x), len(y))
}

// digits is how many a text begins with.
func digits(s string) (n int) {
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
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
