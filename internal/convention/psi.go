// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// The population stability index, Σ (q−p)·ln(q/p), is infinite where a group is empty: tools differ
// in what they put there, and in the groups.
var psiMethods = map[string]definition{
	"psi@plain": grouped(nil, func(_ options, p, q []float64) float64 { return stats.PopulationStability(p, q) }),
	// Evidently, stattests/psi.py.
	"psi@evidently": grouped(evidentlyBins, func(_ options, p, q []float64) float64 {
		return stats.PopulationStability(evidentlyZeros(p), evidentlyZeros(q))
	}).ruled(atLeastTenth),
	// Soda's distribution check: of categories it takes the counts for numbers.
	"psi@soda": filled(1e-5).ofFrequencies(),
	// Frouros, psi.py; the smallest normal number for 0.
	"psi@frouros": filled(0x1p-1022),
	// Scouter, psi/monitor.rs; its threshold is the quantile of chi² by the number of rows.
	"psi@scouter": grouped(deciles, func(_ options, p, q []float64) float64 {
		return stats.PopulationStability(plus(p, 1e-10), plus(q, 1e-10))
	}).with(map[string]any{"bins": 10., "alpha": 0.05}).ruled(rule{of: scouterLimit}),
	"psi@deepchecks": grouped(nil, func(_ options, p, q []float64) float64 {
		return stats.PopulationStability(floored(p, 0.01), floored(q, 0.01))
	}),
}

// filled takes bins of equal width over both sides and puts zero in the place of shares of 0.
func filled(zero float64) definition {
	return grouped(equalBins, func(o options, p, q []float64) float64 {
		return stats.PopulationStability(zeros(p, o.number("zero")), zeros(q, o.number("zero")))
	}).with(map[string]any{"bins": 10., "zero": zero})
}

// ofFrequencies takes the counts of categories for numbers.
func (d definition) ofFrequencies() definition {
	d.counts = func(o options, a, b []float64) Result { return d.grouped(o, newRaw(a), newRaw(b)) }
	return d
}

func scouterLimit(o options, n float64, cells int) float64 {
	return PSIThreshold(o.number("alpha"), cells, n)
}

// zeros puts v in the place of shares of 0; the others stay, so that the sum exceeds 1.
func zeros(p []float64, v float64) []float64 {
	for i := range p {
		if p[i] == 0 {
			p[i] = v
		}
	}
	return p
}

// evidentlyZeros is 1e-4, or a millionth of the least share where that is at most 1e-4.
func evidentlyZeros(p []float64) []float64 {
	least := math.Inf(1)
	for _, v := range p {
		if v > 0 {
			least = min(least, v)
		}
	}
	if least <= 1e-4 {
		return zeros(p, least/1e6)
	}
	return zeros(p, 1e-4)
}

func floored(p []float64, v float64) []float64 {
	for i := range p {
		p[i] = max(p[i], v)
	}
	return p
}

func plus(p []float64, v float64) []float64 {
	for i := range p {
		p[i] += v
	}
	return p
}
