// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSetLookup(t *testing.T) {
	anyEnv := &Model{Name: "m"}
	anyEnv.Versions = []*Version{{Model: anyEnv, Version: "1", Aliases: []string{"2", "champion"}}, {Model: anyEnv, Version: "2"}}
	staging := &Model{Name: "m", Environment: "staging"}
	job := &Job{Name: "j", Environment: "staging"}
	other := &Model{Name: "o", AlsoKnownAs: []string{"m", "deployment"}}
	s := NewSet([]*Model{other, anyEnv, staging}, []*Job{job})
	assert.Same(t, other, s.Model("production", "deployment"))
	assert.Same(t, anyEnv, s.Model("production", "m"), "a card's own name wins over another's alias")

	assert.Same(t, anyEnv, s.Model("production", "m"))
	assert.Same(t, anyEnv, s.Model("", "m"))
	assert.Same(t, staging, s.Model("staging", "m"))
	assert.Nil(t, s.Model("", "neither"))
	assert.Same(t, anyEnv.Versions[0], s.Version("production", "m", "champion"))
	assert.Same(t, anyEnv.Versions[1], s.Version("production", "m", "2"), "a version's own name wins over an alias")
	assert.Nil(t, s.Version("staging", "m", "1"), "the card of the environment is the one that counts")
	assert.Nil(t, s.Version("", "m", ""))
	assert.Same(t, job, s.Job("staging", "j"))
	assert.Nil(t, s.Job("", "j"))
	assert.Nil(t, s.Baseline("", "m", "1"))
}

func TestPatterns(t *testing.T) {
	gpt := &Model{Name: "gpt-4o", Patterns: []string{"gpt-4o-*", "*4o*"}}
	mini := &Model{Name: "gpt-4o-mini", Patterns: []string{"gpt-4o-mini-*"}}
	first, second := &Model{Name: "first", Patterns: []string{"ab*"}}, &Model{Name: "second", Patterns: []string{"*bc"}}
	eu := &Model{Name: "eu", Environment: "eu", Patterns: []string{"gpt*"}}
	s := NewSet([]*Model{gpt, mini, first, second, eu}, nil)
	for name, want := range map[string]*Model{
		"gpt-4o": gpt, "gpt-4o-2024-08-06": gpt, "gpt-4o-mini": mini, "gpt-4o-mini-2024-07-18": mini, "our-4o": gpt,
		"abc": first, "xbc": second, "other": nil, "": nil,
	} {
		assert.Same(t, want, s.Model("", name), "%q: a name goes before a pattern, the most letters before others, the first card before the second", name)
	}
	assert.Same(t, gpt, s.Model("eu", "gpt-4o"), "a name without an environment goes before a pattern of the environment")
	assert.Same(t, eu, s.Model("eu", "gpt-4o-2024-08-06"), "and its pattern before those without")
	assert.Same(t, first, s.Model("eu", "abc"))
}

func TestPricesAt(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		require.NoError(t, err)
		return d
	}
	set, err := Load(folder(t, map[string]string{"a.yaml": `kind: model
name: a
models: [a-eu, "a-*"]
prices:
  - {from: 2026-06-01, input_per_million: 2, cached_input_per_million: 0.5}
  - {from: 2026-01-01T12:00:00+01:00, input_per_million: 3, currency: EUR}
versions: [{version: "1", prices: [{input_per_million: 9}, {from: 2026-03-01, input_per_million: 8}]}]
---
kind: model
name: b
prices: {from: 2026-06-01, input_per_million: 2}
`}))
	require.NoError(t, err)
	a, b := set.Model("", "a").Prices, set.Model("", "b").Prices
	assert.Nil(t, a.At(day("2025-12-31")), "before the first")
	assert.Nil(t, a.At(day("2026-01-01").Add(11*time.Hour-1)))
	assert.Equal(t, "EUR", a.At(day("2026-01-01").Add(11*time.Hour)).Currency)
	assert.InDelta(t, 3, *a.At(day("2026-06-01").Add(-1)).InputPerMillion, 0)
	assert.InDelta(t, 2, *a.At(day("2026-06-01")).InputPerMillion, 0)
	assert.InDelta(t, 2, *a.At(day("2030-01-01")).InputPerMillion, 0)
	version := set.Version("", "a", "1").Prices
	assert.InDelta(t, 9, *version.At(day("1999-01-01")).InputPerMillion, 0, "without a date they have always held")
	assert.InDelta(t, 8, *version.At(day("2026-03-01")).InputPerMillion, 0)
	assert.Nil(t, b.At(day("2026-05-31")))
	assert.NotNil(t, b.At(day("2026-06-01")))
	assert.Nil(t, (*Prices)(nil).At(day("2026-06-01")))
	assert.Same(t, set.Model("", "a"), set.Model("", "a-eu"))
	assert.Same(t, set.Model("", "a"), set.Model("", "a-us"))
}
