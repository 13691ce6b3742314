// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// adder adds a delta to cells of the series' binning.
type adder struct {
	d      *Delta
	cell   int     // of a category, or 0
	before float64 // the reference's share of missing values, in a segment's table
	full   bool    // a cell cannot count further
}

// put adds to a cell.
func (a *adder) put(cells []uint32, cell int, n uint64) {
	cells[cell] = plus(cells[cell], n)
	a.full = a.full || cells[cell] == math.MaxUint32
}

func (a *adder) addTo(s *series, cells []uint32) {
	b, d := s.binning, a.d
	switch {
	case a.cell > 0:
		a.put(cells, a.cell, d.Count)
	case d.Key.Subject == Missing:
		a.put(cells, cellMissing, d.Count)
	case b.Kind == distribution.KindNumeric:
		if len(d.Counts) == len(b.Bounds)+1 {
			for i, c := range d.Counts {
				if c != 0 {
					a.put(cells, cellFirst+i, c)
				}
			}
			return
		}
		j := 0
		for i, c := range d.Counts {
			for j < len(b.Bounds) && (i >= len(d.Bounds) || d.Bounds[i] > b.Bounds[j]) {
				j++
			}
			a.put(cells, cellFirst+j, c)
		}
	}
}

// addToPane adds a delta to a slot of the ring.
func (s *series) addToPane(a *adder, slot int) {
	a.addTo(s, s.ring[slot*s.stride:(slot+1)*s.stride])
	if a.d.Key.Subject == Missing {
		return
	}
	if s.binning.Kind == distribution.KindExponential {
		s.expos[slot] = s.expos[slot].Add(a.d.Exponential)
	}
	if s.sums != nil {
		s.sums[slot] += a.d.Sum
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

// addToWindow adds a delta to an open window.
func (s *series) addToWindow(a *adder, w *window) {
	w.cells = withCells(w.cells, cellsOf(s.binning))
	a.addTo(s, w.cells)
	defer s.remember(a, w)
	if a.d.Key.Subject == Missing {
		w.missingExcess += a.d.Squares() - a.d.Count
		return
	}
	w.excess += a.d.Squares() - a.d.Count
	if s.binning.Kind == distribution.KindCategorical {
		return
	}
	if s.binning.Kind == distribution.KindExponential {
		w.expo = w.expo.Add(a.d.Exponential)
	}
	w.sum += a.d.Sum
	if a.d.HasRange {
		w.min, w.max = min(w.min, a.d.Min), max(w.max, a.d.Max)
	}
}
