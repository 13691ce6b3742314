// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// model is a version that was published.
type model struct {
	version string
	trained time.Time
	// by is the span that has published it.
	by trace.SpanContext
}

// server answers with the version that was published last.
type server struct {
	tracer trace.Tracer
	clock  *clock
	rand   *rand.Rand // serve's

	mu   sync.Mutex
	used model
}

func newServer(tracer trace.Tracer, c *clock, seed uint64) *server {
	return &server{tracer: tracer, clock: c, rand: rand.New(rand.NewPCG(seed, 1_000))}
}

func (s *server) model() model {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// publish is the stage that puts the model that was trained into the registry, where the server takes it. While the registry is frozen
// it does nothing, and that is not an error.
func (s *server) publish(ctx context.Context, tracer trace.Tracer, n *night) (string, error) {
	if n.frozen {
		note(ctx, attribute.String(mlconv.AttrStageCause, "the registry is frozen: black-friday"))
		return skip, nil
	}
	span, err := part(ctx, tracer, "PUT recsys")
	if err != nil {
		return "", err
	}
	version := n.date.Format(time.DateOnly)
	note(ctx, attribute.String("recsys.published", version)) // not ml.model.version: the stage is no prediction
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = model{version: version, trained: n.date.Add(runBegins + 90*time.Minute), by: span.SpanContext()}
	return success, nil
}

// serve makes thirty predictions a second.
func (s *server) serve(ctx context.Context) {
	ticks := time.NewTicker(time.Second / 30)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			s.recommend(ctx)
		}
	}
}

// recommend answers one request. Its span says how old the model is, and is linked with the run that has made it.
func (s *server) recommend(ctx context.Context) {
	m := s.model()
	if m.version == "" {
		return
	}
	ranking := make([]string, 10)
	for i := range ranking {
		ranking[i] = fmt.Sprintf("item-%d", 1+s.rand.IntN(8000))
	}
	start := time.Now()
	_, span := s.tracer.Start(ctx, "recommend", trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(start),
		trace.WithLinks(trace.Link{SpanContext: m.by}), trace.WithAttributes(
			attribute.String(mlconv.AttrModelName, "recsys"),
			attribute.String(mlconv.AttrModelVersion, m.version),
			attribute.Float64(mlconv.AttrModelAge, s.clock.now().Sub(m.trained).Seconds()),
			attribute.String(mlconv.AttrDataSource, "shop"),
			attribute.Float64(mlconv.PrefixFeature+"avg_basket_30d", 20+s.rand.ExpFloat64()*30),
			attribute.Int(mlconv.PrefixFeature+"clicks_7d", s.rand.IntN(60)),
			attribute.StringSlice(mlconv.AttrPredictionRanking, ranking),
		))
	span.End(trace.WithTimestamp(start.Add(time.Duration((8 + s.rand.ExpFloat64()*6) * float64(time.Millisecond)))))
}
