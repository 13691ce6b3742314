// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"errors"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
)

// ParseLoose reads JSON as Parse does; an array of rows, and an object of no protocol as the only
// row, are fine too. An object of lists of one length, two of them or more, has its rows in
// columns.
func ParseLoose(body string, side Side, limits Limits) (*Payload, error) {
	body = strings.TrimPrefix(body, byteOrderMark)
	p := jsonscan.New(body)
	if p.Peek() == '{' {
		if out, known, err := parse(body, side, limits); err != nil || known {
			return out, err
		}
	}
	r := reader{p: p, side: side, limits: limits, out: &Payload{Rows: -1, bytes: len(body)}}
	var err error
	switch r.p.Peek() {
	case '{':
		if r.out.Tensors, r.out.Rows, err = columnar(&r.p, limits); r.out.Tensors != nil || err != nil {
			break
		}
		r.out.Rows = 1
		r.out.Tensors, err = object1(&r.p, limits)
	case '[':
		r.out.Tensors, r.out.Rows, err = rows(&r.p, limits)
	default:
		err = r.scalarRow()
	}
	if err == nil {
		err = r.p.End()
	}
	if err != nil {
		return nil, explain(&r.p, err)
	}
	r.finish()
	return r.out, nil
}

// ParseLines reads JSON lines, a row each.
func ParseLines(body string, side Side, limits Limits) (*Payload, error) {
	lines := strings.FieldsFunc(body, func(c rune) bool { return c == '\n' || c == '\r' })
	if len(lines) == 1 {
		return ParseLoose(lines[0], side, limits)
	}
	return ParseLoose("["+strings.Join(lines, ",")+"]", side, limits)
}

// columnar reads an object whose values are lists of one length, with the values of all rows:
// {"age": [52, 34], "rooms": [3, 4]}. It returns nil, and has read nothing, where the object is
// none: one list alone may be a row's, and so may lists of single values.
func columnar(p *jsonscan.Scanner, limits Limits) ([]Tensor, int, error) {
	start := *p
	var tensors []Tensor
	length := -1
	err := p.Object(func(name string) error {
		if p.Peek() != '[' || len(name) > maxName || len(tensors) >= limits.Columns {
			return errSeen
		}
		n := nested{p: p, limits: limits}
		if err := n.read(); err != nil {
			return err
		}
		rows, _, rank := n.dimensions()
		if rank != 1 || n.omitted == NotScalar || length >= 0 && rows != length {
			return errSeen
		}
		length = rows
		t, err := n.tensor(name, rows, 1, 1)
		t.Keyed = true
		tensors = append(tensors, t)
		return err
	})
	if err == nil && len(tensors) > 1 && length > 1 {
		return tensors, length, nil
	}
	if err == nil || errors.Is(err, errSeen) {
		*p = start
		return nil, 0, nil
	}
	return nil, 0, err
}
