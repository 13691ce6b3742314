// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package taker keeps the latest state of each alert that a component is given.
//
//	record ─► Take ─┬─► Fresh, Changed, Same: the state is the latest, and its source was heard
//	                ├─► Stale: it speaks of a time before the state that is held
//	                └─► Full: no resolved alert makes room
//
// A source emits an alert again and again while it holds, and for a while after its end. One that
// is silent for SourceTimeout will say nothing more: what the component has done with the alert by
// then decides whether it is forgotten.
//
// A taker is bounded: of the resolved alerts the one whose source was silent for longest makes
// room. It has no clock and takes no lock: the component does.
package taker

import (
	"iter"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// Entry is an alert as its Taker holds it. A component embeds it in what it knows of the alert.
type Entry struct {
	// Alert is the latest state; it is never written to.
	Alert *alert.Alert
	// ReportedAt is when the source emitted it last, on the component's clock.
	ReportedAt time.Time
}

func (e *Entry) entry() *Entry { return e }

// held is a pointer to a struct that embeds Entry.
type held interface {
	comparable
	entry() *Entry
}

// Outcome says what Take has done with a state.
type Outcome uint8

// The outcomes of Take.
const (
	Fresh   Outcome = iota // the alert was not known
	Changed                // the state is a new one of a known alert
	Same                   // the state is the one that is held
	Stale                  // the state is older than the one that is held: ignored
	Full                   // there is no room: dropped
)

// Options are those of a Taker.
type Options[E any] struct {
	// Limit bounds the alerts.
	Limit int
	// SourceTimeout is how long the source of an alert may be silent.
	SourceTimeout time.Duration
	// Make returns an E for a new alert.
	Make func() E
	// Unfinished reports whether the component has still to do something with a resolved alert.
	// Such an alert makes room last.
	Unfinished func(E) bool
}

// Taker is the alerts that one component is given. E is what the component knows of one: a pointer
// to a struct that embeds Entry.
type Taker[E held] struct {
	options Options[E]
	entries map[string]E
}

// New returns a taker without alerts.
func New[E held](o Options[E]) *Taker[E] {
	return &Taker[E]{options: o, entries: map[string]E{}}
}

// Take takes over a state from its source. evicted is the alert that made room for a new one, if
// any did.
func (t *Taker[E]) Take(now time.Time, fingerprint string, a *alert.Alert) (e E, outcome Outcome, evicted E) {
	e, known := t.entries[fingerprint]
	if !known {
		var none E
		if len(t.entries) >= t.options.Limit {
			if evicted = t.makeRoom(); evicted == none {
				return none, Full, none
			}
		}
		e = t.options.Make()
		*e.entry() = Entry{Alert: a, ReportedAt: now}
		t.entries[fingerprint] = e
		return e, Fresh, evicted
	}
	c := e.entry()
	if older(a, c.Alert) {
		return e, Stale, evicted
	}
	c.ReportedAt = now
	if same(a, c.Alert) {
		return e, Same, evicted
	}
	c.Alert = a
	return e, Changed, evicted
}

// makeRoom forgets a resolved alert: the one whose source was silent for longest, of those that are
// finished if there is any.
func (t *Taker[E]) makeRoom() (evicted E) {
	var none E
	var key string
	for fingerprint, e := range t.entries {
		if e.entry().Alert.State != alert.Resolved {
			continue
		}
		if evicted == none || t.goesFirst(e, evicted) {
			key, evicted = fingerprint, e
		}
	}
	delete(t.entries, key)
	return evicted
}

func (t *Taker[E]) goesFirst(e, other E) bool {
	if a, b := t.options.Unfinished(e), t.options.Unfinished(other); a != b {
		return b
	}
	return e.entry().ReportedAt.Before(other.entry().ReportedAt)
}

// SilentAt is when an alert's source will have been silent for too long, if it says nothing more.
func (t *Taker[E]) SilentAt(e E) time.Time { return e.entry().ReportedAt.Add(t.options.SourceTimeout) }

// Forget drops an alert.
func (t *Taker[E]) Forget(fingerprint string) { delete(t.entries, fingerprint) }

// Get returns an alert by its fingerprint.
func (t *Taker[E]) Get(fingerprint string) (e E, ok bool) {
	e, ok = t.entries[fingerprint]
	return e, ok
}

// All returns all alerts, in no order.
func (t *Taker[E]) All() iter.Seq2[string, E] {
	return func(yield func(string, E) bool) {
		for fingerprint, e := range t.entries {
			if !yield(fingerprint, e) {
				return
			}
		}
	}
}

// Len is the number of alerts.
func (t *Taker[E]) Len() int { return len(t.entries) }
