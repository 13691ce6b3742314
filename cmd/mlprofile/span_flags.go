// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/recent"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// spanFlags pick a model of a file of spans.
type spanFlags struct {
	model, version, environment string
	// lost and malformed are rows that were left out because their span had lost attributes, and
	// spans of which an attribute could not be used, of the file that was read last.
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
