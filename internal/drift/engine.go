// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package drift adds up distributions in event time and judges windows of them against references.
//
// It imports no collector code and reads no clock: time is an argument, and the results follow from
// the event times of the deltas alone, so that a replay of last year's data gives what the live
// stream gave.
//
//	Delta ──► model ──► seen ──► version ──► segment ──► series
//	            ├─ clocks: one watermark for features, one for the rest
//	            └─ mu: the evaluation of one model holds up nobody but itself
//
//	series ──┬─► ring of panes ──► Scores  (sliding window)
//	         ├─► open windows ───► Advance (verdicts, see kind)
//	         └─► total ──────────► Totals  (cumulative)
//
// A delta belongs to one minute. It is added to its pane, a slot of a ring that is keyed by event
// time, and to the verdict window of its period. Scores merges the last panes. Advance moves the
// watermarks, and closes the periods that they have passed: subjects with enough values are tested
// together, the others carry their counts on.
package drift

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/doorkeeper"
)

// futureSlack is how far ahead of now an event may be, in seconds.
const futureSlack = 5 * 60

// Engine holds the windows of all models. It is safe for concurrent use.
//
// Each model has a lock of its own, which is held for as long as the model is added to, evaluated or
// encoded. The locks below are held for a look-up. They may be taken under a model's lock, never the
// other way round: catalogMu, model.mu, mu, notes.mu.
type Engine struct {
	opts  Options
	notes notes
	// memory is for which points were seen, of all models.
	memory *delta.Memory

	// door knows which names were turned away in which minute, from the first one on; seed is of their
	// hashes.
	door atomic.Pointer[doorkeeper.Doorkeeper]
	seed maphash.Seed

	// strange is how many series of all models nobody vouches for.
	strange atomic.Int64

	// catalogMu is held while the models are taken from one set of cards to the next.
	catalogMu sync.Mutex

	// mu guards all below.
	mu     sync.Mutex
	set    *catalog.Set
	models map[modelKey]*model
	table  table // of the models
	// byCard is how many models a card vouches for that fits many.
	byCard map[*catalog.Model]int
	// restored says that models were restored since the cards were asked for whom they vouch.
	restored bool
	// wall is the newest wall clock, in seconds.
	wall int64
	// rests are what is passed on of models that found no room, here or in ml_summary, by the
	// partition that it came from.
	rests map[string]*rest
	// contracts are those that wait for TakeContracts.
	contracts []ContractResult
	// partitions are those that were assigned, by name.
	partitions map[string]*partition
}

// rest is what is passed on of models that found no room.
type rest struct {
	version *version // nil while there is none
	seen    *delta.Seen
	// dirty says that it has changed since the last snapshot.
	dirty bool
}

// Stats counts what happened since the last call of TakeStats, and what is held.
type Stats struct {
	// Points counts deltas by outcome.
	Points [outcomes]uint64
	// Evicted counts what limits pushed or kept out: model, version, segment, feature, category,
	// producer.
	Evicted map[string]uint64
	// Shortages are subjects for which a window has passed without a verdict, by version and
	// reason.
	Shortages []Shortage
	// Events are what a user should hear of, at most maxEvents; Happened counts all by kind.
	Events   []Event
	Happened [eventKinds]uint64
	// NamesCut counts names longer than boundedname.Max bytes, or no valid UTF-8.
	NamesCut uint64
	// Models and Series are what is held.
	Models, Series int
}

// New returns an engine without models. The options must be valid.
func New(opts Options) (*Engine, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	return &Engine{
		opts: opts, set: catalog.NewSet(nil, nil), models: make(map[modelKey]*model),
		notes: newNotes(), memory: delta.NewMemory(seenMemory), seed: maphash.MakeSeed(),
		byCard: make(map[*catalog.Model]int), rests: make(map[string]*rest), partitions: make(map[string]*partition),
	}, nil
}

// Add counts deltas that arrived at now. It keeps the strings and bounds in them.
func (e *Engine) Add(now time.Time, deltas []Delta) {
	e.newest(now)
	var outcomes [outcomes]uint64
	for len(deltas) > 0 {
		n := e.addRun(now, deltas, &outcomes)
		deltas = deltas[n:]
	}
	e.notes.points(&outcomes)
}

