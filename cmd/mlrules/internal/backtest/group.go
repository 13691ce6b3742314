// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
)

// group is a group of rules on its way through the past.
type group struct {
	*rules.Group
	step  time.Duration
	next  time.Time
	rules []*testedRule
	// selectors are those whose series are looked for at its steps.
	selectors []*selector
}

// testedRule is a rule and what is known of it.
type testedRule struct {
	rule      rules.Rule
	selectors []string
	errors    int
	lastError string
	// Of alerting rules:
	follower    *follower
	variants    *variants
	noThreshold string
}

// variants are an alerting rule with other thresholds.
type variants struct {
	threshold threshold
	list      []*variant
	// compared gives what is compared with the threshold: values what it gave in this step, extremes the
	// one of each step that is furthest to its side.
	compared string
	values   promql.Vector
	err      error
	extremes []float64
}

type variant struct {
	value    float64
	text     string
	rule     *rules.AlertingRule
	follower *follower
}

// newVariants returns a rule with the thresholds to try, or why there is none.
func (b *backtest) newVariants(g *group, rule *rules.AlertingRule) (*variants, string) {
	t, err := findThreshold(rule.Query())
	if err != nil {
		return nil, err.Error()
	}
	values, chosen := b.options.Thresholds[rule.Name()]
	if !chosen {
		values = t.around()
	}
	v := &variants{threshold: t}
	for _, value := range values {
		expr, err := t.with(value)
		if err != nil {
			return nil, err.Error()
		}
		if !t.whole {
			b.ahead.expect(expr, g.step)
		}
		other := rules.NewAlertingRule(rule.Name(), expr, rule.HoldDuration(), rule.KeepFiringFor(), rule.Labels(),
			labels.EmptyLabels(), labels.EmptyLabels(), "", false, slog.New(slog.DiscardHandler))
		v.list = append(v.list, &variant{value: value, text: expr.String(), rule: other, follower: newFollower(other, g.step, false)})
	}
	least := math.Inf(-1)
	if !t.above() {
		least = math.Inf(1)
	}
	if expr, err := t.with(least); err == nil {
		b.ahead.expect(expr, g.step)
		v.compared = expr.String()
		if t.whole {
			b.ahead.derive(t, v.compared, g.step)
		}
	}
	return v, ""
}

// evaluate evaluates the group at a time and notes what it gives.
func (g *group) evaluate(ctx context.Context, b *backtest, at time.Time) {
	g.Eval(ctx, at)
	for _, t := range g.rules {
		if err := t.rule.LastError(); err != nil {
			t.errors++
			t.lastError = err.Error()
		}
		if t.follower != nil {
			t.follower.note(at)
		}
		if t.variants != nil {
			t.variants.evaluate(ctx, g, b, at)
		}
	}
	for _, s := range g.selectors {
		if v, err := b.ahead.query(ctx, s.presence, at); err == nil && len(v) > 0 {
			s.note(at, g.step)
			b.coverage.add(span{at, at.Add(g.step)})
		}
	}
}

func (v *variants) evaluate(ctx context.Context, g *group, b *backtest, at time.Time) {
	v.values, v.err = b.ahead.query(ctx, v.compared, at.Add(-g.QueryOffset()))
	if e := extreme(v.values, v.threshold.above()); v.err == nil && !math.IsNaN(e) {
		v.extremes = append(v.extremes, e)
	}
	for _, other := range v.list {
		query := b.ahead.query
		if v.threshold.whole {
			query = v.query(b.ahead, other)
		}
		// Where it fails, so does the rule itself, which reports it.
		if _, err := other.rule.Eval(ctx, g.QueryOffset(), at, query, noURL, g.Limit()); err == nil {
			other.follower.note(at)
		}
	}
}

// query returns a QueryFunc that takes what a variant asks for from what is compared in this step.
func (v *variants) query(a *ahead, other *variant) rules.QueryFunc {
	return func(ctx context.Context, text string, at time.Time) (promql.Vector, error) {
		if text != other.text {
			return a.query(ctx, text, at) // a template asks
		}
		return v.threshold.takes(v.values, other.value), v.err
	}
}

func (t *testedRule) reportThresholds(r *Rule) {
	r.NoThreshold = t.noThreshold
	if t.variants == nil {
		return
	}
	v := t.variants
	r.Threshold, r.Values = &v.threshold.value, quantiles(v.extremes, v.threshold.above())
	for _, other := range v.list {
		other.follower.finish()
		r.Thresholds = append(r.Thresholds, Threshold{
			Value: other.value, Given: other.value == v.threshold.value, Firing: other.follower.Firing,
		})
	}
	slices.SortFunc(r.Thresholds, func(a, b Threshold) int { return int(sign(a.Value - b.Value)) })
}

func sign(v float64) float64 {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	}
	return 0
}
