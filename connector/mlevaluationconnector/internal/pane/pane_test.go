// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package pane

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func at(d time.Duration) int64 { return monday.Add(d).UnixNano() }

const day = 24 * time.Hour

func TestSlidingWindows(t *testing.T) {
	c := NewClock(Options{Window: eventtime.Window{Length: 168 * time.Hour}, Lateness: time.Hour, Keep: 14 * day})
	_, ok := c.Current()
	assert.False(t, ok)
	assert.EqualValues(t, Never, c.Watermark())
	assert.EqualValues(t, Never, c.Oldest())

	now := monday.Add(20 * day)
	pane, ok := c.Observe(at(15*day+30*time.Second), now)
	require.True(t, ok)
	c.Advance(now)
	current, ok := c.Current()
	require.True(t, ok)
	assert.Equal(t, pane, current.Last)
	assert.EqualValues(t, 11, current.Last-current.First)
	assert.Equal(t, at(15*day-time.Hour), c.Watermark())
	assert.LessOrEqual(t, c.Start(Span{pane, pane}), at(15*day))
	assert.Greater(t, c.End(current), at(15*day))
	assert.Equal(t, 168*time.Hour, time.Duration(c.End(current)-c.Start(current)))

	before := current.Before()
	assert.Equal(t, c.Start(current), c.End(before))
	ended := c.Ended(c.Watermark())
	assert.LessOrEqual(t, c.End(ended), c.Watermark())
	assert.Greater(t, c.End(Span{0, ended.Last + 1}), c.Watermark())
	assert.LessOrEqual(t, c.End(Span{0, c.Oldest() - 1}), c.Watermark()-int64(14*day))
}

func TestCalendarWindows(t *testing.T) {
	for calendar, ends := range map[string][2]time.Time{
		"day":   {time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 18, 0, 0, 0, 0, time.UTC)},
		"week":  {time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 23, 0, 0, 0, 0, time.UTC)},
		"month": {time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)},
	} {
		c := NewClock(Options{Window: eventtime.Window{Calendar: calendar}})
		now := monday.Add(15*day + 12*time.Hour)
		c.Observe(now.UnixNano(), now)
		c.Advance(now)
		current, _ := c.Current()
		assert.Equal(t, ends[0].UnixNano(), c.Start(current), calendar)
		assert.Equal(t, ends[1].UnixNano(), c.End(current), calendar)
		ended := c.Ended(now.UnixNano())
		assert.Equal(t, current.Before(), ended)
		assert.Equal(t, ended, c.Ended(ends[0].UnixNano()), "a window that ends now has ended")
	}
}

func TestTheFutureIsRefusedAndSilenceMovesOn(t *testing.T) {
	o := Options{Window: eventtime.Window{Length: time.Hour}, Lateness: time.Minute, Idle: 10 * time.Minute}
	live := NewClock(o)
	o.Idle = 0
	replay := NewClock(o)
	for _, c := range []*Clock{live, replay} {
		_, ok := c.Observe(at(6*time.Minute), monday)
		assert.False(t, ok)
		_, ok = c.Observe(at(4*time.Minute), monday)
		assert.True(t, ok)
		c.Advance(monday.Add(2 * time.Hour))
	}
	assert.Equal(t, at(3*time.Minute+110*time.Minute), live.Watermark())
	assert.Equal(t, at(3*time.Minute), replay.Watermark())
}

// The ring is compared with a map of all panes.
func TestRingKeepsTheNewestPanes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	r := NewRing[int](20)
	all := map[int64]int{}
	for range 5000 {
		pane := rng.Int64N(40) - 20
		kept := r.Get(pane) != nil
		got, evicted := r.At(pane)
		switch {
		case got == nil:
			span, _ := r.All()
			assert.Less(t, pane, span.First)
			assert.Equal(t, 20, r.Len())
			continue
		case evicted:
			assert.False(t, kept)
			oldest := pane
			for p := range all {
				oldest = min(oldest, p)
			}
			delete(all, oldest)
		}
		*got++
		all[pane]++
		if rng.IntN(50) == 0 {
			before := rng.Int64N(40) - 20
			r.Drop(before)
			for p := range all {
				if p < before {
					delete(all, p)
				}
			}
		}
		span := Span{rng.Int64N(40) - 20, rng.Int64N(40) - 20}
		sum, want := 0, 0
		for p, v := range r.Window(span) {
			assert.Equal(t, all[p], *v)
			sum += *v
		}
		for p, v := range all {
			if p >= span.First && p <= span.Last {
				want += v
			}
		}
		require.Equal(t, want, sum)
		require.Len(t, all, r.Len())
	}
}

func putInt(e *wire.Encoder, v *int)  { e.Varint(int64(*v)) }
func takeInt(d *wire.Decoder, v *int) { *v = int(d.Varint()) }

func TestRingAndClockAreRestored(t *testing.T) {
	c := NewClock(Options{Window: eventtime.Window{Calendar: "day"}, Idle: time.Minute})
	r := NewRing[int](3)
	for i := range 5 {
		pane, _ := c.Observe(at(time.Duration(i)*day), monday.Add(9*day))
		v, _ := r.At(pane)
		*v = i
	}
	c.Advance(monday.Add(9 * day))
	var e wire.Encoder
	c.Encode(&e)
	r.Encode(&e, putInt)

	again, smaller := NewClock(Options{Window: eventtime.Window{Calendar: "day"}, Idle: time.Minute}), NewRing[int](2)
	d := wire.NewDecoder(e.Bytes())
	again.Decode(d)
	smaller.Decode(d, takeInt)
	require.NoError(t, d.End())
	assert.Equal(t, c.clock, again.clock)
	var got []int
	span, _ := smaller.All()
	for _, v := range smaller.Window(span) {
		got = append(got, *v)
	}
	assert.Equal(t, []int{3, 4}, got)
}

func FuzzDecode(f *testing.F) {
	f.Fuzz(func(_ *testing.T, data []byte) {
		c, r := NewClock(Options{Window: eventtime.Window{Calendar: "month"}, Keep: day}), NewRing[int](10)
		d := wire.NewDecoder(data)
		c.Decode(d)
		r.Decode(d, takeInt)
		now := monday
		c.Advance(now)
		current, _ := c.Current()
		r.Drop(c.Oldest())
		for range r.Window(current) {
			continue
		}
	})
}

func TestPanesBoundsWhatIsKept(t *testing.T) {
	for _, w := range []eventtime.Window{{Length: 168 * time.Hour}, {Length: time.Hour}, {Calendar: "day"}, {Calendar: "month"}} {
		c := NewClock(Options{Window: w, Lateness: time.Hour, Keep: 14 * day})
		now := monday.Add(365 * day)
		newest, _ := c.Observe(now.UnixNano(), now)
		c.Advance(now)
		kept := newest - c.Oldest() + 1
		assert.LessOrEqual(t, kept, int64(c.Panes()), w.String())
		assert.Greater(t, 2*kept+14, int64(c.Panes()), w.String())
	}
}

func BenchmarkAt(b *testing.B) {
	r := NewRing[int](30)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v, _ := r.At(int64(i) % 27)
		*v++
	}
}
