// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "slices"

// Presets are the tools whose choice of a method can be taken.
var presets = []string{"evidently", "nannyml", "scouter", "tfdv"}

// Presets are the names of tools for Choose.
func Presets() []string { return slices.Clone(presets) }

// Choose returns the method that a tool takes for a column by default: by its type, the reference's
// number of values and that of the different values on both sides.
func Choose(preset string, numeric bool, n float64, distinct int) string {
	switch preset {
	case "evidently":
		return evidentlyChoice(numeric, n, distinct)
	case "nannyml": // UnivariateDriftCalculator
		return "js@nannyml"
	case "scouter":
		return "psi@scouter"
	case "tfdv": // drift_comparator: jensen_shannon_divergence of numbers, infinity_norm of strings
		if numeric {
			return "jsd@tfdv"
		}
		return "l_infinity@tfdv"
	}
	return ""
}

// evidentlyChoice is that of stattests/registry.py.
func evidentlyChoice(numeric bool, n float64, distinct int) string {
	few := distinct <= 5 || !numeric
	switch {
	case n > 1000 && few:
		return "js@evidently"
	case n > 1000:
		return "wasserstein@evidently"
	case !few:
		return "ks@evidently"
	case distinct > 2:
		return "chi2@evidently"
	}
	return "z_test@evidently"
}
