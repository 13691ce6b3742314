// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// maxQueued bounds the beginnings and ends of alerts that wait for a downstream that fails; the oldest go first.
const maxQueued = 10_000

// alerts is one alert for each drift that holds or has ended lately.
//
//	verdict drift ──► firing ── every resend ──┐    verdict ok, insufficient, or the series is gone
//	                    ▲  └───────────────────┘──► resolved ── every resend, for keep ──► forgotten
//	                    └────────────── verdict drift ──┘
//
// What begins and ends is queued until it was delivered, in order; the rest is said again and again, so that a lost record does no harm.
type alerts struct {
	limit             int
	resend, keep      time.Duration
	severity          alert.Severity
	traceURL          string
	entries           map[drifting]*entry
	queue             []alert.Alert
	overflow, dropped int // since the last call of counts
	// changed says that what is to be saved has changed.
	changed bool
}

// drifting is what an alert is about.
type drifting struct {
	Key       drift.Key
	Reference string
}

// entry is an alert as it was said last.
type entry struct {
	Alert alert.Alert
	// End is the end of the window that it speaks of, in seconds since 1970.
	End int64
	// Until is when a resolved one is forgotten.
	Until time.Time

	seen   bool // in this emission
	queued bool
	sent   time.Time
}

func newAlerts(cfg *Config) *alerts {
	return &alerts{
		limit: cfg.Limits.Alerts, resend: cfg.Alerts.ResendInterval, keep: cfg.Alerts.KeepResolved,
		severity: alert.Severity(cfg.Severity), traceURL: cfg.TraceURL, entries: make(map[drifting]*entry),
	}
}

// take notes what an Advance has brought.
func (a *alerts) take(closed []drift.Result, changes []drift.Change, set *catalog.Set, now time.Time) {
	for i := range changes {
		c := &changes[i]
		what := drifting{c.Key, c.Reference}
		switch {
		case c.Verdict == drift.Drift:
			a.begin(what, &c.Result, set)
		case c.From == drift.Drift:
			if e := a.entries[what]; e != nil && e.Alert.State == alert.Firing {
				a.resolve(e, time.Unix(c.End, 0), now, over(&c.Result))
			}
		}
	}
	for i := range closed {
		r := &closed[i]
		if r.Verdict != drift.Drift || r.Growth == nil {
			continue
		}
		if e := a.entries[drifting{r.Key, r.Reference}]; e != nil && e.Alert.State == alert.Firing && e.End < r.End {
			a.describe(e, r, set)
		}
	}
}

// holds notes that a verdict is drift; an alert begins where there is none, such as after a restart with another config.
func (a *alerts) holds(r *drift.Result, set *catalog.Set) {
	what := drifting{r.Key, r.Reference}
	if e := a.entries[what]; e == nil || e.Alert.State == alert.Resolved {
		a.begin(what, r, set)
	}
	if e := a.entries[what]; e != nil {
		e.seen = true
	}
}

// settle resolves the alerts whose verdict was not seen since the last call: what they speak of is not watched any more. It
// forgets those that were resolved long ago.
func (a *alerts) settle(now time.Time) {
	for what, e := range a.entries {
		switch {
		case e.Alert.State == alert.Firing && !e.seen:
			a.resolve(e, now, now, who(&what.Key)+": "+subject(&what.Key)+" is not watched any more")
		case e.Alert.State == alert.Resolved && now.After(e.Until) && !e.queued:
			delete(a.entries, what)
			a.changed = true
		}
		e.seen = false
	}
}

func (a *alerts) begin(what drifting, r *drift.Result, set *catalog.Set) {
	if len(a.entries) >= a.limit && a.entries[what] == nil && !a.makeRoom() {
		a.overflow++
		return
	}
	e := &entry{Alert: alert.Alert{
		Name: alertName(r.Key.Subject), Severity: a.severity, State: alert.Firing,
		Labels: labels(&r.Key, r.Reference), StartsAt: time.Unix(max(r.End, 1), 0),
	}}
	if m := set.Model(r.Key.Environment, r.Key.Model); m != nil && m.Alerts.Severity != "" {
		e.Alert.Severity = alert.Severity(m.Alerts.Severity)
	}
	a.describe(e, r, set)
	a.entries[what] = e
	a.push(e)
}

