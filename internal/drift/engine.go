// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package drift adds up distributions in event time and judges windows of them against references.
//
// It imports no collector code and reads no clock: time is an argument, and the results follow from the event times of
// the deltas alone, so that a replay of last year's data gives what the live stream gave.
//
//	Delta ──► dedupe ──► model ──► version ──► segment ──► series ──┬─► ring of panes ───► Scores  (sliding window)
//	                       │                                        ├─► open windows ────► Advance (verdicts)
//	                       └─ clocks: one watermark for features,   └─► total ───────────► Totals  (cumulative)
//	                          one for the rest
//
// A delta belongs to one minute. It is added to its pane, a slot of a ring that is keyed by event time, and to the
// verdict window of its period. Scores merges the last panes. Advance moves the watermarks, and closes the
// periods that they have passed: subjects with enough values are tested together, the others carry their counts on.
package drift

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// futureSlack is how far ahead of now an event may be, in seconds.
const futureSlack = 5 * 60

// Engine holds the windows of all models. It is safe for concurrent use.
type Engine struct {
	opts Options

	// mu guards all below. One lock will do: deltas are few (one a series and minute), and the snapshot of all models
	// has to be of one moment, together with which points were seen.
	mu     sync.Mutex
	set    *catalog.Set
	models map[modelKey]*model
	dedupe dedupe
	stats  Stats
	events map[eventKey]int // into stats.Events
	series int
	noRoom noRoom
	// wall is the newest wall clock, in seconds.
	wall int64
	// rest is what is passed on of models that found no room, here or in ml_summary; nil while there are none.
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
	// Evicted counts what limits pushed or kept out: model, version, segment, feature, category, producer.
	Evicted map[string]uint64
	// Shortages are subjects for which a window has passed without a verdict, by version and reason.
	Shortages []Shortage
	// Events are what a user should hear of, at most maxEvents; Happened counts all by kind.
	Events   []Event
	Happened [EventKinds]uint64
	// NamesCut counts names longer than boundedname.Max bytes.
	NamesCut uint64
	// Models and Series are what is held.
	Models, Series int
}

type modelKey struct{ environment, name string }

type versionKey struct{ version, role string }

// model is one model in one environment.
type model struct {
	key      modelKey
	settings settings
	clocks   [2]eventtime.Clock
	versions []*version // by version and role
	// rest is what is passed on of versions that found no room; nil while there are none.
	rest     *version
	names    map[string]string
	lastSeen int64 // wall clock, seconds
	card     bool  // the catalog knows it
	noRoom   noRoom
	dirty    bool
	learning *learning // of a model without a baseline, where the engine learns
}

// version is one version in one role.
type version struct {
	key      versionKey
	groups   []*segment // by name; the total is first
	plans    map[seriesKey]*plan
	features int // among plans
	lastSeen int64
	card     bool // the catalog lists it

	start          int64 // of predictions, nanoseconds of the wall clock
	predictions    uint64
	passed         []*passed             // by subject and use; predictions without a use are not among them
	segmentMissing *distribution.Binning // shared by the segments: its categories are the features
}

// segment is the series of one cohort, or of the total (name "").
type segment struct {
	name   string
	series map[seriesKey]*series
	order  []*series // by subject and name
	panes  [2]eventtime.Panes
	// predictions are those since start, nanoseconds of the wall clock, of a cohort whose total is passed on.
	predictions uint64
	start       int64
}

// New returns an engine without models. The options must be valid.
func New(opts Options) (*Engine, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	return &Engine{
		opts: opts, set: catalog.NewSet(nil, nil), models: make(map[modelKey]*model),
		dedupe: newDedupe(opts.Limits.Producers),
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
		if n := d.bound(); n > 0 {
			e.stats.NamesCut += n
			e.event(Event{Kind: NameCut, Key: d.Key})
		}
		outcome := e.add(now, d)
		e.stats.Points[outcome]++
		if outcome == Late || outcome == Future || outcome == BoundsMismatch || outcome == Invalid {
			e.event(Event{Kind: NotCounted, Outcome: outcome, Key: d.Key})
		}
	}
}

