// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// DivergedError says that training has lost its way.
type DivergedError struct {
	Epoch              int
	Loss, LearningRate float64
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("the loss is %v after epoch %d: the learning rate of %g is too high", e.Loss, e.Epoch, e.LearningRate)
}

// train is the stage train. Each epoch is a span, which is also a sign of life.
func (r *run) train(ctx context.Context) error {
	s := r.features.train
	if len(s.x) == 0 {
		return errors.New("there are no rows to train on")
	}
	m := &model{weights: make([]float64, len(r.features.names))}
	rng := r.random("train")
	rate := learningRate
	if r.breaks(Train, Error) || r.breaks(Train, NaN) {
		rate = 1e6 // from a configuration that was meant for another optimizer
	}
	check := r.Break.How != NaN // the silent ones are those where somebody has turned the check off
	for epoch := 1; epoch <= epochs; epoch++ {
		err := r.step(ctx, fmt.Sprintf("epoch %d", epoch), func(ctx context.Context) error {
			if err := r.work(ctx, 25*time.Millisecond); err != nil {
				return err
			}
			loss := m.epoch(s, rate, rng)
			r.result.Loss = loss
			note(ctx, attribute.Float64("loss", loss))
			if check && (math.IsNaN(loss) || math.IsInf(loss, 0)) {
				return &DivergedError{Epoch: epoch, Loss: loss, LearningRate: rate}
			}
			return nil
		}, attribute.Int("epoch", epoch))
		if err != nil {
			return err
		}
		if epoch%4 == 0 {
			if err := r.step(ctx, "checkpoint", func(context.Context) error { return r.write(r.Folder, "checkpoint.json", m) }); err != nil {
				return err
			}
		}
	}
	r.model = m
	r.rows(ctx, len(s.x), -1)
	r.metric(ctx, "loss", r.result.Loss)
	return nil
}

// write writes a model as a file, all of it or nothing.
func (r *run) write(folder, name string, m *model) error {
	weights := map[string]number{}
	for j, feature := range r.features.names {
		weights[feature] = number(m.weights[j])
	}
	content, err := json.MarshalIndent(map[string]any{
		"run_id": r.RunID, "logical_date": r.date, "bias": number(m.bias), "weights": weights,
		"mean": numbersOf(r.features.mean), "scale": numbersOf(r.features.scale), "features": r.features.names, "val_auc": number(r.result.AUC),
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	file := filepath.Join(folder, name)
	if err := os.WriteFile(file+".tmp", append(content, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(file+".tmp", file)
}

func numbersOf(values []float64) []number {
	out := make([]number, len(values))
	for i, v := range values {
		out[i] = number(v)
	}
	return out
}
