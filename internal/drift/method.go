// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// method is a statistic with the effect at which it speaks of drift: ours, or as another tool
// computes it.
type method struct {
	name string
	// test is ours; beside another tool's statistic, the one whose p-value is taken.
	test      stats.Method
	tool      *convention.Method // nil for ours
	threshold float64            // NaN: the tool's own
	// values takes each bin of numbers for a category.
	values bool
}

// newMethod returns the method of a name for a type of column; overrides are thresholds by name, of
// which the last one counts. Its error says why there is none.
func newMethod(name string, t profile.Type, overrides ...map[string]float64) (method, error) {
	var threshold float64
	given := false
	for _, o := range overrides {
		if v, ok := o[name]; ok {
			threshold, given = v, true
		}
	}
	if tool, ok := convention.Find(name); ok {
		m, err := newToolMethod(tool, t)
		if given {
			m.setThreshold(threshold)
		}
		return m, err
	}
	m, err := stats.ParseMethod(name)
	if err != nil {
		return method{}, fmt.Errorf("%w; or as another tool has it, such as psi@evidently (docs/methods.md)", err)
	}
	if t == profile.Categorical && m.Ordered() {
		return method{}, fmt.Errorf("%q compares ordered values and has no meaning for categories", name)
	}
	if !given {
		threshold = m.DefaultThreshold()
	}
	return method{name: name, test: m, threshold: threshold}, nil
}

func newToolMethod(tool *convention.Method, t profile.Type) (method, error) {
	m := method{name: tool.Name(), test: stats.Chi2, tool: tool, threshold: math.NaN()}
	switch {
	case t == profile.Categorical && tool.Counted():
	case t == profile.Categorical && !tool.Categorical():
		return m, fmt.Errorf("%q compares numbers and has no meaning for categories", tool.Name())
	case t == profile.Categorical, !tool.Binned() && tool.Numeric():
		return m, fmt.Errorf("%q compares the rows themselves, and windows keep bins and counts: mlprofile score --method %s computes it of two data files", tool.Name(), tool.Name())
	case !tool.Binned():
		return m, fmt.Errorf("%q compares categories and has no meaning for numbers", tool.Name())
	case strings.HasPrefix(tool.Name(), "ks@"):
		m.test = stats.KS
	case strings.HasPrefix(tool.Name(), "wasserstein@"):
		m.test = stats.Wasserstein
	}
	return m, nil
}

// setThreshold takes a threshold as the tool has it: of its score, or of its p-value.
func (m *method) setThreshold(v float64) {
	with, err := m.tool.With(map[string]string{"threshold": strconv.FormatFloat(v, 'g', -1, 64)})
	if err != nil { // the tool's verdict has words, or no threshold: the effect has this one
		m.threshold = v
		return
	}
	m.tool = with
}

// preset returns what a tool takes for a column by default. A method of categories for numbers takes
// each of their few values for one.
func preset(tool string, t profile.Type, c *profile.Column, overrides ...map[string]float64) []method {
	n, distinct := 0.0, 0
	if c != nil {
		n, distinct = float64(c.Count), distinctValues(c)
	}
	name := convention.Choose(tool, t == profile.Numeric, n, distinct)
	m, err := newMethod(name, t, overrides...)
	if err == nil {
		return []method{m}
	}
	if m, err = newMethod(name, profile.Categorical, overrides...); err != nil {
		return nil
	}
	m.values = true
	return []method{m}
}

// distinctValues is the number of different values of a baseline's column, as far as it tells.
func distinctValues(c *profile.Column) int {
	n := len(c.Categories)
	if c.Other > 0 {
		n++
	}
	if c.Numeric != nil {
		for _, k := range c.Numeric.Counts {
			if k > 0 {
				n++
			}
		}
	}
	return n
}

// compare computes the method on a pair, and the effect at which it speaks of drift. Of another
// tool's method the score is that tool's; the p-value is that of our test of the same groups or
// bins, which knows how much the rows are worth.
func (m *method) compare(p *distribution.Pair) (stats.Result, float64, error) {
	res, err := p.Compare(m.test)
	if m.tool == nil || err != nil {
		return res, m.threshold, err
	}
	r, err := m.compareAsTool(p)
	if err != nil {
		return stats.Result{}, 0, err
	}
	effect, threshold := m.tool.Effect(&r)
	switch {
	case !math.IsNaN(m.threshold):
		threshold = m.threshold
	case math.IsNaN(threshold):
		threshold = m.test.DefaultThreshold()
	}
	res.Score, res.Effect = min(r.Score, maxFloat), min(effect, maxFloat)
	if p.Numeric() && !m.values {
		res.Error = maxFloat // the tool's bins cut ours
	}
	return res, threshold, nil
}

func (m *method) compareAsTool(p *distribution.Pair) (convention.Result, error) {
	if p.Numeric() && !m.values {
		ref, cur := p.Samples(stats.KS)
		return m.tool.Compare(convention.Side{Bins: &ref}, convention.Side{Bins: &cur})
	}
	of := stats.Chi2
	if m.values {
		of = stats.KS
	}
	ref, cur := p.Samples(of)
	// A category that neither side has is none to the tool.
	var a, b []float64
	for i := range ref.Counts {
		if ref.Counts[i] > 0 || cur.Counts[i] > 0 {
			a, b = append(a, ref.Counts[i]), append(b, cur.Counts[i])
		}
	}
	return m.tool.CompareCounts(a, b)
}

// checkPreset says whether there is a tool of the name.
func checkPreset(name string) error {
	if name == "" || slices.Contains(convention.Presets(), name) {
		return nil
	}
	return fmt.Errorf("%q is none of %s", name, strings.Join(convention.Presets(), ", "))
}
