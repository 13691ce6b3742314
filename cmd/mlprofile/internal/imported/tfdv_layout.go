// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"sync"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/protolayout"
)

// layout is the part that is read of tensorflow/metadata's statistics.proto and path.proto: for each
// message its fields with their number and type. A type that begins with * is repeated.
var layout = &protolayout.Layout{
	Package: "tfdv", Syntax: "proto3",
	Messages: map[string]map[string]string{
		"List": {"datasets": "1 *Dataset"},
		"Dataset": {
			"name": "1 string", "num_examples": "2 uint64", "features": "3 *Feature",
			"weighted_num_examples": "4 double", "cross_features": "5 *Ignored",
		},
		"Feature": {
			"name": "1 string", "type": "2 Type", "num_stats": "3 Numeric",
			"string_stats": "4 Text", "bytes_stats": "5 Ignored", "custom_stats": "6 *Ignored",
			"struct_stats": "7 Ignored", "path": "8 Path",
		},
		"Path":    {"step": "1 *string"},
		"Ignored": {},
		"Common": {
			"num_non_missing": "1 uint64", "num_missing": "2 uint64", "max_num_values": "4 uint64",
			"tot_num_values": "8 uint64",
		},
		"Numeric": {
			"common_stats": "1 Common", "mean": "2 double", "std_dev": "3 double",
			"num_zeros": "4 uint64", "min": "5 double", "max": "7 double",
			"histograms": "8 *Histogram",
		},
		"Histogram": {
			"num_nan": "1 uint64", "num_undefined": "2 uint64", "buckets": "3 *Bucket",
			"type": "4 HistogramType",
		},
		"Bucket": {"low_value": "1 double", "high_value": "2 double", "sample_count": "4 double"},
		"Text": {
			"common_stats": "1 Common", "unique": "2 uint64", "top_values": "3 *FreqAndValue",
			"rank_histogram": "5 Ranks",
		},
		"FreqAndValue": {"value": "2 string", "frequency": "3 double"},
		"Ranks":        {"buckets": "1 *Rank"},
		"Rank": {
			"low_rank": "1 uint64", "high_rank": "2 uint64", "label": "4 string",
			"sample_count": "5 double",
		},
	},
	Enums: map[string][]string{
		"Type":          {"INT", "FLOAT", "STRING", "BYTES", "STRUCT"},
		"HistogramType": {"STANDARD", "QUANTILES"},
	},
}

// listDescriptor is that of DatasetFeatureStatisticsList.
var listDescriptor = sync.OnceValue(func() protoreflect.MessageDescriptor { return layout.Describe("List") })