// newest takes note of the wall clock, in seconds.
func (e *Engine) newest(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.observe(now)
}

// observe is newest for who has mu.
func (e *Engine) observe(now time.Time) {
	wall := max(e.wall, now.Unix())
	if wall/oneMinute != e.wall/oneMinute {
		if door := e.door.Load(); door != nil {
			door.Tick()
		}
	}
	e.wall = wall
}

// addRun counts the first deltas, as far as they are of one model, and returns how many they are.
func (e *Engine) addRun(now time.Time, deltas []Delta, outcomes *[outcomes]uint64) (n int) {
	var m *model
	for ; n < len(deltas); n++ {
		d := &deltas[n]
		if m != nil && (d.Key.Model != m.key.name || d.Key.Environment != m.key.environment || d.Partition != deltas[n-1].Partition) {
			break
		}
		if cut := bound(d); cut > 0 {
			e.notes.cut(cut, d.Key)
			if m != nil && d.Key.Model != m.key.name {
				break // it is bounded now, and begins the next run
			}
		}
		outcome := Invalid
		if valid(d) {
			if m == nil && d.Key.Model != "" {
				if m = e.lockModel(d, now); m != nil {
					defer m.mu.Unlock()
				}
			}
			if m != nil {
				outcome = e.addDelta(m, now, d)
			} else {
				outcome = e.addUnplaced(now, d)
			}
		}
		outcomes[outcome]++
		if outcome == Late || outcome == Future || outcome == BoundsMismatch || outcome == Invalid {
			e.notes.event(Event{Kind: NotCounted, Outcome: outcome, Key: d.Key})
		}
	}
	return n
}

// lockModel returns the model of a delta, locked, which is added where it is missing; nil where
// there is no room.
func (e *Engine) lockModel(d *Delta, now time.Time) *model {
	for {
		e.mu.Lock()
		m := e.model(modelKey{d.Key.Environment, d.Key.Model}, d.Partition, now.Unix())
		e.mu.Unlock()
		if m == nil {
			return nil
		}
		m.mu.Lock()
		if !m.gone.Load() {
			if m.partition == nil && d.Partition != "" {
				m.partition = e.join(d.Partition)
			}
			return m
		}
		m.mu.Unlock()
	}
}

// repeated marks a delta as seen and returns whether, and why, it is not to be counted.
func (e *Engine) repeated(seen *delta.Seen, d *Delta, wall int64) (Outcome, bool) {
	if d.Producer == "" {
		return Counted, false
	}
	marked := seen.Mark(d, wall)
	if marked.Forgotten > 0 {
		e.notes.forgotten(marked.Forgotten, d.Key)
	}
	switch marked.Place {
	case delta.GivenAway:
		e.notes.giveAway("producer", d.Key)
	case delta.NoPlace:
		e.notes.full("producer", d.Key)
	}
	switch marked.Freshness {
	case delta.Contradictory:
		return Invalid, true
	case delta.Repeated:
		return Duplicate, true
	}
	return Counted, false
}

// addUnplaced counts a delta of a model that has no place.
func (e *Engine) addUnplaced(now time.Time, d *Delta) Outcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.restOf(d.Partition)
	if outcome, not := e.repeated(r.seen, d, now.Unix()); not {
		return outcome
	}
	r.dirty = true
	return addRest(&r.version, d, now)
}

// restOf returns the rest of a partition.
func (e *Engine) restOf(partition string) *rest {
	r := e.rests[partition]
	if r == nil {
		r = &rest{seen: e.newSeen()}
		e.rests[strings.Clone(partition)] = r
	}
	return r
}

