// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// The values of --correction.
const (
	correctionNone       = "none"
	correctionBonferroni = "bonferroni"
	correctionFDR        = "benjamini_hochberg"
)

var corrections = []string{correctionNone, correctionBonferroni, correctionFDR}

// toolScore is what is printed of one column by another tool's convention.
type toolScore struct {
	Column string `json:"column"`
	Method string `json:"method"`
	// Score is the tool's number; null is not a number, or infinite where Infinite says so.
	Score    *float64 `json:"score"`
	Infinite bool     `json:"infinite,omitempty"`
	// Statistic and PValue are those of a test.
	Statistic *float64           `json:"statistic,omitempty"`
	PValue    *float64           `json:"p_value,omitempty"`
	Details   map[string]float64 `json:"details,omitempty"`
	// Threshold and Verdict are the tool's; a method without a threshold has none.
	Threshold        *float64 `json:"threshold,omitempty"`
	Verdict          string   `json:"verdict,omitempty"`
	ReferenceSamples float64  `json:"reference_samples"`
	CurrentSamples   float64  `json:"current_samples"`
	// Uncertain is the share of rows in bins of the baseline that the tool's edges cut.
	Uncertain float64 `json:"uncertain_share,omitempty"`
	// Computed is exact, or bins: of a baseline.
	Computed string `json:"computed"`
	// shows is what Score is: a p-value or a distance.
	shows string
}

func known(name string) bool {
	_, ok := convention.Find(name)
	return ok
}

// ofTool says that another tool's method is wanted, or its choice.
func (f *scoreFlags) ofTool() bool {
	return known(f.method) || slices.Contains(convention.Presets(), f.method)
}

// runTool compares columns by another tool's convention and prints what comes of it.
func (f *scoreFlags) runTool(w io.Writer, columns []referenceColumn, values []columnValues) error {
	var scores []toolScore
	var errs []error
	for i, c := range columns {
		s, err := f.tool(&c, values[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("column %q: %w", c.name, err))
			continue
		}
		scores = append(scores, s)
	}
	if len(errs) > 0 && (!f.all || len(scores) == 0) {
		return errors.Join(errs...)
	}
	f.correct(scores)
	return f.printTools(w, scores, errs)
}

func (f *scoreFlags) printTools(w io.Writer, scores []toolScore, errs []error) error {
	if f.json {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if len(scores) == 1 && !f.all {
			return enc.Encode(scores[0])
		}
		return enc.Encode(scores)
	}
	for _, err := range errs {
		if _, err := fmt.Fprintln(w, err); err != nil {
			return err
		}
	}
	t := console.NewTable("column|", "method|", "score", "statistic", "p-value", "threshold", "verdict|", "n reference", "n current")
	for _, s := range scores {
		score := written(s.Score)
		if s.Infinite {
			score = "infinite"
		}
		parts := []string{score}
		for _, name := range slices.Sorted(maps.Keys(s.Details)) {
			parts = append(parts, fmt.Sprintf("%s %.6g", name, s.Details[name]))
		}
		score = strings.Join(parts, " ")
		t.Row(console.Clean(s.Column, 40), s.Method, score, written(s.Statistic), written(s.PValue), written(s.Threshold), s.Verdict,
			amount(s.ReferenceSamples), amount(s.CurrentSamples))
	}
	return t.Write(w, "")
}

// tool compares one column.
func (f *scoreFlags) tool(ref *referenceColumn, cur columnValues) (toolScore, error) {
	s := toolScore{Column: ref.name, ReferenceSamples: ref.values.n, CurrentSamples: cur.n, Computed: "exact"}
	if ref.profile != nil {
		s.ReferenceSamples, s.Computed = float64(ref.profile.Count), "bins"
	}
	m, err := f.toolMethod(ref, cur)
	if err != nil {
		return s, err
	}
	s.Method, s.shows = m.Name(), m.Shows()
	var r convention.Result
	if ref.profile != nil && ref.as != profile.Numeric {
		r, err = m.CompareCounts(baselineCategories(ref.profile, cur))
	} else {
		var a, b convention.Side
		if a, b, err = f.sides(m, ref, cur); err == nil {
			r, err = m.Compare(a, b)
		}
	}
	if err != nil {
		return s, err
	}
	s.set(r)
	return s, nil
}

func (s *toolScore) set(r convention.Result) {
	s.Score, s.Statistic, s.PValue = finite(r.Score), finite(r.Statistic), finite(r.PValue)
	s.Infinite = math.IsInf(r.Score, 0)
	s.Uncertain = r.Uncertain
	s.Threshold, s.Verdict, s.Details = finite(r.Threshold), r.Verdict, r.Details
	for name, v := range s.Details {
		if finite(v) == nil {
			delete(s.Details, name)
		}
	}
}

