// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// valueVerdict judges the values of a series.
type valueVerdict struct {
	pending
	verdicts
}

func (*valueVerdict) subject(s *series) Subject { return s.key.subject }

func (*valueVerdict) hasBaseline(s *series) bool { return s.plan.column != nil }

func (v *valueVerdict) grow(s *series, p period) (comparand, bool) {
	if s.binning.Kind == distribution.KindUnknown {
		return comparand{}, false
	}
	w := v.pending.grow(s, p, v.decided())
	if w == nil {
		return comparand{}, false
	}
	return comparand{start: w.start, end: w.end, samples: w.count(), window: w}, true
}

func (v *valueVerdict) addChampion(w *comparand, peer *series) {
	if peer.comparable() {
		w.champion = v.championWindow(peer)
	}
}

// comparable reports whether a champion's series, which may be nil, has values to compare with.
func (s *series) comparable() bool {
	return s != nil && s.binning.Kind != distribution.KindUnknown && !s.binning.Mismatched
}

func (v *valueVerdict) latest(sc *scorer) (comparand, bool) {
	if sc.series.binning.Kind == distribution.KindUnknown {
		return comparand{}, false
	}
	w, champion := v.pending.latest(sc, (*window).count)
	if !sc.peer.comparable() {
		champion = nil
	}
	return comparand{start: w.start, end: w.end, samples: w.count(), window: w, champion: champion}, true
}

func (v *valueVerdict) compare(ref *cohortRef, s *series, w *comparand, yield func(comparison)) {
	cur := w.window.sample(s.binning)
	methods := s.plan.methods(s.binning.Kind)
	for r := range ref.references {
		res := ref.newResult(s, r, w, &v.verdicts[r])
		if !s.binning.Mismatched {
			s.evaluate(ref, res, v.reference(ref, s, r, w), cur, w.window)
		}
		yield(comparison{
			result: res, judgement: &v.verdicts[r], mismatched: s.binning.Mismatched,
			decisive: len(res.Scores) > 0 && res.Scores[0].Method == string(methods[0].Method),
		})
	}
}

// reference is what a window is compared with; nil if there is none.
func (v *valueVerdict) reference(ref *cohortRef, s *series, r reference, w *comparand) *distribution.Sample {
	switch r {
	case refBaseline:
		return s.binning.Baseline
	case refChampion:
		if w.champion != nil {
			return w.champion.sample(ref.peer(s).binning)
		}
	case refPrevious:
		if p := v.previous(); p != nil {
			return p.sample(s.binning)
		}
	}
	return nil
}

// evaluate fills in the scores of a window against a reference, what has grown and a row of it.
func (s *series) evaluate(where *cohortRef, r *Result, ref, cur *distribution.Sample, w *window) {
	if ref != nil {
		r.ReferenceSamples = ref.Count()
	}
	r.Summary = s.plan.summary(r.Key.Subject, ref, cur)
	p, ok := distribution.Match(ref, cur)
	if !ok {
		return
	}
	methods := s.plan.methods(s.binning.Kind)
	r.Scores = where.newScores(len(methods))
	for _, m := range methods {
		res, err := p.Compare(m.Method)
		if err != nil || math.IsNaN(res.PValue) || math.IsNaN(res.Effect) || math.IsNaN(res.Score) {
			continue
		}
		r.Scores = append(r.Scores, Score{
			Method: string(m.Method), Score: res.Score, PValue: res.PValue, Effect: res.Effect, Threshold: m.threshold,
		})
	}
	r.Exemplar = evidence(&p, w, r.Start, r.End)
	if r.reaches() {
		r.Growth = growth(&p, w.examples, cur.Count())
	}
}
