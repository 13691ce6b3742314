// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// field is a part of a label.
type field uint8

const (
	unread field = iota
	fieldModel
	fieldEnvironment
	fieldPredictionID
	fieldKey
	fieldTraceID
	fieldSpanID
	fieldRow
	fieldLabel
	fieldClass
	fieldValue
	fieldRelevance
	fieldRetracted
	fieldTime
	fieldPredictionTime
	fieldWeight
	fieldSource
	fieldSet
	fieldEncoding
	fieldFormat
	numFields
)

// fieldNames are the short names, by which a config and errors name fields.
var fieldNames = [numFields]string{
	fieldModel: "model", fieldEnvironment: "environment", fieldPredictionID: "prediction_id", fieldKey: "key", fieldTraceID: "trace_id",
	fieldSpanID: "span_id", fieldRow: "row", fieldLabel: "label", fieldClass: "class", fieldValue: "value", fieldRelevance: "relevance",
	fieldRetracted: "retracted", fieldTime: "label_time", fieldPredictionTime: "prediction_time", fieldWeight: "weight",
	fieldSource: "source", fieldSet: "set", fieldEncoding: "encoding", fieldFormat: "format",
}

// FieldNames returns the names of the fields that a table can have, in their order.
func FieldNames() []string { return slices.Clone(fieldNames[fieldModel:fieldEncoding]) }

// fieldsByName are all names by which a field is known, normalized.
var fieldsByName = func() map[string]field {
	names := map[string]field{}
	for f, more := range [numFields][]string{
		fieldModel:       {mlconv.AttrModelName, "model_name", "model_id"},
		fieldEnvironment: {mlconv.AttrEnvironment},
		// inference_id and event_id are SageMaker's, correlation_id is Azure ML's.
		fieldPredictionID: {mlconv.AttrPredictionID, "inference_id", "event_id", "correlation_id", "event_metadata.event_id", "event_metadata.inference_id"},
		fieldKey:          {mlconv.AttrLabelKey, "business_key"},
		fieldTraceID:      {},
		fieldSpanID:       {},
		fieldRow:          {mlconv.AttrLabelRow},
		// actual_label is Arize's, ground_truth MLflow's and Evidently's, assigned_label AWS Fraud Detector's.
		fieldLabel: {"actual_label", "actual", "ground_truth", "assigned_label", "ground_truth_data.data"},
		// actual_class and actual_score are Snowflake's and Arize's.
		fieldClass:          {mlconv.AttrLabelClass, "actual_class"},
		fieldValue:          {mlconv.AttrLabelValue, "actual_score", "actual_value"},
		fieldRelevance:      {mlconv.AttrLabelRelevance},
		fieldRetracted:      {mlconv.AttrLabelRetracted},
		fieldTime:           {mlconv.AttrLabelTime, "label_timestamp", "label_ts", "actual_timestamp", "actual_ts", "actual_time"},
		fieldPredictionTime: {mlconv.AttrPredictionTime, "prediction_timestamp", "prediction_ts"},
		fieldWeight:         {mlconv.AttrLabelWeight},
		fieldSource:         {mlconv.AttrLabelSource, "label_source"},
		fieldSet:            {mlconv.AttrLabelSet, "label_set"},
		fieldEncoding:       {"ground_truth_data.encoding"},
		fieldFormat:         {"event_version"},
	} {
		if field(f) == unread {
			continue
		}
		if field(f) != fieldEncoding && field(f) != fieldFormat {
			more = append(more, fieldNames[f])
		}
		for _, name := range more {
			names[normal(name)] = field(f)
		}
	}
	return names
}()

// normal is a name without case and without what joins its parts, so that predictionId,
// prediction-id and prediction_id are one.
func normal(name string) string {
	plain := true
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			plain = false
			break
		}
	}
	if plain {
		return name
	}
	return strings.Map(func(c rune) rune {
		switch c {
		case '_', '-', '.', ' ':
			return -1
		}
		return c
	}, strings.ToLower(name))
}
