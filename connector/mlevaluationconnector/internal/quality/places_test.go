// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Names that somebody makes up take no place of a version that a card names or that has labels, and
// leave places to those that come later.
func TestMadeUpModelsTakeNoPlaces(t *testing.T) {
	var evicted []string
	o := Options{Limits: Limits{Identities: 3}, Evicted: func(id prediction.Identity) { evicted = append(evicted, id.Version) }}
	e := New(o)
	e.SetTasks(func(id prediction.Identity) Task {
		return Task{Listed: id.Version == "carded" || id.Version == "carded later"}
	})
	now := monday.Add(day)
	predict := func(version string) (counted bool) {
		before := e.Stats().Predictions[Overflow]
		e.Predict(scored(version, day, "1", 0.5), now)
		return e.Stats().Predictions[Overflow] == before
	}
	label := func(version string) (counted bool) {
		before := e.Stats().Labels
		a := scored(version, day, "1", 0.5)
		e.Label(a, after(a, time.Minute, "1"))
		return e.Stats().Labels == before
	}
	assert.True(t, predict("carded"), "has a place of its own")
	assert.True(t, predict("labelled"))
	assert.True(t, label("labelled"))
	for i := range 100 {
		assert.Equal(t, i < 2, predict(fmt.Sprint("made up ", i)), i)
	}
	assert.True(t, predict("carded later"))
	assert.Empty(t, evicted)

	// Whose answers get labels takes the place of one whose answers had none, from then on.
	assert.False(t, predict("young"))
	assert.False(t, label("young"), "its prediction was not counted")
	assert.Equal(t, []string{"made up 0"}, evicted)
	now = now.Add(time.Minute)
	e.Predict(scored("young", day+2*time.Minute, "1", 0.5), now)
	a := scored("young", day+2*time.Minute, "1", 0.5)
	counted := e.Stats().Labels
	e.Label(a, after(a, time.Minute, "1"))
	assert.Equal(t, counted, e.Stats().Labels)

	// After an hour of silence names that nobody vouches for make room for others like them.
	assert.False(t, predict("too early"))
	now = now.Add(unusedFor)
	assert.True(t, predict("after an hour"))
	assert.False(t, predict("another one"), "the one before is young")
	assert.Equal(t, []string{"made up 0", "made up 1"}, evicted)
	assert.EqualValues(t, 2, e.Stats().Evicted)
	versions := map[string]bool{}
	for id := range e.members {
		versions[id.Version] = true
	}
	assert.Equal(t, map[string]bool{"carded": true, "carded later": true, "labelled": true, "young": true, "after an hour": true}, versions)
}

// After a restart it is known whose answers had labels, and nobody's silence is longer than the time
// since then.
func TestPlacesAfterARestart(t *testing.T) {
	o := Options{Limits: Limits{Identities: 2}}
	e := New(o)
	now := monday.Add(day)
	for _, version := range []string{"labelled", "made up"} {
		e.Predict(scored(version, day, "1", 0.5), now)
	}
	a := scored("labelled", day, "1", 0.5)
	e.Label(a, after(a, time.Minute, "1"))
	records := map[string][]byte{}
	e.Snapshot(func(key string, record []byte) { records[key] = record })

	again := New(o)
	for key, record := range records {
		assert.NoError(t, again.Restore(key, record))
	}
	now = now.Add(2 * day)
	again.Predict(scored("new", 3*day, "1", 0.5), now)
	assert.EqualValues(t, 1, again.Stats().Predictions[Overflow])
	b := scored("judged", 3*day, "1", 0.5)
	again.Predict(b, now)
	again.Label(b, after(b, time.Minute, "1"))
	again.Predict(scored("labelled", 3*day, "1", 0.5), now)
	again.Predict(scored("judged", 3*day+time.Hour, "1", 0.5), now.Add(time.Hour))
	assert.EqualValues(t, 2, again.Stats().Predictions[Overflow], "the first of what is judged now")
	assert.EqualValues(t, 1, again.Stats().Evicted)
}
