// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// scored is an answer of the model fraud with a score.
func scored(version string, at time.Duration, class string, score float64) *answer.Answer {
	return &answer.Answer{
		Identity: prediction.Identity{Name: "fraud", Version: version}, Time: monday.Add(at).UnixNano(), Duration: -1, Weight: 1,
		Class: class, Score: score, HasScore: true,
	}
}

// after is a label that was known so long after the answer.
func after(a *answer.Answer, lag time.Duration, class string) *label.Label {
	return &label.Label{Class: class, Weight: 1, Time: time.Unix(0, a.Time).Add(lag)}
}

func results(e *Engine) (out []*Result) {
	e.Results(func(r *Result) { out = append(out, r) })
	return out
}

func score(t *testing.T, r *Result, m evaluation.Measure) evaluation.Score {
	t.Helper()
	for _, s := range r.Scores {
		if s.Measure == m && s.Class == "" && s.Average == "" {
			return s
		}
	}
	require.Fail(t, "no score", "%s of %v", m, r.Scores)
	return evaluation.Score{}
}

func TestOneWindow(t *testing.T) {
	e := New(Options{Maturity: day})
	for i := range 10 {
		a := scored("7", time.Duration(i)*time.Hour, []string{"0", "1"}[i%2], float64(i%2))
		a.Segments = []string{"country=DE"}
		e.Predict(a, monday.Add(day))
		if i < 8 {
			e.Label(a, after(a, time.Hour, []string{"0", "1"}[i/4]))
		}
	}
	e.Advance(monday.Add(day))
	got := results(e)
	require.Len(t, got, 2)
	for i, segment := range []string{"", "country=DE"} {
		r := got[i]
		assert.Equal(t, segment, r.Segment)
		assert.EqualValues(t, 10, r.Predicted)
		assert.EqualValues(t, 8, r.Labelled)
		assert.Equal(t, 0.8, r.Coverage)
		assert.Equal(t, 0.5, score(t, r, evaluation.MeasureFPR).Point)
		assert.Equal(t, 0.5, score(t, r, evaluation.MeasureROCAUC).Point)
		assert.EqualValues(t, 8, r.Total.Rows)
		assert.EqualValues(t, 8, r.Total.Lags[3])
		assert.Equal(t, 2.0, r.Total.Confusion.Weight("1", "0"))
	}
}
