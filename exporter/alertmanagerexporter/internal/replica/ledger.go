// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/taker"
)

// ledger is what is to be posted to one replica: the latest state of every alert, and when it is to
// be looked at next. It has no clock: now is the collector's time, and never goes back.
type ledger struct {
	resendInterval time.Duration

	mu     sync.Mutex // guards alerts, and what is in them
	alerts *taker.Taker[*entry]
}

// entry is one alert. Its state is in one of four phases; replica.go has the diagram.
type entry struct {
	taker.Entry
	phase phase
	// version is a new one whenever there is something new to be posted.
	version uint64
	// tried is when it was last posted, with whatever result.
	tried time.Time
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

func newLedger(o *Options) *ledger {
	return &ledger{
		resendInterval: o.ResendInterval,
		alerts: taker.New(taker.Options[*entry]{
			Limit: o.MaxAlerts, SourceTimeout: o.SourceTimeout,
			Make: func() *entry { return &entry{} }, Unfinished: func(e *entry) bool { return e.phase == pending },
		}),
	}
}

// put takes over a state from the source. lost says that a resolution which the replica has not
// taken made room for it.
func (l *ledger) put(now time.Time, fingerprint string, a *alert.Alert) (outcome taker.Outcome, lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, outcome, evicted := l.alerts.Take(now, fingerprint, a)
	switch outcome {
	case taker.Stale, taker.Full:
		return outcome, false
	case taker.Same:
		if e.phase != closed {
			return outcome, false
		}
	}
	e.phase, e.at = pending, now
	e.version++
	return outcome, evicted != nil && evicted.phase == pending
}

// next returns when there is something to do next; false if there is nothing.
func (l *ledger) next() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var first time.Time
	for _, e := range l.alerts.All() {
		if first.IsZero() || e.at.Before(first) {
			first = e.at
		}
	}
	return first, l.alerts.Len() > 0
}

// due returns the fingerprints of what is to be posted now, the one whose last try is longest ago
// first, so that a batch that always fails holds up no other. Where there is any, renewals that are
// due soon come along, so that posts grow together over time. What the source has fallen silent
// about is forgotten; expired is how many of these were firing.
func (l *ledger) due(now time.Time) (fingerprints []string, expired int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	soon, needed := now.Add(l.resendInterval/4), false
	var candidates []candidate
	for fingerprint, e := range l.alerts.All() {
		if e.at.After(soon) || e.at.After(now) && e.phase != renewing {
			continue
		}
		silent := !now.Before(l.alerts.SilentAt(e))
		switch {
		case e.phase != pending && silent:
			l.alerts.Forget(fingerprint)
			if e.phase == renewing {
				expired++
			}
		case e.phase == pending, e.phase == renewing:
			candidates = append(candidates, candidate{fingerprint, e.tried})
			needed = needed || !e.at.After(now)
		default:
			e.at = l.alerts.SilentAt(e)
		}
	}
	if !needed {
		return nil, expired
	}
	return order(candidates), expired
}

// undelivered returns the fingerprints of what no post has delivered yet, whatever is due.
func (l *ledger) undelivered() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var candidates []candidate
	for fingerprint, e := range l.alerts.All() {
		if e.phase == pending {
			candidates = append(candidates, candidate{fingerprint, e.tried})
		}
	}
	return order(candidates)
}

// candidate is an alert that may be posted, and when it was last posted.
type candidate struct {
	fingerprint string
	tried       time.Time
}

// order returns the fingerprints, the one whose last attempt is longest ago first.
func order(candidates []candidate) []string {
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(a.tried.Compare(b.tried), cmp.Compare(a.fingerprint, b.fingerprint))
	})
	fingerprints := make([]string, len(candidates))
	for i, c := range candidates {
		fingerprints[i] = c.fingerprint
	}
	return fingerprints
}

// latest returns the states that are the latest now of the given alerts, as far as they are to be
// posted.
func (l *ledger) latest(now time.Time, fingerprints []string) []posting {
	l.mu.Lock()
	defer l.mu.Unlock()
	postings := make([]posting, 0, len(fingerprints))
	for _, fingerprint := range fingerprints {
		if e, ok := l.alerts.Get(fingerprint); ok && (e.phase == pending || e.phase == renewing) {
			e.tried = now
			postings = append(postings, posting{fingerprint, e.version, e.Alert})
		}
	}
	return postings
}

// delivered notes that the replica has taken these at the time given. Where a newer state has come
// meanwhile, that one is still pending.
func (l *ledger) delivered(at time.Time, postings []posting) {
	l.settle(postings, func(e *entry) {
		if e.Alert.State == alert.Firing {
			e.phase, e.at = renewing, at.Add(l.resendInterval)
		} else {
			e.phase, e.at = closed, l.alerts.SilentAt(e)
		}
	})
}

// refused notes that the replica will never take this state.
func (l *ledger) refused(p posting) {
	l.settle([]posting{p}, func(e *entry) { e.phase, e.at = rejected, l.alerts.SilentAt(e) })
}

func (l *ledger) settle(postings []posting, settle func(*entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range postings {
		if e, ok := l.alerts.Get(p.fingerprint); ok && e.version == p.version {
			settle(e)
		}
	}
}

// Counts are numbers of alerts: those that are held, those of them that fire, and those whose state
// the replica has not taken.
type Counts struct{ Held, Active, Pending int64 }

func (l *ledger) counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := Counts{Held: int64(l.alerts.Len())}
	for _, e := range l.alerts.All() {
		if e.Alert.State == alert.Firing {
			c.Active++
		}
		if e.phase == pending {
			c.Pending++
		}
	}
	return c
}
