// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package join brings two sides together that belong to one key and come apart: a request and its
// response, a prediction and its label, the answers of two models to one request.
//
// The side that comes first waits. The other side meets it.
//
//	        ┌───────── other side ─────────► Met; with Hold the pair stays
//	Add ──► waiting ── TakeExpired ────────► unpaired
//	 │        └─────── no room ────────────► unpaired (Result.Evicted)
//	 └── seen before ──► Duplicate
//
// Order of arrival: either side may come first. All keys are in one list, in the order in which
// their first side arrived.
//
// Duplicates: a side is known by its key, by being left or right, and by its own time. It is a
// duplicate while it waits, and afterwards as long as it is among the last Options.Remembered sides
// that have left. What is remembered is not stored.
//
// The same side again, with another time of its own: without Hold the key is used again, so that
// the side that waited leaves unpaired, in Result.Evicted. With Hold the later one takes the place
// of the earlier one, in whichever order they arrive.
//
// Expiry: a key leaves when Options.TimeToLive has passed since its first side arrived. TakeExpired
// takes those that are due.
//
// Eviction: where there is no room, the keys that arrived first leave, in Result.Evicted.
//
// A caller that cannot pass on what has left gives it back with Restore, and lets a side that will
// come again be new with Forget.
//
// A side that several others belong to has a key of its own, and so has each of them: it waits until
// its time to live is over, Peek finds it for those that come later, and Take those that came first.
package join

import (
	"slices"
	"sync"
	"time"
)

// Options bound a join.
type Options[K comparable, L, R any] struct {
	// TimeToLive is how long a key stays after its first side has arrived.
	TimeToLive time.Duration
	// Keys and Bytes bound what stays: the number of keys, and the sum of their sides' sizes.
	Keys, Bytes int
	// Remembered is the number of sides that are known after they have left, about 60 bytes each. 0
	// remembers none.
	Remembered int
	// Hold lets a pair stay until its time to live is over, so that either side can be corrected.
	Hold bool
	// Left and Right keep the sides across restarts. nil keeps none.
	Left  Store[K, L]
	Right Store[K, R]
	// Now is the clock. It may be event time.
	Now func() time.Time
}

// Outcome is what became of a side that was added.
type Outcome uint8

// The outcomes.
const (
	// Waiting sides wait for the other one.
	Waiting Outcome = iota
	// Met sides have met the other one, which is in Result.Pair.
	Met
	// Corrected sides have taken the place of an earlier one, whose pair is Result.Previous. Only
	// with Hold.
	Corrected
	// Duplicate sides have been seen.
	Duplicate
	// Stale sides are older than the one that is there. Only with Hold.
	Stale
)

// Result is what became of a side, and what it brought about.
type Result[K comparable, L, R any] struct {
	Outcome Outcome
	// Pair is the key's pair with the side that was added, Previous the one before a correction.
	// Either may lack the other side.
	Pair, Previous Pair[K, L, R]
	// Evicted are the pairs that left for want of room, and the side whose key is used again.
	Evicted []Pair[K, L, R]
}

// Join holds the sides that wait. It is safe for concurrent use.
type Join[K comparable, L, R any] struct {
	options Options[K, L, R]

	mu   sync.Mutex // guards all below; held for look-ups only
	keys map[K]*entry[K, L, R]
	// head belongs to a ring in order of arrival: head.next arrived first.
	head  entry[K, L, R]
	bytes int
	seen  seen[K]
}

// entry is a key's place in the list.
type entry[K comparable, L, R any] struct {
	key        K
	arrived    time.Time
	pair       Pair[K, L, R]
	prev, next *entry[K, L, R]
}

// New returns an empty join.
func New[K comparable, L, R any](options Options[K, L, R]) *Join[K, L, R] {
	j := &Join[K, L, R]{options: options, keys: make(map[K]*entry[K, L, R]), seen: newSeen[K](options.Remembered)}
	j.head.prev, j.head.next = &j.head, &j.head
	return j
}

// AddLeft takes a left side.
func (j *Join[K, L, R]) AddLeft(side *Side[K, L]) Result[K, L, R] {
	return add(j, side, false, j.options.Left, func(p *Pair[K, L, R]) **Side[K, L] { return &p.Left })
}

// AddRight takes a right side.
func (j *Join[K, L, R]) AddRight(side *Side[K, R]) Result[K, L, R] {
	return add(j, side, true, j.options.Right, func(p *Pair[K, L, R]) **Side[K, R] { return &p.Right })
}

