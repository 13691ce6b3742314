// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// String is the model's key in a Snapshot.
func (k modelKey) String() string {
	return "model/" + strconv.Quote(k.environment) + "/" + strconv.Quote(k.name)
}

// encode writes a model; wall is the engine's clock, that others are relative to: it does not run
// while the process is down.
func (m *model) encode(wall int64) []byte {
	m.rejoin()
	e := newEncoder(1 << 12)
	e.String(m.key.environment)
	e.String(m.key.name)
	if w := m.settings.grid.Window(); w.Calendar != "" {
		e.String(w.Calendar)
	} else {
		e.String(w.Length.String())
	}
	e.Varint(wall)
	e.Varint(m.lastSeen.Load())
	for i := range m.clocks {
		e.clock(&m.clocks[i])
	}
	e.allBinnings(m)
	e.rest(m.rest)
	e.Uvarint(uint64(len(m.versions)))
	for _, v := range m.versions {
		e.version(v)
	}
	e.sections(m)
	return e.Seal()
}

// decodeModel reads a model with the windows that were saved; resolve takes it to those of the
// catalog.
func (e *Engine) decodeModel(d *decoder, now time.Time, set *catalog.Set) *model {
	m := newModel(modelKey{d.name(), d.name()})
	m.set, m.seen = set, e.newSeen()
	saved, err := eventtime.ParseWindow(d.String())
	if err != nil || m.key.name == "" {
		d.Fail()
		return m
	}
	m.settings.grid = eventtime.NewGrid(saved)
	d.startsAt(now.Unix())
	m.lastSeen.Store(d.since(d.seconds()))
	for i := range m.clocks {
		m.clocks[i] = d.clock()
	}
	d.allBinnings()
	m.rest = d.rest()
	for range d.Count(7) {
		v := d.versionOf(m)
		if d.Err() != nil {
			return m
		}
		i, found := slices.BinarySearchFunc(m.versions, v.key, func(v *version, k versionKey) int { return compareVersions(v.key, k) })
		switch {
		case d.cuts == 0 && (found || i < len(m.versions)):
			d.Fail()
			return m
		case found:
		case len(m.versions) >= 2*e.opts.Limits.Versions && !m.hasCard(v.key):
			e.notes.full("version", Key{Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role})
		default:
			m.versions = slices.Insert(m.versions, i, v)
		}
	}
	m.firstSeen.Store(m.lastSeen.Load())
	for _, v := range m.versions {
		m.firstSeen.Store(min(m.firstSeen.Load(), v.since()))
	}
	if d.Err() == nil {
		d.sections(m, e.newSeen)
		e.beginLearning(m)
	}
	return m
}

// startsAt reads the wall clock of the engine that wrote the record, before the times that are
// relative to it. The wall clock does not run while the process is down: what waits upstream is not
// late, and nobody's place is unused.
func (d *decoder) startsAt(wall int64) {
	d.wall = wall
	d.down = wall - d.seconds()
}

// since returns a time of the wall clock as it is now.
func (d *decoder) since(t int64) int64 {
	return min(t+d.down, d.wall)
}

func (e *encoder) clock(c *eventtime.Clock) {
	e.Varint(c.Newest)
	e.Varint(c.Watermark)
	e.Varint(c.Front)
	e.Varint(c.Next)
	e.Varint(c.Oldest)
	e.Bool(c.Started)
	e.Bool(c.Seen)
	e.Varint(c.Arrived)
}

func (d *decoder) clock() eventtime.Clock {
	c := eventtime.Clock{
		Newest: d.Varint(), Watermark: d.Varint(), Front: d.Varint(), Next: d.Varint(), Oldest: d.Varint(),
		Started: d.Bool(), Seen: d.Bool(), Arrived: d.wall,
	}
	if c.Arrived = d.seconds(); c.Arrived != 0 {
		c.Arrived = d.since(c.Arrived)
	}
	if !c.Sane() {
		d.Fail()
	}
	return c
}

