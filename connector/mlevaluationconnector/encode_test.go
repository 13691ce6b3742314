// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/quality"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// What is measured and what is estimated are never the same series.
func TestKindsAreApart(t *testing.T) {
	e := newEncoder("1", 1, 2)
	interval := evaluation.Interval{Point: -0.1, Lower: -0.2, Upper: -0.05, N: 300}
	for _, kind := range []quality.Kind{quality.Measured, quality.Estimated} {
		e.quality(&quality.Result{
			Identity: prediction.Identity{Name: "fraud"}, Kind: kind, Start: 1, End: 2, Coverage: 1,
			Scores: []evaluation.Score{{Measure: evaluation.MeasureROCAUC, Interval: interval}},
			Differences: []quality.Difference{{
				Measure: evaluation.MeasureROCAUC, ComparedWith: quality.PreviousWindow, Method: quality.Independent,
				Interval: interval, Detectable: 0.02, Verdict: evaluation.Worse,
			}},
		})
	}
	seen := map[string]bool{}
	for m := range testkit.Metrics(e.Metrics()) {
		for _, p := range m.Gauge().DataPoints().All() {
			key := m.Name() + attributesOf(p.Attributes())
			assert.False(t, seen[key], key)
			seen[key] = true
		}
	}
	assert.Len(t, seen, 2*(3+1+3+1+4+1)+1, "scores, samples, differences, detectable, verdicts and ends of both; one coverage")
}
