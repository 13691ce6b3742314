// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"container/list"
	"maps"
	"slices"
	"time"
)

// group is the runs of one job that is vouched for, or of all others, the strangers: open ones
// in the order in which they began, closed ones in that in which they were closed.
type group struct{ open, closed list.List }

// groupOf is where the runs of a job are.
func (tr *Tracker) groupOf(j *job) *group {
	if j.standing().vouched() {
		return &j.group
	}
	return &tr.strangers
}

// seat gives a run of a job its place, which goes by its phase.
func (tr *Tracker) seat(t *tracked) {
	t.place = tr.all(t.phase).PushBack(t)
	tr.seatInGroup(t)
}

func (tr *Tracker) seatInGroup(t *tracked) {
	t.home = tr.groupOf(t.job)
	t.seat = t.home.list(t.phase).PushBack(t)
}

// unseat takes a run of a job out of its place, before its phase changes.
func (tr *Tracker) unseat(t *tracked) {
	tr.all(t.phase).Remove(t.place)
	t.home.list(t.phase).Remove(t.seat)
}

// all is the list of the runs of all jobs that are open, or closed.
func (tr *Tracker) all(p phase) *list.List {
	if p == closed {
		return tr.index.closed
	}
	return tr.index.open
}

func (g *group) list(p phase) *list.List {
	if p == closed {
		return &g.closed
	}
	return &g.open
}

// regroup moves the runs of a job of which another thing is known now.
func (tr *Tracker) regroup(j *job) {
	for _, t := range slices.SortedFunc(maps.Keys(j.runs), beganBefore) {
		if t.seat != nil {
			t.home.list(t.phase).Remove(t.seat)
			tr.seatInGroup(t)
		}
	}
	tr.ledger.reconsider(j.key)
}

func beganBefore(a, b *tracked) int { return a.run.FirstSeen.Compare(b.run.FirstSeen) }

// crowded is the group that loses a run where there are too many: the job that has more than half of
// the places, else the strangers, else the job that has more than a tenth, else the one that is known
// least. A flood of one job is that job's own trouble.
func (tr *Tracker) crowded(p phase, limit int) *group {
	strangers, total := tr.strangers.list(p).Len(), tr.all(p).Len()
	if strangers > 0 && total-strangers <= limit/2 {
		return &tr.strangers
	}
	var largest, least *job
	for _, j := range tr.jobs {
		n := j.group.list(p).Len()
		if n == 0 {
			continue
		}
		if largest == nil || n > largest.group.list(p).Len() {
			largest = j
		}
		if least == nil || least.standing().above(j.standing()) {
			least = j
		}
	}
	switch {
	case largest != nil && largest.group.list(p).Len() > limit/2:
		return &largest.group
	case strangers > 0:
		return &tr.strangers
	case largest.group.list(p).Len() > limit/10:
		return &largest.group
	default:
		return &least.group
	}
}

// maxExamined bounds the search for what can make room.
const maxExamined = 100

// leastNeeded is the open run of a group that goes: one that has ended and only waits for its
// judgement, else the one of which the least is known: no stage; silent for an hour; the newest. What
// began before a flood is not pushed out by it. Of strangers those that began first are looked at
// first, of a job those that began last: its run that is silent for a day may be the one that trains.
func (tr *Tracker) leastNeeded(g *group, now time.Time) *tracked {
	first, next := g.open.Back(), (*list.Element).Prev
	if g == &tr.strangers {
		first, next = g.open.Front(), (*list.Element).Next
	}
	least := g.open.Back().Value.(*tracked)
	worth := weight(least, now)
	examined := 0
	for e := first; e != nil && examined < maxExamined; e = next(e) {
		examined++
		t := e.Value.(*tracked)
		if t.phase == ended {
			return t
		}
		if w := weight(t, now); w < worth {
			least, worth = t, w
		}
	}
	return least
}

// weight is how much speaks for a run.
func weight(t *tracked, now time.Time) int {
	w := 0
	if len(t.run.Stages) > 0 {
		w += 2
	}
	if now.Sub(t.run.LastSeen) < unusedFor {
		w++
	}
	return w
}
