// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ranking

import (
	"cmp"
	"maps"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// Shown remembers which drifts had a place, so that one that has none any more is said to have none,
// once: a backend would go on with the last one.
type Shown struct{ before map[compared]bool }

// compared is a subject with what it is compared with.
type compared struct {
	key       drift.Key
	reference string
}

// Places calls yield with the places of the first most drifts of each model, and with 0 for those
// that had one at the last call and have none now. Of a model that has no results any more, such as
// one that another instance has taken over, nothing is said.
func (s *Shown) Places(g *Ranking, most int, yield func(r *drift.Result, place int)) {
	now := map[compared]bool{}
	for _, items := range g.Lists {
		for i := range items[:min(most, len(items))] {
			r := &items[i].Result
			what := compared{r.Key, r.Reference}
			now[what] = true
			delete(s.before, what)
			yield(r, items[i].Rank)
		}
	}
	for _, what := range slices.SortedFunc(maps.Keys(s.before), func(a, b compared) int {
		return cmp.Or(cmp.Compare(a.key.String(), b.key.String()), cmp.Compare(a.reference, b.reference))
	}) {
		if g.models[ModelOf(&what.key)] != nil {
			yield(&drift.Result{Key: what.key, Reference: what.reference}, 0)
		}
	}
	s.before = now
}
