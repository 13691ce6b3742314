// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
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
	// known are the baselines that have been asked for, paces what is known of durations.
	known *baselines
	paces *paces
	// presence is which stages ran in more of the last good runs.
	presence presence
	// paceFrom is the time, as in record.at, from which on runs have the pace of today; slowDoubts
	// counts the slow runs, but for those right after one.
	paceFrom   int64
	slowDoubts doubts
	// later is the history from laterFrom on, nil until it is asked for.
	later     *History
	laterFrom int64
}

// record is one good run.
type record struct {
	// id is a hash of the run's id, at its logical date or start in nanoseconds, duration in
	// nanoseconds, rows the size of the run (see view.rows).
	id       uint64
	at       int64
	duration int64
	rows     int64
	// slow says that it took longer than runs like it.
	slow bool
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

// Accepted is something that was a fault by the history, and has become the new normal.
type Accepted struct {
	// Kind is StageMissing or JobSlow; Stage the one that is gone.
	Kind  Kind
	Stage string
	// Runs is the number of runs that it took.
	Runs int
	// Text is a sentence.
	Text string
}

// Learn adds a run that may feed the history by its verdict; one that was there already is replaced.
// It returns what has become the new normal with it. Backfills and resumed runs are not to be given.
func (h *History) Learn(r *run.Run, e Expect, verdict Verdict) []Accepted {
	h.Forget(r)
	rec := record{id: hashID(r.ID), duration: int64(runDuration(r)), slow: verdict.has(JobSlow)}
	if at, _ := r.Logical(nil); at.Unix() > 0 && at.Year() < lastYear {
		rec.at = at.UnixNano()
	}
	v := newView(r, Expect{})
	rec.rows = v.rows()
	_, row := h.paced()
	h.slowDoubts.learn(rec.slow && row == 0)
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
	before := h.presence.absences()
	h.presence.learn(look{rec.id, rec.at, rec.duration}, rec.stages)
	h.presence.doubts.learn(h.presence.returned(before))
	h.changed()
	return h.accept(r, e)
}

// accept finds out what the run makes the new normal.
func (h *History) accept(r *run.Run, e Expect) (out []Accepted) {
	title := words.Title(r.Key)
	for _, a := range h.presence.settle(e.MinRuns) {
		if e.Card != nil && (e.Card.Stages != nil || !e.Card.AcceptSince.IsZero() && a.at < e.Card.AcceptSince.UnixNano()) {
			continue // the card has said so
		}
		out = append(out, Accepted{Kind: StageMissing, Stage: a.stage, Runs: a.row, Text: fmt.Sprintf(
			"%s has ended well without %s in %d good runs in a row, after it had run in %d of %d: it is not expected any more", title, a.stage, a.row, a.ran, a.runs)})
	}
	before, _ := h.paced()
	if row := h.settlePace(e.MinRuns); row > 0 {
		durations := h.durations(row)
		was, is := newPace(durationsOf(before), 0), median(durations)
		text := fmt.Sprintf("%s took longer than usual in %d good runs in a row (median %s): that is what it takes from now on", title, row, words.Lasting(clampDuration(is)))
		if was.runs > 0 {
			text = fmt.Sprintf("%s took longer than usual in %d good runs in a row (median %s, before that %s): that is what it takes from now on",
				title, row, words.Lasting(clampDuration(is)), words.Lasting(clampDuration(was.usual().median)))
		}
		out = append(out, Accepted{Kind: JobSlow, Runs: row, Text: text})
	}
	if out != nil {
		h.changed()
	}
	return out
}

// changed forgets what was worked out.
func (h *History) changed() { h.order, h.known, h.paces, h.later = nil, nil, nil, nil }

// from returns the history as if it had begun at a time: nothing of the runs before is known.
func (h *History) from(t time.Time) *History {
	at := t.UnixNano()
	if h.later != nil && h.laterFrom == at {
		return h.later
	}
	n := 0
	for n < len(h.runs) && h.runs[n].at < at {
		n++
	}
	h.later = &History{runs: h.runs[n:], presence: h.presence.from(at), paceFrom: h.paceFrom, slowDoubts: h.slowDoubts}
	h.laterFrom = at
	return h.later
}

// history is what is known of good runs, from accept_since of the card on.
func (e Expect) history() *History {
	switch {
	case e.History == nil || e.Partial:
		return &History{}
	case e.Card != nil && !e.Card.AcceptSince.IsZero():
		return e.History.from(e.Card.AcceptSince)
	}
	return e.History
}

// Forget takes a run out that turned out not to be good.
func (h *History) Forget(r *run.Run) {
	id := hashID(r.ID)
	h.changed()
	h.presence.forget(id)
	h.runs = slices.DeleteFunc(h.runs, func(rec record) bool { return rec.id == id })
}

// Longest is how long the longest of them took.
func (h *History) Longest() time.Duration {
	var longest int64
	for i := range h.runs {
		longest = max(longest, h.runs[i].duration)
	}
	return time.Duration(longest)
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

func (r *record) stage(name string) *stageRecord { return findStage(r.stages, name) }

// findStage finds a stage in a list by name, nil if it has none.
func findStage(stages []stageRecord, name string) *stageRecord {
	i, ok := slices.BinarySearchFunc(stages, name, func(s stageRecord, name string) int { return strings.Compare(s.name, name) })
	if !ok {
		return nil
	}
	return &stages[i]
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
	return durationsOf(h.runs[max(0, len(h.runs)-most):])
}

func durationsOf(runs []record) []float64 {
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
