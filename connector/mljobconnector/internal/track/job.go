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
	// came is when the job became known, since when its first good run was learned; zero for never.
	// Both are on the collector's clock: nobody can make up that a job is old.
	came, since time.Time
	// carded says that a card speaks of the job in this environment (see vouch).
	carded bool
	// own says that runs of the job were seen: it is not only known by its card.
	own bool
	// runs are those in the index.
	runs map[*tracked]struct{}
	// group are its runs in order, once it is vouched for.
	group group
	stats jobStats
}

func (j *job) Place() *state.Place { return &j.stored }
func (j *job) Written()            {}

func (j *job) Encode() ([]byte, error) {
	e := format.NewEncoder(256)
	e.String(j.key.Environment)
	e.String(j.key.Job)
	e.Bool(j.own)
	e.Time(j.came)
	e.Time(j.since)
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
	if d.Version > 1 {
		j.came, j.since = d.Time(), d.Time()
	}
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

// fate says how far a run had come when it was forgotten, which decides what its late spans do.
type fate uint64

const (
	// fateJudged: a verdict was given, and something had failed. What comes late says it again.
	fateJudged fate = iota
	// fateCut: the run was under way. It is taken up again, as one of which spans are forgotten.
	fateCut
	// fateClean: a verdict was given, and nothing had failed. If something fails now, that is new.
	fateClean

	fateBits = 3 // of the hash, in their place
)

// past is what a job remembers of its runs. It is stored apart from the job, because it is larger
// and changes less often.
type past struct {
	stored  state.Place
	history *judge.History
	// forgotten has hashes of the ids, and first traces, of runs that have been forgotten, with a
	// fate in the lowest bits; at next is the oldest one once it is full.
	forgotten []uint64
	next      int
}

func (p *past) Place() *state.Place { return &p.stored }
func (p *past) Written()            {}

func (p *past) forget(id string, m fate) {
	h := hashID(id)&^fateBits | uint64(m)
	if i := p.find(h); i >= 0 {
		p.forgotten[i] = h
		return
	}
	if len(p.forgotten) < maxForgotten {
		p.forgotten = append(p.forgotten, h)
		return
	}
	p.forgotten[p.next] = h
	p.next = (p.next + 1) % maxForgotten
}

// knew reports whether a run of this id has been forgotten, and how far it had come.
func (p *past) knew(id string) (m fate, ok bool) {
	i := p.find(hashID(id))
	if i < 0 {
		return 0, false
	}
	return fate(p.forgotten[i] & fateBits), true
}

func (p *past) find(h uint64) int {
	return slices.IndexFunc(p.forgotten, func(other uint64) bool { return (other^h)&^fateBits == 0 })
}

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
		if forgotten[i] = d.Uint64(); d.Version == 1 {
			forgotten[i] &^= fateBits
		}
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
