// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/conventions"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// learn notes what is known to be no content: the names of the vocabulary and of OpenTelemetry's
// conventions, and of OpenInference's judgements what has a counterpart among the latter
// (gen_ai.evaluation.name, .score.label) or says who has judged, which ml_evaluation reads. What
// tables read is added as they are compiled.
func (s *contentSet) learn() {
	s.words = contentWords
	for _, name := range mlconv.Attributes() {
		switch {
		case name.Kind == mlconv.Event:
			s.knownEvents[name.Name] = true
		case strings.HasSuffix(name.Name, "."):
			s.keys.add(source{key: name.Name, family: true}, known|named)
		case !free[name.Name]: // of the vocabulary, the message of an exception
			s.keys.name(name.Name, known|named)
		}
	}
	for _, name := range conventions.All() {
		what := named
		if !free[name] {
			what |= known
		}
		if prefix, ok := strings.CutSuffix(name, anyStep); ok {
			s.keys.add(source{key: prefix, family: true}, what)
			continue
		}
		s.keys.name(name, what)
	}
	for _, name := range conventions.Events() {
		s.knownEvents[name] = true
	}
	for _, field := range [...]string{"name", "label", "annotator_kind", "identifier"} {
		for _, scope := range [...]string{"", "trace.", "session."} {
			s.keys.add(source{key: scope + "evaluations.", behind: []string{".evaluation." + field}}, known)
			s.keys.add(source{key: scope + "annotations.", behind: []string{".annotation." + field}}, known)
		}
	}
}

// free are names of the conventions whose values may be content: that a table looks at one makes it
// no other.
var free = conventions.Free()

// reads notes the attributes that a table reads whole. Of what is read at a path, or only measured, or
// asked for, the rest is unknown, as it is of a family.
func (s *contentSet) reads(sources ...source) {
	for i := range sources {
		src := &sources[i]
		s.hears(src)
		if len(src.path) > 0 || src.family || src.numbered() || free[src.key] {
			continue
		}
		switch src.origin {
		case fromSpan, fromResource, fromEvent:
			s.keys.name(src.key, known)
		}
	}
}

// hears notes the name of the event that a source is in.
func (s *contentSet) hears(src *source) {
	if src.event != "" && src.event != anyStep {
		s.knownEvents[src.event] = true
	}
}

// readsAll notes what a table reads, and the names of the events that it knows.
func (s *contentSet) readsAll(t *Table) {
	condition := func(c *condition) {
		for _, list := range [...][]source{c.has, c.lacks, c.any} {
			for i := range list {
				s.hears(&list[i])
			}
		}
		for _, list := range [...][]equality{c.equals, c.prefixed} {
			for _, q := range list {
				s.reads(q.of)
			}
		}
		for _, list := range [...][]string{c.hasEvent, c.lacksEvent} {
			for _, e := range list {
				s.knownEvents[e] = true
			}
		}
	}
	for i := range t.Detect {
		condition(&t.Detect[i])
	}
	for i := range t.Wrappers {
		condition(&t.Wrappers[i])
	}
	for i := range t.Sections {
		condition(&t.Sections[i].when)
		for _, r := range t.Sections[i].rules {
			for j := range r.from {
				s.hears(&r.from[j])
			}
			if r.want == wantFirst || r.want == wantList {
				s.reads(r.from...)
			}
			if !strings.HasSuffix(r.target, anyStep) {
				s.keys.name(r.target, known)
			}
		}
	}
}
