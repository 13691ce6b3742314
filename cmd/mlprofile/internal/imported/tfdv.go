// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/protolayout"
)

// readTFDV reads statistics of TensorFlow Data Validation (tensorflow/metadata, statistics.proto).
func readTFDV(data []byte, dataset string) (*Source, error) {
	list, notes, err := parseTFDV(data)
	if err != nil {
		return nil, err
	}
	of, err := pick(protolayout.Node{Message: list}.All("datasets"), dataset)
	if err != nil {
		return nil, err
	}
	features := of.All("features")
	if err := tooManyColumns(len(features)); err != nil {
		return nil, err
	}
	s := &Source{Name: of.Text("name"), Rows: of.Uint("num_examples"), Notes: notes}
	if of.Float("weighted_num_examples") != 0 {
		s.Notes = append(s.Notes, "weights are not carried over: each row counts once")
	}
	if n := len(of.All("cross_features")); n > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%d statistics of two features together are not carried over", n))
	}
	for _, f := range features {
		s.Columns = append(s.Columns, readFeature(f, s.Rows))
	}
	return s, nil
}

// pick returns the data set of a name, or the only one.
func pick(datasets []protolayout.Node, name string) (protolayout.Node, error) {
	var names []string
	for _, d := range datasets {
		if d.Text("name") == name && (name != "" || len(datasets) == 1) {
			return d, nil
		}
		names = append(names, fmt.Sprintf("%q", d.Text("name")))
	}
	switch {
	case len(datasets) == 0:
		return protolayout.Node{}, errors.New("has no data set")
	case name == "" && len(datasets) == 1:
		return datasets[0], nil
	case name == "":
		return protolayout.Node{}, fmt.Errorf("has %d data sets: name one of %.300s with --dataset", len(names), strings.Join(names, ", "))
	}
	return protolayout.Node{}, fmt.Errorf("has no data set %q, but %.300s", name, strings.Join(names, ", "))
}

// featureName is the name, or the steps of the path with dots between them.
func featureName(f protolayout.Node) string {
	path := f.Sub("path").Get("step").List()
	if path.Len() == 0 {
		return f.Text("name")
	}
	steps := make([]string, path.Len())
	for i := range steps {
		steps[i] = path.Get(i).String()
	}
	return strings.Join(steps, ".")
}

func readFeature(f protolayout.Node, rows uint64) *Column {
	c := &Column{Name: featureName(f)}
	c.Integral = f.Enum("type") == "INT"
	if len(f.All("custom_stats")) > 0 {
		c.note("custom statistics are not carried over")
	}
	switch {
	case f.Has("num_stats"):
		c.readNumeric(f.Sub("num_stats"), rows)
	case f.Has("string_stats"):
		c.readText(f.Sub("string_stats"), rows)
	default:
		c.Left = fmt.Sprintf("it is of type %s, of which the file has no distribution", f.Enum("type"))
	}
	return c
}

// common returns the number of values, and says false where the column is a list or has none. A row of
// an empty list, as an empty cell of a CSV file is one, counts as non-missing in TFDV and has no value.
func (c *Column) common(of protolayout.Node, rows uint64) (uint64, bool) {
	total := of.Uint("tot_num_values")
	switch most := of.Uint("max_num_values"); {
	case most > 1:
		c.Left = fmt.Sprintf("it is a list of up to %d values a row", most)
	case total > rows:
		c.Left = fmt.Sprintf("it has %d values, more than the %d rows", total, rows)
	case total == 0:
		c.Missing = rows
		c.Left = fmt.Sprintf("it has no value in any of %d rows", rows)
	default:
		c.Missing = rows - total
		return total, true
	}
	return 0, false
}

func (c *Column) readNumeric(of protolayout.Node, rows uint64) {
	count, ok := c.common(of.Sub("common_stats"), rows)
	if !ok {
		return
	}
	quantiles, widths := histograms(of.All("histograms"))
	histogram := quantiles
	if histogram.Message == nil {
		histogram = widths
	}
	if histogram.Message == nil {
		c.Left = "the file has no histogram of it"
		return
	}
	nan := histogram.Uint("num_nan") + histogram.Uint("num_undefined")
	if nan > 0 {
		if nan >= count {
			c.Left = fmt.Sprintf("%d of its %d values are NaN", nan, count)
			return
		}
		c.note("%d NaN count as missing", nan)
		count, c.Missing = count-nan, c.Missing+nan
	}
	n := &numbers{count: count, min: of.Float("min"), max: of.Float("max"), mean: of.Float("mean"), stdDev: of.Float("std_dev")}
	byWidth, err := histogramOf(widths, count)
	if quantiles.Message == nil {
		if err != nil {
			c.Left = err.Error()
			return
		}
		n.shape, c.numbers = byWidth, n
		c.Basis = fmt.Sprintf("histogram of %d buckets of equal width", len(byWidth.buckets))
		return
	}
	byMass, err := histogramOf(quantiles, count)
	if err != nil {
		c.Left = err.Error()
		return
	}
	shape := newKnots(byMass, byWidth, c.Integral, n.min, of.Uint("num_zeros"))
	n.shape, c.numbers = shape, n
	c.Basis = fmt.Sprintf("%d quantiles", shape.quantile)
	if byWidth != nil {
		c.Basis += fmt.Sprintf(" and %d buckets of equal width", len(byWidth.buckets))
	}
	c.note("the share of rows up to a quantile is up to %.0f %% too small where it falls on a value with many rows", 100/float64(shape.quantile))
	if shape.dropped > 0 {
		c.note("some of its quantiles fall on values with many rows: no bound is put where the share of rows is not known")
	}
}

// histograms are the first of each kind that has buckets.
func histograms(all []protolayout.Node) (quantiles, widths protolayout.Node) {
	for _, h := range all {
		switch {
		case len(h.All("buckets")) == 0:
		case h.Enum("type") == "QUANTILES" && quantiles.Message == nil:
			quantiles = h
		case h.Enum("type") == "STANDARD" && widths.Message == nil:
			widths = h
		}
	}
	return quantiles, widths
}

// histogram is nil where there is none.
func histogramOf(n protolayout.Node, count uint64) (*histogram, error) {
	if n.Message == nil {
		return nil, errors.New("the file has no histogram of it")
	}
	var buckets []bucket
	for _, b := range n.All("buckets") {
		buckets = append(buckets, bucket{b.Float("low_value"), b.Float("high_value"), b.Float("sample_count")})
	}
	return newHistogram(buckets, count)
}

func (c *Column) readText(of protolayout.Node, rows uint64) {
	count, ok := c.common(of.Sub("common_stats"), rows)
	if !ok {
		return
	}
	v := &values{count: count}
	for _, b := range of.Sub("rank_histogram").All("buckets") {
		if b.Uint("high_rank") <= b.Uint("low_rank")+1 { // not of several values
			v.addFraction(b.Text("label"), b.Float("sample_count"))
		}
	}
	if len(v.listed) == 0 {
		for _, top := range of.All("top_values") {
			v.addFraction(top.Text("value"), top.Float("frequency"))
		}
	}
	c.values = v
}

// addFraction counts rows that are stored as a double, rounded.
func (v *values) addFraction(name string, rows float64) {
	if n := math.Round(rows); n >= 1 && n < math.MaxInt64 {
		v.add(name, uint64(n))
	}
}
