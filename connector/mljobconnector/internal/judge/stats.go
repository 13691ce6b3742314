// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"math"
	"slices"
	"time"
)

// tolerance keeps a value that is exactly at its limit from being beyond it by an error of
// rounding.
const tolerance = 1e-9

// median returns the median of values that it may sort; NaN for none. Of an even number it is the
// mean of the middle two.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return values[n/2-1] + (values[n/2]-values[n/2-1])/2
}

func clampDuration(d float64) time.Duration {
	if !(d < math.MaxInt64) { // NaN as well
		return math.MaxInt64
	}
	return time.Duration(d)
}
