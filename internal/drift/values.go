// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// valueVerdict judges the values of a series.
type valueVerdict struct {
	pending
	verdicts
	past *history // of the total
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
	return w.comparand(w.count()), true
}

// comparand is the window as it is compared.
func (w *window) comparand(samples uint64) comparand {
	weight := weighting(w.excess, samples)
	return comparand{start: w.start, end: w.end, samples: samples, window: w, weight: weight, design: weight}
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
	out := w.comparand(w.count())
	out.champion = champion
	return out, true
}

func (v *valueVerdict) history(s *series) **history {
	if s.total == nil {
		return nil
	}
	return &v.past
}

func (v *valueVerdict) stripShape(s *series) stripShape {
	if s.binning.Kind == distribution.KindUnknown {
		return stripShape{}
	}
	return stripShape{cells: s.stripCells(), print: s.stripPrint(), order: s.binning.Kind != distribution.KindCategorical}
}

func (v *valueVerdict) strip(s *series, counts []uint32) strip {
	return s.stripOf(s.closingWindow, counts)
}

func (v *valueVerdict) slowWindow(s *series, counts []float64, lo, hi float64) comparand {
	w := newWindow(0, 0, 0)
	s.recall(w)
	cur := s.stripSample(s.stripBinning(), counts, lo, hi)
	return comparand{samples: cur.Count(), window: w, values: cur}
}

func (v *valueVerdict) offSeason(s, owner *series, w *comparand, r *Result, counts []float64, asks question) bool {
	cur := w.values
	if cur == nil {
		cur = w.window.sample(s.binning)
	}
	expected := owner.stripSample(owner.stripBinning(), counts, w.window.min, w.window.max)
	p, ok := distribution.Match(expected, cur)
	if !ok {
		return true // they are in other bins: the season says nothing
	}
	p.Design(w.design, w.design, w.weight)
	for i := range r.Scores {
		score := &r.Scores[i]
		if asks == begins && !score.reaches() {
			continue
		}
		res, point := relativeResult(&p, w.design, w.design)
		if score.Method != RelativeChange {
			m := s.plan.method(s.binning.Kind, score.Method)
			if m == nil {
				continue
			}
			var err error
			if res, _, err = m.compare(&p); err != nil {
				continue
			}
			point = res.Effect
		}
		if asks.says(&res, point, score.Threshold, w.speed) {
			return true
		}
	}
	return false
}

// question is what the season is asked.
type question uint8

const (
	// begins: does a window that differs from the baseline differ from its season, too?
	begins question = iota
	// lasts: does a window that is like the baseline differ from its season, in which no other one
	// was so?
	lasts
)

// says reports whether a window differs from its season: by half of what is a drift from the
// baseline, and not by chance; of a drift that may be over, by what ends one.
// by is the speed of the window: one that slides is looked at again and again.
func (q question) says(r *stats.Result, point, threshold float64, by Speed) bool {
	if q == begins {
		return r.Effect >= threshold/2 && r.PValue*looks[by] <= seasonSignificance
	}
	return point >= leave*threshold && r.PValue <= lastingSignificance
}

const (
	// seasonSignificance is asked of two windows in a row: at 0.005 a month of twenty features that
	// follow the day had a false alarm in every second model.
	seasonSignificance  = 0.001
	lastingSignificance = 0.05
)

func (v *valueVerdict) compare(ref *cohortRef, s *series, w *comparand, yield func(comparison)) {
	cur := w.values
	if cur == nil {
		cur = w.window.sample(s.binning)
	}
	for r := range ref.references {
		res := ref.newResult(s, r, w, &v.verdicts[r])
		if !s.binning.Mismatched {
			s.evaluate(ref, res, v.reference(ref, s, r, w), cur, w)
		}
		yield(comparison{result: res, window: w, judgement: &v.verdicts[r], mismatched: s.binning.Mismatched})
	}
}

// reference is what a window is compared with; nil if there is none.
func (v *valueVerdict) reference(ref *cohortRef, s *series, r reference, w *comparand) *distribution.Sample {
	switch r {
	case refBaseline:
		if w.speed != Fast && s.binning.Few != nil {
			return s.binning.Few.Baseline
		}
		return s.binning.Baseline
	case refChampion:
		if w.speed != Fast {
			return w.slowChampion(ref.peer(s))
		}
		if w.champion != nil {
			return w.champion.sample(ref.peer(s).binning)
		}
	case refPrevious:
		if p := v.previous(); p != nil && w.speed == Fast {
			return p.sample(s.binning)
		}
	}
	return nil
}

// slowChampion is what the champion counted in the time of a slow window; nil for nothing.
func (w *comparand) slowChampion(peer *series) *distribution.Sample {
	if !peer.comparable() || peer.values.past == nil {
		return nil
	}
	counts, lo, hi, _ := peer.values.past.slowCounts(w.speed, w.first, w.last)
	return peer.stripSample(peer.stripBinning(), counts, lo, hi)
}

// evaluate fills in the scores of a window against a reference, what has grown and a row of it.
func (s *series) evaluate(where *cohortRef, r *Result, ref, cur *distribution.Sample, w *comparand) {
	if ref != nil {
		r.ReferenceSamples = ref.Count()
	}
	r.Summary = s.plan.summary(r.Key.Subject, ref, cur)
	p, ok := distribution.Match(ref, cur)
	if !ok {
		return
	}
	p.Design(w.design, w.design, w.weight)
	methods := s.plan.methods(s.binning.Kind)
	r.Scores = where.newScores(len(methods) + 1)
	for i := range methods {
		m := &methods[i]
		res, threshold, err := m.compare(&p)
		if err != nil || math.IsNaN(res.PValue) || math.IsNaN(res.Effect) || math.IsNaN(res.Score) {
			continue
		}
		score := scoreOf(m.name, &res, threshold)
		if res.Effect >= threshold {
			endless := p.AsIfEndless()
			if certain, err := endless.Compare(m.test); err == nil {
				score.reference = certain.PValue
			}
		}
		r.Scores = append(r.Scores, score)
	}
	if !s.plan.asTool {
		r.Scores = append(r.Scores, s.relativeScore(&p, w))
	}
	r.lead()
	r.show(evidence(&p, w.window, r.Start, r.End))
	if r.reaches() {
		r.Growth = growth(&p, w.window.examples, cur.Count())
	}
	if where.explains(r) {
		s.explainValues(where, r, &p, ref, cur, w)
	}
}

// relativeScore is what the relative change says.
func (s *series) relativeScore(p *distribution.Pair, w *comparand) Score {
	relative, point := relativeResult(p, w.design, w.design)
	score := scoreOf(RelativeChange, &relative, s.plan.relative)
	score.point = point
	if relative.Effect >= s.plan.relative {
		endless := p.AsIfEndless()
		certain, _ := relativeResult(&endless, w.design, 1)
		score.reference = certain.PValue
	}
	return score
}

func scoreOf(method string, r *stats.Result, threshold float64) Score {
	score := Score{Method: method, Score: r.Score, PValue: r.PValue, Effect: r.Effect, Threshold: threshold, reference: 1, point: r.Effect, Error: r.Error}
	if r.Error == maxFloat {
		score.Error = math.Inf(1)
	}
	return score
}

func (v *valueVerdict) keepPrevious(w *comparand, adopt func(*judgement) bool) {
	if adopt(&v.verdicts[refPrevious]) {
		v.keep(w.window)
	}
}
