// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlconv

// Names that are reserved: nothing writes or reads them yet, and docs/attributes.md does not list
// them. A name that gets a use moves to attributes.go or metrics.go.
const (
	// AttrEvaluationMeasure (string) is the quality measure. Example: "false_positive_rate".
	AttrEvaluationMeasure = "ml.evaluation.measure"
	// AttrEvaluationBound (string) is point, lower or upper. Example: "lower".
	AttrEvaluationBound = "ml.evaluation.bound"
	// AttrEvaluationPredicted (string) is the class that was predicted. Example: "fraud".
	AttrEvaluationPredicted = "ml.evaluation.predicted"
	// AttrEvaluationActual (string) is the class that the label gives. Example: "ok".
	AttrEvaluationActual = "ml.evaluation.actual"
	// MetricContractViolationCount (sum, {violation}) counts feature values that broke the model's
	// data contract.
	MetricContractViolationCount = "ml.contract.violation.count"
	// MetricEvaluationCount (sum, {prediction}) counts predictions that were joined with a label.
	MetricEvaluationCount = "ml.evaluation.count"
	// MetricEvaluationScore (gauge) is a quality measure with its confidence bounds.
	MetricEvaluationScore = "ml.evaluation.score"
)
