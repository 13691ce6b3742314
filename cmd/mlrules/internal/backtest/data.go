// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// span is a time from From up to To.
type span struct{ From, To time.Time }

func parsed(text string) (parser.Expr, error) { return ruleengine.Parser().ParseExpr(text) }

// selector is a selector of a rule, and when there were series for it.
type selector struct {
	text string
	// presence is an expression that is there when a series is.
	presence string
	matchers []*labels.Matcher
	// written says that the rules under test write what it selects.
	written bool
	steps   int
	span
}

// selectorsOf returns the selectors of an expression without their ranges and offsets.
func selectorsOf(expr parser.Expr, written map[string]bool) []*selector {
	var list []*selector
	for _, matchers := range parser.ExtractSelectors(expr) {
		name, _ := metricName(matchers)
		text := (&parser.VectorSelector{Name: name, LabelMatchers: matchers}).String()
		list = append(list, &selector{text: text, presence: "group(" + text + ")", matchers: matchers, written: written[name]})
	}
	return list
}

// note says that there was a series at a time, which stands for the step that follows.
func (s *selector) note(at time.Time, step time.Duration) {
	if s.steps == 0 {
		s.From = at
	}
	s.To = at.Add(step)
	s.steps++
}

// coverage is for which steps of a time there is data.
type coverage struct {
	begin time.Time
	step  time.Duration
	there []bool
}

func newCoverage(begin, until time.Time, step time.Duration) *coverage {
	return &coverage{begin: begin, step: step, there: make([]bool, int(until.Sub(begin)/step)+1)}
}

func (c *coverage) add(s span) {
	for i := max(0, int(s.From.Sub(c.begin)/c.step)); i < len(c.there) && c.begin.Add(time.Duration(i)*c.step).Before(s.To); i++ {
		c.there[i] = true
	}
}

// total returns how much of the time there is data for, and when the first and the last of it is.
func (c *coverage) total() (covered time.Duration, all span) {
	first, last, n := -1, -1, 0
	for i, there := range c.there {
		if !there {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
		n++
	}
	if n == 0 {
		return 0, span{}
	}
	// The last evaluation has no step behind it.
	covered = time.Duration(min(n, len(c.there)-1)) * c.step
	return covered, span{c.begin.Add(time.Duration(first) * c.step), c.begin.Add(time.Duration(last) * c.step)}
}

// extreme returns the value that is most likely to be over a threshold; NaN where there is none.
func extreme(v promql.Vector, above bool) float64 {
	e := math.NaN()
	for _, s := range v {
		if s.H == nil && (math.IsNaN(e) || above == (s.F > e)) {
			e = s.F
		}
	}
	return e
}

// quantiles are those of the extremes of all steps.
func quantiles(extremes []float64, above bool) *Values {
	if len(extremes) == 0 {
		return nil
	}
	slices.Sort(extremes)
	if !above {
		slices.Reverse(extremes)
	}
	at := func(q float64) float64 { return extremes[int(q*float64(len(extremes)-1))] }
	return &Values{Median: at(0.5), Of10: at(0.9), Of100: at(0.99), Most: at(1)}
}
