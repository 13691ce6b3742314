// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "math"

var mmdMethods = map[string]definition{
	"mmd@frouros": {values: mmd, parameters: map[string]any{"sigma": 0.5}},
}

// mmd is the unbiased square of the maximum mean discrepancy with the kernel exp(−d²/(2σ²)); it takes
// time for all pairs (Gretton et al., JMLR 13, 2012; Frouros).
func mmd(o options, ref, cur []float64) Result {
	sigma := o.number("sigma")
	gamma := 1 / (2 * sigma * sigma)
	pairs := func(x, y []float64) float64 {
		var v float64
		for _, a := range x {
			for _, b := range y {
				v += math.Exp(-gamma * (a - b) * (a - b))
			}
		}
		return v
	}
	n, m := float64(len(ref)), float64(len(cur))
	return distance((pairs(ref, ref)-n)/(n*(n-1)) + (pairs(cur, cur)-m)/(m*(m-1)) - 2*pairs(ref, cur)/(n*m))
}
