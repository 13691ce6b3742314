// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package driftalert

import (
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/describe"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/ranking"
)

// modelName is the name of the alert on all that drifts of a model.
const modelName = "ModelDrift"

// observeModel takes a new verdict into the alert of its model: it begins with the first drift and
// ends with the last one.
func (a *Alerts) observeModel(c *drift.Change, set *catalog.Set, now time.Time) {
	m := ranking.ModelOf(&c.Key)
	what, member := Drifting{Key: m.Key()}, Drifting{c.Key, c.Reference}
	e, ok := a.Get(what)
	firing := ok && e.Firing()
	switch {
	case c.Verdict == drift.Drift && firing:
		if !slices.Contains(e.Members, member) {
			e.Members = append(e.Members, member)
			a.Update(now, e, a.describeModel(e.Alert, &c.Result, set))
		}
	case c.Verdict == drift.Drift:
		a.beginModel(m, &c.Result, []Drifting{member}, set, now)
	case c.From == drift.Drift && firing:
		e.Members = slices.DeleteFunc(e.Members, func(d Drifting) bool { return d == member })
		if len(e.Members) == 0 {
			a.resolve(e, time.Unix(c.End, 0), now, describe.ModelEnded(&what.Key))
		}
	}
}

// holdModel makes the alert of a model one on the drifts that hold.
func (a *Alerts) holdModel(m ranking.Model, items []ranking.Item, set *catalog.Set, now time.Time) {
	members := make([]Drifting, 0, len(items))
	for r := range results(items) {
		members = append(members, Drifting{r.Key, r.Reference})
	}
	e, ok := a.Get(Drifting{Key: m.Key()})
	if !ok || !e.Firing() {
		a.beginModel(m, &items[0].Result, members, set, now)
		if e, ok = a.Get(Drifting{Key: m.Key()}); !ok {
			return
		}
	}
	e.seen = true
	said := e.Alert.Annotations["ranking"] == describe.Ranked(results(items))
	if !said || !slices.Equal(e.Members, members) || e.End < items[0].Result.Start {
		e.Members, e.End = members, items[0].Result.End
		a.Amend(now, e, a.describeModel(e.Alert, &items[0].Result, set))
	}
}

// beginModel begins the alert of a model.
func (a *Alerts) beginModel(m ranking.Model, r *drift.Result, members []Drifting, set *catalog.Set, now time.Time) {
	begun := alert.Alert{
		Name: modelName, Severity: a.severity, StartsAt: time.Unix(max(r.End, 1), 0),
		Labels: map[string]string{"model": m.Name, "version": m.Version, "role": m.Role, "environment": m.Environment},
	}
	what := Drifting{Key: m.Key()}
	a.beginAs(what, r, begun, a.describeModel, set, now)
	if e, ok := a.Get(what); ok {
		e.Members = members
	}
}

// describeModel says what drifts of a model: those that hold, or before they are known, r alone. The
// numbers are the first one's.
func (a *Alerts) describeModel(of alert.Alert, r *drift.Result, set *catalog.Set) alert.Alert {
	items := a.lists[ranking.ModelOf(&r.Key)]
	if len(items) == 0 {
		items = []ranking.Item{{Result: *r, Rank: 1}}
	}
	first := &items[0].Result
	since := first.Since
	for r := range results(items) {
		if r.Since > 0 && (since == 0 || r.Since < since) {
			since = r.Since
		}
	}
	earliest := *first
	earliest.Since = since
	of.Summary = describe.Model(first, len(items))
	of.Annotations = describe.Annotations(&earliest)
	for name, value := range describe.Labels(&first.Key, first.Reference) {
		if _, label := of.Labels[name]; !label && value != "" {
			of.Annotations[name] = value
		}
	}
	of.Annotations["drifting"], of.Annotations["ranking"] = strconv.Itoa(len(items)), describe.Ranked(results(items))
	a.evidence(&of, first, set)
	return of
}
