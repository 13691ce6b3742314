// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// order is the place of a run among the runs of its job: by logical date where both have one, else by start.
type order struct{ Date, Start time.Time }

// before reports whether o is earlier than other.
func (o order) before(other order) bool {
	if !o.Date.IsZero() && !other.Date.IsZero() {
		return o.Date.Before(other.Date)
	}
	return o.Start.Before(other.Start)
}

// entry is an alert in the ledger.
//
//	         raise                    resolve               KeepResolved, delivered
//	(none) ─────────► firing ─────────────────► resolved ─────────────────────────► (none)
//	                  │    ▲ keeps StartsAt         │
//	                  └────┘ raise                  └──► firing again, with a new StartsAt
//
// What is emitted is the state that was written last, so that a store that fails delays changes but does not let leases run out.
type entry struct {
	stored stored
	entryState
	// sendable is the state that is written; nil until the first one is.
	sendable *alert.Alert
	// version counts the states; sendableVersion is sendable's, offered the one that Due returned last, sent the one that was delivered last.
	version, sendableVersion, offered, sent uint64
	// next is when sendable is due although it has been delivered; retry is when the tracker asks for it to be offered again.
	next, retry time.Time
	// changed is when the state changed last.
	changed time.Time
}

// entryState is what is stored of an entry.
type entryState struct {
	Alert alert.Alert
	Key   run.Key
	Kind  judge.Kind
	Stage string
	// Run is the key, in the store, of the run that the alert speaks of; empty for none.
	Run string
	// Order is that run's. An alert whose Strict is set is resolved by later runs only, not by one of the same order.
	Order  order
	Strict bool
	// Running says that the alert was raised while the run went on.
	Running bool
	Warning bool
	// Missed counts, for JobMissedSchedule, the slots without a run.
	Missed int
}

func (e *entry) state() *stored { return &e.stored }

func (e *entry) encode() ([]byte, error) {
	text, err := json.Marshal(&e.entryState)
	if err != nil {
		return nil, err
	}
	w := format.NewEncoder(len(text) + 8)
	w.Raw(text)
	return w.Seal(), nil
}

func (e *entry) written() {
	a := e.Alert
	e.sendable, e.sendableVersion = &a, e.version
}

func (e *entry) firing() bool { return e.Alert.State == alert.Firing }

// settledBy reports whether the alert speaks of a run that is not after another one.
func (e *entry) settledBy(o order) bool {
	if e.Strict {
		return e.Order.before(o)
	}
	return !o.before(e.Order)
}

// ledger is all alerts: those that fire, and those that were resolved lately.
type ledger struct {
	disk         *disk
	limit        int
	resend, keep time.Duration
	entries      map[string]*entry             // by fingerprint
	jobs         map[run.Key]map[string]*entry // the same by job
	dropped      uint64                        // those dropped early, and new ones that found no place
	// carded reports whether a job has a card; lost is told of an alert that fires and finds no place or loses it.
	carded func(run.Key) bool
	lost   func(*entryState)
}

func newLedger(d *disk, limit int, resend, keep time.Duration) *ledger {
	return &ledger{
		disk: d, limit: limit, resend: resend, keep: keep,
		entries: map[string]*entry{}, jobs: map[run.Key]map[string]*entry{},
		carded: func(run.Key) bool { return false }, lost: func(*entryState) {},
	}
}

func (l *ledger) put(fingerprint string, e *entry) {
	l.entries[fingerprint] = e
	if l.jobs[e.Key] == nil {
		l.jobs[e.Key] = map[string]*entry{}
	}
	l.jobs[e.Key][fingerprint] = e
}

func (l *ledger) drop(fingerprint string, e *entry) {
	delete(l.entries, fingerprint)
	delete(l.jobs[e.Key], fingerprint)
	if len(l.jobs[e.Key]) == 0 {
		delete(l.jobs, e.Key)
	}
	l.disk.remove(e)
}

// of returns the firing alerts of a job in the order of their fingerprints.
func (l *ledger) of(key run.Key) []*entry {
	all := l.jobs[key]
	var firing []*entry
	for _, fingerprint := range slices.Sorted(maps.Keys(all)) {
		if e := all[fingerprint]; e.firing() {
			firing = append(firing, e)
		}
	}
	return firing
}

// raise lets an alert fire, or brings the one that fires up to date, and returns it. It returns nil if that one speaks of a later run,
// or if the ledger is full.
func (l *ledger) raise(now time.Time, s entryState) *entry {
	fingerprint := s.Alert.Fingerprint()
	s.Alert.State = alert.Firing
	e := l.entries[fingerprint]
	if e != nil && e.firing() {
		if s.Run != e.Run && s.Order.before(e.Order) {
			return nil
		}
		s.Alert.StartsAt = e.Alert.StartsAt
		if s.equal(&e.entryState) {
			return e
		}
		if s.Running && e.Running && s.Run == e.Run && now.Sub(e.changed) < l.resend {
			return e // the numbers of what goes on may change all the time
		}
		e.entryState = s
		l.touch(now, e)
		return e
	}
	if e == nil {
		if len(l.entries) >= l.limit && !l.makeRoom(&s) {
			l.lost(&s)
			return nil
		}
		e = &entry{stored: stored{key: prefixAlert + fingerprint}}
		l.disk.enter(e.stored.key)
	}
	s.Alert.StartsAt = now
	if !now.After(e.Alert.StartsAt) { // resolved and raised at one moment: another alert nevertheless
		s.Alert.StartsAt = e.Alert.StartsAt.Add(1)
	}
	e.entryState = s
	l.put(fingerprint, e)
	l.touch(now, e)
	return e
}

