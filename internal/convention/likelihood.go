// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "math"

// The likelihood ratio 2·Σ O·ln(O/E).
var gMethods = map[string]definition{
	// scipy.stats.chi2_contingency(lambda_="log-likelihood"), of two samples.
	"g_test": {counts: func(_ options, ref, cur []float64) Result {
		var g, columns float64
		for i := range ref {
			if ref[i]+cur[i] > 0 {
				columns++
			}
		}
		cells(ref, cur, func(observed, expected float64) {
			if columns == 2 {
				observed = yates(observed, expected)
			}
			g += likelihood(observed, expected)
		})
		return test(g, chi2SF(g, columns-1))
	}, rule: pValue},
	// Evidently, stattests/g_stattest.py: the reference is exact and scaled to the current total.
	"g_test@evidently": {counts: func(_ options, ref, cur []float64) Result {
		var g float64
		scale := sum(cur) / sum(ref)
		for i := range ref {
			g += likelihood(cur[i], ref[i]*scale)
		}
		if math.IsInf(g, 1) {
			return test(g, 0)
		}
		return test(g, chi2SF(g, float64(len(ref)-1)))
	}, rule: below(0.1)},
}

func likelihood(observed, expected float64) float64 {
	if observed == 0 {
		return 0
	}
	return 2 * observed * math.Log(observed/expected)
}
