// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// ParseCSV reads rows of comma-separated values. The first row is a header where header says so,
// given its cells, or where none of its cells is a number but one of the next row is.
func ParseCSV(body string, limits Limits, header func(cells []string) bool) (*Payload, error) {
	out := &Payload{bytes: len(body)}
	t := Tensor{Rank: 2}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, byteOrderMark)))
	r.FieldsPerRecord, r.ReuseRecord, r.TrimLeadingSpace = -1, true, true
	var first []string // the first row, while it may be a header
	for i := 0; ; i++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, failf(BadPayload, "no CSV: %v", err)
		}
		if i == 0 {
			t.Width = len(record)
			switch {
			case header(record):
				t.Names = cloneAll(record)
				continue
			case !anyNumber(record):
				first = cloneAll(record)
				continue
			}
		}
		if first != nil { // this is the second row
			if anyNumber(record) {
				t.Names = first
			} else {
				t.csvRow(first, limits)
			}
			first = nil
		}
		t.csvRow(record, limits)
		if t.Rows > limits.Rows {
			return nil, failf(TooLarge, "more than %d rows", limits.Rows)
		}
		if len(t.Cells) > limits.Values {
			return nil, failf(TooLarge, "more than %d values", limits.Values)
		}
	}
	if first != nil {
		t.csvRow(first, limits)
	}
	out.Tensors, out.Rows = []Tensor{t}, t.Rows
	return out, nil
}

func cloneAll(record []string) []string {
	out := make([]string, len(record))
	for i, s := range record {
		out[i] = clip(strings.Clone(s))
	}
	return out
}

// anyNumber is true where a cell is a number.
func anyNumber(cells []string) bool {
	for _, s := range cells {
		if c := csvCell(s); c.Kind() == value.Int || c.Kind() == value.Float {
			return true
		}
	}
	return false
}

// csvCell returns what a cell says. A number may have zeros before it, or no digit before its
// point, which JSON does not allow.
func csvCell(s string) value.Value {
	s = strings.TrimSpace(s)
	if s == "" {
		return value.Value{}
	}
	switch {
	case s == "NaN", s == "Infinity", s == "-Infinity":
		return value.Value{}
	case s[0] == '+' || strings.Trim(s, "0123456789.eE+-") != "":
		return value.NewText(s)
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return value.NewInt(i)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return value.NewText(s)
	}
	return value.NewFloat(f) // one that is out of range is missing
}

func (t *Tensor) csvRow(record []string, limits Limits) {
	t.Rows++
	switch {
	case t.Omitted != Kept:
	case len(record) != t.Width:
		t.omit(Ragged)
	case t.Width > limits.Columns:
		t.omit(TooWide)
	default:
		for _, s := range record {
			c := csvCell(s)
			if c.Kind() == value.Text && len(c.Text()) > limits.Text {
				t.omit(LongText)
				return
			}
			if c.Kind() == value.Text {
				c = value.NewText(strings.Clone(c.Text())) // the record's memory is used again
			}
			t.Cells = append(t.Cells, c)
		}
	}
}
