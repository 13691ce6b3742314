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

// mad returns the median absolute deviation from a centre, of values that it may change.
func mad(values []float64, centre float64) float64 {
	for i, v := range values {
		values[i] = math.Abs(v - centre)
	}
	return median(values)
}

const (
	// normal makes the median absolute deviation of normal values their standard deviation.
	normal = 1.4826
	// deviations and factor are how far above the median a duration is slow, the larger of the two.
	deviations = 6
	factor     = 1.5
	// leastExcess is by how much a duration is above the median at least if it is slow.
	leastExcess = time.Second
)

// slowLimit returns the duration above which a run is slow, given those of the good runs, which it
// may change; and their median.
func slowLimit(durations []float64) (limit, usual time.Duration) {
	centre := median(durations)
	spread := mad(durations, centre)
	l := max(factor*centre, centre+deviations*normal*spread, centre+float64(leastExcess))
	return clampDuration(l), clampDuration(centre)
}

func clampDuration(d float64) time.Duration {
	if !(d < math.MaxInt64) { // NaN as well
		return math.MaxInt64
	}
	return time.Duration(d)
}
