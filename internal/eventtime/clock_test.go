// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestClockFollowsEventsAndIdleness(t *testing.T) {
	var c Clock
	c.Advance(epoch, time.Minute, time.Minute)
	assert.Zero(t, c, "without events there is no time")

	c.Observe(epoch, epoch+5)
	c.Observe(epoch-600, epoch+5)
	c.Advance(epoch+10, 2*time.Minute, time.Minute)
	assert.Equal(t, epoch-120, c.Watermark, "lateness behind the newest event")
	assert.Equal(t, epoch+60, c.Front, "the minute of the newest event is part of the window")

	c.Advance(epoch+5+60+30, 2*time.Minute, time.Minute)
	assert.Equal(t, epoch-120+30, c.Watermark, "30 seconds after the idle time was over")

	c.Observe(epoch, epoch+100)
	c.Advance(epoch+100, 2*time.Minute, time.Minute)
	assert.Equal(t, epoch-120+30, c.Watermark, "it never goes back")
}

func TestClockClosesPeriodsOnce(t *testing.T) {
	g := NewGrid(Window{Length: time.Hour})
	p := g.Period(epoch)
	var c Clock
	var closed []int64
	with := map[int64]bool{p: true, p + 1: true, p + 700: true} // periods with data
	pending := func(next int64) (first int64, found bool) {
		for period := range with {
			if period >= next && (!found || period < first) {
				first, found = period, true
			}
		}
		return first, found
	}
	closePeriod := func(period int64) {
		closed = append(closed, period-p)
		delete(with, period)
	}
	c.CloseUpTo(&g, epoch+1e9, pending, closePeriod)
	assert.Empty(t, closed, "nothing was seen")

	c.Observe(epoch, epoch)
	c.CloseUpTo(&g, epoch+3600, pending, closePeriod)
	assert.Equal(t, []int64{0}, closed)
	assert.False(t, c.Takes(p))
	assert.True(t, c.Takes(p+1))

	c.Observe(epoch+700*3600, epoch)
	c.CloseUpTo(&g, c.Newest, pending, closePeriod)
	c.CloseAll(&g, pending, closePeriod)
	assert.Equal(t, []int64{0, 1, 700}, closed, "periods without data are skipped")
	assert.Equal(t, p+701, c.Next)
}

func TestPanes(t *testing.T) {
	p := NewPanes(3)
	turned, held := p.Turn(1, 7)
	assert.True(t, turned && held)
	turned, held = p.Turn(1, 7)
	assert.True(t, !turned && held)
	turned, held = p.Turn(1, 4)
	assert.False(t, turned || held, "a newer pane is there")
	assert.Equal(t, int64(7), p.Newest())
	assert.True(t, p.Within(1, 7) && p.Within(1, 9))
	assert.False(t, p.Within(1, 6) || p.Within(1, 10) || p.Within(0, 7))
}
