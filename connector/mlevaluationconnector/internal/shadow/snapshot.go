// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"fmt"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// format is that of a snapshot.
var format = wire.Format{Magic: "mlshadow", Version: 1}

// Snapshot returns all comparisons. What waits is not in it.
func (e *Engine) Snapshot() []byte {
	w := format.NewEncoder(4096)
	w.Uvarint(uint64(len(e.order)))
	for _, c := range e.order {
		putIdentity(w, c.primary.Identity)
		putIdentity(w, c.shadow.Identity)
		w.Time(c.seen)
		c.clock.Encode(w)
		n := 1 + len(c.segments)
		if c.rest != nil {
			n++
		}
		w.Uvarint(uint64(n))
		c.each(func(segment string, rest bool, s *series) {
			w.Text(segment)
			w.Bool(rest)
			s.encode(w)
		})
	}
	return w.Seal()
}

// Restore takes the comparisons of a snapshot to an engine that has seen nothing. What there is no room
// for any more is left out. The engine is as it was after an error, which is wire.ErrCorrupt or
// wire.ErrFormat.
func (e *Engine) Restore(snapshot []byte) error {
	d, err := format.Open(snapshot)
	if err != nil {
		return err
	}
	restored := New(e.options)
	restored.join = e.join // its clock is this engine's
	for range d.Count(minComparison) {
		restored.decode(d)
	}
	if err := d.End(); err != nil {
		return fmt.Errorf("a snapshot of shadows: %w", err)
	}
	*e = *restored
	return nil
}

// minComparison is the least size of one in bytes.
const minComparison = 16

// decode reads one comparison.
func (e *Engine) decode(d *wire.Decoder) {
	primary, shadow, seen := takeIdentity(d), takeIdentity(d), d.Time()
	read := newComparison(nil, nil, seen, &e.options)
	read.clock.Decode(d)
	for range d.Count(1) {
		segment, rest := d.Text(), d.Bool()
		s := read.newSeries(&e.options)
		s.decode(d, &e.options)
		switch {
		case d.Err() != nil:
			return
		case rest:
			read.rest = s
		case segment == "":
			read.total = s
		case len(read.segments) < e.options.Segments:
			read.segments[segment] = s
		}
	}
	if d.Err() == nil {
		e.take(primary, shadow, seen, read)
	}
}

// take makes what was read a comparison, where it is one with these options.
func (e *Engine) take(primary, shadow prediction.Identity, seen time.Time, read *comparison) {
	read.primary, read.shadow = e.models.find(primary, seen), e.models.find(shadow, seen)
	if read.primary == nil || read.primary.group == nil || read.shadow == nil || !read.shadow.isShadowOf(read.primary) {
		return
	}
	k := read.key()
	if e.comparisons[k] != nil || len(e.order) >= e.options.Comparisons {
		return
	}
	read.seen, read.primary.compared, read.shadow.compared = seen, true, true
	e.comparisons[k] = read
	e.order = append(e.order, read)
}

func putIdentity(w *wire.Encoder, id prediction.Identity) {
	for _, s := range [...]string{id.Name, id.Version, id.Role, id.Environment} {
		w.Text(s)
	}
}

func takeIdentity(d *wire.Decoder) prediction.Identity {
	return prediction.Identity{Name: d.Text(), Version: d.Text(), Role: d.Text(), Environment: d.Text()}
}

func (s *series) encode(w *wire.Encoder) {
	s.panes.Encode(w, func(w *wire.Encoder, a *accumulator) { a.encode(w) })
	s.cumulative.Encode(w)
	for _, v := range [...]float64{s.failed.primary, s.failed.shadow, s.failed.both} {
		w.Float64(v)
	}
	s.trials.Encode(w)
	w.Varint(s.since)
}

func (s *series) decode(d *wire.Decoder, o *Options) {
	s.panes.Decode(d, func(d *wire.Decoder, a *accumulator) { a.decode(d) })
	// The bound of classes may be another one now.
	s.cumulative = evaluation.NewConfusion(o.Classes)
	s.cumulative.Merge(evaluation.DecodeConfusion(d))
	s.failed = failed{primary: d.Float64(), shadow: d.Float64(), both: d.Float64()}
	s.trials = evaluation.DecodeTrials(d)
	s.since = d.Nanos()
}

// What an accumulator has, a bit each.
const (
	hasClasses = 1 << iota
	hasScore
	hasValue
	hasDuration
)

func (a *accumulator) encode(w *wire.Encoder) {
	w.Byte(wire.Flag(a.classes != nil, hasClasses) | wire.Flag(a.score != nil, hasScore) |
		wire.Flag(a.value != nil, hasValue) | wire.Flag(a.duration != nil, hasDuration))
	if a.classes != nil {
		a.classes.Encode(w)
	}
	for _, r := range [...]*evaluation.Regression{a.score, a.value, a.duration} {
		if r != nil {
			r.Encode(w)
		}
	}
}

func (a *accumulator) decode(d *wire.Decoder) {
	has := d.Byte()
	if has&hasClasses != 0 {
		a.classes = evaluation.DecodeConfusion(d)
	}
	for _, r := range [...]struct {
		bit byte
		to  **evaluation.Regression
	}{{hasScore, &a.score}, {hasValue, &a.value}, {hasDuration, &a.duration}} {
		if has&r.bit != 0 {
			*r.to = evaluation.DecodeRegression(d)
		}
	}
}
