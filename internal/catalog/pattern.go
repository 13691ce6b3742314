// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/wildcard"
)

// pattern is a name with wildcards, and the model that it means.
type pattern struct {
	text string
	// literal is the number of bytes beside the wildcards.
	literal int
	model   *Model
}

// patternsOf returns the patterns of models by environment: those with more literal bytes first,
// of as many those of the earlier card.
func patternsOf(models []*Model) map[string][]pattern {
	out := map[string][]pattern{}
	for _, m := range models {
		for _, text := range m.Patterns {
			out[m.Environment] = append(out[m.Environment], pattern{text, len(text) - strings.Count(text, wildcard.Any), m})
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b pattern) int { return b.literal - a.literal })
	}
	return out
}

// matching returns the model of the first pattern that matches a name, or nil.
func matching(list []pattern, name string) *Model {
	for i := range list {
		if len(name) >= list[i].literal && wildcard.Match(list[i].text, name) {
			return list[i].model
		}
	}
	return nil
}