// bound cuts the names that are kept, and returns how many were too long. A category of a producer of an older version gets the
// spelling that it has now.
func (d *Delta) bound() (cut uint64) {
	d.Category = value.Category(d.Category)
	for _, name := range []*string{
		&d.Producer, &d.Key.Environment, &d.Key.Model, &d.Key.Version, &d.Key.Role, &d.Key.Segment, &d.Key.Name,
		&d.Use.Service, &d.Use.Unit, &d.Category,
	} {
		if len(*name) > boundedname.Max {
			*name, _ = boundedname.Cut(*name)
			cut++
		}
	}
	return cut
}

func (d *Delta) valid() bool {
	if d.Key.Subject >= subjects || d.Key.Subject.named() != (d.Key.Name != "") {
		return false
	}
	if d.Key.Model == "" && !(d.Key.Overflow && d.Key.Subject.passedOn()) {
		return false
	}
	switch d.Key.Subject {
	case Predictions, Missing:
		return !d.Categorical && d.Counts == nil && d.Exponential == nil
	case Cost:
		return !d.Categorical && d.Counts == nil && d.Exponential == nil && d.Sum >= 0 && d.Sum <= maxFloat
	case Class:
		return d.Categorical
	}
	if d.Categorical {
		return d.Key.Subject == Feature && d.Counts == nil && d.Exponential == nil
	}
	if d.Exponential != nil {
		return d.Counts == nil && d.Exponential.Validate() == nil
	}
	if len(d.Counts) != len(d.Bounds)+1 || len(d.Counts) > maxCells {
		return false
	}
	for i := range d.Bounds {
		if !(d.Bounds[i] >= -maxFloat && d.Bounds[i] <= maxFloat) || i > 0 && d.Bounds[i] <= d.Bounds[i-1] {
			return false
		}
	}
	return true
}

