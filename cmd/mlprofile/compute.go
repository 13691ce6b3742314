// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

var (
	errNoReference = errors.New("the reference has no values")
	errNoCurrent   = errors.New("there are no current values")
)

// compute scores one column.
func (f *scoreFlags) compute(m stats.Method, ref *referenceColumn, cur columnValues) (score, error) {
	s := score{
		Column: ref.name, Type: string(ref.as), Method: string(m), Threshold: f.threshold,
		CurrentSamples: cur.n, CurrentMissing: cur.missingRatio(),
	}
	if math.IsNaN(s.Threshold) {
		s.Threshold = m.DefaultThreshold()
	}
	if ref.profile != nil {
		s.ReferenceSamples, s.ReferenceMissing = float64(ref.profile.Count), ref.profile.MissingRatio()
	} else {
		s.ReferenceSamples, s.ReferenceMissing = ref.values.n, ref.values.missingRatio()
	}
	if s.ReferenceSamples == 0 {
		return s, errNoReference
	}
	if s.CurrentSamples == 0 {
		return s, errNoCurrent
	}
	if m.Ordered() && ref.as == profile.Categorical {
		return s, fmt.Errorf("%s compares ordered values and has no meaning for categories", m)
	}
	if m == stats.Wasserstein {
		s.Scale = f.scale
	}
	// What can be computed without bins from data; half a count per category is what the collector
	// adds, too.
	exact := ref.profile == nil && (m.Ordered() || slices.Contains([]stats.Method{stats.Chi2, stats.LInfinity, stats.TotalVariation}, m))
	switch {
	case f.exact && !exact:
		return s, errors.New("--exact: " + inexact(m, ref))
	case f.bins || !exact:
		return s, f.inBins(&s, m, ref, cur)
	case m.Ordered():
		return s, f.onValues(&s, m, ref.values.values, cur.values)
	default:
		return s, f.onDistinct(&s, m, ref.values.counts, cur.counts)
	}
}

func inexact(m stats.Method, ref *referenceColumn) string {
	if ref.profile != nil {
		return "a baseline has bins, not values"
	}
	return fmt.Sprintf("%s is defined on bins", m)
}

func (s *score) set(r stats.Result) {
	s.Score, s.Effect, s.PValue, s.Statistic, s.Error = r.Score, r.Effect, r.PValue, r.Statistic, r.Error
}

// inBins computes as ml_drift does.
func (f *scoreFlags) inBins(s *score, m stats.Method, ref *referenceColumn, cur columnValues) error {
	s.Computed = "bins"
	c := ref.profile
	var err error
	if c == nil {
		if c, err = f.profileOf(ref); err != nil {
			return err
		}
	}
	var pair *distribution.Pair
	if ref.as == profile.Numeric {
		if f.weight != "" && float64(len(cur.values)) != cur.n {
			return errors.New("--weight: bins count rows, not weights")
		}
		bins, err := distribution.NewBins(c.Numeric.Bounds)
		if err != nil {
			return err
		}
		pair, err = drift.CompareNumeric(c, bins.Count(cur.values), slices.Min(cur.values), slices.Max(cur.values))
		if err != nil {
			return err
		}
	} else {
		counts, err := whole(cur.counts)
		if err != nil {
			return err
		}
		if pair, err = drift.CompareCategories(c, counts); err != nil {
			return err
		}
	}
	r, err := pair.Compare(m)
	if err != nil {
		return err
	}
	s.set(r)
	a, b := pair.Samples(m)
	s.Cells = len(a.Counts)
	if m == stats.Wasserstein {
		switch f.scale {
		case scaleNone:
			if d := stats.WassersteinBins(a, b); s.Score > 0 {
				s.Error *= d / s.Score // in the column's unit, too
				s.Score = d
			}
			s.Effect = s.Score
		case scalePooled:
			return errors.New("--scale pooled_sd: bins do not have the standard deviation of both samples together")
		}
	}
	return nil
}

// profileOf makes the column of a baseline from a data file, as build does.
func (f *scoreFlags) profileOf(ref *referenceColumn) (*profile.Column, error) {
	if ref.as == profile.Numeric {
		if float64(len(ref.values.values)) != ref.values.n {
			return nil, errors.New("--weight: bins count rows, not weights")
		}
		return profile.NewNumeric(ref.name, slices.Clone(ref.values.values), 0, distribution.DefaultBins), nil
	}
	counts, err := whole(ref.values.counts)
	if err != nil {
		return nil, err
	}
	return profile.NewCategorical(ref.name, counts, 0, profile.DefaultMaxCategories), nil
}

func whole(counts map[string]float64) (map[string]uint64, error) {
	out := make(map[string]uint64, len(counts))
	for k, v := range counts {
		if v != math.Trunc(v) || v >= 1<<53 {
			return nil, errors.New("--weight: this method counts whole rows")
		}
		out[k] = uint64(v)
	}
	return out, nil
}

// onValues computes ks and wasserstein on the samples themselves.
func (f *scoreFlags) onValues(s *score, m stats.Method, ref, cur []float64) error {
	s.Computed = "exact"
	if float64(len(ref)) != s.ReferenceSamples || float64(len(cur)) != s.CurrentSamples {
		return errors.New("--weight: this method compares single values")
	}
	if m == stats.KS {
		s.Score, s.PValue = stats.KSTwoSample(ref, cur)
		s.Statistic, s.Effect = s.Score, s.Score
		return nil
	}
	s.Statistic, s.PValue = stats.WassersteinTest(ref, cur)
	s.Score = stats.WassersteinSamples(ref, cur)
	scale := 1.0
	switch f.scale {
	case scaleReference:
		_, scale = profile.MeanStdDev(ref)
	case scalePooled:
		_, scale = profile.MeanStdDev(slices.Concat(ref, cur))
	}
	if !(scale > 0) { // as stats.Compare: a constant has no scale, the range of both stands in
		scale = min(max(slices.Max(ref), slices.Max(cur))-min(slices.Min(ref), slices.Min(cur)), math.MaxFloat64)
	}
	if s.Score > 0 {
		s.Score /= scale
	}
	s.Effect = s.Score
	return nil
}

// onDistinct computes what compares categories, each distinct value being one.
func (f *scoreFlags) onDistinct(s *score, m stats.Method, ref, cur map[string]float64) error {
	s.Computed = "exact"
	keys := sortedKeys(ref, cur)
	a, b := make([]float64, len(keys)), make([]float64, len(keys))
	for i, k := range keys {
		a[i], b[i] = ref[k], cur[k]
	}
	s.Cells = len(keys)
	r, err := stats.Compare(m, stats.Sample{Counts: a}, stats.Sample{Counts: b})
	if err != nil {
		return err
	}
	s.set(r)
	if m != stats.Chi2 {
		return nil
	}
	// Without pooling, as the textbook has it: every distinct value is a column of the table.
	s.Test = f.test
	if f.test == testGoodness {
		s.Score, _, s.PValue = stats.Chi2GoodnessOfFit(a, b)
	} else {
		s.Score, _, s.PValue = stats.Chi2Homogeneity(a, b)
	}
	if math.IsInf(s.Score, 1) { // a category that the reference does not have; JSON has no infinity
		s.Score = math.MaxFloat64
	}
	s.Statistic = s.Score
	return nil
}
