// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// origin is where a source reads.
type origin uint8

const (
	fromSpan origin = iota
	fromResource
	fromEvent
	fromName
	fromStatus
	fromMessage
	fromScope
	fromEventTime
)

// source says where a value comes from. It is written
//
//	KEY                    an attribute of the span
//	KEY#a.b, KEY#*.b       a path in the JSON text of an attribute, or in a map or array; * is every item
//	a.N.b                  all attributes whose key has a number in place of N
//	a.*                    all attributes whose key starts with "a."
//	resource:KEY[#path]    an attribute of the resource
//	event:NAME:KEY[#path]  an attribute of the last event of that name that has it; NAME * is any
//	event_time:NAME        the seconds from the start of the span to its first event of that name
//	span:name, span:status, span:message, span:scope
//	attribute:KEY          an attribute of the span whose key looks like one of the above
type source struct {
	origin origin
	key    string
	event  string
	path   []string
	// family is true for a.*, whose key is then "a.".
	family bool
	// behind is what follows each number of a numbered key, of which key is what stands before the
	// first; open is true where the last of them ends in *, for anything.
	behind  []string
	open    bool
	written string

	// slot is the number of a single key of the span, or the index of the prefix of a family or
	// numbered key.
	slot int
	// moves is true where the value moves as a whole, so that remove_originals may remove its
	// attribute.
	moves bool
}

func (s *source) numbered() bool { return len(s.behind) > 0 }

func (d *decoder) sources(n *yaml.Node, path string) (out []source) {
	for i, s := range d.texts(n, path) {
		p := path
		if n.Kind == yaml.SequenceNode {
			p = yamldoc.Index(path, i)
			out = append(out, d.source(n.Content[min(i, len(n.Content)-1)], p, s))
			continue
		}
		out = append(out, d.source(n, p, s))
	}
	return out
}

// source parses a written source.
func (d *decoder) source(n *yaml.Node, path, written string) source {
	s := source{written: written, slot: -1}
	rest := written
	if after, ok := strings.CutPrefix(rest, "resource:"); ok {
		s.origin, rest = fromResource, after
	} else if after, ok := strings.CutPrefix(rest, "event:"); ok {
		s.origin = fromEvent
		name, key, found := strings.Cut(after, ":")
		if !found || name == "" || key == "" {
			d.fail(n, path, "%q must be event:NAME:KEY", written)
			return s
		}
		s.event, rest = name, key
	} else if after, ok := strings.CutPrefix(rest, "event_time:"); ok {
		s.origin, s.event = fromEventTime, after
		return s
	} else if after, ok := strings.CutPrefix(rest, "span:"); ok {
		places := map[string]origin{"name": fromName, "status": fromStatus, "message": fromMessage, "scope": fromScope}
		place, known := places[after]
		if !known {
			d.fail(n, path, "%q is none of span:name, span:status, span:message, span:scope", written)
		}
		s.origin = place
		return s
	} else if after, ok := strings.CutPrefix(rest, "attribute:"); ok {
		s.key = after
		return s
	}
	key, steps, hasPath := strings.Cut(rest, "#")
	s.key = key
	if hasPath {
		s.path = strings.Split(steps, ".")
		if slices.Contains(s.path, "") {
			d.fail(n, path, "%q has an empty step after #", written)
		}
	}
	if key == "" {
		d.fail(n, path, "%q names no attribute", written)
	}
	if s.origin != fromSpan {
		if strings.HasSuffix(key, ".*") || strings.HasSuffix(key, ".N") || strings.Contains(key, ".N.") {
			d.fail(n, path, "%q has N or *, which are for attributes of the span", written)
		}
		return s
	}
	switch {
	case strings.HasSuffix(key, ".*") && !strings.Contains(key, ".N."):
		s.family, s.key = true, strings.TrimSuffix(key, "*")
		if hasPath {
			d.fail(n, path, "%q is a family, which has no path", written)
		}
	case strings.Contains(key, ".N.") || strings.HasSuffix(key, ".N"):
		s.number(key)
	}
	return s
}

// number takes a key with Ns for numbers apart.
func (s *source) number(key string) {
	parts := strings.Split(key, ".")
	literal := parts[0]
	for _, part := range parts[1:] {
		if part != "N" {
			literal += "." + part
			continue
		}
		s.behind = append(s.behind, literal+".")
		literal = ""
	}
	s.behind = append(s.behind, literal)
	s.key, s.behind = s.behind[0], s.behind[1:]
	last := &s.behind[len(s.behind)-1]
	if before, open := strings.CutSuffix(*last, "."+anyStep); open {
		*last, s.open = before+".", true
	}
}

// matches is true where a key, which begins as the source does, has numbers in place of the
// source's Ns.
func (s *source) matches(key string) bool {
	if last := s.behind[len(s.behind)-1]; !s.open && !strings.HasSuffix(key, last) {
		return false
	}
	rest := key[len(s.key):]
	for _, literal := range s.behind {
		n := digits(rest)
		if n == 0 || !strings.HasPrefix(rest[n:], literal) {
			return false
		}
		rest = rest[n+len(literal):]
	}
	return (rest != "") == s.open
}
