// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// What is not in package stats. p are the reference's shares, q the current's.

// jsNats is the Jensen-Shannon divergence with the natural logarithm.
func jsNats(p, q []float64) float64 { return stats.JensenShannonDivergence(p, q) * math.Ln2 }

func totalVariation(p, q []float64) float64 {
	var v float64
	for i := range p {
		v += math.Abs(p[i]-q[i]) / 2
	}
	return v
}

func lInfinity(p, q []float64) float64 {
	var v float64
	for i := range p {
		v = max(v, math.Abs(p[i]-q[i]))
	}
	return v
}

// bhattacharyya is −ln Σ√(pq), epsilon added to each share (Frouros).
func bhattacharyya(p, q []float64) float64 {
	const epsilon = 2.220446049250313e-16
	var v float64
	for i := range p {
		v += math.Sqrt((p[i] + epsilon) * (q[i] + epsilon))
	}
	return -math.Log(v)
}

// normalizedAbsolute is the largest difference of counts by the sum of both totals (TFDV).
func normalizedAbsolute(a, b []float64) float64 { return lInfinity(a, b) / (sum(a) + sum(b)) }

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

func atLeast(p []float64, v float64) []float64 {
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
