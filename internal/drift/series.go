// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// Cells of a series: the first counts missing values, and those after it the bins of its binning. The first bin of a
// categorical one counts the categories that have no bin of their own.
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

// series is one subject in one segment (or the total) of a version: the panes of its sliding window, its open verdict
// windows and its verdicts.
type series struct {
	key     seriesKey
	plan    *plan
	binning *distribution.Binning

	// ring holds the cells of all panes, stride cells each; ranges two floats (min, max) a pane, on totals only.
	ring   []uint32
	stride int
	ranges []float64
	expos  []*distribution.Exponential // instead of ring's cells, where the binning is exponential

	// open are the windows of periods that are not closed yet, by period.
	open []*window
	// closingWindow is the window that is being closed.
	closingWindow *window

	// What the series is judged by, see kinds: values alone; missing, too, if it is a feature of the total; segment instead, if it
	// counts a segment's missing values.
	values  valueVerdict
	missing *missingVerdict
	segment *segmentMissing

	total *total // of the total, not of segments
}

// grown is the window of the values, or of a segment's missing values, that waits for more.
func (s *series) grown() *grown {
	if s.segment != nil {
		return &s.segment.grown
	}
	return &s.values.grown
}

// window is what was counted in [start, end), seconds since 1970.
type window struct {
	period     int64
	start, end int64
	cells      []uint32
	expo       *distribution.Exponential
	min, max   float64
	exemplars  []Exemplar // of numbers, the newest of each group
	examples   []example  // of categories and missing values
}

func newWindow(period, start, end int64) *window {
	return &window{period: period, start: start, end: end, min: math.Inf(1), max: math.Inf(-1)}
}

func plus(a uint32, b uint64) uint32 {
	return uint32(min(uint64(a)+min(b, math.MaxUint32), math.MaxUint32))
}

// count returns the number of values.
func (w *window) count() uint64 {
	if w == nil {
		return 0
	}
	n := w.expo.Count()
	for i := cellFirst; i < len(w.cells); i++ {
		n += uint64(w.cells[i])
	}
	return n
}

// share returns the missing values and the rows.
func (w *window) share() share {
	if w == nil || len(w.cells) == 0 {
		return share{rows: w.count()}
	}
	m := uint64(w.cells[cellMissing])
	return share{missing: m, rows: m + w.count()}
}

// sample returns the values of a window of a series with the given binning.
func (w *window) sample(b *distribution.Binning) *distribution.Sample {
	return b.Sample(values(w.cells), w.expo, w.min, w.max)
}

// add adds another window of the same binning; groups are the bounds by which exemplars are kept.
func (w *window) add(o *window, groups []float64) {
	w.start, w.end = min(w.start, o.start), max(w.end, o.end)
	w.period = max(w.period, o.period)
	w.cells = withCells(w.cells, len(o.cells))
	for i, c := range o.cells {
		w.cells[i] = plus(w.cells[i], uint64(c))
	}
	if o.expo != nil {
		w.expo = w.expo.Add(o.expo)
	}
	w.min, w.max = min(w.min, o.min), max(w.max, o.max)
	for _, x := range o.exemplars {
		w.exemplars = keep(w.exemplars, x, groups)
	}
	for _, x := range o.examples {
		w.merge(x, math.MaxInt)
	}
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

// setBinning gives the series a binning; what was counted in another one is dropped, but for missing values.
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
				w.min, w.max = math.Inf(1), math.Inf(-1)
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
			s.ranges = nil
		}
		s.values.verdicts = verdicts{}
		for i := range s.ranges {
			s.ranges[i] = math.NaN()
		}
	}
	s.makeRoom(panes)
	if b.Kind == distribution.KindExponential && s.expos == nil {
		s.expos = make([]*distribution.Exponential, panes)
	}
	if s.total != nil {
		s.total.reset(b, s.key.subject)
		if s.ranges == nil && (b.Kind == distribution.KindNumeric || b.Kind == distribution.KindExponential) {
			s.ranges = make([]float64, 2*panes)
			for i := range s.ranges {
				s.ranges[i] = math.NaN()
			}
		}
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
		s.ranges[2*slot], s.ranges[2*slot+1] = math.NaN(), math.NaN()
	}
}

