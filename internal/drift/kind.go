// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import "github.com/otelcol-ml/otelcol-ml/internal/distribution"

// kind is one of what a series is judged by: its values (valueVerdict), a feature's missing values
// (missingVerdict) or those of all features of a segment (segmentMissing). All kinds go through one
// procedure when a period is closed (closing.judge), and through its second half for the scores in
// between (scorer.score):
//
//	grow ──► enough values? ── no ──► growOn: it waits for the next period, the champion's too
//	             │ yes, or it has grown to max_window
//	             ▼
//	         compare with each reference ──► closing.conclude ──► recordClosed
type kind interface {
	// subject is what the kind judges.
	subject(s *series) Subject
	// decided reports whether there is a verdict that silence would make insufficient in the end.
	decided() bool
	// insufficient reports whether there is no verdict against a reference.
	insufficient(r reference) bool
	// hasBaseline reports whether the baseline has the series.
	hasBaseline(s *series) bool
	// growing returns how much is in the window that waits for more; false without one.
	growing() (samples uint64, ok bool)

	// grow adds the series' closing window to what waits. It is false where there is neither, and
	// no verdict that could end.
	grow(s *series, p period) (comparand, bool)
	// growOn lets a window that grow has returned wait. peer is the champion's series; nil without
	// one.
	growOn(s *series, w *comparand, peer *series)
	// addChampion completes a window that grow has returned with what the champion counted in the
	// same periods.
	addChampion(w *comparand, peer *series)
	// latest returns the sliding window, or one that waits and is longer, where that alone has
	// enough values. It is false where there is nothing to compare.
	latest(sc *scorer) (comparand, bool)
	// history returns where the kind of a series of the total keeps what it remembers; nil of a
	// segment's.
	history(s *series) **history
	// stripShape is that of the history's cells.
	stripShape(s *series) stripShape
	// strip counts the closing window in the cells of the history.
	strip(s *series, counts []uint32) strip
	// slowWindow makes a window of what a history has counted.
	slowWindow(s *series, counts []float64, lo, hi float64) comparand
	// offSeason reports whether a window differs from what a history of owner counted in the same
	// phases.
	offSeason(s, owner *series, w *comparand, r *Result, counts []float64, asks question) bool
	// compare calls yield for the comparison with each of the references.
	compare(ref *cohortRef, s *series, w *comparand, yield func(comparison))
	// recordClosed ends a window that was compared.
	recordClosed(w *comparand)
	// keepPrevious makes a window that was compared the previous one, unless it is part of a drift
	// from that, or of what may become one.
	keepPrevious(w *comparand, adopt func(*judgement) bool)
}

var (
	_ kind = (*valueVerdict)(nil)
	_ kind = (*missingVerdict)(nil)
	_ kind = (*segmentMissing)(nil)
)

// kinds calls yield for what the series is judged by, in the order in which periods are closed.
func (s *series) kinds(yield func(kind) bool) {
	switch {
	case s.segment != nil:
		yield(s.segment)
	case s.missing == nil || yield(s.missing):
		yield(&s.values)
	}
}

// decided reports whether there is any verdict.
func (s *series) decided() bool {
	for k := range s.kinds {
		if k.decided() {
			return true
		}
	}
	return false
}

// period is one that is being closed, with its real end.
type period struct{ number, start, end int64 }

// comparand is a window as it is compared, with what the champion counted in the same time.
type comparand struct {
	start, end int64
	samples    uint64
	// design is by how much fewer independent values the samples are worth; speed is which window it
	// is. history is what its kind goes by, owner the series that has it; nil for none.
	design  float64
	weight  float64 // for how many rows one that was seen counts, in the mean by weight
	known   bool    // the design effect is
	assumed bool    // it is, as there are too few pairs
	speed   Speed
	history *history
	owner   *series
	// first and last are the units, or days, of a slow window.
	first, last int64
	// values are those of a slow window, in place of window's.
	values *distribution.Sample
	// window and champion are those of values and of a segment's missing values; champion is nil
	// where there is nothing to compare.
	window, champion *window
	// missing and championMissing are those of a feature's missing values; row is one that lacks
	// the value, or nil.
	missing, championMissing share
	row                      *Exemplar
}

