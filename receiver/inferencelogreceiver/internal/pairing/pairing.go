// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package pairing brings requests and responses together.
//
// The half that comes first waits; the other half takes it away. Every half waits equally long, so that one list in
// order of arrival says who is due and who gives way when there is no room:
//
//	          ┌─────────── other half ──────────► Paired
//	Offer ──► waiting ──── Due, after timeout ──► alone
//	  │       └─────────── no room ─────────────► alone (evicted)
//	  └── seen before ──► Duplicate
//
// What has left is remembered for a while, so that an event that is delivered twice is not taken for a new one.
// Whoever could not pass a half on gives it back with Restore.
package pairing

import (
	"slices"
	"sync"
	"time"
)

// Key identifies a pair.
type Key [32]byte

// Half is a request or a response.
type Half[T any] struct {
	Key Key
	// Response is true for the second half.
	Response bool
	// Time is the event's own time, zero if it has none; it tells a redelivered event from another one with the same key.
	Time time.Time
	// Size is what the half takes in memory, in bytes.
	Size  int
	Value T

	arrived time.Time
}

// Options bound the buffer.
type Options struct {
	// Timeout is how long a half waits.
	Timeout time.Duration
	// Pending and Bytes bound what waits.
	Pending, Bytes int
	// Remembered is the number of events that are known to have been seen, about 60 bytes each.
	Remembered int
	// Now is the clock.
	Now func() time.Time
}

// Outcome is what became of an offered half.
type Outcome uint8

// The outcomes.
const (
	// Waiting halves wait for the other one.
	Waiting Outcome = iota
	// Paired halves met the other one.
	Paired
	// Duplicate halves have been seen.
	Duplicate
)

// Buffer holds the halves that wait. It is safe for concurrent use.
type Buffer[T any] struct {
	options Options

	mu      sync.Mutex // guards all below; held for look-ups only
	waiting map[Key]*node[T]
	head    node[T] // of a ring in order of arrival: head.next is the oldest
	bytes   int
	// seen are the events in the ring, each of which is there once; false for one that is to be taken for a new one.
	seen map[event]bool
	ring []event
	next int
}

type node[T any] struct {
	half       Half[T]
	prev, next *node[T]
}

// event identifies one delivery's content.
type event struct {
	key      Key
	response bool
	time     int64
}

func eventOf[T any](h *Half[T]) event {
	e := event{key: h.Key, response: h.Response}
	if !h.Time.IsZero() {
		e.time = h.Time.UnixNano()
	}
	return e
}

// New returns an empty buffer.
func New[T any](options Options) *Buffer[T] {
	b := &Buffer[T]{
		options: options,
		waiting: make(map[Key]*node[T]),
		seen:    make(map[event]bool),
		ring:    make([]event, options.Remembered),
	}
	b.head.prev, b.head.next = &b.head, &b.head
	return b
}

// Offer takes a half. Paired comes with the other half; evicted are those that gave way.
func (b *Buffer[T]) Offer(h Half[T]) (outcome Outcome, other Half[T], evicted []Half[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := eventOf(&h)
	if b.seen[e] {
		return Duplicate, other, nil
	}
	if n := b.waiting[h.Key]; n != nil {
		if eventOf(&n.half) == e {
			return Duplicate, other, nil
		}
		other = n.half
		if other.Response == h.Response { // the id is used again
			b.remove(n)
			b.remember(eventOf(&other))
			h.arrived = b.options.Now()
			b.add(h)
			return Waiting, Half[T]{}, []Half[T]{other}
		}
		b.remove(n)
		b.remember(eventOf(&other))
		b.remember(e)
		return Paired, other, nil
	}
	h.arrived = b.options.Now()
	b.add(h)
	for len(b.waiting) > b.options.Pending || b.bytes > b.options.Bytes {
		evicted = append(evicted, b.takeOldest())
	}
	return Waiting, other, evicted
}

// Due takes up to limit halves that have waited long enough; all is true for everything that waits.
func (b *Buffer[T]) Due(limit int, all bool) []Half[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	deadline := b.options.Now().Add(-b.options.Timeout)
	var due []Half[T]
	for len(due) < limit && b.head.next != &b.head {
		if !all && b.head.next.half.arrived.After(deadline) {
			break
		}
		due = append(due, b.takeOldest())
	}
	return due
}

// Restore lets halves wait again that could not be passed on, the oldest first, as if they had not left. Where that goes beyond the
// bounds, they are not taken back and returned.
func (b *Buffer[T]) Restore(halves ...Half[T]) (lost []Half[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range slices.Backward(halves) {
		b.forget(eventOf(&h))
		if b.waiting[h.Key] != nil || len(b.waiting) >= b.options.Pending || b.bytes+h.Size > b.options.Bytes {
			lost = append(lost, h)
			continue
		}
		b.insert(h, &b.head)
	}
	return lost
}

// Forget takes an event for a new one when it comes again.
func (b *Buffer[T]) Forget(h Half[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(eventOf(&h))
}

// Pending returns how many halves wait, and what they take in memory, in bytes.
func (b *Buffer[T]) Pending() (halves, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting), b.bytes
}

func (b *Buffer[T]) add(h Half[T]) { b.insert(h, b.head.prev) }

// insert puts h behind a node.
func (b *Buffer[T]) insert(h Half[T], after *node[T]) {
	n := &node[T]{half: h, prev: after, next: after.next}
	n.prev.next, n.next.prev = n, n
	b.waiting[h.Key] = n
	b.bytes += h.Size
}

func (b *Buffer[T]) remove(n *node[T]) {
	n.prev.next, n.next.prev = n.next, n.prev
	delete(b.waiting, n.half.Key)
	b.bytes -= n.half.Size
}

func (b *Buffer[T]) takeOldest() Half[T] {
	n := b.head.next
	b.remove(n)
	b.remember(eventOf(&n.half))
	return n.half
}

func (b *Buffer[T]) remember(e event) {
	if len(b.ring) == 0 {
		return
	}
	if _, there := b.seen[e]; !there {
		delete(b.seen, b.ring[b.next])
		b.ring[b.next] = e
		b.next = (b.next + 1) % len(b.ring)
	}
	b.seen[e] = true
}

// forget leaves the event its place in the ring: one that leaves and is restored over and over must not push the others out.
func (b *Buffer[T]) forget(e event) {
	if b.seen[e] {
		b.seen[e] = false
	}
}
