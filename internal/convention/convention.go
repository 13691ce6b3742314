// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package convention computes drift statistics as other tools do: there is no standard PSI or
// Jensen-Shannon distance, as bins, what fills empty ones, base of the logarithm, root and scale
// differ by tool. A Method is named after the statistic and the tool, as psi@evidently; a name
// without a tool is the textbook statistic, as scipy has it. Each statistic has a file.
//
//	values, bins, counts, histograms ──► Method.Compare ──► score, p-value, the tool's verdict
package convention

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Side is one of the two samples. One of Values, Counts, Bins and Histogram says what it has.
type Side struct {
	// Values are the finite numbers of a numeric column.
	Values []float64
	// Counts are rows, or weights, by category.
	Counts map[string]float64
	// Bins are numbers that are counted in bins; a method that needs the numbers refuses them.
	Bins *stats.Sample
	// Histogram has buckets of its own.
	Histogram *Histogram
	// Rows are the categories row by row, beside Counts, for what draws among rows.
	Rows []string
	// Missing is the number of rows without a value.
	Missing float64
}

// Result is what a method computes; a number that a method does not have is NaN.
type Result struct {
	// Score is the number that the tool shows: a distance, or the p-value for its tests.
	Score float64
	// Statistic and PValue are those of a test.
	Statistic, PValue float64
	// Details are further numbers, by name.
	Details map[string]float64
	// Threshold is what the tool compares Score with, where it has a default or one is given.
	Threshold float64
	// Verdict is the tool's: drift or ok, or its own word; empty without a threshold.
	Verdict string
	// Uncertain is the share of rows of the side that has more of them, of bins that an edge of the
	// tool's cuts: so much of its shares may be on the other side of an edge.
	Uncertain float64
	// cells are the bins that were compared.
	cells int
}

// The verdicts of tools that have no words of their own.
const (
	Drift = "drift"
	OK    = "ok"
)

// Method is a statistic as a tool computes it. It is immutable.
type Method struct {
	name string
	definition
	options options
}

// definition says how a method compares what it can; what it cannot is nil.
type definition struct {
	// values compares numbers themselves, both sorted.
	values func(o options, ref, cur []float64) Result
	// grouped compares numbers, or what bins tell of them.
	grouped func(o options, ref, cur numbers) Result
	// counts compares categories, in the order of their names.
	counts func(o options, ref, cur []float64) Result
	// sides compares categories with more than their counts.
	sides func(o options, ref, cur Side) (Result, error)
	// histograms compares buckets.
	histograms func(ref, cur *Histogram) Result
	// most is the largest number of categories; 0 for any.
	most int
	// empty is the score of two sides without values, where that is no error.
	empty func() Result
	rule  rule
	// parameters are what the method can be told, with their defaults.
	parameters map[string]any
}

var errEmpty = errors.New("a side has no values")

// Names are the methods, sorted.
func Names() []string { return slices.Sorted(maps.Keys(definitions)) }

// Find returns a method; false if there is none of the name.
func Find(name string) (*Method, bool) {
	d, ok := definitions[name]
	return &Method{name: name, definition: d, options: d.parameters}, ok
}

// Name is that of the method.
func (m *Method) Name() string { return m.name }

// Numeric and Categorical say what the method can compare.
func (m *Method) Numeric() bool { return m.values != nil || m.grouped != nil }

// Binned says whether bins are enough to compare numbers.
func (m *Method) Binned() bool { return m.grouped != nil }

// Counted says whether the counts of categories are enough.
func (m *Method) Counted() bool { return m.counts != nil }

// Categorical says whether the method compares categories.
func (m *Method) Categorical() bool { return m.counts != nil || m.sides != nil }

// Compare computes the method. Its error says that the method does not compare what the sides
// have, or that a side is empty.
func (m *Method) Compare(ref, cur Side) (Result, error) {
	var r Result
	var err error
	switch {
	case ref.Histogram != nil || cur.Histogram != nil:
		r, err = m.ofHistograms(ref.Histogram, cur.Histogram)
	case ref.Values != nil || cur.Values != nil || ref.Bins != nil || cur.Bins != nil:
		r, err = m.ofNumbers(ref, cur)
	default:
		r, err = m.ofCategories(ref, cur)
	}
	if err != nil {
		return Result{}, err
	}
	m.rule.judge(m.options, cur.size(), &r)
	return r, nil
}

