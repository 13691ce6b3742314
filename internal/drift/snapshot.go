// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// Snapshot is the state of an engine, to be written as it is, in one step.
type Snapshot struct {
	// Keys name all models.
	Keys []string
	// Changed holds the models that have changed since the last snapshot, by key.
	Changed map[string][]byte
	// Dedupe is which points were seen, and the totals of models that found no room; nil where nothing has changed.
	Dedupe []byte
}

// Snapshot returns what has changed since the last one.
func (e *Engine) Snapshot() Snapshot {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := Snapshot{Changed: make(map[string][]byte)}
	for _, m := range e.sorted() {
		key := m.key.String()
		out.Keys = append(out.Keys, key)
		if m.dirty {
			out.Changed[key] = m.encode(e.wall)
			m.dirty = false
		}
	}
	if len(out.Changed) > 0 || e.restDirty {
		out.Dedupe = e.dedupe.encode(e.wall, e.rest)
		e.restDirty = false
	}
	return out
}

// String is the model's key in a Snapshot.
func (k modelKey) String() string {
	return "model/" + strconv.Quote(k.environment) + "/" + strconv.Quote(k.name)
}

// encode writes a model; wall is the engine's clock, that others are relative to: it does not run while the process is down.
func (m *model) encode(wall int64) []byte {
	m.rejoin()
	e := newEncoder(1 << 12)
	e.string(m.key.environment)
	e.string(m.key.name)
	if w := m.settings.grid.Window(); w.Calendar != "" {
		e.string(w.Calendar)
	} else {
		e.string(w.Length.String())
	}
	e.int(wall)
	e.int(m.lastSeen)
	for i := range m.clocks {
		c := &m.clocks[i]
		e.int(c.Newest)
		e.int(c.Watermark)
		e.int(c.Front)
		e.int(c.Next)
		e.int(c.Oldest)
		e.bool(c.Started)
		e.bool(c.Seen)
		e.int(c.Arrived)
	}
	binnings, order := map[*distribution.Binning]uint64{}, []*distribution.Binning{}
	for _, v := range m.versions {
		for _, g := range v.groups {
			for _, s := range g.order {
				for _, l := range s.binnings() {
					if _, ok := binnings[l]; !ok {
						binnings[l] = uint64(len(order))
						order = append(order, l)
					}
				}
			}
		}
	}
	e.uint(uint64(len(order)))
	for _, l := range order {
		e.uint(uint64(l.Kind))
		e.floats(l.Bounds)
		e.bool(l.Fixed)
		e.bool(l.Mismatched)
		e.uint(uint64(len(l.Categories)))
		for _, c := range l.Categories {
			e.string(c)
		}
	}
	e.rest(m.rest)
	e.uint(uint64(len(m.versions)))
	for _, v := range m.versions {
		e.string(v.key.version)
		e.string(v.key.role)
		e.int(v.lastSeen)
		e.int(v.start)
		e.uint(v.predictions)
		e.passed(v.passed)
		e.uint(uint64(len(v.groups)))
		for _, g := range v.groups {
			e.string(g.name)
			for _, panes := range g.panes {
				for _, p := range panes {
					e.int(p)
				}
			}
			e.uint(uint64(len(g.order)))
			for _, s := range g.order {
				e.series(s, binnings)
			}
		}
	}
	e.sections(m)
	return e.finish()
}

// rest writes what is passed on of those that found no room.
func (e *encoder) rest(v *version) {
	e.bool(v != nil)
	if v != nil {
		e.int(v.start)
		e.uint(v.predictions)
		e.passed(v.passed)
	}
}

func (d *decoder) rest() *version {
	if !d.bool() {
		return nil
	}
	v := newVersion(versionKey{}, d.int())
	v.predictions, v.passed = d.uint(), d.passed()
	return v
}

// binnings are those that the series' state refers to.
func (s *series) binnings() []*distribution.Binning {
	if r := s.grown().references; r != nil && r.championBinning != nil {
		return []*distribution.Binning{s.binning, r.championBinning}
	}
	return []*distribution.Binning{s.binning}
}