// add takes a side; place is where a pair has it.
func add[K comparable, L, R, T any](
	j *Join[K, L, R], side *Side[K, T], right bool, store Store[K, T], place func(*Pair[K, L, R]) **Side[K, T],
) Result[K, L, R] {
	j.mu.Lock()
	defer j.mu.Unlock()

	id := identify(side, right)
	if j.seen.has(id) {
		return Result[K, L, R]{Outcome: Duplicate}
	}
	if side.Arrived.IsZero() {
		side.Arrived = j.options.Now()
	}
	e := j.keys[side.Key]
	if e == nil {
		return Result[K, L, R]{Outcome: Waiting, Pair: enter(j, side, store, place), Evicted: j.makeRoom(nil)}
	}

	there := place(&e.pair)
	switch {
	case *there == nil && !j.options.Hold:
		pair := e.pair
		j.remove(e)
		*place(&pair) = side
		j.remember(pair)
		return Result[K, L, R]{Outcome: Met, Pair: pair}

	case *there == nil:
		*there = side
		j.bytes += side.Size
		keep(store, side)
		return Result[K, L, R]{Outcome: Met, Pair: e.pair, Evicted: j.makeRoom(nil)}

	case identify(*there, right) == id:
		return Result[K, L, R]{Outcome: Duplicate}

	case !j.options.Hold: // the key is used again
		pair := e.pair
		j.remove(e)
		j.remember(pair)
		return Result[K, L, R]{
			Outcome: Waiting, Pair: enter(j, side, store, place), Evicted: j.makeRoom([]Pair[K, L, R]{pair}),
		}

	case side.Time.Before((*there).Time):
		return Result[K, L, R]{Outcome: Stale}

	default:
		previous := e.pair
		drop(store, *there)
		j.bytes += side.Size - (*there).Size
		*there = side
		keep(store, side)
		return Result[K, L, R]{Outcome: Corrected, Pair: e.pair, Previous: previous, Evicted: j.makeRoom(nil)}
	}
}

// enter makes a side the first of its key.
func enter[K comparable, L, R, T any](
	j *Join[K, L, R], side *Side[K, T], store Store[K, T], place func(*Pair[K, L, R]) **Side[K, T],
) Pair[K, L, R] {
	e := &entry[K, L, R]{key: side.Key, arrived: side.Arrived}
	*place(&e.pair) = side
	keep(store, side)
	after := j.head.prev
	for after != &j.head && after.arrived.After(e.arrived) { // a side that was stored
		after = after.prev
	}
	j.insert(e, after)
	return e.pair
}

// TakeExpired takes up to limit pairs whose time to live is over, those first that arrived first.
func (j *Join[K, L, R]) TakeExpired(limit int) []Pair[K, L, R] {
	deadline := j.options.Now().Add(-j.options.TimeToLive)
	return j.take(limit, func(arrived time.Time) bool { return !arrived.After(deadline) })
}

// TakeOldest takes up to limit pairs, however long they have been there, those first that arrived
// first.
func (j *Join[K, L, R]) TakeOldest(limit int) []Pair[K, L, R] {
	return j.take(limit, func(time.Time) bool { return true })
}

func (j *Join[K, L, R]) take(limit int, due func(arrived time.Time) bool) (taken []Pair[K, L, R]) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(taken) < limit && j.head.next != &j.head && due(j.head.next.arrived) {
		taken = append(taken, j.takeFirst())
	}
	return taken
}

// Peek returns what is there of a key, which stays.
func (j *Join[K, L, R]) Peek(key K) Pair[K, L, R] {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e := j.keys[key]; e != nil {
		return e.pair
	}
	return Pair[K, L, R]{}
}

// Take takes what is there of a key.
func (j *Join[K, L, R]) Take(key K) Pair[K, L, R] {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.keys[key]
	if e == nil {
		return Pair[K, L, R]{}
	}
	return j.leave(e)
}

// Restore lets pairs stay again that could not be passed on. Those that arrived first are given
// first. They are the next to leave. Pairs for which there is no room, or whose key is there, are
// not taken back and are returned.
func (j *Join[K, L, R]) Restore(pairs ...Pair[K, L, R]) (lost []Pair[K, L, R]) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range slices.Backward(pairs) {
		j.forget(p)
		e := &entry[K, L, R]{pair: p}
		e.key, e.arrived = p.origin()
		if j.keys[e.key] != nil || len(j.keys) >= j.options.Keys || j.bytes+p.size() > j.options.Bytes {
			lost = append(lost, p)
			continue
		}
		keep(j.options.Left, p.Left)
		keep(j.options.Right, p.Right)
		j.insert(e, &j.head)
	}
	return lost
}

// Forget takes the sides of a pair that has left for new ones when they come again.
func (j *Join[K, L, R]) Forget(pair Pair[K, L, R]) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.forget(pair)
}

// Waiting returns how many keys are there, and what their sides take in memory, in bytes.
func (j *Join[K, L, R]) Waiting() (keys, bytes int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.keys), j.bytes
}

// makeRoom takes the pairs that arrived first until the rest fits, and returns them behind those
// that left already.
func (j *Join[K, L, R]) makeRoom(evicted []Pair[K, L, R]) []Pair[K, L, R] {
	for len(j.keys) > j.options.Keys || j.bytes > j.options.Bytes {
		evicted = append(evicted, j.takeFirst())
	}
	return evicted
}

func (j *Join[K, L, R]) takeFirst() Pair[K, L, R] {
	return j.leave(j.head.next)
}

// leave takes an entry out and remembers its sides.
func (j *Join[K, L, R]) leave(e *entry[K, L, R]) Pair[K, L, R] {
	j.remove(e)
	j.remember(e.pair)
	return e.pair
}

// insert puts e behind another entry.
func (j *Join[K, L, R]) insert(e, after *entry[K, L, R]) {
	e.prev, e.next = after, after.next
	e.prev.next, e.next.prev = e, e
	j.keys[e.key] = e
	j.bytes += e.pair.size()
}

func (j *Join[K, L, R]) remove(e *entry[K, L, R]) {
	e.prev.next, e.next.prev = e.next, e.prev
	delete(j.keys, e.key)
	j.bytes -= e.pair.size()
	drop(j.options.Left, e.pair.Left)
	drop(j.options.Right, e.pair.Right)
}
