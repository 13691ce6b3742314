// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

const (
	// reviewInterval is the time between two looks at what spans have asked the catalog for.
	reviewInterval = time.Minute
	// sayAgain is the time between two lines about the same card or name.
	sayAgain = 24 * time.Hour
	// mostUnmatched bounds the lines of one look about cards that no span has met.
	mostUnmatched = 10
)

var (
	nearModels  = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", "model")))
	nearJobs    = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", "job")))
	_           = catalog.Sighted((*catalogExtension)(nil))
	messageNear = map[string]string{
		"model": "Predictions name a model that has no card, but nearly has one. If it is the same model, correct the name or the environment, or add the name to the card's also_known_as.",
		"job":   "Spans name a job that has no card, but nearly has one. If it is the same job, correct the name or the environment.",
	}
)

// Sightings is where the components that look up cards note what they look for.
func (e *catalogExtension) Sightings() *catalog.Sightings { return e.sightings }

// review looks at the sightings until ctx is done.
func (e *catalogExtension) review(ctx context.Context) {
	ticker := time.NewTicker(reviewInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			e.reviewAt(ctx, now)
		}
	}
}

// reviewAt says which cards no prediction has met, and which names nearly have one.
func (e *catalogExtension) reviewAt(ctx context.Context, now time.Time) {
	r, changed := e.sightings.Review(e.Snapshot())
	if !changed {
		return
	}
	models, jobs := 0, 0
	for i := range r.Near {
		near := &r.Near[i]
		if near.Kind == "job" {
			jobs++
		} else {
			models++
		}
		e.sayNear(near, now)
	}
	e.telemetry.MlCatalogNamesNear.Record(ctx, int64(models), nearModels)
	e.telemetry.MlCatalogNamesNear.Record(ctx, int64(jobs), nearJobs)
	e.telemetry.MlCatalogCardsUnmatched.Record(ctx, int64(len(r.Unmatched)))
	lines := 0
	for i := range r.Unmatched {
		if lines == mostUnmatched { // the others have their turn at the next look
			break
		}
		if e.sayUnmatched(&r.Unmatched[i], now) {
			lines++
		}
	}
}

func (e *catalogExtension) sayNear(near *catalog.NearMiss, now time.Time) {
	if _, ok := e.limiter.Allow(fmt.Sprintf("near %s %q %q", near.Kind, near.Environment, near.Name), now); !ok {
		return
	}
	e.logger.Warn(messageNear[near.Kind], append([]zap.Field{
		zap.String(near.Kind, near.Name), zap.String("environment", near.Environment), zap.String("differs", near.Differs),
	}, cardFields(&near.Card)...)...)
}

func (e *catalogExtension) sayUnmatched(u *catalog.Unmatched, now time.Time) bool {
	if _, ok := e.limiter.Allow(fmt.Sprintf("card %q %q", u.Card.Environment, u.Card.Name), now); !ok {
		return false
	}
	e.logger.Warn("No prediction has met this card yet, although there are others: is its name or its environment another one on the spans, or does the model rest?",
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
