// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package join

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A label for a prediction.
type (
	prediction struct{ class string }
	label      struct{ class string }

	labels     = Join[int, prediction, label]
	labelStore = fakeStore[label]
)

func predicted(id int, class string) *Side[int, prediction] {
	return &Side[int, prediction]{Key: id, Time: at(0), Size: 1, Value: prediction{class}}
}

// known is a label that was known at a day.
func known(id, day int, class string) *Side[int, label] {
	return &Side[int, label]{Key: id, Time: at(day), Size: 1, Value: label{class}}
}

func at(day int) time.Time { return time.Unix(0, 0).AddDate(0, 0, day) }

// fakeStore keeps sides by key.
type fakeStore[T any] map[int]*Side[int, T]

func (s fakeStore[T]) Keep(side *Side[int, T]) { s[side.Key] = side }

func (s fakeStore[T]) Drop(side *Side[int, T]) { delete(s, side.Key) }

func newLabels(keys int) *labels {
	return New(Options[int, prediction, label]{TimeToLive: 7 * 24 * time.Hour, Keys: keys, Bytes: 1 << 20, Remembered: keys, Hold: true, Now: time.Now})
}

func TestCorrections(t *testing.T) {
	j := newLabels(10)
	j.AddLeft(predicted(1, "spam"))
	r := j.AddRight(known(1, 2, "spam"))
	assert.Equal(t, Met, r.Outcome)

	r = j.AddRight(known(1, 3, "ham"))
	assert.Equal(t, Corrected, r.Outcome)
	assert.Equal(t, "spam", r.Previous.Right.Value.class)
	assert.Equal(t, "ham", r.Pair.Right.Value.class)
	assert.Equal(t, "spam", r.Pair.Left.Value.class)

	assert.Equal(t, Duplicate, j.AddRight(known(1, 3, "ham")).Outcome)
	assert.Equal(t, Stale, j.AddRight(known(1, 2, "spam")).Outcome, "what was corrected comes again")
	assert.Equal(t, Duplicate, j.AddLeft(predicted(1, "spam")).Outcome)
	keys, bytes := j.Waiting()
	assert.Equal(t, 1, keys)
	assert.Equal(t, 2, bytes)
}

func TestCorrectedBeforeItMeets(t *testing.T) {
	j := newLabels(10)
	assert.Equal(t, Waiting, j.AddRight(known(1, 2, "spam")).Outcome)
	r := j.AddRight(known(1, 3, "ham"))
	assert.Equal(t, Corrected, r.Outcome)
	assert.Nil(t, r.Pair.Left)
	r = j.AddLeft(predicted(1, "spam"))
	assert.Equal(t, Met, r.Outcome)
	assert.Equal(t, "ham", r.Pair.Right.Value.class)
}

func TestHeldPairsExpireAndGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newLabels(2)
		j.AddLeft(predicted(1, "spam"))
		time.Sleep(6 * 24 * time.Hour)
		j.AddRight(known(1, 2, "spam"))
		assert.Empty(t, j.TakeExpired(10))
		time.Sleep(24 * time.Hour)
		gone := j.TakeExpired(10)
		require.Len(t, gone, 1, "a week after the first side")
		assert.NotNil(t, gone[0].Left)
		assert.NotNil(t, gone[0].Right)
		assert.Equal(t, Duplicate, j.AddRight(known(1, 2, "spam")).Outcome)

		for id := 2; id < 5; id++ {
			j.AddLeft(predicted(id, "spam"))
		}
		r := j.AddLeft(predicted(5, "spam"))
		require.Len(t, r.Evicted, 1)
		assert.Equal(t, 3, r.Evicted[0].Left.Key)
	})
}

