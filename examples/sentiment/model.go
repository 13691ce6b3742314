// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// How the model is trained. The reviews that it learns from are not those that its baseline is made of.
const (
	trainingReviews = 3000
	epochs          = 5
	learningRate    = 0.1
)

// atHand is how many reviews of the training must have a word for version 2 to have it at hand: 2 %.
const atHand = trainingReviews / 50

// weights are those of a word, or of none, for each class.
type weights [len(classes)]float64

// model is a multinomial logistic regression on which words a review has.
type model struct {
	bias  weights
	words map[string]weights
	// seen is how many reviews of the training had the word.
	seen map[string]int
}

// train makes the model. It is the same each time: the baseline is of its answers.
func train() *model {
	rng := rand.New(rand.NewPCG(baselineSeed, 100))
	type example struct {
		words []string
		class int
	}
	examples := make([]example, trainingReviews)
	m := &model{words: map[string]weights{}, seen: map[string]int{}}
	for i := range examples {
		r, class := customer(rng)
		examples[i] = example{tokens(r.Text), class}
		for _, word := range examples[i].words {
			m.seen[word]++
		}
	}
	for range epochs {
		for _, e := range examples {
			step := m.scores(e.words, m.words)
			for class := range step {
				step[class] *= -learningRate
			}
			step[e.class] += learningRate
			m.bias = plus(m.bias, step)
			for _, word := range e.words {
				m.words[word] = plus(m.words[word], step)
			}
		}
	}
	return m
}

// frequent returns the weights of the words that so many reviews of the training had, or more.
func (m *model) frequent(least int) map[string]weights {
	out := map[string]weights{}
	for word, seen := range m.seen {
		if seen >= least {
			out[word] = m.words[word]
		}
	}
	return out
}

// scores are the probabilities of the classes.
func (m *model) scores(words []string, of map[string]weights) weights {
	sum := m.bias
	for _, word := range words {
		sum = plus(sum, of[word])
	}
	total := 0.0
	for class, logit := range sum {
		sum[class] = math.Exp(logit)
		total += sum[class]
	}
	for class := range sum {
		sum[class] /= total
	}
	return sum
}

func plus(a, b weights) weights {
	for class := range a {
		a[class] += b[class]
	}
	return a
}

// tokens returns the words of a text in lower case, each once, in their order.
func tokens(text string) []string {
	var out []string
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// version is one way to serve the model.
type version struct {
	name string
	*model
	// held are the words at hand.
	held map[string]weights
	// ask asks for the weights of words that are not; nil if all are.
	ask func(ctx context.Context, words []string) (map[string]weights, error)
}

// classify returns the class, and the probability that it is the right one.
func (v *version) classify(ctx context.Context, words []string) (class string, confidence float64, err error) {
	of := v.held
	if v.ask != nil {
		var missing []string
		for _, word := range words {
			if _, ok := v.held[word]; !ok {
				missing = append(missing, word)
			}
		}
		if len(missing) > 0 {
			asked, err := v.ask(ctx, missing)
			if err != nil {
				return "", 0, err
			}
			of = maps.Clone(v.held)
			maps.Copy(of, asked)
		}
	}
	scores := v.scores(words, of)
	best := 0
	for i := range scores {
		if scores[i] > scores[best] {
			best = i
		}
	}
	return classes[best], scores[best], nil
}
