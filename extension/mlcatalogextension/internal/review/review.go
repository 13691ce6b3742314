// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package review names the cards that no prediction has met, and the names on spans that nearly
// have a card.
package review

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
)

const (
	// Interval is the time between two looks at what spans have asked the catalog for.
	Interval = time.Minute
	// lineInterval is the time between two lines about the same card or name.
	lineInterval = 24 * time.Hour
	// mostUnmatched bounds the lines of one look about cards that no span has met.
	mostUnmatched = 10
)

var nearMessages = map[string]string{
	"model": "Predictions name a model that has no card, but nearly has one. If it is the same model, correct the name or the environment, or add the name to the card's also_known_as.",
	"job":   "Spans name a job that has no card, but nearly has one. If it is the same job, correct the name or the environment.",
}

// Found is how many there are.
type Found struct {
	// NearModels and NearJobs are names that nearly have a card, Unmatched cards that no prediction
	// has met.
	NearModels, NearJobs, Unmatched int
}

// Reviewer looks at sightings. It is for one goroutine.
type Reviewer struct {
	sightings *catalog.Sightings
	snapshot  func() *catalog.Set
	record    func(ctx context.Context, f Found)
	logger    *zap.Logger
	limiter   *loglimit.Limiter
}

// New returns a Reviewer. record is called after each look that has found something else than the
// one before.
func New(sightings *catalog.Sightings, snapshot func() *catalog.Set, logger *zap.Logger, record func(context.Context, Found)) *Reviewer {
	return &Reviewer{sightings: sightings, snapshot: snapshot, record: record, logger: logger, limiter: loglimit.New(lineInterval)}
}

// Run looks at the sightings until ctx is done.
func (r *Reviewer) Run(ctx context.Context) {
	ticker := time.NewTicker(Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			r.review(ctx, now)
		}
	}
}

// review says which cards no prediction has met, and which names nearly have one.
func (r *Reviewer) review(ctx context.Context, now time.Time) {
	seen, changed := r.sightings.Review(r.snapshot())
	if !changed {
		return
	}

	found := Found{Unmatched: len(seen.Unmatched)}
	for i := range seen.Near {
		near := &seen.Near[i]
		if near.Kind == "job" {
			found.NearJobs++
		} else {
			found.NearModels++
		}
		r.reportNear(near, now)
	}
	r.record(ctx, found)

	lines := 0
	for i := range seen.Unmatched {
		if lines == mostUnmatched { // the others have their turn at the next look
			break
		}
		if r.reportUnmatched(&seen.Unmatched[i], now) {
			lines++
		}
	}
}

func (r *Reviewer) reportNear(near *catalog.NearMiss, now time.Time) {
	if _, ok := r.limiter.Allow(fmt.Sprintf("near %s %q %q", near.Kind, near.Environment, near.Name), now); !ok {
		return
	}
	r.logger.Warn(nearMessages[near.Kind], append([]zap.Field{
		zap.String(near.Kind, near.Name), zap.String("environment", near.Environment), zap.String("differs", near.Differs),
	}, cardFields(&near.Card)...)...)
}

func (r *Reviewer) reportUnmatched(u *catalog.Unmatched, now time.Time) bool {
	if _, ok := r.limiter.Allow(fmt.Sprintf("card %q %q", u.Card.Environment, u.Card.Name), now); !ok {
		return false
	}
	r.logger.Warn("No prediction has met this card yet, although there are others: is its name or its environment another one on the spans, or does the model rest?",
		append(cardFields(&u.Card), zap.Strings("seen", u.Seen))...)
	return true
}

// cardFields say which card it is. Without an environment it is for any.
func cardFields(c *catalog.Card) []zap.Field {
	fields := []zap.Field{zap.String("card", c.Name), zap.String("card_environment", c.Environment)}
	if c.File != "" {
		fields = append(fields, zap.String("file", fmt.Sprintf("%s:%d", c.File, c.Line)))
	}
	return fields
}
