// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Version 2 gives the answers of version 1, and asks for words of one review in five or so; both are mostly right.
func TestVersionsAgree(t *testing.T) {
	trained := train()
	first := &version{name: "1", model: trained, held: trained.words}
	asked := 0
	second := &version{name: "2", model: trained, held: trained.frequent(atHand), ask: func(_ context.Context, words []string) (map[string]weights, error) {
		asked++
		out := map[string]weights{}
		for _, word := range words {
			out[word] = trained.words[word]
		}
		return out, nil
	}}
	const reviews = 2000
	right := 0
	rng := rand.New(rand.NewPCG(1, 300))
	for range reviews {
		r, meant := customer(rng)
		class, confidence, err := first.classify(t.Context(), tokens(r.Text))
		require.NoError(t, err)
		again, same, err := second.classify(t.Context(), tokens(r.Text))
		require.NoError(t, err)
		require.Equal(t, class, again, r.Text)
		require.InDelta(t, confidence, same, 1e-9, r.Text)
		if class == classes[meant] {
			right++
		}
	}
	assert.InDelta(t, 0.2, float64(asked)/reviews, 0.07)
	assert.Greater(t, float64(right)/reviews, 0.75)
}

// The reviews that are forged are bad, for the model, too.
func TestForgedReviewsAreNegative(t *testing.T) {
	trained := train()
	v := &version{model: trained, held: trained.words}
	rng := rand.New(rand.NewPCG(1, 400))
	for range 50 {
		r := forger(rng)
		class, _, err := v.classify(t.Context(), tokens(r.Text))
		require.NoError(t, err)
		assert.Equal(t, "negative", class, r.Text)
	}
}
