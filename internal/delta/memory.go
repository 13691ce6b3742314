// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package delta

import "sync"

// ownBytes is what each Seen may hold of a Memory that others have taken all of: flushes of some
// hundreds of producers, or one of 250,000 points.
const ownBytes = 64 << 10

// Memory is what several Seens may hold together, for flushes that have begun. It is safe for
// concurrent use, which a Seen alone is not.
type Memory struct {
	limit int64

	// mu guards what follows, and the shares.
	mu   sync.Mutex
	used int64
}

// share is what a Seen holds of a Memory, in bytes.
type share struct {
	held     int64
	released bool
}

// NewMemory returns a Memory of so many bytes, beside 64 KiB for each Seen.
func NewMemory(limit int64) *Memory { return &Memory{limit: limit} }

// take adds to a share where there is room.
func (m *Memory) take(s *share, bytes int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.used+bytes > m.limit && s.held+bytes > ownBytes {
		return false
	}
	m.add(s, bytes)
	return true
}

// free takes from a share.
func (m *Memory) free(s *share, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(s, -bytes)
}

// add changes a share. mu is held.
func (m *Memory) add(s *share, bytes int64) {
	if !s.released {
		s.held += bytes
		m.used += bytes
	}
}

// release gives back all of a share, for good.
func (m *Memory) release(s *share) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(s, -s.held)
	s.released = true
}
