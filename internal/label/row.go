// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"math"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Columns are the columns of a table, as far as they are fields of labels.
type Columns struct {
	parser *Parser
	names  []string
	fields []field
}

// Columns returns the columns of a table by their names. The error is an *Error where there is no
// column with a label, none that names predictions, or two for one field.
func (p *Parser) Columns(names []string) (*Columns, error) {
	c := &Columns{parser: p, names: names, fields: make([]field, len(names))}
	var given [numFields]string
	for i, name := range names {
		f := p.field(name)
		if f == unread {
			p.leaveOut(name)
			continue
		}
		if given[f] != "" {
			return nil, badLabel(name, "is the same field as the column %s", quote(given[f]))
		}
		given[f] = name
		c.fields[i] = f
	}
	has := func(fields ...field) bool {
		return slices.ContainsFunc(fields, func(f field) bool { return given[f] != "" })
	}
	if !has(fieldPredictionID, fieldKey, fieldTraceID) {
		return nil, badLabel("", "no column names predictions: there is no prediction_id, no trace_id and no key among %s", quote(strings.Join(names, ", ")))
	}
	if !has(fieldLabel, fieldClass, fieldValue, fieldRetracted) {
		return nil, badLabel("", "no column has labels: there is no label, no class and no value among %s", quote(strings.Join(names, ", ")))
	}
	return c, nil
}

// Row reads a row, a cell for each of the columns. The error is an *Error; that of a row without a
// label has the reason Unlabelled: in a table, null is what is not known yet.
func (c *Columns) Row(cells []table.Cell) (Label, error) {
	d := c.parser.newDraft()
	for i, cell := range cells {
		f := c.fields[i]
		if f == unread || f == fieldFormat {
			continue
		}
		if cell.Kind == table.Text && slices.Contains(nulls, cell.Text) || cell.Kind == table.Number && math.IsNaN(cell.Float) {
			cell = table.Cell{}
		}
		if cell.Kind == table.Missing && (f == fieldClass || f == fieldValue) {
			d.empty = true
			continue
		}
		if wrong := d.set(f, c.names[i], cell, ""); wrong != nil {
			return Label{}, wrong
		}
	}
	l, wrong := c.parser.finish(&d)
	if wrong != nil {
		return Label{}, wrong
	}
	return l, nil
}

// nulls are what programs write into a text file for null: psql and Excel nothing, MySQL and Hive
// \N, SQL Server NULL, Python nan.
var nulls = []string{`\N`, "NULL", "null", "NaN", "nan"}
