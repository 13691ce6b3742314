// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// columnTime is the column of the event time of a row of spans, which no attribute can be called.
const columnTime = "(time)"

// spanDecoder makes rows of spans, as ml_summary reads them.
type spanDecoder struct {
	flags   *spanFlags
	reader  *prediction.Reader
	seen    map[spanModel]int
	names   []string
	places  map[string]int
	had     map[string]bool // the features of the row at hand
	waiting [][]table.Cell
	lost    int
}

func (d *spanDecoder) Decode(request []byte) error {
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(request)
	if err != nil {
		return err
	}
	d.reader.Read(context.Background(), td)
	return nil
}

// readRow takes a row of a model that is wanted.
func (d *spanDecoder) readRow(row *prediction.Span, weight uint32) {
	m := spanModel{row.Identity.Name, row.Identity.Version, row.Identity.Environment, row.Identity.Role}
	f := d.flags
	if f.model != "" && f.model != m.name || f.version != "" && f.version != m.version || f.environment != "" && f.environment != m.environment {
		return
	}
	if m.role == mlconv.RoleShadow { // it answers nobody
		return
	}
	d.seen[m] += int(weight)
	if row.Unknown {
		d.lost += int(weight)
		return
	}
	cells := make([]table.Cell, len(d.names), 2*len(d.names))
	set := func(name string, c table.Cell) {
		i, ok := d.places[name]
		if !ok {
			i = len(d.names)
			d.places[name] = i
			d.names = append(d.names, name)
		}
		for len(cells) <= i {
			cells = append(cells, table.Cell{})
		}
		cells[i] = c
	}
	set(columnTime, table.Cell{Kind: table.Time, Time: row.End.AsTime()})
	clear(d.had)
	for at, name := range row.Features() {
		if d.had[name] {
			continue
		}
		d.had[name] = true
		if cell, ok := cellOf(row.At(at)); ok {
			set(name, cell)
		}
	}
	var class string
	classified := false
	if x := row.Field(prediction.Class); x != nil {
		var digits []byte
		if digits, class, classified, _ = x.AppendCategory(make([]byte, 0, 32)); digits != nil {
			class = string(digits)
		}
	}
	if class != "" {
		set(mlconv.AttrPredictionClass, table.Cell{Kind: table.String, Text: class})
	}
	if x := row.Field(prediction.Value); x != nil {
		if v, ok, _ := x.Float(); ok {
			set(mlconv.AttrPredictionValue, table.Cell{Kind: table.Number, Float: v})
		}
	}
	if v, ok := row.Confidence("", class, classified); ok {
		set(mlconv.AttrPredictionConfidence, table.Cell{Kind: table.Number, Float: v})
	}
	for range weight {
		d.waiting = append(d.waiting, cells)
	}
}

// cellOf returns a field as a cell, and false for one that is no scalar.
func cellOf(x *prediction.Field) (table.Cell, bool) {
	if x.Kind == prediction.Empty {
		return table.Cell{}, true
	}
	if x.Kind != prediction.Scalar {
		return table.Cell{}, false
	}
	switch x.Value.Kind() {
	case value.Float:
		v, _ := x.Number()
		return table.Cell{Kind: table.Number, Float: v}, true
	case value.Int:
		return table.Cell{Kind: table.Integer, Int: x.Int()}, true
	case value.Bool:
		c := table.Cell{Kind: table.Bool}
		if x.Bool() {
			c.Int = 1
		}
		return c, true
	case value.Text:
		return table.Cell{Kind: table.String, Text: x.Text()}, true
	default: // not finite
		return table.Cell{}, true
	}
}

func (d *spanDecoder) Next(dst []table.Cell) ([]table.Cell, bool) {
	if len(d.waiting) == 0 {
		return nil, false
	}
	dst = append(dst, d.waiting[0]...)
	for len(dst) < len(d.names) { // columns that came with a later row of the request
		dst = append(dst, table.Cell{})
	}
	d.waiting = d.waiting[1:]
	return dst, true
}

func (d *spanDecoder) Columns() []string { return d.names }

// End refuses what is not one model.
func (d *spanDecoder) End() error {
	d.flags.lost = d.lost
	stats := &d.reader.Stats
	d.flags.malformed = stats.Malformed
	switch len(d.seen) {
	case 0:
		return fmt.Errorf("no prediction of the model that is asked for: %d spans are predictions, %d are none",
			stats.Counted+stats.Malformed, stats.Skipped)
	case 1:
		if len(d.places) == 0 {
			return fmt.Errorf("all %d rows are of spans that have lost attributes", d.lost)
		}
		return nil
	}
	var lines []string
	for m := range maps.Keys(d.seen) {
		lines = append(lines, fmt.Sprintf("  %s: %d rows", m, d.seen[m]))
	}
	slices.Sort(lines)
	const most = 20
	if n := len(lines); n > most {
		lines = append(lines[:most], fmt.Sprintf("  and %d more", n-most))
	}
	return fmt.Errorf("a baseline is of one model and version; pick one of\n%s", strings.Join(lines, "\n"))
}
