// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// The rows that a window remembers. Of numbers, the total has the newest row of each group, a
// segment those of two groups; of categories and missing values, there are examples. Where there
// are more than there is room for, those stay whose share is most above the reference's: they are
// the ones that a drift is about.
const (
	segmentExemplars = 2
	totalExamples    = 16
	segmentExamples  = 2
	tableExamples    = 4
)

// example is a category, or missing values, with a row that has it.
type example struct {
	// name is the category; in a segment's table of missing values, the feature. Empty for missing
	// values of the series' own feature.
	name    string
	missing bool
	// count is the number of values in the window, of a category that the binning has no cell for;
	// 0 for others.
	count uint32
	// before is the reference's share, 0 to 1.
	before float32
	// row is zero where none is known.
	row Exemplar
}

func (x *example) same(o *example) bool { return x.name == o.name && x.missing == o.missing }

// room is how many examples a window of the series remembers.
func (s *series) room() int {
	switch {
	case s.segment != nil:
		return tableExamples
	case s.total != nil:
		return totalExamples
	}
	return segmentExamples
}

// remember takes note of the rows of a delta that was counted in a window.
func (s *series) remember(a *adder, w *window) {
	d := a.d
	switch {
	case d.Key.Subject == Missing && s.segment == nil:
		if len(d.Exemplars) > 0 {
			s.note(w, example{missing: true, row: newest(d.Exemplars)})
		}
	case s.segment != nil:
		if d.Key.Subject == Missing && a.cell > cellRest && len(d.Exemplars) > 0 {
			s.note(w, example{name: s.binning.Categories[a.cell-cellRest-1], missing: true, before: float32(a.before), row: newest(d.Exemplars)})
		}
	case s.binning.Kind == distribution.KindCategorical:
		s.rememberCategory(a, w)
	case s.total != nil:
		for _, x := range d.Exemplars {
			w.exemplars = keep(w.exemplars, x, s.total.bounds)
		}
	default:
		for _, x := range d.Exemplars {
			s.noteNumber(w, x)
		}
	}
}

func (s *series) rememberCategory(a *adder, w *window) {
	d := a.d
	if d.Overflow {
		return
	}
	x := example{name: d.Category}
	if len(d.Exemplars) > 0 {
		x.row = newest(d.Exemplars)
	}
	if a.cell > cellRest {
		if x.row == (Exemplar{}) {
			return
		}
		x.name = s.binning.Categories[a.cell-cellRest-1]
		x.before = float32(s.binning.Baseline.Share(a.cell - cellFirst))
	} else {
		x.count = plus(0, d.Count)
	}
	s.note(w, x)
}

func newest(list []Exemplar) Exemplar {
	best := list[0]
	for i := range list {
		if newer(&list[i], &best) {
			best = list[i]
		}
	}
	return best
}

// note adds an example to those of a window, if there is room or it has grown more than one that is
// there.
func (s *series) note(w *window, x example) {
	if w.mergeExample(x, s.room()) {
		return
	}
	in := s.excess(w)
	worst := 0
	for i := range w.examples {
		if in.ofExample(&w.examples[i]) < in.ofExample(&w.examples[worst]) {
			worst = i
		}
	}
	if in.ofExample(&x) > in.ofExample(&w.examples[worst]) {
		w.examples[worst] = x
	}
}

// mergeExample adds an example to the same one or as one more, as long as there are fewer than
// room; else it returns false.
func (w *window) mergeExample(x example, room int) bool {
	for i := range w.examples {
		if o := &w.examples[i]; o.same(&x) {
			o.count = plus(o.count, uint64(x.count))
			if newer(&x.row, &o.row) {
				o.row = x.row
			}
			return true
		}
	}
	if len(w.examples) >= room {
		return false
	}
	w.examples = append(w.examples, x)
	return true
}

// noteNumber keeps the row of a segment's number: the newest of its group, as long as that has
// grown more than another one's.
func (s *series) noteNumber(w *window, x Exemplar) {
	bounds := s.coarse()
	g := distribution.BucketOf(bounds, x.Value)
	for i := range w.exemplars {
		if o := &w.exemplars[i]; distribution.BucketOf(bounds, o.Value) == g {
			if newer(&x, o) {
				*o = x
			}
			return
		}
	}
	if len(w.exemplars) < segmentExemplars {
		w.exemplars = append(w.exemplars, x)
		return
	}
	in := s.excess(w)
	worst := 0
	for i := range w.exemplars {
		if in.ofExemplar(&w.exemplars[i]) < in.ofExemplar(&w.exemplars[worst]) {
			worst = i
		}
	}
	if in.ofExemplar(&x) > in.ofExemplar(&w.exemplars[worst]) {
		w.exemplars[worst] = x
	}
}

// trim forgets what there is no room for in a window that others were added to.
func (s *series) trim(w *window) {
	if n := s.room(); len(w.examples) > n {
		in := s.excess(w)
		slices.SortStableFunc(w.examples, func(a, b example) int {
			return cmp.Or(cmp.Compare(in.ofExample(&b), in.ofExample(&a)), cmp.Compare(a.name, b.name))
		})
		w.examples = slices.Clone(w.examples[:n])
	}
	if s.total == nil && len(w.exemplars) > segmentExemplars {
		in := s.excess(w)
		slices.SortStableFunc(w.exemplars, func(a, b Exemplar) int {
			return cmp.Or(cmp.Compare(in.ofExemplar(&b), in.ofExemplar(&a)), cmp.Compare(b.Time, a.Time), cmp.Compare(a.Value, b.Value))
		})
		w.exemplars = slices.Clone(w.exemplars[:segmentExemplars])
	}
}

// excess tells what stands out of a window.
type excess struct {
	s     *series
	w     *window
	total float64 // of the window's values
}

