// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "strings"

// matcher numbers the keys and the prefixes of keys that any table reads, and turns the others away by first byte and length.
type matcher struct {
	slots    map[string]int
	prefixes []string

	// lengths has, by first byte, a bit for each length of a key; lengths of 63 and more share one.
	lengths [256]uint64
	// byFirst has the prefixes that begin with a byte.
	byFirst [256][]int
	// tables and prefixTables are detected by a slot or a prefix.
	tables, prefixTables []uint64
}

func (m *matcher) init() { m.slots = map[string]int{} }

func (m *matcher) slot(key string) int {
	n, ok := m.slots[key]
	if !ok {
		n = len(m.slots)
		m.slots[key] = n
		m.tables = append(m.tables, 0)
		if key != "" {
			m.lengths[key[0]] |= 1 << min(len(key), 63)
		}
	}
	return n
}

func (m *matcher) prefix(p string) int {
	for i, other := range m.prefixes {
		if other == p {
			return i
		}
	}
	m.prefixes = append(m.prefixes, p)
	m.prefixTables = append(m.prefixTables, 0)
	return len(m.prefixes) - 1
}

func (m *matcher) detect(slot int, bit uint64)         { m.tables[slot] |= bit }
func (m *matcher) detectPrefix(prefix int, bit uint64) { m.prefixTables[prefix] |= bit }

// freeze sorts the prefixes by their first byte.
func (m *matcher) freeze() {
	for i, p := range m.prefixes {
		if p == "" {
			continue
		}
		m.byFirst[p[0]] = append(m.byFirst[p[0]], i)
	}
}

// find returns the slot of a key, or -1.
func (m *matcher) find(key string) int {
	if m.lengths[key[0]]&(1<<min(len(key), 63)) == 0 {
		return -1
	}
	if n, ok := m.slots[key]; ok {
		return n
	}
	return -1
}

// each calls add for every prefix of a key.
func (m *matcher) each(key string, add func(prefix int)) {
	for _, i := range m.byFirst[key[0]] {
		if strings.HasPrefix(key, m.prefixes[i]) {
			add(i)
		}
	}
}
