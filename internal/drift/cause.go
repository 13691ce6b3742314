// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// explains reports whether a result is to say what has changed, and where: of closed windows those
// that may begin or are part of a drift, of scores in between the totals that drift.
func (ref *cohortRef) explains(r *Result) bool {
	if ref.scoring {
		return r.Verdict == Drift && r.Key.Segment == ""
	}
	return r.reaches()
}

// explainValues says what has changed in a window, and in which segments that is found.
func (s *series) explainValues(ref *cohortRef, res *Result, p *distribution.Pair, base, cur *distribution.Sample, w *comparand) {
	r := res.reference()
	if p.Numeric() {
		res.Change = change.Numbers(s.numbers(r, p, base, cur))
	} else {
		before, now := p.Samples(stats.Chi2)
		c := change.Categorical{Names: p.Names(), Reference: before, Current: now}
		c.Unlisted, c.UnlistedShare = w.window.unlistedShare(ref.scoring, p, cur.Count())
		res.Change = change.Categories(c)
	}
	res.orOther()
	if res.Key.Segment == "" {
		res.Parts = s.valueParts(ref, r, p, w)
	}
}

// unlistedShare is the most frequent category that the reference does not name, with its share of n
// values. Of a sliding window counts are not known: it is named where it is the only one.
func (w *window) unlistedShare(sliding bool, p *distribution.Pair, n uint64) (name string, share float64) {
	if !sliding {
		if x := unlisted(w.examples); x != nil {
			return x.name, float64(x.count) / float64(max(n, 1))
		}
		return "", 0
	}
	for i := range w.examples {
		x := &w.examples[i]
		switch {
		case x.missing || slices.Contains(p.Names(), x.name):
		case name != "":
			return "", 0
		default:
			_, shares := p.Shares()
			name, share = x.name, shares[len(shares)-1]
		}
	}
	return name, share
}

// numbers are both sides of a pair of numbers: the baseline in all of its bins, where the window may
// have groups of them, and with the ends that are known.
func (s *series) numbers(r reference, p *distribution.Pair, base, cur *distribution.Sample) (before, now stats.Sample) {
	before, now = p.Samples(stats.KS)
	now.Min, now.Max = cur.Ends()
	if c := s.plan.column; r == refBaseline && c != nil && c.Numeric != nil && distribution.Subset(now.Bounds, c.Numeric.Bounds) {
		if len(before.Counts) != len(c.Numeric.Counts) {
			before.Bounds, before.Counts = c.Numeric.Bounds, s.plan.counts()
		}
		before.Min, before.Max = c.Numeric.Min, c.Numeric.Max
	} else {
		before.Min, before.Max = base.Ends()
	}
	return before, now
}

// counts are those of the baseline's numeric column.
func (p *plan) counts() []float64 {
	if p.fine == nil {
		p.fine = make([]float64, len(p.column.Numeric.Counts))
		for i, n := range p.column.Numeric.Counts {
			p.fine[i] = float64(n)
		}
	}
	return p.fine
}

// explainMissing says how the share of missing values has changed, and in which segments that is
// found.
func (r *Result) explainMissing(ref *cohortRef, before, now share, design float64) {
	r.Change = change.Missing(before.ratio(), now.ratio())
	r.orOther()
	if r.Key.Segment == "" {
		r.Parts = missingParts(ref, r.reference(), r.Key.Name, before, design)
	}
}

// orOther is for a change that a test finds and no description does.
func (r *Result) orOther() {
	if r.Change.Kind == change.None {
		r.Change = change.Change{Kind: change.Other, Text: "changed"}
	}
}

// reference is the index of the result's reference.
func (r *Result) reference() reference {
	return reference(max(slices.Index(referenceNames[:], r.Reference), 0))
}
