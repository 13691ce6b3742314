// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package convention computes drift statistics as other tools do: there is no standard PSI or
// Jensen-Shannon distance, as bins, what fills empty ones, base of the logarithm, root and scale
// differ by tool. A Method is named after the statistic and the tool, as psi@evidently. It compares
// values or counts themselves, not the collector's bins.
package convention

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Side is one of the two samples.
type Side struct {
	// Values are the finite numbers of a numeric column; nil for categories.
	Values []float64
	// Counts are rows, or weights, by category.
	Counts map[string]float64
}

// Result is what a method computes; what a method does not have is NaN.
type Result struct {
	// Score is the number that the tool shows: a distance, or the p-value for its tests.
	Score float64
	// Statistic and PValue are those of a test.
	Statistic, PValue float64
}

// kind says what a method compares.
type kind int

const (
	ofValues kind = iota
	ofCounts
	ofBoth
)

type method struct {
	kind   kind
	values func(ref, cur []float64) Result
	counts func(ref, cur []float64) Result
	// most is the largest number of categories; 0 for any.
	most int
}

var errEmpty = errors.New("a side has no values")

// Names are the methods, sorted.
func Names() []string { return slices.Sorted(maps.Keys(methods)) }

// Known says whether there is a method of the name.
func Known(name string) bool {
	_, ok := methods[name]
	return ok
}

// Compare computes a method that is Known. Its error says that the method does not compare what
// the sides have, or that a side is empty.
func Compare(name string, ref, cur Side) (Result, error) {
	m := methods[name]
	if ref.Values != nil || cur.Values != nil {
		switch {
		case m.kind == ofCounts:
			return Result{}, fmt.Errorf("%s compares categories, not numbers: --type COLUMN=categorical takes each value for one", name)
		case len(ref.Values) == 0 || len(cur.Values) == 0:
			return Result{}, errEmpty
		}
		return m.values(slices.Sorted(slices.Values(ref.Values)), slices.Sorted(slices.Values(cur.Values))), nil
	}
	if m.kind == ofValues {
		return Result{}, fmt.Errorf("%s compares numbers and has no meaning for categories", name)
	}
	a, b := align(ref.Counts, cur.Counts)
	if !(sum(a) > 0) || !(sum(b) > 0) {
		return Result{}, errEmpty
	}
	if m.most > 0 && len(a) > m.most {
		return Result{}, fmt.Errorf("%s compares at most %d categories, not %d", name, m.most, len(a))
	}
	return m.counts(a, b), nil
}

// align returns the counts of both sides over all categories in the order of their names.
func align(ref, cur map[string]float64) (a, b []float64) {
	all := maps.Clone(ref)
	maps.Copy(all, cur)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a, b = append(a, ref[name]), append(b, cur[name])
	}
	return a, b
}

func distance(v float64) Result { return Result{Score: v, Statistic: math.NaN(), PValue: math.NaN()} }

func test(statistic, p float64) Result { return Result{Score: p, Statistic: statistic, PValue: p} }

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
