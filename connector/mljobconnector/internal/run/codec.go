// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// format is that of a run. Integers are varints; strings are written once, and then as their
// number; times of spans are relative to the run's start. Version 1 did not have the instances that
// have begun.
var format = wire.Format{Version: 2}

const (
	flagByTrace = 1 << iota
	flagRoot
	flagMarked
	flagCrowded
)

// Encode writes the run, with the number of its format. The same run gives the same bytes.
func (r *Run) Encode(w *wire.Encoder) {
	format.Put(w)
	var has byte
	if r.ByTrace {
		has |= flagByTrace
	}
	if r.Root != nil {
		has |= flagRoot
	}
	if r.life.marked {
		has |= flagMarked
	}
	if r.crowded {
		has |= flagCrowded
	}
	w.Byte(has)
	for _, text := range []string{r.Key.Environment, r.Key.Job, r.ID, r.LogicalDate, r.Resumes} {
		w.Text(text)
	}
	base := nanos(r.Start)
	for _, at := range []int64{base, nanos(r.End), nanos(r.FirstSeen), nanos(r.LastSeen), r.life.began, r.life.arrived} {
		w.Varint(at)
	}
	w.Uvarint(uint64(max(r.Lost, 0)))
	w.Uvarint(uint64(len(r.Traces)))
	for _, id := range r.Traces {
		w.Raw(id[:])
	}
	if r.Root != nil {
		r.Root.write(w)
	}
	w.Uvarint(uint64(len(r.Stages)))
	for _, s := range r.Stages {
		s.write(w, base)
	}
	if r.more == nil {
		w.Uvarint(0)
		w.Uvarint(0)
		return
	}
	w.Uvarint(uint64(len(r.more.links.ring)))
	for l := range r.more.links.oldest {
		w.Raw(l.span[:])
		w.Raw(l.parent[:])
		w.Uvarint(uint64(l.trace))
		w.Byte(wire.Flag(l.ok, 1) | wire.Flag(l.erring, 2) | wire.Flag(l.root, 4))
	}
	w.Uvarint(uint64(len(r.more.errors)))
	for i := range r.more.errors {
		r.more.errors[i].write(w, base)
	}
}

func (r *Root) write(w *wire.Encoder) {
	w.Raw(r.TraceID[:])
	w.Raw(r.SpanID[:])
	for _, at := range []time.Time{r.Start, r.End, r.Arrived} {
		w.Varint(nanos(at))
	}
	w.Byte(byte(r.Outcome))
	w.Byte(wire.Flag(r.Explicit, 1) | wire.Flag(r.OK, 2))
	w.Text(r.ExceptionType)
	w.Text(r.Message)
}

func (s *Stage) write(w *wire.Encoder, base int64) {
	w.Text(s.Name)
	w.Uvarint(uint64(s.Expected))
	w.Uvarint(uint64(s.arrived))
	w.Uvarint(uint64(len(s.attempts)))
	for i := range s.attempts {
		s.attempts[i].write(w, base)
	}
	if s.side == nil || s.side.life == (life{}) && len(s.side.reported) == 0 && len(s.side.begun) == 0 && !s.side.crowded {
		w.Byte(0)
		return
	}
	w.Byte(1 | wire.Flag(s.side.life.marked, 2) | wire.Flag(s.side.crowded, 4) | wire.Flag(len(s.side.begun) > 0, 8))
	w.Varint(s.side.life.began)
	w.Varint(s.side.life.arrived)
	if len(s.side.begun) > 0 {
		w.Uvarint(uint64(len(s.side.begun)))
		for _, instance := range slices.SortedFunc(maps.Keys(s.side.begun), compareHandles) {
			w.Text(instance.Value())
		}
	}
	w.Uvarint(uint64(len(s.side.reported)))
	for _, instance := range slices.SortedFunc(maps.Keys(s.side.reported), compareHandles) {
		w.Text(instance.Value())
		reported := s.side.reported[instance]
		for _, list := range [][]timedValue{{reported.rowsIn, reported.rowsOut}, reported.nulls, reported.metrics} {
			w.Uvarint(uint64(len(list)))
			for _, v := range list {
				w.Text(v.name)
				w.Float64(v.value)
				w.Varint(v.at)
			}
		}
	}
}

func compareHandles(a, b unique.Handle[string]) int { return strings.Compare(a.Value(), b.Value()) }

