// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// success is the result of a stage that did what it is for, skip that of one that did nothing.
const success, skip = "success", "skip"

// note sets attributes of the stage's span.
func note(ctx context.Context, attributes ...attribute.KeyValue) {
	trace.SpanFromContext(ctx).SetAttributes(attributes...)
}

// part is a part of a stage, in a span of its own that takes a few milliseconds.
func part(ctx context.Context, tracer trace.Tracer, name string, attributes ...attribute.KeyValue) (trace.Span, error) {
	_, span := tracer.Start(ctx, name, trace.WithAttributes(attributes...))
	defer span.End()
	return span, story.Wait(ctx, 5*time.Millisecond)
}

// readUsers reads the user features, shard by shard. A shard that is empty is no error.
func readUsers(ctx context.Context, tracer trace.Tracer, n *night) (string, error) {
	for i, rows := range n.shards {
		if _, err := part(ctx, tracer, fmt.Sprintf("SELECT user_features shard %d", i),
			attribute.String("db.system.name", "postgresql"), attribute.Int("db.response.returned_rows", rows)); err != nil {
			return "", err
		}
	}
	note(ctx, attribute.String(mlconv.AttrDatasetName, "user_features"), attribute.Int(mlconv.AttrStageRowsOut, n.users()))
	return success, nil
}

func readItems(ctx context.Context, tracer trace.Tracer, n *night) (string, error) {
	if _, err := part(ctx, tracer, "SELECT item_features",
		attribute.String("db.system.name", "postgresql"), attribute.Int("db.response.returned_rows", n.items)); err != nil {
		return "", err
	}
	note(ctx, attribute.String(mlconv.AttrDatasetName, "item_features"), attribute.Int(mlconv.AttrStageRowsOut, n.items))
	return success, nil
}

// join joins what the users did with the features of users and items: an inner join, so that a user without features is left out.
func join(ctx context.Context, tracer trace.Tracer, n *night) (string, error) {
	if _, err := part(ctx, tracer, "join interactions, users, items"); err != nil {
		return "", err
	}
	note(ctx, attribute.Int(mlconv.AttrStageRowsIn, n.users()+n.items), attribute.Int(mlconv.AttrStageRowsOut, n.rows()))
	return success, nil
}

// compute computes the features, and says which share of each is null.
func compute(ctx context.Context, tracer trace.Tracer, n *night) (string, error) {
	for _, feature := range slices.Sorted(maps.Keys(n.nulls)) {
		_, span := tracer.Start(ctx, "compute "+feature)
		if feature == "avg_basket_30d" && n.francs > 0 {
			span.AddEvent("no exchange rate", trace.WithAttributes(
				attribute.String("currency", "CHF"), attribute.Int("rows", int(n.francs*float64(n.rows()))), attribute.String("taken_as", "null"),
			))
		}
		err := story.Wait(ctx, 10*time.Millisecond)
		span.End()
		if err != nil {
			return "", err
		}
		note(ctx, attribute.Float64(mlconv.PrefixStageNullRatio+feature, math.Round(n.nullShare(feature)*1e5)/1e5))
	}
	note(ctx, attribute.Int(mlconv.AttrStageRowsIn, n.rows()), attribute.Int(mlconv.AttrStageRowsOut, n.rows()))
	return success, nil
}

// train trains three epochs.
func train(ctx context.Context, tracer trace.Tracer, n *night) (string, error) {
	for epoch := 1; epoch <= 3; epoch++ {
		if _, err := part(ctx, tracer, "epoch", attribute.Int("epoch", epoch)); err != nil {
			return "", err
		}
	}
	note(ctx, attribute.Int(mlconv.AttrStageRowsIn, n.rows()), attribute.Float64(mlconv.PrefixStageMetric+"loss", math.Round((1-n.recall)*400)/1000))
	return success, nil
}

// evaluate measures the model on users that it was not trained on.
func evaluate(ctx context.Context, tracer trace.Tracer, n *night) (string, error) {
	if _, err := part(ctx, tracer, "recommend to held-out users"); err != nil {
		return "", err
	}
	note(ctx, attribute.Float64(mlconv.PrefixStageMetric+"recall_at_10", math.Round(n.recall*1000)/1000))
	return success, nil
}
