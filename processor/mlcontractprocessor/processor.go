// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcontractprocessor

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor/internal/privacy"
)

// repeat is how long the same thing is not said again.
const repeat = 10 * time.Minute

type contractProcessor struct {
	cfg        *Config
	next       consumer.Traces
	logger     *zap.Logger
	limiter    *loglimit.Limiter
	telemetry  *metadata.TelemetryBuilder
	conditions *spanottl.Conditions
	keys       keySet
	marker     marker
	guard      *privacy.Guard
	catalog    catalog.Catalog // set by Start
	contracts  atomic.Pointer[contracts]
}

// contracts are those of a set of cards.
type contracts struct {
	set *catalog.Set
	// checkers are of the models; nil where none has a contract.
	checkers *sync.Pool
	// stages are by job; nil where none has a contract.
	stages map[*catalog.Job]*contract.Stages
}

var _ processor.Traces = (*contractProcessor)(nil)

func newProcessor(set processor.Settings, cfg *Config, next consumer.Traces) (*contractProcessor, error) {
	set.Logger = visible.Logger(set.Logger)
	conditions, err := spanottl.NewConditions("conditions", cfg.Conditions, set.Logger)
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	guard := privacy.NewGuard(cfg.rules(), cfg.Events.Redact, []byte(cfg.HashKey))
	return &contractProcessor{
		cfg: cfg, next: next, logger: set.Logger, limiter: loglimit.New(repeat), telemetry: telemetry, conditions: conditions,
		keys: newKeySet(cfg.Results), marker: marker{events: cfg.Events, guard: guard}, guard: guard, catalog: catalog.Empty(),
	}, nil
}

// Start finds the catalog.
func (p *contractProcessor) Start(_ context.Context, host component.Host) error {
	c, found, err := cataloghost.Find(host, p.cfg.Catalog)
	if err != nil {
		return err
	}
	if !found {
		p.logger.Warn(cataloghost.NoCatalogMessage)
	}
	p.catalog = c
	return nil
}

// Shutdown gives the instruments back.
func (p *contractProcessor) Shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// Capabilities say that spans are changed in place.
func (p *contractProcessor) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeTraces marks the spans that break their contract and passes all of them on in their order.
func (p *contractProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	now := p.current()
	var counts counts
	if now.checkers != nil {
		p.checkPredictions(ctx, now, td, &counts)
	}
	if now.stages != nil || len(p.cfg.Results) > 0 {
		p.checkStages(ctx, now, td, &counts)
	}
	if p.guard.Protects() {
		counts.protected = p.guard.Protect(td)
	}
	counts.undecided += p.conditions.TakeFailures()
	counts.record(ctx, p.telemetry)
	return p.next.ConsumeTraces(ctx, td)
}

// current returns the contracts of the catalog's current set.
func (p *contractProcessor) current() *contracts {
	set := p.catalog.Snapshot()
	now := p.contracts.Load()
	if now == nil || now.set != set {
		now = p.newContracts(set)
		p.contracts.Store(now)
	}
	return now
}

func (p *contractProcessor) newContracts(set *catalog.Set) *contracts {
	now := &contracts{set: set}
	var keys []string
	for _, m := range set.Models {
		if m.Contract != nil {
			keys = append(keys, m.Contract.Attributes()...)
			now.checkers = &sync.Pool{}
		}
	}
	if now.checkers != nil {
		options := contract.Options{Attributes: keys, Contract: func(id prediction.Identity) (*contract.Contract, int) {
			if m := set.Model(id.Environment, id.Name); m != nil {
				return m.Contract, m.MaxBatch
			}
			return nil, 1
		}}
		if p.conditions != nil {
			options.Wants = p.conditions.Match
		}
		now.checkers.New = func() any { return contract.NewChecker(options) }
	}
	for _, j := range set.Jobs {
		if j.Contract != nil {
			if now.stages == nil {
				now.stages = make(map[*catalog.Job]*contract.Stages)
			}
			now.stages[j] = contract.NewStages(j.Contract)
		}
	}
	return now
}

// checkPredictions checks the rows of models.
func (p *contractProcessor) checkPredictions(ctx context.Context, now *contracts, td ptrace.Traces, counts *counts) {
	checker := now.checkers.Get().(*contract.Checker)
	defer now.checkers.Put(checker)
	results, stats := checker.Check(ctx, td)
	for i := range results {
		r := &results[i]
		counts.violations(r.Violations)
		p.marker.mark(r.Span, r.Violations, r.Rows)
	}
	counts.checked += stats.Checked
	counts.violated += stats.Violating
	counts.rows += stats.Rows
	counts.notSelected += stats.NotSelected
	counts.undecided += stats.Undecided
	counts.unreadRows += stats.Unread
	if stats.Unread > 0 {
		p.sayUnchecked(&stats)
	}
	if stats.Undecidable != nil {
		p.sayUndecided(stats.Undecidable)
	}
}

// sayUnchecked says that rows of a batch were not checked, once in a while for each model.
func (p *contractProcessor) sayUnchecked(stats *contract.Stats) {
	model := stats.UnreadOf.Name
	if suppressed, ok := p.limiter.Allow("unchecked "+model, time.Now()); ok {
		p.logger.Warn("A batch is too much work for the bytes that its span holds: some of its rows are not checked",
			zap.String("model", strings.Clone(model)), zap.Int64("rows", stats.Unread), zap.Int("requests_since_the_last_line", suppressed))
	}
}

// sayUndecided says that a condition could not be evaluated, once in a while for each check: errors may
// quote values, and differ as those do.
func (p *contractProcessor) sayUndecided(u *contract.Undecided) {
	if suppressed, ok := p.limiter.Allow("undecided "+u.Check.ID(), time.Now()); ok {
		p.logger.Warn("A condition of a contract cannot be evaluated, and the row counts as one that keeps it",
			zap.String("check", u.Check.ID()), zap.String("error", spanottl.Clip(u.Err.Error())), zap.Int("requests_since_the_last_line", suppressed))
	}
}
