// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package pane

import (
	"math"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Never is a time before all events.
const Never = math.MinInt64

// futureSlack is how far ahead of now an event may be: as far as clocks differ.
const futureSlack = 5 * time.Minute

// latest is in the year 2242, in seconds: the nanoseconds are no overflow, nor is a window more.
const latest = 1 << 33

// Options say how a Clock cuts time.
type Options struct {
	// Window is the length of windows.
	Window eventtime.Window
	// Lateness is how far behind the newest event others may come.
	Lateness time.Duration
	// Idle is how long after the last event the wall clock moves the watermark on; 0 is never.
	Idle time.Duration
	// Keep is how long a pane is kept after it has ended.
	Keep time.Duration
}

// Span is a run of panes, from the first to the last one.
type Span struct{ First, Last int64 }

// Before is the span of the same number of panes that ends where this one begins.
func (s Span) Before() Span {
	n := s.Last - s.First + 1
	return Span{s.First - n, s.Last - n}
}

// Clock follows the event time of one stream, such as the predictions of a model.
type Clock struct {
	grid                 eventtime.Grid
	lateness, idle, keep time.Duration
	clock                eventtime.Clock
}

// NewClock returns one that has seen no event.
func NewClock(o Options) *Clock {
	idle := o.Idle
	if idle == 0 {
		idle = math.MaxInt64
	}
	return &Clock{grid: eventtime.NewGrid(o.Window), lateness: o.Lateness, idle: idle, keep: o.Keep}
}

// Observe takes note of an event and returns its pane. ok is false, and nothing is noted, for one
// of the future, more than five minutes ahead of now, and for one before 1970.
func (c *Clock) Observe(t int64, now time.Time) (pane int64, ok bool) {
	if t < 0 || t > now.Add(futureSlack).UnixNano() {
		return 0, false
	}
	s := floorSeconds(t)
	c.clock.Observe(s-mod(s, 60), now.Unix())
	return c.grid.Pane(s), true
}

// Advance moves the watermark to Lateness behind the newest event, and after Idle without any event
// on with the wall clock.
func (c *Clock) Advance(now time.Time) { c.clock.Advance(now.Unix(), c.lateness, c.idle) }

// Pane is the number of the pane of a time.
func (c *Clock) Pane(t int64) int64 { return c.grid.Pane(floorSeconds(t)) }

// Newest is the end of the minute of the newest event, Never before there was one.
func (c *Clock) Newest() int64 {
	if !c.clock.Seen {
		return Never
	}
	return (c.clock.Newest+60)*int64(time.Second) - 1
}

// Watermark is the time before which no more events are awaited, Never before the first Advance
// after an event.
func (c *Clock) Watermark() int64 {
	if !c.started() {
		return Never
	}
	return c.clock.Watermark * int64(time.Second)
}

func (c *Clock) started() bool { return c.clock.Seen && c.clock.Front != 0 }

// Oldest is the first pane that is kept: all before have ended Keep before the watermark.
func (c *Clock) Oldest() int64 {
	if !c.started() {
		return Never
	}
	return c.Pane(c.Watermark() - int64(c.keep))
}

// Current is the window at the watermark's front: the one that ends with the pane of the newest
// event, or the calendar's period of it. ok is false before the first Advance after an event.
func (c *Clock) Current() (s Span, ok bool) {
	if !c.started() {
		return Span{}, false
	}
	return c.window(c.grid.Pane(c.clock.Front - 1)), true
}

// window is the one that ends with a pane, or the calendar's period of it.
func (c *Clock) window(last int64) Span {
	if c.grid.Window().Calendar != "" {
		return c.Period(last)
	}
	return Span{last - c.grid.Panes() + 1, last}
}

// Ended is the last window that ended by a time.
func (c *Clock) Ended(by int64) Span {
	last := c.Pane(by) - 1
	if c.grid.Window().Calendar != "" {
		return c.Period(c.Pane(by)).Before()
	}
	return c.window(last)
}

// Period is the one among the disjoint windows that a pane is in.
func (c *Clock) Period(pane int64) Span {
	first := pane - int64(c.grid.Slot(pane))
	return Span{first, first + c.grid.Panes() - 1}
}

// Start is when a span begins.
func (c *Clock) Start(s Span) int64 { return c.grid.PaneStart(s.First) * int64(time.Second) }

// End is when a span ends: the first moment after it.
func (c *Clock) End(s Span) int64 { return c.grid.PaneStart(s.Last+1) * int64(time.Second) }

// Panes is the number of panes that are kept at most, of windows and for Keep.
func (c *Clock) Panes() int {
	shortest := int64(28 * 24 * time.Hour)
	switch w := c.grid.Window(); w.Calendar {
	case "month":
	case "":
		shortest = int64(w.Length)
	default:
		shortest = c.End(Span{0, c.grid.Panes() - 1}) - c.Start(Span{0, 0})
	}
	shortest /= c.grid.Panes()
	return int((int64(c.keep)+int64(c.lateness)+shortest-1)/shortest) + int(c.grid.Panes()) + 1
}

// Encode writes how far the clock is.
func (c *Clock) Encode(e *wire.Encoder) {
	w := &c.clock
	e.Bool(w.Seen)
	for _, t := range [...]int64{w.Newest, w.Oldest, w.Arrived, w.Watermark, w.Front} {
		e.Varint(t)
	}
}

// Decode reads what Encode wrote; the Decoder has what is wrong with it.
func (c *Clock) Decode(d *wire.Decoder) {
	w := eventtime.Clock{Seen: d.Bool()}
	for _, t := range [...]*int64{&w.Newest, &w.Oldest, &w.Arrived, &w.Watermark, &w.Front} {
		if *t = d.Varint(); *t > latest || *t < -latest {
			d.Fail()
			return
		}
	}
	c.clock = w
}

func floorSeconds(t int64) int64 { return (t - mod(t, int64(time.Second))) / int64(time.Second) }

// mod is the remainder that is not negative.
func mod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}
