// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import "github.com/otelcol-ml/otelcol-ml/internal/distribution"

// segmentMissingKey is the series that counts the missing values of all features of a segment. It
// has a bin for each feature, and the first bin, BinRest, for the predictions: most features have
// no values in segments, and 300 series a segment would be too many.
var segmentMissingKey = seriesKey{subject: Missing}

// segmentMissing judges the missing values of a segment, by feature.
type segmentMissing struct {
	pending
	judged []verdicts
}

// at returns the verdicts of the i-th feature.
func (v *segmentMissing) at(i int) *verdicts {
	for len(v.judged) <= i {
		v.judged = append(v.judged, verdicts{})
	}
	return &v.judged[i]
}

func (*segmentMissing) subject(*series) Subject { return Missing }

func (*segmentMissing) hasBaseline(*series) bool { return true }

func (v *segmentMissing) decided() bool {
	for i := range v.judged {
		if v.judged[i].decided() {
			return true
		}
	}
	return false
}

func (v *segmentMissing) insufficient(reference) bool { return !v.decided() }

func (v *segmentMissing) grow(s *series, p period) (comparand, bool) {
	w := v.pending.grow(s, p, v.decided())
	if w == nil {
		return comparand{}, false
	}
	return w.comparand(w.rows()), true
}

func (v *segmentMissing) addChampion(w *comparand, peer *series) {
	if peer != nil {
		w.champion = v.championWindow(peer)
	}
}

func (v *segmentMissing) latest(sc *scorer) (comparand, bool) {
	w, champion := v.pending.latest(sc, (*window).rows)
	out := w.comparand(w.rows())
	out.champion = champion
	return out, true
}

func (v *segmentMissing) compare(ref *cohortRef, s *series, w *comparand, yield func(comparison)) {
	for i, name := range s.binning.Categories {
		p := ref.v.plans[seriesKey{Feature, name}]
		if p == nil || p.ignore {
			continue
		}
		judged := v.at(i)
		for r := range ref.references {
			cur := w.window.shareAt(i)
			res := ref.newResult(s, r, w, &judged[r])
			res.Key.Name, res.Samples = name, cur.rows
			one := *w
			one.missing, one.row = cur, w.window.lacking(name)
			ref.weighBy(seriesKey{Feature, name}, true, &one)
			res.Effective = float64(cur.rows) / one.design
			p.evaluateMissing(ref, res, v.reference(ref, s, r, w, i, p), cur, &one)
			yield(comparison{result: res, window: &one, judgement: &judged[r]})
		}
	}
}

func (*segmentMissing) history(*series) **history { return nil }

func (*segmentMissing) stripShape(*series) stripShape { return stripShape{} }

func (*segmentMissing) strip(*series, []uint32) strip { return strip{} }

func (*segmentMissing) slowWindow(*series, []float64, float64, float64) comparand {
	return comparand{}
}

func (*segmentMissing) offSeason(s, _ *series, w *comparand, r *Result, counts []float64, asks question) bool {
	bin, ok := s.binning.Lookup(r.Key.Name)
	if !ok {
		return true
	}
	return shareOffSeason(w, r, shareOf(counts), w.window.shareAt(bin-1-distribution.BinRest), asks)
}

func (v *segmentMissing) keepPrevious(w *comparand, adopt func(*judgement) bool) {
	all := true
	for i := range v.judged {
		all = adopt(&v.judged[i][refPrevious]) && all
	}
	if all {
		v.keep(w.window)
	}
}

// reference is what the share of the i-th feature is compared with.
func (v *segmentMissing) reference(ref *cohortRef, s *series, r reference, w *comparand, i int, p *plan) share {
	switch {
	case r == refBaseline:
		return p.baselineShare()
	case r == refChampion && w.champion != nil:
		if bin, ok := ref.peer(s).binning.Lookup(s.binning.Categories[i]); ok {
			return w.champion.shareAt(bin - 1 - distribution.BinRest)
		}
		return share{rows: w.champion.rows()}
	case r == refPrevious:
		return v.previous().shareAt(i)
	}
	return share{}
}

// shareAt is the missing values of the i-th feature in a window.
func (w *window) shareAt(i int) share {
	if w == nil || len(w.cells) <= cellRest {
		return share{}
	}
	s := share{rows: uint64(w.cells[cellRest])}
	if cell := cellRest + 1 + i; cell < len(w.cells) {
		s.missing = uint64(w.cells[cell])
	}
	s.rows = max(s.rows, s.missing)
	return s
}

// rows is the number of predictions in a window.
func (w *window) rows() uint64 {
	if w == nil || len(w.cells) <= cellRest {
		return 0
	}
	return uint64(w.cells[cellRest])
}
