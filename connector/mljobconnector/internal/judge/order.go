// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// sort puts the stages into the order of the run: no stage comes before one that the card says it
// is after. Apart from that the order is that of the learned median ranks; a stage that has none
// comes after the last one that started before it, and if it did not start, after the one before it
// on the card.
func (v *view) sort() {
	ranked := make([]*stage, 0, len(v.stages))
	var started, silent []*stage
	for _, s := range v.stages {
		switch {
		case !math.IsNaN(s.rank):
			ranked = append(ranked, s)
		case !s.start.IsZero():
			started = append(started, s)
		default:
			silent = append(silent, s)
		}
	}
	slices.SortFunc(ranked, func(a, b *stage) int { return cmp.Or(cmp.Compare(a.rank, b.rank), compareStarts(a, b)) })
	slices.SortFunc(started, compareStarts)
	for _, s := range started {
		at := len(ranked)
		for at > 0 && (ranked[at-1].start.IsZero() || ranked[at-1].start.After(s.start)) {
			at--
		}
		ranked = slices.Insert(ranked, at, s)
	}
	slices.SortFunc(silent, func(a, b *stage) int { return strings.Compare(a.name, b.name) })
	v.stages = v.afters(v.placeSilent(ranked, silent))
}

// placeSilent inserts stages that did not start: after the one before them on the card, those of no
// card at the end.
func (v *view) placeSilent(ranked, silent []*stage) []*stage {
	if len(silent) == 0 {
		return ranked
	}
	if v.expect.Card != nil {
		var before *stage
		for i := range v.expect.Card.Stages {
			s := v.byName[v.expect.Card.Stages[i].Name]
			if s == nil {
				continue
			}
			if at := slices.Index(silent, s); at >= 0 {
				silent = slices.Delete(silent, at, at+1)
				ranked = slices.Insert(ranked, slices.Index(ranked, before)+1, s) // at the front after none
			}
			before = s
		}
	}
	return append(ranked, silent...)
}

// afters moves stages behind those that the card says they are after, and leaves the rest of the
// order.
func (v *view) afters(in []*stage) []*stage {
	if !slices.ContainsFunc(in, func(s *stage) bool { return s.card != nil && len(s.card.After) > 0 }) {
		return in
	}
	out := make([]*stage, 0, len(in))
	placed := make(map[*stage]bool, len(in))
	ready := func(s *stage) bool {
		return s.card == nil || !slices.ContainsFunc(s.card.After, func(name string) bool {
			before := v.byName[name]
			return before != nil && !placed[before]
		})
	}
	for rest := slices.Clone(in); len(rest) > 0; {
		at := max(0, slices.IndexFunc(rest, ready)) // the catalog lets no circle through
		out = append(out, rest[at])
		placed[rest[at]] = true
		rest = slices.Delete(rest, at, at+1)
	}
	return out
}
