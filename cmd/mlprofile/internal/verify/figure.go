// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// figure is a statistic of a column, of all rows.
type figure struct {
	*Result

	column string
	as     table.Type
	// values are numbers, of statistics that need them; distinct the different values.
	values   []float64
	distinct map[string]struct{}
	// known are the values that are not unseen.
	known map[string]bool
	// rows have a value, unseen ones one that is not known; text are those that are no numbers.
	rows, unseen, text int
	firstText          string
}

func (v *verifier) newFigure(r *Result) *figure {
	f := &figure{Result: r, column: r.check.Feature}
	if c := v.schema.Column(f.column); c != nil {
		f.as = c.Type
		if f.numeric() {
			c.AsNumbers()
		}
	}
	switch r.check.Statistic {
	case contract.Distinct, contract.DistinctShare:
		f.distinct = map[string]struct{}{}
	case contract.Unseen:
		f.known, r.Reason = v.known(f.column)
	}
	return f
}

// numeric is true for a statistic of numbers.
func (f *figure) numeric() bool {
	switch f.check.Statistic {
	case contract.Mean, contract.Median, contract.Quantile, contract.Stdev, contract.Minimum, contract.Maximum, contract.Sum:
		return true
	}
	return false
}

// known are the values of a feature that its card or baseline has, or why that is not known.
func (v *verifier) known(feature string) (known map[string]bool, why string) {
	known = map[string]bool{}
	if values := v.model.Features[feature].Values; values != nil {
		for _, value := range values {
			known[value] = true
		}
		return known, ""
	}
	if v.model.Baseline == nil {
		return nil, "neither values on the card nor a baseline say which values there may be"
	}
	c := v.model.Baseline.Column(feature)
	switch {
	case c == nil:
		return nil, fmt.Sprintf("the baseline has no feature %q", feature)
	case c.Type != profile.Categorical:
		return nil, "the baseline has numbers of it, which are ranges and no set"
	case c.Other > 0:
		return nil, fmt.Sprintf("the baseline has %d values by name and counts the rest as one", len(c.Categories))
	}
	for _, category := range c.Categories {
		known[category.Value] = true
	}
	return known, ""
}

func (f *figure) add(c table.Cell, r *table.Reader) {
	if c.Kind == table.Missing {
		return
	}
	if f.numeric() || f.as.Numeric() {
		n, ok := c.Number()
		switch {
		case ok && (math.IsNaN(n) || math.IsInf(n, 0)):
			return
		case ok && f.numeric():
			f.values = append(f.values, n)
		case f.numeric():
			if f.text++; f.firstText == "" {
				f.firstText = fmt.Sprintf("%q on line %s", c.Category(), lineOf(r))
			}
			return
		}
	}
	f.rows++
	switch {
	case f.distinct != nil:
		f.distinct[f.as.Category(c)] = struct{}{}
	case f.known != nil:
		if category := f.as.Category(c); !f.known[category] {
			f.unseen++
			if len(f.First) < maxSamples {
				f.First = append(f.First, Sample{Line: lineOf(r), Observed: category})
			}
		}
	}
}

// judge compares the figure with the bounds.
func (f *figure) judge(rows int) {
	value, samples := f.value(rows)
	switch {
	case f.Reason != "":
		f.Verdict = NotChecked
		return
	case f.text > 0:
		f.Verdict, f.Reason = NotChecked, fmt.Sprintf("%d values are no numbers, the first is %s", f.text, f.firstText)
		return
	case math.IsNaN(value):
		f.Verdict, f.Reason = NotChecked, "there are too few values"
		return
	}
	f.Value, f.Samples = &value, samples
	if exactly(f.check, value, samples) == contract.Violated {
		f.Verdict = Violated
	}
}

// value computes the statistic; NaN where there are too few values. samples is what it is of.
func (f *figure) value(rows int) (v float64, samples int) {
	n := len(f.values)
	switch f.check.Statistic {
	case contract.Rows:
		return float64(rows), rows
	case contract.Missing:
		return ratio(rows-f.rows, rows), rows
	case contract.Unseen:
		return ratio(f.unseen, f.rows), f.rows
	case contract.Distinct:
		return float64(len(f.distinct)), f.rows
	case contract.DistinctShare:
		return ratio(len(f.distinct), f.rows), f.rows
	}
	if n == 0 {
		return math.NaN(), 0
	}
	switch f.check.Statistic {
	case contract.Minimum:
		return slices.Min(f.values), n
	case contract.Maximum:
		return slices.Max(f.values), n
	case contract.Sum:
		return sum(f.values), n
	case contract.Mean:
		return sum(f.values) / float64(n), n
	case contract.Stdev:
		return stdev(f.values), n
	case contract.Median:
		return quantile(f.values, 0.5), n
	case contract.Quantile:
		return quantile(f.values, f.check.Quantile), n
	}
	return math.NaN(), n
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole)
}

// sum adds with the error of each addition carried along (Neumaier).
func sum(values []float64) float64 {
	total, carried := 0.0, 0.0
	for _, v := range values {
		next := total + v
		if math.Abs(total) >= math.Abs(v) {
			carried += total - next + v
		} else {
			carried += v - next + total
		}
		total = next
	}
	return total + carried
}

// stdev is that of the sample, divided by n - 1.
func stdev(values []float64) float64 {
	if len(values) < 2 {
		return math.NaN()
	}
	mean := sum(values) / float64(len(values))
	squares := make([]float64, len(values))
	for i, v := range values {
		squares[i] = (v - mean) * (v - mean)
	}
	return math.Sqrt(sum(squares) / float64(len(values)-1))
}

// quantile is between the two values at its place, as NumPy has it by default (type 7 of Hyndman and
// Fan 1996).
func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	at := q * float64(len(values)-1)
	low := int(at)
	high := min(low+1, len(values)-1)
	return values[low] + (at-float64(low))*(values[high]-values[low])
}
