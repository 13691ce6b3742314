// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

type modelKey struct{ environment, name string }

type versionKey struct{ version, role string }

// model is one model in one environment.
type model struct {
	key modelKey

	// What follows can be read and written without the lock. gone says that the model was dropped:
	// who has waited for its lock must not use it. firstSeen and lastSeen are the wall clock, in
	// seconds; card says that a card vouches for it, verdicts that it has one; series is how many it
	// has.
	gone, card, verdicts        atomic.Bool
	firstSeen, lastSeen, series atomic.Int64
	// strange is how many of its series nobody vouches for.
	strange atomic.Int64

	// by is who vouches for it. The engine's mu guards it.
	by voucher

	// mu guards what follows.
	mu       sync.Mutex
	set      *catalog.Set // that the settings and plans are of
	settings settings
	// partition is the one that it comes from; nil for none.
	partition *partition
	// seen is which points of the model were seen; the pointer does not change once others know the
	// model.
	seen *delta.Seen
	// shared are the binnings by column of the set's baselines.
	shared   map[*profile.Column]*binnings
	clocks   [2]eventtime.Clock
	versions []*version // by version and role
	// rest is what is passed on of versions that found no room; nil while there are none.
	rest     *version
	names    map[string]string
	table    table // of the versions
	dirty    bool
	learning *learning // of a model without a baseline, where the engine learns
	// judged is what was last said of the checks of its contract.
	judged map[judgedKey]*judgedCheck
	// design returns the design effect of a subject, where Judge was told; else nil.
	design func(Key) float64
}

// version is one version in one role.
type version struct {
	// embeddings are the vectors of attributes, by name; nil without any.
	embeddings map[string]*vectors

	key      versionKey
	groups   []*segment // by name; the total is first
	plans    map[seriesKey]*plan
	features int // among plans
	lastSeen int64
	card     bool // the catalog lists it
	// idle is for how many periods of a stream the version has been silent while another counted.
	idle [2]uint16

	start          int64 // of predictions, nanoseconds of the wall clock
	predictions    uint64
	passthroughs   []*passthrough        // by subject and consumer; predictions without a consumer are not among them
	contract       []*contractWindow     // open, by period
	segmentMissing *distribution.Binning // shared by the segments: its categories are the features
}

// segment is the series of one cohort, or of the total (name "").
type segment struct {
	name   string
	series map[seriesKey]*series
	order  []*series // by subject and name
	panes  [2]eventtime.Panes
	// predictions are those since start, nanoseconds of the wall clock, of a cohort whose total is
	// passed on.
	predictions uint64
	start       int64
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
		e.notes.full("segment", Key{Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role, Segment: name})
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

// intern returns a copy of s that all series of the model share; equal strings may be two after
// maxNames others.
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
	planned := p != nil
	if !planned {
		if p = e.newPlan(m, v, key); p == nil {
			e.notes.full("feature", Key{
				Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role,
				Segment: g.name, Subject: key.subject, Name: key.name,
			})
			return nil
		}
	}
	key.name = m.intern(key.name)
	s := e.insert(m, v, g, key, p, now.UnixNano())
	if s == nil && !planned {
		v.forgetPlan(key)
	}
	return s
}

// forgetPlan takes back a plan that no series has.
func (v *version) forgetPlan(key seriesKey) {
	delete(v.plans, key)
	if key.subject == Feature {
		v.features--
	}
}

// newPlan adds the plan of a series to a version; nil where there is no room for one more feature.
// Features of the baseline or the card always find room: those that nobody knows cannot keep them
// out.
func (e *Engine) newPlan(m *model, v *version, key seriesKey) *plan {
	p := e.plan(m, v.key.version, key)
	if key.subject == Feature {
		if v.features >= e.opts.Limits.Features && p.column == nil && !m.onCard(key.name) {
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
	if key.subject == Feature && p.column == nil && m.set.Baseline(m.key.environment, m.key.name, v.key.version) != nil {
		e.notes.event(Event{Kind: UnknownFeature, Key: Key{
			Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Subject: Feature, Name: key.name,
		}})
	}
}

func (m *model) onCard(feature string) bool {
	card := m.set.Model(m.key.environment, m.key.name)
	if card == nil {
		return false
	}
	_, ok := card.Features[feature]
	return ok
}

// insert adds a series; nil where there is no room for one more of those that nobody vouches for.
func (e *Engine) insert(m *model, v *version, g *segment, key seriesKey, p *plan, start int64) *series {
	s := &series{key: key, plan: p, binning: &unknownBinning, strange: m.strangeIn(v, g, key, p)}
	if s.strange {
		if e.strange.Load() >= int64(e.opts.Limits.Series) {
			e.notes.full("series", Key{
				Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role,
				Segment: g.name, Subject: key.subject, Name: key.name,
			})
			return nil
		}
		e.count(m, 0, 1)
	}
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
	m.series.Add(1)
	return s
}

// strangeIn reports whether nobody vouches for a series: the card does not list the version, or knows the
// feature as little as the baseline does. The answers of a version have room whatever they are.
func (m *model) strangeIn(v *version, g *segment, key seriesKey, p *plan) bool {
	if g.name == "" && key.subject != Feature {
		return false
	}
	return !v.card || key.subject == Feature && p.column == nil && !m.onCard(key.name)
}

// count adds to the numbers of series, of a model and of all.
func (e *Engine) count(m *model, series, strange int64) {
	m.series.Add(series)
	m.strange.Add(strange)
	e.strange.Add(strange)
}

// restartWindows drops panes and windows, and keeps totals and verdicts.
func (m *model) restartWindows() {
	for i := range m.clocks {
		m.clocks[i] = eventtime.Clock{}
	}
	panes := m.settings.grid.Panes()
	for _, v := range m.versions {
		v.contract = nil
		for _, g := range v.groups {
			g.empty(panes)
			for _, s := range g.order {
				s.open, *s.pending() = nil, pending{}
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
					s.newRanges(panes)
				}
			}
		}
	}
}
