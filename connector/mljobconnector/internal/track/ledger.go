// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"maps"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/source"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// order is the place of a run among the runs of its job: by logical date where both have one, else
// by start.
type order struct{ Date, Start time.Time }

// before reports whether o is earlier than other.
func (o order) before(other order) bool {
	if !o.Date.IsZero() && !other.Date.IsZero() {
		return o.Date.Before(other.Date)
	}
	return o.Start.Before(other.Start)
}

// entry is an alert in the ledger. It is emitted as it was written last.
type entry struct {
	source.Entry
	stored state.Place
	detail
}

// detail is what the tracker knows of an alert.
type detail struct {
	Key   run.Key
	Kind  judge.Kind
	Stage string
	// Run is the key, in the store, of the run that the alert speaks of; empty for none.
	Run string
	// Order is that run's. An alert whose Strict is set is resolved by later runs only, not by one
	// of the same order.
	Order  order
	Strict bool
	// Running says that the alert was raised while the run went on.
	Running bool
	Warning bool
	// Missed counts, for JobMissedSchedule, the slots without a run.
	Missed int
	// Heard is when the job was last heard of, as far as the alert knows. It may be a while later.
	Heard time.Time
}

// entryState is what is stored of an entry.
type entryState struct {
	Alert alert.Alert
	detail
}

func (e *entry) Place() *state.Place { return &e.stored }

func (e *entry) Encode() ([]byte, error) {
	return format.EncodeJSON(entryState{e.Alert, e.detail})
}

func (e *entry) Written() { e.Release() }

// settledBy reports whether the alert speaks of a run that is not after another one.
func (e *entry) settledBy(o order) bool {
	if e.Strict {
		return e.Order.before(o)
	}
	return !o.before(e.Order)
}

// ledger is all alerts: those that fire, and those that were resolved lately.
type ledger struct {
	records *state.Records
	// alerts has them by fingerprint, jobs the same by job and by their keys in the store.
	alerts *source.Source[string, *entry]
	jobs   map[run.Key]map[string]*entry
	resend time.Duration
	// dropped counts those dropped early, and new ones that found no place.
	dropped uint64
	// carded reports whether a job has a card; lost is told of an alert that fires and finds no
	// place or loses it.
	carded func(run.Key) bool
	lost   func(*entry)
}

func newLedger(records *state.Records, limit int, resend, keep time.Duration) *ledger {
	l := &ledger{
		records: records, resend: resend, jobs: map[run.Key]map[string]*entry{},
		carded: func(run.Key) bool { return false }, lost: func(*entry) {},
	}
	l.alerts = source.New[string](source.Options[*entry]{
		Limit: limit, Resend: resend, KeepResolved: keep, Retry: retryAfter, Hold: true,
		Outranks: l.outranks, Changed: func(e *entry) { records.Change(e) }, Dropped: l.drop,
	})
	return l
}

// outranks reports whether an alert on a job with a card, or on no job, meets one on a job without
// a card.
func (l *ledger) outranks(newcomer, held *entry) bool {
	return (newcomer.Key.Job == "" || l.carded(newcomer.Key)) && held.Key.Job != "" && !l.carded(held.Key)
}

func (l *ledger) enter(e *entry) {
	if l.jobs[e.Key] == nil {
		l.jobs[e.Key] = map[string]*entry{}
	}
	l.jobs[e.Key][e.stored.Key] = e
}

func (l *ledger) drop(e *entry, early bool) {
	delete(l.jobs[e.Key], e.stored.Key)
	if len(l.jobs[e.Key]) == 0 {
		delete(l.jobs, e.Key)
	}
	l.records.Remove(e)
	if early {
		l.dropped++
		if e.Firing() {
			l.lost(e)
		}
	}
}

// of returns the firing alerts of a job in the order of their fingerprints.
func (l *ledger) of(key run.Key) []*entry {
	all := l.jobs[key]
	var firing []*entry
	for _, place := range slices.Sorted(maps.Keys(all)) {
		if e := all[place]; e.Firing() {
			firing = append(firing, e)
		}
	}
	return firing
}

// raise lets an alert fire, or brings the one that fires up to date, and returns it. It returns nil
// if that one speaks of a later run, or if the ledger is full.
func (l *ledger) raise(now time.Time, a alert.Alert, d detail) *entry {
	fingerprint := a.Fingerprint()
	d.Heard = now
	e, known := l.alerts.Get(fingerprint)
	if known && e.Firing() {
		if d.Run != e.Run && d.Order.before(e.Order) {
			return nil
		}
		// The numbers of what goes on may change all the time.
		often := d.Running && e.Running && d.Run == e.Run && now.Sub(e.ChangedAt()) < l.resend
		if !often && !e.says(&a, &d) {
			e.detail = d
			l.alerts.Update(now, e, a)
		}
		return e
	}
	if !known {
		e = &entry{stored: state.Place{Key: prefixAlert + fingerprint}}
		e.Alert = a
	}
	e.detail, a.StartsAt = d, now
	if !l.alerts.Begin(now, fingerprint, e, a) {
		l.dropped++
		l.lost(e)
		return nil
	}
	l.enter(e)
	return e
}

// says reports whether the alert says this already.
func (e *entry) says(a *alert.Alert, d *detail) bool {
	return e.Run == d.Run && e.Running == d.Running && e.Missed == d.Missed && e.Strict == d.Strict &&
		e.Order.Date.Equal(d.Order.Date) && e.Order.Start.Equal(d.Order.Start) &&
		e.Alert.Summary == a.Summary && e.Alert.TraceID == a.TraceID && e.Alert.SpanID == a.SpanID &&
		maps.Equal(e.Alert.Annotations, a.Annotations)
}

// resolve ends an alert that fires. More annotations say why.
func (l *ledger) resolve(now time.Time, e *entry, why map[string]string) {
	if !e.Firing() {
		return
	}
	a := e.Alert
	a.EndsAt, a.Annotations = now, maps.Clone(a.Annotations)
	if a.Annotations == nil {
		a.Annotations = map[string]string{}
	}
	maps.Copy(a.Annotations, why)
	l.alerts.Resolve(now, e, a)
}

// load takes in a stored alert.
func (l *ledger) load(key string, value []byte) error {
	var s entryState
	if err := format.DecodeJSON(value, &s); err != nil {
		return err
	}
	fingerprint := s.Alert.Fingerprint()
	if prefixAlert+fingerprint != key || s.Alert.State != alert.Firing && s.Alert.State != alert.Resolved || s.Alert.StartsAt.IsZero() {
		return wire.ErrCorrupt
	}
	e := &entry{stored: state.Place{Key: key}, detail: s.detail}
	e.Alert = s.Alert
	if e.Heard.IsZero() { // as stored by an earlier version
		e.Heard = e.Alert.StartsAt
	}
	l.alerts.Restore(fingerprint, e)
	l.enter(e)
	return nil
}

// retryAfter is how long Next lets the connector wait after a delivery or a write that failed.
const retryAfter = 5 * time.Second

// earliest returns the earlier of two times, of which zero means never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
