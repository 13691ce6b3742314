// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package ranking puts what drifts of a model into one order: what is furthest over its threshold,
// in what matters most to the model, comes first.
//
//	score = excess × weight × rows
//	excess   the effect that decides, over its threshold, less 1; 0 to 9
//	weight   the card's importance of the feature over the mean of those that the card gives
//	rows     of a segment's drift, the segment's share of the rows; 1 of the total's
package ranking

import (
	"cmp"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

const (
	// most bounds the excess: some effects have no end, such as that of another unit on Wasserstein's
	// distance, and say no more above ten times the threshold.
	most = 9
	// mostRelative bounds that of relative changes, which speak where no distance does: of few rows.
	mostRelative = 1
)

// Model is what a list is of.
type Model struct{ Environment, Name, Version, Role string }

// ModelOf is the model of a series.
func ModelOf(k *drift.Key) Model { return Model{k.Environment, k.Model, k.Version, k.Role} }

// Key is that of a model's alert.
func (m Model) Key() drift.Key {
	return drift.Key{Environment: m.Environment, Model: m.Name, Version: m.Version, Role: m.Role}
}

// Item is a drift with its place.
type Item struct {
	// Result is a copy, which may be kept.
	Result drift.Result
	// Rank is 1 for the first.
	Rank int
	// Score is what it is ranked by.
	Score float64
}

// Ranking gathers drifts. Add is called for the results of one emission, of all models, then Lists.
type Ranking struct {
	set    *catalog.Set
	models map[Model]*list
}

// list is what is known of one model.
type list struct {
	items []Item
	// rows are the samples of the total's series.
	rows map[series]uint64
	// mean is that of the importances that the card gives; 0 for none.
	mean float64
	card *catalog.Model
}

// series is a comparison in any segment.
type series struct {
	subject         drift.Subject
	name, reference string
}

// New returns a Ranking that goes by the cards of a set.
func New(set *catalog.Set) *Ranking { return &Ranking{set: set, models: map[Model]*list{}} }

// Add takes note of a result. It keeps nothing of r, which the engine shares only for the call.
func (g *Ranking) Add(r *drift.Result) {
	m := ModelOf(&r.Key)
	l := g.models[m]
	if l == nil {
		l = g.newList(m)
		g.models[m] = l
	}
	if r.Key.Segment == "" {
		l.rows[series{r.Key.Subject, r.Key.Name, r.Reference}] = r.Samples
	}
	if r.Verdict == drift.Drift {
		one := *r
		one.Scores = slices.Clone(r.Scores)
		l.items = append(l.items, Item{Result: one})
	}
}

func (g *Ranking) newList(m Model) *list {
	l := &list{rows: map[series]uint64{}, card: g.set.Model(m.Environment, m.Name)}
	if l.card == nil {
		return l
	}
	n := 0.0
	for _, f := range l.card.Features {
		if f.Importance != nil {
			l.mean += *f.Importance
			n++
		}
	}
	l.mean /= max(n, 1)
	return l
}

// Lists calls yield with the drifts of each model that has any, the first first.
func (g *Ranking) Lists(yield func(Model, []Item) bool) {
	models := make([]Model, 0, len(g.models))
	for m, l := range g.models {
		if len(l.items) > 0 {
			models = append(models, m)
		}
	}
	slices.SortFunc(models, func(a, b Model) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Role, b.Role))
	})
	for _, m := range models {
		l := g.models[m]
		l.rank()
		if !yield(m, l.items) {
			return
		}
	}
}

// rank puts the items in order; ties go by the total before segments, then by name.
func (l *list) rank() {
	for i := range l.items {
		one := &l.items[i]
		one.Score = excess(&one.Result) * l.weight(&one.Result.Key) * l.share(&one.Result)
	}
	slices.SortStableFunc(l.items, func(a, b Item) int {
		x, y := &a.Result, &b.Result
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(x.Key.Segment, y.Key.Segment), cmp.Compare(x.Key.Name, y.Key.Name),
			cmp.Compare(x.Key.Subject, y.Key.Subject), cmp.Compare(x.Reference, y.Reference))
	})
	for i := range l.items {
		l.items[i].Rank = i + 1
	}
}

// excess is how far the effect that decides is over its threshold, in thresholds.
func excess(r *drift.Result) float64 {
	if len(r.Scores) == 0 || !(r.Scores[0].Threshold > 0) {
		return 0
	}
	s := &r.Scores[0]
	limit := float64(most)
	if s.Method == drift.RelativeChange {
		limit = mostRelative
	}
	return min(max(s.Effect/s.Threshold-1, 0), limit)
}

// weight is what a feature matters; 1 for what the card gives no importance, and for answers and
// confidences.
func (l *list) weight(k *drift.Key) float64 {
	if l.mean == 0 || k.Subject != drift.Feature && k.Subject != drift.Missing {
		return 1
	}
	if f := l.card.Features[k.Name]; f.Importance != nil {
		return *f.Importance / l.mean
	}
	return 1
}

// share is the share of the rows that a result is of.
func (l *list) share(r *drift.Result) float64 {
	all := l.rows[series{r.Key.Subject, r.Key.Name, r.Reference}]
	if r.Key.Segment == "" || all == 0 {
		return 1
	}
	return min(float64(r.Samples)/float64(all), 1)
}
