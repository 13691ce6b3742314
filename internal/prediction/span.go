// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Span is the prediction at hand. It belongs to its Reader and is valid until the next one.
type Span struct {
	// Identity is the model that answered, with names that may be kept.
	Identity Identity
	// Service is the service.name of the resource, a name that may be kept.
	Service string
	// Place is where the service runs. Resource is the number of the resource among those that the
	// Reader has read: the same number is the same place.
	Place    *Place
	Resource uint64
	// Kind is Answered, Call, Agent or Bare.
	Kind Kind
	// Failed is true where the span ended with an error.
	Failed bool
	// Duration is in seconds, -1 if unknown.
	Duration float64
	// End is the event time: when the span ended; when it began, if it has no end; now, if it has
	// neither.
	End     pcommon.Timestamp
	TraceID pcommon.TraceID
	SpanID  pcommon.SpanID
	// TraceState is the W3C tracestate, a part of the request.
	TraceState string
	// Attributes are the span's as they came, a part of the request.
	Attributes pcommon.Map
	// Source is the span itself, with the scope and the resource that it came in, parts of the request.
	Source        ptrace.Span
	ScopeSpans    ptrace.ScopeSpans
	ResourceSpans ptrace.ResourceSpans
	// Fields are the span's attributes, Names the features of the row's ml.features; nil without.
	Fields *FieldSet
	Names  *Names
	// Unknown says that the span, or the row, has lost attributes: what is absent is not missing
	// for certain.
	Unknown bool

	reader    *Reader
	values    []Field
	malformed bool
}

// At returns the field at a position.
func (s *Span) At(at int) *Field { return &s.values[at] }

// Field returns the field of an attribute, nil if it is absent.
func (s *Span) Field(a Attribute) *Field {
	if at := s.Fields.position(a); at >= 0 {
		return &s.values[at]
	}
	return nil
}

// Text returns the string of an attribute, "" where it is absent or another value.
func (s *Span) Text(a Attribute) string {
	if x := s.Field(a); x != nil {
		return x.str()
	}
	return ""
}

// marked is true where the value of an attribute is true.
func (s *Span) marked(a Attribute) bool {
	x := s.Field(a)
	return x != nil && x.isBool() && x.Bool()
}

// Amount returns the number of an attribute that must not be negative.
func (s *Span) Amount(a Attribute) (float64, bool) {
	at := s.Fields.position(a)
	if at < 0 {
		return 0, false
	}
	x := &s.values[at]
	v, ok, missing := x.Float()
	switch {
	case missing:
		return 0, false
	case !ok || x.isBool():
		s.Flaw(FlawNumber, "", s.Fields.keys[at], x)
		return 0, false
	case v < 0:
		s.Flaw(FlawNegative, "", s.Fields.keys[at], x)
		return 0, false
	}
	return v, true
}

// Features are the features of the row, by position and name: attributes before those of
// ml.features. A name may come twice; the first one counts.
func (s *Span) Features() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for _, f := range s.Fields.Features {
			if !yield(f.At, f.Name) {
				return
			}
		}
		if s.Names == nil {
			return
		}
		for i, name := range s.Names.Keys {
			if !yield(s.Fields.size()+i, name) {
				return
			}
		}
	}
}

// tokenCounts are the numbers of tokens of a call; 0 where they are not known.
type tokenCounts struct{ Input, Output, Cache float64 }

// tokens returns those of the span. What is no number is noted when it is counted.
func (s *Span) tokens() tokenCounts {
	number := func(a Attribute) float64 {
		if x := s.Field(a); x != nil && !x.isBool() {
			if v, ok, _ := x.Float(); ok && v > 0 {
				return v
			}
		}
		return 0
	}
	return tokenCounts{number(InputTokens), number(OutputTokens), number(CachedTokens) + number(WrittenTokens)}
}

// UsageKnown is true for a call that says how many tokens went in. None has 0 of them: that is what
// libraries write that do not know.
func (s *Span) UsageKnown() bool {
	t := s.tokens()
	return t.Input+t.Cache > 0
}

// Flaw marks the span as malformed: x, the value of the attribute of the name behind the prefix,
// cannot be used.
func (s *Span) Flaw(f Flaw, prefix, name string, x *Field) {
	s.flaw(f)
	if s.reader.Stats.noted&(1<<f) == 0 {
		s.Note(NoteKind(f), prefix, name, x.Show())
	}
}

// FlawOf is Flaw for what is no attribute.
func (s *Span) FlawOf(f Flaw, name, shown string) {
	s.flaw(f)
	s.Note(NoteKind(f), "", name, shown)
}

func (s *Span) flaw(f Flaw) {
	s.malformed = true
	s.reader.Stats.Flaws[f]++
}

// Note keeps the first note of a kind. The key is the prefix and the name.
func (s *Span) Note(kind NoteKind, prefix, name, shown string) {
	stats := &s.reader.Stats
	if stats.noted&(1<<kind) != 0 {
		return
	}
	stats.noted |= 1 << kind
	stats.Notes = append(stats.Notes, Note{Kind: kind, Model: s.Identity, Key: clip(prefix + name), Value: clip(shown)})
}

// Bounded returns a name that may be kept.
func (s *Span) Bounded(name string) string {
	if boundedname.Fits(name) {
		return name
	}
	return s.cut(name)
}

// cut cuts a name that is too long or no valid UTF-8, and counts it.
func (s *Span) cut(name string) string {
	short, _ := boundedname.Cut(name)
	s.reader.Stats.Cut++
	s.Note(NoteCut, "", short, "")
	return short
}

// ErrorType returns the error.type of a failed span, a name that may be kept; "" where there is
// none.
func (s *Span) ErrorType() string {
	if !s.Failed {
		return ""
	}
	return s.Bounded(s.Text(ErrorType))
}

// HasDuration is true for a span whose start and end say how long it took.
func (s *Span) HasDuration() bool {
	return s.Duration >= 0 && s.Kind != Agent && !s.marked(DurationUnknown)
}

// kind is what the span is.
func (s *Span) kind() Kind {
	f := s.Fields
	if f.answer && !f.Has(Operation) && !f.Has(MLOperation) { // nearly all
		return Answered
	}
	return Signs{
		Operation: s.Text(Operation), MLOperation: s.Text(MLOperation),
		Answer: f.answer, Tokens: f.tokens(), Failed: s.Failed,
	}.Kind()
}

// batchSize returns ml.batch.size, 1 and false where there is none.
func (s *Span) batchSize() (n int, batch bool) {
	x := s.Field(BatchSize)
	if x == nil || x.Kind == Empty {
		return 1, false
	}
	if v, ok, _ := x.Float(); !x.isBool() && ok && v >= 1 && v <= maxRows && v == float64(int(v)) {
		return int(v), true
	}
	s.Flaw(FlawBatch, "", mlconv.AttrBatchSize, x)
	return 1, false
}
