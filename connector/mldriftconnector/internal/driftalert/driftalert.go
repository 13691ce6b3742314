// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package driftalert holds an alert for each drift that holds or has ended lately.
package driftalert

import (
	"cmp"
	"encoding/hex"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/source"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/describe"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/ranking"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// format is that of the alerts that are stored.
var format = wire.Format{Version: 1}

// MaxQueued bounds the beginnings and ends of alerts that wait for a downstream that fails; the
// oldest go first.
const MaxQueued = 10_000

// Alerts is one alert for each drift that holds or has ended lately, or one for each model that
// drifts.
//
//	verdict drift ──► firing ── every resend ──┐    verdict ok, insufficient, or the series is gone
//	                    ▲  └───────────────────┘──► resolved ── every resend, for keep ──► forgotten
//	                    └────────────── verdict drift ──┘
//
// What begins and ends is queued until it was delivered, in order; the rest is emitted again and
// again, so that a lost record does no harm.
type Alerts struct {
	*source.Source[Drifting, *Entry]
	limit    int
	severity alert.Severity
	traceURL string
	// overflow counts the drifts that found no room for an alert.
	overflow int
	// changed says that what is to be saved has changed.
	changed bool
	// perModel says that there is one alert for all that drifts of a model.
	perModel bool
	// places and lists are those of the last Rank.
	places map[Drifting]place
	lists  map[ranking.Model][]ranking.Item
}

// place is that of a drift among those of its model, of which ranking names the first.
type place struct {
	rank, of int
	ranking  string
}

// Drifting is what an alert is about. That of a model has no subject.
type Drifting struct {
	Key       drift.Key
	Reference string
}

// Entry is an alert with what is saved of it.
type Entry struct {
	source.Entry
	// End is the end of the window that it speaks of, in seconds since 1970.
	End int64
	// Members are the drifts that a model's alert is on.
	Members []Drifting `json:",omitempty"`

	seen bool // in this emission
}

// Options are the settings of Alerts.
type Options struct {
	// Limit is the most alerts.
	Limit int
	// Resend is the time after which an alert that holds is emitted again, KeepResolved for how
	// long a resolved one is.
	Resend, KeepResolved time.Duration
	// Severity is that of models whose card does not say.
	Severity alert.Severity
	// TraceURL is the template of the link to the evidence.
	TraceURL string
	// PerModel has one alert for all that drifts of a model, version and role, in place of one for
	// each drift.
	PerModel bool
}

// New returns Alerts without any.
func New(o Options) *Alerts {
	a := &Alerts{limit: o.Limit, severity: o.Severity, traceURL: o.TraceURL, perModel: o.PerModel}
	a.Source = source.New[Drifting](source.Options[*Entry]{
		Limit: o.Limit, Resend: o.Resend, Early: o.Resend / 8,
		KeepResolved: o.KeepResolved, Transitions: MaxQueued,
		Changed: func(*Entry) { a.changed = true },
		Dropped: func(*Entry, bool) { a.changed = true },
	})
	return a
}

// Rank sets the drifts that hold, of all models: what Observe and Holds say of one has its place
// among them. It keeps the lists.
func (a *Alerts) Rank(ranked *ranking.Ranking) {
	a.places, a.lists = map[Drifting]place{}, map[ranking.Model][]ranking.Item{}
	for m, items := range ranked.Lists {
		a.lists[m] = items
		text := describe.Ranked(results(items))
		for i := range items {
			r := &items[i].Result
			a.places[Drifting{r.Key, r.Reference}] = place{items[i].Rank, len(items), text}
		}
	}
}

// Place is the place of a drift among those of its model, as Rank has set it; 0 where it has none.
func (a *Alerts) Place(k *drift.Key, reference string) int {
	return a.places[Drifting{*k, reference}].rank
}

// results are those of items.
func results(items []ranking.Item) iter.Seq[*drift.Result] {
	return func(yield func(*drift.Result) bool) {
		for i := range items {
			if !yield(&items[i].Result) {
				return
			}
		}
	}
}

// Observe notes what an Advance has brought.
func (a *Alerts) Observe(closed []drift.Result, changes []drift.Change, set *catalog.Set, now time.Time) {
	for i := range changes {
		c := &changes[i]
		switch {
		case a.perModel:
			a.observeModel(c, set, now)
		case c.Verdict == drift.Drift:
			a.begin(Drifting{c.Key, c.Reference}, &c.Result, set, now)
		case c.From == drift.Drift:
			if e, ok := a.Get(Drifting{c.Key, c.Reference}); ok && e.Firing() {
				a.resolve(e, time.Unix(c.End, 0), now, describe.Ended(&c.Result))
			}
		}
	}
	for i := range closed {
		r := &closed[i]
		if a.perModel || r.Verdict != drift.Drift || r.Growth == nil {
			continue
		}
		if e, ok := a.Get(Drifting{r.Key, r.Reference}); ok && e.Firing() && e.End < r.End {
			e.End = r.End
			a.Amend(now, e, a.describe(e.Alert, r, set))
		}
	}
}

// HoldAll notes the verdicts that are drift, which Rank was given; an alert begins where there is
// none, such as after a restart with another config.
func (a *Alerts) HoldAll(set *catalog.Set, now time.Time) {
	for m, items := range a.lists {
		if a.perModel {
			a.holdModel(m, items, set, now)
			continue
		}
		for i := range items {
			a.Holds(&items[i].Result, set, now)
		}
	}
}

// Holds notes that a verdict is drift.
func (a *Alerts) Holds(r *drift.Result, set *catalog.Set, now time.Time) {
	what := Drifting{r.Key, r.Reference}
	if e, ok := a.Get(what); !ok || !e.Firing() {
		a.begin(what, r, set, now)
	}
	e, ok := a.Get(what)
	if !ok {
		return
	}
	e.seen = true
	if amended := a.placed(e.Alert, what); amended.Annotations["ranking"] != e.Alert.Annotations["ranking"] || amended.Annotations["rank"] != e.Alert.Annotations["rank"] {
		a.Amend(now, e, amended)
	}
}

// Settle resolves the alerts whose verdict was not seen since the last call: what they speak of is
// not watched any more. It forgets those that were resolved long ago.
func (a *Alerts) Settle(now time.Time) {
	for what, e := range a.All() {
		if e.Firing() && !e.seen {
			unwatched := describe.Unwatched
			if what.Reference == "" { // a model's
				unwatched = describe.ModelUnwatched
			}
			a.resolve(e, now, now, unwatched(&what.Key))
		}
		e.seen = false
	}
	a.Tidy(now)
}

func (a *Alerts) begin(what Drifting, r *drift.Result, set *catalog.Set, now time.Time) {
	begun := alert.Alert{
		Name: describe.AlertName(r.Key.Subject), Severity: a.severity, Labels: describe.Labels(&r.Key, r.Reference), StartsAt: time.Unix(max(r.End, 1), 0),
	}
	a.beginAs(what, r, begun, a.describe, set, now)
}

// beginAs begins an alert, or says something else of one that fires.
func (a *Alerts) beginAs(
	what Drifting, r *drift.Result, begun alert.Alert, describe func(alert.Alert, *drift.Result, *catalog.Set) alert.Alert, set *catalog.Set, now time.Time,
) {
	if m := set.Model(r.Key.Environment, r.Key.Model); m != nil && m.Alerts.Severity != "" {
		begun.Severity = alert.Severity(m.Alerts.Severity)
	}
	if e, ok := a.Get(what); ok && e.Firing() { // its verdict was lost, the alert was not
		e.End = r.End
		a.Update(now, e, describe(e.Alert, r, set))
	} else if !a.Begin(now, what, &Entry{End: r.End}, describe(begun, r, set)) {
		a.overflow++
	}
}

// describe says what a window shows.
func (a *Alerts) describe(of alert.Alert, r *drift.Result, set *catalog.Set) alert.Alert {
	of.Summary = describe.Summary(r)
	of.Annotations = describe.Annotations(r)
	a.evidence(&of, r, set)
	return a.placed(of, Drifting{r.Key, r.Reference})
}

// evidence adds the rows that show a drift, and what the card says of alerts.
func (a *Alerts) evidence(of *alert.Alert, r *drift.Result, set *catalog.Set) {
	if x := r.Exemplar; x != nil {
		of.TraceID, of.SpanID = x.TraceID, x.SpanID
	}
	put := func(name, value string) {
		if value != "" {
			of.Annotations[name] = value
		}
	}
	put("trace_url", alert.TraceURL(a.traceURL, of.TraceID, of.SpanID))
	for i := 1; i < len(r.Exemplars); i++ {
		x := &r.Exemplars[i]
		put("trace_url_"+strconv.Itoa(i+1), alert.TraceURL(a.traceURL, x.TraceID, x.SpanID))
	}
	ids := make([]string, 0, len(r.Exemplars))
	for i := range r.Exemplars {
		ids = append(ids, hex.EncodeToString(r.Exemplars[i].TraceID[:]))
	}
	put("trace_ids", strings.Join(ids, " "))
	if m := set.Model(r.Key.Environment, r.Key.Model); m != nil {
		put("runbook_url", m.Alerts.Runbook)
		put("owner", m.Owner)
	}
}

// placed returns an alert with its place among what drifts of the model.
func (a *Alerts) placed(of alert.Alert, what Drifting) alert.Alert {
	at, ok := a.places[what]
	if !ok {
		return of
	}
	of.Annotations = maps.Clone(of.Annotations)
	of.Annotations["rank"], of.Annotations["drifting"], of.Annotations["ranking"] = strconv.Itoa(at.rank), strconv.Itoa(at.of), at.ranking
	return of
}

func (a *Alerts) resolve(e *Entry, at, now time.Time, summary string) {
	ended := e.Alert
	ended.EndsAt, ended.Summary = at, summary
	a.Resolve(now, e, ended)
}

// saved is an entry in the storage.
type saved struct {
	What  Drifting
	Entry *Entry
}

// TakeOverflow returns how many drifts found no room for an alert since the last call.
func (a *Alerts) TakeOverflow() int {
	n := a.overflow
	a.overflow = 0
	return n
}

// Forget drops the alerts on a model without a word: another aggregator raises them from now on.
func (a *Alerts) Forget(m drift.ModelID) {
	for what := range a.All() {
		if what.Key.Environment == m.Environment && what.Key.Model == m.Name {
			a.Source.Forget(what)
		}
	}
}

// EncodeChanged returns the alerts that are to be kept, where something has changed since the last
// call; nil where nothing has.
func (a *Alerts) EncodeChanged(keep func(*drift.Key) bool) ([]byte, error) {
	if !a.changed {
		return nil, nil
	}
	data, err := a.encode(keep)
	a.changed = err != nil
	return data, err
}

// encode returns the alerts that are to be kept, in a fixed order.
func (a *Alerts) encode(keep func(*drift.Key) bool) ([]byte, error) {
	list := make([]saved, 0, a.Len())
	for what, e := range a.All() {
		if keep(&what.Key) {
			list = append(list, saved{what, e})
		}
	}
	slices.SortFunc(list, func(x, y saved) int {
		return cmp.Or(x.Entry.Alert.StartsAt.Compare(y.Entry.Alert.StartsAt), cmp.Compare(x.What.Key.String(), y.What.Key.String()),
			cmp.Compare(x.What.Reference, y.What.Reference))
	})
	return format.EncodeJSON(list)
}

// Decode puts back what EncodeChanged has returned.
func (a *Alerts) Decode(data []byte) error {
	var list []saved
	if err := format.DecodeJSON(data, &list); err != nil {
		return err
	}
	for _, s := range list {
		if s.Entry != nil && a.Len() < a.limit {
			a.Restore(s.What, s.Entry)
		}
	}
	return nil
}
