// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package schedule says when a job is due: the times (slots) of a cron expression in a time zone,
// or of an interval that is counted from the run before.
package schedule

import (
	"time"

	"github.com/robfig/cron/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// Schedule is when a job is due. It is immutable.
type Schedule struct {
	spec     string
	cron     cron.Schedule
	location *time.Location
	every    time.Duration
	// fixed says that the expression has no star for the hour.
	fixed bool
}

// Of returns the schedule on a card; nil where the card is nil or has none. A cron expression that
// cannot be read counts as none: the catalog refuses such cards.
func Of(card *catalog.Job) *Schedule {
	switch {
	case card == nil:
		return nil
	case card.Every > 0:
		return &Schedule{spec: "every " + card.Every.String(), every: card.Every, location: location(card)}
	case card.Schedule != "":
		c, err := cron.ParseStandard(card.Schedule)
		if err != nil {
			return nil
		}
		l := location(card)
		spec, ok := c.(*cron.SpecSchedule)
		return &Schedule{spec: card.Schedule + " " + l.String(), cron: c, location: l, fixed: ok && spec.Hour&star == 0}
	default:
		return nil
	}
}

// star is the bit by which cron/v3 marks a field that was written with a star.
const star = 1 << 63

func location(card *catalog.Job) *time.Location {
	if card.Timezone == nil {
		return time.UTC
	}
	return card.Timezone
}

// String identifies the schedule: two of the same string have the same slots. Example: "0 3 * * *
// Europe/Berlin".
func (s *Schedule) String() string { return s.spec }

// Interval reports whether slots are counted from the run before ("every"), rather than by the
// clock.
func (s *Schedule) Interval() bool { return s.every > 0 }

// Next returns the first slot after a time; for an interval the one that follows a run, or a slot,
// at that time. It is zero if there is none within five years.
//
// Where clocks are put forward, slots in the missing hour are left out, as cron/v3 leaves them out.
// Where they are put back, cron/v3 (and Kubernetes, which uses it) runs a job of the hour that
// comes twice twice, while cron(8) and Airflow do so only if the expression has a star for the
// hour. Here the second one is a slot only then: a run that comes without a slot is no fault, a
// slot without a run would be.
func (s *Schedule) Next(after time.Time) time.Time {
	if s.every > 0 {
		return after.Add(s.every)
	}
	next := s.cron.Next(after.In(s.location))
	for s.fixed && !next.IsZero() && again(next) {
		next = s.cron.Next(next)
	}
	return next
}

// again reports whether the clock on the wall has shown this time before, an hour ago.
func again(t time.Time) bool {
	return t.Add(-time.Hour).Format(wall) == t.Format(wall)
}

const wall = "2006-01-02 15:04"

// Early is how long before its slot a run may start: five minutes, at most a quarter of the time to
// the next slot.
func (s *Schedule) Early(slot time.Time) time.Duration { return min(5*time.Minute, s.gap(slot)/4) }

// Skew is how far behind the collector's clock a run's own start may be and still count as after
// its slot: an hour, at most a quarter of the time to the next slot.
func (s *Schedule) Skew(slot time.Time) time.Duration { return min(time.Hour, s.gap(slot)/4) }

func (s *Schedule) gap(slot time.Time) time.Duration {
	next := s.Next(slot)
	if next.IsZero() {
		return 24 * time.Hour
	}
	return next.Sub(slot)
}

// Format writes a time as people read it, in the schedule's zone. Example: "2026-11-22 03:00 CET".
func (s *Schedule) Format(t time.Time) string {
	t = t.In(s.location)
	if t.Second() != 0 {
		return t.Format("2006-01-02 15:04:05 MST")
	}
	return t.Format("2006-01-02 15:04 MST")
}