// What a store keeps, added to a new join, is the same join: with its order of arrival, and the
// time that is left.
func TestStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left, right := fakeStore[prediction]{}, labelStore{}
		options := newLabels(3).options
		options.Left, options.Right = left, right
		j := New(options)
		for id := range 5 { // 0 and 1 give way
			j.AddLeft(predicted(id, "spam"))
			time.Sleep(time.Hour)
		}
		j.AddRight(known(3, 2, "spam"))
		j.AddRight(known(3, 3, "ham"))
		assert.Len(t, left, 3)
		assert.Equal(t, "ham", right[3].Value.class)

		next := New(options)
		for _, id := range []int{4, 3, 2} { // in the wrong order
			next.AddLeft(left[id])
		}
		next.AddRight(right[3])
		assert.Equal(t, Stale, next.AddRight(known(3, 2, "spam")).Outcome)
		assert.Equal(t, Met, next.AddRight(known(2, 1, "spam")).Outcome)

		time.Sleep(options.TimeToLive - 3*time.Hour)
		gone := next.TakeExpired(10)
		require.Len(t, gone, 1)
		assert.Equal(t, 2, gone[0].Left.Key)
		assert.NotContains(t, left, 2)
		assert.NotContains(t, right, 2)

		assert.Empty(t, next.Restore(gone...))
		assert.Contains(t, left, 2)
		assert.Contains(t, right, 2)
		assert.Equal(t, gone, next.TakeExpired(10), "first of all again")

		next.TakeOldest(10)
		assert.Empty(t, left)
		assert.Empty(t, right)
	})
}

// In whichever order predictions, labels, corrections and duplicates arrive, the pairs are those of
// the last labels.
func TestShuffled(t *testing.T) {
	const n = 20_000
	rng := rand.New(rand.NewPCG(1, 2))
	j := newLabels(n)
	type event struct{ id, day int } // day -1 is the prediction
	var events []event
	last := make(map[int]int) // the day of each key's last label
	for id := range n {
		if rng.IntN(50) > 0 {
			events = append(events, event{id, -1})
		}
		for day := range rng.IntN(4) {
			events = append(events, event{id, day})
			last[id] = day
		}
	}
	for range n / 4 {
		events = append(events, events[rng.IntN(len(events))])
	}
	rng.Shuffle(len(events), func(i, k int) { events[i], events[k] = events[k], events[i] })

	days := make(map[int]int) // what a consumer of the results knows: the day of the label that a prediction has
	for _, e := range events {
		var r Result[int, prediction, label]
		if e.day < 0 {
			r = j.AddLeft(predicted(e.id, "spam"))
		} else {
			r = j.AddRight(known(e.id, e.day, "spam"))
		}
		require.Empty(t, r.Evicted)
		if r.Pair.Left == nil || r.Pair.Right == nil {
			continue
		}
		if r.Outcome == Corrected {
			require.True(t, r.Previous.Right.Time.Equal(at(days[e.id])), "what is taken back is what was counted")
		}
		days[e.id] = int(r.Pair.Right.Time.Sub(at(0)) / (24 * time.Hour))
	}
	met := 0
	for _, p := range j.TakeOldest(n) {
		if p.Left == nil || p.Right == nil {
			continue
		}
		met++
		require.Equal(t, last[p.Left.Key], days[p.Left.Key])
	}
	assert.Len(t, days, met)
	assert.Greater(t, met, n/2)
}

func BenchmarkJoin(b *testing.B) {
	const waiting = 1 << 16
	j := New(Options[[16]byte, int, int]{TimeToLive: time.Hour, Keys: waiting, Bytes: 1 << 30, Remembered: waiting, Now: time.Now})
	key := func(i int) (k [16]byte) {
		for n := range 8 {
			k[n] = byte(i >> (8 * n))
		}
		return k
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		j.AddLeft(&Side[[16]byte, int]{Key: key(i), Size: 100})
		if i >= waiting/2 {
			if r := j.AddRight(&Side[[16]byte, int]{Key: key(i - waiting/2), Size: 100}); r.Outcome != Met {
				b.Fatal(r.Outcome)
			}
		}
	}
}
