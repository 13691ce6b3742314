// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package source holds the alerts that a component raises: those that fire, and those that were
// resolved lately.
//
//	         Begin                     Resolve                 KeepResolved, delivered
//	(none) ─────────► firing ──────────────────► resolved ─────────────────────────────► (none)
//	                  │    ▲ keeps StartsAt        │
//	                  └────┘ Update, Amend         └──► Begin: firing again, with a later StartsAt
//
// Due returns what is to be emitted: what has begun, changed or ended, and every Resend all the
// rest again, so that a record that is lost does no harm. Delivered says that it has arrived; what
// has not is due again. A component that stores its alerts sets Hold, and calls Release for what is
// written: an alert is then emitted only as it was written last, so that none begins twice after a
// kill. Where the store refuses, it calls ReleaseUnstored: then the alert is emitted from memory and
// says so (NotStored), until Release.
//
// A source is bounded: the alert that was resolved first makes room. It has no clock, starts no
// goroutine, and takes no lock: the component does.
package source

import (
	"iter"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// Options are those of a Source. The functions may be nil.
type Options[E any] struct {
	// Limit bounds the alerts, firing ones and resolved ones.
	Limit int
	// Resend is how often an alert is emitted again; KeepResolved how long a resolved one is.
	Resend, KeepResolved time.Duration
	// Early is how much before its turn an alert is emitted again, for a component that asks at the
	// ticks of a ticker, which are not exact.
	Early time.Duration
	// Retry is how long Next waits after a delivery that failed.
	Retry time.Duration
	// Transitions is how many beginnings and ends wait for a delivery, in order. With 0 only the
	// latest state of each alert does.
	Transitions int
	// Hold keeps states back until Release says that they are written, or ReleaseUnstored that they
	// cannot be.
	Hold bool

	// Outranks reports whether a new alert takes the place of one that fires, if none is resolved.
	Outranks func(newcomer, held E) bool
	// Changed is told of an alert whose state is to be written.
	Changed func(E)
	// Dropped is told of an alert that is forgotten; early says that it made room for another one.
	Dropped func(e E, early bool)
}

// Source is the alerts of one component. K is what an alert is about, E what the component knows of
// it: a pointer to a struct that embeds Entry.
type Source[K comparable, E held] struct {
	options Options[E]
	entries map[K]E
	// waiting are the transitions that no delivery has had; offered is how many of them Due has
	// returned last.
	waiting []transition
	offered int
	// lost counts the transitions that were dropped, since the last call of TakeLost.
	lost int
}

// New returns a source without alerts.
func New[K comparable, E held](o Options[E]) *Source[K, E] {
	return &Source[K, E]{options: o, entries: map[K]E{}}
}

// Len is the number of alerts.
func (s *Source[K, E]) Len() int { return len(s.entries) }

// Get returns the alert on something.
func (s *Source[K, E]) Get(key K) (e E, ok bool) {
	e, ok = s.entries[key]
	return e, ok
}

// All returns all alerts, in no order.
func (s *Source[K, E]) All() iter.Seq2[K, E] {
	return func(yield func(K, E) bool) {
		for key, e := range s.entries {
			if !yield(key, e) {
				return
			}
		}
	}
}

// Begin lets an alert fire that does not. e is new, or what Get has returned. An alert on what had
// one before begins later than that: it is another one. It reports false if there is no room.
func (s *Source[K, E]) Begin(now time.Time, key K, e E, a alert.Alert) bool {
	before, known := s.entries[key]
	if !known && len(s.entries) >= s.options.Limit && !s.makeRoom(e) {
		return false
	}
	if known {
		if last := before.entry().Alert.StartsAt; !a.StartsAt.After(last) {
			a.StartsAt = last.Add(1)
		}
	}
	a.State, a.EndsAt = alert.Firing, time.Time{}
	c := e.entry()
	c.Alert, c.Until, c.fingerprint = a, time.Time{}, a.Fingerprint()
	s.entries[key] = e
	s.moved(now, e)
	return true
}

// Update says something else of an alert that fires. It is emitted at once.
func (s *Source[K, E]) Update(now time.Time, e E, a alert.Alert) {
	e.entry().replace(a)
	s.change(now, e, true)
}

// Amend says something else of an alert that fires. It is emitted when its turn comes.
func (s *Source[K, E]) Amend(now time.Time, e E, a alert.Alert) {
	e.entry().replace(a)
	s.change(now, e, false)
}

// Resolve ends an alert that fires, at a.EndsAt or, if that is earlier, when it began.
func (s *Source[K, E]) Resolve(now time.Time, e E, a alert.Alert) {
	c := e.entry()
	end := a.EndsAt
	if end.Before(c.Alert.StartsAt) {
		end = c.Alert.StartsAt
	}
	c.replace(a)
	c.Alert.State, c.Alert.EndsAt, c.Until = alert.Resolved, end, now.Add(s.options.KeepResolved)
	s.moved(now, e)
}

// Restore puts back an alert that was stored. It is due at once, because nobody may have got it.
func (s *Source[K, E]) Restore(key K, e E) {
	c := e.entry()
	c.fingerprint, c.version = c.Alert.Fingerprint(), 1
	if !c.Firing() && c.Until.IsZero() {
		c.Until = c.Alert.EndsAt.Add(s.options.KeepResolved)
	}
	c.Release()
	s.entries[key] = e
}

// ReleaseUnstored lets all states that are held be emitted, and says on them that they are not
// stored.
func (s *Source[K, E]) ReleaseUnstored() {
	for _, e := range s.entries {
		if c := e.entry(); c.released == nil || c.releasedVersion != c.version {
			c.releaseUnstored()
		}
	}
}

// Tidy forgets the resolved alerts that were kept for long enough and have been delivered.
func (s *Source[K, E]) Tidy(now time.Time) {
	for key, e := range s.entries {
		if c := e.entry(); !c.Firing() && c.sent == c.version && c.waiting == 0 && !now.Before(c.Until) {
			s.drop(key, e, false)
		}
	}
}

// Forget drops an alert without a word: somebody else raises it from now on.
func (s *Source[K, E]) Forget(key K) {
	e, ok := s.entries[key]
	if !ok {
		return
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(t transition) bool { return t.entry == e.entry() })
	s.offered = 0
	s.drop(key, e, false)
}

func (s *Source[K, E]) drop(key K, e E, early bool) {
	delete(s.entries, key)
	if s.options.Dropped != nil {
		s.options.Dropped(e, early)
	}
}

// moved notes a beginning or an end.
func (s *Source[K, E]) moved(now time.Time, e E) {
	s.change(now, e, true)
	if s.options.Transitions > 0 {
		s.enqueue(e.entry())
	}
}

func (s *Source[K, E]) change(now time.Time, e E, urgent bool) {
	c := e.entry()
	c.changed = now
	if urgent {
		c.version++
	}
	if !s.options.Hold {
		c.Release()
	}
	if s.options.Changed != nil {
		s.options.Changed(e)
	}
}