// CompareCounts computes the method on categories whose counts stand beside each other, in the
// order of their names.
func (m *Method) CompareCounts(ref, cur []float64) (Result, error) {
	r, err := m.ofCounts(ref, cur)
	if err == nil {
		m.rule.judge(m.options, sum(cur), &r)
	}
	return r, err
}

// size is the number of values.
func (s *Side) size() float64 {
	switch {
	case s.Bins != nil:
		return sum(s.Bins.Counts)
	case s.Values != nil:
		return float64(len(s.Values))
	}
	var n float64
	for _, c := range s.Counts {
		n += c
	}
	return n
}

func (m *Method) ofHistograms(ref, cur *Histogram) (Result, error) {
	switch {
	case m.histograms == nil:
		return Result{}, fmt.Errorf("%s does not compare histograms", m.name)
	case ref == nil || cur == nil:
		return Result{}, errors.New("a histogram is compared with a histogram")
	case !(ref.Total() > 0) || !(cur.Total() > 0):
		return Result{}, errEmpty
	}
	return m.histograms(ref, cur), nil
}

func (m *Method) ofNumbers(ref, cur Side) (Result, error) {
	if !m.Numeric() {
		return Result{}, fmt.Errorf("%s compares categories, not numbers: --type COLUMN=categorical takes each value for one", m.name)
	}
	if ref.size() == 0 || cur.size() == 0 {
		return Result{}, errEmpty
	}
	if m.grouped != nil {
		a, b := ref.numbers(), cur.numbers()
		r := m.grouped(m.options, a, b)
		r.Uncertain = max(uncertain(a), uncertain(b))
		return r, nil
	}
	if ref.Bins != nil || cur.Bins != nil {
		return Result{}, fmt.Errorf("%s compares the values themselves, and here are bins: mlprofile score --method %s compares two data files", m.name, m.name)
	}
	return m.values(m.options, slices.Sorted(slices.Values(ref.Values)), slices.Sorted(slices.Values(cur.Values))), nil
}

func (s *Side) numbers() numbers {
	if s.Bins != nil {
		return newBinned(s.Bins)
	}
	return newRaw(s.Values)
}

func (m *Method) ofCategories(ref, cur Side) (Result, error) {
	if !m.Categorical() {
		return Result{}, fmt.Errorf("%s compares numbers and has no meaning for categories", m.name)
	}
	if m.sides != nil {
		return m.sides(m.options, ref, cur)
	}
	return m.ofCounts(align(ref.Counts, cur.Counts))
}

func (m *Method) ofCounts(ref, cur []float64) (Result, error) {
	some, most := sum(ref) > 0, sum(cur) > 0
	switch {
	case m.counts == nil:
		return Result{}, fmt.Errorf("%s compares rows themselves: mlprofile score --method %s compares two data files", m.name, m.name)
	case !some && !most && m.empty != nil:
		return m.empty(), nil
	case !some || !most:
		return Result{}, errEmpty
	case m.most > 0 && len(ref) > m.most:
		return Result{}, fmt.Errorf("%s compares at most %d categories, not %d", m.name, m.most, len(ref))
	}
	return m.counts(m.options, ref, cur), nil
}

// align returns the counts of both sides over all categories in the order of their names.
func align(ref, cur map[string]float64) (a, b []float64) {
	all := maps.Clone(ref)
	if all == nil {
		all = map[string]float64{}
	}
	maps.Copy(all, cur)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a, b = append(a, ref[name]), append(b, cur[name])
	}
	return a, b
}

func distance(v float64) Result { return Result{Score: v, Statistic: math.NaN(), PValue: math.NaN()} }

// test shows its p-value.
func test(statistic, p float64) Result { return Result{Score: p, Statistic: statistic, PValue: p} }

// statistic is a test that shows its statistic.
func statistic(statistic, p float64) Result {
	return Result{Score: statistic, Statistic: statistic, PValue: p}
}

func sum(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s
}

func shares(counts []float64) []float64 {
	n := sum(counts)
	out := make([]float64, len(counts))
	for i, c := range counts {
		out[i] = c / n
	}
	return out
}
