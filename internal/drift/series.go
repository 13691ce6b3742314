// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Cells of a series: the first counts missing values, and those after it the bins of its binning.
// The first bin of a categorical one counts the categories that have no bin of their own.
const (
	cellMissing = 0
	cellFirst   = 1
	cellRest    = cellFirst + distribution.BinRest
)

// cellsOf is the number of cells, the missing one included.
func cellsOf(b *distribution.Binning) int { return cellFirst + b.Bins() }

// values are the cells without the missing one.
func values(cells []uint32) []uint32 { return cells[min(cellFirst, len(cells)):] }

// seriesKey identifies a series in a group. Missing values are a cell of their feature's series.
type seriesKey struct {
	subject Subject
	name    string
}

// series is one subject in one segment (or the total) of a version: the panes of its sliding
// window, its open verdict windows and its verdicts.
type series struct {
	key     seriesKey
	plan    *plan
	binning *distribution.Binning

	// ring holds the cells of all panes, stride cells each; ranges two floats (min, max) a pane and
	// sums one, on totals only.
	ring   []uint32
	stride int
	ranges []float64
	sums   []float64
	expos  []*distribution.Exponential // instead of ring's cells, where the binning is exponential

	// open are the windows of periods that are not closed yet, by period.
	open []*window
	// closingWindow is the window that is being closed.
	closingWindow *window

	// strange says that nobody vouches for it.
	strange bool

	// What the series is judged by, see kinds: values alone; missing, too, if it is a feature of
	// the total; segment instead, if it counts a segment's missing values.
	values  valueVerdict
	missing *missingVerdict
	segment *segmentMissing

	total *total // of the total, not of segments
}

// pending is the window of the values, or of a segment's missing values, that waits for more.
func (s *series) pending() *pending {
	if s.segment != nil {
		return &s.segment.pending
	}
	return &s.values.pending
}

func plus(a uint32, b uint64) uint32 {
	return uint32(min(uint64(a)+min(b, math.MaxUint32), math.MaxUint32))
}

// withCells returns s with at least n cells.
func withCells(s []uint32, n int) []uint32 {
	if len(s) >= n {
		return s
	}
	out := make([]uint32, n)
	copy(out, s)
	return out
}

// makeRoom makes room for the binning's cells.
func (s *series) makeRoom(panes int64) {
	need := cellsOf(s.binning)
	if need <= s.stride {
		return
	}
	stride := need
	if s.binning.Kind == distribution.KindCategorical && !s.binning.Fixed {
		stride = max(need, s.stride+s.stride/2, 4)
	}
	ring := make([]uint32, int(panes)*stride)
	for p := range int(panes) {
		if s.stride > 0 {
			copy(ring[p*stride:], s.ring[p*s.stride:(p+1)*s.stride])
		}
	}
	s.ring, s.stride = ring, stride
}

// setBinning gives the series a binning; what was counted in another one is dropped, but for
// missing values.
func (s *series) setBinning(b *distribution.Binning, panes int64) {
	if s.binning == b {
		return
	}
	old := s.binning
	s.binning = b
	if old.Kind != distribution.KindUnknown {
		strip := func(w *window) {
			if w != nil {
				w.cells, w.expo, w.exemplars = w.cells[:min(len(w.cells), 1)], nil, nil
				w.examples = slices.DeleteFunc(w.examples, func(x example) bool { return !x.missing })
				w.min, w.max, w.sum = math.Inf(1), math.Inf(-1), 0
			}
		}
		for _, w := range s.open {
			strip(w)
		}
		strip(s.values.pendingWindow)
		ring := make([]uint32, panes)
		for p := range int(panes) {
			ring[p] = s.ring[p*s.stride+cellMissing]
		}
		s.ring, s.stride = ring, 1
		s.expos = nil
		s.values.references = nil
		if s.missing != nil {
			s.missing.previous, s.missing.champion = share{}, share{}
		}
		if b.Kind == distribution.KindCategorical {
			s.ranges, s.sums = nil, nil
		}
		s.values.verdicts = verdicts{}
		if s.ranges != nil {
			s.newRanges(panes)
		}
	}
	s.makeRoom(panes)
	if b.Kind == distribution.KindExponential && s.expos == nil {
		s.expos = make([]*distribution.Exponential, panes)
	}
	if s.total != nil {
		s.total.reset(b, s.key.subject)
		if s.ranges == nil && (b.Kind == distribution.KindNumeric || b.Kind == distribution.KindExponential) {
			s.newRanges(panes)
		}
	}
}

