// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// rowSpan makes a span of each row: the same one again.
type rowSpan struct {
	td     ptrace.Traces
	span   ptrace.Span
	schema *table.Schema
	// asked are the types that checks ask of a column, numbers the columns that must be numbers, required those
	// that must be there, be they empty.
	asked             map[string][]string
	numbers, required map[string]bool
	// keys are attributes by column, places the columns by name, as far as they are known.
	attributes, exclude []string
	keys                []string
	places              map[string]int
}

func newRowSpan(m *catalog.Model, schema *table.Schema, o Options) rowSpan {
	s := rowSpan{
		td: ptrace.NewTraces(), schema: schema, asked: map[string][]string{}, numbers: map[string]bool{}, required: map[string]bool{}, exclude: o.Exclude, places: map[string]int{},
	}
	s.span = s.td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.span.SetName("predict")
	s.span.SetStartTimestamp(pcommon.NewTimestampFromTime(o.Now))
	s.span.SetEndTimestamp(pcommon.NewTimestampFromTime(o.Now))
	for i := range m.Contract.Checks {
		c := &m.Contract.Checks[i]
		subject := c.Subject()
		s.asked[subject] = append(s.asked[subject], c.Types...)
		s.numbers[subject] = s.numbers[subject] || c.Kind == contract.Range
		s.required[subject] = s.required[subject] || c.Kind == contract.Required
		if c.Attribute != "" {
			s.attributes = append(s.attributes, c.Attribute)
		}
	}
	return s
}

// fill makes a span of a row. Columns that are attributes by their name, or by a check, are those;
// others are features.
func (s *rowSpan) fill(columns []string, row []table.Cell) ptrace.Traces {
	for i := len(s.keys); i < len(columns); i++ {
		key := mlconv.PrefixFeature + columns[i]
		switch name := columns[i]; {
		case slices.Contains(s.exclude, name):
			key = ""
		case strings.HasPrefix(name, "ml."), slices.Contains(s.attributes, name):
			key = name
		}
		s.keys = append(s.keys, key)
		s.places[columns[i]] = i
	}
	attrs := s.span.Attributes()
	attrs.Clear()
	attrs.PutStr(mlconv.AttrModelName, "model")
	attrs.PutStr(mlconv.AttrPredictionClass, "row") // which makes it a prediction
	for i, cell := range row {
		switch {
		case s.keys[i] == "", s.keys[i] == mlconv.AttrModelName, s.keys[i] == mlconv.AttrPredictionClass:
		case cell.Kind == table.Missing && !s.required[columns[i]]: // an empty cell is no attribute, unless that would do
		default:
			s.put(attrs.PutEmpty(s.keys[i]), columns[i], cell)
		}
	}
	return s.td
}

// cell is the one of a column; a missing one where the file does not have it.
func (s *rowSpan) cell(column string, row []table.Cell) table.Cell {
	if i, ok := s.places[column]; ok && i < len(row) && s.keys[i] != "" {
		return row[i]
	}
	return table.Cell{}
}

// put writes a cell as the value of an attribute. An attribute that has no value is there, and empty.
func (s *rowSpan) put(v pcommon.Value, column string, c table.Cell) {
	switch c.Kind {
	case table.Missing:
	case table.Integer:
		v.SetInt(c.Int)
	case table.Number:
		v.SetDouble(c.Float)
	case table.Bool:
		v.SetBool(c.Int != 0)
	case table.Time:
		v.SetStr(c.Time.UTC().Format(time.RFC3339Nano))
	case table.Bytes:
		v.SetEmptyBytes()
	case table.String:
		s.putText(v, column, c)
	case table.Text:
		s.putCell(v, column, c)
	}
}

// putText writes what is a text in its file: an array, where a check asks for one.
func (s *rowSpan) putText(v pcommon.Value, column string, c table.Cell) {
	if strings.HasPrefix(c.Text, "[") && slices.Contains(s.asked[column], contract.Array) {
		var list []any
		if json.Unmarshal([]byte(c.Text), &list) == nil && v.FromRaw(list) == nil {
			return
		}
	}
	v.SetStr(c.Text)
}

// putCell writes a cell of a CSV file, which has no types: as the type that a check asks for if it can be
// read so, else as that of its column.
func (s *rowSpan) putCell(v pcommon.Value, column string, c table.Cell) {
	asked := s.asked[column]
	of := s.schema.Column(column)
	if slices.Contains(asked, contract.Boolean) || len(asked) == 0 && of.Type == table.TypeBool {
		if b, ok := c.Boolean(); ok {
			v.SetBool(b)
			return
		}
	}
	if slices.Contains(asked, contract.Integer) || slices.Contains(asked, contract.Number) || s.numbers[column] || len(asked) == 0 && of.Type.Numeric() {
		if i, err := strconv.ParseInt(c.Text, 10, 64); err == nil {
			v.SetInt(i)
			return
		}
		if f, ok := c.Number(); ok {
			v.SetDouble(f)
			return
		}
	}
	if slices.Contains(asked, contract.Timestamp) {
		if t, ok := c.Instant(); ok {
			v.SetStr(t.UTC().Format(time.RFC3339Nano))
			return
		}
	}
	s.putText(v, column, c)
}
