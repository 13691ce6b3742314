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

// maxBroken is the most totals of a version for what its contract counts: what is beyond them shares
// one total a subject.
const maxBroken = 2000

// passthrough is a total that is passed on and not compared.
type passthrough struct {
	subject  Subject
	consumer Consumer
	total    *total
	// shown says that Totals has shown it.
	shown bool
}

func comparePassthroughs(a, b *passthrough) int {
	overflow := func(p *passthrough) int {
		if p.consumer.Overflow {
			return 1
		}
		return 0
	}
	x, y := &a.consumer, &b.consumer
	return cmp.Or(
		cmp.Compare(a.subject, b.subject), cmp.Compare(x.Service, y.Service), cmp.Compare(x.Unit, y.Unit),
		cmp.Compare(x.Source, y.Source), cmp.Compare(x.Feature, y.Feature), cmp.Compare(x.Check, y.Check), cmp.Compare(x.Severity, y.Severity),
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
	if !found && v.fullOf(d.Key.Subject) && d.Consumer != (Consumer{}) {
		outcome = Overflowed
		want.consumer = Consumer{Overflow: true}
		i, found = slices.BinarySearchFunc(v.passthroughs, want, comparePassthroughs)
	}
	if !found {
		want.consumer = cloneConsumer(want.consumer)
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

// fullOf reports whether there is no room for one more total of a subject.
func (v *version) fullOf(subject Subject) bool {
	if subject.OfContract() {
		return v.broken() >= maxBroken
	}
	return len(v.passthroughs)-v.broken() >= maxConsumers
}

// broken is the number of totals of what a contract counts: its subjects are the last ones.
func (v *version) broken() int {
	i, _ := slices.BinarySearchFunc(v.passthroughs, Violations, func(p *passthrough, s Subject) int {
		if p.subject < s {
			return -1
		}
		return 1
	})
	return len(v.passthroughs) - i
}

// cloneConsumer returns a copy that keeps nothing of a request.
func cloneConsumer(c Consumer) Consumer {
	for _, s := range []*string{&c.Service, &c.Unit, &c.Source, &c.Feature, &c.Check, &c.Severity} {
		*s = strings.Clone(*s)
	}
	return c
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
			one := &passthrough{subject: p.subject, consumer: p.consumer, shown: true, total: &total{start: p.total.start, kind: p.total.kind, bounds: p.total.bounds, groups: make([]uint64, len(p.total.groups))}}
			v.passthroughs = slices.Insert(v.passthroughs, i, one)
		}
		v.passthroughs[i].total.addTotal(p.total)
	}
}

// consumer writes whom a total is of. Snapshots of before there were contracts have no subject of
// theirs.
func (e *encoder) consumer(subject Subject, c *Consumer) {
	e.String(c.Service)
	e.String(c.Unit)
	if subject.OfContract() {
		e.String(c.Source)
		e.String(c.Feature)
		e.String(c.Check)
		e.String(c.Severity)
	}
	e.Bool(c.Overflow)
}

func (d *decoder) consumer(subject Subject) (c Consumer) {
	c.Service, c.Unit = d.name(), d.name()
	if subject.OfContract() {
		c.Source, c.Feature, c.Check, c.Severity = d.name(), d.name(), d.name(), d.name()
	}
	c.Overflow = d.Bool()
	return c
}

func (e *encoder) passthroughs(list []*passthrough) {
	e.Uvarint(uint64(len(list)))
	for _, p := range list {
		e.Uvarint(uint64(p.subject))
		e.consumer(p.subject, &p.consumer)
		e.total(p.total)
	}
}

func (d *decoder) passthroughs() []*passthrough {
	var out []*passthrough
	for range d.Count(5) {
		p := &passthrough{subject: Subject(d.UvarintTo(uint64(subjects) - 1))}
		p.consumer, p.total, p.shown = d.consumer(p.subject), d.total(), true
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
