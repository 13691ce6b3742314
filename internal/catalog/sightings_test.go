// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func watched() *Set {
	return NewSet([]*Model{
		{Name: "fraud", Environment: "production", File: "fraud.yaml", Line: 1},
		{Name: "churn", AlsoKnownAs: []string{"churn-blue"}, File: "churn.yaml", Line: 3},
		{Name: "of_a_registry"},
	}, []*Job{{Name: "recsys_daily", File: "recsys.yaml", Line: 1}})
}

// reviews returns the review after n looks with predictions in between.
func reviews(t *testing.T, s *Sightings, set *Set, n int, see func()) (r Review) {
	t.Helper()
	for range n {
		see()
		var changed bool
		r, changed = s.Review(set)
		require.True(t, changed)
	}
	return r
}

func TestNearMisses(t *testing.T) {
	set := watched()
	fraud := Card{"model", "production", "fraud", "fraud.yaml", 1}
	churn := Card{"model", "", "churn", "churn.yaml", 3}
	for name, tt := range map[string]struct {
		see  func(s *Sightings)
		want []NearMiss
	}{
		"another environment": {func(s *Sightings) { s.UnknownModel("staging", "fraud") }, []NearMiss{{"model", "staging", "fraud", fraud, "environment"}}},
		"no environment":      {func(s *Sightings) { s.UnknownModel("", "fraud") }, []NearMiss{{"model", "", "fraud", fraud, "environment"}}},
		"case":                {func(s *Sightings) { s.UnknownModel("production", "Fraud") }, []NearMiss{{"model", "production", "Fraud", fraud, "name"}}},
		"a slip":              {func(s *Sightings) { s.UnknownModel("", "chrun") }, []NearMiss{{"model", "", "chrun", churn, "name"}}},
		"of another name":     {func(s *Sightings) { s.UnknownModel("", "churn_blue") }, []NearMiss{{"model", "", "churn_blue", churn, "name"}}},
		"a job":               {func(s *Sightings) { s.UnknownJob("", "recsys-daily"); s.Of(set.Models[0]).Meet() }, []NearMiss{{"job", "", "recsys-daily", Card{"job", "", "recsys_daily", "recsys.yaml", 1}, "name"}}},
		"nothing near":        {func(s *Sightings) { s.UnknownModel("", "weather"); s.UnknownJob("", "fraud") }, nil},
		"too long":            {func(s *Sightings) { s.UnknownModel("", strings.Repeat("fraud", 1000)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSightings()
			r := reviews(t, s, set, 2, func() { tt.see(s) })
			assert.Equal(t, tt.want, r.Near)
			assert.Empty(t, r.Unmatched, "too early")
		})
	}
}

func TestUnmatched(t *testing.T) {
	set := watched()
	s := NewSightings()
	see := func() {
		s.UnknownModel("staging", "fraud")
		s.UnknownModel("", "weather")
		s.Of(set.Models[1]).Meet()
	}
	assert.Empty(t, reviews(t, s, set, patience-1, see).Unmatched)
	_, changed := s.Review(set)
	assert.False(t, changed, "no predictions: no time passes")
	assert.Equal(t, []Unmatched{{Card{"model", "production", "fraud", "fraud.yaml", 1}, []string{"fraud (staging)", "weather", "churn"}}}, reviews(t, s, set, 1, see).Unmatched)

	s.Of(set.Models[0]).Meet()
	assert.Empty(t, reviews(t, s, set, 1, see).Unmatched, "met at last")

	// A new set of the same cards keeps what is known.
	assert.Empty(t, reviews(t, s, watched(), 2*patience, see).Unmatched)

	// A card that gets its name right.
	mended := NewSet([]*Model{{Name: "weather", File: "w.yaml"}, set.Models[1]}, nil)
	r := reviews(t, s, mended, 1, func() { s.Of(mended.Models[0]).Meet() })
	assert.Empty(t, r.Near)
	assert.Empty(t, r.Unmatched)
}

// TestSightingsAreBounded has more names than there is room for.
func TestSightingsAreBounded(t *testing.T) {
	set := watched()
	s := NewSightings()
	for round := range 30 {
		for n := range 10 * maxNames {
			s.UnknownModel("", fmt.Sprintf("made-up-%d-%d", round, n))
		}
		assert.LessOrEqual(t, len(s.names)+len(s.fresh), maxNames)
		s.Review(set)
	}
	for n := range 100 {
		one := NewSet([]*Model{{Name: fmt.Sprint("card", n)}}, nil)
		s.Of(one.Models[0]).Meet()
		s.Review(one)
	}
	assert.LessOrEqual(t, len(s.cards), absence+2)
}

func TestSightingsOfNobody(t *testing.T) {
	var s *Sightings
	s.UnknownModel("", "x")
	s.UnknownJob("", "x")
	s.Of(&Model{}).Meet()
}

func BenchmarkSightings(b *testing.B) {
	s := NewSightings()
	card := s.Of(&Model{Name: "fraud"})
	b.Run("met", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			card.Meet()
		}
	})
	b.Run("unknown", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.UnknownModel("production", "a_model_without_a_card")
		}
	})
}