// maxOpen is the most windows of a series that are open at a time, in live traffic two: a year of hours, which a replay
// sends between two calls of Advance. It bounds what spans with made-up times can cost.
const maxOpen = 10_000

// at returns the open window of a period, which is added where it is missing; nil where there is no room for one more.
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

// adder adds a delta to cells of the series' binning.
type adder struct {
	d      *Delta
	cell   int     // of a category, or 0
	before float64 // the reference's share of missing values, in a segment's table
}

func (a *adder) addTo(s *series, cells []uint32) {
	b, d := s.binning, a.d
	switch {
	case a.cell > 0:
		cells[a.cell] = plus(cells[a.cell], d.Count)
	case d.Key.Subject == Missing:
		cells[cellMissing] = plus(cells[cellMissing], d.Count)
	case b.Kind == distribution.KindNumeric:
		if len(d.Counts) == len(b.Bounds)+1 {
			for i, c := range d.Counts {
				if c != 0 {
					cells[cellFirst+i] = plus(cells[cellFirst+i], c)
				}
			}
			return
		}
		j := 0
		for i, c := range d.Counts {
			for j < len(b.Bounds) && (i >= len(d.Bounds) || d.Bounds[i] > b.Bounds[j]) {
				j++
			}
			cells[cellFirst+j] = plus(cells[cellFirst+j], c)
		}
	}
}

// addPane adds a delta to a slot of the ring.
func (s *series) addPane(a *adder, slot int) {
	a.addTo(s, s.ring[slot*s.stride:(slot+1)*s.stride])
	if a.d.Key.Subject == Missing {
		return
	}
	if s.binning.Kind == distribution.KindExponential {
		s.expos[slot] = s.expos[slot].Add(a.d.Exponential)
	}
	if s.ranges != nil && a.d.HasRange {
		r := s.ranges[2*slot : 2*slot+2]
		if !(r[0] <= a.d.Min) {
			r[0] = a.d.Min
		}
		if !(r[1] >= a.d.Max) {
			r[1] = a.d.Max
		}
	}
}

// addWindow adds a delta to an open window.
func (s *series) addWindow(a *adder, w *window) {
	w.cells = withCells(w.cells, cellsOf(s.binning))
	a.addTo(s, w.cells)
	defer s.remember(a, w)
	if a.d.Key.Subject == Missing {
		return
	}
	if s.binning.Kind == distribution.KindCategorical {
		return
	}
	if s.binning.Kind == distribution.KindExponential {
		w.expo = w.expo.Add(a.d.Exponential)
	}
	if a.d.HasRange {
		w.min, w.max = min(w.min, a.d.Min), max(w.max, a.d.Max)
	}
}

// keep puts an exemplar into the list that holds the newest one of each group.
func keep(list []Exemplar, x Exemplar, bounds []float64) []Exemplar {
	g := distribution.BucketOf(bounds, x.Value)
	for i := range list {
		if distribution.BucketOf(bounds, list[i].Value) == g {
			if newer(&x, &list[i]) {
				list[i] = x
			}
			return list
		}
	}
	return append(list, x)
}

// newer orders exemplars by time, ties by id, so that the order of arrival does not matter.
func newer(a, b *Exemplar) bool {
	if a.Time != b.Time {
		return a.Time > b.Time
	}
	return string(a.SpanID[:])+string(a.TraceID[:]) > string(b.SpanID[:])+string(b.TraceID[:])
}

func group(bounds []float64, v float64) int {
	i := 0
	for i < len(bounds) && bounds[i] < v {
		i++
	}
	return i
}

// merge adds up the panes of the sliding window that ends with pane last. w may be one that is not needed any more.
func (s *series) merge(w *window, g *eventtime.Grid, panes eventtime.Panes, last int64) {
	cells := slices.Grow(w.cells[:0], s.stride)[:s.stride]
	clear(cells)
	*w = window{start: g.PaneStart(last - g.Panes() + 1), end: g.PaneStart(last + 1), cells: cells, min: math.Inf(1), max: math.Inf(-1)}
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
		if s.ranges != nil && s.ranges[2*slot] <= s.ranges[2*slot+1] {
			w.min, w.max = min(w.min, s.ranges[2*slot]), max(w.max, s.ranges[2*slot+1])
		}
	}
}
