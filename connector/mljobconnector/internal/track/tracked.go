// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"container/list"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// phase is where a run is.
//
//	         root came, or Ended                    judged
//	running ────────────────────► ended (waits) ────────────► closed ──► forgotten after 6 h
//	                                ▲                            │
//	                                └────────────────────────────┘ a late span
type phase uint8

const (
	running phase = iota
	ended
	closed
)

// tracked is a run and what the tracker knows of it.
type tracked struct {
	stored state.Place
	run    *run.Run
	job    *job        // nil for a run without a job
	trace  run.TraceID // that of a run without a job
	timer  timer
	place  *list.Element
	// home is the group that the run is in, and seat its place there; nil without a job.
	home *group
	seat *list.Element
	// traces is the number of run.Traces that are in the index.
	traces int
	phase  phase
	// since is, on a run that has ended, when the waits for its judgement began.
	since time.Time
	// judged says that a verdict has been given and counted, learned that it fed the history.
	// outcome and good are the latest verdict's.
	judged, learned, good bool
	outcome               run.Outcome
	// counted are the stages that have been counted, by their place in run.Stages.
	counted uint64
	// date is the logical date, zero if there is none; dated says that the run's own was read.
	// backfill says that a newer date had been seen before.
	date     time.Time
	dated    bool
	backfill bool
	// partial says that spans of the run were forgotten, because there was no room for it.
	partial bool
	// slot is the scheduled time that the run covers, zero for none.
	slot     time.Time
	closedAt time.Time
	// slotSought says that a slot has been looked for.
	slotSought bool
	// reported is since when a fault of absence is known, by its kind and stage. It is not stored.
	reported map[faultID]time.Time
	// settled are faults of the run, while it goes on, whose alerts a later run has ended. They are
	// not raised again as long as they last.
	settled map[faultID]struct{}
	// warm says that reported has what was known before a restart.
	warm bool
	// size is the length of the value that was written last.
	size int
	// changed says that spans of the batch at hand have changed the run.
	changed bool
}

func (t *tracked) Place() *state.Place { return &t.stored }
func (t *tracked) Written()            {}

// order is the run's place among the runs of its job. Nothing starts after its spans have come: a
// start that is later than that is of a clock that is ahead.
func (t *tracked) order() order {
	return order{Date: t.date, Start: earliest(t.run.Start, t.run.FirstSeen)}
}

// faultID tells the faults of a run apart.
type faultID struct {
	kind  judge.Kind
	stage string
}

func (t *tracked) settle(id faultID) {
	if t.settled == nil {
		t.settled = map[faultID]struct{}{}
	}
	t.settled[id] = struct{}{}
}

const (
	flagJudged = 1 << iota
	flagLearned
	flagGood
	flagDated
	flagBackfill
	flagPartial
)

func (t *tracked) Encode() ([]byte, error) {
	e := format.NewEncoder(t.size + 64)
	e.Byte(byte(t.phase))
	e.Byte(byte(t.outcome))
	e.Byte(wire.Flag(t.judged, flagJudged) | wire.Flag(t.learned, flagLearned) | wire.Flag(t.good, flagGood) |
		wire.Flag(t.dated, flagDated) | wire.Flag(t.backfill, flagBackfill) | wire.Flag(t.partial, flagPartial))
	for _, at := range []time.Time{t.since, t.date, t.slot, t.closedAt} {
		e.Time(at)
	}
	e.Uvarint(t.counted)
	e.Uvarint(uint64(len(t.settled)))
	for id := range t.settled {
		e.String(string(id.kind))
		e.String(id.stage)
	}
	t.run.Encode(e)
	t.size = len(e.Bytes())
	return e.Seal(), nil
}

func decodeRun(key string, value []byte, limits run.Limits) (*tracked, error) {
	d, err := format.Open(value)
	if err != nil {
		return nil, err
	}
	t := &tracked{stored: state.Place{Key: key}, phase: phase(d.Byte()), outcome: run.Outcome(d.Byte())}
	flags := d.Byte()
	t.judged, t.learned, t.good = flags&flagJudged != 0, flags&flagLearned != 0, flags&flagGood != 0
	t.dated, t.backfill, t.partial = flags&flagDated != 0, flags&flagBackfill != 0, flags&flagPartial != 0
	t.since, t.date, t.slot, t.closedAt = d.Time(), d.Time(), d.Time(), d.Time()
	t.counted = d.Uvarint()
	for range d.Count(2) {
		t.settle(faultID{judge.Kind(d.String()), d.String()})
	}
	if t.phase > closed {
		d.Fail()
	}
	t.run = run.New(run.Key{}, "", false, limits)
	if err := t.run.Decode(d); err != nil {
		return nil, err
	}
	if runKey(t.run) != key {
		return nil, wire.ErrCorrupt
	}
	t.timer.run = t
	return t, nil
}

// runKey is a run's key in the store.
func runKey(r *run.Run) string {
	kind := "id"
	if r.ByTrace {
		kind = "trace"
	}
	return hashed(prefixRun, r.Key.Environment, r.Key.Job, kind, r.ID)
}