// toolMethod is the method, or the one that the tool chooses, with its parameters.
func (f *scoreFlags) toolMethod(ref *referenceColumn, cur columnValues) (*convention.Method, error) {
	name := f.method
	if slices.Contains(convention.Presets(), name) {
		n, distinct := ref.values.n, len(sortedKeys(ref.values.counts, cur.counts))
		if c := ref.profile; c != nil {
			n, distinct = float64(c.Count), distinctOf(c)
		}
		name = convention.Choose(name, ref.as == profile.Numeric, n, distinct)
	}
	m, _ := convention.Find(name)
	parameters := maps.Clone(f.parameters)
	if !math.IsNaN(f.threshold) {
		if parameters == nil {
			parameters = map[string]string{}
		}
		parameters["threshold"] = strconv.FormatFloat(f.threshold, 'g', -1, 64)
	}
	m, err := m.With(parameters)
	if err != nil {
		return nil, fmt.Errorf("--parameter: %w", err)
	}
	return m, nil
}

// sides are what the method compares. A tool that chooses a method of categories for a column of few
// numbers takes each value for one.
func (f *scoreFlags) sides(m *convention.Method, ref *referenceColumn, cur columnValues) (a, b convention.Side, err error) {
	if ref.profile != nil {
		return baselineSides(ref, cur)
	}
	asCategories := ref.as == profile.Numeric && m.Name() != f.method && !m.Numeric()
	sides := make([]convention.Side, 2)
	for i, v := range []columnValues{ref.values, cur} {
		if v.values != nil && float64(len(v.values)) != v.n {
			return a, b, fmt.Errorf("--weight: %s compares single values; --type %s=categorical", m.Name(), ref.name)
		}
		sides[i] = convention.Side{Values: v.values, Counts: v.counts, Rows: v.rows, Missing: v.missing}
		if asCategories {
			sides[i].Values = nil
		}
	}
	return sides[0], sides[1], nil
}

// baselineSides has the collector's bins; its categories, with all others as one, are compared by
// their counts.
func baselineSides(ref *referenceColumn, cur columnValues) (a, b convention.Side, err error) {
	c := ref.profile
	if len(cur.values) == 0 || c.Numeric == nil {
		return a, b, errNoCurrent
	}
	bins, err := distribution.NewBins(c.Numeric.Bounds)
	if err != nil {
		return a, b, err
	}
	pair, err := drift.CompareNumeric(c, bins.Count(cur.values), slices.Min(cur.values), slices.Max(cur.values))
	if err != nil {
		return a, b, err
	}
	r, k := pair.Samples(stats.KS)
	return convention.Side{Bins: &r}, convention.Side{Bins: &k}, nil
}

// baselineCategories are the counts of the baseline's categories in the order of their names, and
// of all others.
func baselineCategories(c *profile.Column, cur columnValues) (a, b []float64) {
	named := map[string]float64{}
	for _, category := range c.Categories {
		named[category.Value] = float64(category.Count)
	}
	rest := cur.n
	for _, name := range slices.Sorted(maps.Keys(named)) {
		a, b = append(a, named[name]), append(b, cur.counts[name])
		rest -= cur.counts[name]
	}
	if other := float64(c.Other); other > 0 || rest > 0 {
		a, b = append(a, other), append(b, rest)
	}
	return a, b
}

// distinctOf is the number of different values of a baseline's column, as far as its bins tell.
func distinctOf(c *profile.Column) int {
	if c.Type != profile.Numeric {
		n := len(c.Categories)
		if c.Other > 0 {
			n++
		}
		return n
	}
	n := 0
	if c.Numeric != nil {
		for _, k := range c.Numeric.Counts {
			if k > 0 {
				n++
			}
		}
	}
	return n
}

// correct makes verdicts anew of p-values that are corrected for the number of columns.
func (f *scoreFlags) correct(scores []toolScore) {
	var at []int
	var p []float64
	for i, s := range scores {
		if s.shows == "p-value" && s.Score != nil && s.Threshold != nil {
			at, p = append(at, i), append(p, *s.Score)
		}
	}
	if f.correction == correctionNone || len(at) == 0 {
		return
	}
	level := *scores[at[0]].Threshold
	switch f.correction {
	case correctionBonferroni:
		level = convention.Bonferroni(level, len(at))
	case correctionFDR:
		level, _ = convention.FalseDiscovery(p, level, false)
	}
	for k, i := range at {
		scores[i].Threshold, scores[i].Verdict = &level, convention.OK
		if p[k] < level {
			scores[i].Verdict = convention.Drift
		}
	}
}

// finite is nil for what JSON cannot write.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func written(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.10g", *v)
}