// makeRoom forgets the alert that was resolved first.
func (a *alerts) makeRoom() bool {
	var first drifting
	var found *entry
	for what, e := range a.entries {
		if e.Alert.State == alert.Resolved && (found == nil || e.Until.Before(found.Until)) {
			first, found = what, e
		}
	}
	if found != nil {
		delete(a.entries, first)
	}
	return found != nil
}

// describe says what a window shows.
func (a *alerts) describe(e *entry, r *drift.Result, set *catalog.Set) {
	e.End = r.End
	e.Alert.Summary = summary(r)
	e.Alert.Annotations = annotations(r)
	if x := r.Exemplar; x != nil {
		e.Alert.TraceID, e.Alert.SpanID = x.TraceID, x.SpanID
	}
	put := func(name, value string) {
		if value != "" {
			e.Alert.Annotations[name] = value
		}
	}
	put("trace_url", alert.TraceURL(a.traceURL, e.Alert.TraceID, e.Alert.SpanID))
	if m := set.Model(r.Key.Environment, r.Key.Model); m != nil {
		put("runbook_url", m.Alerts.Runbook)
		put("owner", m.Owner)
	}
	a.changed = true
}

func (a *alerts) resolve(e *entry, at, now time.Time, summary string) {
	e.Alert.State, e.Alert.EndsAt, e.Alert.Summary = alert.Resolved, at, summary
	e.Until = now.Add(a.keep)
	a.push(e)
}

func (a *alerts) push(e *entry) {
	e.queued, a.changed = true, true
	a.queue = append(a.queue, e.Alert)
	if over := len(a.queue) - maxQueued; over > 0 {
		a.queue = append(a.queue[:0], a.queue[over:]...)
		a.dropped += over
	}
}

// due returns what is to be emitted now: what has begun or ended since, and what was not said for resend.
func (a *alerts) due(now time.Time) []alert.Alert {
	out := slices.Clone(a.queue)
	var again []*entry
	for _, e := range a.entries {
		// The ticks of a ticker are not exact.
		if !e.queued && now.Sub(e.sent) >= a.resend-a.resend/8 {
			again = append(again, e)
		}
	}
	slices.SortFunc(again, func(x, y *entry) int {
		return cmp.Or(x.Alert.StartsAt.Compare(y.Alert.StartsAt), cmp.Compare(x.Alert.Summary, y.Alert.Summary))
	})
	for _, e := range again {
		out = append(out, e.Alert)
	}
	return out
}

// sent says that what due has returned at the same time was delivered, or will never be.
func (a *alerts) sent(now time.Time) {
	a.queue = nil
	for _, e := range a.entries {
		if e.queued || now.Sub(e.sent) >= a.resend-a.resend/8 {
			e.queued, e.sent = false, now
		}
	}
}

// saved is an entry in the storage.
type saved struct {
	What  drifting
	Entry *entry
}

// encode returns all alerts, in a fixed order.
func (a *alerts) encode() ([]byte, error) {
	list := make([]saved, 0, len(a.entries))
	for what, e := range a.entries {
		list = append(list, saved{what, e})
	}
	slices.SortFunc(list, func(x, y saved) int {
		return cmp.Or(x.Entry.Alert.StartsAt.Compare(y.Entry.Alert.StartsAt), cmp.Compare(x.What.Key.String(), y.What.Key.String()),
			cmp.Compare(x.What.Reference, y.What.Reference))
	})
	return json.Marshal(list)
}

// decode puts back what encode has returned.
func (a *alerts) decode(data []byte) error {
	var list []saved
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for _, s := range list {
		if s.Entry != nil && len(a.entries) < a.limit {
			a.entries[s.What] = s.Entry
		}
	}
	return nil
}