// newRanges gives the panes empty ranges and sums.
func (s *series) newRanges(panes int64) {
	s.ranges, s.sums = make([]float64, 2*panes), make([]float64, panes)
	for i := range s.ranges {
		s.ranges[i] = math.NaN()
	}
}

// coarse returns the bounds of the groups by which exemplars are kept.
func (s *series) coarse() []float64 {
	switch {
	case s.total != nil:
		return s.total.bounds
	case s.binning.Kind == distribution.KindExponential:
		return exponentialBounds(s.key.subject)
	}
	return s.binning.Bounds // a segment's are groups
}

// clearPane empties a slot of the ring.
func (s *series) clearPane(slot int) {
	clear(s.ring[slot*s.stride : (slot+1)*s.stride])
	if s.expos != nil {
		s.expos[slot] = nil
	}
	if s.ranges != nil {
		s.ranges[2*slot], s.ranges[2*slot+1], s.sums[slot] = math.NaN(), math.NaN(), 0
	}
}

// maxOpen is the most windows of a series that are open at a time, in live traffic two: a year of
// hours, which a replay sends between two calls of Advance. It bounds what spans with made-up times
// can cost.
const maxOpen = 10_000

// at returns the open window of a period, which is added where it is missing; nil where there is no
// room for one more.
func (s *series) at(g *eventtime.Grid, period int64) *window {
	i := len(s.open)
	for i > 0 && s.open[i-1].period >= period {
		i--
		if s.open[i].period == period {
			return s.open[i]
		}
	}
	if len(s.open) >= maxOpen {
		return nil
	}
	w := newWindow(period, g.Start(period), g.Start(period+1))
	s.open = append(s.open, nil)
	copy(s.open[i+1:], s.open[i:])
	s.open[i] = w
	return w
}

// takeOpen removes the open window of a period and returns it, or nil.
func (s *series) takeOpen(period int64) *window {
	if len(s.open) == 0 || s.open[0].period > period {
		return nil
	}
	w := s.open[0]
	s.open[0] = nil
	s.open = s.open[1:]
	return w
}

// mergePanes adds up the panes of the sliding window that ends with pane last. w may be one that is
// not needed any more.
func (s *series) mergePanes(w *window, g *eventtime.Grid, panes eventtime.Panes, last int64) {
	cells := slices.Grow(w.cells[:0], s.stride)[:s.stride]
	clear(cells)
	*w = window{start: g.PaneStart(last - g.Panes() + 1), end: g.PaneStart(last + 1), cells: cells, min: math.Inf(1), max: math.Inf(-1)}
	if s.sums == nil {
		w.sum = math.NaN()
	}
	for slot := range panes {
		if !panes.Within(slot, last) {
			continue
		}
		for i, c := range s.ring[slot*s.stride : (slot+1)*s.stride] {
			cells[i] = plus(cells[i], uint64(c))
		}
		if s.expos != nil && s.expos[slot] != nil {
			w.expo = w.expo.Add(s.expos[slot])
		}
		if s.sums != nil {
			w.sum += s.sums[slot]
		}
		if s.ranges != nil && s.ranges[2*slot] <= s.ranges[2*slot+1] {
			w.min, w.max = min(w.min, s.ranges[2*slot]), max(w.max, s.ranges[2*slot+1])
		}
	}
}

func compareSeries(a, b seriesKey) int {
	return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(a.name, b.name))
}

// binnings are those that the series' state refers to.
func (s *series) binnings() []*distribution.Binning {
	if r := s.pending().references; r != nil && r.championBinning != nil {
		return []*distribution.Binning{s.binning, r.championBinning}
	}
	return []*distribution.Binning{s.binning}
}

