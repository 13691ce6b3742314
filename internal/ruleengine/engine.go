// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package ruleengine evaluates Prometheus rules with Prometheus' own packages: it has the one PromQL
// parser, the options of the query engine, and those of the rule manager, that the connector, unit
// tests of rules and backtests share, so that a rule means the same to all of them.
package ruleengine

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
)

// What Prometheus' own flags default to.
const (
	// LookbackDelta is how old the last sample of a series may be to count as its value.
	LookbackDelta = 5 * time.Minute
	// OutageTolerance is how long an outage may be for the timers of "for" to go on after it.
	OutageTolerance = time.Hour
	// ResendDelay is how often an alert that fires is sent again.
	ResendDelay = time.Minute
	// Interval is how often a group without an interval of its own is evaluated.
	Interval = time.Minute
)

// NameValidation is which names metrics and labels may have: any, as in Prometheus since its version 3.
const NameValidation = model.UTF8Validation

// Parser returns the parser of all PromQL: what Prometheus accepts without feature flags.
func Parser() parser.Parser { return parser.NewParser(parser.Options{}) }

// QueryOptions bound what one query may take.
type QueryOptions struct {
	// MaxSamples is how many samples one query may hold in memory, Timeout how long it may take.
	MaxSamples int
	Timeout    time.Duration
	// Interval is the step of a subquery that has none: how often rules are evaluated.
	Interval time.Duration
	// Tracker bounds how many queries run at once; nil for no bound.
	Tracker    promql.QueryTracker
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// NewQueryEngine returns a PromQL engine that means what Prometheus' does. Its owner closes it.
func NewQueryEngine(o QueryOptions) *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		Logger: o.Logger, Reg: o.Registerer, MaxSamples: o.MaxSamples, Timeout: o.Timeout, ActiveQueryTracker: o.Tracker,
		LookbackDelta:            LookbackDelta,
		NoStepSubqueryIntervalFn: func(int64) int64 { return o.Interval.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   Parser(),
	})
}

// Options are those of a manager of rule groups.
type Options struct {
	Engine promql.QueryEngine
	// Query answers what rules ask; nil asks Engine.
	Query      rules.QueryFunc
	Queryable  storage.Queryable
	Appendable storage.Appendable
	Loader     rules.GroupLoader
	// Notify gets the alerts of a rule that fire, or were resolved lately, when they are due.
	Notify      rules.NotifyFunc
	ExternalURL *url.URL
	Logger      *slog.Logger
	Registerer  prometheus.Registerer
}

// NewManager returns a manager of rule groups. It evaluates nothing before Run; who evaluates groups
// at times of their own takes them from LoadGroups.
func NewManager(ctx context.Context, o Options) *rules.Manager {
	if o.Notify == nil {
		o.Notify = func(context.Context, string, ...*rules.Alert) {}
	}
	if o.Query == nil {
		o.Query = rules.EngineQueryFunc(o.Engine, o.Queryable)
	}
	if o.ExternalURL == nil {
		o.ExternalURL = &url.URL{}
	}
	return rules.NewManager(&rules.ManagerOptions{
		NameValidationScheme: NameValidation,
		QueryFunc:            o.Query,
		Context:              ctx,
		Appendable:           o.Appendable,
		Queryable:            o.Queryable,
		NotifyFunc:           o.Notify,
		ExternalURL:          o.ExternalURL,
		Logger:               o.Logger,
		Registerer:           o.Registerer,
		OutageTolerance:      OutageTolerance,
		ForGracePeriod:       0,
		ResendDelay:          ResendDelay,
		GroupLoader:          o.Loader,
		Parser:               Parser(),
	})
}
