// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/util/teststorage"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// world is a storage with rules on it, and a clock.
type world struct {
	t       testing.TB
	db      *teststorage.TestStorage
	engine  *promql.Engine
	groups  []*rules.Group
	now     time.Time
	counted map[string]float64
	parsed  map[string]labels.Labels
}

var began = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// inMemory loads groups that are in no file.
type inMemory struct{ groups *rulefmt.RuleGroups }

func (l inMemory) Load(string, bool, model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	return l.groups, nil
}

func (inMemory) Parse(query string) (parser.Expr, error) {
	return ruleengine.Parser().ParseExpr(query)
}

func newWorld(t testing.TB, groups *rulefmt.RuleGroups) *world {
	t.Helper()
	db := teststorage.New(t)
	t.Cleanup(func() { db.Close() })
	logger := slog.New(slog.DiscardHandler)
	engine := ruleengine.NewQueryEngine(ruleengine.QueryOptions{MaxSamples: 50_000_000, Timeout: time.Minute, Interval: time.Minute, Logger: logger})
	t.Cleanup(func() { engine.Close() })
	m := ruleengine.NewManager(context.Background(), ruleengine.Options{
		Engine: engine, Queryable: db, Appendable: db, Loader: inMemory{groups}, Logger: logger,
	})
	loaded, errs := m.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, "memory")
	require.Empty(t, errs)
	w := &world{t: t, db: db, engine: engine, now: began, counted: map[string]float64{}, parsed: map[string]labels.Labels{}}
	for _, g := range groups.Groups { // in their order
		w.groups = append(w.groups, loaded[rules.GroupKey("memory", g.Name)])
	}
	return w
}

// set writes samples of the present time, by series as PromQL writes them.
func (w *world) set(samples map[string]float64) {
	app := w.db.Appender(w.t.Context())
	for series, v := range samples {
		l, ok := w.parsed[series]
		if !ok {
			var err error
			l, err = ruleengine.Parser().ParseMetric(series)
			require.NoError(w.t, err)
			w.parsed[series] = l
		}
		_, err := app.Append(0, l, w.now.UnixMilli(), v)
		require.NoError(w.t, err)
	}
	require.NoError(w.t, app.Commit())
}

// count adds to counters and writes them.
func (w *world) count(more map[string]float64) {
	for series, v := range more {
		w.counted[series] += v
	}
	now := map[string]float64{}
	for series := range more {
		now[series] = w.counted[series]
	}
	w.set(now)
}

// eval evaluates all rules that are due at the present time.
func (w *world) eval() {
	for _, g := range w.groups {
		if w.now.Sub(began)%g.Interval() == 0 {
			g.Eval(w.t.Context(), w.now)
			for _, r := range g.Rules() {
				require.NoError(w.t, r.LastError(), "%s at %s: %s", r.Name(), w.now.Sub(began), r.Query())
			}
		}
	}
}

// firing are the alerts that fire, by name and the labels given, sorted.
func (w *world) firing(by ...string) []string {
	var out []string
	for _, a := range w.alerts() {
		text := []string{a.Labels.Get(labels.AlertName)}
		for _, label := range by {
			text = append(text, a.Labels.Get(label))
		}
		out = append(out, strings.Join(text, " "))
	}
	slices.Sort(out)
	return out
}

func (w *world) alerts() []*rules.Alert {
	var out []*rules.Alert
	for _, g := range w.groups {
		for _, r := range g.AlertingRules() {
			for _, a := range r.ActiveAlerts() {
				if a.State == rules.StateFiring {
					out = append(out, a)
				}
			}
		}
	}
	return out
}

// query returns the values of an expression at the present time by one label.
func (w *world) query(expr, label string) map[string]float64 {
	out := map[string]float64{}
	for l, v := range w.vector(expr) {
		out[l.Get(label)] = v
	}
	return out
}

// vector goes through the series of an expression at the present time.
func (w *world) vector(expr string) iter.Seq2[labels.Labels, float64] {
	q, err := w.engine.NewInstantQuery(w.t.Context(), w.db, nil, expr, w.now)
	require.NoError(w.t, err)
	defer q.Close()
	vector, err := q.Exec(w.t.Context()).Vector()
	require.NoError(w.t, err, expr)
	vector = slices.Clone(vector)
	return func(yield func(labels.Labels, float64) bool) {
		for _, s := range vector {
			if !yield(s.Metric, s.F) {
				return
			}
		}
	}
}
