// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlconv

// Unit returns the unit of a metric of this package, in UCUM; empty for a pure number and for what is in the user's own unit.
func Unit(metric string) string { return metrics[metric][0] }

// Description returns what a metric of this package is, in a sentence.
func Description(metric string) string { return metrics[metric][1] }
