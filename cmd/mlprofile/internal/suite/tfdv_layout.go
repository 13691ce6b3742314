// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"sync"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/protolayout"
)

// schemaLayout is the part that is read of tensorflow/metadata's schema.proto, and of anomalies.proto the
// schema that anomalies are of. Messages of which it matters only that they are there are Ignored.
var schemaLayout = &protolayout.Layout{
	Package: "schema", Syntax: "proto2",
	Messages: map[string]map[string]string{
		"Anomalies": {"baseline": "1 Schema"},
		"Schema": {
			"feature": "1 *Feature", "sparse_feature": "6 *Named", "weighted_feature": "12 *Named",
			"string_domain": "4 *StringDomain", "float_domain": "9 *FloatDomain", "int_domain": "10 *IntDomain",
			"default_environment": "5 *string", "represent_variable_length_as_ragged": "14 bool",
			"generate_legacy_feature_spec": "7 bool", "annotation": "8 Annotation",
			"dataset_constraints": "11 DatasetConstraints", "tensor_representation_group": "13 *Ignored",
		},
		"Named":   {"name": "1 string"},
		"Ignored": {},
		"Feature": {
			"name": "1 string", "deprecated": "2 bool", "comment": "3 string", "presence": "14 Presence",
			"group_presence": "17 GroupPresence", "shape": "23 Shape", "value_count": "5 ValueCount",
			"value_counts": "32 Ignored", "type": "6 FeatureType", "domain": "7 string", "int_domain": "9 IntDomain",
			"float_domain": "10 FloatDomain", "string_domain": "11 StringDomain", "bool_domain": "13 BoolDomain",
			"struct_domain": "29 StructDomain", "natural_language_domain": "24 Ignored", "image_domain": "25 Ignored",
			"mid_domain": "26 Ignored", "url_domain": "27 Ignored", "time_domain": "28 TimeDomain",
			"time_of_day_domain": "30 TimeDomain", "distribution_constraints": "15 DistributionConstraints",
			"annotation": "16 Annotation", "skew_comparator": "18 Comparator", "drift_comparator": "21 Comparator",
			"in_environment": "20 *string", "not_in_environment": "19 *string", "lifecycle_stage": "22 LifecycleStage",
			"unique_constraints": "31 ValueCount", "validation_derived_source": "34 Ignored", "sequence_metadata": "35 Ignored",
		},
		"Annotation":    {"tag": "1 *string", "comment": "2 *string", "extra_metadata": "3 *Ignored"},
		"Presence":      {"min_fraction": "1 double", "min_count": "2 int64"},
		"GroupPresence": {"required": "1 bool"},
		"Shape":         {"dim": "2 *Dim"},
		"Dim":           {"size": "1 int64", "name": "2 string"},
		"ValueCount":    {"min": "1 int64", "max": "2 int64"},
		"StringDomain":  {"name": "1 string", "value": "2 *string", "is_categorical": "3 Categorical"},
		"IntDomain":     {"name": "1 string", "min": "3 int64", "max": "4 int64", "is_categorical": "5 bool"},
		"FloatDomain": {
			"name": "1 string", "min": "3 float", "max": "4 float", "disallow_nan": "5 bool", "disallow_inf": "6 bool",
			"is_embedding": "7 bool", "is_categorical": "8 bool", "embedding_dim": "9 int64",
		},
		"BoolDomain":              {"name": "1 string", "true_value": "2 string", "false_value": "3 string"},
		"StructDomain":            {"feature": "1 *Feature", "sparse_feature": "2 *Named"},
		"TimeDomain":              {"string_format": "1 string", "integer_format": "2 TimeFormat"},
		"DistributionConstraints": {"min_domain_mass": "1 double"},
		"Comparator": {
			"infinity_norm": "1 Threshold", "jensen_shannon_divergence": "2 Threshold", "normalized_abs_difference": "3 Threshold",
		},
		"Threshold": {"threshold": "1 double", "source": "2 Ignored"},
		"DatasetConstraints": {
			"num_examples_drift_comparator": "1 Ratio", "num_examples_version_comparator": "2 Ratio",
			"min_examples_count": "3 int64", "max_examples_count": "4 int64",
		},
		"Ratio": {"min_fraction_threshold": "1 double", "max_fraction_threshold": "2 double"},
	},
	Enums: map[string][]string{
		"FeatureType":    {"TYPE_UNKNOWN", "BYTES", "INT", "FLOAT", "STRUCT"},
		"LifecycleStage": {"UNKNOWN_STAGE", "PLANNED", "ALPHA", "BETA", "PRODUCTION", "DEPRECATED", "DEBUG_ONLY", "DISABLED", "", "VALIDATION_DERIVED"},
		"Categorical":    {"CATEGORICAL_UNSPECIFIED", "CATEGORICAL_YES", "CATEGORICAL_NO"},
		"TimeFormat": {
			"FORMAT_UNKNOWN", "UNIX_SECONDS", "UNIX_MILLISECONDS", "UNIX_MICROSECONDS", "UNIX_NANOSECONDS", "UNIX_DAYS", "PACKED_64_NANOS",
		},
	},
}

var (
	schemaDescriptor    = sync.OnceValue(func() protoreflect.MessageDescriptor { return schemaLayout.Describe("Schema") })
	anomaliesDescriptor = sync.OnceValue(func() protoreflect.MessageDescriptor { return schemaLayout.Describe("Anomalies") })
)
