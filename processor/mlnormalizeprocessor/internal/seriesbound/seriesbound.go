// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package seriesbound bounds the series of metrics that pass, so that labels which are made up do not
// fill the memory of what follows: an exporter keeps each series for minutes, a TSDB for hours.
//
// A series that passes keeps its place while it comes. Where all places are taken, the points of others
// are removed, until a series has been silent for a while. From then on, while anything is refused, a
// free place goes only to a series that came in an earlier interval, too: what is made up comes once.
package seriesbound

import (
	"hash/maphash"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/doorkeeper"
)

const (
	// interval is longer than applications take between two exports: a minute, by default.
	interval = 2 * time.Minute
	// keptFor is for how many intervals a silent series keeps its place; one that has come in one interval
	// alone has it for one, where others are refused.
	keptFor = 5
	// bytesPerPlace are those of names and labels that have one place; longer ones take several.
	bytesPerPlace = 1024
	// longest is the most bytes of names, labels, unit and description of a series, whatever places are
	// free: a page of a few labels of a megabyte cannot be scraped. prometheus_rules refuses as long ones.
	longest = 16 << 10
	// doors is the number of refused series that are remembered.
	doors = 1 << 15
)

// Bound knows which series have a place. It is safe for concurrent use.
type Bound struct {
	limit int
	now   func() time.Time
	seed  maphash.Seed

	mu     sync.Mutex
	series map[uint64]place
	// taken is how many places are.
	taken int
	// tick is the number of the interval, which ends at until.
	tick  uint32
	until time.Time
	// scarce says that a series was refused in this interval or the one before.
	refused, scarce bool
	keeper          *doorkeeper.Doorkeeper
}

// place is what is known of a series.
type place struct {
	places int32
	// first and last are the intervals in which it came.
	first, last uint32
}

// Report says what Cut has removed.
type Report struct {
	Points int64
	// Metric and Service are those of the first one.
	Metric, Service string
}

// New returns a Bound of so many places. A histogram takes one for each bucket, as it does in
// Prometheus.
func New(limit int, now func() time.Time) *Bound {
	return &Bound{limit: limit, now: now, until: now(), seed: maphash.MakeSeed(), series: map[uint64]place{}, keeper: doorkeeper.New(doors)}
}

// Cut removes the points of series that have no place.
func (b *Bound) Cut(md pmetric.Metrics) (r Report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(b.now())
	for _, rm := range md.ResourceMetrics().All() {
		resource, size := b.hash(rm.Resource().Attributes())
		for _, sm := range rm.ScopeMetrics().All() {
			scope, more := b.hash(sm.Scope().Attributes())
			of := point{b: b, base: resource + 3*scope + 5*maphash.String(b.seed, sm.Scope().Name()), size: size + more}
			before := r.Points
			for _, m := range sm.Metrics().All() {
				if n := of.cut(m); n > 0 {
					if r.Points == 0 {
						r.Metric, r.Service = m.Name(), serviceOf(rm.Resource())
					}
					r.Points += n
				}
			}
			if r.Points > before {
				sm.Metrics().RemoveIf(empty)
			}
		}
	}
	if r.Points > 0 {
		md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
			rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool { return sm.Metrics().Len() == 0 })
			return rm.ScopeMetrics().Len() == 0
		})
	}
	return r
}

// Series is the number of series that have a place.
func (b *Bound) Series() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.series)
}

// turn begins the next interval when it is time.
func (b *Bound) turn(now time.Time) {
	if now.Before(b.until) {
		return
	}
	b.tick += 1 + uint32(now.Sub(b.until)/interval) //nolint:gosec // in years
	b.until = now.Add(interval)
	b.keeper.Tick()
	for id, p := range b.series {
		silent := b.tick - p.last
		if silent > keptFor || b.refused && p.first == p.last && silent > 1 {
			b.taken -= int(p.places)
			delete(b.series, id)
		}
	}
	b.refused, b.scarce = false, b.refused
}

// admit reports whether a series has a place.
func (b *Bound) admit(id uint64, size, series int) bool {
	if size > longest {
		return false
	}
	places := int32(min(series+size/bytesPerPlace, 1<<30)) //nolint:gosec // bounded
	p, known := b.series[id]
	free := b.limit - b.taken + int(p.places)
	cameAgain := known || !b.scarce && !b.refused || b.keeper.Seen(id)
	if int(places) > free || !cameAgain {
		if !known {
			b.keeper.Seen(id)
		}
		b.refused = true
		return false
	}
	if !known {
		p.first = b.tick
	}
	b.taken += int(places - p.places)
	p.places, p.last = places, b.tick
	b.series[id] = p
	return true
}

// hash returns a hash of attributes that does not depend on their order, and their length.
func (b *Bound) hash(attributes pcommon.Map) (sum uint64, size int) {
	for key, value := range attributes.All() {
		text := value.AsString()
		var h maphash.Hash
		h.SetSeed(b.seed)
		_, _ = h.WriteString(key)
		_ = h.WriteByte(0)
		_, _ = h.WriteString(text)
		sum += h.Sum64()
		size += len(key) + len(text)
	}
	return sum, size
}

func serviceOf(resource pcommon.Resource) string {
	if name, ok := resource.Attributes().Get("service.name"); ok {
		return name.AsString()
	}
	return ""
}
