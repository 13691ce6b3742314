// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

var (
	day   = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	later = day.Add(24 * time.Hour)
)

// card is a card of the model fraud.
func card(environment string) *Model {
	m := &Model{
		Name: "fraud", Environment: environment, Owner: "people", Attributes: map[string]any{"team": "card"},
		Baseline: &profile.Profile{Rows: 7}, Prices: &Prices{Currency: "EUR"}, File: "fraud.yaml", Line: 1,
	}
	m.Versions = []*Version{{
		Model: m, Version: "7", Aliases: []string{"champion"}, TrainedAt: day, Baseline: m.Baseline, Prices: m.Prices,
		Attributes: map[string]any{"team": "card", "own": "card"},
	}}
	return m
}

// registry is what a registry knows of it.
func registry(environment string) Facts {
	return Facts{Models: []ModelFacts{{
		Name: "fraud", Environment: environment, Task: BinaryClassification, PositiveClass: "fraud", Owner: "registry", Description: "Card payments.",
		FeatureViews: []string{"payments"}, Attributes: map[string]any{"team": "registry", "source": "registry"},
		Versions: []VersionFacts{
			{Version: "8", Aliases: []string{"champion", "challenger", "7"}, TrainedAt: later, Attributes: map[string]any{"auc": 0.9, "source": "version", "team": "version"}},
			{Version: "7", Aliases: []string{"old"}, TrainedAt: later, Attributes: map[string]any{"auc": 0.8, "own": "registry"}},
		},
	}}}
}

func TestMergeCardWins(t *testing.T) {
	c := card("production")
	before, err := json.Marshal([]any{c.Owner, c.Attributes, c.Versions[0].Aliases, c.Versions[0].Attributes, c.Task})
	require.NoError(t, err)
	cards := NewSet([]*Model{c, {Name: "other"}}, []*Job{{Name: "job"}})
	facts := registry("production")
	set := Merge(cards, facts)

	m := set.Model("production", "fraud")
	assert.Equal(t, BinaryClassification, m.Task)
	assert.Equal(t, "fraud", m.PositiveClass)
	assert.Equal(t, "people", m.Owner)
	assert.Equal(t, "Card payments.", m.Description)
	assert.Equal(t, []string{"payments"}, m.FeatureViews)
	assert.Equal(t, map[string]any{"team": "card", "source": "registry"}, m.Attributes)
	assert.Equal(t, "fraud.yaml", m.File)
	require.Len(t, m.Versions, 2)

	seven := set.Version("production", "fraud", "7")
	assert.Same(t, m, seven.Model)
	assert.Equal(t, []string{"champion"}, seven.Aliases, "the card's list wins")
	assert.Equal(t, day, seven.TrainedAt)
	assert.Equal(t, map[string]any{"team": "card", "own": "card", "auc": 0.8, "source": "registry"}, seven.Attributes)

	eight := set.Version("production", "fraud", "8")
	assert.Same(t, m, eight.Model)
	assert.Equal(t, []string{"challenger"}, eight.Aliases, "what the card calls the version 7 is no name of another")
	assert.Equal(t, later, eight.TrainedAt)
	assert.Equal(t, map[string]any{"team": "card", "source": "version", "auc": 0.9}, eight.Attributes)
	assert.Same(t, c.Baseline, eight.Baseline, "a version that only the registry knows has the card's baseline")
	assert.Same(t, c.Prices, eight.Prices)
	assert.Same(t, seven, set.Version("production", "fraud", "champion"))
	assert.Same(t, eight, set.Version("production", "fraud", "challenger"))

	assert.Same(t, cards.Models[1], set.Model("", "other"), "a card without facts is the same one")
	assert.Equal(t, cards.Jobs, set.Jobs)
	after, err := json.Marshal([]any{c.Owner, c.Attributes, c.Versions[0].Aliases, c.Versions[0].Attributes, c.Task})
	require.NoError(t, err)
	assert.JSONEq(t, string(before), string(after), "the card is not changed")
	assert.Equal(t, registry("production"), facts, "nor are the facts")
	assert.Same(t, c, c.Versions[0].Model)
}

