// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
)

// idle is how long the sum of a series without deltas is kept.
const idle = time.Hour

// deltas adds deltas up, since Prometheus knows sums since a start alone. After a restart sums begin with 0, which
// Prometheus' functions take for the reset of a counter.
type deltas struct {
	mu      sync.Mutex
	limit   int
	sums    map[uint64]*sum
	before  []change // of the write under way
	evicted time.Time
}

type sum struct {
	labels labels.Labels
	value  float64
	h      *histogram.FloatHistogram
	time   int64 // of the last sample, ms
	seen   time.Time
}

type change struct {
	of     *sum
	before sum
}

func newDeltas(limit int) deltas { return deltas{limit: limit, sums: map[uint64]*sum{}} }

// add adds one delta and returns the sum; false if there is a sample of that time or a later one: what was added
// is in the next one then.
func (d *deltas) add(ls labels.Labels, t int64, v float64, h *histogram.Histogram) (float64, *histogram.Histogram, *histogram.FloatHistogram, bool) {
	s, ok := d.sums[ls.Hash()]
	switch {
	case !ok && len(d.sums) >= d.limit:
		return v, h, nil, true // a sum of its own, which the next one seems to reset
	case !ok || !labels.Equal(s.labels, ls):
		s = &sum{labels: ls}
		d.sums[ls.Hash()] = s
	}
	d.before = append(d.before, change{s, *s})

	if h != nil {
		s.addHistogram(h)
	} else if !value.IsStaleNaN(v) {
		s.value += v
	}
	if t <= s.time {
		return 0, nil, nil, false
	}
	s.time = t
	switch {
	case h != nil:
		return 0, nil, s.h.Copy(), true
	case value.IsStaleNaN(v):
		return v, nil, nil, true
	default:
		return s.value, nil, nil, true
	}
}

func (s *sum) addHistogram(h *histogram.Histogram) {
	add := h.ToFloat(nil)
	add.CounterResetHint = histogram.UnknownCounterReset
	if s.h == nil {
		s.h = add
		return
	}
	total := s.h.Copy() // what is in s.h may be the state before
	if sum, _, _, err := total.Add(add); err == nil {
		s.h = sum
	} else {
		s.h = add // other buckets: it starts afresh
	}
}

// settle ends a write: what was added is taken back if nothing was written, because it will come again.
func (d *deltas) settle(now time.Time, written bool) {
	for _, c := range slices.Backward(d.before) {
		if written {
			c.of.seen = now
		} else {
			*c.of = c.before
		}
	}
	clear(d.before)
	d.before = d.before[:0]
	if now.Sub(d.evicted) < idle/4 {
		return
	}
	d.evicted = now
	for key, s := range d.sums {
		if now.Sub(s.seen) > idle {
			delete(d.sums, key)
		}
	}
}
