// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"math"
	"slices"
	"strings"
	"unique"
)

// reported is what the inner spans of an instance of a stage say of it: of each number the one of
// the span that ended last, as an epoch's rows or metric are those of the stage so far.
type reported struct {
	rowsIn, rowsOut timedValue
	nulls, metrics  []timedValue // by name
}

// timedValue is a number and when the span that has it ended; at is 0 for no span.
type timedValue struct {
	name  string
	value float64
	at    int64
}

// within reports whether the number was said in an attempt.
func (s *timedValue) within(t *Attempt) bool { return s.at != 0 && s.at >= t.start }

// update takes a later number. Of two at the same time NaN counts, then the larger one.
func (s *timedValue) update(other timedValue) {
	if other.at > s.at || other.at == s.at && other.at != 0 && !math.IsNaN(s.value) && (math.IsNaN(other.value) || other.value > s.value) {
		*s = other
	}
}

func (s *reported) merge(other *reported) {
	s.rowsIn.update(other.rowsIn)
	s.rowsOut.update(other.rowsOut)
	for _, v := range other.nulls {
		s.nulls = updateNamed(s.nulls, v)
	}
	for _, v := range other.metrics {
		s.metrics = updateNamed(s.metrics, v)
	}
}

// updateNamed adds a number to a list of at most maxValues, which are those that come first by
// name.
func updateNamed(list []timedValue, v timedValue) []timedValue {
	i, found := slices.BinarySearchFunc(list, v.name, func(s timedValue, name string) int { return strings.Compare(s.name, name) })
	if found {
		list[i].update(v)
		return list
	}
	if i >= maxValues {
		return list
	}
	if len(list) == maxValues {
		list = list[:maxValues-1]
	}
	return slices.Insert(list, i, v)
}

// complete returns what an attempt says, and of the rest what was reported within it.
func (s *reported) complete(own []Value, inner []timedValue, t *Attempt) []Value {
	out := own
	for i := range inner {
		if !inner[i].within(t) {
			continue
		}
		if _, found := slices.BinarySearchFunc(own, inner[i].name, func(v Value, name string) int { return strings.Compare(v.Name, name) }); found {
			continue
		}
		if len(out) == len(own) {
			out = slices.Clone(own)
		}
		out = append(out, Value{Name: inner[i].name, Value: inner[i].value})
	}
	if len(out) > len(own) {
		slices.SortFunc(out, compareNames)
	}
	return out
}

// addReport notes what an inner span says of an instance of the stage.
func (s *Stage) addReport(r *Run, span *Span, at sighting) {
	if span.RowsIn < 0 && span.RowsOut < 0 && len(span.NullRatios) == 0 && len(span.Metrics) == 0 || at.end == 0 {
		return
	}
	report := reported{}
	if span.RowsIn >= 0 {
		report.rowsIn = timedValue{value: float64(span.RowsIn), at: at.end}
	}
	if span.RowsOut >= 0 {
		report.rowsOut = timedValue{value: float64(span.RowsOut), at: at.end}
	}
	for _, v := range sorted(span.NullRatios) {
		report.nulls = append(report.nulls, timedValue{name: v.Name, value: v.Value, at: at.end})
	}
	for _, v := range sorted(span.Metrics) {
		report.metrics = append(report.metrics, timedValue{name: v.Name, value: v.Value, at: at.end})
	}
	s.mergeReport(r, unique.Make(span.Instance), &report)
}

func (s *Stage) mergeReport(r *Run, instance unique.Handle[string], report *reported) {
	x := s.extra()
	present := x.reported[instance]
	switch {
	case present != nil:
		present.merge(report)
		return
	case len(x.reported) >= r.limits.Instances:
		r.exceed(ExceededInstances)
		return
	case x.reported == nil:
		x.reported = map[unique.Handle[string]]*reported{}
	}
	x.reported[instance] = report
}
