// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package expect makes the contract that data like those of a baseline keep: ranges, sets and shares of
// what was there, with slack for what another sample of the same distribution may have.
//
// The slack is for files, or windows, of so many rows (Options.Rows), and for a contract of many checks.
// In simulations one of 200 samples of 1,000 rows, or of 250, breaks any of the checks of nine
// columns, four of them with heavy tails or rare values.
package expect

import (
	"math"
	"slices"
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

const (
	// z is how many standard deviations a share may be off: one in 30,000 is, of normal ones.
	z = 4
	// maxSet is the number of values of a set that is written out.
	maxSet = 100
	// lightTail is how far the largest value may lie from the median, in distances of the median from
	// the quantile beyond which is a tenth, for a tail that ends before twice that: 1.2 in a uniform
	// sample, 2.5 in a normal one of 1,000, 4 in an exponential one.
	lightTail = 3
	// tailRows are the rows beyond a heavy tail that a sample as large as the baseline may have, and
	// fewRows those that a small one may have.
	tailRows, fewRows = 7, 3
	// closedRows are those that each value of a set has which has no others.
	closedRows = 20
	// DefaultRows is the size of a sample that is expected, if the baseline has as many rows.
	DefaultRows = 1000
)

// Options say what is expected.
type Options struct {
	// Rows is the number of rows of a file, or a window, that is checked; 0 for DefaultRows, or those of
	// the baseline if they are fewer.
	Rows float64
	// Types are the types of features, as far as they are known (contract.Types).
	Types map[string]string
	// Baseline says that the card names the baseline, so that its values are known without being written
	// out.
	Baseline bool
}

// Of makes a contract of a baseline.
func Of(p *profile.Profile, o Options) *draft.Contract {
	c := &draft.Contract{Name: p.Name}
	if o.Rows == 0 {
		o.Rows = min(DefaultRows, float64(p.Rows))
	}
	for _, column := range p.Features {
		f := &feature{c, column, o, float64(column.Count)}
		if column.Count == 0 {
			c.Leave(column.Name, "it has no value")
			continue
		}
		f.presence()
		f.kind()
		switch {
		case column.Numeric != nil:
			f.bounds()
		case column.Type == profile.Categorical:
			f.set()
		}
	}
	return c
}

type feature struct {
	*draft.Contract
	*profile.Column
	options Options
	n       float64
}

func (f *feature) add(c draft.Check) {
	c.Feature = f.Column.Name
	if refused := f.Add(c); refused != "" {
		f.Leave(f.Column.Name, "%s", refused)
	}
}

// presence asks for the feature if it was always there, and bounds the share of missing values.
func (f *feature) presence() {
	if f.Missing == 0 {
		f.add(draft.Check{Required: true})
	}
	if limit := MaxMissing(f.Column, f.options.Rows); limit < 1 {
		f.add(draft.Check{MaxMissing: &limit})
	}
}

// MaxMissing is the largest share of missing values that a sample of so many rows is expected to have,
// with two digits: the upper bound of the share (Wilson) and the chance of the sample, both at z.
func MaxMissing(c *profile.Column, rows float64) float64 {
	n := float64(c.Count + c.Missing)
	if n == 0 || rows <= 0 {
		return 1
	}
	return roundUp(upper(float64(c.Missing), n, rows))
}

// upper bounds the share of a sample of so many rows, of which k of n had something.
func upper(k, n, rows float64) float64 {
	share := (k + z*z/2) / (n + z*z)
	return min(1, share+z*math.Sqrt(share*(1-share)*(1/n+1/rows)))
}

// roundUp keeps two digits.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 0
	}
	scale := math.Pow(10, math.Floor(math.Log10(v))-1)
	out, err := strconv.ParseFloat(strconv.FormatFloat(math.Ceil(v/scale-1e-9)*scale, 'g', 2, 64), 64)
	if err != nil {
		return min(1, v)
	}
	return min(1, out)
}

