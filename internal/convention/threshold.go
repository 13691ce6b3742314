// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Thresholds as tools compute them.

// PSIThreshold is the PSI that samples of n rows of a fixed reference in some bins exceed with
// probability alpha: the quantile of chi² by n (Yurdakul, Statistical Properties of Population
// Stability Index, 2018, method II; Scouter's default).
func PSIThreshold(alpha float64, bins int, n float64) float64 {
	if bins < 2 {
		return 0
	}
	return distuv.ChiSquared{K: float64(bins - 1)}.Quantile(1-alpha) / n
}

// PSINormalThreshold is the same by the normal approximation (method I).
func PSINormalThreshold(alpha float64, bins int, n float64) float64 {
	b := float64(bins - 1)
	return (b + distuv.UnitNormal.Quantile(1-alpha)*math.Sqrt(2*b)) / n
}

// DeviationThresholds are NannyML's StandardDeviationThreshold: multiples of the standard deviation
// (by n) of reference scores below and above their mean, or another number of them.
func DeviationThresholds(scores []float64, from string, below, above float64) (low, high float64, err error) {
	sorted := newRaw(scores)
	if len(sorted) == 0 {
		return 0, 0, errEmpty
	}
	mean, sd := stat.PopMeanStdDev(sorted, nil)
	least, largest := sorted.ends()
	offset, ok := map[string]float64{"mean": mean, "median": sorted.quantile(0.5), "min": least, "max": largest}[from]
	if !ok {
		return 0, 0, fmt.Errorf("%q is none of mean, median, min, max", from)
	}
	return offset - below*sd, offset + above*sd, nil
}

// Bonferroni is the level of each of some tests that are wrong together with probability alpha.
func Bonferroni(alpha float64, tests int) float64 { return alpha / float64(tests) }

// FalseDiscovery is the largest level alpha·i/n below which there are at least i of n p-values, and
// how many are below it (Benjamini and Hochberg); 0 and 0 if there is none. Below is strict, as
// Alibi Detect has it, unless orAt.
func FalseDiscovery(p []float64, alpha float64, orAt bool) (level float64, rejected int) {
	sorted := slices.Sorted(slices.Values(p))
	for i := len(sorted); i > 0; i-- {
		level := alpha * float64(i) / float64(len(sorted))
		if sorted[i-1] < level || orAt && sorted[i-1] == level {
			return level, i
		}
	}
	return 0, 0
}
