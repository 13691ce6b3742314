// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"
	"time"
)

// Clock follows the event time of one stream. Times are seconds since 1970.
//
//	events ──► Newest ── minus the lateness ──► Watermark ──► CloseUpTo: periods that end before
//	silence longer than idle: the wall clock moves Watermark and Front on
type Clock struct {
	// Newest is the newest event time; Oldest is the oldest one, before the first period was
	// closed.
	Newest, Oldest int64
	// Arrived is the wall clock when the last event came.
	Arrived int64
	// Watermark is the event time before which periods are closed.
	Watermark int64
	// Front is the event time at which the sliding window ends.
	Front int64
	// Next is the first period that is not closed. It is known once Started.
	Next int64
	// Seen says that there was an event; Started says that periods have been closed up to Next.
	Seen, Started bool
}

// Observe takes note of an event of a minute, which arrived at the wall clock's time.
func (c *Clock) Observe(minute, wall int64) {
	if !c.Seen {
		c.Seen, c.Newest, c.Oldest = true, minute, minute
	}
	c.Newest, c.Oldest = max(c.Newest, minute), min(c.Oldest, minute)
	c.Arrived = max(c.Arrived, wall)
}

// Advance moves the watermark to lateness behind the newest event, and after idle without any event
// on with the wall clock.
func (c *Clock) Advance(now int64, lateness, idle time.Duration) {
	if !c.Seen {
		return
	}
	ahead := max(now-c.Arrived-seconds(idle), 0)
	if c.Watermark == 0 && !c.Started {
		c.Watermark, c.Front = math.MinInt64, math.MinInt64
	}
	c.Watermark = max(c.Watermark, c.Newest-seconds(lateness)+ahead)
	c.Front = max(c.Front, c.Newest+60+ahead)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// Takes reports whether a period is still open.
func (c *Clock) Takes(period int64) bool { return !c.Started || period >= c.Next }

// CloseUpTo calls closePeriod for each period that ends by the watermark and was not closed before.
// pending returns the first period from next on whose closing changes anything: those before it are
// skipped, and all are where it finds none.
func (c *Clock) CloseUpTo(g *Grid, watermark int64, pending func(next int64) (first int64, found bool), closePeriod func(period int64)) {
	if !c.Seen {
		return
	}
	if !c.Started {
		c.Started, c.Next = true, g.Period(c.Oldest)
	}
	for g.Start(c.Next+1) <= watermark {
		first, found := pending(c.Next)
		switch {
		case !found:
			c.Next = g.Period(watermark)
			return
		case first > c.Next: // nothing happened in between
			c.Next = first
		default:
			closePeriod(c.Next)
			c.Next++
		}
	}
}

// CloseAll is CloseUpTo with the end of the newest event's period as the watermark.
func (c *Clock) CloseAll(g *Grid, pending func(next int64) (first int64, found bool), closePeriod func(period int64)) {
	if c.Seen {
		c.CloseUpTo(g, g.Start(g.Period(c.Newest)+1), pending, closePeriod)
	}
}

// Sane reports whether a calendar has all its times. A clock that was read from a file may be any.
func (c *Clock) Sane() bool {
	const century = 100 * 366 * 86400
	for _, t := range []int64{c.Newest, c.Oldest} {
		if t < -century || t > 20*century {
			return false
		}
	}
	for _, t := range []int64{c.Watermark, c.Front, c.Next} {
		if t > 20*century || t < -century && t != math.MinInt64 {
			return false
		}
	}
	return true
}
