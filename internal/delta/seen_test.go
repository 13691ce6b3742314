// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kept is how long a place is kept, in seconds.
const kept = 3600

// room is more memory than any test needs that is not about it.
const room = 1 << 30

func newSeen(limit int) *Seen { return NewSeen(limit, kept, NewMemory(room)) }

func point(id string, sequence, points, ordinal uint64) *Delta {
	return &Delta{Producer: id, Sequence: sequence, Points: points, Ordinal: ordinal}
}

func TestSeen(t *testing.T) {
	s := newSeen(2)
	mark := func(id string, sequence, points, ordinal uint64, want Freshness) {
		t.Helper()
		got := s.Mark(point(id, sequence, points, ordinal), 0)
		assert.Equal(t, want, got.Freshness, "%s %d %d/%d", id, sequence, ordinal, points)
		assert.Zero(t, got.Forgotten)
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
	for _, bad := range [][3]uint64{{0, 1, 0}, {1, 0, 0}, {1001, 5, 5}, {1001, 1 << 40, 1}, {900, 80, 75}, {900, 80, 5}, {900, 60, 5}} {
		mark("a", bad[0], bad[1], bad[2], Contradictory)
	}

	mark("b", 1, 1, 0, Fresh)
	s.Mark(point("b", 2, 1, 0), kept-1)
	assert.Equal(t, Marked{Fresh, NoPlace, 0}, s.Mark(point("c", 1, 1, 0), kept-1))
	assert.Contains(t, s.producers, "a", "it was heard within the hour")
	assert.Equal(t, Marked{Fresh, GivenAway, 0}, s.Mark(point("c", 1, 1, 0), kept))
	assert.NotContains(t, s.producers, "a", "it was silent for longest")
	assert.Contains(t, s.producers, "b")
	assert.Equal(t, Marked{Fresh, Held, 0}, s.Mark(point("c", 2, 1, 0), kept))
	assert.Equal(t, heldBy(s), s.memory.used, "what a producer had is given back with its place")
}

// heldBy is what the flushes of Seens take by their own account.
func heldBy(list ...*Seen) (bytes int64) {
	for _, s := range list {
		for f := s.oldest; f != nil; f = f.newer {
			bytes += f.bytes()
		}
	}
	return bytes
}

// Flushes that never complete are bounded.
func TestSeenIsBounded(t *testing.T) {
	s := newSeen(10)
	for sequence := uint64(1); sequence < 5000; sequence++ {
		require.Equal(t, Marked{}, s.Mark(point("a", sequence, 1000, 999), 0))
	}
	assert.LessOrEqual(t, len(s.producers["a"].flushes), openFlushes)
	assert.Equal(t, heldBy(s), s.memory.used)
}

// What the state of a flush is follows from the points that came, whatever their order: it is what a
// list of all points would say.
func TestSeenIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	s := newSeen(10)
	type at struct{ sequence, ordinal uint64 }
	seen := map[at]bool{}
	count, newest := map[uint64]uint64{}, uint64(0)
	points := func(sequence uint64) uint64 { return 1 + sequence*7919%5000 }
	for range 200_000 {
		sequence := 1 + newest + r.Uint64N(3) - min(newest, r.Uint64N(140))
		if r.IntN(500) == 0 {
			sequence += r.Uint64N(100)
		}
		a := at{sequence, r.Uint64N(points(sequence))}
		if r.IntN(3) > 0 {
			a.ordinal = count[sequence] % points(sequence) // in order, as producers send
		}
		newest = max(newest, sequence)
		want := Fresh
		if seen[a] || newest > openFlushes && sequence <= newest-openFlushes {
			want = Repeated
		}
		require.Equal(t, Marked{Freshness: want}, s.Mark(point("a", sequence, points(sequence), a.ordinal), 0), "%+v", a)
		if !seen[a] {
			seen[a] = true
			count[sequence]++
		}
	}
	assert.Equal(t, heldBy(s), s.memory.used)
	s.Release()
	assert.Zero(t, s.memory.used)
}

// A point costs what it is, not what it claims: with 4,194,304 points to a flush, 12,800 flushes took
// 6.7 GB. What a flush takes is not less than what is reckoned.
func TestSeenTakesWhatCame(t *testing.T) {
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for name, ordinal := range map[string]func(flush, i uint64) uint64{
		"last":   func(_, i uint64) uint64 { return maxPoints - 1 - i },
		"spread": func(flush, i uint64) uint64 { return (flush*7919 + i*1_000_003) % maxPoints },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeen(1000)
			before := heap()
			for flush := range uint64(12_800) {
				for i := range uint64(4) {
					s.Mark(point(fmt.Sprint(flush%100), 1+flush/100, maxPoints, ordinal(flush, i)), 0)
				}
			}
			took := heap() - before
			assert.LessOrEqual(t, took, float64(s.memory.used)*1.1)
			assert.Less(t, took, 12e6)
			runtime.KeepAlive(s)
		})
	}
}

