// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// maxConsumers is the most totals of a version with a Consumer; what is beyond them shares one
// total a subject.
const maxConsumers = 1000

// passthrough is a total that is passed on and not compared.
type passthrough struct {
	subject  Subject
	consumer Consumer
	total    *total
}

func comparePassthroughs(a, b *passthrough) int {
	overflow := func(p *passthrough) int {
		if p.consumer.Overflow {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(a.subject, b.subject), cmp.Compare(a.consumer.Service, b.consumer.Service), cmp.Compare(a.consumer.Unit, b.consumer.Unit),
		cmp.Compare(overflow(a), overflow(b)),
	)
}

// addPassthrough adds a delta to the total that it belongs to. The outcome is BoundsMismatch where
// the total has other bounds, and Overflowed where it is shared for want of room; the total has the
// delta all the same. No total takes an exponential histogram.
func (v *version) addPassthrough(d *Delta, now time.Time) Outcome {
	if d.Key.Subject == Predictions && d.Consumer == (Consumer{}) {
		v.predictions += d.Count
		return Counted
	}
	if d.Exponential != nil {
		return BoundsMismatch
	}
	outcome := Counted
	want := &passthrough{subject: d.Key.Subject, consumer: d.Consumer}
	i, found := slices.BinarySearchFunc(v.passthroughs, want, comparePassthroughs)
	if !found && len(v.passthroughs) >= maxConsumers && d.Consumer != (Consumer{}) {
		outcome = Overflowed
		want.consumer = Consumer{Overflow: true}
		i, found = slices.BinarySearchFunc(v.passthroughs, want, comparePassthroughs)
	}
	if !found {
		want.consumer.Service, want.consumer.Unit = strings.Clone(want.consumer.Service), strings.Clone(want.consumer.Unit)
		want.total = &total{start: now.UnixNano(), kind: distribution.KindNumeric, bounds: d.Bounds, groups: make([]uint64, len(d.Bounds)+1)}
		v.passthroughs = slices.Insert(v.passthroughs, i, want)
	}
	t := v.passthroughs[i].total
	if outcome == Counted && !slices.Equal(t.bounds, d.Bounds) {
		outcome = BoundsMismatch
	}
	t.addDelta(d, now.UnixNano(), 0)
	return outcome
}

// addRest adds what is passed on of a model or a version that found no room.
func addRest(to **version, d *Delta, now time.Time) Outcome {
	if !d.Key.Subject.Passthrough() || d.Key.Segment != "" {
		return Overflowed
	}
	if *to == nil {
		*to = newVersion(versionKey{}, now.UnixNano())
	}
	(*to).addPassthrough(d, now)
	return Overflowed
}

// merge adds the totals of another version.
func (v *version) merge(other *version) {
	v.start = min(v.start, other.start)
	v.predictions += other.predictions
	for _, p := range other.passthroughs {
		i, found := slices.BinarySearchFunc(v.passthroughs, p, comparePassthroughs)
		if !found {
			one := &passthrough{subject: p.subject, consumer: p.consumer, total: &total{start: p.total.start, kind: p.total.kind, bounds: p.total.bounds, groups: make([]uint64, len(p.total.groups))}}
			v.passthroughs = slices.Insert(v.passthroughs, i, one)
		}
		v.passthroughs[i].total.addTotal(p.total)
	}
}

func (e *encoder) passthroughs(list []*passthrough) {
	e.Uvarint(uint64(len(list)))
	for _, p := range list {
		e.Uvarint(uint64(p.subject))
		e.String(p.consumer.Service)
		e.String(p.consumer.Unit)
		e.Bool(p.consumer.Overflow)
		e.total(p.total)
	}
}

func (d *decoder) passthroughs() []*passthrough {
	var out []*passthrough
	for range d.Count(5) {
		p := &passthrough{subject: Subject(d.UvarintTo(uint64(subjects) - 1)), consumer: Consumer{Service: d.name(), Unit: d.name(), Overflow: d.Bool()}, total: d.total()}
		if !p.subject.Passthrough() || p.total == nil || p.total.kind != distribution.KindNumeric {
			d.Fail()
		}
		if d.Err() != nil {
			return nil
		}
		i, found := slices.BinarySearchFunc(out, p, comparePassthroughs)
		switch {
		case d.cuts == 0 && (found || i < len(out)):
			d.Fail()
			return nil
		case found: // the same name now
			out[i].total.addTotal(p.total)
		default:
			out = slices.Insert(out, i, p)
		}
	}
	return out
}

// rest writes what is passed on of those that found no room.
func (e *encoder) rest(v *version) {
	e.Bool(v != nil)
	if v != nil {
		e.Varint(v.start)
		e.Uvarint(v.predictions)
		e.passthroughs(v.passthroughs)
	}
}

func (d *decoder) rest() *version {
	if !d.Bool() {
		return nil
	}
	v := newVersion(versionKey{}, d.Varint())
	v.predictions, v.passthroughs = d.Uvarint(), d.passthroughs()
	return v
}
