// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

// missingVerdict judges the missing values of a feature of the total.
type missingVerdict struct {
	verdicts
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
	w := comparand{start: v.start, end: p.end, samples: v.pending.rows, missing: v.pending}
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
	w := comparand{start: own.start, end: own.end, missing: own.share()}
	longer := false
	if w.missing.rows < sc.ref.m.settings.minSamples && v.start != 0 && v.start < w.start {
		w.missing, w.start, longer = v.pending, v.start, true
		for _, o := range sc.series.open {
			w.missing.addShare(o.share())
		}
	}
	w.samples = w.missing.rows
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
		s.plan.evaluateMissing(ref, res, v.reference(s, r, w), w.missing, w.row)
		yield(comparison{result: res, judgement: &v.verdicts[r], decisive: len(res.Scores) > 0})
	}
}

// reference is what a share is compared with.
func (v *missingVerdict) reference(s *series, r reference, w *comparand) share {
	switch r {
	case refBaseline:
		return s.plan.baselineShare()
	case refChampion:
		return w.championMissing
	}
	return v.previous
}

func (v *missingVerdict) recordClosed(w *comparand, keep bool) {
	v.champion = share{}
	if keep {
		v.previous = w.missing
	}
	v.restart()
}

// restart drops what waits for more values.
func (v *missingVerdict) restart() { v.pending, v.start, v.row = share{}, 0, Exemplar{} }

// missingMethod is the statistic of the subject Missing: the L∞ distance over {missing, present}.
const missingMethod = "l_infinity"

// evaluateMissing fills in the score of a share of missing values; row is one that lacks the value,
// or nil.
func (p *plan) evaluateMissing(where *cohortRef, r *Result, ref, cur share, row *Exemplar) {
	r.ReferenceSamples = ref.rows
	if res, ok := compareShares(ref, cur); ok {
		r.Scores = append(where.newScores(1), Score{
			Method: missingMethod, Score: res.Score, PValue: res.PValue, Effect: res.Effect, Threshold: p.missing,
		})
		if row != nil && cur.ratio() > ref.ratio() && within(row, r.Start, r.End) {
			r.Exemplar = row
		}
		if r.reaches() {
			r.Growth = absentGrowth(ref, cur)
		}
	}
}

// baselineShare is the missing values of the baseline's column.
func (p *plan) baselineShare() share {
	if p.column == nil {
		return share{}
	}
	return share{missing: p.column.Missing, rows: p.column.Missing + p.column.Count}
}
