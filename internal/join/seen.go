// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package join

// identity tells a side from any other.
type identity[K comparable] struct {
	key   K
	right bool
	time  int64
}

// identify returns the identity of a side.
func identify[K comparable, T any](side *Side[K, T], right bool) identity[K] {
	id := identity[K]{key: side.Key, right: right}
	if !side.Time.IsZero() {
		id.time = side.Time.UnixNano()
	}
	return id
}

// seen remembers the last sides that have left.
type seen[K comparable] struct {
	// known has each side of the ring. It is false for one that is to be taken for a new one.
	known map[identity[K]]bool
	// ring has each side once.
	ring []identity[K]
	next int
}

func newSeen[K comparable](size int) seen[K] {
	return seen[K]{known: make(map[identity[K]]bool), ring: make([]identity[K], size)}
}

func (s *seen[K]) has(id identity[K]) bool { return s.known[id] }

func (s *seen[K]) remember(id identity[K]) {
	if len(s.ring) == 0 {
		return
	}
	if _, there := s.known[id]; !there {
		delete(s.known, s.ring[s.next])
		s.ring[s.next] = id
		s.next = (s.next + 1) % len(s.ring)
	}
	s.known[id] = true
}

// forget leaves the side its place in the ring: one that leaves and is restored over and over must
// not push others out.
func (s *seen[K]) forget(id identity[K]) {
	if s.known[id] {
		s.known[id] = false
	}
}

func (j *Join[K, L, R]) remember(p Pair[K, L, R]) { each(p, j.seen.remember) }

func (j *Join[K, L, R]) forget(p Pair[K, L, R]) { each(p, j.seen.forget) }

// each calls do with the identity of each side that is there.
func each[K comparable, L, R any](p Pair[K, L, R], do func(identity[K])) {
	if p.Left != nil {
		do(identify(p.Left, false))
	}
	if p.Right != nil {
		do(identify(p.Right, true))
	}
}
