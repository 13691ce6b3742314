// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kept is how long a place is kept, in seconds.
const kept = 3600

func point(id string, sequence, points, ordinal uint64) *Delta {
	return &Delta{Producer: id, Sequence: sequence, Points: points, Ordinal: ordinal}
}

func TestSeen(t *testing.T) {
	s := NewSeen(2, kept)
	mark := func(id string, sequence, points, ordinal uint64, want Freshness) {
		t.Helper()
		got, _ := s.Mark(point(id, sequence, points, ordinal), 0)
		assert.Equal(t, want, got, "%s %d %d/%d", id, sequence, ordinal, points)
	}
	mark("a", 1, 2, 0, Fresh)
	mark("a", 1, 2, 0, Repeated)
	mark("a", 2, 1, 0, Fresh) // overtakes
	mark("a", 1, 2, 1, Fresh)
	assert.Equal(t, uint64(2), s.producers["a"].low)
	assert.Empty(t, s.producers["a"].flushes, "complete flushes are kept")
	mark("a", 1, 2, 1, Repeated)
	mark("a", 1000, 70, 69, Fresh)
	mark("a", 1000, 70, 69, Repeated)
	mark("a", 871, 70, 3, Repeated) // older than what is told apart
	mark("a", 900, 70, 3, Fresh)
	for _, bad := range [][3]uint64{{0, 1, 0}, {1, 0, 0}, {1001, 5, 5}, {1001, 1 << 40, 1}, {900, 80, 75}} {
		mark("a", bad[0], bad[1], bad[2], Contradictory)
	}

	mark("b", 1, 1, 0, Fresh)
	s.Mark(point("b", 2, 1, 0), kept-1)
	got, place := s.Mark(point("c", 1, 1, 0), kept-1)
	assert.Equal(t, Fresh, got)
	assert.Equal(t, NoPlace, place)
	assert.Contains(t, s.producers, "a", "it was heard within the hour")
	_, place = s.Mark(point("c", 1, 1, 0), kept)
	assert.Equal(t, GivenAway, place)
	assert.NotContains(t, s.producers, "a", "it was silent for longest")
	assert.Contains(t, s.producers, "b")
	_, place = s.Mark(point("c", 2, 1, 0), kept)
	assert.Equal(t, Held, place)
}

// Flushes that never complete are bounded.
func TestSeenIsBounded(t *testing.T) {
	s := NewSeen(10, kept)
	for sequence := uint64(1); sequence < 5000; sequence++ {
		got, _ := s.Mark(point("a", sequence, 1000, 999), 0)
		require.Equal(t, Fresh, got)
	}
	assert.LessOrEqual(t, len(s.producers["a"].flushes), openFlushes)
}

func decoded(t *testing.T, record []byte, limit int) (*Seen, error) {
	t.Helper()
	s := NewSeen(limit, kept)
	d := wire.NewDecoder(record)
	s.Decode(d, d.String, d.Varint)
	return s, d.End()
}

// What was seen is seen after a restart, too; what is not whole is an error.
func TestSeenIsStored(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := NewSeen(3, kept)
	for step := range int64(3000) {
		points := 1 + r.Uint64N(100)
		s.Mark(point(oneOf(r, "a", "b", "c"), 1+r.Uint64N(300), points, r.Uint64N(points)), step)
	}
	e := &wire.Encoder{}
	s.Encode(e)
	again, err := decoded(t, e.Bytes(), 3)
	require.NoError(t, err)
	assert.Equal(t, s.ids(), again.ids(), "the one silent for longest goes first")
	for step := range int64(1000) {
		points := 1 + r.Uint64N(100)
		p := point(oneOf(r, "a", "b", "c"), 1+r.Uint64N(400), points, r.Uint64N(points))
		want, _ := s.Mark(p, 3000+step)
		got, _ := again.Mark(p, 3000+step)
		require.Equal(t, want, got)
	}
	for n := range e.Bytes() {
		_, err := decoded(t, e.Bytes()[:n], 3)
		require.Error(t, err, n)
	}
	fewer, err := decoded(t, e.Bytes(), 2)
	require.NoError(t, err)
	assert.Len(t, fewer.producers, 2)
}

func oneOf(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }
