// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unique"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run/wire"
)

// format is the version of what MarshalBinary writes.
const format = 1

// ErrFormat is the error of data that this version cannot read.
var ErrFormat = errors.New("not a history of a format that is known")

// MarshalBinary writes the history, with a version of the format. The same history gives the same bytes.
func (h *History) MarshalBinary() ([]byte, error) {
	w := wire.NewWriter([]byte{format})
	w.Uint(uint64(len(h.runs)))
	for i := range h.runs {
		r := &h.runs[i]
		w.Uint(r.id)
		w.Int(r.at)
		w.Int(r.duration)
		w.Uint(uint64(len(r.stages)))
		for j := range r.stages {
			s := &r.stages[j]
			w.Text(s.name)
			w.Byte(wire.Flag(s.skipped, 1))
			w.Uint(uint64(s.rank))
			w.Int(s.duration)
			w.Int(s.rowsIn)
			w.Int(s.rowsOut)
			writeNumbers(w, s.nulls)
			writeNumbers(w, s.metrics)
		}
	}
	return w.Bytes(), nil
}

func writeNumbers(w *wire.Writer, n numbers) {
	w.Uint(uint64(len(n.names)))
	for i, name := range n.names {
		w.Text(name)
		w.Float(n.values[i])
	}
}

// UnmarshalBinary reads what MarshalBinary wrote. After an error the history is as before.
func (h *History) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || data[0] != format {
		return ErrFormat
	}
	in := wire.NewReader(data[1:])
	var out History
	const leastRun, leastStage = 4, 8 // bytes
	if n := in.Count(leastRun); n > 0 {
		out.runs = make([]record, 0, min(n, remembered))
		for range n {
			r := record{id: in.Uint(math.MaxUint64), at: in.Time(), duration: in.Time()}
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

func readStage(in *wire.Reader) stageRecord {
	return stageRecord{
		name: unique.Make(in.Text()).Value(), skipped: in.Byte()&1 != 0, rank: uint16(in.Uint(math.MaxUint16)),
		duration: in.Time(), rowsIn: in.Int(), rowsOut: in.Int(), nulls: readNumbers(in), metrics: readNumbers(in),
	}
}

func readNumbers(in *wire.Reader) numbers {
	const least = 9 // bytes
	n := in.Count(least)
	if n == 0 {
		return numbers{}
	}
	out := numbers{names: make([]string, n), values: make([]float64, n)}
	for i := range n {
		out.names[i], out.values[i] = unique.Make(in.Text()).Value(), in.Float()
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
