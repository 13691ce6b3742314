// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// nested reads arrays within arrays into cells, row by row, and learns their shape on the way.
type nested struct {
	p      *jsonscan.Scanner
	limits Limits
	// rows is set where the outermost elements are rows, of which more than the limit are refused as
	// soon as they are met.
	rows bool

	cells []value.Value
	// count is the number of scalars, also of those that were not kept.
	count int
	// shape holds the length of the arrays at each depth, -1 where none has been closed.
	shape [jsonscan.MaxDepth]int
	// rank is the depth of the scalars, 0 where there was none.
	rank int
	// omitted is why the cells are not a table; full says that there were more than fit.
	omitted Omission
	full    bool
}

// read reads the array that is next.
func (n *nested) read() error {
	for i := range n.shape {
		n.shape[i] = -1
	}
	return n.array(0)
}

func (n *nested) omit(o Omission) {
	if n.omitted == Kept {
		n.omitted = o
	}
	n.cells = nil
}

func (n *nested) array(depth int) error {
	length := 0
	err := n.p.Array(func(int) error {
		if length++; n.rows && depth == 0 && length > n.limits.Rows {
			return failf(TooLarge, "more than %d rows", n.limits.Rows)
		}
		switch n.p.Peek() {
		case '[':
			return n.array(depth + 1)
		case '{':
			n.omit(NotScalar)
			return n.p.Skip()
		}
		c, err := cell(n.p)
		if err != nil {
			return err
		}
		if n.rank == 0 {
			n.rank = depth + 1
		}
		if n.rank != depth+1 {
			n.omit(Ragged)
		}
		n.add(c)
		return nil
	})
	if err != nil {
		return err
	}
	switch n.shape[depth] {
	case -1:
		n.shape[depth] = length
	case length:
	default:
		n.omit(Ragged)
	}
	return nil
}

func (n *nested) add(c value.Value) {
	n.count++
	if n.omitted != Kept || n.full {
		return
	}
	if c.Kind() == value.Text && len(c.Text()) > n.limits.Text {
		n.omit(LongText)
		return
	}
	if len(n.cells) >= n.limits.Values {
		n.full, n.cells = true, nil
		return
	}
	n.cells = append(n.cells, c)
}

// dimensions returns the shape of what was read: the rows, the product of the rest, and how many
// dimensions.
func (n *nested) dimensions() (rows, width, rank int) {
	rows, width, rank = max(n.shape[0], 0), 1, 1
	for _, length := range n.shape[1:] {
		if length < 0 {
			break
		}
		width = product(width, length)
		rank++
	}
	return rows, width, rank
}

// sizes returns the rows and the width that a shape says. An empty shape is that of a scalar.
func sizes(shape []int) (rows, width int) {
	rows, width = 1, 1
	if len(shape) > 0 {
		rows = shape[0]
		for _, length := range shape[1:] {
			width = product(width, length)
		}
	}
	return rows, width
}

// product multiplies lengths without overflow.
func product(a, b int) int {
	if a != 0 && b > math.MaxInt32/a {
		return math.MaxInt32
	}
	return a * b
}

// tensor gives what was read the dimensions given, or those that it has.
func (n *nested) tensor(name string, rows, width, rank int) (Tensor, error) {
	t := Tensor{Name: name, Rows: rows, Width: width, Rank: rank, Omitted: n.omitted}
	switch {
	case rows > n.limits.Rows:
		return t, failf(TooLarge, "%d rows, at most %d are read", rows, n.limits.Rows)
	case n.omitted != Kept:
	case width > n.limits.Columns:
		t.omit(TooWide)
	case n.full:
		return t, failf(TooLarge, "more than %d values", n.limits.Values)
	case len(n.cells) != product(rows, width): // arrays beside scalars
		t.omit(Ragged)
	default:
		t.Cells = n.cells
	}
	return t, nil
}
