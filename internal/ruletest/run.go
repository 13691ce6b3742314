// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ruletest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleset"
)

// What one query may take: as in a Prometheus server.
const (
	maxSamples   = 50_000_000
	queryTimeout = 2 * time.Minute
)

// Options choose what is run.
type Options struct {
	// Tests is what the name of a test must match to be run; nil for all.
	Tests *regexp.Regexp
	// IgnoreUnknownFields reads rule files with keys that Prometheus does not know.
	IgnoreUnknownFields bool
}

// Result is what a file has given.
type Result struct {
	// Unmatched are patterns of rule_files that match no file.
	Unmatched []string
	Tests     []TestResult
}

// TestResult is what one test has given.
type TestResult struct {
	Name string
	// Failures are empty where all is as expected.
	Failures []error
}

// Failed says whether any test has failed.
func (r Result) Failed() bool {
	return slices.ContainsFunc(r.Tests, func(t TestResult) bool { return len(t.Failures) > 0 })
}

// Run runs the tests of a file, one after the other. The error says why there are none: the file
// cannot be read.
func Run(ctx context.Context, name string, o Options) (Result, error) {
	f, err := readFile(name)
	if err != nil {
		return Result{}, err
	}
	files, unmatched, err := expand(f.RuleFiles)
	if err != nil {
		return Result{}, fmt.Errorf("%s:%d: 'rule_files': %w", name, f.lines.of("rule_files"), err)
	}
	result := Result{Unmatched: unmatched}
	for i := range f.Tests {
		t := &f.Tests[i]
		if o.Tests != nil && !o.Tests.MatchString(t.Name) {
			continue
		}
		r := runner{name: name, file: f, test: t, ruleFiles: files, options: o}
		result.Tests = append(result.Tests, TestResult{Name: t.Name, Failures: r.run(ctx)})
	}
	return result, nil
}

// expand returns the files that patterns name, in the order in which they are named.
func expand(patterns []string) (files, unmatched []string, err error) {
	for _, pattern := range patterns {
		found, none, err := ruleset.Expand([]string{pattern})
		if err != nil {
			return nil, nil, err
		}
		files = append(files, found...)
		unmatched = append(unmatched, none...)
	}
	return files, unmatched, nil
}

// runner runs one test.
type runner struct {
	name      string
	file      *file
	test      *test
	ruleFiles []string
	options   Options

	memory   *memory
	engine   *promql.Engine
	groups   []*rules.Group
	failures []error
}

// run returns what is not as expected. It ends early where a rule cannot be evaluated: what follows
// would be of rules that have not run.
func (r *runner) run(ctx context.Context) (failures []error) {
	memory, err := newMemory(r.test, ruleengine.Parser())
	if err != nil {
		return []error{r.errorf(0, "%w", err)}
	}
	r.memory = memory
	defer func() {
		if err := r.memory.Close(); err != nil {
			failures = append(failures, r.errorf(0, "%w", err))
		}
	}()
	r.engine = ruleengine.NewQueryEngine(ruleengine.QueryOptions{
		MaxSamples: maxSamples, Timeout: queryTimeout, Interval: time.Duration(r.file.EvaluationInterval),
		Logger: slog.New(slog.DiscardHandler),
	})
	defer func() { _ = r.engine.Close() }()
	if errs := r.loadRules(ctx); errs != nil {
		return errs
	}
	if !r.evaluate(ctx) {
		return r.failures
	}
	r.checkExpressions(ctx)
	return r.failures
}

