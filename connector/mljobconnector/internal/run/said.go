// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"math"
	"slices"
	"strings"
	"unique"
)

// said is what the inner spans of an instance of a stage say of it: of each number the one of the span that ended last, as an
// epoch's rows or metric are those of the stage so far.
type said struct {
	rowsIn, rowsOut stamped
	nulls, metrics  []stamped // by name
}

// stamped is a number and when the span that said it ended; at is 0 if none did.
type stamped struct {
	name  string
	value float64
	at    int64
}

// within reports whether the number was said in a try.
func (s *stamped) within(t *Try) bool { return s.at != 0 && s.at >= t.start }

// offer takes a later number. Of two at the same time NaN counts, then the larger one.
func (s *stamped) offer(other stamped) {
	if other.at > s.at || other.at == s.at && other.at != 0 && !math.IsNaN(s.value) && (math.IsNaN(other.value) || other.value > s.value) {
		*s = other
	}
}

func (s *said) merge(other *said) {
	s.rowsIn.offer(other.rowsIn)
	s.rowsOut.offer(other.rowsOut)
	for _, v := range other.nulls {
		s.nulls = offerNamed(s.nulls, v)
	}
	for _, v := range other.metrics {
		s.metrics = offerNamed(s.metrics, v)
	}
}

// offerNamed offers a number to a list of at most maxValues, which are those that come first by name.
func offerNamed(list []stamped, v stamped) []stamped {
	i, found := slices.BinarySearchFunc(list, v.name, func(s stamped, name string) int { return strings.Compare(s.name, name) })
	if found {
		list[i].offer(v)
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

// add returns what a try says, and of the rest what was said within it.
func (s *said) add(own []Value, inner []stamped, t *Try) []Value {
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

// hear notes what an inner span says of an instance of the stage.
func (s *Stage) hear(r *Run, span *Span, at sighting) {
	if span.RowsIn < 0 && span.RowsOut < 0 && len(span.NullRatios) == 0 && len(span.Metrics) == 0 || at.end == 0 {
		return
	}
	news := said{}
	if span.RowsIn >= 0 {
		news.rowsIn = stamped{value: float64(span.RowsIn), at: at.end}
	}
	if span.RowsOut >= 0 {
		news.rowsOut = stamped{value: float64(span.RowsOut), at: at.end}
	}
	for _, v := range sorted(span.NullRatios) {
		news.nulls = append(news.nulls, stamped{name: v.Name, value: v.Value, at: at.end})
	}
	for _, v := range sorted(span.Metrics) {
		news.metrics = append(news.metrics, stamped{name: v.Name, value: v.Value, at: at.end})
	}
	s.heard(r, unique.Make(span.Instance), &news)
}

func (s *Stage) heard(r *Run, instance unique.Handle[string], news *said) {
	x := s.extra()
	present := x.said[instance]
	switch {
	case present != nil:
		present.merge(news)
		return
	case len(x.said) >= r.limits.Instances:
		r.exceed(ExceededInstances)
		return
	case x.said == nil:
		x.said = map[unique.Handle[string]]*said{}
	}
	x.said[instance] = news
}