func (t *Attempt) write(w *wire.Encoder, base int64) {
	w.Raw(t.SpanID[:])
	w.Byte(byte(t.Outcome))
	w.Byte(byte(t.flags)<<1 | wire.Flag(t.detail != nil, 1))
	w.Text(t.instance.Value())
	w.Uvarint(uint64(t.trace))
	w.Uvarint(uint64(t.number))
	w.Varint(t.start - base)
	w.Varint(t.end - t.start)
	w.Varint(t.RowsIn)
	w.Varint(t.RowsOut)
	if t.detail == nil {
		return
	}
	w.Raw(t.detail.parent[:])
	w.Text(t.detail.exceptionType)
	w.Text(t.detail.message)
	w.Text(t.detail.cause)
	for _, list := range [][]Value{t.detail.nulls, t.detail.metrics} {
		w.Uvarint(uint64(len(list)))
		for _, v := range list {
			w.Text(v.Name)
			w.Float64(v.Value)
		}
	}
}

func (f *failure) write(w *wire.Encoder, base int64) {
	w.Raw(f.span[:])
	w.Raw(f.parent[:])
	w.Uvarint(uint64(f.trace))
	for _, text := range []string{f.name, f.service, f.task, f.instance, f.exceptionType, f.message} {
		w.Text(text)
	}
	w.Varint(f.start - base)
	w.Varint(f.end - base)
}

// Decode reads what Encode wrote, up to its end, into a run of New, whose limits stay. What it
// holds does not share memory with the record. After an error the run is as before.
func (r *Run) Decode(in *wire.Decoder) error {
	format.Take(in)
	limits := r.limits
	if limits == nil {
		limits = &DefaultLimits
	}
	out := Run{limits: limits}
	has := in.Byte()
	out.ByTrace, out.life.marked, out.crowded = has&flagByTrace != 0, has&flagMarked != 0, has&flagCrowded != 0
	out.Key = intern(Key{Environment: in.Text(), Job: in.Text()})
	out.ID, out.LogicalDate, out.Resumes = in.Text(), in.Text(), in.Text()
	base := in.Nanos()
	out.Start, out.End = timeOf(base), timeOf(in.Nanos())
	out.FirstSeen, out.LastSeen = timeOf(in.Nanos()), timeOf(in.Nanos())
	out.life.began, out.life.arrived = in.Nanos(), in.Nanos()
	out.Lost = int(in.UvarintTo(math.MaxInt32))
	if n := in.Count(len(TraceID{})); n > 0 {
		out.Traces = make([]TraceID, n)
		for i := range out.Traces {
			in.Raw(out.Traces[i][:])
		}
	}
	if has&flagRoot != 0 {
		out.Root = readRoot(in)
	}
	out.readStages(in, base)
	out.readEvidence(in, base)
	if err := in.End(); err != nil {
		return fmt.Errorf("cannot read a run: %w", err)
	}
	*r = out
	return nil
}

func readRoot(in *wire.Decoder) *Root {
	r := &Root{}
	in.Raw(r.TraceID[:])
	in.Raw(r.SpanID[:])
	r.Start, r.End, r.Arrived = timeOf(in.Nanos()), timeOf(in.Nanos()), timeOf(in.Nanos())
	r.Outcome = readOutcome(in)
	has := in.Byte()
	r.Explicit, r.OK = has&1 != 0, has&2 != 0
	r.ExceptionType, r.Message = in.Text(), in.Text()
	return r
}

func readOutcome(in *wire.Decoder) Outcome {
	o := Outcome(in.Byte())
	if int(o) >= len(outcomes) {
		in.Fail()
	}
	return o
}

func (r *Run) readStages(in *wire.Decoder, base int64) {
	const least = 5 // bytes of a stage
	n := in.Count(least)
	r.Stages = slices.Grow(r.Stages, n)
	for range n {
		name := in.Text()
		if r.Stage(name) != nil {
			in.Fail()
		}
		if in.Err() != nil {
			return
		}
		s := newStage(name)
		s.Expected = int32(in.UvarintTo(math.MaxInt32))
		s.arrived = uint32(in.UvarintTo(math.MaxUint32))
		s.readAttempts(in, base, len(r.Traces))
		s.readSide(in)
		r.push(s)
	}
}

