// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import "github.com/otelcol-ml/otelcol-ml/internal/delta"

// What a saved model has after its versions are sections, each begun by its number. A snapshot
// without any, as older versions wrote them, is as good.
const (
	sectionEvidence = 1
	sectionLearning = 2
	sectionSegments = 3
	sectionSeen     = 4
	sectionContract = 5
	sectionPlace    = 6
)

// sections writes what follows the versions.
func (e *encoder) sections(m *model) {
	e.Uvarint(sectionEvidence)
	n := uint64(0)
	m.remembering(func(_, _, _ int, _ *series) { n++ })
	e.Uvarint(n)
	m.remembering(func(vi, gi, si int, s *series) {
		e.Uvarint(uint64(vi))
		e.Uvarint(uint64(gi))
		e.Uvarint(uint64(si))
		s.evidence(e.examples)
		row := Exemplar{}
		if s.missing != nil {
			row = s.missing.row
		}
		e.exemplar(&row)
	})
	if m.learning != nil {
		e.Uvarint(sectionLearning)
		e.learning(m.learning)
	}
	e.segments(m)
	e.seen(m)
	e.contracts(m)
	e.Uvarint(sectionPlace)
	e.Varint(m.since())
}

// sections reads what follows the versions, as far as there is any.
func (d *decoder) sections(m *model, newSeen func() *delta.Seen) {
	for d.Len() > 0 && d.Err() == nil {
		switch d.Uvarint() {
		case sectionEvidence:
			d.evidence(m)
		case sectionLearning:
			m.learning = d.learning()
		case sectionSegments:
			d.segments()
		case sectionSeen:
			m.seen.Release()
			m.seen = d.seen(newSeen())
		case sectionContract:
			d.contracts(m)
		case sectionPlace:
			m.firstSeen.Store(d.seconds())
		default:
			d.Fail()
		}
	}
}

func (d *decoder) evidence(m *model) {
	for range d.Count(4) {
		vi, gi, si := d.Uvarint(), d.Uvarint(), d.Uvarint()
		if vi >= uint64(len(d.written)) || gi >= uint64(len(d.written[vi])) || si >= uint64(len(d.written[vi][gi])) {
			d.Fail()
			return
		}
		s := d.written[vi][gi][si]
		s.evidence(func(w *window) { d.examples(m, s, w) })
		row := d.exemplar()
		if s.missing != nil {
			s.missing.row = row
		}
		if d.Err() != nil {
			return
		}
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
	if w := s.pending().pendingWindow; w != nil {
		yield(w)
	}
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
	e.Uvarint(sectionSegments)
	e.Uvarint(n)
	for vi, v := range m.versions {
		for gi, g := range v.groups {
			if g.predictions > 0 {
				e.Uvarint(uint64(vi))
				e.Uvarint(uint64(gi))
				e.Uvarint(g.predictions)
				e.Varint(g.start)
			}
		}
	}
}

func (d *decoder) segments() {
	for range d.Count(4) {
		vi, gi := d.Uvarint(), d.Uvarint()
		if vi >= uint64(len(d.groups)) || gi >= uint64(len(d.groups[vi])) {
			d.Fail()
			return
		}
		g := d.groups[vi][gi]
		g.predictions, g.start = d.Uvarint(), d.Varint()
	}
}
