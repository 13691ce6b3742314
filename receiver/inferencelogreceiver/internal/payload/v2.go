// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"encoding/base64"
	"errors"
	"math"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// isTensor looks whether the object that is next is a tensor of V2: it has a datatype, a shape or
// data beside its name.
func (r *reader) isTensor() bool {
	name, more := false, false
	err := r.p.Object(func(key string) error {
		switch key {
		case "name":
			name = true
		case "datatype", "shape", "data":
			more = true
		}
		if name && more {
			return errSeen
		}
		return r.p.Skip()
	})
	return errors.Is(err, errSeen)
}

// v2Tensor is a tensor of V2 while it is read.
type v2Tensor struct {
	name, datatype, contentType string
	shape                       []int // nil where there is none
	data                        nested
	// there says that data was there, binary that it is elsewhere.
	there, binary bool
}

// tensor reads one tensor of V2.
func (r *reader) tensor(position int) error {
	in := v2Tensor{data: nested{p: &r.p, limits: r.limits}}
	err := r.p.Object(func(key string) error { return r.member(&in, key) })
	switch {
	case err != nil:
		return err
	case in.binary && !in.there:
		return failf(UnsupportedPayload, "tensor %q: binary tensor data and shared memory are not read", in.name)
	case !in.there:
		return failf(BadPayload, "tensor %q has no data", in.name)
	case !knownDatatype(in.datatype):
		return failf(BadPayload, "tensor %q: unknown datatype %q", in.name, in.datatype)
	case position >= r.limits.Columns:
		return nil
	}

	rows, width, rank := in.data.dimensions()
	if in.shape != nil {
		rows, width = sizes(in.shape)
		rank = len(in.shape)
		if in.data.omitted == Kept && in.data.count != product(rows, width) {
			return failf(BadPayload, "tensor %q: the shape %v is of %d values, data has %d", in.name, in.shape, product(rows, width), in.data.count)
		}
	}
	t, err := in.data.tensor(in.name, rows, width, rank)
	if err != nil {
		return err
	}
	if err := t.convert(in.datatype, in.contentType, r.limits, &r.decoded); err != nil {
		return err
	}
	r.add([]Tensor{t}, rows)
	return nil
}

// member reads the value of a key of a tensor.
func (r *reader) member(in *v2Tensor, key string) (err error) {
	switch key {
	case "name":
		return r.label(&in.name)
	case "datatype":
		return r.label(&in.datatype)
	case "shape":
		in.shape, err = r.shape(in.name)
		return err
	case "data":
		if r.p.Peek() != '[' || in.there {
			return failf(BadPayload, "tensor %q: data must be one array", clip(in.name))
		}
		in.there = true
		return in.data.read()
	case "parameters":
		return r.parameters(in)
	case "contents":
		return failf(UnsupportedPayload, "tensor %q: contents, the form of gRPC, is not read", clip(in.name))
	}
	return r.p.Skip()
}

// parameters reads what a tensor says of how its data are sent.
func (r *reader) parameters(in *v2Tensor) error {
	if r.p.Peek() != '{' {
		return r.p.Skip()
	}
	return r.p.Object(func(key string) error {
		switch key {
		case "content_type":
			return r.label(&in.contentType)
		case "binary_data_size", "shared_memory_region":
			in.binary = true
		}
		return r.p.Skip()
	})
}

// knownDatatype is true for the datatypes of the Open Inference Protocol, and where there is none.
func knownDatatype(s string) bool {
	switch s {
	case "", "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BF16", "BYTES":
		return true
	}
	return false
}

// convert makes the cells what the datatype says they are. A string in a tensor of numbers is a
// contradiction. decoded grows by what strings take that were in base64.
func (t *Tensor) convert(datatype, contentType string, limits Limits, decoded *int) error {
	if datatype == "" {
		return nil
	}
	for i, c := range t.Cells {
		if c.Kind() == value.Text && datatype != "BYTES" {
			return failf(BadPayload, "tensor %q: %q is no %s", t.Name, clip(c.Text()), datatype)
		}
		switch datatype {
		case "FP16", "FP32", "FP64", "BF16":
			if c.Kind() == value.Int {
				t.Cells[i] = value.NewFloat(float64(c.Int()))
			}
		case "BOOL":
			if c.Kind() == value.Int {
				t.Cells[i] = value.NewBool(c.Int() != 0)
			}
		case "BYTES":
			if contentType != "base64" || c.Kind() != value.Text {
				continue
			}
			text, ok := decodeText(c.Text())
			if !ok || len(text) > limits.Text {
				t.omit(NotScalar)
				return nil
			}
			t.Cells[i] = value.NewText(text)
			*decoded += len(text) + decodedText
		default: // integers, which JavaScript and pandas may write as 2.0
			if v, _ := c.Number(); c.Kind() == value.Float && v == math.Trunc(v) && math.Abs(v) < 1<<63 {
				t.Cells[i] = value.NewInt(int64(v))
			}
		}
	}
	return nil
}

// decodedText is what a decoded string takes beside its bytes, about.
const decodedText = 16

// decodeText reads base64; it is false where s is not base64, or does not hold text.
func decodeText(s string) (string, bool) {
	raw, err := base64.StdEncoding.DecodeString(s)
	return string(raw), err == nil && utf8.Valid(raw)
}
