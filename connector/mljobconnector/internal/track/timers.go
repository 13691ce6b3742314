// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"container/heap"
	"time"
)

// timer is when a run or a job wants to be looked at. It is part of it; exactly one of run and job
// is set.
type timer struct {
	at    time.Time
	index int // in timers, from 1; 0 if it is not set
	run   *tracked
	job   *job
}

// timers are all timers that are set, the earliest first.
type timers []*timer

func (h timers) Len() int           { return len(h) }
func (h timers) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

// Push and Pop are heap.Interface's.
func (h *timers) Push(x any) {
	t := x.(*timer)
	*h = append(*h, t)
	t.index = len(*h)
}

func (h *timers) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = 0
	return t
}

// set sets or moves a timer; the zero time stops it.
func (h *timers) set(t *timer, at time.Time) {
	switch {
	case at.IsZero():
		h.stop(t)
	case t.index == 0:
		t.at = at
		heap.Push(h, t)
	case !at.Equal(t.at):
		t.at = at
		heap.Fix(h, t.index-1)
	}
}

// advance sets a timer unless it is set to an earlier time.
func (h *timers) advance(t *timer, at time.Time) {
	if t.index == 0 || at.Before(t.at) {
		h.set(t, at)
	}
}

func (h *timers) stop(t *timer) {
	if t.index != 0 {
		heap.Remove(h, t.index-1)
	}
}

// due takes out the earliest timer that is not after now; nil if there is none.
func (h *timers) due(now time.Time) *timer {
	if len(*h) == 0 || (*h)[0].at.After(now) {
		return nil
	}
	return heap.Pop(h).(*timer)
}

func (h timers) next() time.Time {
	if len(h) == 0 {
		return time.Time{}
	}
	return h[0].at
}