// equal reports whether two states say the same.
func (s *entryState) equal(other *entryState) bool {
	a, b := &s.Alert, &other.Alert
	return s.Run == other.Run && s.Running == other.Running && s.Missed == other.Missed && s.Strict == other.Strict &&
		s.Order.Date.Equal(other.Order.Date) && s.Order.Start.Equal(other.Order.Start) &&
		a.Summary == b.Summary && a.TraceID == b.TraceID && a.SpanID == b.SpanID && maps.Equal(a.Annotations, b.Annotations)
}

func (l *ledger) touch(now time.Time, e *entry) {
	e.version++
	e.changed = now
	l.disk.change(e)
}

// resolve ends an alert. More annotations say why.
func (l *ledger) resolve(now time.Time, e *entry, why map[string]string) {
	if !e.firing() {
		return
	}
	annotations := maps.Clone(e.Alert.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, why)
	e.Alert.Annotations = annotations
	e.Alert.State, e.Alert.EndsAt = alert.Resolved, now
	if now.Before(e.Alert.StartsAt) {
		e.Alert.EndsAt = e.Alert.StartsAt
	}
	l.touch(now, e)
}

// makeRoom drops the alert that was resolved first. An alert on a job with a card, or on no job, takes the place of the oldest one that fires on a
// job without a card if there is no other.
func (l *ledger) makeRoom(s *entryState) bool {
	l.dropped++
	first := func(among func(*entry) bool, at func(*entry) time.Time) (oldest string) {
		for fingerprint, e := range l.entries {
			if !among(e) {
				continue
			}
			if o := l.entries[oldest]; o == nil || at(e).Before(at(o)) || at(e).Equal(at(o)) && fingerprint < oldest {
				oldest = fingerprint
			}
		}
		return oldest
	}
	oldest := first(func(e *entry) bool { return !e.firing() }, func(e *entry) time.Time { return e.Alert.EndsAt })
	if oldest == "" && (s.Key.Job == "" || l.carded(s.Key)) {
		oldest = first(func(e *entry) bool { return e.Key.Job != "" && !l.carded(e.Key) }, func(e *entry) time.Time { return e.Alert.StartsAt })
		if oldest != "" {
			l.lost(&l.entries[oldest].entryState)
		}
	}
	if oldest == "" {
		return false
	}
	l.drop(oldest, l.entries[oldest])
	return true
}

// tidy drops resolved alerts that were kept for long enough and have been delivered.
func (l *ledger) tidy(now time.Time) {
	for fingerprint, e := range l.entries {
		if !e.firing() && e.sent == e.version && !now.Before(e.Alert.EndsAt.Add(l.keep)) {
			l.drop(fingerprint, e)
		}
	}
}

// due returns what is to be emitted, in the order of the fingerprints.
func (l *ledger) due(now time.Time) []alert.Alert {
	var out []alert.Alert
	for _, fingerprint := range slices.Sorted(maps.Keys(l.entries)) {
		e := l.entries[fingerprint]
		if e.sendable == nil || e.sent == e.sendableVersion && now.Before(e.next) {
			continue
		}
		e.offered, e.retry = e.sendableVersion, now.Add(retryAfter)
		out = append(out, *e.sendable)
	}
	return out
}

// delivered notes what was emitted of what due returned last.
func (l *ledger) delivered(now time.Time, alerts []alert.Alert) {
	for i := range alerts {
		e := l.entries[alerts[i].Fingerprint()]
		if e == nil || e.offered == 0 {
			continue
		}
		e.sent, e.offered = e.offered, 0
		e.next = now.Add(l.resend)
	}
}

// retryAfter is how long Next lets the connector wait after a delivery or a write that failed.
const retryAfter = 5 * time.Second

// next is when due or tidy have something to do; zero for never.
func (l *ledger) next() time.Time {
	var first time.Time
	for _, e := range l.entries {
		switch {
		case e.sendable == nil:
		case e.sent != e.sendableVersion:
			if e.offered != e.sendableVersion {
				return time.Unix(0, 0).UTC()
			}
			first = earliest(first, e.retry)
		default:
			first = earliest(first, e.next)
			if !e.firing() {
				first = earliest(first, e.Alert.EndsAt.Add(l.keep))
			}
		}
	}
	return first
}

// earliest returns the earlier of two times, of which zero means never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// load takes in a stored alert. It is due at once, because nobody may have got it.
func (l *ledger) load(key string, value []byte) error {
	d, err := format.Open(value)
	if err != nil {
		return err
	}
	e := &entry{stored: stored{key: key}}
	if err := json.Unmarshal(d.Rest(), &e.entryState); err != nil {
		return err
	}
	fingerprint := e.Alert.Fingerprint()
	if prefixAlert+fingerprint != key || e.Alert.State != alert.Firing && e.Alert.State != alert.Resolved || e.Alert.StartsAt.IsZero() {
		return wire.ErrCorrupt
	}
	e.version = 1
	e.written()
	l.put(fingerprint, e)
	return nil
}
