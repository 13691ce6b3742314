// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// What happens in the shop.
const (
	tick            = 100 * time.Millisecond
	sessionsPerTick = 4
	asking          = 0.4 // of the sessions ask the assistant
	// Who was advised right, or badly, or not at all buys so often.
	advised, misled, alone = 0.16, 0.03, 0.08
	// deliveries are the ticks until it is known what was right.
	deliveries = 20
)

// Which GPU is whose.
const (
	assistantGPU = "GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52"
	rankerGPU    = "GPU-9a1f0e52-6b0e-4c8f-a6b4-1f53a9d0c7e1"
)

// verdict is a label that is not known before a tick.
type verdict struct {
	of    answer
	truth string
	at    int
}

// shop is where customers search, ask which size fits, and buy or do not.
type shop struct {
	exporter              *exporter
	ranker                *ranker
	assistant             *assistant
	labels                log.Logger
	sessions, conversions metric.Int64Counter

	ticks   int
	waiting []verdict
	// written and rankings are those of the last second, for the GPUs.
	written, rankings int
}

func newShop(ctx context.Context, t *story.Story, e *exporter) (*shop, error) {
	resource := story.Resource("shop", attribute.String(mlconv.AttrEnvironment, "production"))
	logs, err := t.Logs(ctx, resource)
	if err != nil {
		return nil, err
	}
	meters, err := t.Meters(ctx, resource)
	if err != nil {
		return nil, err
	}
	s := &shop{exporter: e, labels: logs.Logger("orders")}
	meter := meters.Meter("shop")
	if s.sessions, err = meter.Int64Counter("shop.sessions", metric.WithUnit("{session}"), metric.WithDescription("Sessions, by the model that has helped.")); err != nil {
		return nil, err
	}
	if s.conversions, err = meter.Int64Counter("shop.conversions", metric.WithUnit("{session}"), metric.WithDescription("Sessions in which something was bought.")); err != nil {
		return nil, err
	}
	ranking, err := tracer(ctx, t, "ranker", "3", onlyRanker)
	if err != nil {
		return nil, err
	}
	s.ranker = &ranker{tracer: ranking, pod: onlyRanker}
	return s, nil
}

// open serves customers until the context is done, or for a time if that is above 0.
func (s *shop) open(ctx context.Context, rng *rand.Rand, within time.Duration) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for end := time.Now().Add(within); within == 0 || time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
			s.serve(ctx, rng)
		}
	}
	return nil
}

// serve is what happens in a tick.
func (s *shop) serve(ctx context.Context, rng *rand.Rand) {
	s.ticks++
	for range sessionsPerTick {
		s.session(ctx, rng)
	}
	for len(s.waiting) > 0 && s.waiting[0].at <= s.ticks {
		s.label(ctx, &s.waiting[0])
		s.waiting = s.waiting[1:]
	}
	if time.Duration(s.ticks)*tick%time.Second == 0 {
		s.exporter.worked(assistantGPU, s.assistant.pod, float64(s.written)/tokensPerSecond, time.Second)
		s.exporter.worked(rankerGPU, s.ranker.pod, float64(s.rankings)/rankingsPerSecond, time.Second)
		s.written, s.rankings = 0, 0
	}
}

// session is a search, and perhaps a question, of a customer who buys, or does not.
func (s *shop) session(ctx context.Context, rng *rand.Rand) {
	found := s.ranker.rank(ctx, rng)
	s.rankings++
	s.later(found, map[bool]string{true: "found", false: "not found"}[found.right])
	helper, buys := "ranker", alone
	if rng.Float64() < asking {
		truth := pick(rng)
		advice, written := s.assistant.advise(ctx, rng, truth)
		s.written += written
		s.later(advice, truth)
		helper, buys = "assistant", misled
		if advice.right {
			buys = advised
		}
	}
	model := metric.WithAttributes(attribute.String(mlconv.AttrModelName, helper))
	s.sessions.Add(ctx, 1, model)
	bought := int64(0)
	if rng.Float64() < buys {
		bought = 1
	}
	s.conversions.Add(ctx, bought, model)
}

// later has the truth known when the order was delivered.
func (s *shop) later(of answer, truth string) {
	s.waiting = append(s.waiting, verdict{of, truth, s.ticks + deliveries})
}

// label says what was right: a log record that names the trace and the span of the answer.
func (s *shop) label(ctx context.Context, v *verdict) {
	var record log.Record
	record.SetEventName(mlconv.EventGroundTruth)
	record.SetTimestamp(time.Now())
	record.AddAttributes(log.String(mlconv.AttrLabelClass, v.truth), log.String(mlconv.AttrLabelSource, "orders"))
	s.labels.Emit(trace.ContextWithSpanContext(ctx, v.of.span), record)
}
