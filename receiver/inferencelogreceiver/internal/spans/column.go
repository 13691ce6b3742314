// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spans

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

// column is one column of a tensor. A tensor of one row has the same value for every row.
type column struct {
	t *payload.Tensor
	j int
}

func (c column) cell(row int) value.Value {
	if c.t.Rows == 1 {
		row = 0
	}
	return c.t.At(row, c.j)
}

// put writes the column: a scalar where it has one row, else an array. An array has values of one
// type: integers beside other numbers become doubles, anything beside strings becomes a string.
func (c column) put(attrs pcommon.Map, key string) {
	if c.t.Rows == 1 {
		prediction.Put(attrs.PutEmpty(key), c.t.At(0, c.j))
		return
	}
	var kinds [value.Text + 1]bool
	for i := range c.t.Rows {
		kinds[c.t.At(i, c.j).Kind()] = true
	}
	texts := kinds[value.Text] && (kinds[value.Int] || kinds[value.Float] || kinds[value.Bool]) ||
		kinds[value.Bool] && (kinds[value.Int] || kinds[value.Float])
	doubles := kinds[value.Float]
	slice := attrs.PutEmptySlice(key)
	slice.EnsureCapacity(c.t.Rows)
	for i := range c.t.Rows {
		cell, v := c.t.At(i, c.j), slice.AppendEmpty()
		switch {
		case cell.Kind() == value.Missing:
		case texts:
			v.SetStr(cell.Category())
		case doubles:
			number, _ := cell.Number()
			v.SetDouble(number)
		default:
			prediction.Put(v, cell)
		}
	}
}

// putNumbers writes the column as doubles.
func (c column) putNumbers(attrs pcommon.Map, key string, rows int) {
	putEach(attrs, key, rows, func(i int, v pcommon.Value) {
		if number, ok := c.cell(i).Number(); ok {
			v.SetDouble(number)
		}
	})
}

// putProbabilities writes a column of probabilities as doubles from 0 to 1.
func (c column) putProbabilities(attrs pcommon.Map, key string, rows int) {
	putEach(attrs, key, rows, func(i int, v pcommon.Value) {
		if number, ok := c.cell(i).Number(); ok {
			v.SetDouble(probability(number))
		}
	})
}

// putEach writes one value, or an array of as many as there are rows.
func putEach(attrs pcommon.Map, key string, rows int, fill func(row int, v pcommon.Value)) {
	if rows == 1 {
		fill(0, attrs.PutEmpty(key))
		return
	}
	slice := attrs.PutEmptySlice(key)
	slice.EnsureCapacity(rows)
	for i := range rows {
		fill(i, slice.AppendEmpty())
	}
}
