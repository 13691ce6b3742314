// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "slices"

// matcher numbers the keys and the prefixes of keys that any table reads. Keys are found by first
// byte and length, which turn nearly all foreign ones away.
type matcher struct {
	slots    map[string]int
	prefixes []string
	// tables and prefixTables are detected by a slot or a prefix.
	tables, prefixTables []uint64

	// keys has the known keys by length, longLength for all that are longer, and that by first
	// byte.
	keys [256]*[longLength + 1][]knownKey
	// byFirst has the prefixes by first byte, and second a bit for each second byte (modulo 64) that
	// those of a first byte have.
	byFirst [256][]knownPrefix
	second  [256]uint64
}

const longLength = 63

type knownKey struct {
	key string
	// last is the key's last byte, middle that in the middle: most others of its length have others.
	last, middle byte
	slot         int
}

type knownPrefix struct {
	prefix string
	// last is the prefix's last byte, nearly always a dot.
	last  byte
	index int
}

func (m *matcher) init() { m.slots = map[string]int{} }

func (m *matcher) slot(key string) int {
	n, ok := m.slots[key]
	if !ok {
		n = len(m.slots)
		m.slots[key] = n
		m.tables = append(m.tables, 0)
	}
	return n
}

func (m *matcher) prefix(p string) int {
	if i := m.prefixIndex(p); i >= 0 {
		return i
	}
	m.prefixes = append(m.prefixes, p)
	m.prefixTables = append(m.prefixTables, 0)
	return len(m.prefixes) - 1
}

func (m *matcher) prefixIndex(p string) int { return slices.Index(m.prefixes, p) }

func (m *matcher) detect(slot int, bit uint64)         { m.tables[slot] |= bit }
func (m *matcher) detectPrefix(prefix int, bit uint64) { m.prefixTables[prefix] |= bit }

// freeze sorts keys and prefixes for look-ups.
func (m *matcher) freeze() {
	for key, slot := range m.slots {
		if key == "" {
			continue
		}
		if m.keys[key[0]] == nil {
			m.keys[key[0]] = new([longLength + 1][]knownKey)
		}
		list := &m.keys[key[0]][min(len(key), longLength)]
		*list = append(*list, knownKey{key, key[len(key)-1], key[len(key)/2], slot})
	}
	for i, p := range m.prefixes {
		if p != "" {
			m.byFirst[p[0]] = append(m.byFirst[p[0]], knownPrefix{p, p[len(p)-1], i})
			if len(p) == 1 {
				m.second[p[0]] = ^uint64(0)
			} else {
				m.second[p[0]] |= 1 << (p[1] % 64)
			}
		}
	}
}

// find returns the slot of a key that is not empty, or -1.
func (m *matcher) find(key string) int {
	byLength := m.keys[key[0]]
	if byLength == nil {
		return -1
	}
	last, middle := key[len(key)-1], key[len(key)/2]
	list := byLength[min(len(key), longLength)]
	for i := range list {
		if k := &list[i]; k.last == last && k.middle == middle && k.key == key {
			return k.slot
		}
	}
	return -1
}

// near returns the prefixes with which a key that is not empty may begin.
func (m *matcher) near(key string) []knownPrefix {
	if len(key) < 2 || m.second[key[0]]&(1<<(key[1]%64)) == 0 {
		return nil
	}
	return m.byFirst[key[0]]
}

// begins is true for a key that is longer than the prefix and begins with it.
func (p *knownPrefix) begins(key string) bool {
	return len(key) > len(p.prefix) && key[len(p.prefix)-1] == p.last && key[:len(p.prefix)] == p.prefix
}