func (e *encoder) version(v *version) {
	e.String(v.key.version)
	e.String(v.key.role)
	e.Varint(v.lastSeen)
	e.Varint(v.start)
	e.Uvarint(v.predictions)
	e.passthroughs(v.passthroughs)
	e.Uvarint(uint64(len(v.groups)))
	for _, g := range v.groups {
		e.segment(g)
	}
}

func (d *decoder) versionOf(m *model) *version {
	v := newVersion(versionKey{d.name(), d.name()}, 0)
	v.lastSeen, v.start, v.predictions = d.since(d.seconds()), d.Varint(), d.Uvarint()
	v.passthroughs = d.passthroughs()
	d.written, d.groups = append(d.written, nil), append(d.groups, nil)
	for range d.Count(3) {
		d.segmentOf(m, v)
	}
	return v
}

func (e *encoder) segment(g *segment) {
	e.String(g.name)
	for _, panes := range g.panes {
		for _, p := range panes {
			e.Varint(p)
		}
	}
	e.Uvarint(uint64(len(g.order)))
	for _, s := range g.order {
		e.series(s)
	}
}

func (d *decoder) segmentOf(m *model, v *version) {
	g := &segment{name: m.intern(d.name()), series: make(map[seriesKey]*series)}
	g.empty(m.settings.grid.Panes())
	for i := range g.panes {
		for j := range g.panes[i] {
			g.panes[i][j] = d.Varint()
		}
	}
	written := &d.written[len(d.written)-1]
	*written = append(*written, nil)
	d.groups[len(d.groups)-1] = append(d.groups[len(d.groups)-1], g)
	for range d.Count(8) {
		if d.Err() != nil {
			return
		}
		key := seriesKey{Subject(d.UvarintTo(uint64(subjects) - 1)), m.intern(d.name())}
		if key.subject < Value || key.subject > Missing || (key.subject == Feature) != (key.name != "") || key == segmentMissingKey && g.name == "" {
			d.Fail()
			return
		}
		s := &series{key: key, plan: &plan{}}
		switch {
		case key == segmentMissingKey:
			s.segment = &segmentMissing{}
		case key.subject == Feature && g.name == "":
			s.missing = &missingVerdict{}
		}
		d.series(s, m.settings.grid.Panes())
		if (s.total != nil) != (g.name == "") {
			d.Fail()
		}
		if d.Err() != nil {
			return
		}
		(*written)[len(*written)-1] = append((*written)[len(*written)-1], s)
		i, found := slices.BinarySearchFunc(g.order, key, func(s *series, k seriesKey) int { return compareSeries(s.key, k) })
		if d.cuts == 0 && (found || i < len(g.order)) {
			d.Fail()
			return
		}
		if !found {
			g.series[key] = s
			g.order = slices.Insert(g.order, i, s)
			d.plans(m, v, s)
		}
	}
	i, found := v.find(g.name)
	if d.cuts == 0 && (found || i < len(v.groups)) {
		d.Fail()
	}
	if d.Err() == nil && !found {
		v.groups = slices.Insert(v.groups, i, g)
	}
}

// plans takes note of the plans that a series needs, which resolve makes.
func (d *decoder) plans(m *model, v *version, s *series) {
	add := func(key seriesKey) {
		if _, ok := v.plans[key]; !ok {
			v.plans[key] = nil
			if key.subject == Feature {
				v.features++
			}
		}
	}
	if s.segment == nil {
		add(s.key)
		return
	}
	// All segments of a version share this binning.
	if s.binning.Kind != distribution.KindCategorical || s.binning.Fixed || len(v.segmentMissing.Categories) > 0 && v.segmentMissing != s.binning {
		d.Fail()
		return
	}
	v.segmentMissing = s.binning
	for _, name := range s.binning.Categories {
		add(seriesKey{Feature, m.intern(name)})
	}
}
