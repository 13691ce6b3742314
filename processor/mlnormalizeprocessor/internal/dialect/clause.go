// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "slices"

// addClause adds one way to detect a table. What a single key or prefix of a key settles is settled
// in the pass over the keys.
func (e *Engine) addClause(table int, t *Table, c condition) {
	bit := uint64(1) << table
	if len(c.reads) > 0 {
		c.any, c.reads = e.readFor(t, c.reads), nil
	}
	c = e.compileCondition(c)
	simple := c
	simple.any, simple.keyPrefix, simple.has, simple.path, simple.option = nil, nil, nil, "", ""
	onSpan := func(list []source) bool {
		return !slices.ContainsFunc(list, func(s source) bool { return s.origin != fromSpan || len(s.path) > 0 })
	}
	if simple.empty() {
		switch {
		case len(c.keyPrefix) > 0 && len(c.has)+len(c.any) == 0:
			for _, p := range c.keyPrefix {
				e.matcher.detectPrefix(e.matcher.prefix(p), bit)
			}
			return
		case len(c.has) == 1 && len(c.keyPrefix)+len(c.any) == 0 && onSpan(c.has):
			e.matcher.detect(c.has[0].slot, bit)
			return
		case len(c.any) > 0 && len(c.keyPrefix)+len(c.has) == 0 && onSpan(c.any):
			for _, s := range c.any {
				e.matcher.detect(s.slot, bit)
			}
			return
		}
	}
	e.clauses = append(e.clauses, clause{table, c})
}

// readFor returns the attributes that a table reads for some of its targets.
func (e *Engine) readFor(t *Table, targets []string) (out []source) {
	for _, s := range t.Sections {
		if !e.enabled(&s.when) {
			continue
		}
		for _, r := range s.rules {
			if !slices.Contains(targets, r.target) {
				continue
			}
			for _, src := range r.from {
				if src.origin == fromSpan && !src.family && !src.numbered() {
					src.path = nil
					out = append(out, src)
				}
			}
		}
	}
	return out
}

// empty is true for a condition that always holds.
func (c *condition) empty() bool {
	return len(c.scope)+len(c.scopePrefix)+len(c.name)+len(c.namePrefix)+len(c.kind)+len(c.status)+len(c.has)+len(c.lacks)+len(c.any)+
		len(c.equals)+len(c.prefixed)+len(c.keyPrefix)+len(c.resourceKeyPrefix)+len(c.hasEvent)+len(c.lacksEvent)+len(c.reads)+len(c.sums) == 0 &&
		c.root == nil && c.inference == nil
}

// early is true where scope and resource alone settle the condition.
func (c *condition) early() bool {
	fromResourceAlone := func(list []equality) bool {
		return !slices.ContainsFunc(list, func(q equality) bool { return q.of.origin != fromResource })
	}
	return len(c.name)+len(c.namePrefix)+len(c.kind)+len(c.status)+len(c.any)+len(c.keyPrefix)+len(c.hasEvent)+len(c.lacksEvent)+len(c.sums) == 0 &&
		!slices.ContainsFunc(c.has, func(s source) bool { return s.origin != fromResource }) &&
		!slices.ContainsFunc(c.lacks, func(s source) bool { return s.origin != fromResource }) &&
		fromResourceAlone(c.equals) && fromResourceAlone(c.prefixed) && c.root == nil
}

// byName is true where the condition asks for no key of the span, so that it can hold on a span
// without any.
func (c *condition) byName() bool {
	onSpan := func(s source) bool { return s.origin == fromSpan }
	return !slices.ContainsFunc(c.has, onSpan) && !slices.ContainsFunc(c.any, onSpan) && len(c.keyPrefix)+len(c.sums) == 0 &&
		!slices.ContainsFunc(c.equals, func(q equality) bool { return onSpan(q.of) }) &&
		!slices.ContainsFunc(c.prefixed, func(q equality) bool { return onSpan(q.of) })
}
