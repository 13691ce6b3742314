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

// maxUses is the most totals of a version with a Use; what is beyond them shares one total a subject.
const maxUses = 1000

// passed is a total that is passed on and not compared.
type passed struct {
	subject Subject
	use     Use
	total   *total
}

func comparePassed(a, b *passed) int {
	overflow := func(p *passed) int {
		if p.use.Overflow {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(a.subject, b.subject), cmp.Compare(a.use.Service, b.use.Service), cmp.Compare(a.use.Unit, b.use.Unit),
		cmp.Compare(overflow(a), overflow(b)),
	)
}

// pass adds a delta to the total that it belongs to. The outcome is BoundsMismatch where the total has other bounds, and Overflowed
// where it is shared for want of room; the total has the delta all the same. No total takes an exponential histogram.
func (v *version) pass(d *Delta, now time.Time) Outcome {
	if d.Key.Subject == Predictions && d.Use == (Use{}) {
		v.predictions += d.Count
		return Counted
	}
	if d.Exponential != nil {
		return BoundsMismatch
	}
	outcome := Counted
	want := &passed{subject: d.Key.Subject, use: d.Use}
	i, found := slices.BinarySearchFunc(v.passed, want, comparePassed)
	if !found && len(v.passed) >= maxUses && d.Use != (Use{}) {
		outcome = Overflowed
		want.use = Use{Overflow: true}
		i, found = slices.BinarySearchFunc(v.passed, want, comparePassed)
	}
	if !found {
		want.use.Service, want.use.Unit = strings.Clone(want.use.Service), strings.Clone(want.use.Unit)
		want.total = &total{start: now.UnixNano(), kind: distribution.KindNumeric, bounds: d.Bounds, groups: make([]uint64, len(d.Bounds)+1)}
		v.passed = slices.Insert(v.passed, i, want)
	}
	t := v.passed[i].total
	if outcome == Counted && !slices.Equal(t.bounds, d.Bounds) {
		outcome = BoundsMismatch
	}
	t.add(d, now.UnixNano(), 0)
	return outcome
}

// addRest adds what is passed on of a version of m, or with nil of a model, that found no room.
func (e *Engine) addRest(m *model, d *Delta, now time.Time) Outcome {
	if !d.Key.Subject.PassedOn() || d.Key.Segment != "" {
		return Overflowed
	}
	rest := &e.rest
	if m != nil {
		rest = &m.rest
	} else {
		e.restDirty = true
	}
	if *rest == nil {
		*rest = newVersion(versionKey{}, now.UnixNano())
	}
	(*rest).pass(d, now)
	return Overflowed
}

func (e *encoder) passed(list []*passed) {
	e.Uvarint(uint64(len(list)))
	for _, p := range list {
		e.Uvarint(uint64(p.subject))
		e.String(p.use.Service)
		e.String(p.use.Unit)
		e.Bool(p.use.Overflow)
		e.total(p.total)
	}
}

func (d *decoder) passed() []*passed {
	var out []*passed
	for range d.Count(5) {
		p := &passed{subject: Subject(d.UvarintTo(uint64(subjects) - 1)), use: Use{Service: d.name(), Unit: d.name(), Overflow: d.Bool()}, total: d.total()}
		if !p.subject.PassedOn() || p.total == nil || p.total.kind != distribution.KindNumeric {
			d.Fail()
		}
		if d.Err() != nil {
			return nil
		}
		i, found := slices.BinarySearchFunc(out, p, comparePassed)
		switch {
		case d.cuts == 0 && (found || i < len(out)):
			d.Fail()
			return nil
		case found: // the same name now
			out[i].total.merge(p.total)
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
		e.passed(v.passed)
	}
}

func (d *decoder) rest() *version {
	if !d.Bool() {
		return nil
	}
	v := newVersion(versionKey{}, d.Varint())
	v.predictions, v.passed = d.Uvarint(), d.passed()
	return v
}
