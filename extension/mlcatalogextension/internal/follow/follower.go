// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package follow keeps what a registry knows up to date: it asks again and again, backs off while
// there is no answer, and marks what has become stale.
package follow

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// Source reads a registry. It is for one goroutine.
type Source interface {
	Fetch(ctx context.Context) (catalog.Facts, error)
	Close()
}

const (
	// A failure waits firstBackoff, and each one after it twice as long, to maxBackoff or the
	// interval if that is longer. Each wait is cut by a random share of up to a half, that many
	// collectors do not come back at once.
	firstBackoff = 5 * time.Second
	maxBackoff   = 5 * time.Minute
	// roundTimeout bounds a whole round of requests.
	roundTimeout = 10 * time.Minute
)

// Options say how a source is followed.
type Options struct {
	// Name tells the source apart in the log.
	Name string
	// Interval is the time between two rounds that are answered.
	Interval time.Duration
	// StaleAfter is how long the last good answer counts as fresh; 0 for ever.
	StaleAfter time.Duration
	// Publish makes facts part of the set.
	Publish func(catalog.Facts)
	// Save keeps facts beyond a restart; nil where nothing does.
	Save func(ctx context.Context, at time.Time, facts catalog.Facts)
	// Count counts a fetch by its outcome.
	Count func(outcome Outcome, facts catalog.Facts)
}

// Outcome is what became of a fetch.
type Outcome string

// The outcomes.
const (
	Changed   Outcome = "changed"
	Unchanged Outcome = "unchanged"
	Failed    Outcome = "failed"
)

// Follower keeps the facts of one source up to date. Its fields belong to its goroutine, but for
// answered.
//
//	fetch ──► good: same facts ─► nothing          ─┐
//	  ▲       good: new facts  ─► publish, save     ├─► wait for the interval
//	  │       bad: keep the last good facts         ├─► wait for the back-off, or as the server asks
//	  └─────────────────────────────────────────────┘   stale_after has passed meanwhile: publish with the mark
type Follower struct {
	Options
	source Source
	logger *zap.Logger
	// jitter is a random share, 0 to 1.
	jitter func() float64

	facts catalog.Facts
	sum   [sha256.Size]byte
	// known says that there are facts, from an answer or the storage.
	known bool
	// answered is when the source last gave a good answer, in nanoseconds since 1970; before the
	// first one when the follower was made.
	answered atomic.Int64
	failures int
	notes    []string
}

// New returns a follower, which does nothing before Run.
func New(s Source, o Options, logger *zap.Logger) *Follower {
	f := &Follower{Options: o, source: s, logger: logger.With(zap.String("source", o.Name)), jitter: rand.Float64}
	f.answered.Store(time.Now().UnixNano())
	return f
}

// Age is the time since the last good answer.
func (f *Follower) Age() time.Duration { return time.Since(time.Unix(0, f.answered.Load())) }

// Restore takes facts that an earlier process has had.
func (f *Follower) Restore(at time.Time, facts catalog.Facts) {
	f.facts, f.known, f.sum = facts, true, sum(facts)
	f.answered.Store(at.UnixNano())
	f.facts.Stale = f.due()
	f.Publish(f.facts)
}

// due says whether the facts have become stale.
func (f *Follower) due() bool { return f.StaleAfter > 0 && f.Age() >= f.StaleAfter }

// Run fetches until ctx is done.
func (f *Follower) Run(ctx context.Context) {
	defer f.source.Close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := time.Now()
	for {
		select {
		case <-ctx.Done():
			if f.known && f.Save != nil { // with the time of the last answer, which is not saved where nothing has changed
				f.Save(context.WithoutCancel(ctx), time.Unix(0, f.answered.Load()), f.facts)
			}
			return
		case <-timer.C:
		}
		if !time.Now().Before(next) {
			wait := f.fetch(ctx)
			if ctx.Err() != nil {
				continue
			}
			next = time.Now().Add(wait)
		}
		f.markStale()
		wait := time.Until(next)
		if f.known && f.StaleAfter > 0 && !f.facts.Stale {
			wait = min(wait, f.StaleAfter-f.Age())
		}
		timer.Reset(max(wait, 0))
	}
}

// markStale publishes facts that have become stale.
func (f *Follower) markStale() {
	if !f.known || f.facts.Stale || !f.due() {
		return
	}
	f.facts.Stale = true
	f.Publish(f.facts)
	f.logger.Warn("The registry has not answered for long: its models are marked with ml.catalog.stale until it does.", zap.Duration("age", f.Age().Round(time.Second)))
}

// fetch asks the source once and returns how long to wait.
func (f *Follower) fetch(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	facts, err := f.source.Fetch(ctx)
	if err != nil {
		if errors.Is(context.Cause(ctx), context.Canceled) {
			return 0 // the collector stops
		}
		return f.failed(err)
	}
	if f.failures > 0 {
		f.logger.Info("The registry answers again.", zap.Int("failures", f.failures))
	}
	f.failures = 0
	f.answered.Store(time.Now().UnixNano())
	if !slices.Equal(facts.Notes, f.notes) {
		for _, note := range facts.Notes {
			f.logger.Warn("Something in the registry is left out.", zap.String("reason", note))
		}
		f.notes = facts.Notes
	}
	s := sum(facts)
	wasStale := f.known && f.facts.Stale
	switch {
	case f.known && s == f.sum && !wasStale:
		f.Count(Unchanged, facts)
	case f.known && s == f.sum:
		f.facts = facts
		f.Publish(facts)
		f.Count(Unchanged, facts)
	default:
		f.facts, f.sum, f.known = facts, s, true
		f.Publish(facts)
		f.Count(Changed, facts)
		if f.Save != nil {
			f.Save(ctx, time.Now(), facts)
		}
		f.logger.Info("The registry's facts are loaded.", zap.Int("models", len(facts.Models)), zap.Int("feature_views", len(facts.FeatureViews)))
	}
	return f.Interval
}

// failed counts and logs a failure and returns the back-off.
func (f *Follower) failed(err error) time.Duration {
	f.failures++
	f.Count(Failed, f.facts)
	wait := f.backoff(err)
	logger := f.logger.WithOptions(zap.AddStacktrace(zapcore.FatalLevel)) // the stack says nothing of the registry
	fields := []zap.Field{zap.Error(err), zap.Int("failures", f.failures), zap.Duration("retry_in", wait.Round(time.Millisecond))}
	switch {
	case f.failures > 1: // once per outage is enough
		logger.Debug("The registry still cannot be read.", fields...)
	case f.known:
		logger.Warn("The registry cannot be read, what it said last stays.", append(fields, zap.Duration("age", f.Age().Round(time.Second)))...)
	default:
		logger.Warn("The registry cannot be read, the catalog does without it until it answers.", fields...)
	}
	return wait
}

// backoff doubles with the failures; a server that asks for more time gets it.
func (f *Follower) backoff(err error) time.Duration {
	wait, limit := min(firstBackoff, f.Interval), max(maxBackoff, f.Interval)
	for i := 1; i < f.failures && wait < limit; i++ {
		wait *= 2
	}
	wait = min(wait, limit)
	wait -= time.Duration(f.jitter() * float64(wait) / 2)
	if answer, ok := errors.AsType[*fetch.Error](err); ok {
		wait = max(wait, answer.RetryAfter)
	}
	return wait
}

// sum is equal for equal facts.
func sum(facts catalog.Facts) [sha256.Size]byte {
	data, err := json.Marshal(facts)
	if err != nil { // attributes are strings, finite numbers and bools
		panic("BUG: facts are no JSON: " + err.Error())
	}
	return sha256.Sum256(data)
}
