// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// window is what was counted in [start, end), seconds since 1970.
type window struct {
	period     int64
	start, end int64
	cells      []uint32
	expo       *distribution.Exponential
	min, max   float64
	sum        float64 // of the values; NaN where some came without one
	// excess is by how much the sum of the squares of the values' weights is above that of the
	// weights; missingExcess is of the rows that lack a value.
	excess, missingExcess uint64
	exemplars             []Exemplar // of numbers, the newest of each group
	examples              []example  // of categories and missing values
}

func newWindow(period, start, end int64) *window {
	return &window{period: period, start: start, end: end, min: math.Inf(1), max: math.Inf(-1)}
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
		n := w.count()
		if n == 0 {
			return share{}
		}
		return share{rows: n, excess: w.excess}
	}
	m := uint64(w.cells[cellMissing])
	return share{missing: m, rows: m + w.count(), excess: w.excess + w.missingExcess}
}

// sample returns the values of a window of a series with the given binning.
func (w *window) sample(b *distribution.Binning) *distribution.Sample {
	return b.Sample(values(w.cells), w.expo, w.min, w.max, w.sum)
}

// addWindow adds another window of the same binning; groups are the bounds by which exemplars are
// kept.
func (w *window) addWindow(o *window, groups []float64) {
	w.start, w.end = min(w.start, o.start), max(w.end, o.end)
	w.period = max(w.period, o.period)
	w.excess += o.excess
	w.missingExcess += o.missingExcess
	w.cells = withCells(w.cells, len(o.cells))
	for i, c := range o.cells {
		w.cells[i] = plus(w.cells[i], uint64(c))
	}
	if o.expo != nil {
		w.expo = w.expo.Add(o.expo)
	}
	w.min, w.max, w.sum = min(w.min, o.min), max(w.max, o.max), w.sum+o.sum
	for _, x := range o.exemplars {
		w.exemplars = keep(w.exemplars, x, groups)
	}
	for _, x := range o.examples {
		w.mergeExample(x, math.MaxInt)
	}
}

func (e *encoder) window(w *window) {
	e.Bool(w != nil)
	if w == nil {
		return
	}
	e.Varint(w.period)
	e.Varint(w.start)
	e.Varint(w.end)
	wire.PutCounts(e.Encoder, w.cells)
	e.expo(w.expo)
	e.Float64(w.min)
	e.Float64(w.max)
	e.exemplars(w.exemplars)
	e.Uvarint(w.excess)
	e.Uvarint(w.missingExcess)
	e.Float64(w.sum)
}

func (d *decoder) window(l *distribution.Binning) *window {
	if !d.Bool() {
		return nil
	}
	w := &window{period: d.Varint(), start: d.Varint(), end: d.Varint(), cells: wire.TakeCounts[uint32](d.Decoder), expo: d.expo(), min: d.Float64(), max: d.Float64()}
	w.exemplars, w.sum = d.exemplars(), math.NaN()
	if d.Version >= 4 {
		w.excess, w.missingExcess, w.sum = d.Uvarint(), d.Uvarint(), d.Float64()
	}
	if l != nil && (len(w.cells) > cellsOf(l) || w.expo != nil && l.Kind != distribution.KindExponential) {
		d.Fail()
	}
	return w
}
