// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"hash/fnv"
	"io"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// maxStrip is the most categories that a history tells apart; the others are one, with those that
// the baseline does not list. Of a baseline with more, some rows choose them and the others are
// compared with (profile.HeldOut): the most frequent of a few rows are frequent by chance.
const maxStrip = 48

// stripShape is that of strips. Those of another print count other things.
type stripShape struct {
	cells int // 0 for nothing
	print uint64
	order bool // the cells have one, as numbers do
}

// strip is what a history counts of a window: a few cells for the many of the window.
type strip struct {
	counts []uint32
	lo, hi float64 // of numbers; lo is above hi where they are unknown
}

// stripCells is the number of cells in the strips of a series' values.
func (s *series) stripCells() int {
	switch b := s.binning; {
	case b.Kind == distribution.KindNumeric:
		return b.Coarse.Len()
	case b.Kind == distribution.KindExponential:
		return len(exponentialBounds(s.key.subject)) + 1
	case b.Fixed:
		return 1 + len(stripCategories(b))
	}
	return 1 + maxStrip
}

// stripCategories are those that a history tells apart.
func stripCategories(b *distribution.Binning) []string {
	if b.Few != nil {
		return b.Few.Categories
	}
	return b.Categories[:min(len(b.Categories), maxStrip)]
}

// stripOf counts a window's values in the cells of a strip.
func (s *series) stripOf(w *window, counts []uint32) strip {
	counts = counts[:0]
	for range s.stripCells() {
		counts = append(counts, 0)
	}
	out := strip{counts: counts, lo: math.Inf(1), hi: math.Inf(-1)}
	if w == nil {
		return out
	}
	switch b := s.binning; b.Kind {
	case distribution.KindNumeric:
		for i, c := range values(w.cells) {
			if c > 0 {
				g := b.Coarse.Of(i)
				counts[g] = plus(counts[g], uint64(c))
			}
		}
		out.lo, out.hi = w.min, w.max
	case distribution.KindExponential:
		if w.expo != nil {
			groups := make([]uint64, len(counts))
			w.expo.Coarsen(exponentialBounds(s.key.subject), groups)
			for i, c := range groups {
				counts[i] = plus(0, c)
			}
		}
		out.lo, out.hi = w.min, w.max
	case distribution.KindCategorical:
		for i, c := range values(w.cells) {
			switch {
			case b.Few != nil:
				i = b.FewBin(i)
			case i >= len(counts):
				i = distribution.BinRest
			}
			counts[i] = plus(counts[i], uint64(c))
		}
	}
	return out
}

// stripBinning is the binning of a series' strips.
func (s *series) stripBinning() *distribution.Binning {
	switch b := s.binning; {
	case b.Kind == distribution.KindNumeric:
		return distribution.NewNumericBinning(b.Coarse.Bounds(), nil)
	case b.Kind == distribution.KindExponential:
		return distribution.NewNumericBinning(exponentialBounds(s.key.subject), nil)
	case b.Few != nil:
		return b.Few
	default:
		return distribution.NewFixedBinning(stripCategories(b), nil, 0)
	}
}

// stripSample returns counts in the cells of a strip as a sample. Its unit of length is the
// baseline's standard deviation, where there is a baseline.
func (s *series) stripSample(b *distribution.Binning, counts []float64, lo, hi float64) *distribution.Sample {
	if b.Kind == distribution.KindCategorical {
		return distribution.NewCategoricalSample(b, counts[:1+len(b.Categories)])
	}
	sd := math.NaN()
	if s.binning.Baseline != nil && s.binning.Kind == distribution.KindNumeric {
		sd = s.binning.Baseline.StdDev()
	}
	return distribution.NewCountsSample(b.Bounds, counts, lo, hi, sd)
}

// stripPrint identifies the cells of a series' strips: a history in other cells is of no use.
func (s *series) stripPrint() uint64 {
	h := fnv.New64a()
	write := func(text string) { _, _ = io.WriteString(h, text+"\x00") }
	b := s.binning
	write([...]string{"unknown", "numeric", "exponential", "categorical"}[b.Kind])
	var word [8]byte
	for _, bound := range b.Coarse.Bounds() {
		bits := math.Float64bits(bound)
		for i := range word {
			word[i] = byte(bits >> (8 * i))
		}
		_, _ = h.Write(word[:])
	}
	if b.Fixed {
		for _, name := range stripCategories(b) {
			write(name)
		}
	}
	return h.Sum64()
}