func TestMergeEnvironments(t *testing.T) {
	t.Run("facts of any environment go under all cards", func(t *testing.T) {
		set := Merge(NewSet([]*Model{card("production"), card("staging")}, nil), registry(""))
		require.Len(t, set.Models, 3)
		for _, environment := range []string{"production", "staging"} {
			assert.Equal(t, "people", set.Model(environment, "fraud").Owner)
			assert.NotNil(t, set.Version(environment, "fraud", "8"), environment)
		}
		assert.Equal(t, "registry", set.Model("test", "fraud").Owner)
	})
	t.Run("a general card counts in the environment of the facts", func(t *testing.T) {
		general := card("")
		set := Merge(NewSet([]*Model{general}, nil), registry("production"))
		m := set.Model("production", "fraud")
		assert.Equal(t, "production", m.Environment)
		assert.Equal(t, "people", m.Owner, "it would be hidden if it were not copied")
		assert.Same(t, m, set.Version("production", "fraud", "7").Model)
		assert.NotNil(t, set.Version("production", "fraud", "8"))
		assert.Same(t, general, set.Model("staging", "fraud"))
		assert.Nil(t, set.Version("staging", "fraud", "8"))
	})
	t.Run("facts of another environment leave a card alone", func(t *testing.T) {
		c := card("production")
		set := Merge(NewSet([]*Model{c}, nil), registry("staging"))
		assert.Same(t, c, set.Model("production", "fraud"))
		assert.Equal(t, "registry", set.Model("staging", "fraud").Owner)
		assert.Nil(t, set.Model("", "fraud"))
	})
	t.Run("without a card", func(t *testing.T) {
		set := Merge(NewSet(nil, nil), registry(""))
		assert.Equal(t, "registry", set.Model("anywhere", "fraud").Owner)
		assert.Equal(t, "8", set.Version("anywhere", "fraud", "champion").Version)
		assert.Equal(t, map[string]any{"team": "registry", "source": "registry", "own": "registry", "auc": 0.8}, set.Version("", "fraud", "7").Attributes)
	})
}

func TestMergeOfSources(t *testing.T) {
	second := Facts{Stale: true, Models: []ModelFacts{{
		Name: "fraud", Owner: "second", Attributes: map[string]any{"source": "second", "more": true},
		Versions: []VersionFacts{{Version: "8", TrainedAt: day}, {Version: "9", Aliases: []string{"champion", "next"}}},
	}, {Name: "alone"}}}
	set := Merge(NewSet(nil, nil), registry(""), second)
	m := set.Model("", "fraud")
	assert.Equal(t, "registry", m.Owner, "the first source wins")
	assert.Equal(t, map[string]any{"team": "registry", "source": "registry", "more": true, "ml.catalog.stale": true}, m.Attributes)
	assert.Equal(t, later, set.Version("", "fraud", "8").TrainedAt)
	assert.Equal(t, "8", set.Version("", "fraud", "champion").Version)
	assert.Equal(t, []string{"next"}, set.Version("", "fraud", "9").Aliases)
	assert.Equal(t, true, set.Version("", "fraud", "7").Attributes["ml.catalog.stale"])
	assert.Equal(t, map[string]any{"ml.catalog.stale": true}, set.Model("", "alone").Attributes)
}

func TestMergeOfTaskAndClass(t *testing.T) {
	facts := func() Facts { return Facts{Models: []ModelFacts{{Name: "m", Task: Regression}}} }
	m := Merge(NewSet([]*Model{{Name: "m", PositiveClass: "yes"}}, nil), facts()).Model("", "m")
	assert.Empty(t, m.Task, "a card with a positive class is of a binary classifier, whatever the registry says")
	other := Facts{Models: []ModelFacts{{Name: "m", Task: BinaryClassification, PositiveClass: "yes"}}}
	m = Merge(NewSet([]*Model{{Name: "m", Task: Regression}}, nil), other).Model("", "m")
	assert.Equal(t, Regression, m.Task)
	assert.Empty(t, m.PositiveClass)
}

func TestMergeOfNothing(t *testing.T) {
	cards := NewSet([]*Model{card("")}, nil)
	assert.Same(t, cards, Merge(cards))
	assert.Same(t, cards, Merge(cards, Facts{}, Facts{Notes: []string{"x"}}))
}

