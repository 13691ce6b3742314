// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleset"
)

// What one query may take: as in a Prometheus server.
const (
	maxSamples   = 50_000_000
	queryTimeout = 2 * time.Minute
)

// maxSteps bounds how many evaluations of one group there are.
const maxSteps = 5_000_000

// Options say what is evaluated.
type Options struct {
	// Files are rule files, as ruleset.Expand returns them.
	Files []string
	// Generated are groups that were made of service level objectives; nil for none.
	Generated *rulefmt.RuleGroups
	// Dir is the folder of the TSDB.
	Dir         string
	From, Until time.Time
	// Step is how often rules are evaluated; 0 for the interval of each group.
	Step time.Duration
	// Thresholds are those to try, by the name of the alert, in place of those around the one given.
	Thresholds map[string][]float64
	// Progress is told how many of all evaluations are done.
	Progress func(done, all int)
}

// Run evaluates rules over the past.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	started := time.Now()
	db, err := openDatabase(o.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	engine := ruleengine.NewQueryEngine(ruleengine.QueryOptions{MaxSamples: maxSamples, Timeout: queryTimeout, Interval: ruleengine.Interval})
	defer func() { err = errors.Join(err, engine.Close()) }()
	b := &backtest{options: o, names: map[string]bool{}, selectors: map[string]*selector{}}
	if b.overlay, err = newOverlay(db, o.From, b.names); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.overlay.Close()) }()
	b.ahead = newAhead(engine, b.overlay, o.Until)
	if err := b.load(ctx, engine); err != nil {
		return nil, err
	}
	if err := b.evaluate(ctx); err != nil {
		return nil, err
	}
	report, err := b.report(ctx)
	if err != nil {
		return nil, err
	}
	report.Took = time.Since(started)
	return report, nil
}

// backtest is one run.
type backtest struct {
	options   Options
	overlay   *overlay
	ahead     *ahead
	names     map[string]bool
	groups    []*group
	selectors map[string]*selector
	coverage  *coverage
	done, all int
}

// generated is what takes the place of a file's name for groups that come from no rule file.
const generated = "objectives"

// loader reads rule files, and has the groups that were generated.
type loader struct {
	ruleset.Loader
	generated *rulefmt.RuleGroups
}

func (l loader) Load(name string, ignoreUnknownFields bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	if name == generated && l.generated != nil {
		return l.generated, nil
	}
	return l.Loader.Load(name, ignoreUnknownFields, scheme)
}

// load reads the rules and prepares their groups.
func (b *backtest) load(ctx context.Context, engine promql.QueryEngine) error {
	discard := slog.New(slog.DiscardHandler)
	manager := ruleengine.NewManager(ctx, ruleengine.Options{
		Engine: engine, Query: b.ahead.query, Queryable: b.overlay, Appendable: b.overlay,
		Loader: loader{ruleset.Loader{Parser: ruleengine.Parser(), Logger: discard}, b.options.Generated}, Logger: discard,
	})
	files := b.options.Files
	if b.options.Generated != nil {
		files = append(slices.Clone(files), generated)
	}
	loaded, errs := manager.LoadGroups(ruleengine.Interval, labels.EmptyLabels(), "", nil, false, files...)
	if len(errs) > 0 {
		return errors.Join(distinct(errs)...)
	}
	for _, g := range loaded {
		for _, rule := range g.Rules() {
			b.write(rule)
		}
		step := b.options.Step
		if step == 0 {
			step = g.Interval()
		}
		b.groups = append(b.groups, &group{Group: g, step: step, next: firstStep(b.options.From, step)})
	}
	if len(b.groups) == 0 {
		return fmt.Errorf("%s: there are no rules", strings.Join(b.options.Files, ", "))
	}
	slices.SortFunc(b.groups, func(x, y *group) int {
		return strings.Compare(x.File()+";"+x.Name(), y.File()+";"+y.Name())
	})
	return b.prepare()
}

// distinct takes out errors that say the same: Prometheus reports what is wrong with the YAML twice.
func distinct(errs []error) []error {
	known := map[string]bool{}
	return slices.DeleteFunc(errs, func(err error) bool {
		before := known[err.Error()]
		known[err.Error()] = true
		return before
	})
}

// write notes which metrics a rule writes.
func (b *backtest) write(rule rules.Rule) {
	if alerting, ok := rule.(*rules.AlertingRule); ok {
		alerting.SetRestored(true) // there is no state to wait for
		for _, name := range alertMetrics {
			b.names[name] = true
		}
		return
	}
	b.names[rule.Name()] = true
}

