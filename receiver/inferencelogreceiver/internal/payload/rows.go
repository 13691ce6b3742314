// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

const (
	// maxName is the longest name of a column, in bytes; longer ones are left out.
	maxName = 256
	// binaryKey is the key under which TensorFlow's REST API has binary data, in base64.
	binaryKey = "b64"
)

// rows reads an array of rows: of arrays or scalars into one tensor, of objects into one tensor for
// each key.
func rows(p *jsonscan.Scanner, limits Limits) ([]Tensor, int, error) {
	if c := p.Peek(); c != '[' && c != 0 {
		return nil, 0, failf(BadPayload, "the rows are no array: %q at byte %d", excerpt(p), p.Offset())
	}
	start := *p
	if p.Take('[') && p.Peek() == '{' {
		*p = start
		return objects(p, limits)
	}
	*p = start
	n := nested{p: p, limits: limits, rows: true}
	if err := n.read(); err != nil {
		return nil, 0, err
	}
	length, width, rank := n.dimensions()
	t, err := n.tensor("", length, width, rank)
	return []Tensor{t}, length, err
}

// table reads rows of objects into one tensor for each key. A key that a row lacks is missing in
// it.
type table struct {
	p       *jsonscan.Scanner
	limits  Limits
	tensors []Tensor
	index   map[string]int // by key, for tables of many keys
	cells   int
	arena   []value.Value
	// tooMany is set where there were more keys than columns are allowed.
	tooMany bool
}

// objects reads an array of objects.
func objects(p *jsonscan.Scanner, limits Limits) ([]Tensor, int, error) {
	t := table{p: p, limits: limits}
	n := 0
	err := p.Array(func(int) error {
		if n++; n > limits.Rows {
			return failf(TooLarge, "more than %d rows", limits.Rows)
		}
		return t.row(n - 1)
	})
	if err != nil {
		return nil, 0, err
	}
	return t.finish(n), n, nil
}

// object1 reads one object as the only row.
func object1(p *jsonscan.Scanner, limits Limits) ([]Tensor, error) {
	t := table{p: p, limits: limits}
	if err := t.row(0); err != nil {
		return nil, err
	}
	return t.finish(1), nil
}

// finish returns the tensors of the given number of rows.
func (t *table) finish(rows int) []Tensor {
	if len(t.tensors) == 1 && t.tensors[0].Name == "features" && t.tensors[0].Rank > 1 {
		t.tensors[0].Name, t.tensors[0].Keyed = "", false // SageMaker's built-in algorithms wrap positional features so
	}
	if t.tooMany {
		t.tensors = append(t.tensors, Tensor{Rows: rows, Width: 1, Omitted: TooWide})
	}
	return t.tensors
}

// row reads the object of row r.
func (t *table) row(r int) error {
	next := 0
	err := t.p.Object(func(key string) error {
		i := next
		if i >= len(t.tensors) || t.tensors[i].Name != key {
			i = t.find(key)
		}
		next = i + 1
		if i < 0 || t.tensors[i].Rows > r { // no room, or the key is there twice
			next = max(i, 0)
			return t.p.Skip()
		}
		return t.value(&t.tensors[i], r)
	})
	if err != nil {
		return err
	}
	for i := range t.tensors {
		if err := t.pad(&t.tensors[i], r+1); err != nil {
			return err
		}
	}
	return nil
}

// find returns the position of a key, a new one where it is new, or -1 where there is no room for
// it.
func (t *table) find(key string) int {
	if t.index == nil {
		for i := range t.tensors {
			if t.tensors[i].Name == key {
				return i
			}
		}
	} else if i, ok := t.index[key]; ok {
		return i
	}
	if len(t.tensors) >= t.limits.Columns || len(key) > maxName {
		t.tooMany = true
		return -1
	}
	t.tensors = append(t.tensors, Tensor{Name: key, Keyed: true})
	if n := len(t.tensors); t.index != nil {
		t.index[key] = n - 1
	} else if n == 16 {
		t.index = make(map[string]int, 2*n)
		for i := range t.tensors {
			t.index[t.tensors[i].Name] = i
		}
	}
	return len(t.tensors) - 1
}

// value reads the value of a key in row r.
func (t *table) value(x *Tensor, r int) error {
	var one [1]value.Value
	cells, rank := one[:], 1
	switch t.p.Peek() {
	case '{':
		x.omit(NotScalar)
		x.Rows = r + 1
		return t.p.Skip()
	case '[':
		n := nested{p: t.p, limits: t.limits}
		if err := n.read(); err != nil {
			return err
		}
		length, width, ranks := n.dimensions()
		rank = 1 + ranks
		switch {
		case n.omitted != Kept:
			x.omit(n.omitted)
		case n.full, product(length, width) > t.limits.Columns:
			x.omit(TooWide)
		}
		cells = n.cells
	default:
		c, err := cell(t.p)
		if err != nil {
			return err
		}
		switch {
		case x.Name == binaryKey && c.Kind() == value.Text:
			x.omit(NotScalar)
		case c.Kind() == value.Text && len(c.Text()) > t.limits.Text:
			x.omit(LongText)
		}
		one[0] = c
	}
	if x.Width == 0 && x.Omitted == Kept { // the first row that has it
		x.Width, x.Rank = len(cells), rank
		if x.Width == 0 {
			x.omit(Ragged)
		} else if err := t.pad(x, r); err != nil {
			return err
		}
	}
	if x.Omitted == Kept && len(cells) != x.Width {
		if one[0].Kind() == value.Missing && rank == 1 { // null in place of an array
			return nil
		}
		x.omit(Ragged)
	}
	if x.Omitted == Kept {
		if t.cells += x.Width; t.cells > t.limits.Values {
			return failf(TooLarge, "more than %d values", t.limits.Values)
		}
		if len(cells) == 1 && r == 0 {
			x.Cells = t.single(cells[0])
		} else {
			x.Cells = append(x.Cells, cells...)
		}
	}
	x.Rows = r + 1
	return nil
}

// single returns room for one cell; those of a table of one row share their memory.
func (t *table) single(c value.Value) []value.Value {
	if len(t.arena) == cap(t.arena) {
		t.arena = make([]value.Value, 0, min(max(2*cap(t.arena), 8), 256))
	}
	n := len(t.arena)
	t.arena = append(t.arena, c)
	return t.arena[n : n+1 : n+1]
}

// pad adds missing cells up to the given number of rows.
func (t *table) pad(x *Tensor, to int) error {
	if x.Omitted != Kept || x.Width == 0 {
		x.Rows = to
		return nil
	}
	for x.Rows < to {
		if t.cells += x.Width; t.cells > t.limits.Values {
			return failf(TooLarge, "more than %d values", t.limits.Values)
		}
		x.Cells = append(x.Cells, make([]value.Value, x.Width)...)
		x.Rows++
	}
	return nil
}