func (e *Engine) add(now time.Time, d *Delta) Outcome {
	if !d.valid() {
		return Invalid
	}
	if d.Producer != "" {
		fresh, ok, place := e.dedupe.mark(d.Producer, d.Sequence, d.Points, d.Ordinal, now.Unix())
		switch place {
		case placeGiven:
			e.giveAway("producer", d.Key)
		case placeNone:
			e.full("producer", d.Key)
		}
		if !ok {
			return Invalid
		}
		if !fresh {
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
	stream := d.Key.Subject.stream()
	c := &m.clocks[stream]
	if d.Key.Subject.passedOn() && (d.Key.Segment == "" || d.Key.Subject != Predictions) {
		if d.Key.Segment != "" {
			return Counted // segments are watched, not passed on
		}
		outcome := v.pass(d, now)
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
	comparable := e.rebaseFor(m, s, d)
	if s.total != nil {
		limit := m.settings.limits.Categories
		if s.binning.Fixed {
			limit += len(s.binning.Categories)
		}
		if !s.total.add(d, now.UnixNano(), limit) {
			e.full("category", d.Key)
		}
	}
	if future {
		return Future
	}
	c.Observe(d.Minute, wall)
	if !comparable {
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
	return m.place(g, s, &a, stream)
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
			if other.key.subject.stream() == stream {
				other.clearPane(slot)
			}
		}
	}
	if held {
		s.addPane(a, slot)
		outcome = Counted
	}
	if period := grid.Period(a.d.Minute); c.Takes(period) {
		w := s.at(grid, period)
		if w == nil {
			return Overflowed
		}
		s.addWindow(a, w)
		outcome = Counted
	}
	return outcome
}

// addSegmentMissing adds the predictions or the missing values of a segment. Both are in the windows of the features' stream.
func (e *Engine) addSegmentMissing(m *model, v *version, g *segment, d *Delta, now time.Time, future bool) Outcome {
	if future {
		return Future
	}
	m.clocks[d.Key.Subject.stream()].Observe(d.Minute, now.Unix())
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
	if !m.clocks[Missing.stream()].Seen && len(s.open) > unclosed(now.UnixNano()-v.start) {
		s.open = append(s.open[:0], s.open[1:]...) // without features nothing closes it
	}
	return m.place(g, s, &a, Missing.stream())
}

// unclosed is how many periods of a segment's predictions wait for the first feature, by the time since the version was first seen:
// ml_summary flushes features a minute later, and in that minute a replay may send years.
func unclosed(nanoseconds int64) int {
	if nanoseconds < int64(10*time.Minute) {
		return 2000
	}
	return 2
}

func compareSeries(a, b seriesKey) int {
	return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(a.name, b.name))
}

// find returns the place of a cohort among the groups.
func (v *version) find(name string) (i int, found bool) {
	return slices.BinarySearchFunc(v.groups, name, func(g *segment, n string) int { return cmp.Compare(g.name, n) })
}

// segment returns the series of a cohort, or nil where there is no room for one more.
func (e *Engine) segment(m *model, v *version, name string) *segment {
	i, found := v.find(name)
	if found {
		return v.groups[i]
	}
	room := e.opts.Limits.Segments
	if len(v.groups) > 0 && v.groups[0].name == "" {
		room++
	}
	if name != "" && len(v.groups) >= room {
		e.full("segment", Key{Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role, Segment: name})
		return nil
	}
	g := &segment{name: m.intern(name), series: make(map[seriesKey]*series)}
	g.empty(m.settings.grid.Panes())
	v.groups = slices.Insert(v.groups, i, g)
	return g
}

// empty makes all panes older than any event.
func (g *segment) empty(panes int64) {
	for i := range g.panes {
		g.panes[i] = eventtime.NewPanes(panes)
	}
}

// maxNames is the most names that intern remembers: those of cohorts come and go.
const maxNames = 10_000

// intern returns a copy of s that all series of the model share; equal strings may be two after maxNames others.
func (m *model) intern(s string) string {
	if t, ok := m.names[s]; ok {
		return t
	}
	if len(m.names) >= maxNames {
		clear(m.names)
	}
	s = strings.Clone(s)
	m.names[s] = s
	return s
}

// find returns a series, or nil where there is no room for one more feature.
func (e *Engine) find(m *model, v *version, g *segment, key seriesKey, now time.Time) *series {
	if s := g.series[key]; s != nil {
		return s
	}
	p := v.plans[key]
	if p == nil {
		if p = e.newPlan(m, v, key); p == nil {
			e.full("feature", Key{
				Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role,
				Segment: g.name, Subject: key.subject, Name: key.name,
			})
			return nil
		}
	}
	key.name = m.intern(key.name)
	return e.insert(m, g, key, p, now.UnixNano())
}

// newPlan adds the plan of a series to a version; nil where there is no room for one more feature. Features of the baseline or the
// card always find room: those that nobody knows cannot keep them out.
func (e *Engine) newPlan(m *model, v *version, key seriesKey) *plan {
	p := e.plan(m.key, v.key.version, key)
	if key.subject == Feature {
		if v.features >= e.opts.Limits.Features && p.column == nil && !e.onCard(m, key.name) {
			return nil
		}
		v.features++
	}
	key.name = m.intern(key.name)
	v.plans[key] = p
	e.unknownFeature(m, v, key, p)
	return p
}

// unknownFeature takes note of a feature that the baseline does not have.
func (e *Engine) unknownFeature(m *model, v *version, key seriesKey, p *plan) {
	if key.subject == Feature && p.column == nil && e.set.Baseline(m.key.environment, m.key.name, v.key.version) != nil {
		e.event(Event{Kind: UnknownFeature, Key: Key{
			Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Subject: Feature, Name: key.name,
		}})
	}
}

func (e *Engine) onCard(m *model, feature string) bool {
	card := e.set.Model(m.key.environment, m.key.name)
	if card == nil {
		return false
	}
	_, ok := card.Features[feature]
	return ok
}

func (e *Engine) insert(m *model, g *segment, key seriesKey, p *plan, start int64) *series {
	s := &series{key: key, plan: p, binning: &unknownBinning}
	if g.name == "" {
		s.total = &total{start: start}
		if key.subject == Feature {
			s.missing = &missingVerdict{}
		}
	}
	s.makeRoom(m.settings.grid.Panes())
	g.series[key] = s
	i, _ := slices.BinarySearchFunc(g.order, key, func(s *series, k seriesKey) int { return compareSeries(s.key, k) })
	g.order = slices.Insert(g.order, i, s)
	e.series++
	return s
}

// plan says how a subject of a version is compared.
func (e *Engine) plan(key modelKey, version string, sk seriesKey) *plan {
	p := e.opts.plan(e.set, key, version, sk)
	if p.column == nil {
		p.shared = &binnings{}
		return p
	}
	p.shared = e.shared[p.column]
	if p.shared == nil {
		p.shared = &binnings{}
		e.shared[p.column] = p.shared
	}
	return p
}

var unknownBinning distribution.Binning

// SetCatalog gives the engine another set of cards; the same set again is free. Windows are kept where their bins
// still fit, and dropped where the length of windows has changed.
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
				if !s.rebase(m.settings.grid.Panes()) {
					e.event(Event{Kind: Renewed, Key: keyOf(m, v, g, s)})
				}
			}
		}
	}
	m.rejoin()
}

