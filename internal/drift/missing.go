// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import "github.com/otelcol-ml/otelcol-ml/internal/stats"

// missingVerdict judges the missing values of a feature of the total.
type missingVerdict struct {
	verdicts
	past *history
	// pending is what was counted from start on; start is 0 for nothing.
	pending share
	start   int64
	row     Exemplar // the newest row in pending that lacked the value, or zero

	previous, champion share // as in references
}

func (*missingVerdict) subject(*series) Subject { return Missing }

func (*missingVerdict) hasBaseline(s *series) bool { return s.plan.column != nil }

func (v *missingVerdict) growing() (samples uint64, ok bool) { return v.pending.rows, v.start != 0 }

func (v *missingVerdict) grow(s *series, p period) (comparand, bool) {
	now := s.closingWindow.share()
	if v.start == 0 {
		if now.rows == 0 && !v.decided() {
			return comparand{}, false
		}
		v.start = p.start
	}
	v.pending.addShare(now)
	if row := s.closingWindow.lacking(""); row != nil && newer(row, &v.row) {
		v.row = *row
	}
	w := v.pending.comparand(v.start, p.end)
	if v.row != (Exemplar{}) {
		row := v.row
		w.row = &row
	}
	return w, true
}

func (v *missingVerdict) growOn(_ *series, _ *comparand, peer *series) {
	if peer != nil {
		v.champion.addShare(peer.closingWindow.share())
	}
}

func (v *missingVerdict) addChampion(w *comparand, peer *series) {
	w.championMissing = v.champion
	if peer != nil {
		w.championMissing.addShare(peer.closingWindow.share())
	}
}

func (v *missingVerdict) latest(sc *scorer) (comparand, bool) {
	own := sc.sliding()
	w := own.share().comparand(own.start, own.end)
	longer := false
	if float64(w.samples)/max(w.design, sc.missing) < float64(sc.ref.m.settings.minSamples) && v.start != 0 && v.start < w.start {
		grown := v.pending
		for _, o := range sc.series.open {
			grown.addShare(o.share())
		}
		w, longer = grown.comparand(v.start, own.end), true
	}
	w.row = own.lacking("")
	if w.row == nil || newer(&v.row, w.row) {
		w.row = &v.row
	}
	switch {
	case sc.peer == nil:
	case longer:
		w.championMissing = v.champion
	default:
		w.championMissing = sc.championSliding().share()
	}
	return w, true
}

func (v *missingVerdict) compare(ref *cohortRef, s *series, w *comparand, yield func(comparison)) {
	for r := range ref.references {
		res := ref.newResult(s, r, w, &v.verdicts[r])
		res.Key.Subject = Missing
		s.plan.evaluateMissing(ref, res, v.reference(ref, s, r, w), w.missing, w)
		yield(comparison{result: res, window: w, judgement: &v.verdicts[r]})
	}
}

// reference is what a share is compared with.
func (v *missingVerdict) reference(ref *cohortRef, s *series, r reference, w *comparand) share {
	switch {
	case r == refBaseline:
		return s.plan.baselineShare()
	case w.speed != Fast && r == refChampion:
		return w.slowChampionShare(ref.peer(s))
	case w.speed != Fast:
		return share{}
	case r == refChampion:
		return w.championMissing
	}
	return v.previous
}

func (v *missingVerdict) recordClosed(*comparand) {
	v.champion = share{}
	v.restart()
}

func (v *missingVerdict) keepPrevious(w *comparand, adopt func(*judgement) bool) {
	if adopt(&v.verdicts[refPrevious]) {
		v.previous = w.missing
	}
}

func (v *missingVerdict) history(*series) **history { return &v.past }

// The cells of a history of missing values.
const (
	stripMissing = iota
	stripPresent
	missingCells
)

func (v *missingVerdict) stripShape(*series) stripShape {
	return stripShape{cells: missingCells, print: missingCells}
}

func (v *missingVerdict) strip(s *series, counts []uint32) strip {
	now := s.closingWindow.share()
	return strip{counts: append(counts[:0], plus(0, now.missing), plus(0, now.rows-now.missing)), lo: 1, hi: 0}
}

