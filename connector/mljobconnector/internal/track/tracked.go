// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"container/list"
	"encoding/binary"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
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
	stored stored
	run    *run.Run
	job    *job        // nil for a run without a job
	trace  run.TraceID // that of a run without a job
	timer  timer
	place  *list.Element
	// traces is the number of run.Traces that are in the index.
	traces int
	phase  phase
	// since is, on a run that has ended, when the waits for its judgement began.
	since time.Time
	// judged says that a verdict has been given and counted, learned that it fed the history. outcome and good are the latest verdict's.
	judged, learned, good bool
	outcome               run.Outcome
	// counted are the stages that have been counted, by their place in run.Stages.
	counted uint64
	// date is the logical date, zero if there is none; dated says that the run's own was read. backfill says that a newer date had
	// been seen before.
	date     time.Time
	dated    bool
	backfill bool
	// slot is the scheduled time that the run covers, zero for none.
	slot     time.Time
	closedAt time.Time
	// tried says that a slot has been looked for.
	tried bool
	// reported is since when a fault of absence is known, by its kind and stage. It is not stored.
	reported map[faultID]time.Time
	// settled are faults of the run, while it goes on, whose alerts a later run has ended. They are not raised again as long as they last.
	settled map[faultID]struct{}
	// warm says that reported has what was known before a restart.
	warm bool
	// size is the length of the value that was written last.
	size int
	// fresh says that the run began with the batch at hand.
	fresh bool
	// changed says that spans of the batch at hand have changed the run.
	changed bool
}

func (t *tracked) state() *stored { return &t.stored }
func (t *tracked) written()       {}

// order is the run's place among the runs of its job. Nothing starts after its spans have come: a start that is later than that is of a clock that is ahead.
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
)

func flag(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

func (t *tracked) encode() ([]byte, error) {
	b := unsealed(t.size + 64)
	b = append(b, byte(t.phase), byte(t.outcome),
		flag(t.judged, flagJudged)|flag(t.learned, flagLearned)|flag(t.good, flagGood)|flag(t.dated, flagDated)|flag(t.backfill, flagBackfill))
	for _, at := range []time.Time{t.since, t.date, t.slot, t.closedAt} {
		b = appendTime(b, at)
	}
	b = binary.AppendUvarint(b, t.counted)
	b = binary.AppendUvarint(b, uint64(len(t.settled)))
	for id := range t.settled {
		b = appendString(appendString(b, string(id.kind)), id.stage)
	}
	b, err := t.run.AppendBinary(b)
	if err != nil {
		return nil, err
	}
	t.size = len(b)
	return seal(b), nil
}

func decodeRun(key string, value []byte, limits run.Limits) (*tracked, error) {
	payload, err := open(value)
	if err != nil {
		return nil, err
	}
	if len(payload) < 3 {
		return nil, errDamaged
	}
	flags := payload[2]
	t := &tracked{
		stored: stored{key: key}, phase: phase(payload[0]), outcome: run.Outcome(payload[1]),
		judged: flags&flagJudged != 0, learned: flags&flagLearned != 0, good: flags&flagGood != 0,
		dated: flags&flagDated != 0, backfill: flags&flagBackfill != 0,
	}
	r := reader{rest: payload[3:]}
	t.since, t.date, t.slot, t.closedAt = r.time(), r.time(), r.time(), r.time()
	t.counted = r.uvarint()
	for range r.count() {
		t.settle(faultID{judge.Kind(r.string()), r.string()})
	}
	if r.err != nil || t.phase > closed {
		return nil, errDamaged
	}
	t.run = run.New(run.Key{}, "", false, limits)
	if err := t.run.UnmarshalBinary(r.rest); err != nil {
		return nil, err
	}
	if runKey(t.run) != key {
		return nil, errDamaged
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