// kind asks for the type of values, as far as it is known.
func (f *feature) kind() {
	t := f.options.Types[f.Column.Name]
	switch {
	case t != "":
	case f.Numeric != nil:
		t = contract.Number
	case f.Type == profile.Categorical && f.words():
		t = contract.String
	}
	if t != "" {
		f.add(draft.Check{Types: []string{t}})
	}
}

// words is true for categories of which one is neither a number nor true or false.
func (f *feature) words() bool {
	return slices.ContainsFunc(f.Categories, func(c profile.Category) bool {
		_, err := strconv.ParseFloat(c.Value, 64)
		return err != nil && c.Value != "true" && c.Value != "false"
	})
}

// bounds asks for numbers no further from the median than twice the ones that were there; of a sign, if
// all were. Where a tail is heavy a few may be.
func (f *feature) bounds() {
	n := f.Numeric
	if !(n.Max > n.Min) {
		f.Leave(f.Column.Name, "it was always %g, which bounds no range", n.Min)
		return
	}
	median := clamp(f.quantile(0.5), n)
	low, high := roundDown(n.Min-(median-n.Min)), roundOut(n.Max+(n.Max-median))
	if n.Min >= 0 {
		low = max(low, 0)
	}
	if n.Max <= 0 {
		high = min(high, 0)
	}
	c := draft.Check{Min: &low, Max: &high}
	if f.heavy(median-n.Min, median-clamp(f.quantile(0.1), n)) || f.heavy(n.Max-median, clamp(f.quantile(0.9), n)-median) {
		c.MaxViolations = roundUp(min(1, max(tailRows/f.n, fewRows/f.options.Rows)))
	}
	f.add(c)
}

// heavy is true for a tail that reaches further than most of it.
func (f *feature) heavy(reach, most float64) bool { return reach > lightTail*most }

func clamp(v float64, n *profile.NumericColumn) float64 { return min(max(v, n.Min), n.Max) }

// quantile is the bound of the bin in which it lies.
func (f *feature) quantile(q float64) float64 {
	n := f.Numeric
	total, seen := uint64(0), 0.0
	for _, count := range n.Counts {
		total += count
	}
	for i, count := range n.Counts {
		if seen += float64(count); seen >= q*float64(total) && i < len(n.Bounds) {
			return n.Bounds[i]
		}
	}
	return n.Max
}

// roundOut keeps three digits, away from zero where v is above it; roundDown the other way.
func roundOut(v float64) float64 {
	if v == 0 {
		return 0
	}
	scale := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-2)
	out, err := strconv.ParseFloat(strconv.FormatFloat(math.Ceil(v/scale)*scale, 'g', 3, 64), 64)
	if err != nil || out < v || math.IsInf(out, 0) {
		return v
	}
	return out
}

func roundDown(v float64) float64 { return -roundOut(-v) }

// set asks for the values that were there. Where some are rare, a sample may have others, in about as
// many rows as there are values that were there once (Good 1953).
func (f *feature) set() {
	once, rarest := 0.0, uint64(math.MaxUint64)
	for _, c := range f.Categories {
		if rarest = min(rarest, c.Count); c.Count == 1 {
			once++
		}
	}
	tolerance := 0.0
	if rarest < closedRows {
		unseen := min(1, (once+3*math.Sqrt(once)+3)/f.n)
		tolerance = roundUp(min(1, unseen+3*math.Sqrt(unseen*(1-unseen)/f.options.Rows)))
	}
	switch {
	case f.Other > 0:
		f.Leave(f.Column.Name, "it has more values than the baseline keeps (%d)", len(f.Categories))
	case tolerance > 0.2:
		f.Leave(f.Column.Name, "so many of its values were there once that a sample has others in up to %.2g of its rows", tolerance)
	case len(f.Categories) <= maxSet:
		values := make([]any, len(f.Categories))
		for i, c := range f.MostFrequent() {
			values[i] = c.Value
		}
		f.add(draft.Check{Values: values, MaxViolations: tolerance})
	case f.options.Baseline:
		f.add(draft.Check{MaxUnseen: &tolerance})
	default:
		f.Leave(f.Column.Name, "it has %d values; a card that names the baseline has a bound of unseen ones", len(f.Categories))
	}
}
