// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import "strings"

// data reads Seldon's message.
func (r *reader) data() error {
	if r.p.Peek() != '{' {
		return r.p.Skip()
	}
	var names []string
	var tensors []Tensor
	length := 0
	err := r.p.Object(func(key string) error {
		switch key {
		case "names":
			var err error
			names, err = r.names()
			return err
		case "ndarray":
			var err error
			if r.p.Peek() != '[' {
				return failf(BadPayload, "data.ndarray is no array")
			}
			tensors, length, err = rows(&r.p, r.limits)
			return err
		case "tensor":
			t, err := r.flat()
			tensors, length = []Tensor{t}, t.Rows
			return err
		case "tftensor":
			return failf(UnsupportedPayload, "data.tftensor is not read")
		}
		return r.p.Skip()
	})
	if err != nil {
		return err
	}
	if tensors == nil {
		return failf(BadPayload, "data has neither ndarray nor tensor")
	}
	if len(tensors) == 1 {
		t := &tensors[0]
		if t.Rank == 1 && len(names) > 1 && len(names) == t.Rows { // one row without its own brackets
			t.Rows, t.Width, length = 1, t.Rows, 1
		}
		if len(names) == t.Width && !numbered(names) {
			t.Names = names
		}
	}
	r.add(tensors, length)
	return nil
}

// numbered is true for the names that Seldon makes up: t:0, t:1, ...
func numbered(names []string) bool {
	for _, s := range names {
		if !strings.HasPrefix(s, "t:") {
			return false
		}
	}
	return true
}

// flat reads Seldon's tensor: a shape and the values in one array.
func (r *reader) flat() (Tensor, error) {
	n := nested{p: &r.p, limits: r.limits}
	var shape []int
	err := r.p.Object(func(key string) error {
		switch key {
		case "shape":
			var err error
			shape, err = r.shape("data.tensor")
			return err
		case "values":
			if r.p.Peek() == '[' {
				return n.read()
			}
		}
		return r.p.Skip()
	})
	if err != nil {
		return Tensor{}, err
	}
	rows, width := sizes(shape)
	if n.omitted == Kept && n.count != product(rows, width) {
		return Tensor{}, failf(BadPayload, "data.tensor: the shape %v is of %d values, values has %d", shape, product(rows, width), n.count)
	}
	return n.tensor("", rows, width, len(shape))
}

// status reads Seldon's status: {"code": 500, "info": "...", "reason": "...", "status": "FAILURE"}.
func (r *reader) status() error {
	if r.p.Peek() != '{' {
		return r.p.Skip()
	}
	var code, info, reason, status string
	err := r.p.Object(func(key string) error {
		switch key {
		case "code":
			return r.label(&code)
		case "info":
			return r.label(&info)
		case "reason":
			return r.label(&reason)
		case "status":
			return r.label(&status)
		}
		return r.p.Skip()
	})
	if err == nil && (status == "FAILURE" || status == "1") {
		if info == "" {
			info = reason
		}
		r.out.Failure = &Failure{Code: code, Message: info}
	}
	return err
}
