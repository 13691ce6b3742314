// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package pairing

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func key(id byte) Key { return Key{id} }

func request(id byte) Half[string] {
	return Half[string]{Key: key(id), Time: time.Unix(int64(id), 0), Size: 10, Value: "request"}
}

func response(id byte) Half[string] {
	return Half[string]{Key: key(id), Response: true, Time: time.Unix(int64(id), 1), Size: 20, Value: "response"}
}

func newBuffer(pending, bytes int) *Buffer[string] {
	return New[string](Options{Timeout: 30 * time.Second, Pending: pending, Bytes: bytes, Remembered: 4, Now: time.Now})
}

func keys(halves []Half[string]) []byte {
	var out []byte
	for _, h := range halves {
		out = append(out, h.Key[0])
	}
	return out
}

func TestPairs(t *testing.T) {
	for _, order := range [][2]Half[string]{{request(1), response(1)}, {response(1), request(1)}} {
		b := newBuffer(10, 1000)
		outcome, _, evicted := b.Offer(order[0])
		assert.Equal(t, Waiting, outcome)
		assert.Empty(t, evicted)
		n, bytes := b.Pending()
		assert.Equal(t, 1, n)
		assert.Equal(t, order[0].Size, bytes)

		outcome, _, _ = b.Offer(order[0])
		assert.Equal(t, Duplicate, outcome, "delivered again while it waits")

		outcome, other, evicted := b.Offer(order[1])
		assert.Equal(t, Paired, outcome)
		assert.Equal(t, order[0].Value, other.Value)
		assert.Empty(t, evicted)
		n, bytes = b.Pending()
		assert.Zero(t, n)
		assert.Zero(t, bytes)

		for _, h := range order {
			outcome, _, _ = b.Offer(h)
			assert.Equal(t, Duplicate, outcome, "delivered again after it has left")
		}
	}
}

// A client that uses an id twice makes two calls.
func TestIDUsedAgain(t *testing.T) {
	b := newBuffer(10, 1000)
	b.Offer(request(1))
	second := request(1)
	second.Time = second.Time.Add(time.Hour)
	outcome, _, evicted := b.Offer(second)
	assert.Equal(t, Waiting, outcome)
	assert.Equal(t, []byte{1}, keys(evicted))
	outcome, other, _ := b.Offer(response(1))
	assert.Equal(t, Paired, outcome)
	assert.True(t, other.Time.Equal(second.Time))
	third := request(1)
	third.Time = time.Time{}
	outcome, _, _ = b.Offer(third)
	assert.Equal(t, Waiting, outcome)
}

func TestDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer(10, 1000)
		for id := range byte(3) {
			b.Offer(request(id))
			time.Sleep(10 * time.Second)
		}
		assert.Equal(t, []byte{0}, keys(b.Due(10, false)), "30 s have passed for the first one")
		assert.Empty(t, b.Due(10, false))
		time.Sleep(20 * time.Second)
		assert.Equal(t, []byte{1}, keys(b.Due(1, false)))
		outcome, _, _ := b.Offer(request(1))
		assert.Equal(t, Duplicate, outcome)
		assert.Equal(t, []byte{2}, keys(b.Due(10, false)))

		b.Offer(response(3))
		assert.Empty(t, b.Due(10, false))
		assert.Equal(t, []byte{3}, keys(b.Due(10, true)), "all")
		n, bytes := b.Pending()
		assert.Zero(t, n)
		assert.Zero(t, bytes)
	})
}

func TestEvicted(t *testing.T) {
	b := newBuffer(2, 1000)
	b.Offer(request(1))
	b.Offer(request(2))
	_, _, evicted := b.Offer(request(3))
	assert.Equal(t, []byte{1}, keys(evicted), "by number")

	b = newBuffer(10, 25)
	b.Offer(request(1))
	b.Offer(request(2))
	_, _, evicted = b.Offer(response(3))
	assert.Equal(t, []byte{1, 2}, keys(evicted), "by size")
	huge := request(4)
	huge.Size = 26
	_, _, evicted = b.Offer(huge)
	assert.Equal(t, []byte{3, 4}, keys(evicted), "what is larger than the room does not stay")
	_, bytes := b.Pending()
	assert.Zero(t, bytes)
}

func TestRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer(3, 1000)
		b.Offer(request(1))
		b.Offer(request(2))
		time.Sleep(time.Minute)
		b.Offer(request(3))
		due := b.Due(10, false)
		require.Equal(t, []byte{1, 2}, keys(due))
		assert.Empty(t, b.Restore(due...))
		assert.Equal(t, []byte{1, 2}, keys(b.Due(10, false)), "in their order, and due")
		b.Restore(due...)

		outcome, other, _ := b.Offer(response(1))
		require.Equal(t, Paired, outcome)
		b.Forget(response(1))
		assert.Empty(t, b.Restore(other))
		outcome, _, _ = b.Offer(response(1))
		assert.Equal(t, Paired, outcome, "sent again")
	})
}

func TestRestoreWithoutRoom(t *testing.T) {
	b := newBuffer(1, 1000)
	b.Offer(request(1))
	_, _, evicted := b.Offer(request(2))
	assert.Equal(t, []byte{1}, keys(b.Restore(evicted...)))
	b = newBuffer(10, 15)
	b.Offer(request(1))
	assert.Equal(t, []byte{3}, keys(b.Restore(response(3))))
	assert.Equal(t, []byte{1}, keys(b.Restore(request(1))), "it waits already")
}

// What is remembered is bounded.
func TestRemembered(t *testing.T) {
	b := newBuffer(10, 1000)
	for id := range byte(3) {
		b.Offer(request(id))
		b.Offer(response(id))
	}
	outcome, _, _ := b.Offer(request(0))
	assert.Equal(t, Waiting, outcome, "six events ago")
	outcome, _, _ = b.Offer(request(2))
	assert.Equal(t, Duplicate, outcome)
	assert.Len(t, b.seen, 4)

	for range 10 { // while the pipeline is full
		b.Offer(request(9))
		assert.Empty(t, b.Restore(b.Due(10, true)...))
	}
	outcome, _, _ = b.Offer(response(2))
	assert.Equal(t, Duplicate, outcome, "what is restored over and over takes one place")

	none := New[string](Options{Timeout: time.Second, Pending: 10, Bytes: 100, Now: time.Now})
	none.Offer(request(1))
	none.Offer(response(1))
	outcome, _, _ = none.Offer(request(1))
	assert.Equal(t, Waiting, outcome)
}
