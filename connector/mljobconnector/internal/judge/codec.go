// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unique"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// format is that of a history.
var format = wire.Format{Version: 1}

// Encode writes the history, with the number of its format. The same history gives the same bytes.
func (h *History) Encode() []byte {
	w := format.NewEncoder(256)
	w.Uvarint(uint64(len(h.runs)))
	for i := range h.runs {
		r := &h.runs[i]
		w.Uvarint(r.id)
		w.Varint(r.at)
		w.Varint(r.duration)
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
	return w.Bytes()
}

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
			out.runs = append(out.runs, r)
		}
	}
	if err := in.End(); err != nil {
		return fmt.Errorf("cannot read a history: %w", err)
	}
	*h = out
	return nil
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
