// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "math"

// The energy distance, √(2·∫(F−G)²), as scipy.stats.energy_distance.
var energyMethods = map[string]definition{
	"energy":           {values: energy},
	"energy@evidently": {values: energy, rule: above(0.1)},
}

func energy(_ options, ref, cur []float64) Result {
	n, m := float64(len(ref)), float64(len(cur))
	var v, last float64
	i, j := 0, 0
	for i < len(ref) || j < len(cur) {
		at := math.Inf(1)
		if i < len(ref) {
			at = ref[i]
		}
		if j < len(cur) {
			at = min(at, cur[j])
		}
		if i+j > 0 {
			d := float64(i)/n - float64(j)/m
			v += d * d * (at - last)
		}
		last = at
		for i < len(ref) && ref[i] <= at {
			i++
		}
		for j < len(cur) && cur[j] <= at {
			j++
		}
	}
	return distance(math.Sqrt(2 * v))
}
