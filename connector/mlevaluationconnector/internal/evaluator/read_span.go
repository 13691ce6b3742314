// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"cmp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// OpenInference's names.
const (
	keySpanKind   = "openinference.span.kind"
	kindEvaluator = "EVALUATOR"
)

// The forms in which judgements stand on a span, in the order of their places.
const (
	formEvaluations = iota
	formAnnotations
	formEvents
	// formPlaces is the number of places of a form.
	formPlaces = 1_000_000
)

// Span returns the judgements that a span carries, of itself or of the span that it links to. They
// are the Reader's until the next call.
func (r *Reader) Span(s ptrace.Span) []Judgement {
	r.drafts = r.drafts[:0]
	r.readAttributes(s)
	r.readEvents(s)
	if s.Name() == mlconv.EventGenAIEvaluation {
		if d := r.draft(formEvents * formPlaces); d != nil {
			d.readEvent(s.Attributes())
			d.judgement.Time = r.spanTime(s)
		}
	}
	if len(r.drafts) == 0 {
		return nil
	}
	return r.settle(s)
}

func (r *Reader) spanTime(s ptrace.Span) int64 {
	return r.time(cmp.Or(s.EndTimestamp(), s.StartTimestamp()))
}

func (r *Reader) readEvents(s ptrace.Span) {
	for i, e := range s.Events().All() {
		if e.Name() != mlconv.EventGenAIEvaluation {
			continue
		}
		d := r.draft(formEvents*formPlaces + 1 + i)
		if d == nil {
			r.Stats.Unusable[TooMany]++
			continue
		}
		d.readEvent(e.Attributes())
		if at := e.Timestamp(); at != 0 {
			d.judgement.Time = r.time(at)
		} else {
			d.judgement.Time = r.spanTime(s)
		}
	}
}

// readAttributes reads OpenInference's lists.
func (r *Reader) readAttributes(s ptrace.Span) {
	for key, v := range s.Attributes().All() {
		if len(key) < len("evaluations.0.evaluation.name") {
			continue
		}
		switch key[0] {
		case 'e', 'a':
			if place, field, ok := listed(key); ok {
				r.readField(s, place, field, v)
			}
		case 't', 's':
			rest, ok := strings.CutPrefix(key, "trace.")
			if !ok {
				rest, ok = strings.CutPrefix(key, "session.")
			}
			if ok {
				if _, field, ok := listed(rest); ok && field == "name" {
					r.Stats.Unusable[OtherScope]++
				}
			}
		}
	}
}

// listed splits a key such as evaluations.0.evaluation.name.
func listed(key string) (place int, field string, ok bool) {
	form := formEvaluations
	rest, ok := strings.CutPrefix(key, "evaluations.")
	if !ok {
		form = formAnnotations
		if rest, ok = strings.CutPrefix(key, "annotations."); !ok {
			return 0, "", false
		}
	}
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		place = place*10 + int(rest[digits]-'0')
		if digits++; digits > 6 {
			return 0, "", false
		}
	}
	if digits == 0 {
		return 0, "", false
	}
	if form == formEvaluations {
		field, ok = strings.CutPrefix(rest[digits:], ".evaluation.")
	} else {
		field, ok = strings.CutPrefix(rest[digits:], ".annotation.")
	}
	return form*formPlaces + place, field, ok
}

func (r *Reader) readField(s ptrace.Span, place int, field string, v pcommon.Value) {
	d := r.draft(place)
	if d == nil {
		if field == "name" {
			r.Stats.Unusable[TooMany]++
		}
		return
	}
	j := &d.judgement
	if j.Time == 0 {
		j.Time = r.spanTime(s)
	}
	switch field {
	case "name":
		j.Evaluator = text(v)
	case "score":
		d.setScore(v)
	case "label":
		j.Label = text(v)
	case "annotator_kind":
		j.Kind = text(v)
	case "identifier":
		j.Identifier = text(v)
	}
}

// draft returns that of a place, nil where there are too many.
func (r *Reader) draft(place int) *draft {
	for i := range r.drafts {
		if r.drafts[i].place == place {
			return &r.drafts[i]
		}
	}
	if len(r.drafts) == MaxPerSpan {
		return nil
	}
	r.drafts = append(r.drafts, draft{place: place})
	return &r.drafts[len(r.drafts)-1]
}

// settle turns the drafts into judgements.
func (r *Reader) settle(s ptrace.Span) []Judgement {
	// Attributes have no order of their own.
	slices.SortFunc(r.drafts, func(a, b draft) int { return cmp.Compare(a.place, b.place) })
	trace, span, aimed := target(s)
	r.found = r.found[:0]
	for i := range r.drafts {
		d := &r.drafts[i]
		reason, ok := d.check()
		switch {
		case !ok:
			r.Stats.Unusable[reason]++
		case r.repeats(&d.judgement):
		case !aimed && d.judgement.ResponseID == "":
			r.Stats.Unusable[NoTarget]++
		default:
			d.judgement.TraceID, d.judgement.SpanID = trace, span
			r.found = append(r.found, d.judgement)
			r.Stats.Read++
		}
	}
	clear(r.drafts) // strings of the request
	return r.found
}

// repeats says that a span has a judgement already in another form. Where the forms differ in what
// only one of them can say, they are still the same.
func (r *Reader) repeats(j *Judgement) bool {
	same := func(a, b string) bool { return a == b || a == "" || b == "" }
	return slices.ContainsFunc(r.found, func(o Judgement) bool {
		return o.Evaluator == j.Evaluator && same(o.Kind, j.Kind) && same(o.Identifier, j.Identifier) &&
			o.HasScore == j.HasScore && o.Score == j.Score && o.Label == j.Label && o.ErrorType == j.ErrorType
	})
}

// target returns the span that is judged by what a span carries. A span whose only purpose is to
// carry it has one link, to the judged one; the parent of such a span says nothing (OpenInference).
// That of a span which stands for an event is judged, as that of an event would be (OpenTelemetry).
func target(s ptrace.Span) (pcommon.TraceID, pcommon.SpanID, bool) {
	kind := spanKind(s.Attributes())
	links := s.Links()
	switch {
	case kind != kindEvaluator && kind != "":
	case links.Len() == 1:
		trace, span := links.At(0).TraceID(), links.At(0).SpanID()
		return trace, span, !trace.IsEmpty() && !span.IsEmpty()
	case kind == kindEvaluator || links.Len() > 1:
		return pcommon.TraceID{}, pcommon.SpanID{}, false
	case s.Name() == mlconv.EventGenAIEvaluation:
		return s.TraceID(), s.ParentSpanID(), !s.TraceID().IsEmpty() && !s.ParentSpanID().IsEmpty()
	}
	return s.TraceID(), s.SpanID(), !s.TraceID().IsEmpty() && !s.SpanID().IsEmpty()
}

// spanKind is that of OpenInference. A span of another dialect that names a model is an answer, not
// a carrier of judgements: its kind is LLM.
func spanKind(attributes pcommon.Map) string {
	if v, ok := attributes.Get(keySpanKind); ok {
		return prediction.Text(v)
	}
	for _, key := range [...]string{mlconv.AttrModelName, mlconv.AttrGenAIRequestModel} {
		if _, ok := attributes.Get(key); ok {
			return "LLM"
		}
	}
	return ""
}
