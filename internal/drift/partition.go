// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
)

// partition is a part of a stream that this engine has been assigned, with all deltas of its models.
// The next assignment of the same partition is another one.
//
//	Rereading ── its models are added to and judged, and nobody hears of it ──► Current
//	    └──────────────── Released: its models are forgotten ◄──────────────────────┘
type partition struct {
	// rereading says that deltas come again from some time in the past on.
	rereading atomic.Bool

	// mu guards what follows: what was found while rereading. It may be taken under a model's lock.
	mu      sync.Mutex
	changes map[changeKey]Change
	closed  []Result
}

type changeKey struct {
	key       Key
	reference string
}

// maxRead is the most windows that were closed while rereading and are kept until the next Advance;
// the newest of them.
const maxRead = 50_000

// reading reports whether a partition is being read again; none never is.
func (p *partition) reading() bool { return p != nil && p.rereading.Load() }

// partition returns a partition that is current where it is not known; nil for none. mu is held.
func (e *Engine) partition(name string) *partition {
	if name == "" {
		return nil
	}
	p := e.partitions[name]
	if p == nil {
		p = &partition{}
		e.partitions[strings.Clone(name)] = p
	}
	return p
}

// join is partition for who does not have mu.
func (e *Engine) join(name string) *partition {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.partition(name)
}

// ModelID names a model.
type ModelID struct{ Environment, Name string }

// SetPartition takes note of a change of a partition. It returns the models that it has let go of,
// and, when a partition has become current, the verdicts that were reached while it was read again
// and are drift still.
func (e *Engine) SetPartition(c delta.PartitionChange) (gone []ModelID, changes []Change) {
	if c.State == delta.Current {
		return nil, e.join(c.Partition).settle()
	}
	e.mu.Lock()
	old := e.partitions[c.Partition]
	e.table = table{} // there is room again
	delete(e.partitions, c.Partition)
	if r := e.rests[c.Partition]; r != nil {
		r.seen.Release()
	}
	delete(e.rests, c.Partition)
	if c.State == delta.Rereading {
		e.partition(c.Partition).rereading.Store(true)
	}
	e.mu.Unlock()
	if old != nil {
		e.eachModel(func(m *model) {
			if m.partition == old {
				gone = append(gone, ModelID{m.key.environment, m.key.name})
				e.mu.Lock()
				e.drop(m)
				e.mu.Unlock()
			}
		})
	}
	return gone, nil
}

// Partitioned reports whether a model comes from a partition.
func (e *Engine) Partitioned(environment, name string) bool {
	e.mu.Lock()
	m := e.models[modelKey{environment, name}]
	e.mu.Unlock()
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.partition != nil
}

// settle makes a partition current and returns the verdicts that are drift.
func (p *partition) settle() (changes []Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rereading.Store(false)
	for _, c := range p.changes {
		if c.Verdict == Drift {
			changes = append(changes, c)
		}
	}
	p.changes = nil
	slices.SortFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Key.String(), b.Key.String()), cmp.Compare(a.Reference, b.Reference))
	})
	return changes
}

// catchSlack is how far the newest event is ahead of the watermark, beyond a window, before the
// periods of a model are closed that is being read again: two deltas of one minute may be far apart
// in the stream.
const catchSlack = 3600

// catchUp closes the periods of a model that is being read again, when many have come: a week may
// come in seconds.
func (e *Engine) catchUp(m *model) {
	grid := &m.settings.grid
	for i := range m.clocks {
		c := &m.clocks[i]
		if !c.Seen {
			continue
		}
		closed := c.Oldest
		if c.Started {
			closed = grid.Start(c.Next)
		}
		if c.Newest-closed > catchSlack+2*(grid.Start(1)-grid.Start(0)) {
			e.advanceRead(m)
			return
		}
	}
}

// advanceRead advances a model that is being read again. The wall clock does not move it: it has
// other times to catch up with.
func (e *Engine) advanceRead(m *model) {
	c := closing{}
	m.table.full = 0
	for stream := range m.clocks {
		clock := &m.clocks[stream]
		clock.Advance(clock.Arrived, e.opts.Lateness, e.opts.Idle)
		clock.CloseUpTo(&m.settings.grid, clock.Watermark, m.pending(stream), c.closer(m, stream))
	}
	e.expire(m)
	m.note()
	p := m.partition
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changes == nil {
		p.changes = make(map[changeKey]Change)
	}
	for i := range c.changes {
		p.changes[changeKey{c.changes[i].Key, c.changes[i].Reference}] = c.changes[i]
	}
	if e.opts.KeepRead {
		p.closed = append(p.closed, c.closed...)
		p.closed = p.closed[max(len(p.closed)-maxRead, 0):]
	}
}

// takeRead returns the windows that were closed while partitions were read again.
func (e *Engine) takeRead() (closed []Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(e.partitions)) {
		p := e.partitions[name]
		p.mu.Lock()
		closed = append(closed, p.closed...)
		p.closed = nil
		p.mu.Unlock()
	}
	return closed
}

// unplaced returns what is passed on of models that found no room, of all partitions that are
// current; nil where there is none. mu is held.
func (e *Engine) unplaced() *version {
	var found []*version
	for _, name := range slices.Sorted(maps.Keys(e.rests)) {
		if v := e.rests[name].version; v != nil && !e.partitions[name].reading() {
			found = append(found, v)
		}
	}
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0]
	}
	all := newVersion(versionKey{}, found[0].start)
	for _, v := range found {
		all.merge(v)
	}
	return all
}