func (e *Engine) addDelta(m *model, now time.Time, d *Delta) Outcome {
	m.touch(now.Unix())
	if m.partition.reading() {
		// What is read again is counted as it was when it came.
		now = time.Unix(min(now.Unix(), d.Minute+60), 0)
		defer e.catchUp(m)
	}
	wall := now.Unix()
	if outcome, not := e.repeated(e.seenBy(m, d), d, wall); not {
		return outcome
	}
	m.dirty = true
	v := e.version(m, versionKey{d.Key.Version, d.Key.Role}, now.UnixNano())
	if v == nil {
		return addRest(&m.rest, d, now)
	}
	v.lastSeen = max(v.lastSeen, wall)
	future := d.Minute > wall+futureSlack
	if !future {
		e.learn(m, d)
	}
	if d.Key.Subject == Embedding {
		return e.addVectors(m, v, d, future)
	}
	stream := streamOf(d.Key.Subject)
	c := &m.clocks[stream]
	if d.Key.Subject.Passthrough() && (d.Key.Segment == "" || d.Key.Subject != Predictions) {
		if d.Key.Segment != "" {
			return Counted // segments are watched, not passed on
		}
		outcome := v.addPassthrough(d, now)
		if outcome == Overflowed {
			e.notes.full("use", d.Key)
		}
		if future {
			return cmp.Or(outcome, Future)
		}
		c.Observe(d.Minute, wall)
		if d.Key.Subject.OfContract() {
			m.countContract(v, d, stream)
		}
		return outcome
	}

	g := e.segment(m, v, d.Key.Segment)
	if g == nil {
		return Overflowed
	}
	if e.opts.SegmentTotals && d.Key.Subject == Predictions {
		if g.predictions == 0 {
			g.start = now.UnixNano()
		}
		g.predictions += d.Count
	}
	key := seriesKey{d.Key.Subject, d.Key.Name}
	switch {
	case d.Key.Segment != "" && (key.subject == Missing || key.subject == Predictions):
		return e.addSegmentMissing(m, v, g, d, now, future)
	case key.subject == Missing:
		key.subject = Feature
	}
	s := e.find(m, v, g, key, now)
	if s == nil {
		return Overflowed
	}
	nests := e.rebaseFor(m, s, d)
	if s.total != nil {
		limit := m.settings.limits.Categories
		if s.binning.Fixed {
			limit += len(s.binning.Categories)
		}
		if !s.total.addDelta(d, now.UnixNano(), limit) {
			e.notes.full("category", d.Key)
		}
	}
	if future {
		return Future
	}
	c.Observe(d.Minute, wall)
	if !nests {
		return BoundsMismatch
	}

	a := adder{d: d}
	if s.binning.Kind == distribution.KindCategorical && d.Key.Subject != Missing {
		a.cell = cellRest
		if d.Categorical && !d.Overflow {
			a.cell = cellFirst + s.binning.Bin(d.Category, s.plan.categories)
		}
		s.makeRoom(m.settings.grid.Panes())
	}
	return e.place(m, g, s, &a, stream)
}

// place adds a delta to its windows and says where one cannot count it.
func (e *Engine) place(m *model, g *segment, s *series, a *adder, stream int) Outcome {
	outcome := m.place(g, s, a, stream)
	if a.full {
		e.notes.event(Event{Kind: Saturated, Key: a.d.Key})
	}
	return outcome
}

// place adds a delta to its pane and to its verdict window, as far as they are still open.
func (m *model) place(g *segment, s *series, a *adder, stream int) Outcome {
	outcome := Late
	grid, c := &m.settings.grid, &m.clocks[stream]
	pane := grid.Pane(a.d.Minute)
	slot := grid.Slot(pane)
	turned, held := g.panes[stream].Turn(slot, pane)
	if turned {
		for _, other := range g.order {
			if streamOf(other.key.subject) == stream {
				other.clearPane(slot)
			}
		}
	}
	if held {
		s.addToPane(a, slot)
		outcome = Counted
	}
	if period := grid.Period(a.d.Minute); c.Takes(period) {
		w := s.at(grid, period)
		if w == nil {
			return Overflowed
		}
		s.addToWindow(a, w)
		outcome = Counted
	}
	return outcome
}

// addSegmentMissing adds the predictions or the missing values of a segment. Both are in the
// windows of the features' stream.
func (e *Engine) addSegmentMissing(m *model, v *version, g *segment, d *Delta, now time.Time, future bool) Outcome {
	if future {
		return Future
	}
	m.clocks[streamOf(d.Key.Subject)].Observe(d.Minute, now.Unix())
	s := g.series[segmentMissingKey]
	if s == nil {
		if s = e.insert(m, v, g, segmentMissingKey, &plan{}, 0); s == nil {
			return Overflowed
		}
		s.segment = &segmentMissing{}
		s.binning = v.segmentMissing
		s.makeRoom(m.settings.grid.Panes())
	}
	a := adder{d: d, cell: cellRest}
	if d.Key.Subject == Missing {
		key := seriesKey{Feature, d.Key.Name}
		if v.plans[key] == nil {
			if e.newPlan(m, v, key) == nil {
				e.notes.full("feature", d.Key)
				return Overflowed
			}
		}
		a.cell = cellFirst + s.binning.Bin(m.intern(d.Key.Name), math.MaxInt) // newPlan bounds them
		a.before = v.plans[key].baselineShare().ratio()
	}
	s.makeRoom(m.settings.grid.Panes())
	if !m.clocks[streamOf(Missing)].Seen && len(s.open) > unclosed(now.UnixNano()-v.start) {
		s.open = append(s.open[:0], s.open[1:]...) // without features nothing closes it
	}
	return e.place(m, g, s, &a, streamOf(Missing))
}

