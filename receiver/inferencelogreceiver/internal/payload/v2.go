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

// tensor reads one tensor of V2.
func (r *reader) tensor(position int) error {
	var (
		name, datatype, contentType string
		shape                       []int
		there, binary               bool
	)
	n := nested{p: &r.p, limits: r.limits}
	err := r.p.Object(func(key string) error {
		switch key {
		case "name":
			return r.label(&name)
		case "datatype":
			return r.label(&datatype)
		case "shape":
			var err error
			shape, err = r.shape(name)
			return err
		case "data":
			if r.p.Peek() != '[' || there {
				return failf(BadPayload, "tensor %q: data must be one array", clip(name))
			}
			there = true
			return n.read()
		case "parameters":
			if r.p.Peek() != '{' {
				return r.p.Skip()
			}
			return r.p.Object(func(key string) error {
				switch key {
				case "content_type":
					return r.label(&contentType)
				case "binary_data_size", "shared_memory_region":
					binary = true
				}
				return r.p.Skip()
			})
		case "contents":
			return failf(UnsupportedPayload, "tensor %q: contents, the form of gRPC, is not read", clip(name))
		}
		return r.p.Skip()
	})
	switch {
	case err != nil:
		return err
	case binary && !there:
		return failf(UnsupportedPayload, "tensor %q: binary tensor data and shared memory are not read", name)
	case !there:
		return failf(BadPayload, "tensor %q has no data", name)
	case !knownDatatype(datatype):
		return failf(BadPayload, "tensor %q: unknown datatype %q", name, datatype)
	case position >= r.limits.Columns:
		return nil
	}
	rows, width, rank := n.dimensions()
	if shape != nil {
		rows, width, rank = 1, 1, len(shape)
		if rank > 0 {
			rows = shape[0]
			for _, length := range shape[1:] {
				width = product(width, length)
			}
		}
		if n.omitted == Kept && n.count != product(rows, width) {
			return failf(BadPayload, "tensor %q: the shape %v is of %d values, data has %d", name, shape, product(rows, width), n.count)
		}
	}
	t, err := n.tensor(name, rows, width, rank)
	if err != nil {
		return err
	}
	if err := t.convert(datatype, contentType, r.limits, &r.decoded); err != nil {
		return err
	}
	r.add([]Tensor{t}, rows)
	return nil
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
