// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"maps"
	"math"
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
	// placed says that it has a place: it fires, and is on a job; stranger that nothing vouches for the job.
	placed, stranger bool
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
	// Shared is what ManyJobsFailed speaks of, nil on all others.
	Shared *shared `json:",omitempty"`
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
	// limit bounds the alerts that fire on jobs, placed, and those that were resolved lately;
	// strangers is how many of the former are on jobs that nothing vouches for.
	limit, placed, strangers int
	// dropped counts those dropped early, and new ones that found no place.
	dropped uint64
	// standing is how well a job is known; lost is told of an alert that fires and finds no place or
	// loses it.
	standing func(run.Key) standing
	lost     func(now time.Time, e *entry)
}

func newLedger(records *state.Records, limit int, resend, keep time.Duration) *ledger {
	l := &ledger{
		records: records, resend: resend, limit: max(limit, 1), jobs: map[run.Key]map[string]*entry{},
		standing: func(run.Key) standing { return standing{} }, lost: func(time.Time, *entry) {},
	}
	l.alerts = source.New[string](source.Options[*entry]{
		Limit: math.MaxInt, Resend: resend, KeepResolved: keep, Retry: retryAfter, Hold: true, // room bounds them
		Changed: func(e *entry) { records.Change(e) }, Dropped: l.drop,
	})
	return l
}

func (l *ledger) enter(e *entry) {
	if l.jobs[e.Key] == nil {
		l.jobs[e.Key] = map[string]*entry{}
	}
	l.jobs[e.Key][e.stored.Key] = e
}

func (l *ledger) drop(e *entry, _ bool) {
	l.leave(e)
	delete(l.jobs[e.Key], e.stored.Key)
	if len(l.jobs[e.Key]) == 0 {
		delete(l.jobs, e.Key)
	}
	l.records.Remove(e)
}

// place gives an alert that begins its place.
func (l *ledger) place(e *entry) {
	if e.Key.Job == "" {
		return // there are few
	}
	e.placed, e.stranger = true, !l.standing(e.Key).vouched()
	l.placed++
	if e.stranger {
		l.strangers++
	}
}

// leave frees the place of an alert.
func (l *ledger) leave(e *entry) {
	if !e.placed {
		return
	}
	l.placed--
	if e.stranger {
		l.strangers--
	}
	e.placed = false
}

// reconsider notes that another thing is known of a job now.
func (l *ledger) reconsider(key run.Key) {
	for _, e := range l.jobs[key] {
		if e.placed {
			l.leave(e)
			l.place(e)
		}
	}
}

// evict ends an alert before its time: ManyJobsFailed stands in for it.
func (l *ledger) evict(now time.Time, e *entry) {
	l.dropped++
	l.resolve(now, e, map[string]string{"superseded_by": string(judge.ManyJobsFailed)})
	l.lost(now, e)
}

// minOwn is the number of alerts that a job may have in any case.
const minOwn = 10

// room reports whether another alert on a job finds a place, if need be that of another one.
//
// A job has a tenth of the places at most, and all jobs that nothing vouches for together have half of
// them: what is made up leaves room for the others. If there is none, one of a job that is not as
// well known goes; else one of the job that has the most, if it has two more than this one.
func (l *ledger) room(now time.Time, key run.Key) bool {
	if key.Job == "" {
		return true
	}
	s, own := l.standing(key), l.firing(key)
	switch {
	case own >= max(l.limit/10, minOwn), !s.vouched() && l.strangers >= (l.limit+1)/2:
		return false
	case l.placed < l.limit:
		return true
	}
	victim := l.outranked(s, own)
	if victim == nil {
		return false
	}
	l.evict(now, victim)
	return true
}

// outranked is the alert whose place one of a job takes that has so many: of those of jobs that are
// not as well known as this one the least known, else of the job that has the most; the latest.
func (l *ledger) outranked(s standing, own int) *entry {
	var least, most *entry
	var leastKnown standing
	mostFire := own + 1
	for key, alerts := range l.jobs {
		known, fire := l.standing(key), l.firing(key)
		for _, e := range alerts {
			if !e.placed {
				continue
			}
			if s.above(known) && (least == nil || leastKnown.above(known) || !known.above(leastKnown) && e.after(least)) {
				least, leastKnown = e, known
			}
			if fire > mostFire || fire == mostFire && most != nil && e.after(most) {
				most, mostFire = e, fire
			}
		}
	}
	if least != nil {
		return least
	}
	return most
}

// boundResolved keeps the number of alerts that were resolved lately within the limit: one of a job
// that nothing vouches for goes first, then the one that was resolved first.
func (l *ledger) boundResolved() {
	for l.alerts.Len()-l.placed-len(l.jobs[run.Key{}]) > l.limit {
		var first *entry
		strange := false
		for _, e := range l.alerts.All() {
			if e.Firing() {
				continue
			}
			s := !l.standing(e.Key).vouched()
			if first == nil || s && !strange || s == strange && (e.Until.Before(first.Until) || e.Until.Equal(first.Until) && e.stored.Key < first.stored.Key) {
				first, strange = e, s
			}
		}
		if first == nil {
			return
		}
		l.dropped++
		l.alerts.Forget(first.Alert.Fingerprint())
	}
}

// after reports whether the alert began after another one.
func (e *entry) after(other *entry) bool {
	c := e.Alert.StartsAt.Compare(other.Alert.StartsAt)
	return c > 0 || c == 0 && e.stored.Key > other.stored.Key
}

// firing is the number of alerts of a job that fire.
func (l *ledger) firing(key run.Key) int {
	n := 0
	for _, e := range l.jobs[key] {
		if e.Firing() {
			n++
		}
	}
	return n
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
// if that one speaks of a later run, or if there is no room for it.
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
	if !l.room(now, d.Key) {
		l.dropped++
		l.lost(now, &entry{Entry: source.Entry{Alert: a}, detail: d})
		return nil
	}
	if !known {
		e = &entry{stored: state.Place{Key: prefixAlert + fingerprint}}
	}
	e.detail, a.StartsAt = d, now
	l.alerts.Begin(now, fingerprint, e, a)
	l.enter(e)
	l.place(e)
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
	l.leave(e)
	l.boundResolved()
}

// load takes in a stored alert. One with control characters may have been stored by a version that
// gave it another fingerprint.
func (l *ledger) load(key string, value []byte) error {
	var s entryState
	if err := format.DecodeJSON(value, &s); err != nil {
		return err
	}
	fingerprint := s.Alert.Fingerprint()
	if prefixAlert+fingerprint != key && !s.Alert.HasHidden() || s.Alert.State != alert.Firing && s.Alert.State != alert.Resolved || s.Alert.StartsAt.IsZero() {
		return wire.ErrCorrupt
	}
	e := &entry{stored: state.Place{Key: key}, detail: s.detail}
	e.Alert = s.Alert
	if e.Heard.IsZero() { // as stored by an earlier version
		e.Heard = e.Alert.StartsAt
	}
	l.alerts.Restore(fingerprint, e)
	l.enter(e)
	if e.Firing() {
		l.place(e)
	}
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
