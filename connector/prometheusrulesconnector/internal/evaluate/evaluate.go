// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package evaluate runs rule groups on a TSDB: it loads them, again when a file changes, evaluates each at its
// interval, hands alerts and recorded samples on, and goes on with alerts of before a restart.
package evaluate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/alerting"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleset"
)

// Options are those of an Evaluator.
type Options struct {
	// Interval is of groups that have none.
	Interval       time.Duration
	ExternalLabels map[string]string
	ExternalURL    *url.URL
	// MaxSamples and Timeout bound one query, MaxSeries the series of the TSDB's head.
	MaxSamples int
	Timeout    time.Duration
	MaxSeries  int
	// Full reports whether nothing may be written.
	Full func() bool
	// Alerts is told of all alerts.
	Alerts *alerting.Alerts
	// Evaluated is told that a group was evaluated: how long it took, how many of its rules failed. Missed are the
	// evaluations that did not happen since the one before, because that took too long.
	Evaluated func(group string, took time.Duration, failed, missed int)
	Logger    *slog.Logger
}

// Evaluator evaluates rule groups.
type Evaluator struct {
	o       Options
	db      *tsdb.DB
	parser  parser.Parser
	engine  *promql.Engine
	loader  *ruleset.Loader
	manager *rules.Manager
	records *records
	stopped chan struct{} // closed when the manager has; nil before Run

	mu       sync.Mutex
	evidence *sources
	settling map[string]int // rounds to go before what was restored is settled, by group; nil once all are
	last     map[string]time.Time
}

// New returns an evaluator without rules.
func New(ctx context.Context, db *tsdb.DB, registry prometheus.Registerer, o Options) *Evaluator {
	e := &Evaluator{
		o: o, db: db, parser: ruleengine.Parser(),
		evidence: newSources(nil, nil), last: map[string]time.Time{},
	}
	e.engine = ruleengine.NewQueryEngine(ruleengine.QueryOptions{
		MaxSamples: o.MaxSamples, Timeout: o.Timeout, Interval: o.Interval, Logger: o.Logger, Registerer: registry,
	})
	e.loader = &ruleset.Loader{Parser: e.parser, Logger: o.Logger}
	e.records = newRecords(db, uint64(o.MaxSeries), o.Full)
	e.manager = ruleengine.NewManager(ctx, ruleengine.Options{
		Engine: e.engine, Queryable: db, Appendable: e.records, Loader: e.loader,
		ExternalURL: o.ExternalURL, Logger: o.Logger, Registerer: registry,
	})
	return e
}

// Manager returns the manager of the groups, for who lists them.
func (e *Evaluator) Manager() *rules.Manager { return e.manager }

// Count returns how many groups and rules are loaded.
func (e *Evaluator) Count() (groups, n int) {
	all := e.manager.RuleGroups()
	for _, g := range all {
		n += len(g.Rules())
	}
	return len(all), n
}

// TakeRecorded returns what recording rules have written since the last call, and how many samples found no room.
func (e *Evaluator) TakeRecorded() (samples []promql.Sample, dropped int) { return e.records.take() }

// Load takes rule files, and groups that are in no file, in the place of those before. Groups that have not changed
// go on. With an error, which names every violation, all stays as it was.
func (e *Evaluator) Load(files []string, generated map[string]*rulefmt.RuleGroups) error {
	if err := Check(e.parser, e.o.Logger, files, generated); err != nil {
		return err
	}
	names := append(slices.Clone(files), slices.Sorted(maps.Keys(generated))...)
	e.loader.Generated = generated // only Load's caller, through the manager, reads it
	external := labels.FromMap(e.o.ExternalLabels)
	link := ""
	if e.o.ExternalURL != nil {
		link = e.o.ExternalURL.String()
	}
	if err := e.manager.Update(e.o.Interval, names, external, link, e.evaluate); err != nil {
		return err
	}
	e.loaded()
	return nil
}

// Check reads rule files and returns every violation.
func (e *Evaluator) Check(files []string) error { return Check(e.parser, e.o.Logger, files, nil) }

