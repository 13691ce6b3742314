// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// total is what a series has counted since it began, to be passed on.
type total struct {
	start  int64 // nanoseconds since 1970, of the wall clock
	kind   distribution.Kind
	count  uint64
	sum    float64
	bounds []float64 // of the coarse groups
	groups []uint64
	// exemplars are the newest of each group.
	exemplars []Exemplar
	missing   uint64
	// categories count by name; rest is what found no room.
	categories map[string]uint64
	rest       uint64
	stale      bool // start is set by the next delta
}

// reset starts the count of values afresh for a binning; categories go on.
func (t *total) reset(b *distribution.Binning, subject Subject) {
	if t.kind == distribution.KindCategorical && b.Kind == distribution.KindCategorical {
		return
	}
	if t.kind != distribution.KindUnknown {
		t.stale = true
	}
	t.kind = b.Kind
	t.count, t.sum, t.exemplars, t.rest = 0, 0, nil, 0
	t.categories = nil
	t.bounds = nil
	switch b.Kind {
	case distribution.KindNumeric:
		t.bounds = b.Coarse.Bounds()
	case distribution.KindExponential:
		t.bounds = exponentialBounds(subject)
	case distribution.KindCategorical:
		t.categories = make(map[string]uint64)
	}
	t.groups = make([]uint64, len(t.bounds)+1)
}

// exponentialBounds are those that an exponential histogram is passed on with.
func exponentialBounds(subject Subject) []float64 {
	if subject == Confidence {
		return distribution.ConfidenceBounds
	}
	return distribution.ValueBounds
}

// refine cuts the groups at the bounds that the binning has now, where those have all of the
// total's and more: a total that an earlier version wrote had fewer. What was counted stays at its
// upper bound, so that no cumulative bucket falls.
func (t *total) refine(b *distribution.Binning, subject Subject) {
	var to []float64
	switch {
	case t.kind != b.Kind:
		return
	case b.Kind == distribution.KindExponential:
		to = exponentialBounds(subject)
	case b.Kind == distribution.KindNumeric:
		to = b.Coarse.Bounds()
	}
	if len(to) <= len(t.bounds) || !distribution.Subset(t.bounds, to) {
		return
	}
	groups := make([]uint64, len(to)+1)
	distribution.Rebin(t.bounds, t.groups, to, groups)
	t.bounds, t.groups = to, groups
}

// categorize makes the histogram a count of categories: all its values are the rest.
func (t *total) categorize() {
	t.kind, t.rest, t.categories = distribution.KindCategorical, t.count, make(map[string]uint64)
	t.sum, t.exemplars, t.bounds, t.groups = 0, nil, nil, make([]uint64, 1)
}

// addTotal adds another histogram.
func (t *total) addTotal(o *total) {
	t.count += o.count
	t.sum += o.sum
	distribution.Rebin(o.bounds, o.groups, t.bounds, t.groups)
}

// addDelta counts a delta of any bounds: a bucket goes to the group of its upper bound. It returns
// false where a category found no room.
func (t *total) addDelta(d *Delta, now int64, limit int) bool {
	if t.stale {
		t.start, t.stale = now, false
	}
	if d.Key.Subject == Missing {
		t.missing += d.Count
		return true
	}
	switch {
	case d.Categorical:
		if t.kind != distribution.KindCategorical {
			return true
		}
		t.count += d.Count
		_, known := t.categories[d.Category]
		if d.Overflow || !known && len(t.categories) >= limit {
			t.rest += d.Count
			return d.Overflow
		}
		t.categories[d.Category] += d.Count
		return true
	case t.kind == distribution.KindCategorical: // numbers among words
		t.count += d.Count
		t.rest += d.Count
		return true
	case d.Exponential != nil:
		d.Exponential.Coarsen(t.bounds, t.groups)
	default:
		distribution.Rebin(d.Bounds, d.Counts, t.bounds, t.groups)
	}
	t.count += d.Count
	if !math.IsNaN(d.Sum) && !math.IsInf(d.Sum, 0) {
		t.sum += d.Sum
	}
	for _, x := range d.Exemplars {
		t.exemplars = keep(t.exemplars, x, t.bounds)
	}
	return true
}

