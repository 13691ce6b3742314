// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package detectors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/stream"
)

func newSet(t *testing.T, limit int, specs ...Spec) *Set {
	t.Helper()
	s, err := NewSet(specs, limit)
	require.NoError(t, err)
	return s
}

func TestUnknownDetectorIsAnError(t *testing.T) {
	_, err := NewSet([]Spec{{Type: "adwin"}, {Type: "adwim"}}, 1)
	assert.ErrorContains(t, err, "detector 1: there is no detector")
}

func TestAttributes(t *testing.T) {
	s := newSet(t, 9, Spec{Type: "adwin", Subject: "confidence"}, Spec{Type: "ddm", Subject: "error", Label: "truth"}, Spec{Type: "kswin", Subject: "a.b"})
	assert.Equal(t, []string{"truth", "a.b"}, s.Attributes())
}

// Detectors of models without values are given up where others were turned away, after an hour.
func TestMakeRoom(t *testing.T) {
	s := newSet(t, 2, Spec{Type: "rolling_mean", Subject: "confidence"}, Spec{Type: "adwin", Subject: "value", Models: []string{"none"}})
	busy, idle, late := prediction.Identity{Name: "busy"}, prediction.Identity{Name: "idle"}, prediction.Identity{Name: "late"}
	at := time.Unix(1_790_000_000, 0)
	var b Batch
	model := func(id prediction.Identity) *Model {
		m, room := s.Model(id, false)
		require.True(t, room)
		require.NotNil(t, m)
		return m
	}
	first := model(busy)
	b.Add(first, 0, 1, 1)
	b.Add(model(idle), 0, 1, 1)
	assert.Empty(t, b.Deliver())
	assert.Equal(t, 2, s.Alive())
	assert.Zero(t, s.MakeRoom(at))
	assert.Zero(t, s.MakeRoom(at.Add(5*time.Hour)), "nobody was turned away")

	_, room := s.Model(late, false)
	require.False(t, room)
	b.Add(first, 0, 1, 1)
	b.Deliver()
	assert.Equal(t, 1, s.MakeRoom(at.Add(5*time.Hour)))
	assert.Equal(t, 1, s.Alive())
	assert.Same(t, first, model(busy), "what is used keeps its place")
	model(late)
	assert.Zero(t, s.MakeRoom(at.Add(20*time.Hour)), "there was room")
}

// Models that have a place of their own have their detectors, whoever came first; those of a model that
// has lost its place go.
func TestReserved(t *testing.T) {
	s := newSet(t, 1, Spec{Type: "rolling_mean", Subject: "confidence"})
	stranger, carded, other := prediction.Identity{Name: "stranger"}, prediction.Identity{Name: "carded"}, prediction.Identity{Name: "other"}
	at := time.Unix(1_790_000_000, 0)
	_, room := s.Model(stranger, false)
	require.True(t, room)
	_, room = s.Model(carded, true)
	require.True(t, room)
	_, room = s.Model(other, false)
	require.False(t, room)
	assert.Zero(t, s.MakeRoom(at))
	assert.Equal(t, 1, s.MakeRoom(at.Add(2*time.Hour)), "the stranger's")
	_, room = s.Model(other, false)
	require.True(t, room)
	assert.Equal(t, 2, s.Alive())
	s.Drop([]prediction.Identity{other, {Name: "none"}})
	assert.Equal(t, 1, s.Alive())
	_, room = s.Model(stranger, false)
	assert.True(t, room)
}

// A request of more readings than wait at once is delivered in its order.
func TestBatch(t *testing.T) {
	s := newSet(t, 4, Spec{Name: "own", Type: "page_hinkley", Subject: "confidence"})
	one, _ := s.Model(prediction.Identity{Name: "one", Version: "3"}, false)
	other, _ := s.Model(prediction.Identity{Name: "other"}, false)
	var b Batch
	for i := range 2*maxReadings + 100 {
		x := 0.0
		if i >= maxReadings {
			x = 1
		}
		b.Add(one, 0, x, 7)
		b.Add(other, 0, 0.5, 7)
	}
	changes := b.Deliver()
	require.Len(t, changes, 1)
	c := changes[0]
	assert.Equal(t, prediction.Identity{Name: "one", Version: "3"}, c.Model)
	assert.Equal(t, "own", c.Spec.Name)
	assert.Equal(t, stream.Drift, c.Level)
	assert.InDelta(t, 0, c.Before, 0.01)
	assert.InDelta(t, 1, c.After, 0.01)
	assert.EqualValues(t, 7, c.Time)
	assert.Empty(t, b.Deliver())
}