func shareOf(counts []float64) share {
	missing := uint64(counts[stripMissing])
	return share{missing: missing, rows: missing + uint64(counts[stripPresent])}
}

func (v *missingVerdict) slowWindow(s *series, counts []float64, _, _ float64) comparand {
	w := shareOf(counts).comparand(0, 0)
	if v.row != (Exemplar{}) {
		row := v.row
		w.row = &row
	}
	return w
}

func (*missingVerdict) offSeason(_, _ *series, w *comparand, r *Result, counts []float64, asks question) bool {
	return shareOffSeason(w, r, shareOf(counts), w.missing, asks)
}

// shareOffSeason reports whether a share differs from what its season expects.
func shareOffSeason(w *comparand, r *Result, expected, cur share, asks question) bool {
	for i := range r.Scores {
		score := &r.Scores[i]
		if asks == begins && !score.reaches() {
			continue
		}
		res, ok := compareShares(expected, cur, w.design, w.design)
		point := res.Effect
		if score.Method == RelativeChange {
			res, point = relativeShare(expected, cur, w.design)
		}
		if ok && asks.says(&res, point, score.Threshold, w.speed) {
			return true
		}
	}
	return false
}

// slowChampionShare is the champion's share in the time of a slow window.
func (w *comparand) slowChampionShare(peer *series) share {
	if peer == nil || peer.missing == nil || peer.missing.past == nil {
		return share{}
	}
	counts, _, _, _ := peer.missing.past.slowCounts(w.speed, w.first, w.last)
	return shareOf(counts)
}

// comparand is the share of [start, end) as it is compared.
func (s share) comparand(start, end int64) comparand {
	return comparand{start: start, end: end, samples: s.rows, missing: s, weight: weighting(s.excess, s.rows), design: weighting(s.excess, s.rows)}
}

// restart drops what waits for more values.
func (v *missingVerdict) restart() { v.pending, v.start, v.row = share{}, 0, Exemplar{} }

// missingMethod is the statistic of the subject Missing: the L∞ distance over {missing, present}.
const missingMethod = "l_infinity"

// evaluateMissing fills in the scores of a share of missing values.
func (p *plan) evaluateMissing(where *cohortRef, r *Result, ref, cur share, w *comparand) {
	r.ReferenceSamples = ref.rows
	if res, ok := compareShares(ref, cur, w.design, w.design); ok {
		relative, point := relativeShare(ref, cur, w.design)
		one, two := scoreOf(missingMethod, &res, p.missing), scoreOf(RelativeChange, &relative, p.relative)
		two.point = point
		endless := share{missing: uint64(cur.ratio() * manyRows), rows: manyRows}
		if certain, ok := compareShares(ref, endless, w.design, 1); ok {
			one.reference, two.reference = certain.PValue, certain.PValue
		}
		r.Scores = append(where.newScores(2), one, two)
		r.lead()
		if w.row != nil && cur.ratio() > ref.ratio() && within(w.row, r.Start, r.End) {
			r.show([]Exemplar{*w.row})
		}
		if r.reaches() {
			r.Growth = absentGrowth(ref, cur)
		}
		if where.explains(r) {
			r.explainMissing(where, ref, cur, w.design)
		}
	}
}

// manyRows are as good as endless ones.
const manyRows = 1e12

// relativeShare is the relative change of a share of missing values.
func relativeShare(ref, cur share, design float64) (r stats.Result, point float64) {
	if ref.rows == 0 || cur.rows == 0 {
		return stats.Result{PValue: 1}, 0
	}
	n, m := float64(ref.rows), float64(cur.rows)
	return relativeChange([]portion{{float64(ref.missing), float64(cur.missing)}}, n, m, n/design, m/design)
}

// baselineShare is the missing values of the baseline's column.
func (p *plan) baselineShare() share {
	if p.column == nil {
		return share{}
	}
	return share{missing: p.column.Missing, rows: p.column.Missing + p.column.Count}
}