// Many Seens share their memory: who has made-up flushes loses the oldest of them, and says how many;
// another one tells its points apart all the same.
func TestSeenSharesMemory(t *testing.T) {
	memory := NewMemory(1 << 20)
	hostile, other := NewSeen(1000, kept, memory), NewSeen(1000, kept, memory)
	forgotten := 0
	flood := func(from, to uint64) {
		for i := from; i < to; i++ {
			forgotten += hostile.Mark(point(fmt.Sprint(i%1000), 1+i/1000, maxPoints, i), 0).Forgotten
		}
	}
	flood(0, 10_000)
	for ordinal := range uint64(2000) {
		flood(10_000+ordinal, 10_001+ordinal)
		require.Equal(t, Marked{}, other.Mark(point("p", 1, 4000, ordinal), 0))
		require.Equal(t, Marked{Freshness: Repeated}, other.Mark(point("p", 1, 4000, ordinal), 0))
	}
	assert.LessOrEqual(t, memory.used, int64(1<<20+ownBytes))
	assert.Equal(t, heldBy(hostile, other), memory.used)
	assert.Positive(t, forgotten)
	held := 0
	for f := hostile.oldest; f != nil; f = f.newer {
		held++
	}
	assert.Equal(t, 12_000, forgotten+held)
	assert.Equal(t, Marked{Freshness: Repeated}, hostile.Mark(point("999", 12, maxPoints, 11_999), 0), "the newest are known")
	assert.Equal(t, Marked{Forgotten: 1}, hostile.Mark(point("0", 1, maxPoints, 0), 0), "the oldest are not")

	// One flush alone does not take more than there is: what of it finds no room is fresh each time.
	alone := NewSeen(10, kept, NewMemory(0))
	for range 2 {
		forgotten = 0
		for ordinal := uint64(0); ordinal < maxPoints; ordinal += pageBits {
			m := alone.Mark(point("a", 1, maxPoints, ordinal), 0)
			forgotten += m.Forgotten
		}
		assert.Equal(t, maxPoints/pageBits-1-(ownBytes-flushBytes)/pageBytes, forgotten)
	}
	assert.LessOrEqual(t, alone.memory.used, int64(ownBytes))
}

func decoded(t *testing.T, record []byte, limit int) (*Seen, error) {
	t.Helper()
	s := newSeen(limit)
	d := wire.NewDecoder(record)
	s.Decode(d, d.String, d.Varint)
	return s, d.End()
}

// What was seen is seen after a restart, too; what is not whole is an error.
func TestSeenIsStored(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newSeen(3)
	points := func(sequence uint64) uint64 { return 1 + sequence*7919%2000 }
	for step := range int64(3000) {
		sequence := 1 + r.Uint64N(300)
		s.Mark(point(oneOf(r, "a", "b", "c"), sequence, points(sequence), r.Uint64N(points(sequence))), step)
	}
	e := &wire.Encoder{}
	s.Encode(e)
	again, err := decoded(t, e.Bytes(), 3)
	require.NoError(t, err)
	assert.Equal(t, s.ids(), again.ids(), "the one silent for longest goes first")
	assert.Equal(t, heldBy(again), again.memory.used)
	for step := range int64(1000) {
		sequence := 1 + r.Uint64N(400)
		p := point(oneOf(r, "a", "b", "c"), sequence, points(sequence), r.Uint64N(points(sequence)))
		require.Equal(t, s.Mark(p, 3000+step), again.Mark(p, 3000+step))
	}
	for n := range e.Bytes() {
		_, err := decoded(t, e.Bytes()[:n], 3)
		require.Error(t, err, n)
	}
	fewer, err := decoded(t, e.Bytes(), 2)
	require.NoError(t, err)
	assert.Len(t, fewer.producers, 2)
	assert.Equal(t, heldBy(fewer), fewer.memory.used)
}

// An attack on a version that had 512 KiB for each of these flushes is read, as far as there is memory.
func TestSeenReadsWhatClaimsMuch(t *testing.T) {
	e := &wire.Encoder{}
	const producers = 200
	e.Uvarint(producers)
	for i := range producers {
		e.String(fmt.Sprint(i))
		e.Varint(0)
		e.Uvarint(0)
		e.Uvarint(openFlushes)
		e.Uvarint(openFlushes)
		for sequence := range uint64(openFlushes) {
			e.Uvarint(sequence + 1)
			e.Uvarint(maxPoints)
			e.Uvarint(maxPoints - 1)
			e.Uvarint(maxPoints / 64) // words: 65,535 that are zero, and one
			e.Uvarint(0)
			e.Uvarint(maxPoints/64 - 2)
			e.Uvarint(1 << 63)
		}
	}
	s := NewSeen(1000, kept, NewMemory(1<<20))
	d := wire.NewDecoder(e.Bytes())
	s.Decode(d, d.String, d.Varint)
	require.NoError(t, d.End())
	assert.Len(t, s.producers, producers)
	assert.Equal(t, heldBy(s), s.memory.used)
	assert.LessOrEqual(t, s.memory.used, int64(1<<20))
	assert.Equal(t, Marked{Freshness: Repeated}, s.Mark(point("199", openFlushes, maxPoints, maxPoints-1), 0))
}

func oneOf(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// BenchmarkMark is a point of flushes of 2,000 points that come in order.
func BenchmarkMark(b *testing.B) {
	s := newSeen(10)
	p := point("a", 1, 2000, 0)
	b.ReportAllocs()
	for b.Loop() {
		s.Mark(p, 0)
		if p.Ordinal++; p.Ordinal == p.Points {
			p.Sequence, p.Ordinal = p.Sequence+1, 0
		}
	}
}
