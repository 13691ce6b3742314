// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAUC(t *testing.T) {
	nan := math.NaN()
	for name, tt := range map[string]struct {
		scores, y []float64
		want      float64
		ok        bool
	}{
		"perfect":    {[]float64{1, 2, 3, 4}, []float64{0, 0, 1, 1}, 1, true},
		"reversed":   {[]float64{4, 3, 2, 1}, []float64{0, 0, 1, 1}, 0, true},
		"one swap":   {[]float64{1, 3, 2, 4}, []float64{0, 0, 1, 1}, 0.75, true},
		"all tied":   {[]float64{1, 1, 1}, []float64{0, 1, 0}, 0.5, true},
		"half tied":  {[]float64{1, 2, 2}, []float64{0, 1, 0}, 0.75, true},
		"one class":  {[]float64{1, 2}, []float64{1, 1}, 0, false},
		"none":       {nil, nil, 0, false},
		"not scored": {[]float64{1, nan}, []float64{0, 1}, nan, true},
	} {
		got, ok := auc(tt.scores, tt.y)
		assert.Equal(t, tt.ok, ok, name)
		if math.IsNaN(tt.want) {
			assert.True(t, math.IsNaN(got), name)
		} else {
			assert.InDelta(t, tt.want, got, 1e-12, name)
		}
	}
}

// Gradient descent finds the weights that made the labels.
func TestModelFindsTheSignal(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	truth := model{weights: []float64{1.5, -1, 0}, bias: -0.5}
	var s set
	for range 20_000 {
		x := []float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		y := 0.0
		if rng.Float64() < sigmoid(truth.score(x)) {
			y = 1
		}
		s.x, s.y = append(s.x, x), append(s.y, y)
	}
	m := &model{weights: make([]float64, 3)}
	first := m.epoch(s, learningRate, rng)
	last := first
	for range epochs {
		last = m.epoch(s, learningRate/4, rng)
	}
	assert.Less(t, last, first)
	for j, w := range truth.weights {
		assert.InDelta(t, w, m.weights[j], 0.12, "weight %d", j)
	}
	assert.InDelta(t, truth.bias, m.bias, 0.12)
}

func TestLogLoss(t *testing.T) {
	assert.InDelta(t, math.Log(2), logLoss(0, 1), 1e-12)
	assert.InDelta(t, -math.Log(sigmoid(2)), logLoss(2, 1), 1e-12)
	assert.InDelta(t, -math.Log(1-sigmoid(2)), logLoss(2, 0), 1e-12)
	assert.InDelta(t, 1000, logLoss(1000, 0), 1e-9, "where exp overflows")
	assert.InDelta(t, 1000, logLoss(-1000, 1), 1e-9)
}

func TestNumbersThatJSONLacks(t *testing.T) {
	got, err := json.Marshal([]number{1.5, -2, number(math.NaN()), number(math.Inf(-1))})
	require.NoError(t, err)
	assert.Equal(t, `[1.5,-2,"NaN","-Inf"]`, string(got))
}