func (s *Stage) readAttempts(in *wire.Decoder, base int64, traces int) {
	const least = 17 // bytes of an attempt
	n := in.Count(least)
	if n > cap(s.attempts) {
		s.attempts = make([]Attempt, 0, n)
	}
	for range n {
		t := Attempt{}
		in.Raw(t.SpanID[:])
		t.Outcome = readOutcome(in)
		has := in.Byte()
		t.flags = flags(has >> 1)
		t.instance = unique.Make(in.Text())
		t.trace = readTrace(in, traces)
		t.number = uint16(in.UvarintTo(math.MaxUint16))
		t.start = in.NanosFrom(base)
		t.end = max(in.NanosFrom(t.start), t.start)
		t.RowsIn, t.RowsOut = in.Varint(), in.Varint()
		if has&1 != 0 {
			t.detail = readDetail(in)
		}
		if in.Err() != nil {
			return
		}
		s.attempts = append(s.attempts, t)
	}
	if len(s.attempts) >= manyAttempts {
		s.indexAttempts()
	}
}

func readTrace(in *wire.Decoder, traces int) uint16 {
	n := in.UvarintTo(math.MaxUint16)
	if n != unknownTrace && n >= uint64(traces) {
		in.Fail()
	}
	return uint16(n)
}

func readDetail(in *wire.Decoder) *detail {
	d := &detail{}
	in.Raw(d.parent[:])
	d.exceptionType, d.message, d.cause = in.Text(), in.Text(), in.Text()
	d.nulls, d.metrics = readValues(in), readValues(in)
	return d
}

const leastValue = 9 // bytes of a named number

func readValues(in *wire.Decoder) []Value {
	n := in.Count(leastValue)
	if n == 0 {
		return nil
	}
	list := make([]Value, n)
	for i := range list {
		list[i] = Value{Name: unique.Make(in.Text()).Value(), Value: in.Float64()}
	}
	return list
}

func (s *Stage) readSide(in *wire.Decoder) {
	has := in.Byte()
	if has == 0 {
		return
	}
	x := s.extra()
	x.life.marked, x.crowded = has&2 != 0, has&4 != 0
	x.life.began, x.life.arrived = in.Nanos(), in.Nanos()
	if has&8 != 0 {
		begun := in.Count(1)
		x.begun = make(map[unique.Handle[string]]struct{}, begun)
		for range begun {
			x.begun[unique.Make(in.Text())] = struct{}{}
		}
	}
	const least = 24 // bytes of what was said of an instance
	n := in.Count(least)
	if n == 0 {
		return
	}
	x.reported = make(map[unique.Handle[string]]*reported, n)
	for range n {
		instance := unique.Make(in.Text())
		rows, nulls, metrics := readTimedValue(in), readTimedValue(in), readTimedValue(in)
		if len(rows) != 2 {
			in.Fail()
			return
		}
		x.reported[instance] = &reported{rowsIn: rows[0], rowsOut: rows[1], nulls: nulls, metrics: metrics}
	}
}

func readTimedValue(in *wire.Decoder) []timedValue {
	n := in.Count(leastValue + 1)
	if n == 0 {
		return nil
	}
	list := make([]timedValue, n)
	for i := range list {
		list[i] = timedValue{name: unique.Make(in.Text()).Value(), value: in.Float64(), at: in.Nanos()}
	}
	return list
}

func (r *Run) readEvidence(in *wire.Decoder, base int64) {
	const leastLink, leastFailure = 18, 25 // bytes
	if n := in.Count(leastLink); n > 0 {
		ring := make([]link, n)
		for i := range ring {
			l := &ring[i]
			in.Raw(l.span[:])
			in.Raw(l.parent[:])
			l.trace = readTrace(in, len(r.Traces))
			has := in.Byte()
			l.ok, l.erring, l.root = has&1 != 0, has&2 != 0, has&4 != 0
		}
		r.extra().links.ring = ring
	}
	if n := in.Count(leastFailure); n > 0 {
		list := make([]failure, n)
		for i := range list {
			f := &list[i]
			in.Raw(f.span[:])
			in.Raw(f.parent[:])
			f.trace = readTrace(in, len(r.Traces))
			for _, text := range []*string{&f.name, &f.service, &f.task, &f.instance, &f.exceptionType, &f.message} {
				*text = in.Text()
			}
			f.start, f.end = in.NanosFrom(base), in.NanosFrom(base)
		}
		r.extra().errors = list
	}
}
