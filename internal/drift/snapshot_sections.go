// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

// What a saved model has after its versions are sections, each begun by its number. A snapshot without any, as older versions wrote
// them, is as good.
const (
	sectionEvidence = 1
	sectionLearning = 2
	sectionSegments = 3
)

// sections writes what follows the versions.
func (e *encoder) sections(m *model) {
	e.uint(sectionEvidence)
	n := uint64(0)
	m.remembering(func(_, _, _ int, _ *series) { n++ })
	e.uint(n)
	m.remembering(func(vi, gi, si int, s *series) {
		e.uint(uint64(vi))
		e.uint(uint64(gi))
		e.uint(uint64(si))
		s.evidence(e.examples)
		row := Exemplar{}
		if s.missing != nil {
			row = s.missing.row
		}
		e.exemplar(&row)
	})
	if m.learning != nil {
		e.uint(sectionLearning)
		e.learning(m.learning)
	}
	e.segments(m)
}

// segments writes the predictions of the cohorts, by version and segment.
func (e *encoder) segments(m *model) {
	n := uint64(0)
	for _, v := range m.versions {
		for _, g := range v.groups {
			if g.predictions > 0 {
				n++
			}
		}
	}
	if n == 0 {
		return
	}
	e.uint(sectionSegments)
	e.uint(n)
	for vi, v := range m.versions {
		for gi, g := range v.groups {
			if g.predictions > 0 {
				e.uint(uint64(vi))
				e.uint(uint64(gi))
				e.uint(g.predictions)
				e.int(g.start)
			}
		}
	}
}

func (d *decoder) segments() {
	for range d.length(4) {
		vi, gi := d.uint(), d.uint()
		if vi >= uint64(len(d.groups)) || gi >= uint64(len(d.groups[vi])) {
			d.fail()
			return
		}
		g := d.groups[vi][gi]
		g.predictions, g.start = d.uint(), d.int()
	}
}

// remembering calls yield for every series that has examples.
func (m *model) remembering(yield func(vi, gi, si int, s *series)) {
	for vi, v := range m.versions {
		for gi, g := range v.groups {
			for si, s := range g.order {
				has := s.missing != nil && s.missing.row != (Exemplar{})
				s.evidence(func(w *window) { has = has || len(w.examples) > 0 })
				if has {
					yield(vi, gi, si, s)
				}
			}
		}
	}
}

// evidence calls yield for the windows that remember rows.
func (s *series) evidence(yield func(*window)) {
	for _, w := range s.open {
		yield(w)
	}
	if w := s.grown().pendingWindow; w != nil {
		yield(w)
	}
}

func (e *encoder) examples(w *window) {
	e.uint(uint64(len(w.examples)))
	for i := range w.examples {
		x := &w.examples[i]
		e.string(x.name)
		e.bool(x.missing)
		e.uint(uint64(x.count))
		e.float(float64(x.before))
		e.exemplar(&x.row)
	}
}

// sections reads what follows the versions, as far as there is any.
func (d *decoder) sections(m *model) {
	for len(d.b) > 0 && d.err == nil {
		switch d.uint() {
		case sectionEvidence:
			d.evidence(m)
		case sectionLearning:
			m.learning = d.learning()
		case sectionSegments:
			d.segments()
		default:
			d.fail()
		}
	}
}

func (d *decoder) evidence(m *model) {
	for range d.length(4) {
		vi, gi, si := d.uint(), d.uint(), d.uint()
		if vi >= uint64(len(d.written)) || gi >= uint64(len(d.written[vi])) || si >= uint64(len(d.written[vi][gi])) {
			d.fail()
			return
		}
		s := d.written[vi][gi][si]
		s.evidence(func(w *window) { d.examples(m, s, w) })
		row := d.exemplar()
		if s.missing != nil {
			s.missing.row = row
		}
		if d.err != nil {
			return
		}
	}
}

func (d *decoder) examples(m *model, s *series, w *window) {
	w.examples = nil
	for range d.length(8) {
		x := example{
			name: m.intern(d.name()), missing: d.bool(), count: uint32(d.small(1<<32 - 1)), before: float32(d.float()), row: d.exemplar(),
		}
		if d.err != nil || !(x.before >= 0 && x.before <= 1) {
			d.fail()
			return
		}
		if !w.merge(x, s.room()) {
			d.fail()
			return
		}
	}
}