// restartWindows drops panes and windows, and keeps totals and verdicts.
func (m *model) restartWindows() {
	for i := range m.clocks {
		m.clocks[i] = eventtime.Clock{}
	}
	panes := m.settings.grid.Panes()
	for _, v := range m.versions {
		for _, g := range v.groups {
			g.empty(panes)
			for _, s := range g.order {
				s.open, *s.grown() = nil, grown{}
				if s.missing != nil {
					s.missing.restart()
					s.missing.previous, s.missing.champion = share{}, share{}
				}
				s.ring, s.stride = nil, 0
				s.makeRoom(panes)
				if s.expos != nil {
					s.expos = make([]*distribution.Exponential, panes)
				}
				if s.ranges != nil {
					s.ranges = make([]float64, 2*panes)
					for i := range s.ranges {
						s.ranges[i] = nan
					}
				}
			}
		}
	}
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

// eachModel calls f for every model, and holds the lock for one model at a time: ingestion goes on in between.
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

// Totals calls yield for every cumulative count, in a fixed order. What it gets is shared only for the call, and yield must not
// call the engine.
func (e *Engine) Totals(yield func(*Total)) {
	e.mu.Lock()
	e.rest.passedOn(Key{Overflow: true}, yield)
	e.mu.Unlock()
	e.eachModel(func(m *model) {
		m.rest.passedOn(Key{Environment: m.key.environment, Model: m.key.name, Overflow: true}, yield)
		for _, v := range m.versions {
			key := Key{Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role}
			v.passedOn(key, yield)
			for _, g := range v.groups {
				if g.predictions > 0 && e.opts.SegmentTotals {
					key.Segment = g.name
					yield(&Total{Key: key, Start: g.start, Count: g.predictions})
				}
			}
			key.Segment = ""
			if len(v.groups) == 0 || v.groups[0].name != "" {
				continue
			}
			for _, s := range v.groups[0].order {
				key.Subject, key.Name = s.key.subject, s.key.name
				if s.total.kind != distribution.KindUnknown {
					yield(s.total.export(key))
				}
				if s.key.subject == Feature {
					key.Subject = Missing
					yield(&Total{Key: key, Start: s.total.start, Count: s.total.missing})
				}
			}
		}
	})
}

// passedOn calls yield with the totals of what is not compared.
func (v *version) passedOn(key Key, yield func(*Total)) {
	if v == nil {
		return
	}
	if v.predictions > 0 {
		yield(&Total{Key: key, Start: v.start, Count: v.predictions})
	}
	for _, p := range v.passed {
		key.Subject = p.subject
		t := p.total.export(key)
		t.Use = p.use
		yield(t)
	}
}

func (t *total) export(key Key) *Total {
	out := &Total{Key: key, Start: t.start, Count: t.count}
	if t.kind == distribution.KindCategorical {
		out.Categories, out.Rest = t.categories, t.rest
		return out
	}
	out.Sum, out.Bounds, out.Groups, out.Exemplars = t.sum, t.bounds, t.groups, t.exemplars
	return out
}

// String is for logs: "fraud 7 country=DE feature amount".
func (k Key) String() string {
	parts := []string{k.Model, k.Version, k.Segment, k.Subject.String(), k.Name}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " ")
}
