// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// general are tables of no system, which may read what is left of any.
var general = []string{"gen_ai", "cicd", "ci", "handwritten", "handwritten_jobs", "open_inference_protocol"}

// overlaps are the systems whose spans others take for theirs, where their own table is not there.
var overlaps = map[string][]string{
	"litellm": {"openllmetry"}, // llm.request.type, of which LiteLLM has words of its own
	"sglang":  {"vllm"},        // gen_ai.latency.*
}

// TestOverlaps takes each table away: no other system's reads the spans of its examples then.
func TestOverlaps(t *testing.T) {
	for _, table := range embedded() {
		if slices.Contains(general, table.Name) {
			continue
		}
		e, err := New(Options{Disabled: []string{table.Name}})
		require.NoError(t, err)
		var others []string
		for _, x := range examples(t, table.Name) {
			if x.Secret || x.Dialects != nil {
				continue
			}
			_, stats := read(t, e, x.given(), nil)
			for _, name := range spoken(e, stats) {
				if !slices.Contains(general, name) && !slices.Contains(others, name) {
					others = append(others, name)
				}
			}
		}
		slices.Sort(others)
		assert.Equal(t, overlaps[table.Name], others, table.Name)
	}
}