func (e *encoder) series(s *series) {
	e.Uvarint(uint64(s.key.subject))
	e.String(s.key.name)
	e.Uvarint(e.binnings[s.binning])
	e.Uvarint(uint64(s.stride))
	wire.PutCounts(e.Encoder, s.ring)
	e.Float64s(s.ranges)
	e.Float64s(s.sums)
	e.Bool(s.expos != nil)
	for _, x := range s.expos {
		e.expo(x)
	}
	e.Uvarint(uint64(len(s.open)))
	for _, w := range s.open {
		e.window(w)
	}
	own := s.pending()
	e.window(own.pendingWindow)
	e.judgements(&s.values.verdicts)
	if s.segment != nil {
		e.Uvarint(uint64(len(s.segment.judged)))
		for i := range s.segment.judged {
			e.judgements(&s.segment.judged[i])
		}
	}
	var missing missingVerdict
	if s.missing != nil {
		missing = *s.missing
		e.share(missing.pending)
		e.Varint(missing.start)
		e.judgements(&missing.verdicts)
	}
	has := own.references != nil || missing.previous != (share{}) || missing.champion != (share{})
	e.Bool(has)
	if has {
		r := references{}
		if own.references != nil {
			r = *own.references
		}
		e.window(r.previous)
		e.share(missing.previous)
		e.window(r.champion)
		e.share(missing.champion)
		e.Bool(r.championBinning != nil)
		if r.championBinning != nil {
			e.Uvarint(e.binnings[r.championBinning])
		}
	}
	e.total(s.total)
	if s.total != nil {
		e.history(s.values.past)
		if s.missing != nil {
			e.history(s.missing.past)
		}
	}
}

func (d *decoder) series(s *series, panes int64) {
	s.binning = d.binningOf()
	s.stride = int(d.UvarintTo(1 << 20))
	s.ring = wire.TakeCounts[uint32](d.Decoder)
	s.ranges = d.Float64s()
	switch {
	case d.Version >= 4:
		s.sums = d.Float64s()
	case s.ranges != nil:
		s.sums = make([]float64, panes)
		for i := range s.sums {
			s.sums[i] = math.NaN()
		}
	}
	least := cellsOf(s.binning)
	if s.segment != nil {
		least = cellRest + 1 // the binning may have grown with another segment
	}
	if s.stride < least || len(s.ring) != int(panes)*s.stride ||
		s.ranges != nil && len(s.ranges) != 2*int(panes) || len(s.ranges) != 2*len(s.sums) {
		d.Fail()
		return
	}
	if has := d.Bool(); has != (s.binning.Kind == distribution.KindExponential) {
		d.Fail()
		return
	} else if has {
		s.expos = make([]*distribution.Exponential, panes)
		for i := range s.expos {
			s.expos[i] = d.expo()
		}
	}
	for range d.Count(8) {
		w := d.window(s.binning)
		if w == nil || len(s.open) > 0 && s.open[len(s.open)-1].period >= w.period {
			d.Fail()
			return
		}
		s.open = append(s.open, w)
	}
	own := s.pending()
	own.pendingWindow = d.window(s.binning)
	d.judgements(&s.values.verdicts)
	if s.segment != nil {
		for i := range d.Count(2 * len(referenceNames)) {
			d.judgements(s.segment.at(i))
		}
	}
	missing := s.missing
	if missing != nil {
		missing.pending = d.share()
		missing.start = d.Varint()
		d.judgements(&missing.verdicts)
	} else {
		missing = &missingVerdict{}
	}
	if d.Bool() {
		r := &references{previous: d.window(s.binning)}
		missing.previous = d.share()
		r.champion = d.window(nil)
		missing.champion = d.share()
		if d.Bool() {
			r.championBinning = d.binningOf()
			if r.champion != nil && len(r.champion.cells) > cellsOf(r.championBinning) {
				d.Fail()
			}
		} else if r.champion != nil {
			d.Fail()
		}
		own.references = r
	}
	s.total = d.total()
	if s.total == nil || d.Version < 4 {
		return
	}
	s.values.past = d.history()
	if s.missing != nil {
		s.missing.past = d.history()
	}
}
