// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"container/list"
	"hash/fnv"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track/schedule"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// job is what the tracker knows of a job in an environment.
type job struct {
	stored state.Place
	key    run.Key
	timer  timer
	place  *list.Element // in Tracker.byAge
	past   *past

	card     *catalog.Job
	schedule *schedule.Schedule
	slots    slots

	// newest is the newest logical date that a run has had; lastSuccess the end of the last good
	// run that was no backfill.
	newest, lastSuccess time.Time
	// seen is when a span of it came last, else when it became known to this process. It is not
	// stored.
	seen time.Time
	// own says that runs of the job were seen: it is not only known by its card.
	own bool
	// runs are those in the index.
	runs  map[*tracked]struct{}
	stats jobStats
}

func (j *job) Place() *state.Place { return &j.stored }
func (j *job) Written()            {}

func (j *job) Encode() ([]byte, error) {
	e := format.NewEncoder(256)
	e.String(j.key.Environment)
	e.String(j.key.Job)
	e.Bool(j.own)
	e.Time(j.newest)
	e.Time(j.lastSuccess)
	j.slots.encode(e)
	return e.Seal(), nil
}

func decodeJob(key string, value []byte) (*job, error) {
	d, err := format.Open(value)
	if err != nil {
		return nil, err
	}
	j := newJob(run.Key{Environment: d.String(), Job: d.String()})
	j.own = d.Bool()
	j.newest, j.lastSuccess = d.Time(), d.Time()
	j.slots.decode(d)
	if err := d.End(); err != nil {
		return nil, err
	}
	if j.stored.Key != key {
		return nil, wire.ErrCorrupt
	}
	return j, nil
}

func newJob(key run.Key) *job {
	j := &job{
		stored: state.Place{Key: hashed(prefixJob, key.Environment, key.Job)},
		key:    key, runs: map[*tracked]struct{}{},
		past: &past{stored: state.Place{Key: hashed(prefixHistory, key.Environment, key.Job)}, history: &judge.History{}},
	}
	j.timer.job = j
	return j
}

// maxForgotten is the number of hashes that are remembered per job: of a thousand runs their id and
// their first trace.
const maxForgotten = 2000

// past is what a job remembers of its runs. It is stored apart from the job, because it is larger
// and changes less often.
type past struct {
	stored  state.Place
	history *judge.History
	// forgotten has hashes of the ids, and first traces, of runs that have been forgotten; at next
	// is the oldest one once it is full.
	forgotten []uint64
	next      int
}

func (p *past) Place() *state.Place { return &p.stored }
func (p *past) Written()            {}

func (p *past) forget(id string) {
	if len(p.forgotten) < maxForgotten {
		p.forgotten = append(p.forgotten, hashID(id))
		return
	}
	p.forgotten[p.next] = hashID(id)
	p.next = (p.next + 1) % maxForgotten
}

// knew reports whether a run of this id has been forgotten.
func (p *past) knew(id string) bool { return slices.Contains(p.forgotten, hashID(id)) }

func hashID(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return h.Sum64()
}

func (p *past) Encode() ([]byte, error) {
	data := p.history.Encode()
	e := format.NewEncoder(len(data) + 8*len(p.forgotten) + 32)
	e.Uvarint(uint64(len(data)))
	e.Raw(data)
	e.Uvarint(uint64(len(p.forgotten)))
	for i := range p.forgotten {
		e.Uint64(p.forgotten[(p.next+i)%len(p.forgotten)])
	}
	return e.Seal(), nil
}

func (p *past) decode(value []byte) error {
	d, err := format.Open(value)
	if err != nil {
		return err
	}
	data := d.Bytes()
	forgotten := make([]uint64, d.Count(8))
	for i := range forgotten {
		forgotten[i] = d.Uint64()
	}
	if len(forgotten) > maxForgotten {
		d.Fail()
	}
	if err := d.End(); err != nil {
		return err
	}
	history := &judge.History{}
	if err := history.Decode(data); err != nil {
		return err
	}
	p.history, p.forgotten, p.next = history, forgotten, 0
	return nil
}
