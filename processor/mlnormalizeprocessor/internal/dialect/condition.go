// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// holds checks all of a condition.
func (s *state) holds(c *condition) bool { return s.scopeHolds(c) && s.spanHolds(c) }

// spanHolds checks what a condition says beside scope and resource.
func (s *state) spanHolds(c *condition) bool {
	if len(c.name)+len(c.namePrefix) > 0 && !matches(s.span.Name(), c.name, c.namePrefix) {
		return false
	}
	if len(c.kind) > 0 && !slices.Contains(c.kind, kindName(s.span.Kind())) {
		return false
	}
	if len(c.status) > 0 && !slices.Contains(c.status, statusName(s.span)) {
		return false
	}
	if c.root != nil && *c.root != s.span.ParentSpanID().IsEmpty() {
		return false
	}
	if c.inference != nil && *c.inference != s.inference {
		return false
	}
	for i := range c.has {
		if !s.there(&c.has[i]) {
			return false
		}
	}
	for i := range c.lacks {
		// What the span has lost to a limit may have been there.
		if s.there(&c.lacks[i]) || c.lacks[i].origin == fromSpan && s.span.DroppedAttributesCount() > 0 {
			return false
		}
	}
	if len(c.any) > 0 {
		found := false
		for i := range c.any {
			found = found || s.there(&c.any[i])
		}
		if !found {
			return false
		}
	}
	if len(c.keyPrefix) > 0 && !slices.ContainsFunc(c.keyPrefix, func(p string) bool {
		return len(s.own.family(s.engine.matcher.prefixIndex(p))) > 0
	}) {
		return false
	}
	for i := range c.equals {
		if v, ok := s.scalar(&c.equals[i].of); !ok || !slices.Contains(c.equals[i].values, v) {
			return false
		}
	}
	for i := range c.prefixed {
		if v, ok := s.scalar(&c.prefixed[i].of); !ok || !matches(v, nil, c.prefixed[i].values) {
			return false
		}
	}
	for _, sum := range c.sums {
		if !s.addsUp(sum) {
			return false
		}
	}
	return s.eventsHold(c)
}

// addsUp is true where the first source is the sum of the others, all of which are there.
func (s *state) addsUp(sum []source) bool {
	var total, parts float64
	for i := range sum {
		s.collector.reset(wantFirst)
		s.collect(&sum[i])
		v := s.collector.result()
		n, ok := v.number()
		switch {
		case !ok:
			return false
		case i == 0:
			total = n
		default:
			parts += n
		}
	}
	return total == parts
}

func (s *state) eventsHold(c *condition) bool {
	if len(c.hasEvent)+len(c.lacksEvent) == 0 {
		return true
	}
	found := func(names []string) bool {
		for _, e := range s.span.Events().All() {
			if slices.Contains(names, e.Name()) {
				return true
			}
		}
		return false
	}
	if len(c.hasEvent) > 0 && !found(c.hasEvent) {
		return false
	}
	// An event that the span has lost to a limit may have been there.
	return len(c.lacksEvent) == 0 || s.span.DroppedEventsCount() == 0 && !found(c.lacksEvent)
}

// there is true where a source of a single key has something.
func (s *state) there(src *source) bool {
	if src.origin == fromSpan && len(src.path) == 0 {
		return s.has(src.slot)
	}
	s.collector.reset(wantFirst)
	s.collect(src)
	return s.collector.n > 0
}

// scalar returns a source's value as text.
func (s *state) scalar(src *source) (string, bool) {
	if src.origin == fromSpan && !src.numbered() && !s.has(src.slot) {
		return "", false
	}
	s.collector.reset(wantFirst)
	s.collect(src)
	v := s.collector.result()
	return v.string()
}

func kindName(k ptrace.SpanKind) string {
	switch k {
	case ptrace.SpanKindInternal:
		return "internal"
	case ptrace.SpanKindServer:
		return "server"
	case ptrace.SpanKindClient:
		return "client"
	case ptrace.SpanKindProducer:
		return "producer"
	case ptrace.SpanKindConsumer:
		return "consumer"
	default:
		return ""
	}
}
