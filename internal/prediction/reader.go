// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"context"
	"hash/maphash"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/modelname"
	"github.com/otelcol-ml/otelcol-ml/internal/recent"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// MaxScratch is how many elements a buffer may keep between two requests.
const MaxScratch = 16_384

// rememberedCalls is the limit of Options.Calls where none is given.
const rememberedCalls = 1000

// Counter takes the predictions that a Reader finds. For each it is called Begin, Row for each row,
// End.
type Counter interface {
	// Full is true where nothing more can be counted before MakeRoom, which may take what was
	// counted, make the Reader Forget and even let another Read of it happen.
	Full() bool
	MakeRoom()
	// Knows is true for a model that has a card or was seen before.
	Knows(Identity) bool
	// Begin returns the largest batch that is believed of the model without an array of that
	// length, at least 1.
	Begin(*Span) (mostRows int)
	// Row takes the row at hand, which stands for weight equal ones, and returns the work that it was:
	// about how many values were looked at or written.
	Row(s *Span, weight uint32) (work int)
	// Rest is told, before End, how many rows of a batch are not handed to Row: they were too much work
	// for what the span holds.
	Rest(s *Span, rows int)
	// End is told how many rows there were, with those of Rest.
	End(s *Span, rows int)
}

// Options say how to read.
type Options struct {
	// Now stands in for the end of a span that has none.
	Now func() time.Time
	// MaxFeatures is how many features of one span's ml.features are read.
	MaxFeatures int
	// Attributes are keys whose values are decoded though they say nothing of a prediction: see
	// FieldSet.Find.
	Attributes []string
	// Spans remembers the spans that were counted; nil where none are remembered.
	Spans *recent.Set
	// Calls remembers the calls of generative models that were counted: their parents and traces.
	Calls *recent.Set
	// Wants is asked of each span that is a prediction; nil wants all. What it does not want counts
	// as if it were not there, but that calls below and above it stay below and above each other. The
	// context is that of Read.
	Wants func(context.Context, ptrace.ResourceSpans, ptrace.ScopeSpans, ptrace.Span) bool
}

// Reader reads requests, span by span, and hands the predictions to a Counter. In the steady state
// it allocates nothing:
//
//	span ── keys ──► FieldSet ── values by position ──► Kind, Identity ──► rows ──► Counter
//	                                 └── calls within calls wait for the rest of the request
//
// It is not safe for concurrent use.
type Reader struct {
	// Stats is added to; whoever reads it may reset it.
	Stats Stats

	options Options
	counter Counter
	sets    *fieldSets
	seed    maphash.Seed
	// texts are the strings of numbers that stood where a name belongs.
	texts map[value.Value]string
	// spare is a batch that no Read uses.
	spare *batch

	// The rest is about the span at hand.
	resource  resource
	resources uint64
	scope     string
	span      Span
	names     []string
	lists     []int
	columns   []column
	beyond    Field // of features that are not read
}

// resource is what the resource says of the model.
type resource struct {
	Identity

	service string
	place   Place
	// number is that of the resource among those that the Reader has read.
	number uint64
	spans  ptrace.ResourceSpans
}

// NewReader returns a reader for a counter.
func NewReader(counter Counter, options Options) *Reader {
	if options.Calls == nil {
		options.Calls = recent.NewSet(rememberedCalls)
	}
	r := &Reader{
		options: options, counter: counter, sets: newFieldSets(options.Attributes), seed: maphash.MakeSeed(), texts: make(map[value.Value]string),
	}
	r.span.reader = r
	return r
}

// Forget drops all sets of fields, and with them what the Counter has noted of them.
func (r *Reader) Forget() { r.sets.clear() }

// ForgetWhereFull is Forget where there is no room for new sets of fields.
func (r *Reader) ForgetWhereFull() { r.sets.clearFull() }

// Read reads a request. The context is for Options.Wants alone.
func (r *Reader) Read(ctx context.Context, td ptrace.Traces) {
	b := r.spare
	r.spare = nil // another Read may begin in MakeRoom
	if b == nil {
		b = newBatch()
	}
	for _, rs := range td.ResourceSpans().All() {
		r.readResource(rs.Resource().Attributes())
		r.resource.spans = rs
		b.resourceKept = false
		for _, ss := range rs.ScopeSpans().All() {
			r.scope, r.span.ScopeSpans = ss.Scope().Name(), ss
			for _, s := range ss.Spans().All() {
				r.ensureRoom()
				if kind := r.look(s); r.isPrediction(kind) && (r.options.Wants == nil || r.wants(ctx, s, kind, b)) {
					r.readSpan(s, kind, b)
				}
			}
		}
	}
	if len(b.pending) > 0 {
		r.settle(td, b)
	}
	b.release()
	r.spare = b
	r.release()
}

