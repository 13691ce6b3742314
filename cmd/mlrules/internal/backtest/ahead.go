// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
)

// stepsAhead is how many steps of an expression are evaluated at once.
const stepsAhead = 240

// ahead answers what rules ask. Expressions that it knows to depend on the TSDB alone are evaluated for
// many steps by one query, which gives the same as one query a step and is much faster.
type ahead struct {
	engine  promql.QueryEngine
	overlay *overlay
	instant rules.QueryFunc
	until   time.Time
	known   map[aheadKey]*results
	// derived are expressions that take some of what another one gives.
	derived map[aheadKey]derived
	queries int
}

// aheadKey is an expression that is evaluated every step.
type aheadKey struct {
	text string
	step time.Duration
}

// results are those of an expression from start on.
type results struct {
	start   time.Time
	vectors []promql.Vector
	// failed says that one of the steps fails, so that each is evaluated for itself.
	failed bool
}

func newAhead(engine promql.QueryEngine, o *overlay, until time.Time) *ahead {
	return &ahead{engine: engine, overlay: o, instant: rules.EngineQueryFunc(engine, o), until: until, known: map[aheadKey]*results{}, derived: map[aheadKey]derived{}}
}

// expect says that an expression will be asked for every step.
func (a *ahead) expect(expr parser.Expr, step time.Duration) {
	if a.independent(expr) {
		a.known[aheadKey{expr.String(), step}] = &results{}
	}
}

// derived is an expression that gives those of what another one gives that are beyond a threshold.
type derived struct {
	from      string
	threshold threshold
}

// derive says that the expression of a threshold, which is expected, gives some of what another one
// that is expected gives: it is not evaluated on its own.
func (a *ahead) derive(t threshold, from string, step time.Duration) {
	key := aheadKey{t.expr.String(), step}
	if a.known[key] != nil && a.known[aheadKey{from, step}] != nil {
		a.derived[key] = derived{from, t}
	}
}

// independent reports whether an expression depends on nothing that the rules write, and on no bounds
// of its query.
func (a *ahead) independent(expr parser.Expr) bool {
	yes := true
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			name, ok := metricName(n.LabelMatchers)
			yes = yes && ok && !a.overlay.names[name] && n.StartOrEnd == 0
		case *parser.SubqueryExpr:
			yes = yes && n.StartOrEnd == 0
		}
		return nil
	})
	return yes
}

// stepOf is the key under which a context says how often what asks is evaluated.
type stepOf struct{}

// query is a rules.QueryFunc for what is evaluated every step that its context names.
func (a *ahead) query(ctx context.Context, text string, at time.Time) (promql.Vector, error) {
	step, _ := ctx.Value(stepOf{}).(time.Duration)
	if d, ok := a.derived[aheadKey{text, step}]; ok {
		all, err := a.query(ctx, d.from, at)
		return d.threshold.takes(all, d.threshold.value), err
	}
	r, ok := a.known[aheadKey{text, step}]
	if !ok || !r.prepare(ctx, a, aheadKey{text, step}, at) {
		a.queries++
		return a.instant(ctx, text, at)
	}
	return slices.Clone(r.vectors[at.Sub(r.start)/step]), nil // a recording rule writes into it
}

// prepare reports whether there is a result for a time; it loads the steps from there on where the time
// is the one that follows.
func (r *results) prepare(ctx context.Context, a *ahead, key aheadKey, at time.Time) bool {
	if len(r.vectors) > 0 {
		if at.Before(r.start) || at.Sub(r.start)%key.step != 0 {
			return false // a template asks, at another time than the rule
		}
		if int(at.Sub(r.start)/key.step) < len(r.vectors) {
			return !r.failed
		}
	}
	*r = results{start: at, vectors: make([]promql.Vector, stepsAhead)}
	r.failed = a.load(ctx, r, key.text, key.step) != nil
	return !r.failed
}

// load evaluates the steps of r.
func (a *ahead) load(ctx context.Context, r *results, text string, step time.Duration) error {
	a.queries++
	end := r.start.Add((stepsAhead - 1) * step)
	if end.After(a.until) {
		whole := a.until.Sub(r.start)
		end = r.start.Add(whole - whole%step)
	}
	q, err := a.engine.NewRangeQuery(ctx, a.overlay, nil, text, r.start, end, step)
	if err != nil {
		return err
	}
	defer q.Close()
	result := q.Exec(ctx)
	if result.Err != nil {
		return result.Err
	}
	matrix, err := result.Matrix()
	if err != nil {
		return err
	}
	first, ms := timestamp.FromTime(r.start), step.Milliseconds()
	for _, series := range matrix {
		for _, p := range series.Floats {
			i := (p.T - first) / ms
			r.vectors[i] = append(r.vectors[i], promql.Sample{Metric: series.Metric, T: p.T, F: p.F})
		}
		for _, p := range series.Histograms { // the query takes the memory of its points back
			i := (p.T - first) / ms
			r.vectors[i] = append(r.vectors[i], promql.Sample{Metric: series.Metric, T: p.T, H: p.H.Copy()})
		}
	}
	return nil
}
