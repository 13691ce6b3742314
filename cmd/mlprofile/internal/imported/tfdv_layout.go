// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"fmt"
	"sync"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// layout is the part that is read of tensorflow/metadata's statistics.proto and path.proto: for each
// message its fields with their number and type. A type that begins with * is repeated.
var layout = map[string]map[string]struct {
	number int32
	kind   string
}{
	"List": {"datasets": {1, "*Dataset"}},
	"Dataset": {
		"name": {1, "string"}, "num_examples": {2, "uint64"}, "features": {3, "*Feature"},
		"weighted_num_examples": {4, "double"}, "cross_features": {5, "*Ignored"},
	},
	"Feature": {
		"name": {1, "string"}, "type": {2, "Type"}, "num_stats": {3, "Numeric"},
		"string_stats": {4, "Text"}, "bytes_stats": {5, "Ignored"}, "custom_stats": {6, "*Ignored"},
		"struct_stats": {7, "Ignored"}, "path": {8, "Path"},
	},
	"Path":    {"step": {1, "*string"}},
	"Ignored": {},
	"Common": {
		"num_non_missing": {1, "uint64"}, "num_missing": {2, "uint64"}, "max_num_values": {4, "uint64"},
		"tot_num_values": {8, "uint64"},
	},
	"Numeric": {
		"common_stats": {1, "Common"}, "mean": {2, "double"}, "std_dev": {3, "double"},
		"num_zeros": {4, "uint64"}, "min": {5, "double"}, "max": {7, "double"},
		"histograms": {8, "*Histogram"},
	},
	"Histogram": {
		"num_nan": {1, "uint64"}, "num_undefined": {2, "uint64"}, "buckets": {3, "*Bucket"},
		"type": {4, "HistogramType"},
	},
	"Bucket": {"low_value": {1, "double"}, "high_value": {2, "double"}, "sample_count": {4, "double"}},
	"Text": {
		"common_stats": {1, "Common"}, "unique": {2, "uint64"}, "top_values": {3, "*FreqAndValue"},
		"rank_histogram": {5, "Ranks"},
	},
	"FreqAndValue": {"value": {2, "string"}, "frequency": {3, "double"}},
	"Ranks":        {"buckets": {1, "*Rank"}},
	"Rank": {
		"low_rank": {1, "uint64"}, "high_rank": {2, "uint64"}, "label": {4, "string"},
		"sample_count": {5, "double"},
	},
}

// enums are the names of the numbers of each, in order.
var enums = map[string][]string{
	"Type":          {"INT", "FLOAT", "STRING", "BYTES", "STRUCT"},
	"HistogramType": {"STANDARD", "QUANTILES"},
}

var scalars = map[string]descriptorpb.FieldDescriptorProto_Type{
	"string": descriptorpb.FieldDescriptorProto_TYPE_STRING,
	"uint64": descriptorpb.FieldDescriptorProto_TYPE_UINT64,
	"double": descriptorpb.FieldDescriptorProto_TYPE_DOUBLE,
}

// listDescriptor is that of DatasetFeatureStatisticsList.
var listDescriptor = sync.OnceValue(func() protoreflect.MessageDescriptor {
	file := &descriptorpb.FileDescriptorProto{Name: new("statistics.proto"), Package: new("tfdv"), Syntax: new("proto3")}
	for name, values := range enums {
		e := &descriptorpb.EnumDescriptorProto{Name: new(name)}
		for i, v := range values {
			e.Value = append(e.Value, &descriptorpb.EnumValueDescriptorProto{Name: new(v), Number: new(int32(i))})
		}
		file.EnumType = append(file.EnumType, e)
	}
	for name, fields := range layout {
		m := &descriptorpb.DescriptorProto{Name: new(name)}
		for field, of := range fields {
			m.Field = append(m.Field, describeField(field, of.number, of.kind))
		}
		file.MessageType = append(file.MessageType, m)
	}
	d, err := protodesc.NewFile(file, nil)
	if err != nil {
		panic(fmt.Sprintf("BUG: the layout of TFDV statistics: %v", err))
	}
	return d.Messages().ByName("List")
})

func describeField(name string, number int32, kind string) *descriptorpb.FieldDescriptorProto {
	f := &descriptorpb.FieldDescriptorProto{Name: new(name), Number: new(number), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
	if kind[0] == '*' {
		kind = kind[1:]
		f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	}
	if t, ok := scalars[kind]; ok {
		f.Type = t.Enum()
		return f
	}
	f.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
	if _, ok := enums[kind]; ok {
		f.Type = descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum()
	}
	f.TypeName = new(".tfdv." + kind)
	return f
}