// firstStep returns the first time from a time on that is a multiple of step.
func firstStep(from time.Time, step time.Duration) time.Time {
	at := time.Unix(0, from.UnixNano()/int64(step)*int64(step)).UTC()
	if at.Before(from) {
		at = at.Add(step)
	}
	return at
}

// prepare says what is asked for at every step.
func (b *backtest) prepare() error {
	least := b.groups[0].step
	for _, g := range b.groups {
		least = min(least, g.step)
		if steps := int64(b.options.Until.Sub(g.next)/g.step) + 1; steps > maxSteps {
			return fmt.Errorf("group %s would be evaluated %d times, at most %d: a larger --step, or a later --since", g.Name(), steps, maxSteps)
		} else if steps > 0 {
			b.all += int(steps)
		}
		for _, rule := range g.Rules() {
			g.rules = append(g.rules, b.newRule(g, rule))
		}
	}
	b.coverage = newCoverage(firstStep(b.options.From, least), b.options.Until, least)
	for _, s := range b.overlay.base.blocks {
		b.coverage.add(s)
	}
	return nil
}

func (b *backtest) newRule(g *group, rule rules.Rule) *testedRule {
	t := &testedRule{rule: rule}
	b.ahead.expect(rule.Query(), g.step)
	for _, s := range selectorsOf(rule.Query(), b.names) {
		if !slices.Contains(t.selectors, s.text) {
			t.selectors = append(t.selectors, s.text)
		}
		if b.selectors[s.text] != nil {
			continue
		}
		b.selectors[s.text] = s
		if !s.written {
			g.selectors = append(g.selectors, s)
			if expr, err := parsed(s.presence); err == nil {
				b.ahead.expect(expr, g.step)
			}
		}
	}
	if alerting, ok := rule.(*rules.AlertingRule); ok {
		t.follower = newFollower(alerting, g.step, true)
		t.variants, t.noThreshold = b.newVariants(g, alerting)
	}
	return t
}

// evaluate steps the groups through the time, those that are due at the same time in their order.
func (b *backtest) evaluate(ctx context.Context) error {
	for {
		now := b.groups[0].next
		for _, g := range b.groups {
			if g.next.Before(now) {
				now = g.next
			}
		}
		if now.After(b.options.Until) {
			return nil
		}
		for _, g := range b.groups {
			if !g.next.Equal(now) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			g.evaluate(context.WithValue(ctx, stepOf{}, g.step), b, now)
			g.next = now.Add(g.step)
			b.done++
			if b.options.Progress != nil {
				b.options.Progress(b.done, b.all)
			}
		}
	}
}

// report says what was found.
func (b *backtest) report(ctx context.Context) (*Report, error) {
	r := &Report{
		From: b.options.From.UTC(), Until: b.options.Until.UTC(), Asked: b.options.Until.Sub(b.options.From),
		Evaluations: b.done, Queries: b.ahead.queries,
	}
	covered, all := b.coverage.total()
	if r.Covered = covered; covered > 0 {
		r.First, r.Last = &all.From, &all.To
	}
	written, err := b.overlay.written.Querier(0, b.options.Until.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer written.Close() // it was only read
	for _, g := range b.groups {
		for _, t := range g.rules {
			r.Rules = append(r.Rules, b.reportRule(ctx, g, t, written))
		}
		for _, s := range g.selectors {
			if there := time.Duration(s.steps) * g.step; s.steps > 0 && there+g.step < r.Asked*9/10 {
				r.Selectors = append(r.Selectors, Selector{Selector: s.text, There: there, From: &s.From, Until: &s.To})
			}
		}
	}
	return r, nil
}

func (b *backtest) reportRule(ctx context.Context, g *group, t *testedRule, written storage.Querier) Rule {
	r := Rule{File: g.File(), Group: g.Name(), Errors: t.errors, LastError: t.lastError}
	for _, text := range t.selectors {
		s := b.selectors[text]
		if s.written && count(ctx, written, s.matchers) == 0 || !s.written && s.steps == 0 {
			r.NoSeries = append(r.NoSeries, text)
		}
	}
	alerting, ok := t.rule.(*rules.AlertingRule)
	if !ok {
		r.Record = t.rule.Name()
		name := labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, r.Record)
		r.Series = count(ctx, written, []*labels.Matcher{name})
		return r
	}
	t.follower.finish()
	r.Alert, r.For, r.Firing, r.List = alerting.Name(), alerting.HoldDuration(), &t.follower.Firing, t.follower.list
	t.reportThresholds(&r)
	return r
}

func count(ctx context.Context, q storage.Querier, matchers []*labels.Matcher) int {
	n := 0
	for set := q.Select(ctx, false, nil, matchers...); set.Next(); {
		n++
	}
	return n
}

// noURL is where rules lead to: nowhere.
var noURL = &url.URL{}
