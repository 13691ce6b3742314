// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package drift adds up distributions in event time and judges windows of them against references.
//
// It imports no collector code and reads no clock: time is an argument, and the results follow from
// the event times of the deltas alone, so that a replay of last year's data gives what the live
// stream gave.
//
//	Delta ──► seen ────► model ──► version ──► segment ──► series
//	                       └─ clocks: one watermark for features, one for the rest
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
	"math"
	"slices"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// futureSlack is how far ahead of now an event may be, in seconds.
const futureSlack = 5 * 60

// Engine holds the windows of all models. It is safe for concurrent use.
type Engine struct {
	opts Options

	// mu guards all below. One lock will do: deltas are few (one a series and minute), and the
	// snapshot of all models has to be of one moment, together with which points were seen.
	mu     sync.Mutex
	set    *catalog.Set
	models map[modelKey]*model
	seen   *delta.Seen
	stats  Stats
	events map[eventKey]int // into stats.Events
	series int
	noRoom noRoom
	// wall is the newest wall clock, in seconds.
	wall int64
	// rest is what is passed on of models that found no room, here or in ml_summary; nil while
	// there are none.
	rest *version
	// restDirty says that rest has changed since the last snapshot.
	restDirty bool
	// shared are the binnings by column of the set's baselines.
	shared map[*profile.Column]*binnings
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
	// NamesCut counts names longer than boundedname.Max bytes.
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
		seen:   newSeen(opts.Limits.Producers),
		stats:  Stats{Evicted: make(map[string]uint64)},
		shared: make(map[*profile.Column]*binnings),
	}, nil
}

// Add counts deltas that arrived at now. It keeps the strings and bounds in them.
func (e *Engine) Add(now time.Time, deltas []Delta) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wall = max(e.wall, now.Unix())
	for i := range deltas {
		d := &deltas[i]
		if n := bound(d); n > 0 {
			e.stats.NamesCut += n
			e.event(Event{Kind: NameCut, Key: d.Key})
		}
		outcome := e.addDelta(now, d)
		e.stats.Points[outcome]++
		if outcome == Late || outcome == Future || outcome == BoundsMismatch || outcome == Invalid {
			e.event(Event{Kind: NotCounted, Outcome: outcome, Key: d.Key})
		}
	}
}

func (e *Engine) addDelta(now time.Time, d *Delta) Outcome {
	if !valid(d) {
		return Invalid
	}
	if d.Producer != "" {
		freshness, place := e.seen.Mark(d, now.Unix())
		switch place {
		case delta.GivenAway:
			e.giveAway("producer", d.Key)
		case delta.NoPlace:
			e.full("producer", d.Key)
		}
		switch freshness {
		case delta.Contradictory:
			return Invalid
		case delta.Repeated:
			return Duplicate
		}
	}
	wall := now.Unix()
	if d.Key.Model == "" {
		return e.addRest(nil, d, now)
	}
	m := e.model(modelKey{d.Key.Environment, d.Key.Model}, wall)
	if m == nil {
		return e.addRest(nil, d, now)
	}
	m.lastSeen, m.dirty = max(m.lastSeen, wall), true
	v := e.version(m, versionKey{d.Key.Version, d.Key.Role}, now.UnixNano())
	if v == nil {
		return e.addRest(m, d, now)
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
			e.full("use", d.Key)
		}
		if future {
			return cmp.Or(outcome, Future)
		}
		c.Observe(d.Minute, wall)
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
			e.full("category", d.Key)
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
		e.event(Event{Kind: Saturated, Key: a.d.Key})
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
		s = e.insert(m, g, segmentMissingKey, &plan{}, 0)
		s.segment = &segmentMissing{}
		s.binning = v.segmentMissing
		s.makeRoom(m.settings.grid.Panes())
	}
	a := adder{d: d, cell: cellRest}
	if d.Key.Subject == Missing {
		key := seriesKey{Feature, d.Key.Name}
		if v.plans[key] == nil {
			if e.newPlan(m, v, key) == nil {
				e.full("feature", d.Key)
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
	e.mu.Lock()
	defer e.mu.Unlock()
	if set == e.set {
		return
	}
	e.set = set
	clear(e.shared)
	e.noRoom = noRoom{}
	for _, m := range e.sorted() {
		e.resolve(m)
	}
}

// resolve reads the catalog anew for a model.
func (e *Engine) resolve(m *model) {
	before := m.settings.grid.Window()
	m.settings = e.opts.resolve(e.set, m.key)
	m.card = e.set.Model(m.key.environment, m.key.name) != nil
	m.noRoom = noRoom{}
	m.dirty = true
	e.beginLearning(m)
	if m.settings.grid.Window() != before {
		m.restartWindows()
	}
	for _, v := range m.versions {
		v.card = e.hasCard(m.key, v.key)
		for key := range v.plans {
			v.plans[key] = e.plan(m.key, v.key.version, key)
			e.unknownFeature(m, v, key, v.plans[key])
		}
		for _, g := range v.groups {
			for _, s := range g.order {
				if s.segment != nil {
					continue
				}
				s.plan = v.plans[s.key]
				for k := range s.kinds {
					if at := k.history(s); at != nil {
						m.fit(at)
					}
				}
				if !s.rebase(m.settings.grid.Panes()) {
					e.event(Event{Kind: Renewed, Key: keyOf(m, v, g, s)})
				}
			}
		}
	}
	m.rejoin()
}

// TakeStats returns what happened since the last call, and what is held.
func (e *Engine) TakeStats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.stats
	out.Models, out.Series = len(e.models), e.series
	e.stats = Stats{Evicted: make(map[string]uint64)}
	clear(e.events)
	return out
}

// sorted returns the models in the order of their keys.
func (e *Engine) sorted() []*model {
	out := make([]*model, 0, len(e.models))
	for _, m := range e.models {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *model) int { return compareModels(a.key, b.key) })
	return out
}

// eachModel calls f for every model, and holds the lock for one model at a time: ingestion goes on
// in between.
func (e *Engine) eachModel(f func(*model)) {
	e.mu.Lock()
	models := e.sorted()
	e.mu.Unlock()
	for _, m := range models {
		e.mu.Lock()
		f(m)
		e.mu.Unlock()
	}
}
