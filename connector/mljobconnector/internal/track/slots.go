// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track/schedule"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// slots are the scheduled times of a job that are still open. A slot is open until its time to
// start (finish_within, else ScheduleGrace) and Absence are over; then it was covered by a run or
// is missed.
//
// A run covers the latest open slot that it is not too early for, and an earlier one if that is
// taken: if hourly runs come on time and one is left out, it is that one which is missed, not the
// newest. Runs that were queued and start in a row cover the slots that wait for them.
type slots struct {
	// spec is the schedule that the rest is of.
	spec string
	// from is the last slot that is no longer open; for an interval the start of the run that
	// covered it.
	from time.Time
	// covered are later slots that have a run; none for an interval.
	covered []cover
	// date is the newest logical date of a run that covered a slot, passed that of those up to
	// from.
	date, passed time.Time
	// armed says that a run has covered a slot. The schedule of a card without an environment holds
	// only in environments where one has.
	armed bool
	// missed counts the slots up to from without a run, since the last one with a run; firstMissed
	// is the first of them.
	missed      int
	firstMissed time.Time
}

// cover is a slot with the logical date of its run.
type cover struct{ slot, date time.Time }

// maxSlots bounds the slots that one look goes through. It is a week of minutes.
const maxSlots = 10080

func (s *slots) encode(e *wire.Encoder) {
	e.String(s.spec)
	e.Time(s.from)
	e.Time(s.date)
	e.Time(s.passed)
	e.Bool(s.armed)
	e.Uvarint(uint64(s.missed))
	e.Time(s.firstMissed)
	e.Uvarint(uint64(len(s.covered)))
	for _, c := range s.covered {
		e.Time(c.slot)
		e.Time(c.date)
	}
}

func (s *slots) decode(d *wire.Decoder) {
	s.spec = d.String()
	s.from, s.date, s.passed = d.Time(), d.Time(), d.Time()
	s.armed = d.Bool()
	s.missed = int(d.Uvarint())
	s.firstMissed = d.Time()
	for range d.Count(2) {
		s.covered = append(s.covered, cover{d.Time(), d.Time()})
	}
}

func (s *slots) has(slot time.Time) bool {
	return slices.ContainsFunc(s.covered, func(c cover) bool { return c.slot.Equal(slot) })
}

// open finds the slot that a run covers which began at a time of the collector's clock and started
// at a time of its own; zero if it covers none.
func (s *slots) open(plan *schedule.Schedule, began, started time.Time) time.Time {
	if plan.Interval() && !s.armed {
		return began // the first run starts the count
	}
	var found time.Time
	at := s.from
	for range maxSlots {
		at = plan.Next(at)
		if at.IsZero() {
			break
		}
		early := plan.Early(at)
		if began.Before(at.Add(-early)) {
			break
		}
		if started.Unix() > 0 && started.Before(at.Add(-early-plan.Skew(at))) {
			break
		}
		if !s.has(at) {
			found = at
		}
		if plan.Interval() {
			break
		}
	}
	return found
}

// cover notes that a run covers a slot.
func (s *slots) cover(plan *schedule.Schedule, slot, began, date time.Time) {
	s.armed, s.date = true, latest(s.date, date)
	if plan.Interval() {
		s.from, s.passed = began, latest(s.passed, date)
		s.missed, s.firstMissed = 0, time.Time{}
		return
	}
	s.covered = append(s.covered, cover{slot, date})
}

// uncover opens a slot again, because its run turned out to be none for it.
func (s *slots) uncover(slot time.Time) {
	s.covered = slices.DeleteFunc(s.covered, func(c cover) bool { return c.slot.Equal(slot) })
}

// pass closes the first open slot, and reports whether it was missed.
func (s *slots) pass(slot time.Time) (missed bool) {
	s.from = slot
	for _, c := range s.covered {
		if c.slot.Equal(slot) {
			s.passed = latest(s.passed, c.date)
			s.missed, s.firstMissed = 0, time.Time{}
			s.uncover(slot)
			return false
		}
	}
	if s.missed == 0 {
		s.firstMissed = slot
	}
	s.missed++
	return true
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