// ensureRoom calls MakeRoom where the Counter is full.
func (r *Reader) ensureRoom() {
	if r.counter.Full() {
		resource, name, scope := r.resource, r.scope, r.span.ScopeSpans
		r.counter.MakeRoom()
		r.resource, r.scope, r.span.ScopeSpans = resource, name, scope
	}
}

// release keeps nothing of the request alive, and no more memory than a usual request needs.
func (r *Reader) release() {
	clear(r.span.values)
	clear(r.names)
	clear(r.columns[:cap(r.columns)])
	r.sets.release()
	values := r.span.values
	if cap(values) > MaxScratch || cap(r.names) > MaxScratch {
		values, r.names, r.columns, r.lists = nil, nil, nil, nil
	}
	r.resource, r.scope, r.beyond = resource{}, "", Field{}
	r.span = Span{reader: r, values: values}
}

func (r *Reader) readResource(attrs pcommon.Map) {
	r.resources++
	r.resource, r.span.Identity = resource{number: r.resources}, Identity{}
	var environment EnvironmentNames
	for k, v := range attrs.All() {
		switch k {
		case mlconv.AttrModelName:
			r.setName(&r.resource.Name, v)
		case mlconv.AttrModelVersion:
			r.setName(&r.resource.Version, v)
		case mlconv.AttrModelRole:
			r.setName(&r.resource.Role, v)
		case mlconv.AttrEnvironment, mlconv.AttrOlderEnvironment:
			r.setName(environment.Slot(k), v)
		case mlconv.AttrServiceName:
			if v.Type() == pcommon.ValueTypeStr {
				r.resource.service = r.span.Bounded(v.Str())
			}
		default:
			if slot := r.resource.place.slot(k); slot != nil && v.Type() == pcommon.ValueTypeStr {
				*slot = r.span.Bounded(v.Str())
			}
		}
	}
	r.resource.Environment = environment.Environment()
}

func (r *Reader) setName(to *string, v pcommon.Value) {
	if *to == "" {
		*to = Text(v)
	}
}

// isPrediction is true where the span at hand may be a prediction; others are skipped.
func (r *Reader) isPrediction(kind Kind) bool {
	id := &r.span.Identity
	if kind == None || id.Name == "" || kind == Bare && !r.counter.Knows(*id) {
		r.Stats.Skipped++
		return false
	}
	return true
}

// wants asks Options.Wants, and counts a prediction that it does not want.
func (r *Reader) wants(ctx context.Context, s ptrace.Span, kind Kind, b *batch) bool {
	if r.options.Wants(ctx, r.resource.spans, r.span.ScopeSpans, s) {
		return true
	}
	r.Stats.NotSelected++
	if kind == Answered {
		b.unwanted = append(b.unwanted, s)
	}
	return false
}

// readSpan counts a prediction, or has it wait for the rest of the batch.
func (r *Reader) readSpan(s ptrace.Span, kind Kind, b *batch) {
	span := &r.span
	switch {
	case kind == Unread:
		operation := span.Text(Operation)
		r.Stats.unread(operation)
		span.Note(NoteUnread, "", mlconv.AttrGenAIOperation, operation)
		r.Stats.Skipped++
	case r.options.Spans != nil && r.options.Spans.Add(recent.Span(s.TraceID(), s.SpanID(), int32(s.Kind()))):
		r.Stats.Repeated++
	case kind == Answered:
		r.count(s, kind)
	default:
		b.wait(s, kind, r.resource, span.ScopeSpans)
		r.describe(&b.pending[len(b.pending)-1])
	}
}

// describe notes what tells the call at hand from others.
func (r *Reader) describe(p *pending) {
	span := &r.span
	p.model = r.nameOf(span.Identity)
	if p.kind != Call {
		return
	}
	p.library = library{maphash.String(r.seed, r.scope), span.Fields.marks}
	p.used = span.tokens()
	p.cost = span.Fields.Has(Cost)
	p.failed = span.Failed
	p.start, p.end = p.span.StartTimestamp(), p.span.EndTimestamp()
}

// nameOf returns the names of a model.
func (r *Reader) nameOf(id Identity) names {
	n := names{asked: modelname.Fingerprint(r.seed, id.Name)}
	if id.Version != "" {
		n.answered = modelname.Fingerprint(r.seed, id.Version)
	}
	return n
}