func (s *series) excess(w *window) excess {
	total := w.count()
	if s.segment != nil {
		total = w.rows()
	}
	return excess{s, w, float64(max(total, 1))}
}

// ofExample is how far the share of an example in the window is above the reference's.
func (e excess) ofExample(x *example) float64 {
	switch {
	case e.s.segment == nil && x.missing:
		return math.Inf(1) // one a series
	case x.count > 0:
		return float64(x.count) / e.total
	}
	bin, ok := e.s.binning.Lookup(x.name)
	if !ok || cellFirst+bin >= len(e.w.cells) {
		return -1
	}
	return float64(e.w.cells[cellFirst+bin])/e.total - float64(x.before)
}

// ofExemplar is how far the share of an exemplar's group in the window is above the baseline's.
func (e excess) ofExemplar(x *Exemplar) float64 {
	i := distribution.BucketOf(e.s.coarse(), x.Value)
	if e.s.binning.Kind != distribution.KindNumeric || cellFirst+i >= len(e.w.cells) {
		return 0
	}
	return float64(e.w.cells[cellFirst+i])/e.total - e.s.binning.Baseline.Share(i)
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

// within reports whether the row's time is in [start, end), seconds since 1970.
func within(x *Exemplar, start, end int64) bool {
	return *x != (Exemplar{}) && x.Time >= start*1e9 && x.Time < end*1e9
}

// shown is the most rows that show a growth.
const shown = 3

// shows is a row of a group or category with what that has grown by.
type shows struct {
	row    *Exemplar
	group  int // of numbers, else -1: categories have one row each
	excess float64
	tie    int64 // the larger one goes first among equals
}

// evidence returns rows that show the growth, as far as there are some in [start, end) seconds: the
// newest of each range or category that has grown, of the one that has grown most first. What has
// grown by less than a quarter of that shows nothing.
func evidence(p *distribution.Pair, w *window, start, end int64) []Exemplar {
	ref, cur := p.Shares()
	if ref == nil {
		return nil
	}
	var room [2 * totalExamples]shows
	all := room[:0]
	if p.Numeric() {
		bounds := p.GroupBounds()
		for i := range w.exemplars {
			x := &w.exemplars[i]
			if g := distribution.BucketOf(bounds, x.Value); within(x, start, end) {
				all = append(all, shows{x, g, cur[g] - ref[g], x.Time})
			}
		}
	}
	for i := range w.examples {
		x := &w.examples[i]
		if x.missing || p.Numeric() || !within(&x.row, start, end) {
			continue
		}
		at := slices.Index(p.Names(), x.name)
		if at < 0 {
			at = len(p.Names()) // the rest
		}
		if at < len(ref) {
			all = append(all, shows{&x.row, -1, cur[at] - ref[at], int64(x.count)})
		}
	}
	return best(all)
}

// best are the rows of what has grown most.
func best(all []shows) (out []Exemplar) {
	all = slices.DeleteFunc(all, func(x shows) bool { return !(x.excess > 0) })
	slices.SortStableFunc(all, func(a, b shows) int { return cmp.Or(cmp.Compare(b.excess, a.excess), cmp.Compare(b.tie, a.tie)) })
	for i, x := range all {
		if len(out) == shown || 4*x.excess < all[0].excess {
			break
		}
		if x.group < 0 || !slices.ContainsFunc(all[:i], func(o shows) bool { return o.group == x.group }) {
			out = append(out, *x.row)
		}
	}
	return out
}

// show sets the rows that show the growth.
func (r *Result) show(rows []Exemplar) {
	if len(rows) > 0 {
		r.Exemplar, r.Exemplars = &rows[0], rows
	}
}

// lacking is the newest row that lacked a value, of the series' own feature or of the one with a
// name; nil if none is remembered.
func (w *window) lacking(name string) *Exemplar {
	if w == nil {
		return nil
	}
	for i := range w.examples {
		if x := &w.examples[i]; x.missing && x.name == name {
			return &x.row
		}
	}
	return nil
}

func (e *encoder) exemplars(list []Exemplar) {
	e.Uvarint(uint64(len(list)))
	for i := range list {
		e.exemplar(&list[i])
	}
}

func (d *decoder) exemplars() []Exemplar {
	n := d.Count(8 + 1 + 16 + 8)
	if n == 0 {
		return nil
	}
	out := make([]Exemplar, n)
	for i := range out {
		out[i] = d.exemplar()
	}
	if d.Err() != nil {
		return nil
	}
	return out
}

func (e *encoder) exemplar(x *Exemplar) {
	e.Float64(x.Value)
	e.Varint(x.Time)
	e.Raw(x.TraceID[:])
	e.Raw(x.SpanID[:])
}

func (d *decoder) exemplar() (x Exemplar) {
	x.Value, x.Time = d.Float64(), d.Varint()
	d.Raw(x.TraceID[:])
	d.Raw(x.SpanID[:])
	return x
}

func (e *encoder) examples(w *window) {
	e.Uvarint(uint64(len(w.examples)))
	for i := range w.examples {
		x := &w.examples[i]
		e.String(x.name)
		e.Bool(x.missing)
		e.Uvarint(uint64(x.count))
		e.Float64(float64(x.before))
		e.exemplar(&x.row)
	}
}

func (d *decoder) examples(m *model, s *series, w *window) {
	w.examples = nil
	for range d.Count(8) {
		x := example{
			name: m.intern(d.name()), missing: d.Bool(), count: uint32(d.UvarintTo(1<<32 - 1)), before: float32(d.Float64()), row: d.exemplar(),
		}
		if d.Err() != nil || !(x.before >= 0 && x.before <= 1) {
			d.Fail()
			return
		}
		if !w.mergeExample(x, s.room()) {
			d.Fail()
			return
		}
	}
}
