// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Stages checks what the spans of a job's stages say. It is safe for concurrent use.
type Stages struct{ checks []rowCheck }

// NewStages returns the checks of a job's contract.
func NewStages(c *Contract) *Stages {
	s := &Stages{}
	for i := range c.Checks {
		if c.Checks[i].OfRow() {
			s.checks = append(s.checks, newRowCheck(&c.Checks[i]))
		}
	}
	return s
}

// Check returns what the span of a stage breaks, and the conditions that could not be evaluated. An
// attribute that the span does not have is looked for on
// its resource.
func (s *Stages) Check(stage string, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span) (found []Violation, undecided []*Undecided) {
	var digits [64]byte
	for i := range s.checks {
		r := &s.checks[i]
		if r.Stage != "" && r.Stage != stage {
			continue
		}
		if r.Kind == Condition && lacks(span.Attributes(), r.reads) {
			continue
		}
		if r.Kind == Condition {
			holds, err := r.Predicate.Holds(rs, ss, span)
			if err != nil {
				undecided = append(undecided, &Undecided{Check: r.Check, Err: err})
			} else if !holds {
				found = append(found, Violation{Check: r.Check, Feature: r.Feature, Rows: 1})
			}
			continue
		}
		attrs, v, ok := find(r.key, span.Attributes(), rs.Resource().Attributes())
		if !ok {
			if r.absent() && span.DroppedAttributesCount() == 0 {
				found = append(found, Violation{Check: r.Check, Feature: r.Feature, Rows: 1})
			}
			continue
		}
		if x := prediction.NewField(v); r.breaks(&x, attrs, span.EndTimestamp(), digits[:0]) {
			found = append(found, Violation{Check: r.Check, Feature: r.Feature, Rows: 1, Observed: show(&x)})
		}
	}
	return found, undecided
}

// lacks is true where one of the keys has no value.
func lacks(attrs pcommon.Map, keys []string) bool {
	for _, key := range keys {
		v, ok := attrs.Get(key)
		if !ok {
			return true
		}
		if x := prediction.NewField(v); missing(&x) {
			return true
		}
	}
	return false
}

// find returns the first of some maps that has a key, with its value.
func find(key string, maps ...pcommon.Map) (pcommon.Map, pcommon.Value, bool) {
	for _, m := range maps {
		if v, ok := m.Get(key); ok {
			return m, v, true
		}
	}
	return pcommon.Map{}, pcommon.Value{}, false
}