func TestFactsAreTheSameAfterJSON(t *testing.T) {
	facts := registry("production")
	facts.FeatureViews = []*FeatureView{{Name: "v", TTL: time.Hour, MaterializedUntil: later, Entities: []Entity{{"e", "e_id"}}, Attributes: map[string]any{"a": "b", "c": true, "d": 1.5}}}
	data, err := json.Marshal(facts)
	require.NoError(t, err)
	var back Facts
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, facts, back)
}

func TestFeatureViews(t *testing.T) {
	views := Facts{FeatureViews: []*FeatureView{
		{Name: "driver_stats", Version: "3", Features: []string{"conv_rate", "acc"}, MaterializedUntil: day},
		{Name: "driver", Features: []string{"stats__conv_rate"}},
		{Name: "a__b", Features: []string{"c", "b__c"}, Environment: "production"},
		{Name: "a__b", Features: []string{"c"}, Version: "1"},
		{Name: "a__b", Features: []string{"never"}},
	}}
	listed := &Model{Name: "listed", FeatureViews: []string{"driver_stats", "unknown", "a__b", "driver_stats"}}
	named := &Model{
		Name: "named", Environment: "production", Features: map[string]Feature{"driver_stats__acc": {}, "amount": {}, "driver_stats__none": {}},
		Baseline: &profile.Profile{Features: []*profile.Column{{Name: "a__b__c"}, {Name: "driver_stats__conv_rate"}}},
	}
	one := &Model{Name: "one", FeatureViews: []string{"driver_stats"}, Attributes: map[string]any{"ml.feature_view.version": "card"}}
	set := Merge(NewSet([]*Model{listed, named, one, {Name: "none"}}, nil), views)

	assert.Equal(t, views.FeatureViews, set.FeatureViews)
	assert.Equal(t, "production", set.FeatureView("production", "a__b").Environment)
	assert.Equal(t, "1", set.FeatureView("staging", "a__b").Version, "the first of a name wins")
	assert.Nil(t, set.FeatureView("", "c"))

	view := set.featureViewOf("", "driver_stats__conv_rate")
	require.NotNil(t, view)
	assert.Equal(t, "driver_stats", view.Name)
	assert.Equal(t, "driver", set.featureViewOf("", "driver__stats__conv_rate").Name)
	assert.Equal(t, "a__b", set.featureViewOf("production", "a__b__b__c").Name)
	for _, name := range []string{"", "__", "__c", "driver_stats", "driver_stats__", "driver_stats__missing", "x__y"} {
		assert.Nil(t, set.featureViewOf("", name), name)
	}

	names := func(m *Model) (out []string) {
		for _, v := range set.FeatureViewsOf(m) {
			out = append(out, v.Name)
		}
		return out
	}
	assert.Equal(t, []string{"driver_stats", "a__b"}, names(set.Model("", "listed")))
	assert.Equal(t, []string{"a__b", "driver_stats"}, names(set.Model("production", "named")))
	assert.Empty(t, names(set.Model("", "none")))
	assert.Equal(t, map[string]any{"ml.feature_view.name": "driver_stats,a__b"}, set.Model("", "listed").Attributes)
	assert.Equal(t, map[string]any{"ml.feature_view.name": "driver_stats", "ml.feature_view.version": "card"}, set.Model("", "one").Attributes, "the card wins")
	assert.Nil(t, listed.Attributes)
	assert.Nil(t, NewSet([]*Model{listed}, nil).FeatureViewsOf(listed))

	age, ok := view.Age(day.Add(time.Minute))
	assert.True(t, ok)
	assert.Equal(t, time.Minute, age)
	_, ok = view.Age(day.Add(-time.Minute))
	assert.False(t, ok)
	_, ok = set.FeatureView("", "driver").Age(day)
	assert.False(t, ok)
}

func BenchmarkMerge(b *testing.B) {
	var cards []*Model
	var facts Facts
	for i := range 1000 {
		name := fmt.Sprint("m", i)
		if i%2 == 0 {
			m := card("production")
			m.Name = name
			cards = append(cards, m)
		}
		f := registry("").Models[0]
		f.Name = name
		facts.Models = append(facts.Models, f)
	}
	set := NewSet(cards, nil)
	b.ReportAllocs()
	for b.Loop() {
		Merge(set, facts)
	}
}
