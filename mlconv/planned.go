// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlconv

// Names that are reserved: nothing writes or reads them yet, and docs/attributes.md does not list
// them. A name that gets a use moves to attributes.go or metrics.go.
const (
	// MetricContractViolationCount (sum, {violation}) counts feature values that broke the model's
	// data contract.
	MetricContractViolationCount = "ml.contract.violation.count"
)
