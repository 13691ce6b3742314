// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "math"

// What both sides have in common, of ten bins of equal width over both (Frouros).
var overlapMethods = map[string]definition{
	"bhattacharyya@frouros":          grouped(equalBins, bhattacharyya).with(map[string]any{"bins": 10.}),
	"histogram_intersection@frouros": grouped(equalBins, totalVariation).with(map[string]any{"bins": 10.}),
}

// bhattacharyya is −ln Σ√(pq), epsilon added to each share.
func bhattacharyya(_ options, p, q []float64) float64 {
	const epsilon = 2.220446049250313e-16
	var v float64
	for i := range p {
		v += math.Sqrt((p[i] + epsilon) * (q[i] + epsilon))
	}
	return -math.Log(v)
}