// Check reads rule files and returns every violation.
func Check(p parser.Parser, logger *slog.Logger, files []string, generated map[string]*rulefmt.RuleGroups) error {
	loader := ruleset.Loader{Parser: p, Logger: logger, Generated: generated}
	var errs []error
	said := map[string]bool{} // what is no YAML is said twice
	for _, name := range files {
		_, found := loader.Load(name, false, ruleengine.NameValidation)
		for _, err := range found {
			if !said[err.Error()] {
				said[err.Error()] = true
				errs = append(errs, fmt.Errorf("'rule_files': %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// loaded takes what follows from the groups that there are.
func (e *Evaluator) loaded() {
	groups := e.manager.RuleGroups()
	there := map[alerting.Rule]bool{}
	keys := map[string]bool{}
	for _, g := range groups {
		keys[rules.GroupKey(g.File(), g.Name())] = true
		for _, r := range g.AlertingRules() {
			there[ruleOf(g, r)] = true
		}
	}

	e.mu.Lock()
	e.evidence = newSources(groups, e.parser)
	e.o.Alerts.Retain(time.Now(), func(r alerting.Rule) bool { return there[r] })
	for key := range e.last {
		if !keys[key] {
			delete(e.last, key)
		}
	}
	for key := range e.settling {
		if !keys[key] {
			delete(e.settling, key)
		}
	}
	e.settled(time.Now())
	e.mu.Unlock()
}

// Restore finds the alerts that fired when the TSDB was written to for the last time. It is called once, after the
// first Load and before Run.
func (e *Evaluator) Restore(ctx context.Context) error {
	e.settling = map[string]int{}
	for _, g := range e.manager.RuleGroups() {
		if g.HasAlertingRules() {
			e.settling[rules.GroupKey(g.File(), g.Name())] = roundsToSettle
		}
	}
	err := restore(ctx, e.db, e.db.Head().MaxTime(), e.manager.AlertingRules(), e.intervals(), e.o.Alerts)
	e.settled(time.Now()) // without rules
	return err
}

func (e *Evaluator) intervals() map[string]time.Duration {
	intervals := map[string]time.Duration{}
	for _, g := range e.manager.RuleGroups() {
		for _, r := range g.AlertingRules() {
			intervals[r.Name()] = g.Interval()
		}
	}
	return intervals
}

// roundsToSettle is how often a group is evaluated until its alerts are as they were before a restart: Prometheus
// restores timers after the second time, and the third one acts on them.
const roundsToSettle = 3

// Run evaluates until Stop.
func (e *Evaluator) Run() {
	e.stopped = make(chan struct{})
	go func() {
		defer close(e.stopped)
		e.manager.Run()
	}()
}

// Stop ends the evaluations, and waits for those under way.
func (e *Evaluator) Stop() {
	if e.stopped != nil {
		e.manager.Stop()
		<-e.stopped
	}
}

// Close gives the query engine back. Groups that were loaded and never ran wait to be told: they run and stop.
func (e *Evaluator) Close() error {
	if e.stopped == nil {
		e.Run()
		e.Stop()
	}
	return e.engine.Close()
}

// evaluate evaluates one group for a time, and says what came of it.
func (e *Evaluator) evaluate(ctx context.Context, g *rules.Group, at time.Time) {
	key := rules.GroupKey(g.File(), g.Name())
	start := time.Now()
	rules.DefaultEvalIterationFunc(ctx, g, at)
	took := time.Since(start)

	failed := 0
	for _, r := range g.Rules() {
		if r.LastError() != nil {
			failed++
		}
		if ar, ok := r.(*rules.AlertingRule); ok {
			e.o.Alerts.Observe(ctx, ruleOf(g, ar), ar, at)
		}
	}
	e.o.Evaluated(key, took, failed, e.missed(key, g.Interval(), at))
	e.settle(key, at)
}

func (e *Evaluator) missed(key string, interval time.Duration, at time.Time) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	before, ok := e.last[key]
	e.last[key] = at
	if !ok {
		return 0
	}
	return max(int(at.Sub(before)/interval)-1, 0)
}

func (e *Evaluator) settle(key string, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.settling == nil {
		return
	}
	if n, ok := e.settling[key]; ok && n > 1 {
		e.settling[key]--
	} else {
		delete(e.settling, key)
	}
	e.settled(at)
}

// settled ends what was restored and does not fire, once no group is left to speak. The caller holds the lock.
func (e *Evaluator) settled(at time.Time) {
	if e.settling != nil && len(e.settling) == 0 {
		e.settling = nil
		e.o.Alerts.Settle(at)
	}
}

func ruleOf(g *rules.Group, r *rules.AlertingRule) alerting.Rule {
	return alerting.Rule{File: g.File(), Group: g.Name(), Name: r.Name(), Labels: r.Labels().String()}
}
