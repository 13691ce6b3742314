// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package join

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The sides of these tests are of two types.
type (
	request  struct{ text string }
	response struct{ code int }

	pair    = Pair[byte, request, response]
	joined  = Join[byte, request, response]
	options = Options[byte, request, response]
)

func newRequest(id byte) *Side[byte, request] {
	return &Side[byte, request]{Key: id, Time: time.Unix(int64(id), 0), Size: 10, Value: request{"request"}}
}

func newResponse(id byte) *Side[byte, response] {
	return &Side[byte, response]{Key: id, Time: time.Unix(int64(id), 1), Size: 20, Value: response{200}}
}

func newJoin(keys, bytes int) *joined {
	return New(options{TimeToLive: 30 * time.Second, Keys: keys, Bytes: bytes, Remembered: 4, Now: time.Now})
}

func keysOf(pairs []pair) []byte {
	var out []byte
	for _, p := range pairs {
		key, _ := p.origin()
		out = append(out, key)
	}
	return out
}

func TestMeet(t *testing.T) {
	type side struct {
		size int
		add  func(*joined) Result[byte, request, response]
	}
	left := side{10, func(j *joined) Result[byte, request, response] { return j.AddLeft(newRequest(1)) }}
	right := side{20, func(j *joined) Result[byte, request, response] { return j.AddRight(newResponse(1)) }}
	for _, order := range [][2]side{{left, right}, {right, left}} {
		j := newJoin(10, 1000)
		r := order[0].add(j)
		assert.Equal(t, Waiting, r.Outcome)
		assert.Empty(t, r.Evicted)
		n, bytes := j.Waiting()
		assert.Equal(t, 1, n)
		assert.Equal(t, order[0].size, bytes)

		assert.Equal(t, Duplicate, order[0].add(j).Outcome, "delivered again while it waits")

		r = order[1].add(j)
		assert.Equal(t, Met, r.Outcome)
		assert.Equal(t, request{"request"}, r.Pair.Left.Value)
		assert.Equal(t, response{200}, r.Pair.Right.Value)
		assert.Empty(t, r.Evicted)
		n, bytes = j.Waiting()
		assert.Zero(t, n)
		assert.Zero(t, bytes)

		for _, s := range order {
			assert.Equal(t, Duplicate, s.add(j).Outcome, "delivered again after it has left")
		}
	}
}

// A client that uses an id twice makes two calls.
func TestKeyUsedAgain(t *testing.T) {
	j := newJoin(10, 1000)
	j.AddLeft(newRequest(1))
	second := newRequest(1)
	second.Time = second.Time.Add(time.Hour)
	r := j.AddLeft(second)
	assert.Equal(t, Waiting, r.Outcome)
	assert.Equal(t, []byte{1}, keysOf(r.Evicted))
	r = j.AddRight(newResponse(1))
	assert.Equal(t, Met, r.Outcome)
	assert.True(t, r.Pair.Left.Time.Equal(second.Time))
	third := newRequest(1)
	third.Time = time.Time{}
	r = j.AddLeft(third)
	assert.Equal(t, Waiting, r.Outcome)
}

func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJoin(10, 1000)
		for id := range byte(3) {
			j.AddLeft(newRequest(id))
			time.Sleep(10 * time.Second)
		}
		assert.Equal(t, []byte{0}, keysOf(j.TakeExpired(10)), "30 s have passed for the first one")
		assert.Empty(t, j.TakeExpired(10))
		time.Sleep(20 * time.Second)
		assert.Equal(t, []byte{1}, keysOf(j.TakeExpired(1)))
		r := j.AddLeft(newRequest(1))
		assert.Equal(t, Duplicate, r.Outcome)
		assert.Equal(t, []byte{2}, keysOf(j.TakeExpired(10)))

		j.AddRight(newResponse(3))
		assert.Empty(t, j.TakeExpired(10))
		assert.Equal(t, []byte{3}, keysOf(j.TakeOldest(10)), "all")
		n, bytes := j.Waiting()
		assert.Zero(t, n)
		assert.Zero(t, bytes)
	})
}