func (e *encoder) series(s *series, binnings map[*distribution.Binning]uint64) {
	e.uint(uint64(s.key.subject))
	e.string(s.key.name)
	e.uint(binnings[s.binning])
	e.uint(uint64(s.stride))
	cells(e, s.ring)
	e.floats(s.ranges)
	e.bool(s.expos != nil)
	for _, x := range s.expos {
		e.expo(x)
	}
	e.uint(uint64(len(s.open)))
	for _, w := range s.open {
		e.window(w)
	}
	own := s.grown()
	e.window(own.pendingWindow)
	e.judgements(&s.values.verdicts)
	if s.segment != nil {
		e.uint(uint64(len(s.segment.judged)))
		for i := range s.segment.judged {
			e.judgements(&s.segment.judged[i])
		}
	}
	var missing missingVerdict
	if s.missing != nil {
		missing = *s.missing
		e.share(missing.pending)
		e.int(missing.start)
		e.judgements(&missing.verdicts)
	}
	has := own.references != nil || missing.previous != (share{}) || missing.champion != (share{})
	e.bool(has)
	if has {
		r := references{}
		if own.references != nil {
			r = *own.references
		}
		e.window(r.previous)
		e.share(missing.previous)
		e.window(r.champion)
		e.share(missing.champion)
		e.bool(r.championBinning != nil)
		if r.championBinning != nil {
			e.uint(binnings[r.championBinning])
		}
	}
	e.total(s.total)
}

func (e *encoder) share(s share) { e.uint(s.missing); e.uint(s.rows) }

func (d *decoder) share() share { return share{missing: d.uint(), rows: d.uint()} }

func (e *encoder) judgements(j *verdicts) {
	for _, one := range j {
		e.uint(uint64(one.verdict) | uint64(one.reasons)<<2) // the reasons came later
		e.uint(uint64(one.streak))
	}
}

func (e *encoder) expo(x *distribution.Exponential) {
	e.bool(x != nil)
	if x == nil {
		return
	}
	e.int(int64(x.Scale))
	e.uint(x.Zero)
	for _, b := range []*distribution.ExponentialBuckets{&x.Positive, &x.Negative} {
		e.int(int64(b.Offset))
		cells(e, b.Counts)
	}
}

func (e *encoder) window(w *window) {
	e.bool(w != nil)
	if w == nil {
		return
	}
	e.int(w.period)
	e.int(w.start)
	e.int(w.end)
	cells(e, w.cells)
	e.expo(w.expo)
	e.float(w.min)
	e.float(w.max)
	e.exemplars(w.exemplars)
}

func (e *encoder) exemplars(list []Exemplar) {
	e.uint(uint64(len(list)))
	for i := range list {
		e.exemplar(&list[i])
	}
}

func (e *encoder) exemplar(x *Exemplar) {
	e.float(x.Value)
	e.int(x.Time)
	e.b = append(append(e.b, x.TraceID[:]...), x.SpanID[:]...)
}

func (e *encoder) total(t *total) {
	e.bool(t != nil)
	if t == nil {
		return
	}
	e.int(t.start)
	e.uint(uint64(t.kind))
	e.uint(t.count)
	e.float(t.sum)
	e.floats(t.bounds)
	cells(e, t.groups)
	e.exemplars(t.exemplars)
	e.uint(t.missing)
	e.uint(t.rest)
	e.bool(t.stale)
	names := make([]string, 0, len(t.categories))
	for name := range t.categories {
		names = append(names, name)
	}
	slices.Sort(names)
	e.uint(uint64(len(names)))
	for _, name := range names {
		e.string(name)
		e.uint(t.categories[name])
	}
}

// Restore adds a model from a snapshot to an engine that does not have it yet. Windows of another length than the
// one configured now are dropped; totals and verdicts are kept. Names are cut as they are when they arrive; of two that are the
// same then, the first is kept, and so are models and versions up to twice the limit. It never panics, whatever the bytes.
func (e *Engine) Restore(now time.Time, data []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	d, err := newDecoder(data)
	if err != nil {
		return err
	}
	e.wall = max(e.wall, now.Unix())
	m := e.decodeModel(d, now)
	if d.err == nil && len(d.b) > 0 {
		d.fail()
	}
	if d.err != nil {
		return d.err
	}
	e.stats.NamesCut += d.cuts
	if d.cuts > 0 {
		e.event(Event{Kind: NameCut, Key: Key{Environment: m.key.environment, Model: m.key.name}})
	}
	switch {
	case e.models[m.key] != nil && d.cuts == 0:
		return fmt.Errorf("%s is there twice", m.key)
	case e.models[m.key] != nil || len(e.models) >= 2*e.opts.Limits.Models:
		e.full("model", Key{Environment: m.key.environment, Model: m.key.name})
		return nil
	}
	e.resolve(m)
	e.models[m.key] = m
	for _, v := range m.versions {
		for _, g := range v.groups {
			e.series += len(g.order)
		}
	}
	return nil
}

