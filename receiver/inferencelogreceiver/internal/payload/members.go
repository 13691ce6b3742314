// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"errors"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// when reads a key of the given side and skips it on the other.
func (r *reader) when(side Side, read func() error) error {
	if r.side != side || r.p.Peek() == 'n' { // null
		return r.p.Skip()
	}
	return read()
}

// label reads a string or a number into s; anything else is skipped.
func (r *reader) label(s *string) error {
	switch r.p.Peek() {
	case '{', '[':
		return r.p.Skip()
	}
	c, err := r.p.Scalar()
	*s = clip(c.String())
	return err
}

// clip cuts what is only shown to 256 bytes.
func clip(s string) string {
	if len(s) <= 256 {
		return s
	}
	s = s[:256]
	for len(s) > 0 && !utf8.ValidString(s[len(s)-min(len(s), 4):]) && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return strings.ToValidUTF8(s, "")
}

// add takes tensors over; parts of one document must agree in their rows, or have one.
func (r *reader) add(tensors []Tensor, rows int) {
	r.known = true
	r.out.Tensors = append(r.out.Tensors, tensors...)
	if r.out.Rows < 0 || r.out.Rows == 1 {
		r.out.Rows = rows
	}
}

func (r *reader) rows() error {
	tensors, n, err := rows(&r.p, r.limits)
	if err != nil {
		return err
	}
	r.add(tensors, n)
	return nil
}

// scalarRow reads one value as the only row.
func (r *reader) scalarRow() error {
	c, err := cell(&r.p)
	if err != nil {
		return err
	}
	t := Tensor{Rows: 1, Width: 1, Rank: 1, Cells: []value.Value{c}}
	if c.Kind() == value.Text && len(c.Text()) > r.limits.Text {
		t.omit(LongText)
	}
	r.add([]Tensor{t}, 1)
	return nil
}

// rowsOrRow reads an array of rows, or anything else as one.
func (r *reader) rowsOrRow() error {
	switch r.p.Peek() {
	case '[':
		return r.rows()
	case '{':
		tensors, err := object1(&r.p, r.limits)
		if err != nil {
			return err
		}
		r.add(tensors, 1)
		return nil
	default:
		return r.scalarRow()
	}
}

func (r *reader) names() ([]string, error) {
	var names []string
	if r.p.Peek() != '[' {
		return nil, r.p.Skip()
	}
	err := r.p.Array(func(i int) error {
		if b := r.p.Peek(); b == '{' || b == '[' || i >= r.limits.Columns {
			return r.p.Skip()
		}
		c, err := r.p.Scalar()
		names = append(names, clip(c.String()))
		return err
	})
	return names, err
}

// shape reads that of a tensor; nil where it is null. An empty one is that of a scalar.
func (r *reader) shape(tensor string) ([]int, error) {
	if r.p.Peek() == 'n' {
		return nil, r.p.Skip()
	}
	shape := []int{}
	err := r.p.Array(func(i int) error {
		c, err := r.p.Scalar()
		switch {
		case err != nil:
			return err
		case i == jsonscan.MaxDepth:
			return failf(BadPayload, "tensor %q: the shape has more than %d dimensions", clip(tensor), jsonscan.MaxDepth)
		case c.Kind() != value.Int || c.Int() < 0 || c.Int() > math.MaxInt32:
			return failf(BadPayload, "tensor %q: the shape has %s at [%d], must be a whole number from 0 to %d", clip(tensor), clip(c.String()), i, math.MaxInt32)
		}
		shape = append(shape, int(c.Int()))
		return nil
	})
	return shape, err
}

// byteOrderMark is what some Windows programs put before UTF-8.
const byteOrderMark = "\ufeff"

// errSeen ends a look-ahead.
var errSeen = errors.New("seen")