func TestEvicted(t *testing.T) {
	j := newJoin(2, 1000)
	j.AddLeft(newRequest(1))
	j.AddLeft(newRequest(2))
	r := j.AddLeft(newRequest(3))
	assert.Equal(t, []byte{1}, keysOf(r.Evicted), "by number")

	j = newJoin(10, 25)
	j.AddLeft(newRequest(1))
	j.AddLeft(newRequest(2))
	r = j.AddRight(newResponse(3))
	assert.Equal(t, []byte{1, 2}, keysOf(r.Evicted), "by size")
	huge := newRequest(4)
	huge.Size = 26
	r = j.AddLeft(huge)
	assert.Equal(t, []byte{3, 4}, keysOf(r.Evicted), "what is larger than the room does not stay")
	_, bytes := j.Waiting()
	assert.Zero(t, bytes)
}

func TestPeekAndTake(t *testing.T) {
	j := newJoin(10, 1000)
	assert.Equal(t, pair{}, j.Peek(1))
	assert.Equal(t, pair{}, j.Take(1))
	j.AddLeft(newRequest(1))
	assert.Equal(t, request{"request"}, j.Peek(1).Left.Value)
	assert.Nil(t, j.Peek(1).Right)

	assert.Equal(t, request{"request"}, j.Take(1).Left.Value)
	assert.Equal(t, pair{}, j.Peek(1))
	n, bytes := j.Waiting()
	assert.Zero(t, n)
	assert.Zero(t, bytes)
	assert.Equal(t, Duplicate, j.AddLeft(newRequest(1)).Outcome, "what was taken is remembered")
}

func TestRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJoin(3, 1000)
		j.AddLeft(newRequest(1))
		j.AddLeft(newRequest(2))
		time.Sleep(time.Minute)
		j.AddLeft(newRequest(3))
		due := j.TakeExpired(10)
		require.Equal(t, []byte{1, 2}, keysOf(due))
		assert.Empty(t, j.Restore(due...))
		assert.Equal(t, []byte{1, 2}, keysOf(j.TakeExpired(10)), "in their order, and due")
		j.Restore(due...)

		r := j.AddRight(newResponse(1))
		require.Equal(t, Met, r.Outcome)
		j.Forget(pair{Right: r.Pair.Right})
		assert.Empty(t, j.Restore(pair{Left: r.Pair.Left}))
		r = j.AddRight(newResponse(1))
		assert.Equal(t, Met, r.Outcome, "sent again")
	})
}

func TestRestoreWithoutRoom(t *testing.T) {
	j := newJoin(1, 1000)
	j.AddLeft(newRequest(1))
	r := j.AddLeft(newRequest(2))
	assert.Equal(t, []byte{1}, keysOf(j.Restore(r.Evicted...)))
	j = newJoin(10, 15)
	j.AddLeft(newRequest(1))
	assert.Equal(t, []byte{3}, keysOf(j.Restore(pair{Right: newResponse(3)})))
	assert.Equal(t, []byte{1}, keysOf(j.Restore(pair{Left: newRequest(1)})), "it waits already")
}

// What is remembered is bounded.
func TestRemembered(t *testing.T) {
	j := newJoin(10, 1000)
	for id := range byte(3) {
		j.AddLeft(newRequest(id))
		j.AddRight(newResponse(id))
	}
	r := j.AddLeft(newRequest(0))
	assert.Equal(t, Waiting, r.Outcome, "six events ago")
	r = j.AddLeft(newRequest(2))
	assert.Equal(t, Duplicate, r.Outcome)
	assert.Len(t, j.seen.known, 4)

	for range 10 { // while the pipeline is full
		j.AddLeft(newRequest(9))
		assert.Empty(t, j.Restore(j.TakeOldest(10)...))
	}
	r = j.AddRight(newResponse(2))
	assert.Equal(t, Duplicate, r.Outcome, "what is restored over and over takes one place")

	none := New(options{TimeToLive: time.Second, Keys: 10, Bytes: 100, Now: time.Now})
	none.AddLeft(newRequest(1))
	none.AddRight(newResponse(1))
	r = none.AddLeft(newRequest(1))
	assert.Equal(t, Waiting, r.Outcome)
}
