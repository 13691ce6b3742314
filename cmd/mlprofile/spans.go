// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/rows"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// spanFlags pick a model of a file of spans.
type spanFlags struct {
	model, version, environment string
	// lost and malformed are rows that were left out because their span had lost attributes, and spans of which an attribute could not be
	// used, of the file that was read last.
	lost      int
	malformed int64
}

func (f *spanFlags) register(s *pflag.FlagSet) {
	s.StringVar(&f.model, "model", "", "the model of a file of spans that has several")
	s.StringVar(&f.version, "version", "", "the version of the model in a file of spans that has several")
	s.StringVar(&f.environment, "environment", "", "the environment in a file of spans that has several")
}

// columnTime is the column of the event time of a row of spans, which no attribute can be called.
const columnTime = "(time)"

// use lets files of spans be read.
func (f *spanFlags) use(o *table.Options) {
	seen := map[spanModel]int{}
	o.Spans = func() table.SpanDecoder {
		d := &spanDecoder{flags: f, seen: seen, places: map[string]int{}}
		d.reader = rows.NewReader(d.add)
		return d
	}
}

// roles sets the columns that the rows of spans have beside features, where the files are such.
func (f *spanFlags) roles(schema *table.Schema, o *baseline.Options) error {
	if schema.Column(columnTime) == nil {
		if f.model != "" || f.version != "" || f.environment != "" {
			return errors.New("--model, --version and --environment are for files of spans, and this is none")
		}
		return nil
	}
	pick := func(to *string, columns ...string) {
		for _, name := range columns {
			if *to == "" && schema.Column(name) != nil {
				*to = name
			}
		}
	}
	pick(&o.Prediction, mlconv.AttrPredictionClass, mlconv.AttrPredictionValue)
	if _, ok := o.Types[o.Prediction]; !ok && o.Prediction == mlconv.AttrPredictionValue { // however few and whole its values are
		o.Types = maps.Clone(o.Types)
		if o.Types == nil {
			o.Types = map[string]profile.Type{}
		}
		o.Types[o.Prediction] = profile.Numeric
	}
	pick(&o.Confidence, mlconv.AttrPredictionConfidence)
	pick(&o.Timestamp, columnTime)
	for _, c := range schema.Columns { // whatever is sent as a feature is one
		taken := []string{o.Prediction, o.Confidence, o.Timestamp}
		switch c.Name {
		case mlconv.AttrPredictionClass, mlconv.AttrPredictionValue, mlconv.AttrPredictionConfidence, columnTime:
			if !slices.Contains(taken, c.Name) && !slices.Contains(o.Exclude, c.Name) {
				o.Exclude = append(o.Exclude, c.Name)
			}
		default:
			if !slices.Contains(taken, c.Name) && !slices.Contains(o.Exclude, c.Name) && !slices.Contains(o.Include, c.Name) && o.Features == nil {
				o.Include = append(o.Include, c.Name)
			}
		}
	}
	return nil
}

// notes say what could not be read.
func (f *spanFlags) notes() (lines []string) {
	if f.lost > 0 {
		lines = append(lines, console.Plural(f.lost, "row")+" of spans that have lost attributes are left out: what is absent may have been there")
	}
	if f.malformed > 0 {
		lines = append(lines, console.Plural(int(f.malformed), "span")+" had an attribute that could not be used")
	}
	return lines
}

// spanModel is a model that a file of spans has.
type spanModel struct{ name, version, environment, role string }

func (m spanModel) String() string {
	s := "--model " + m.name
	if m.version != "" {
		s += " --version " + m.version
	}
	if m.environment != "" {
		s += " --environment " + m.environment
	}
	if m.role != "" {
		s += " (role " + m.role + ")"
	}
	return s
}

// spanDecoder makes rows of spans, as ml_summary reads them.
type spanDecoder struct {
	flags   *spanFlags
	reader  *rows.Reader
	seen    map[spanModel]int
	names   []string
	places  map[string]int
	waiting [][]table.Cell
	lost    int
}

func (d *spanDecoder) Decode(request []byte) error {
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(request)
	if err != nil {
		return err
	}
	d.reader.Read(td)
	return nil
}

// add takes a row of a model that is wanted.
func (d *spanDecoder) add(row rows.Row) {
	m := spanModel{row.Model.Name, row.Model.Version, row.Model.Environment, row.Model.Role}
	f := d.flags
	if f.model != "" && f.model != m.name || f.version != "" && f.version != m.version || f.environment != "" && f.environment != m.environment {
		return
	}
	if m.role == mlconv.RoleShadow { // it answers nobody
		return
	}
	d.seen[m] += int(row.Weight)
	if row.Unknown {
		d.lost += int(row.Weight)
		return
	}
	cells := make([]table.Cell, len(d.names), len(d.names)+len(row.Features))
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
	set(columnTime, table.Cell{Kind: table.Time, Time: row.At})
	for _, field := range row.Features {
		set(field.Name, cellOf(field.Value))
	}
	if row.Class != "" {
		set(mlconv.AttrPredictionClass, table.Cell{Kind: table.String, Text: row.Class})
	}
	if row.Value != nil {
		set(mlconv.AttrPredictionValue, table.Cell{Kind: table.Number, Float: *row.Value})
	}
	if row.Confidence != nil {
		set(mlconv.AttrPredictionConfidence, table.Cell{Kind: table.Number, Float: *row.Confidence})
	}
	for range row.Weight {
		d.waiting = append(d.waiting, cells)
	}
}

func cellOf(value any) table.Cell {
	switch v := value.(type) {
	case float64:
		return table.Cell{Kind: table.Number, Float: v}
	case int64:
		return table.Cell{Kind: table.Integer, Int: v}
	case bool:
		c := table.Cell{Kind: table.Bool}
		if v {
			c.Int = 1
		}
		return c
	case string:
		return table.Cell{Kind: table.String, Text: v}
	}
	return table.Cell{}
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
	_, d.flags.malformed, _, _ = d.reader.Counted()
	switch len(d.seen) {
	case 0:
		counted, malformed, skipped, _ := d.reader.Counted()
		return fmt.Errorf("no prediction of the model that is asked for: %d spans are predictions, %d are none", counted+malformed, skipped)
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
