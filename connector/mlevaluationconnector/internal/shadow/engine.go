// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"hash/maphash"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/join"
)

// Engine pairs answers and compares them. It is not safe for concurrent use.
type Engine struct {
	options Options
	seed    maphash.Seed
	salt    uint64
	// now is the clock of join, swept when expired answers left last, pruned when what is silent did.
	now, swept, pruned time.Time
	// comparedUntil says until when a new comparison finds no place.
	comparedUntil time.Time
	join          *sides
	names         names
	models        models
	// comparisons are found by the numbers of both models, and are in order of their first pair.
	comparisons map[pairKey]*comparison
	order       []*comparison
	stats       Stats
}

// New returns an engine that has seen nothing.
func New(o Options) *Engine {
	e := &Engine{options: o, seed: maphash.MakeSeed(), names: names{}, models: newModels(o), comparisons: map[pairKey]*comparison{}}
	e.salt = maphash.String(e.seed, "trace")
	e.join = join.New(join.Options[key, waiting, waiting]{
		TimeToLive: o.TimeToLive, Keys: o.Waiting, Bytes: o.Bytes, Remembered: o.Waiting, Now: func() time.Time { return e.now },
	})
	return e
}

// Waiting returns how many answers wait, and what they take in memory, in bytes.
func (e *Engine) Waiting() (answers, bytes int) { return e.join.Waiting() }

// Stats returns what became of answers so far.
func (e *Engine) Stats() Stats {
	s := e.stats
	s.Displaced += e.models.displaced
	return s
}

// Answer takes an answer, which is not kept. now is the wall clock.
func (e *Engine) Answer(a *answer.Answer, now time.Time) {
	e.sweep(now)
	m := e.models.find(a.Identity, now)
	if m == nil {
		e.stats.Models++
		return
	}
	waits := m.group != nil && m.group.waits(now, e.options.TimeToLive)
	if !waits && len(m.shadows) == 0 {
		return
	}
	shared, ok := e.shared(a)
	if !ok {
		e.stats.Unidentified++
		return
	}
	repeated := false
	for _, s := range m.shadows {
		repeated = e.shadow(e.keep(a, m, s.group), s, key{s.group.request(shared), uint32(s.slot) + 1}) || repeated
	}
	if waits {
		repeated = e.primary(a, m, m.group.request(shared)) || repeated
	}
	if repeated {
		e.stats.Repeated++
	}
}

// primary takes an answer that is used, and compares it with those of shadows that have come before it.
func (e *Engine) primary(a *answer.Answer, m *model, request uint64) (repeated bool) {
	w := e.keep(a, m, m.group)
	for _, name := range a.Segments {
		w.segments = append(w.segments, e.names.one(name))
	}
	w.class = e.names.one(w.class)
	s := e.newSide(w, key{request: request})
	r := e.join.AddLeft(s)
	e.left(r.Evicted, &e.stats.Evicted)
	if r.Outcome == join.Duplicate {
		return true
	}
	for slot, shadow := range m.group.shadows {
		if shadow == nil {
			continue
		}
		if first := e.join.Take(key{request, uint32(slot) + 1}).Right; first != nil {
			s.Value.met |= 1 << slot
			e.compare(&s.Value, &first.Value)
		}
	}
	return false
}

// shadow compares a shadow's answer with the one that is used, or lets it wait for that one.
func (e *Engine) shadow(w waiting, s membership, k key) (repeated bool) {
	if there := e.join.Peek(key{request: k.request}).Left; there != nil {
		if there.Value.met&(1<<s.slot) != 0 {
			return true
		}
		there.Value.met |= 1 << s.slot
		e.compare(&there.Value, &w)
		return false
	}
	w.class = e.names.one(w.class)
	r := e.join.AddRight(e.newSide(w, k))
	e.left(r.Evicted, &e.stats.Evicted)
	return r.Outcome == join.Duplicate
}

// compare counts a pair.
func (e *Engine) compare(primary, shadow *waiting) {
	c := e.comparison(primary.model, shadow.model)
	if c == nil {
		e.stats.Comparisons++
		return
	}
	c.seen, c.primary.seen, c.shadow.seen = e.now, e.now, e.now
	pane, ok := c.clock.Observe(primary.time, e.now)
	if !ok {
		e.stats.Future++
		return
	}
	e.stats.Paired++
	late := pane < c.oldest
	if late {
		e.stats.Late++
	}
	e.stats.Segments += c.add(primary, shadow, pane, late, &e.options)
}

// comparison returns that of two models, which it makes where there is room, and nil where there is
// none.
func (e *Engine) comparison(primary, shadow *model) *comparison {
	k := pairKey{primary.number, shadow.number}
	if c := e.comparisons[k]; c != nil {
		return c
	}
	if len(e.order) >= e.options.Comparisons && !e.makeRoomForComparison() {
		return nil
	}
	primary.compared, shadow.compared = true, true
	c := newComparison(primary, shadow, e.now, &e.options)
	e.comparisons[k] = c
	e.order = append(e.order, c)
	return c
}

// prune lets go of models and comparisons that have been silent for as long as panes are kept, about
// once an hour.
func (e *Engine) prune(now time.Time) {
	if now.Sub(e.pruned) < time.Hour && !now.Before(e.pruned) {
		return
	}
	e.pruned = now
	before := now.Add(-max(e.options.keep(), 2*e.options.TimeToLive))
	kept := e.order[:0]
	for _, c := range e.order {
		if c.seen.Before(before) {
			delete(e.comparisons, c.key())
			continue
		}
		kept = append(kept, c)
	}
	clear(e.order[len(kept):])
	e.order = kept
	e.models.forget(before)
}