// decodeModel reads a model with the windows that were saved; resolve takes it to those of the catalog.
func (e *Engine) decodeModel(d *decoder, now time.Time) *model {
	m := &model{key: modelKey{d.name(), d.name()}, names: make(map[string]string)}
	saved, err := eventtime.ParseWindow(d.string())
	if err != nil || m.key.name == "" {
		d.fail()
		return m
	}
	m.settings.grid = eventtime.NewGrid(saved)
	// The wall clock does not run while the process is down: what waits upstream is not late, and nobody's place is unused.
	wall := now.Unix()
	since := func(t int64) int64 { return wall }
	if d.version >= 3 {
		down := wall - d.time()
		since = func(t int64) int64 { return min(t+down, wall) }
	}
	m.lastSeen = since(d.time())
	for i := range m.clocks {
		m.clocks[i] = eventtime.Clock{
			Newest: d.int(), Watermark: d.int(), Front: d.int(), Next: d.int(), Oldest: d.int(),
			Started: d.bool(), Seen: d.bool(), Arrived: wall,
		}
		if d.version >= 3 {
			if t := d.time(); t != 0 {
				m.clocks[i].Arrived = since(t)
			} else {
				m.clocks[i].Arrived = 0
			}
		}
		if !m.clocks[i].Sane() {
			d.fail()
		}
	}
	binnings := make([]*distribution.Binning, d.length(5))
	for i := range binnings {
		binnings[i] = d.binning()
	}
	if d.version >= 3 {
		m.rest = d.rest()
	}
	for range d.length(7) {
		v := newVersion(versionKey{d.name(), d.name()}, 0)
		v.lastSeen, v.start, v.predictions = since(d.time()), d.int(), d.uint()
		v.passed = d.passed()
		d.written, d.groups = append(d.written, nil), append(d.groups, nil)
		for range d.length(3) {
			d.segment(m, v, binnings)
		}
		if d.err != nil {
			return m
		}
		i, found := slices.BinarySearchFunc(m.versions, v.key, func(v *version, k versionKey) int { return compareVersions(v.key, k) })
		switch {
		case d.cuts == 0 && (found || i < len(m.versions)):
			d.fail()
			return m
		case found:
		case len(m.versions) >= 2*e.opts.Limits.Versions:
			e.full("version", Key{Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role})
		default:
			m.versions = slices.Insert(m.versions, i, v)
		}
	}
	if d.err == nil {
		d.sections(m)
		e.beginLearning(m)
	}
	return m
}

// rejoin gives what was kept of the champion's windows the binning that the champion has now, or drops it.
func (m *model) rejoin() {
	for ref := range m.eachSegment {
		for _, s := range ref.g.order {
			r := s.grown().references
			if r == nil || r.champion == nil {
				continue
			}
			if peer := ref.peer(s); peer != nil && sameBins(peer.binning, r.championBinning) {
				r.championBinning = peer.binning
			} else {
				r.champion, r.championBinning = nil, nil
			}
		}
	}
}

func (d *decoder) binning() *distribution.Binning {
	kind, bounds := distribution.Kind(d.small(uint64(distribution.KindCategorical))), d.floats()
	fixed, mismatched, n := d.bool(), d.bool(), d.length(1)
	if !increasing(bounds) || kind != distribution.KindNumeric && len(bounds) > 0 || kind != distribution.KindCategorical && n > 0 {
		d.fail()
	}
	if d.err != nil {
		return &unknownBinning
	}
	b := &distribution.Binning{Kind: kind}
	switch kind {
	case distribution.KindUnknown:
		return &unknownBinning
	case distribution.KindNumeric:
		b = distribution.NewNumericBinning(bounds, nil)
	case distribution.KindCategorical:
		b = distribution.NewCategoricalBinning()
	}
	b.Fixed, b.Mismatched = fixed, mismatched
	for range n {
		c := d.category()
		if _, ok := b.Lookup(c); ok {
			if d.cuts == 0 && !d.respelt {
				d.fail()
			}
			c = fmt.Sprintf("%.200s#%d", c, len(b.Categories)) // its cell stays
		}
		if d.err != nil {
			break
		}
		b.Append(c)
	}
	return b
}

