// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// model is a logistic regression: the probability of fraud is sigmoid(bias + Σ weights·x) for a
// standardized row x.
type model struct {
	weights []float64
	bias    float64
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// score is the log-odds of fraud.
func (m *model) score(x []float64) float64 {
	z := m.bias
	for j, w := range m.weights {
		z += w * x[j]
	}
	return z
}

// How the model is trained: epochs of stochastic gradient descent on batches, with the weights
// drawn towards zero.
const (
	epochs       = 12
	batch        = 64
	learningRate = 0.2
	decay        = 1e-4
)

// epoch goes once over the rows, in an order of its own, and returns the mean log-loss.
func (m *model) epoch(s set, rate float64, rng *rand.Rand) (loss float64) {
	gradient := make([]float64, len(m.weights))
	order := rng.Perm(len(s.x))
	for rows := range slices.Chunk(order, batch) {
		clear(gradient)
		slope := 0.0
		for _, i := range rows {
			z := m.score(s.x[i])
			loss += logLoss(z, s.y[i])
			d := (sigmoid(z) - s.y[i]) / float64(len(rows))
			slope += d
			for j, x := range s.x[i] {
				gradient[j] += d * x
			}
		}
		m.bias -= rate * slope
		for j := range m.weights {
			m.weights[j] -= rate * (gradient[j] + decay*m.weights[j])
		}
	}
	return loss / float64(len(s.x))
}

// logLoss is −log of the probability that was given to what happened: log(1+exp(z)) − y·z.
func logLoss(z, y float64) float64 {
	return max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) - y*z
}

// auc is the probability that a fraud has a higher score than another payment, ties counting half.
// It is NaN if a score is, and not ok without both classes.
func auc(scores, y []float64) (value float64, ok bool) {
	order := make([]int, len(scores))
	positives := 0.0
	for i := range order {
		order[i] = i
		positives += y[i]
	}
	negatives := float64(len(y)) - positives
	if positives == 0 || negatives == 0 {
		return 0, false
	}
	if slices.ContainsFunc(scores, math.IsNaN) {
		return math.NaN(), true
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	ranks := 0.0 // the sum of the ranks of the positives
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && scores[order[j]] == scores[order[i]] {
			j++
		}
		for _, row := range order[i:j] {
			ranks += y[row] * float64(i+1+j) / 2
		}
		i = j
	}
	return (ranks - positives*(positives+1)/2) / (positives * negatives), true
}
