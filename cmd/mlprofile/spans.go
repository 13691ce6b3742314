// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/recent"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
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

// rememberedSpans is how many spans are remembered, so that one that was written twice counts once.
const rememberedSpans = 1 << 20

// maxFeatures is how many features of one span are read.
const maxFeatures = 1 << 20

// columnTime is the column of the event time of a row of spans, which no attribute can be called.
const columnTime = "(time)"

// use lets files of spans be read.
func (f *spanFlags) use(o *table.Options) {
	seen := map[spanModel]int{}
	o.Spans = func() table.SpanDecoder {
		d := &spanDecoder{flags: f, seen: seen, places: map[string]int{}, had: map[string]bool{}}
		d.reader = prediction.NewReader(&rowReader{row: d.readRow, known: map[prediction.Identity]bool{}}, prediction.Options{
			Now: time.Now, MaxFeatures: maxFeatures, Spans: recent.NewSet(rememberedSpans),
		})
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
	d.reader.Read(td)
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
