// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// transition is a beginning or an end that waits for a delivery.
type transition struct {
	entry   *Entry
	alert   alert.Alert
	version uint64
}

// enqueue has the state of an alert wait for a delivery. Where too many do, the oldest goes.
func (s *Source[K, E]) enqueue(e *Entry) {
	e.waiting++
	s.waiting = append(s.waiting, transition{e, e.Alert, e.version})
	if n := len(s.waiting) - s.options.Transitions; n > 0 {
		for _, t := range s.waiting[:n] {
			t.entry.waiting--
		}
		s.waiting = slices.Delete(s.waiting, 0, n)
		s.offered = max(s.offered-n, 0)
		s.lost += n
	}
}

// TakeLost returns the number of transitions that were dropped since the last call.
func (s *Source[K, E]) TakeLost() int {
	n := s.lost
	s.lost = 0
	return n
}

// Undelivered reports whether a beginning or an end waits for a delivery.
func (s *Source[K, E]) Undelivered() bool { return len(s.waiting) > 0 }

// Due returns what is to be emitted now: the transitions that wait, in order, then the other alerts
// that have changed or whose turn it is, the one that began first first.
func (s *Source[K, E]) Due(now time.Time) []alert.Alert {
	var out []alert.Alert
	s.offered = 0
	for _, t := range s.waiting {
		if t.version > t.entry.releasedVersion {
			break
		}
		t.entry.offered = t.version
		out = append(out, t.alert)
		s.offered++
	}
	var rest []*Entry
	for _, e := range s.entries {
		c := e.entry()
		if c.released == nil || c.waiting > 0 || !c.undelivered() && now.Before(c.next.Add(-s.options.Early)) {
			continue
		}
		c.offered, c.retry = c.releasedVersion, now.Add(s.options.Retry)
		rest = append(rest, c)
	}
	slices.SortFunc(rest, compare)
	for _, c := range rest {
		out = append(out, *c.released)
	}
	return out
}

// Delivered says that what Due has returned last was delivered, or will never be.
func (s *Source[K, E]) Delivered(now time.Time) {
	for _, t := range s.waiting[:s.offered] {
		t.entry.waiting--
		s.delivered(now, t.entry)
	}
	s.waiting = slices.Delete(s.waiting, 0, s.offered)
	s.offered = 0
	for _, e := range s.entries {
		s.delivered(now, e.entry())
	}
}

func (s *Source[K, E]) delivered(now time.Time, e *Entry) {
	if e.offered == 0 {
		return
	}
	e.sent, e.offered = e.offered, 0
	e.next = now.Add(s.options.Resend)
}

// Next is when Due or Tidy have something to do; zero for never.
func (s *Source[K, E]) Next() time.Time {
	var first time.Time
	for _, e := range s.entries {
		c := e.entry()
		at := c.next
		switch {
		case c.released == nil:
			continue
		case c.undelivered() && c.offered != c.releasedVersion:
			return time.Unix(0, 0).UTC()
		case c.undelivered():
			at = c.retry
		case !c.Firing() && c.Until.Before(at):
			at = c.Until
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}