// loadRules reads the rule files. Alerting rules count as restored, else they would not write their
// series.
func (r *runner) loadRules(ctx context.Context) []error {
	loader := &orderedLoader{places: map[string]int{}}
	loader.Loader = ruleset.Loader{Parser: ruleengine.Parser(), Logger: slog.New(slog.DiscardHandler)}
	manager := ruleengine.NewManager(ctx, ruleengine.Options{
		Engine: r.engine, Queryable: r.memory, Appendable: r.memory, Loader: loader, Logger: slog.New(slog.DiscardHandler),
	})
	groups, errs := manager.LoadGroups(time.Duration(r.test.Interval), r.test.ExternalLabels, r.test.ExternalURL, nil,
		r.options.IgnoreUnknownFields, r.ruleFiles...)
	if errs != nil {
		return errs
	}
	// A group that group_eval_order does not name has the place of the first, as in promtool.
	order := map[string]int{}
	for i, group := range r.file.GroupEvalOrder {
		order[group] = i
	}
	r.groups = slices.SortedFunc(maps.Values(groups), func(a, b *rules.Group) int {
		return cmp.Or(cmp.Compare(order[a.Name()], order[b.Name()]),
			cmp.Compare(loader.places[rules.GroupKey(a.File(), a.Name())], loader.places[rules.GroupKey(b.File(), b.Name())]))
	})
	for _, alerting := range r.alertingRules() {
		alerting.SetRestored(true)
	}
	return nil
}

// orderedLoader remembers the order in which groups stand in their files.
type orderedLoader struct {
	ruleset.Loader
	places map[string]int
}

// Load reads one file.
func (l *orderedLoader) Load(name string, ignoreUnknownFields bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	groups, errs := l.Loader.Load(name, ignoreUnknownFields, scheme)
	if errs != nil {
		return nil, errs
	}
	for _, g := range groups.Groups {
		l.places[rules.GroupKey(name, g.Name)] = len(l.places)
	}
	return groups, nil
}

// evaluate steps through the test's time and compares alerts at theirs: those of the last evaluation
// that is not later. It is false where a rule could not be evaluated.
func (r *runner) evaluate(ctx context.Context) bool {
	interval := time.Duration(r.file.EvaluationInterval)
	due := slices.Clone(r.test.Alerts)
	slices.SortStableFunc(due, func(a, b alertCase) int { return cmp.Compare(a.EvalTime, b.EvalTime) })
	length := r.test.length()
	for elapsed := time.Duration(0); ; elapsed += interval {
		now := r.test.start().Add(elapsed)
		if err := errors.Join(ctx.Err(), r.memory.writeUntil(ctx, now)); err != nil {
			r.failures = append(r.failures, r.errorf(0, "at %s: %w", elapsed, err))
			return false
		}
		if !r.evaluateGroups(ctx, now, elapsed) {
			return false
		}
		for len(due) > 0 && time.Duration(due[0].EvalTime)-elapsed < interval {
			r.checkAlerts(due[0])
			due = due[1:]
		}
		if length-elapsed < interval { // the sum may be more than a duration can be
			return true
		}
	}
}

func (r *runner) evaluateGroups(ctx context.Context, now time.Time, elapsed time.Duration) bool {
	good := true
	for _, g := range r.groups {
		g.Eval(ctx, now)
		for _, rule := range g.Rules() {
			if err := rule.LastError(); err != nil {
				r.failures = append(r.failures, r.errorf(0, "rule %s of group %s at %s: %w", rule.Name(), g.Name(), elapsed, err))
				good = false
			}
		}
	}
	return good
}

func (r *runner) alertingRules() []*rules.AlertingRule {
	var list []*rules.AlertingRule
	for _, g := range r.groups {
		for _, rule := range g.Rules() {
			if alerting, ok := rule.(*rules.AlertingRule); ok {
				list = append(list, alerting)
			}
		}
	}
	return list
}

// errorf says what is wrong in a test; line 0 is that of the test.
func (r *runner) errorf(line int, format string, args ...any) error {
	if line == 0 {
		line = r.line()
	}
	return fmt.Errorf("%s:%d: test %q: %w", r.name, line, r.test.Name, fmt.Errorf(format, args...))
}

func (r *runner) line() int {
	for i := range r.file.Tests {
		if &r.file.Tests[i] == r.test {
			return r.file.lines.of("tests", i)
		}
	}
	return 0
}
