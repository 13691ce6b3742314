// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/source"
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
// What begins and ends is queued until it was delivered, in order; the rest is emitted again and again, so that a lost record does no harm.
type alerts struct {
	*source.Source[drifting, *entry]
	limit    int
	severity alert.Severity
	traceURL string
	// overflow counts the drifts that found no room for an alert, since the last emission.
	overflow int
	// changed says that what is to be saved has changed.
	changed bool
}

// drifting is what an alert is about.
type drifting struct {
	Key       drift.Key
	Reference string
}

// entry is an alert with what is saved of it.
type entry struct {
	source.Entry
	// End is the end of the window that it speaks of, in seconds since 1970.
	End int64

	seen bool // in this emission
}

func newAlerts(cfg *Config) *alerts {
	a := &alerts{limit: cfg.Limits.Alerts, severity: alert.Severity(cfg.Severity), traceURL: cfg.TraceURL}
	a.Source = source.New[drifting](source.Options[*entry]{
		Limit: cfg.Limits.Alerts, Resend: cfg.Alerts.ResendInterval, Early: cfg.Alerts.ResendInterval / 8,
		KeepResolved: cfg.Alerts.KeepResolved, Transitions: maxQueued,
		Changed: func(*entry) { a.changed = true },
		Dropped: func(*entry, bool) { a.changed = true },
	})
	return a
}

// observe notes what an Advance has brought.
func (a *alerts) observe(closed []drift.Result, changes []drift.Change, set *catalog.Set, now time.Time) {
	for i := range changes {
		c := &changes[i]
		what := drifting{c.Key, c.Reference}
		switch e, ok := a.Get(what); {
		case c.Verdict == drift.Drift:
			a.begin(what, &c.Result, set, now)
		case c.From == drift.Drift && ok && e.Firing():
			a.resolve(e, time.Unix(c.End, 0), now, over(&c.Result))
		}
	}
	for i := range closed {
		r := &closed[i]
		if r.Verdict != drift.Drift || r.Growth == nil {
			continue
		}
		if e, ok := a.Get(drifting{r.Key, r.Reference}); ok && e.Firing() && e.End < r.End {
			e.End = r.End
			a.Amend(now, e, a.describe(e.Alert, r, set))
		}
	}
}

// holds notes that a verdict is drift; an alert begins where there is none, such as after a restart with another config.
func (a *alerts) holds(r *drift.Result, set *catalog.Set, now time.Time) {
	what := drifting{r.Key, r.Reference}
	if e, ok := a.Get(what); !ok || !e.Firing() {
		a.begin(what, r, set, now)
	}
	if e, ok := a.Get(what); ok {
		e.seen = true
	}
}

// settle resolves the alerts whose verdict was not seen since the last call: what they speak of is not watched any more. It
// forgets those that were resolved long ago.
func (a *alerts) settle(now time.Time) {
	for what, e := range a.All() {
		if e.Firing() && !e.seen {
			a.resolve(e, now, now, who(&what.Key)+": "+subject(&what.Key)+" is not watched any more")
		}
		e.seen = false
	}
	a.Tidy(now)
}

func (a *alerts) begin(what drifting, r *drift.Result, set *catalog.Set, now time.Time) {
	begun := alert.Alert{
		Name: alertName(r.Key.Subject), Severity: a.severity, Labels: labels(&r.Key, r.Reference), StartsAt: time.Unix(max(r.End, 1), 0),
	}
	if m := set.Model(r.Key.Environment, r.Key.Model); m != nil && m.Alerts.Severity != "" {
		begun.Severity = alert.Severity(m.Alerts.Severity)
	}
	if e, ok := a.Get(what); ok && e.Firing() { // its verdict was lost, the alert was not
		e.End = r.End
		a.Update(now, e, a.describe(e.Alert, r, set))
	} else if !a.Begin(now, what, &entry{End: r.End}, a.describe(begun, r, set)) {
		a.overflow++
	}
}

// describe says what a window shows.
func (a *alerts) describe(of alert.Alert, r *drift.Result, set *catalog.Set) alert.Alert {
	of.Summary = summary(r)
	of.Annotations = annotations(r)
	if x := r.Exemplar; x != nil {
		of.TraceID, of.SpanID = x.TraceID, x.SpanID
	}
	put := func(name, value string) {
		if value != "" {
			of.Annotations[name] = value
		}
	}
	put("trace_url", alert.TraceURL(a.traceURL, of.TraceID, of.SpanID))
	if m := set.Model(r.Key.Environment, r.Key.Model); m != nil {
		put("runbook_url", m.Alerts.Runbook)
		put("owner", m.Owner)
	}
	return of
}

func (a *alerts) resolve(e *entry, at, now time.Time, summary string) {
	ended := e.Alert
	ended.EndsAt, ended.Summary = at, summary
	a.Resolve(now, e, ended)
}

// saved is an entry in the storage.
type saved struct {
	What  drifting
	Entry *entry
}

// encode returns all alerts, in a fixed order.
func (a *alerts) encode() ([]byte, error) {
	list := make([]saved, 0, a.Len())
	for what, e := range a.All() {
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
		if s.Entry != nil && a.Len() < a.limit {
			a.Restore(s.What, s.Entry)
		}
	}
	return nil
}
