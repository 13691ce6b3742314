// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package placements keeps where models run: the pods and hosts whose spans were predictions lately.
//
// A Set is shared by all shards. A shard asks it once for a placement (Find), keeps what it gets, and
// from then on only marks it as seen; a flush reads and clears the marks:
//
//	no place ──Find──► kept ──5 minutes of flushes without a mark──► gone
//	                    │
//	                    └── the table is full, another comes again, this one was seen in one flush alone and has no mark ──► gone
//
// After one found no room, a place that is free is for those alone that came in an earlier flush, too:
// pods that somebody makes up, each once, take none.
package placements

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/doorkeeper"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// idle is how long a placement without a prediction is kept. Prometheus, too, holds a series for five
// minutes after its last sample.
const idle = 5 * time.Minute

// Placement is a model that runs somewhere.
type Placement struct {
	// marked says that there was a prediction since the last flush, gone that the set does not have it
	// any more.
	marked, gone atomic.Bool
	// seen is the time of the last flush before which it was marked, flushed says that there was one,
	// and again that there were two; guarded by the set.
	seen           time.Time
	flushed, again bool
}

// Mark says that there was a prediction. It is false for a placement that the set has no more.
func (p *Placement) Mark() bool {
	if p.gone.Load() {
		return false
	}
	if !p.marked.Load() { // a store would take the cache line from other shards
		p.marked.Store(true)
	}
	return true
}

// key is what a placement is of.
type key struct {
	model prediction.Identity
	place prediction.Place
}

// slots are those of the doorkeeper, 64 KB.
const slots = 1 << 13

// Set are all placements. It is safe for concurrent use.
type Set struct {
	limit  int
	keeper *doorkeeper.Doorkeeper
	seed   maphash.Seed

	mu sync.Mutex
	of map[key]*Placement
	// busy is true where no placement can be given up before the next flush.
	busy bool
	// scarce is how many flushes must pass before one that is new needs not have come before.
	scarce  int
	evicted int
}

// NewSet returns a set of at most limit placements.
func NewSet(limit int) *Set {
	return &Set{limit: limit, of: make(map[key]*Placement), keeper: doorkeeper.New(slots), seed: maphash.MakeSeed()}
}

// Find returns the placement of a model, marked; nil where there is no room for it.
func (s *Set) Find(model prediction.Identity, place *prediction.Place, now time.Time) *Placement {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{model, *place}
	p := s.of[k]
	if p == nil {
		if !s.admit(&k) {
			return nil
		}
		p = &Placement{seen: now}
		s.of[k.clone()] = p
	}
	p.Mark()
	return p
}

// admit reports whether there is room for a new placement, and makes some for one that came before.
func (s *Set) admit(k *key) bool {
	full := len(s.of) >= s.limit
	if !full && s.scarce == 0 {
		return true
	}
	if s.keeper.Seen(s.hash(k)) && (!full || s.giveUpOne()) {
		return true
	}
	s.scarce = 2
	return false
}

func (s *Set) hash(k *key) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for _, part := range k.parts() {
		_, _ = h.WriteString(*part)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// giveUpOne gives up the placement that was not seen for longest, of those that were not seen since
// the last flush nor in two flushes.
func (s *Set) giveUpOne() bool {
	if s.busy {
		return false
	}
	var oldest key
	var found *Placement
	for k, p := range s.of {
		if !p.again && !p.marked.Load() && (found == nil || p.seen.Before(found.seen)) {
			oldest, found = k, p
		}
	}
	if s.busy = found == nil; s.busy {
		return false
	}
	s.remove(oldest, found)
	s.evicted++
	return true
}

// TakeEvicted returns how many placements were given up for others since the last call.
func (s *Set) TakeEvicted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.evicted
	s.evicted = 0
	return n
}

func (s *Set) remove(k key, p *Placement) {
	p.gone.Store(true)
	delete(s.of, k)
}

// Encode writes a point for each placement that was seen within idle, gives up the others, and returns
// the number of points.
func (s *Set) Encode(b *metricbuilder.Builder, now time.Time) (points int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
	s.scarce = max(s.scarce-1, 0)
	s.keeper.Tick()
	for k, p := range s.of {
		if p.marked.Swap(false) {
			p.seen, p.again, p.flushed = now, p.flushed, true
		}
		if now.Sub(p.seen) >= idle {
			s.remove(k, p)
			continue
		}
		k.encode(b, now)
		points++
	}
	return points
}

func (k *key) encode(b *metricbuilder.Builder, now time.Time) {
	p := b.Gauge(mlconv.MetricModelPlacement)
	p.SetIntValue(1)
	p.SetTimestamp(pcommon.NewTimestampFromTime(now))
	attrs := p.Attributes()
	otlp.PutKey(attrs, &delta.Key{
		Environment: k.model.Environment, Model: k.model.Name, Version: k.model.Version, Role: k.model.Role,
	})
	for _, a := range [...]struct{ key, value string }{
		{mlconv.AttrPodNamespace, k.place.Namespace},
		{mlconv.AttrPodName, k.place.Pod},
		{mlconv.AttrPodUID, k.place.UID},
		{mlconv.AttrHostName, k.place.Host},
	} {
		if a.value != "" {
			attrs.PutStr(a.key, a.value)
		}
	}
}

// parts are the texts of a key.
func (k *key) parts() [8]*string {
	return [...]*string{
		&k.model.Environment, &k.model.Name, &k.model.Version, &k.model.Role,
		&k.place.Namespace, &k.place.Pod, &k.place.UID, &k.place.Host,
	}
}

// clone returns a key that keeps nothing of a request alive.
func (k key) clone() key {
	for _, s := range k.parts() {
		*s = strings.Clone(*s)
	}
	return k
}
