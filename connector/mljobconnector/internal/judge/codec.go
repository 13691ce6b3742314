// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unique"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// format is that of a history. Version 1 had neither the presence of stages nor the sizes of runs,
// which are then those of the runs that it has.
var format = wire.Format{Version: 2}

// Encode writes the history, with the number of its format. The same history gives the same bytes.
func (h *History) Encode() []byte {
	w := format.NewEncoder(256)
	w.Uvarint(uint64(len(h.runs)))
	for i := range h.runs {
		r := &h.runs[i]
		w.Uvarint(r.id)
		w.Varint(r.at)
		w.Varint(r.duration)
		w.Varint(r.rows)
		w.Byte(wire.Flag(r.slow, 1))
		w.Uvarint(uint64(len(r.stages)))
		for j := range r.stages {
			s := &r.stages[j]
			w.Text(s.name)
			w.Byte(wire.Flag(s.skipped, 1))
			w.Uvarint(uint64(s.rank))
			w.Varint(s.duration)
			w.Varint(s.rowsIn)
			w.Varint(s.rowsOut)
			writeNumbers(w, s.nulls)
			writeNumbers(w, s.metrics)
		}
	}
	w.Varint(h.paceFrom)
	h.slowDoubts.write(w)
	h.presence.write(w)
	return w.Bytes()
}

func (p *presence) write(w *wire.Encoder) {
	p.doubts.write(w)
	w.Uvarint(uint64(len(p.looks)))
	before := int64(0)
	for _, l := range p.looks {
		w.Uint64(l.id)
		w.Varint(l.at - before)
		w.Varint(l.duration)
		before = l.at
	}
	w.Uvarint(uint64(len(p.stages)))
	for _, name := range slices.Sorted(maps.Keys(p.stages)) {
		w.Text(name)
		p.stages[name].ran.write(w, len(p.looks))
		p.stages[name].skipped.write(w, len(p.looks))
	}
}

func (d doubts) write(w *wire.Encoder) {
	w.Uvarint(uint64(d.n))
	w.Uvarint(uint64(d.calm))
}

func readDoubts(in *wire.Decoder) doubts {
	return doubts{int(in.UvarintTo(maxDoubts)), int(in.UvarintTo(calmAfter))}
}

// write writes the first n bits. Most sets have all of them or none.
func (b *bitset) write(w *wire.Encoder, n int) {
	all := low(n)
	switch *b {
	case bitset{}:
		w.Byte(setEmpty)
	case all:
		w.Byte(setFull)
	default:
		w.Byte(setSome)
		for i := range (n + 63) / 64 {
			w.Uint64(b[i])
		}
	}
}

const (
	setEmpty = iota
	setFull
	setSome
)

func writeNumbers(w *wire.Encoder, n numbers) {
	w.Uvarint(uint64(len(n.names)))
	for i, name := range n.names {
		w.Text(name)
		w.Float64(n.values[i])
	}
}

// Decode reads what Encode wrote. After an error the history is as before.
func (h *History) Decode(data []byte) error {
	in := wire.NewDecoder(data)
	format.Take(in)
	var out History
	const leastRun, leastStage = 4, 8 // bytes
	if n := in.Count(leastRun); n > 0 {
		out.runs = make([]record, 0, min(n, remembered))
		for range n {
			r := record{id: in.Uvarint(), at: in.Nanos(), duration: in.Nanos()}
			if in.Version >= 2 {
				r.rows, r.slow = in.Varint(), in.Byte()&1 != 0
			}
			stages := in.Count(leastStage)
			r.stages = make([]stageRecord, 0, stages)
			for range stages {
				s := readStage(in)
				if k := len(r.stages); k > 0 && r.stages[k-1].name >= s.name {
					in.Fail()
				}
				if in.Err() != nil {
					break
				}
				if before := out.latest(s.name); before != nil {
					s.nulls.share(before.nulls.names)
					s.metrics.share(before.metrics.names)
				}
				r.stages = append(r.stages, s)
			}
			if len(out.runs) == remembered || len(out.runs) > 0 && out.runs[len(out.runs)-1].at > r.at {
				in.Fail()
			}
			if in.Err() != nil {
				break
			}
			if in.Version < 2 {
				for i := range r.stages {
					r.rows = max(r.rows, r.stages[i].rowsIn, r.stages[i].rowsOut)
				}
				out.presence.learn(look{r.id, r.at, r.duration}, r.stages)
			}
			out.runs = append(out.runs, r)
		}
	}
	if in.Version >= 2 {
		out.paceFrom, out.slowDoubts = in.Varint(), readDoubts(in)
		out.presence.read(in)
	}
	if err := in.End(); err != nil {
		return fmt.Errorf("cannot read a history: %w", err)
	}
	*h = out
	return nil
}

func (p *presence) read(in *wire.Decoder) {
	p.doubts = readDoubts(in)
	const leastLook, leastAttendance = 10, 3 // bytes
	n := in.Count(leastLook)
	if n > window {
		in.Fail()
		return
	}
	before := int64(0)
	for range n {
		l := look{id: in.Uint64(), at: in.NanosFrom(before), duration: in.Nanos()}
		if l.at < before {
			in.Fail()
		}
		if in.Err() != nil {
			return
		}
		before = l.at
		p.looks = append(p.looks, l)
	}
	stages := in.Count(leastAttendance)
	if stages > maxStages {
		in.Fail()
		return
	}
	if stages > 0 {
		p.stages = make(map[string]*attendance, stages)
	}
	for range stages {
		name := unique.Make(in.Text()).Value()
		a := &attendance{ran: readSet(in, n), skipped: readSet(in, n)}
		if p.stages[name] != nil || a.last() < 0 {
			in.Fail()
		}
		if in.Err() != nil {
			return
		}
		p.stages[name] = a
	}
}

func readSet(in *wire.Decoder, n int) (b bitset) {
	all := low(n)
	switch in.Byte() {
	case setEmpty:
	case setFull:
		b = all
	case setSome:
		for i := range (n + 63) / 64 {
			b[i] = in.Uint64()
		}
		if b.without(all) != (bitset{}) {
			in.Fail()
		}
	default:
		in.Fail()
	}
	return b
}

func readStage(in *wire.Decoder) stageRecord {
	return stageRecord{
		name: unique.Make(in.Text()).Value(), skipped: in.Byte()&1 != 0, rank: uint16(in.UvarintTo(math.MaxUint16)),
		duration: in.Nanos(), rowsIn: in.Varint(), rowsOut: in.Varint(), nulls: readNumbers(in), metrics: readNumbers(in),
	}
}

func readNumbers(in *wire.Decoder) numbers {
	const least = 9 // bytes
	n := in.Count(least)
	if n == 0 {
		return numbers{}
	}
	out := numbers{names: make([]string, n), values: make([]float64, n)}
	for i := range n {
		out.names[i], out.values[i] = unique.Make(in.Text()).Value(), in.Float64()
		if i > 0 && strings.Compare(out.names[i-1], out.names[i]) >= 0 {
			in.Fail()
		}
	}
	return out
}

// share takes the names of another run if they are the same.
func (n *numbers) share(names []string) {
	if slices.Equal(n.names, names) {
		n.names = names
	}
}