// Total is a cumulative count of one series of the totals (not of segments).
type Total struct {
	Key      Key
	Consumer Consumer
	// Start is when counting began, in nanoseconds since 1970.
	Start int64
	// Count is the number of predictions, or of missing values (of the subject Missing), or of a
	// histogram's values.
	Count uint64
	// Sum, Bounds and Groups are a histogram; Groups has one more than Bounds. Nil for counts. The
	// Sum of a Cost is the amount.
	Sum       float64
	Bounds    []float64
	Groups    []uint64
	Exemplars []Exemplar
	// Categories is set for classes and categorical features; Rest is what found no room.
	Categories map[string]uint64
	Rest       uint64
}

// Totals calls yield for every cumulative count, in a fixed order. What it gets is shared only for
// the call, and yield must not call the engine. Violations of a contract count 0 the first time, so that
// the first of them are an increase.
func (e *Engine) Totals(yield func(*Total)) {
	e.mu.Lock()
	e.unplaced().totals(Key{Overflow: true}, yield)
	e.mu.Unlock()
	e.eachCurrent(func(m *model) {
		m.rest.totals(Key{Environment: m.key.environment, Model: m.key.name, Overflow: true}, yield)
		for _, v := range m.versions {
			key := Key{Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role}
			v.totals(key, yield)
			for _, g := range v.groups {
				if g.predictions > 0 && e.opts.SegmentTotals {
					key.Segment = g.name
					yield(&Total{Key: key, Start: g.start, Count: g.predictions})
				}
			}
			key.Segment = ""
			if len(v.groups) == 0 || v.groups[0].name != "" {
				continue
			}
			for _, s := range v.groups[0].order {
				key.Subject, key.Name = s.key.subject, s.key.name
				if s.total.kind != distribution.KindUnknown {
					yield(s.total.export(key))
				}
				if s.key.subject == Feature {
					key.Subject = Missing
					yield(&Total{Key: key, Start: s.total.start, Count: s.total.missing})
				}
			}
		}
	})
}

// totals calls yield with the totals of what is not compared.
func (v *version) totals(key Key, yield func(*Total)) {
	if v == nil {
		return
	}
	if v.predictions > 0 {
		yield(&Total{Key: key, Start: v.start, Count: v.predictions})
	}
	for _, p := range v.passthroughs {
		key.Subject = p.subject
		t := p.total.export(key)
		t.Consumer = p.consumer
		if p.subject == Violations && !p.shown {
			t.Count, t.Exemplars = 0, nil
		}
		p.shown = true
		yield(t)
	}
}

func (t *total) export(key Key) *Total {
	out := &Total{Key: key, Start: t.start, Count: t.count}
	if t.kind == distribution.KindCategorical {
		out.Categories, out.Rest = t.categories, t.rest
		return out
	}
	out.Sum, out.Bounds, out.Groups, out.Exemplars = t.sum, t.bounds, t.groups, t.exemplars
	return out
}

func (e *encoder) total(t *total) {
	e.Bool(t != nil)
	if t == nil {
		return
	}
	e.Varint(t.start)
	e.Uvarint(uint64(t.kind))
	e.Uvarint(t.count)
	e.Float64(t.sum)
	e.Float64s(t.bounds)
	wire.PutCounts(e.Encoder, t.groups)
	e.exemplars(t.exemplars)
	e.Uvarint(t.missing)
	e.Uvarint(t.rest)
	e.Bool(t.stale)
	names := make([]string, 0, len(t.categories))
	for name := range t.categories {
		names = append(names, name)
	}
	slices.Sort(names)
	e.Uvarint(uint64(len(names)))
	for _, name := range names {
		e.String(name)
		e.Uvarint(t.categories[name])
	}
}

func (d *decoder) total() *total {
	if !d.Bool() {
		return nil
	}
	t := &total{start: d.Varint(), kind: distribution.Kind(d.UvarintTo(uint64(distribution.KindCategorical))), count: d.Uvarint(), sum: d.Float64(), bounds: d.Float64s()}
	t.groups = wire.TakeCounts[uint64](d.Decoder)
	t.exemplars = d.exemplars()
	t.missing, t.rest, t.stale = d.Uvarint(), d.Uvarint(), d.Bool()
	if t.kind == distribution.KindCategorical {
		t.categories = make(map[string]uint64)
	}
	n := d.Count(2)
	if t.kind != distribution.KindCategorical && n > 0 || t.kind != distribution.KindUnknown && len(t.groups) != len(t.bounds)+1 {
		d.Fail()
		return nil
	}
	for range n {
		name := d.category()
		t.categories[name] += d.Uvarint()
	}
	return t
}