func (d *decoder) segment(m *model, v *version, binnings []*distribution.Binning) {
	g := &segment{name: m.intern(d.name()), series: make(map[seriesKey]*series)}
	g.empty(m.settings.grid.Panes())
	for i := range g.panes {
		for j := range g.panes[i] {
			g.panes[i][j] = d.int()
		}
	}
	written := &d.written[len(d.written)-1]
	*written = append(*written, nil)
	d.groups[len(d.groups)-1] = append(d.groups[len(d.groups)-1], g)
	for range d.length(8) {
		if d.err != nil {
			return
		}
		key := seriesKey{Subject(d.small(uint64(subjects) - 1)), m.intern(d.name())}
		if key.subject < Value || key.subject > Missing || (key.subject == Feature) != (key.name != "") || key == segmentMissingKey && g.name == "" {
			d.fail()
			return
		}
		s := &series{key: key, plan: &plan{}}
		switch {
		case key == segmentMissingKey:
			s.segment = &segmentMissing{}
		case key.subject == Feature && g.name == "":
			s.missing = &missingVerdict{}
		}
		d.series(s, binnings, m.settings.grid.Panes())
		if (s.total != nil) != (g.name == "") {
			d.fail()
		}
		if d.err != nil {
			return
		}
		(*written)[len(*written)-1] = append((*written)[len(*written)-1], s)
		i, found := slices.BinarySearchFunc(g.order, key, func(s *series, k seriesKey) int { return compareSeries(s.key, k) })
		if d.cuts == 0 && (found || i < len(g.order)) {
			d.fail()
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
		d.fail()
	}
	if d.err == nil && !found {
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
		d.fail()
		return
	}
	v.segmentMissing = s.binning
	for _, name := range s.binning.Categories {
		add(seriesKey{Feature, m.intern(name)})
	}
}

func (d *decoder) binningOf(binnings []*distribution.Binning) *distribution.Binning {
	if len(binnings) == 0 {
		d.fail()
		return &unknownBinning
	}
	return binnings[d.small(uint64(len(binnings)-1))]
}

func (d *decoder) series(s *series, binnings []*distribution.Binning, panes int64) {
	s.binning = d.binningOf(binnings)
	if d.version < 3 {
		d.bool() // whether a mismatch was reported
	}
	s.stride = int(d.small(1 << 20))
	s.ring = readCells[uint32](d)
	s.ranges = d.floats()
	least := cellsOf(s.binning)
	if s.segment != nil {
		least = cellRest + 1 // the binning may have grown with another segment
	}
	if s.stride < least || len(s.ring) != int(panes)*s.stride ||
		s.ranges != nil && len(s.ranges) != 2*int(panes) {
		d.fail()
		return
	}
	if has := d.bool(); has != (s.binning.Kind == distribution.KindExponential) {
		d.fail()
		return
	} else if has {
		s.expos = make([]*distribution.Exponential, panes)
		for i := range s.expos {
			s.expos[i] = d.expo()
		}
	}
	for range d.length(8) {
		w := d.window(s.binning)
		if w == nil || len(s.open) > 0 && s.open[len(s.open)-1].period >= w.period {
			d.fail()
			return
		}
		s.open = append(s.open, w)
	}
	own := s.grown()
	own.pendingWindow = d.window(s.binning)
	d.judgements(&s.values.verdicts)
	if s.segment != nil {
		for i := range d.length(2 * len(referenceNames)) {
			d.judgements(s.segment.at(i))
		}
	}
	missing := s.missing
	if missing != nil {
		missing.pending = d.share()
		missing.start = d.int()
		d.judgements(&missing.verdicts)
	} else {
		missing = &missingVerdict{}
	}
	if d.bool() {
		r := &references{previous: d.window(s.binning)}
		missing.previous = d.share()
		r.champion = d.window(nil)
		missing.champion = d.share()
		if d.bool() {
			r.championBinning = d.binningOf(binnings)
			if r.champion != nil && len(r.champion.cells) > cellsOf(r.championBinning) {
				d.fail()
			}
		} else if r.champion != nil {
			d.fail()
		}
		own.references = r
	}
	s.total = d.total()
}

func (d *decoder) judgements(j *verdicts) {
	for i := range j {
		v := d.small(1<<(2+reasons) - 1)
		if v&3 > uint64(Drift) {
			d.fail()
		}
		j[i] = judgement{verdict: Verdict(v & 3), reasons: Reasons(v >> 2), streak: uint16(d.small(1000))}
	}
}

func (d *decoder) expo() *distribution.Exponential {
	if !d.bool() {
		return nil
	}
	x := &distribution.Exponential{Scale: int32(d.int()), Zero: d.uint()}
	for _, b := range []*distribution.ExponentialBuckets{&x.Positive, &x.Negative} {
		b.Offset = int32(d.int())
		b.Counts = readCells[uint64](d)
	}
	if x.Validate() != nil {
		d.fail()
		return nil
	}
	return x
}

func (d *decoder) window(l *distribution.Binning) *window {
	if !d.bool() {
		return nil
	}
	w := &window{period: d.int(), start: d.int(), end: d.int(), cells: readCells[uint32](d), expo: d.expo(), min: d.float(), max: d.float()}
	w.exemplars = d.exemplars()
	if l != nil && (len(w.cells) > cellsOf(l) || w.expo != nil && l.Kind != distribution.KindExponential) {
		d.fail()
	}
	return w
}

func (d *decoder) exemplars() []Exemplar {
	n := d.length(8 + 1 + 16 + 8)
	if n == 0 {
		return nil
	}
	out := make([]Exemplar, n)
	for i := range out {
		out[i] = d.exemplar()
	}
	if d.err != nil {
		return nil
	}
	return out
}

func (d *decoder) exemplar() (x Exemplar) {
	x.Value, x.Time = d.float(), d.int()
	if len(d.b) < 24 {
		d.fail()
		return Exemplar{}
	}
	copy(x.TraceID[:], d.b)
	copy(x.SpanID[:], d.b[16:])
	d.b = d.b[24:]
	return x
}

func (d *decoder) total() *total {
	if !d.bool() {
		return nil
	}
	t := &total{start: d.int(), kind: distribution.Kind(d.small(uint64(distribution.KindCategorical))), count: d.uint(), sum: d.float(), bounds: d.floats()}
	t.groups = readCells[uint64](d)
	t.exemplars = d.exemplars()
	t.missing, t.rest, t.stale = d.uint(), d.uint(), d.bool()
	if t.kind == distribution.KindCategorical {
		t.categories = make(map[string]uint64)
	}
	n := d.length(2)
	if t.kind != distribution.KindCategorical && n > 0 || t.kind != distribution.KindUnknown && len(t.groups) != len(t.bounds)+1 {
		d.fail()
		return nil
	}
	for range n {
		name := d.category()
		t.categories[name] += d.uint()
	}
	return t
}

// encode writes the flushes that were seen, producers from the one silent for longest on, and what is passed on of models that
// found no room.
func (d *dedupe) encode(wall int64, rest *version) []byte {
	e := newEncoder(1 << 10)
	e.int(wall)
	ids := d.ids()
	e.uint(uint64(len(ids)))
	for _, id := range ids {
		p := d.producers[id]
		e.string(id)
		e.int(p.lastSeen)
		e.uint(p.low)
		e.uint(p.newest)
		sequences := make([]uint64, 0, len(p.flushes))
		for s := range p.flushes {
			sequences = append(sequences, s)
		}
		slices.Sort(sequences)
		e.uint(uint64(len(sequences)))
		for _, s := range sequences {
			f := p.flushes[s]
			e.uint(s)
			e.uint(f.points)
			e.uint(f.left)
			cells(e, f.seen)
		}
	}
	e.rest(rest)
	return e.finish()
}

// RestoreDedupe puts back which points were seen, and the totals of models that found no room. It never panics, whatever the bytes.
func (e *Engine) RestoreDedupe(now time.Time, data []byte) error {
	d, err := newDecoder(data)
	if err != nil {
		return err
	}
	out := newDedupe(e.opts.Limits.Producers)
	wall := now.Unix()
	down := int64(0)
	if d.version >= 3 {
		down = wall - d.time()
	}
	for range d.length(4) {
		id := d.name()
		p := &producer{lastSeen: wall}
		if d.version >= 3 {
			p.lastSeen = min(d.time()+down, wall)
		}
		p.low, p.newest, p.flushes = d.uint(), d.uint(), make(map[uint64]*flush)
		for range d.length(4) {
			s := d.uint()
			f := &flush{points: d.uint(), left: d.uint(), seen: readCells[uint64](d)}
			if s <= p.low || s > p.newest || f.points > maxPoints || f.left > f.points || uint64(len(f.seen)) > maxPoints/64 || d.err != nil {
				d.fail()
				break
			}
			p.flushes[s] = f
		}
		if d.err != nil {
			return d.err
		}
		out.uses++
		p.used = out.uses
		if len(out.producers) < out.limit {
			out.producers[id] = p
		}
	}
	var rest *version
	if d.version >= 3 {
		rest = d.rest()
	}
	if d.err == nil && len(d.b) > 0 {
		d.fail()
	}
	if d.err != nil {
		return d.err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wall = max(e.wall, wall)
	e.dedupe, e.rest = out, rest
	e.stats.NamesCut += d.cuts
	return nil
}
