// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// What a GPU does in a second.
const (
	tokensPerSecond   = 5000 // that the assistant writes
	rankingsPerSecond = 130
)

// answer is what a model has said.
type answer struct {
	span  trace.SpanContext
	class string
	right bool
}

// assistant is a version of a large language model that advises on sizes, on a server that has a GPU: its spans are those of a model
// server with OpenTelemetry's conventions for generative models.
type assistant struct {
	tracer trace.Tracer
	pod    string
	// length is the mean number of tokens of an answer, accuracy how often its advice is right.
	length, accuracy float64
}

// ranker is a small model that ranks what a search has found, on a GPU of its own.
type ranker struct {
	tracer trace.Tracer
	pod    string
}

// The pods.
const (
	firstAssistant  = "assistant-7c9d6b5f4-q8wzn"
	secondAssistant = "assistant-84f6c7d9bb-h2xjr"
	onlyRanker      = "ranker-5b7c8d9f66-tm4kd"
)

var (
	sizes  = []string{"S", "M", "L", "XL"}
	shares = []float64{0.2, 0.35, 0.3, 0.15}
)

// tracer returns one whose resource says which model runs in which pod, as the SDK and the downward API of Kubernetes do.
func tracer(ctx context.Context, t *story.Story, model, version, pod string) (trace.Tracer, error) {
	return t.Tracer(ctx, story.Resource(model,
		attribute.String(mlconv.AttrEnvironment, "production"),
		attribute.String(mlconv.AttrModelName, model), attribute.String(mlconv.AttrModelVersion, version),
		attribute.String(mlconv.AttrPodNamespace, "shop"), attribute.String(mlconv.AttrPodName, pod), attribute.String(mlconv.AttrHostName, "gpu-node-1"),
	))
}

// span is that of work that has ended now.
func span(ctx context.Context, tracer trace.Tracer, name string, took time.Duration, attributes ...attribute.KeyValue) trace.SpanContext {
	now := time.Now()
	_, s := tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(now.Add(-took)), trace.WithAttributes(attributes...))
	s.End(trace.WithTimestamp(now))
	return s.SpanContext()
}

// advise answers which size fits. It returns the tokens that it has written, too.
func (a *assistant) advise(ctx context.Context, rng *rand.Rand, truth string) (said answer, written int) {
	said = answer{class: truth, right: true}
	if rng.Float64() >= a.accuracy {
		said.right = false
		for said.class == truth {
			said.class = pick(rng)
		}
	}
	read := 330 + rng.IntN(140)
	written = int(a.length * (0.7 + 0.6*rng.Float64()))
	first := time.Duration(90+rng.IntN(60)) * time.Millisecond
	said.span = span(ctx, a.tracer, "chat assistant", first+time.Duration(written)*6*time.Millisecond,
		attribute.String(mlconv.AttrGenAIOperation, "chat"),
		attribute.String(mlconv.AttrGenAIRequestModel, "assistant"),
		attribute.StringSlice(mlconv.AttrGenAIFinishReasons, []string{"stop"}),
		attribute.Float64(mlconv.AttrGenAITimeToFirstChunk, first.Seconds()),
		attribute.Int(mlconv.AttrGenAIInputTokens, read),
		attribute.Int(mlconv.AttrGenAIOutputTokens, written),
		attribute.String(mlconv.AttrPredictionClass, said.class),
	)
	return said, written
}

// rank says whether the first one of the list is what the customer looks for.
func (r *ranker) rank(ctx context.Context, rng *rand.Rand) answer {
	confidence := 0.6 + 0.35*rng.Float64()
	said := answer{class: "found", right: rng.Float64() < confidence}
	said.span = span(ctx, r.tracer, "rank", time.Duration(14+rng.IntN(12))*time.Millisecond,
		attribute.String(mlconv.AttrPredictionClass, said.class),
		attribute.Float64(mlconv.AttrPredictionConfidence, confidence),
	)
	return said
}

// pick draws a size.
func pick(rng *rand.Rand) string {
	x := rng.Float64()
	for i, share := range shares {
		if x -= share; x < 0 {
			return sizes[i]
		}
	}
	return sizes[len(sizes)-1]
}
