// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package otlp writes deltas as OTLP metrics and reads them: a Flush is ml_summary's, Decode is
// ml_drift's, and both write totals with AddTotal.
//
// A delta is one data point. Its subject is the name of the metric, its minute the time from start
// to end; its key, its use and its category are attributes. The resource says which flush of which
// producer the points are (ml.summary.*), and each point has its ordinal in it, so that a flush
// that comes again is not counted twice, whichever part of it had come. Cumulative totals are the
// same without all that.
package otlp

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// prefixLength precedes the unit of a delta.Length in the name of its metric.
const prefixLength = "ml.llm."

// subjects are the metrics.
var subjects = map[string]delta.Subject{
	mlconv.MetricPredictionCount:      delta.Predictions,
	mlconv.MetricPredictionDuration:   delta.Duration,
	mlconv.MetricPredictionValue:      delta.Value,
	mlconv.MetricPredictionClassCount: delta.Class,
	mlconv.MetricPredictionConfidence: delta.Confidence,
	mlconv.MetricFeatureValue:         delta.Feature,
	mlconv.MetricFeatureCategoryCount: delta.Feature,
	mlconv.MetricFeatureMissingCount:  delta.Missing,
	mlconv.MetricEmbeddingCount:       delta.Embedding,
	mlconv.MetricTokenUsage:           delta.Tokens,
	mlconv.MetricPredictionCost:       delta.Cost,
	mlconv.MetricTimeToFirstChunk:     delta.FirstChunk,
	mlconv.MetricLLMInputCharacters:   delta.Length,
	mlconv.MetricLLMOutputCharacters:  delta.Length,
	mlconv.MetricLLMInputMessages:     delta.Length,
	mlconv.MetricLLMOutputMessages:    delta.Length,

	mlconv.MetricContractViolationCount: delta.Violations,
	mlconv.MetricContractRowCount:       delta.ContractRows,
}

// metrics are the names of the metrics of subjects that have one; that of categories of features,
// and those of lengths, are beside them.
var metrics = map[delta.Subject]string{
	delta.Predictions: mlconv.MetricPredictionCount,
	delta.Duration:    mlconv.MetricPredictionDuration,
	delta.Value:       mlconv.MetricPredictionValue,
	delta.Class:       mlconv.MetricPredictionClassCount,
	delta.Confidence:  mlconv.MetricPredictionConfidence,
	delta.Feature:     mlconv.MetricFeatureValue,
	delta.Missing:     mlconv.MetricFeatureMissingCount,
	delta.Tokens:      mlconv.MetricTokenUsage,
	delta.Cost:        mlconv.MetricPredictionCost,
	delta.FirstChunk:  mlconv.MetricTimeToFirstChunk,
	delta.Embedding:   mlconv.MetricEmbeddingCount,

	delta.Violations:   mlconv.MetricContractViolationCount,
	delta.ContractRows: mlconv.MetricContractRowCount,
}

// metricOf is the name of a delta's metric; ok is false for a length that has none.
func metricOf(d *delta.Delta) (name string, ok bool) {
	switch {
	case d.Key.Subject == delta.Length:
		name = prefixLength + d.Consumer.Unit
		return name, subjects[name] == delta.Length
	case d.Key.Subject == delta.Feature && d.Categorical:
		return mlconv.MetricFeatureCategoryCount, true
	}
	name, ok = metrics[d.Key.Subject]
	return name, ok
}

// lengthUnit is the unit of a length, which is in the name of its metric.
func lengthUnit(name string) string { return strings.TrimPrefix(name, prefixLength) }

// counted reports whether a metric is a sum of counts; else it is of histograms.
func counted(name string) bool {
	switch subjects[name] {
	case delta.Predictions, delta.Class, delta.Missing, delta.Cost, delta.Embedding, delta.Violations, delta.ContractRows:
		return true
	}
	return name == mlconv.MetricFeatureCategoryCount
}

// categorical reports whether a metric counts categories, and the attribute that has them.
func categorical(name string) (attr string, ok bool) {
	switch name {
	case mlconv.MetricPredictionClassCount:
		return mlconv.AttrPredictionClass, true
	case mlconv.MetricFeatureCategoryCount:
		return mlconv.AttrFeatureCategory, true
	}
	return "", false
}

// unitAttr is the attribute that has the unit of a use; empty where the metric's name has it, or
// where there is none.
func unitAttr(s delta.Subject) string {
	switch s {
	case delta.Predictions, delta.Duration:
		return mlconv.AttrErrorType
	case delta.Tokens:
		return mlconv.AttrGenAITokenType
	case delta.Cost:
		return mlconv.AttrPredictionCurrency
	}
	return ""
}
