// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package version

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

var (
	fraud = ID{"production", "fraud"}
	noon  = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// card is a model's with versions, each trained a day after the one before if dated.
func card(dated bool, versions ...string) *catalog.Model {
	m := &catalog.Model{Name: "fraud"}
	for i, v := range versions {
		c := &catalog.Version{Model: m, Version: v}
		if dated {
			c.TrainedAt = noon.AddDate(0, 0, i)
		}
		m.Versions = append(m.Versions, c)
	}
	return m
}

func TestChoose(t *testing.T) {
	type served struct {
		v        string
		from, to int
	}
	for _, c := range []struct {
		name       string
		served     []served
		card       *catalog.Model
		at         string
		rolledBack map[string]time.Time
		inBreach   map[string]string
		from, to   string
		changedAt  time.Time
		problem    string
	}{
		{name: "nothing is known", problem: "no version of fraud was seen to serve"},
		{name: "only one version was seen", served: []served{{"7", 0, 60}}, from: "7", problem: "no version of fraud is known that is older than 7"},
		{name: "the one that served before", served: []served{{"6", 0, 30}, {"7", 30, 60}}, from: "7", to: "6", changedAt: at(30)},
		{name: "of three the latest", served: []served{{"5", 0, 10}, {"6", 10, 30}, {"7", 30, 60}}, from: "7", to: "6", changedAt: at(30)},
		{name: "both serve", served: []served{{"6", 0, 60}, {"7", 30, 60}}, from: "7", to: "6", changedAt: at(30)},
		{name: "the alert names the version", served: []served{{"5", 0, 10}, {"6", 10, 60}, {"7", 30, 60}}, at: "6", from: "6", to: "5", changedAt: at(10)},
		{name: "the one before was rolled back", served: []served{{"5", 0, 10}, {"6", 10, 30}, {"7", 30, 60}}, rolledBack: map[string]time.Time{"6": at(20)}, from: "7", to: "5", changedAt: at(30)},
		{name: "the one before is in breach", served: []served{{"5", 0, 10}, {"6", 10, 60}, {"7", 30, 60}}, inBreach: map[string]string{"6": "FeatureDrift"}, from: "7", to: "5", changedAt: at(30)},
		{name: "all are unfit", served: []served{{"5", 0, 10}, {"6", 10, 60}, {"7", 30, 60}}, rolledBack: map[string]time.Time{"5": at(5)}, inBreach: map[string]string{"6": "FeatureDrift"}, from: "7", problem: "fraud has no version to go back to from 7: version 6 is in breach itself: FeatureDrift, version 5 was rolled back", changedAt: at(30)},
		{name: "the card does not know it", served: []served{{"6", 0, 30}, {"7", 30, 60}}, card: card(false, "7"), from: "7", problem: "version 6 is not on the card", changedAt: at(30)},
		{name: "the card alone knows", served: []served{{"7", 0, 60}}, card: card(true, "a", "b", "7", "c"), from: "7", to: "b"},
		{name: "the card has numbers", served: []served{{"7", 0, 60}}, card: card(false, "7", "10", "6", "5"), from: "7", to: "6"},
		{name: "the card has versions in order", served: []served{{"v1.10.0", 0, 60}}, card: card(false, "v1.9.2", "v1.2.0", "v1.10.0"), from: "v1.10.0", to: "v1.9.2"},
		{name: "the card has names", served: []served{{"new", 0, 60}}, card: card(false, "new", "old"), from: "new", problem: "no version of fraud is known"},
		{name: "what served goes before the card", served: []served{{"5", 0, 30}, {"7", 30, 60}}, card: card(true, "5", "6", "7"), from: "7", to: "5", changedAt: at(30)},
		{name: "a version that came back", served: []served{{"6", 0, 60}, {"7", 30, 40}}, from: "7", at: "7", to: "6", changedAt: at(30)},
	} {
		t.Run(c.name, func(t *testing.T) {
			tracker := NewTracker()
			for _, s := range c.served {
				for m := s.from; m <= s.to; m++ {
					tracker.See(fraud, s.v, at(m))
				}
			}
			seen, _ := tracker.Seen(fraud)
			got := Choose(&Question{
				Model: fraud, At: c.at, Card: c.card, Seen: seen, Serving: tracker.Serving(fraud, SwitchAfter), RolledBack: c.rolledBack, InBreach: c.inBreach,
			})
			assert.Equal(t, c.from, got.From)
			assert.Equal(t, c.to, got.To)
			assert.Equal(t, c.changedAt, got.ChangedAt)
			assert.Contains(t, got.Problem, c.problem)
			assert.Equal(t, c.to != "", got.Why != "")
			assert.Equal(t, c.to == "", got.Problem != "")
		})
	}
}

func TestServing(t *testing.T) {
	tracker := NewTracker()
	assert.Empty(t, tracker.Serving(fraud, SwitchAfter))
	assert.True(t, tracker.See(fraud, "6", at(0)))
	assert.False(t, tracker.See(fraud, "6", at(10)))
	assert.True(t, tracker.See(fraud, "7", at(10)))
	assert.Equal(t, []string{"7", "6"}, tracker.Serving(fraud, SwitchAfter))
	tracker.See(fraud, "7", at(13))
	assert.Equal(t, []string{"7"}, tracker.Serving(fraud, SwitchAfter))
	tracker.See(fraud, "6", at(20)) // it was rolled back
	assert.Equal(t, []string{"6"}, tracker.Serving(fraud, SwitchAfter))

	tracker.See(fraud, "7", at(20).Add(10*time.Second)) // a span of it comes a little later
	tracker.See(fraud, "6", at(20).Add(14*time.Second))
	assert.Equal(t, []string{"7", "6"}, tracker.Serving(fraud, 5*time.Second))
	assert.Equal(t, []string{"6"}, tracker.Serving(fraud, 4*time.Second))
}

// What was stored goes under what was seen since: a version that came while nobody looked has no
// known beginning only if nothing was known before.
func TestLoad(t *testing.T) {
	before := NewTracker()
	before.See(fraud, "6", at(0))
	before.See(fraud, "6", at(10))
	stored := before.Changed()[fraud]
	assert.Empty(t, before.Changed())

	after := NewTracker()
	after.See(fraud, "7", at(20))
	seen, _ := after.Seen(fraud)
	require.True(t, seen.Versions["7"].FromStart)
	after.Load(fraud, stored)
	seen, _ = after.Seen(fraud)
	assert.False(t, seen.Versions["7"].FromStart)
	assert.True(t, seen.Versions["6"].FromStart)
	assert.Equal(t, at(0), seen.Since)

	again := NewTracker()
	again.See(fraud, "6", at(30))
	again.Load(fraud, stored)
	seen, _ = again.Seen(fraud)
	assert.Equal(t, &Span{First: at(0), Last: at(30), FromStart: true}, seen.Versions["6"])
}

func TestBounds(t *testing.T) {
	tracker := NewTracker()
	for i := range maxVersions + 10 {
		tracker.See(fraud, fmt.Sprint(i), at(i))
	}
	seen, _ := tracker.Seen(fraud)
	assert.Len(t, seen.Versions, maxVersions)
	assert.Nil(t, seen.Versions["0"], "the one heard of longest ago goes")
	for i := range maxModels + 10 {
		tracker.See(ID{"", fmt.Sprint(i)}, "1", at(0))
	}
	assert.Equal(t, 11, tracker.Full())
	assert.Len(t, tracker.Named("fraud"), 1)
}

// What is known already takes no lock for writing, and nothing of the heap.
func TestSeeAllocates(t *testing.T) {
	tracker := NewTracker()
	tracker.See(fraud, "7", at(0))
	assert.Zero(t, testing.AllocsPerRun(100, func() { tracker.See(fraud, "7", at(0)) }))
}
