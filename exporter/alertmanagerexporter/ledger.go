// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// ledger is what is to be said to one replica: the latest state of every alert, and when it is to be looked at next. It
// has no clock: now is the collector's time, and never goes back.
type ledger struct {
	sourceTimeout, resendInterval time.Duration
	most                          int

	mu      sync.Mutex // guards entries, and what is in them
	entries map[string]*entry
}

// entry is one alert. Its state is in one of four phases; doc.go has the diagram.
type entry struct {
	alert *alert.Alert // the latest state; never written to
	phase phase
	// version is a new one whenever there is something new to be posted.
	version uint64
	// heard is when the source last emitted it, tried when it was last posted, with whatever result.
	heard, tried time.Time
	// at is when it is to be looked at next.
	at time.Time
}

type phase uint8

const (
	pending  phase = iota // the replica has not taken the state yet
	renewing              // firing, and taken: posted again every resend_interval
	closed                // resolved, and taken: posted again when the source re-emits it
	rejected              // refused for good: not posted again until the state changes
)

// posting is one state on its way.
type posting struct {
	fingerprint string
	version     uint64
	alert       *alert.Alert
}

// verdict says what put has done with a state.
type verdict uint8

const (
	taken verdict = iota
	stale         // older than what is held: ignored
	full          // no room: dropped
)

func newLedger(cfg *Config) *ledger {
	return &ledger{
		sourceTimeout: cfg.SourceTimeout, resendInterval: cfg.ResendInterval, most: cfg.MaxAlerts,
		entries: map[string]*entry{},
	}
}

// put takes over a state from the source. lost tells that a resolution which the replica has not taken made room for it.
func (l *ledger) put(now time.Time, fingerprint string, a *alert.Alert) (_ verdict, lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, known := l.entries[fingerprint]
	switch {
	case !known:
		if len(l.entries) >= l.most {
			victim := l.evict()
			if victim == nil {
				return full, false
			}
			lost = victim.phase == pending
		}
		e = &entry{}
		l.entries[fingerprint] = e
	case older(a, e.alert):
		return stale, false
	}
	e.heard = now
	if !known || !same(a, e.alert) || e.phase == closed {
		e.alert, e.phase, e.at = a, pending, now
		e.version++
	}
	return taken, lost
}

// older tells whether a state came late: it speaks of a time before the one that is held. A firing one does if the held
// one is the resolution of the same alert or of a later one; a resolved one if the held one fires and began after its end.
func older(a, held *alert.Alert) bool {
	switch {
	case a.State == alert.Firing && held.State == alert.Resolved:
		return !a.StartsAt.After(held.StartsAt)
	case a.State == alert.Resolved && held.State == alert.Firing:
		return a.StartsAt.Before(held.StartsAt) && !a.EndsAt.After(held.StartsAt)
	default:
		return false
	}
}

// same tells whether two states of one alert are equal in all that is posted.
func same(a, b *alert.Alert) bool {
	return a.State == b.State && a.Summary == b.Summary && a.StartsAt.Equal(b.StartsAt) && a.EndsAt.Equal(b.EndsAt) &&
		a.TraceID == b.TraceID && a.SpanID == b.SpanID && maps.Equal(a.Annotations, b.Annotations)
}

// evict makes room for one alert: of the resolved ones the one whose source was silent for longest goes, those that the
// replica has taken before others. It returns nil if there is none.
func (l *ledger) evict() (victim *entry) {
	var key string
	for fingerprint, e := range l.entries {
		if e.alert.State != alert.Resolved {
			continue
		}
		isPending, wasPending := e.phase == pending, victim != nil && victim.phase == pending
		if victim == nil || wasPending && !isPending || wasPending == isPending && e.heard.Before(victim.heard) {
			key, victim = fingerprint, e
		}
	}
	if victim != nil {
		delete(l.entries, key)
	}
	return victim
}

// next returns when there is something to do next; false if there is nothing.
func (l *ledger) next() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var first time.Time
	for _, e := range l.entries {
		if first.IsZero() || e.at.Before(first) {
			first = e.at
		}
	}
	return first, len(l.entries) > 0
}

// due returns the fingerprints of what is to be posted now, the one whose last try is longest ago first, so that a
// batch that always fails holds up no other. Where there is any, renewals that are due soon come along, so that
// posts grow together over time. What the source has fallen silent about is forgotten; expired is how many of
// these were firing.
func (l *ledger) due(now time.Time) (fingerprints []string, expired int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	soon, needed := now.Add(l.resendInterval/4), false
	for fingerprint, e := range l.entries {
		if e.at.After(soon) || e.at.After(now) && e.phase != renewing {
			continue
		}
		silent := now.Sub(e.heard) >= l.sourceTimeout
		switch {
		case e.phase != pending && silent:
			delete(l.entries, fingerprint)
			if e.phase == renewing {
				expired++
			}
		case e.phase == pending, e.phase == renewing:
			fingerprints = append(fingerprints, fingerprint)
			needed = needed || !e.at.After(now)
		default:
			e.at = e.heard.Add(l.sourceTimeout)
		}
	}
	if !needed {
		return nil, expired
	}
	l.order(fingerprints)
	return fingerprints, expired
}

// undelivered returns the fingerprints of what no post has delivered yet, whatever is due.
func (l *ledger) undelivered() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var fingerprints []string
	for fingerprint, e := range l.entries {
		if e.phase == pending {
			fingerprints = append(fingerprints, fingerprint)
		}
	}
	l.order(fingerprints)
	return fingerprints
}

func (l *ledger) order(fingerprints []string) {
	slices.SortFunc(fingerprints, func(a, b string) int {
		return cmp.Or(l.entries[a].tried.Compare(l.entries[b].tried), cmp.Compare(a, b))
	})
}

// take returns the states that are the latest now of the given alerts, as far as they are to be posted.
func (l *ledger) take(now time.Time, fingerprints []string) []posting {
	l.mu.Lock()
	defer l.mu.Unlock()
	postings := make([]posting, 0, len(fingerprints))
	for _, fingerprint := range fingerprints {
		if e, ok := l.entries[fingerprint]; ok && (e.phase == pending || e.phase == renewing) {
			e.tried = now
			postings = append(postings, posting{fingerprint, e.version, e.alert})
		}
	}
	return postings
}

// delivered notes that the replica has taken these at the time given. Where a newer state has come meanwhile, that
// one is still pending.
func (l *ledger) delivered(at time.Time, postings []posting) {
	l.settle(postings, func(e *entry) {
		if e.alert.State == alert.Firing {
			e.phase, e.at = renewing, at.Add(l.resendInterval)
		} else {
			e.phase, e.at = closed, e.heard.Add(l.sourceTimeout)
		}
	})
}

// refused notes that the replica will never take this state.
func (l *ledger) refused(p posting) {
	l.settle([]posting{p}, func(e *entry) { e.phase, e.at = rejected, e.heard.Add(l.sourceTimeout) })
}

func (l *ledger) settle(postings []posting, settle func(*entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range postings {
		if e, ok := l.entries[p.fingerprint]; ok && e.version == p.version {
			settle(e)
		}
	}
}

// counts returns how many firing alerts are held, and how many states the replica has not taken.
func (l *ledger) counts() (active, waiting int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.alert.State == alert.Firing {
			active++
		}
		if e.phase == pending {
			waiting++
		}
	}
	return active, waiting
}