// comparison is a window beside one reference.
type comparison struct {
	// result is shared only for the call.
	result    *Result
	judgement *judgement
	// window is what was compared, as this comparison took it.
	window *comparand
	// mismatched values cannot be compared with the baseline.
	mismatched bool
}

// pending is the window of a kind that waits for more values, with its references.
type pending struct {
	// pendingWindow is what was counted in closed periods that had too few values for a verdict.
	pendingWindow *window
	references    *references // where champion or previous is a reference
}

// references are the windows of other references.
type references struct {
	previous *window
	// champion is the champion's window, in its binning, while pendingWindow grows.
	champion        *window
	championBinning *distribution.Binning
}

func (g *pending) ensureReferences() *references {
	if g.references == nil {
		g.references = &references{}
	}
	return g.references
}

// previous is the window that was judged before, or nil.
func (g *pending) previous() *window {
	if g.references == nil {
		return nil
	}
	return g.references.previous
}

func (g *pending) growing() (samples uint64, ok bool) {
	return g.pendingWindow.count(), g.pendingWindow != nil
}

// grow adds the closing window to the pending one; nil where there is neither, unless decided.
func (g *pending) grow(s *series, p period, decided bool) *window {
	w := g.pendingWindow
	switch {
	case w == nil && s.closingWindow == nil:
		if !decided {
			return nil
		}
		w = newWindow(p.number, p.start, p.end)
	case w == nil:
		w = s.closingWindow
	case s.closingWindow != nil:
		w.addWindow(s.closingWindow, s.coarse())
		s.trim(w)
	}
	w.period, w.end = p.number, p.end
	g.pendingWindow = nil
	return w
}

func (g *pending) growOn(_ *series, w *comparand, peer *series) {
	g.pendingWindow = w.window
	if peer == nil || peer.closingWindow == nil {
		return
	}
	r := g.ensureReferences()
	if r.champion == nil || !sameBins(r.championBinning, peer.binning) {
		r.champion = newWindow(peer.closingWindow.period, peer.closingWindow.start, peer.closingWindow.end)
		r.championBinning = peer.binning
	}
	r.champion.addWindow(peer.closingWindow, nil)
}

// championWindow is what the champion counted in the same periods, in its binning.
func (g *pending) championWindow(peer *series) *window {
	w := newWindow(0, 0, 0)
	if r := g.references; r != nil && r.champion != nil && sameBins(r.championBinning, peer.binning) {
		w.addWindow(r.champion, nil)
	}
	if peer.closingWindow != nil {
		w.addWindow(peer.closingWindow, nil)
	}
	return w
}

// latest returns the sliding window, or the growing one where that has too few values and this is
// longer; the champion's is of the same time, nil without a peer.
func (g *pending) latest(sc *scorer, samples func(*window) uint64) (own, champion *window) {
	own = sc.sliding()
	longer := false
	if float64(samples(own))/max(sc.values, weighting(own.excess, samples(own))) < float64(sc.ref.m.settings.minSamples) {
		if w := g.growingWindow(sc.series, sc.clock.Front); w != nil && w.start < own.start {
			own, longer = w, true
		}
	}
	switch {
	case sc.peer == nil:
	case longer:
		champion = g.championWindow(sc.peer)
	default:
		champion = sc.championSliding()
	}
	return own, champion
}

// growingWindow returns what has been counted since the last closed window, or nil where that is
// not longer than one period.
func (g *pending) growingWindow(s *series, front int64) *window {
	if g.pendingWindow == nil {
		return nil
	}
	w := newWindow(0, g.pendingWindow.start, front)
	w.addWindow(g.pendingWindow, s.coarse())
	for _, o := range s.open {
		w.addWindow(o, s.coarse())
	}
	w.end = front
	return w
}

func (g *pending) recordClosed(*comparand) {
	if g.references != nil {
		g.references.champion = nil
	}
}

func (g *pending) keep(w *window) {
	w.exemplars, w.examples = nil, nil
	g.ensureReferences().previous = w
}

// few reports whether the window has less than least independent values, or rows where it is only
// assumed how much they depend on each other.
func (w *comparand) few(least uint64) bool {
	if w.assumed {
		return float64(w.samples)/max(w.weight, 1) < float64(least)
	}
	return w.effective() < float64(least)
}

// effective is how many independent values the window's are worth.
func (w *comparand) effective() float64 { return float64(w.samples) / w.design }