// look makes s the span at hand and returns what it is. Its identity is set where it is more than
// None.
func (r *Reader) look(s ptrace.Span) Kind {
	r.span.Fields = r.decode(s.Attributes())
	r.span.Failed = s.Status().Code() == ptrace.StatusCodeError || r.span.Text(ErrorType) != ""
	kind := r.span.kind()
	if kind != None {
		r.identify()
	}
	return kind
}

// identify sets the identity of the span at hand.
func (r *Reader) identify() {
	id := &r.span.Identity
	*id = Identity{} // notes of names that are cut are of no model yet
	name := r.nameOr(ModelName, r.resource.Name)
	if name == "" {
		return
	}
	id.Name = name
	id.Version = r.nameOr(ModelVersion, r.resource.Version)
	id.Role = roleOf(r.nameOr(ModelRole, r.resource.Role))
	id.Environment = r.nameOr(Environment, "")
	if id.Environment == "" {
		id.Environment = r.nameOr(OlderEnvironment, r.resource.Environment)
	}
}

// nameOr returns what an attribute of the span says, else what the resource does.
func (r *Reader) nameOr(a Attribute, resource string) string {
	if at := r.span.Fields.at[a]; at >= 0 {
		if name := r.name(&r.span.values[at]); name != "" {
			return r.span.Bounded(name)
		}
	}
	return r.span.Bounded(resource)
}

// maxTexts is how many strings of numbers are kept.
const maxTexts = 1000

// name returns what a field says that may have come as a number.
func (r *Reader) name(x *Field) string {
	if x.Kind != Scalar {
		return ""
	}
	if x.Value.Kind() == value.Text {
		return x.Text()
	}
	text, ok := r.texts[x.Value]
	if !ok {
		if len(r.texts) >= maxTexts {
			clear(r.texts)
		}
		text = x.String()
		r.texts[x.Value] = text
	}
	return text
}

// count counts a span, of which look has been called.
func (r *Reader) count(s ptrace.Span, kind Kind) {
	span := &r.span
	span.Kind, span.Service, span.Names, span.malformed = kind, r.resource.service, nil, false
	span.Place, span.Resource = &r.resource.place, r.resource.number
	span.TraceID, span.SpanID, span.TraceState = s.TraceID(), s.SpanID(), s.TraceState().AsRaw()
	span.Source, span.ResourceSpans, span.Attributes = s, r.resource.spans, s.Attributes()
	r.stamp(s)
	mostRows := r.counter.Begin(span)
	// What a call that failed before it had its features lacks is not missing.
	span.Unknown = s.DroppedAttributesCount() > 0 || span.Failed && len(span.Fields.Features) == 0 && !span.Fields.Has(Features)
	rows := 1
	if kind == Answered || kind == Call {
		rows = r.rows(mostRows)
	}
	r.counter.End(span, rows)
	if span.malformed {
		r.Stats.Malformed++
	} else {
		r.Stats.Counted++
	}
}

// stamp sets end and duration.
func (r *Reader) stamp(s ptrace.Span) {
	start, end := s.StartTimestamp(), s.EndTimestamp()
	r.span.Duration = -1
	switch {
	case start == 0:
	case end > start:
		r.span.Duration = float64(end-start) / 1e9
	case end == start:
		r.span.Duration = 0
	case end != 0:
		r.span.Flaw(FlawTime, "", "end time", nil)
	}
	if end == 0 {
		end = start
	}
	if end == 0 {
		end = pcommon.NewTimestampFromTime(r.options.Now())
	}
	r.span.End = end
}

// decode finds the set of the attributes and decodes their values.
func (r *Reader) decode(attrs pcommon.Map) *FieldSet {
	if f := r.sets.last; f != nil && r.walk(f, attrs) {
		return f
	}
	for _, f := range r.sets.recent {
		if f != nil && f != r.sets.last && r.walk(f, attrs) {
			r.sets.last = f
			return f
		}
	}
	f := r.sets.of(attrs)
	r.walk(f, attrs)
	r.sets.remember(f)
	return f
}

// walk decodes the values of attrs, and returns false if their keys are not those of f.
func (r *Reader) walk(f *FieldSet, attrs pcommon.Map) bool {
	if attrs.Len() != len(f.keys) {
		return false
	}
	if len(r.span.values) < len(f.keys) {
		r.span.values = append(r.span.values, make([]Field, len(f.keys)-len(r.span.values))...)
	}
	values := r.span.values[:len(f.keys)]
	used := f.used[:len(f.keys)]
	r.lists = r.lists[:0]
	i := 0
	for k, v := range attrs.All() {
		if k != f.keys[i] {
			return false
		}
		if used[i] {
			x := &values[i]
			x.set(v)
			if x.Kind == List {
				r.lists = append(r.lists, i)
			}
		}
		i++
	}
	return true
}