// unclosed is how many periods of a segment's predictions wait for the first feature, by the time
// since the version was first seen: ml_summary flushes features a minute later, and in that minute
// a replay may send years.
func unclosed(nanoseconds int64) int {
	if nanoseconds < int64(10*time.Minute) {
		return 2000
	}
	return 2
}

// SetCatalog gives the engine another set of cards; the same set again is free. Windows are kept
// where their bins still fit, and dropped where the length of windows has changed.
func (e *Engine) SetCatalog(set *catalog.Set) {
	if e.cards() == set {
		return
	}
	e.catalogMu.Lock()
	defer e.catalogMu.Unlock()
	e.mu.Lock()
	known := set == e.set
	e.set, e.table.full = set, 0
	if !known {
		e.vouch()
	}
	e.mu.Unlock()
	if known {
		return
	}
	e.eachModel(func(m *model) { e.resolve(m, set) })
}

// cards returns the set of cards.
func (e *Engine) cards() *catalog.Set {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.set
}

// resolve reads a catalog for a model.
func (e *Engine) resolve(m *model, set *catalog.Set) {
	before := m.settings.grid.Window()
	m.set, m.shared = set, nil
	m.settings = e.opts.resolve(set, m.key)
	m.table.full = 0
	m.dirty = true
	e.beginLearning(m)
	if m.settings.grid.Window() != before {
		m.restartWindows()
	}
	for _, v := range m.versions {
		v.card = m.hasCard(v.key)
		for key := range v.plans {
			v.plans[key] = e.plan(m, v.key.version, key)
			e.unknownFeature(m, v, key, v.plans[key])
		}
		for _, g := range v.groups {
			for _, s := range g.order {
				if s.segment == nil {
					s.plan = v.plans[s.key]
				}
				if strange := m.strangeIn(v, g, s.key, s.plan); strange != s.strange {
					s.strange = strange
					if strange {
						e.count(m, 0, 1)
					} else {
						e.count(m, 0, -1)
					}
				}
				if s.segment != nil {
					continue
				}
				for k := range s.kinds {
					if at := k.history(s); at != nil {
						m.fit(at)
					}
				}
				if !s.rebase(m.settings.grid.Panes()) {
					e.notes.event(Event{Kind: Renewed, Key: keyOf(m, v, g, s)})
				}
			}
		}
	}
	m.rejoin()
	m.note()
}

// TakeStats returns what happened since the last call, and what is held.
func (e *Engine) TakeStats() Stats {
	out := e.notes.take()
	e.mu.Lock()
	defer e.mu.Unlock()
	out.Models = len(e.models)
	for _, m := range e.models {
		out.Series += int(m.series.Load())
	}
	return out
}

// sorted returns the models in the order of their keys. mu is held.
func (e *Engine) sorted() []*model {
	out := make([]*model, 0, len(e.models))
	for _, m := range e.models {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *model) int { return compareModels(a.key, b.key) })
	return out
}

// eachModel calls f for every model, in the order of their keys, each with its lock: the others go
// on.
func (e *Engine) eachModel(f func(*model)) {
	e.mu.Lock()
	models := e.sorted()
	e.mu.Unlock()
	for _, m := range models {
		m.mu.Lock()
		if !m.gone.Load() {
			f(m)
		}
		m.mu.Unlock()
	}
}

// eachCurrent is eachModel without the models of partitions that are being read again.
func (e *Engine) eachCurrent(f func(*model)) {
	e.eachModel(func(m *model) {
		if !m.partition.reading() {
			f(m)
		}
	})
}
