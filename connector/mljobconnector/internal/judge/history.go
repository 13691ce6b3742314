// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"hash/fnv"
	"slices"
	"strings"
	"unique"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

const (
	// remembered is the number of good runs that a History holds.
	remembered = 30
	// maxColumns bounds the columns, and the metrics, that are remembered of a stage.
	maxColumns = 1000
	// maxStages bounds the stages that are remembered of a run.
	maxStages = 1000
	// lastYear bounds the dates of runs: nanoseconds since 1970 do not reach much further.
	lastYear = 2200
)

// History is what is remembered of the last good runs of a job, in numbers. The zero value
// remembers nothing. It is not safe for concurrent use, not even to judge by.
type History struct {
	// runs are by logical date, else start, the latest last.
	runs []record
	// order has the median rank of each stage; nil until it is asked for.
	order map[string]float64
	// known are the baselines that have been asked for.
	known *baselines
}

// record is one good run.
type record struct {
	// id is a hash of the run's id, at its logical date or start in nanoseconds, duration in
	// nanoseconds.
	id       uint64
	at       int64
	duration int64
	// stages are those that ended well or were skipped, by name.
	stages []stageRecord
}

// stageRecord is one stage of a good run.
type stageRecord struct {
	name string
	// skipped says that it did not run; then the rest is empty.
	skipped bool
	// rank is its place in the run by start, from 0.
	rank            uint16
	duration        int64
	rowsIn, rowsOut int64 // negative if it did not say
	nulls, metrics  numbers
}

// numbers are values by name. Runs that have the same names share them.
type numbers struct {
	names  []string // sorted
	values []float64
}

func (n numbers) get(name string) (float64, bool) {
	if i, ok := slices.BinarySearch(n.names, name); ok {
		return n.values[i], true
	}
	return 0, false
}

// Learn adds a good run; one that was there already is replaced. Backfills and resumed runs are not
// to be given.
func (h *History) Learn(r *run.Run) {
	h.Forget(r)
	rec := record{id: hashID(r.ID), duration: int64(runDuration(r))}
	if at, _ := r.Logical(nil); at.Unix() > 0 && at.Year() < lastYear {
		rec.at = at.UnixNano()
	}
	v := newView(r, Expect{History: h})
	slices.SortStableFunc(v.stages, compareStarts)
	for rank, s := range v.stages[:min(len(v.stages), maxStages)] {
		skipped := s.outcome(true) == run.Skip
		if !skipped && s.good == 0 { // some instances may fail, as the card allows
			continue
		}
		sr := stageRecord{
			name: unique.Make(s.name).Value(), skipped: skipped, rank: uint16(rank),
			rowsIn: -1, rowsOut: -1,
		}
		if !sr.skipped {
			before := h.latest(s.name)
			sr.duration, sr.rowsIn, sr.rowsOut = int64(s.duration), s.rowsIn, s.rowsOut
			sr.nulls = numbersOf(s.nulls, func(b *stageRecord) []string { return b.nulls.names }, before)
			sr.metrics = numbersOf(s.metrics, func(b *stageRecord) []string { return b.metrics.names }, before)
		}
		rec.stages = append(rec.stages, sr)
	}
	slices.SortFunc(rec.stages, func(a, b stageRecord) int { return strings.Compare(a.name, b.name) })
	i := len(h.runs)
	for i > 0 && h.runs[i-1].at > rec.at {
		i--
	}
	h.runs = slices.Insert(h.runs, i, rec)
	if extra := len(h.runs) - remembered; extra > 0 {
		h.runs = slices.Delete(h.runs, 0, extra)
	}
	h.order, h.known = nil, nil
}

// Forget takes a run out that turned out not to be good.
func (h *History) Forget(r *run.Run) {
	id := hashID(r.ID)
	h.order, h.known = nil, nil
	h.runs = slices.DeleteFunc(h.runs, func(rec record) bool { return rec.id == id })
}

// Len is the number of good runs that are remembered.
func (h *History) Len() int { return len(h.runs) }

func hashID(id string) uint64 {
	f := fnv.New64a()
	_, _ = f.Write([]byte(id))
	return f.Sum64()
}

// numbersOf keeps values, with the names of the stage's run before if they are the same.
func numbersOf(values []run.Value, names func(*stageRecord) []string, before *stageRecord) numbers {
	values = values[:min(len(values), maxColumns)]
	if len(values) == 0 {
		return numbers{}
	}
	n := numbers{values: make([]float64, len(values))}
	for i, v := range values {
		n.values[i] = v.Value
	}
	if before != nil {
		if old := names(before); slices.EqualFunc(old, values, func(name string, v run.Value) bool { return name == v.Name }) {
			n.names = old
			return n
		}
	}
	n.names = make([]string, len(values))
	for i, v := range values {
		n.names[i] = unique.Make(v.Name).Value()
	}
	return n
}

func (r *record) stage(name string) *stageRecord {
	i, ok := slices.BinarySearchFunc(r.stages, name, func(s stageRecord, name string) int { return strings.Compare(s.name, name) })
	if !ok {
		return nil
	}
	return &r.stages[i]
}

// latest returns the stage in the last run that has it, skipped ones left out; nil if none has.
func (h *History) latest(name string) *stageRecord {
	for i := len(h.runs) - 1; i >= 0; i-- {
		if s := h.runs[i].stage(name); s != nil && !s.skipped {
			return s
		}
	}
	return nil
}

// values collects a finite number from the last good runs, at most so many; get returns false for a
// stage that does not have it.
func (h *History) values(stage string, most int, get func(*stageRecord) (float64, bool)) []float64 {
	var out []float64
	for i := len(h.runs) - 1; i >= 0 && len(out) < most; i-- {
		if s := h.runs[i].stage(stage); s != nil && !s.skipped {
			if v, ok := get(s); ok && words.Finite(v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// durations are those of the last good runs, at most so many.
func (h *History) durations(most int) []float64 {
	runs := h.runs[max(0, len(h.runs)-most):]
	out := make([]float64, len(runs))
	for i := range runs {
		out[i] = float64(runs[i].duration)
	}
	return out
}

// expected returns the names of the stages that ran in every good run, if there are at least so
// many runs.
func (h *History) expected(minRuns int) []string {
	if len(h.runs) == 0 || len(h.runs) < minRuns {
		return nil
	}
	var names []string
stages:
	for _, s := range h.runs[len(h.runs)-1].stages {
		for i := range h.runs {
			if other := h.runs[i].stage(s.name); other == nil || other.skipped {
				continue stages
			}
		}
		names = append(names, s.name)
	}
	return names
}

// ranks returns the median rank of each stage that ran in a good run.
func (h *History) ranks() map[string]float64 {
	if h.order != nil {
		return h.order
	}
	all := map[string][]float64{}
	for i := range h.runs {
		for _, s := range h.runs[i].stages {
			if !s.skipped {
				all[s.name] = append(all[s.name], float64(s.rank))
			}
		}
	}
	out := make(map[string]float64, len(all))
	for name, ranks := range all {
		out[name] = median(ranks)
	}
	h.order = out
	return out
}
