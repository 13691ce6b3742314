// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// OneClassError says that there is nothing to tell apart.
type OneClassError struct{ Frauds, Rows int }

func (e *OneClassError) Error() string {
	return fmt.Sprintf("the AUC is not defined: %d of %d held-out payments are fraud", e.Frauds, e.Rows)
}

// evaluate is the stage evaluate: it scores payments that the model has not seen.
func (r *run) evaluate(ctx context.Context) error {
	s := r.features.holdout
	labels := slices.Clone(s.y)
	switch {
	case r.breaks(Evaluate, Metric): // the labels were sorted by another key than the payments
		r.random("shuffle").Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	case r.breaks(Evaluate, Error): // nobody has looked into the chargebacks of these days yet
		clear(labels)
	}
	scores := make([]float64, len(s.x))
	if err := r.step(ctx, "score holdout", func(ctx context.Context) error {
		for i, x := range s.x {
			scores[i] = r.model.score(x)
		}
		note(ctx, attribute.Int("rows", len(scores)))
		return r.work(ctx, 40*time.Millisecond)
	}); err != nil {
		return err
	}
	frauds := 0
	for _, y := range labels {
		frauds += int(y)
	}
	if err := r.step(ctx, "compute auc", func(context.Context) error {
		value, ok := auc(scores, labels)
		if !ok {
			return &OneClassError{Frauds: frauds, Rows: len(labels)}
		}
		r.result.AUC = value
		return nil
	}, attribute.Int("frauds", frauds)); err != nil {
		return err
	}
	r.rows(ctx, len(s.x), -1)
	r.metric(ctx, "val_auc", r.result.AUC)
	return nil
}
