// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package reader reads prediction spans and counts them into cells.
//
// The attributes of a span are walked once. Their keys are compared with those of the span before (shape);
// values are decoded by position; the model is found by name, version, environment and role; a binding of shape and model
// says which position is which feature, and which of the baseline's features are absent. In the steady state
// nothing is allocated and no lock is taken:
//
//	span ── shape ──► values by position ── binding ──► rows ──► cells of the total and of each cohort
package reader

import (
	"hash/maphash"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/redelivery"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// MaxRows is the largest ml.batch.size; a larger one is malformed.
const MaxRows = 1 << 20

// rememberedCalls is the limit of Options.Calls where none is given.
const rememberedCalls = 1000

// maxScratch is how many elements a scratch buffer may keep between two requests.
const maxScratch = 16_384

// Options say how to count.
type Options struct {
	// DurationBins are the bins of durations, in seconds.
	DurationBins *distribution.Bins
	// Exemplars keeps the spans of extreme values.
	Exemplars bool
	// AllTime counts everything into minute 0.
	AllTime bool
	// Now stands in for the end of a span that has none.
	Now func() time.Time
	// MaxFeatures is how many features of one span are read.
	MaxFeatures int
	// Spans remembers the spans that were counted; nil where none are remembered.
	Spans *redelivery.Filter
	// Calls remembers the calls of generative models that were counted: their parents and traces.
	Calls *redelivery.Filter
	// Observe is told each row in place of counting it; nil, as in the collector, counts.
	Observe func(Row)
}

// Reader counts spans into a table. It is not safe for concurrent use.
type Reader struct {
	// Stats is added to; whoever reads it may reset it.
	Stats Stats

	options  Options
	registry *series.Registry
	budget   *cells.Budget
	table    *cells.Table
	// Cells that were found in an earlier epoch are gone.
	predictionEpoch, featuresEpoch uint64

	shapes *shapes
	views  map[series.Key]*modelView
	last   *modelView

	// The rest is about the span at hand.
	resource  identity
	model     series.Key // as the span has it, bounded
	failed    bool
	values    []value
	keys      []string
	lists     []int
	columns   []column
	cohorts   []cohort
	binding   binding
	seen      map[string]struct{}
	digits    []byte
	ref       cells.Ref
	minute    int64
	malformed bool
	unknown   bool
	// spare is a batch that no Read uses.
	spare *batch
	seed  maphash.Seed
}

// identity is what the resource says of the model.
type identity struct{ name, version, role, environment, service string }

// cohort is a cohort of the row at hand.
type cohort struct {
	view     *cohortView
	features *cells.Features
}

// column is an array with a value for each row.
type column struct {
	at    int
	slice pcommon.Slice
	json  scanner
	list  bool
}

// New returns a reader that counts into a table of its own.
func New(registry *series.Registry, budget *cells.Budget, options Options) *Reader {
	if options.Calls == nil {
		options.Calls = redelivery.NewFilter(rememberedCalls)
	}
	r := &Reader{
		options: options, registry: registry, budget: budget,
		table:           cells.NewTable(budget, options.Exemplars),
		predictionEpoch: 1, featuresEpoch: 1,
		shapes: newShapes(),
		seen:   make(map[string]struct{}),
		digits: make([]byte, 0, 32),
		seed:   maphash.MakeSeed(),
	}
	r.Forget()
	return r
}

// Forget drops all that was looked up in the registry, which was reset or has another set of cards. What was
// counted stays.
func (r *Reader) Forget() {
	r.views = make(map[series.Key]*modelView)
	r.last = nil
	r.shapes.clear()
	r.binding = binding{}
}

// Take takes all cells, or those of predictions alone.
func (r *Reader) Take(features bool) cells.Taken {
	r.predictionEpoch++
	if features {
		r.featuresEpoch++
		r.shapes.clearFull()
	}
	return r.table.Take(features)
}

// Fold adds the oldest minute to the next one; false if there is but one.
func (r *Reader) Fold() bool {
	n := r.table.Fold()
	r.Stats.Folded += int64(n)
	if n > 0 {
		r.predictionEpoch++
		r.featuresEpoch++
	}
	return n > 0
}

// Read counts the predictions in td. Before a span for which the budget has nothing left, it calls makeRoom, which may take
// cells, make r Forget and even let another Read of r happen.
func (r *Reader) Read(td ptrace.Traces, makeRoom func()) {
	b := r.spare
	r.spare = nil // another Read may begin in makeRoom
	if b == nil {
		b = newBatch()
	}
	for _, rs := range td.ResourceSpans().All() {
		r.readResource(rs.Resource().Attributes())
		b.resourceKept = false
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				r.ensureRoom(makeRoom)
				r.span(s, b)
			}
		}
	}
	if len(b.pending) > 0 {
		r.settle(td, b, makeRoom)
	}
	b.release()
	r.spare = b
	r.release()
}

// ensureRoom calls makeRoom where the budget has nothing left.
func (r *Reader) ensureRoom(makeRoom func()) {
	if r.budget.Spent() {
		resource := r.resource
		makeRoom()
		r.resource = resource
	}
}

// release keeps nothing of the request alive, and no more memory than a usual request needs.
func (r *Reader) release() {
	clear(r.values)
	clear(r.keys)
	clear(r.columns[:cap(r.columns)])
	clear(r.binding.features[:cap(r.binding.features)])
	r.shapes.release()
	r.resource, r.model = identity{}, series.Key{}
	if cap(r.values) > maxScratch || cap(r.keys) > maxScratch || len(r.seen) > maxScratch || cap(r.binding.features) > maxScratch {
		r.values, r.keys, r.columns, r.lists, r.binding = nil, nil, nil, nil, binding{}
		r.seen = make(map[string]struct{})
	}
}

func (r *Reader) readResource(attrs pcommon.Map) {
	r.resource = identity{}
	for k, v := range attrs.All() {
		if v.Type() != pcommon.ValueTypeStr {
			continue
		}
		switch k {
		case mlconv.AttrModelName:
			r.resource.name = v.Str()
		case mlconv.AttrModelVersion:
			r.resource.version = v.Str()
		case mlconv.AttrModelRole:
			r.resource.role = v.Str()
		case mlconv.AttrEnvironment:
			r.resource.environment = v.Str()
		case attrService:
			r.resource.service = r.bounded(v.Str())
		}
	}
}

// bounded returns a name that may be kept.
func (r *Reader) bounded(name string) string {
	if len(name) <= boundedname.Max {
		return name
	}
	short, _ := boundedname.Cut(name)
	r.Stats.Cut++
	r.note(NoteCut, "", short, "")
	return short
}

// span counts a span, or has it wait for the rest of the batch.
func (r *Reader) span(s ptrace.Span, b *batch) {
	sh := r.decode(s.Attributes())
	r.failed = s.Status().Code() == ptrace.StatusCodeError || r.text(sh.errorType, "") != ""
	kind := r.kindOf(sh)
	if kind == kindNone || !r.identify(sh) {
		r.Stats.Skipped++
		return
	}
	switch {
	case kind == kindUnread:
		r.Stats.unread(r.operation(sh))
		r.note(NoteUnread, "", attrOperation, r.operation(sh))
		r.Stats.Skipped++
		return
	case kind == kindBare && !r.knows():
		r.Stats.Skipped++
		return
	case r.options.Spans != nil && r.options.Spans.Seen(redelivery.Fingerprint(s.TraceID(), s.SpanID(), int32(s.Kind()))):
		r.Stats.Repeated++
		return
	case kind == kindPrediction:
		r.count(s, sh, kind)
	default:
		b.wait(s, kind, maphash.String(r.seed, r.model.Name), r.resource)
	}
}

// kindOf says what a span is. A failed one that only names a model is bare.
func (r *Reader) kindOf(sh *shape) spanKind {
	operation := r.operation(sh)
	wrapper := slices.Contains(wrapperOperations, operation)
	switch {
	case wrapper && r.inference(sh):
		return kindAgent
	case r.inference(sh):
		return kindCall
	case sh.prediction || r.predict(sh):
		return kindPrediction
	case wrapper:
		return kindNone
	case r.failed:
		return kindBare
	case sh.tokens():
		return kindUnread
	}
	return kindNone
}

// operation returns what a generative model was asked to do; empty where the span does not say.
func (r *Reader) operation(sh *shape) string { return r.text(sh.operation, "") }

// count counts a span, of which decode and identify have been called.
func (r *Reader) count(s ptrace.Span, sh *shape, kind spanKind) {
	view := r.modelView()
	r.malformed = false
	duration := r.stamp(s)
	// What a call that failed before it had its features lacks is not missing.
	r.unknown = s.DroppedAttributesCount() > 0 || r.failed && len(sh.featureAt) == 0 && sh.features < 0
	rows := 1
	if kind == kindPrediction || kind == kindCall {
		rows = r.rows(view, sh)
	} else {
		r.prediction(&view.total).Rows++
	}
	service := r.service(view)
	if sh.usage {
		r.usage(view, sh, service, kind)
	}
	call := r.table.Call(r.prediction(&view.total), service, r.errorCode(view, sh))
	call.Rows += uint64(rows)
	if duration >= 0 && kind != kindAgent && !r.marked(sh.durationUnknown) {
		bins := r.options.DurationBins
		call.Duration.AddLazy(bins.Len(), bins.Index(duration), duration, 1, &r.ref, r.options.Exemplars)
	}
	if r.malformed {
		r.Stats.Malformed++
	} else {
		r.Stats.Counted++
	}
}

// service returns the id of the service that made the call.
func (r *Reader) service(view *modelView) uint32 {
	if view.model.Overflow {
		return series.OverflowID
	}
	id, room := view.services.id(r.resource.service)
	if !room {
		r.Stats.OverflowedServices++
		r.note(NoteServices, "", attrService, r.resource.service)
	}
	return id
}

// errorCode returns the Error of the span's Call.
func (r *Reader) errorCode(view *modelView, sh *shape) uint32 {
	if !r.failed {
		return cells.NoError
	}
	typ := r.bounded(r.text(sh.errorType, ""))
	if typ == "" || typ == errorOther || view.model.Overflow {
		return cells.OtherError
	}
	id, room := view.errors.id(typ)
	if !room {
		r.Stats.OverflowedErrors++
		r.note(NoteErrors, "", attrErrorType, typ)
		return cells.OtherError
	}
	return 1 + id
}

// decode finds the shape of the attributes and decodes their values.
func (r *Reader) decode(attrs pcommon.Map) *shape {
	if sh := r.shapes.last; sh != nil && r.walk(sh, attrs) {
		return sh
	}
	for _, sh := range r.shapes.recent {
		if sh != nil && sh != r.shapes.last && r.walk(sh, attrs) {
			r.shapes.last = sh
			return sh
		}
	}
	sh := r.shapes.span(attrs)
	r.walk(sh, attrs)
	r.shapes.remember(sh)
	return sh
}

// walk decodes the values of attrs, and returns false if their keys are not those of sh.
func (r *Reader) walk(sh *shape, attrs pcommon.Map) bool {
	if attrs.Len() != len(sh.keys) {
		return false
	}
	if len(r.values) < len(sh.keys) {
		r.values = append(r.values, make([]value, len(sh.keys)-len(r.values))...)
	}
	values := r.values[:len(sh.keys)]
	used := sh.used[:len(sh.keys)]
	r.lists = r.lists[:0]
	i := 0
	for k, v := range attrs.All() {
		if k != sh.keys[i] {
			return false
		}
		if used[i] {
			x := &values[i]
			x.set(v)
			if x.kind == list {
				r.lists = append(r.lists, i)
			}
		}
		i++
	}
	return true
}

// inference is true for a span that says that it is one call of one model: by its operation, or by what ml_normalize makes of one that has another
// name.
func (r *Reader) inference(sh *shape) bool {
	return r.isInference(sh.operation) || r.isInference(sh.mlOperation)
}

func (r *Reader) isInference(at int) bool {
	return at >= 0 && r.values[at].kind == text && slices.Contains(inferenceOperations, r.values[at].str)
}

// predict is true for a span that says no more than that it is a prediction.
func (r *Reader) predict(sh *shape) bool {
	return sh.mlOperation >= 0 && r.values[sh.mlOperation].kind == text && r.values[sh.mlOperation].str == operationPredict
}

// marked is true where the value at a position is true.
func (r *Reader) marked(at int) bool {
	return at >= 0 && r.values[at].kind == boolean && r.values[at].num == 1
}

// text returns the string at a position, or else the resource's.
func (r *Reader) text(at int, fallback string) string {
	if at >= 0 && r.values[at].kind == text {
		return r.values[at].str
	}
	return fallback
}

// identify sets model to the one that answered, and returns false where the span does not name one.
func (r *Reader) identify(sh *shape) bool {
	r.model = series.Key{Name: r.bounded(r.text(sh.name, r.resource.name))}
	if r.model.Name == "" {
		return false
	}
	r.model.Version = r.bounded(r.text(sh.version, r.resource.version))
	r.model.Role = r.bounded(r.text(sh.role, r.resource.role))
	r.model.Environment = r.bounded(r.text(sh.environment, r.resource.environment))
	if r.model.Role == mlconv.RolePrimary {
		r.model.Role = ""
	}
	return true
}

// knows is true for a model that has a card or was seen before.
func (r *Reader) knows() bool {
	return r.last != nil && r.last.model.Key == r.model || r.views[r.model] != nil || r.registry.Knows(r.model)
}

// modelView returns the view of the model.
func (r *Reader) modelView() *modelView {
	if r.last != nil && r.last.model.Key == r.model {
		return r.last
	}
	view := r.views[r.model]
	if view == nil {
		m, room := r.registry.Model(r.model)
		key := m.Key
		if !room {
			r.Stats.OverflowedModels++
			r.note(NoteModels, "", mlconv.AttrModelName, r.model.Name)
			key = series.Key{} // the views of what finds no room must not add up
			if view = r.views[key]; view != nil {
				return view
			}
		}
		view = newModelView(m)
		r.views[key] = view
	}
	r.last = view
	return view
}

// stamp sets minute and ref, and returns the span's duration in seconds, -1 if unknown. Event time is the end of
// the span; a span without one is taken to end when it starts, and without either now.
func (r *Reader) stamp(s ptrace.Span) float64 {
	start, end := s.StartTimestamp(), s.EndTimestamp()
	duration := -1.0
	switch {
	case start == 0:
	case end > start:
		duration = float64(end-start) / 1e9
	case end == start:
		duration = 0
	case end != 0:
		r.flaw(FlawTime, "", "end time", nil)
	}
	if end == 0 {
		end = start
	}
	if end == 0 {
		end = pcommon.NewTimestampFromTime(r.options.Now())
	}
	r.minute = 0
	if !r.options.AllTime {
		r.minute = int64(end / pcommon.Timestamp(time.Minute))
	}
	if r.options.Exemplars {
		r.ref = cells.Ref{Trace: s.TraceID(), Span: s.SpanID(), Time: end}
	}
	return duration
}

// prediction returns the cell to count into.
func (r *Reader) prediction(c *cohortView) *cells.Prediction {
	if c.predictionEpoch != r.predictionEpoch || c.predictionMinute != r.minute || c.prediction.Full() {
		c.key.Minute = r.minute
		c.prediction = r.table.Prediction(c.key)
		c.predictionEpoch, c.predictionMinute = r.predictionEpoch, r.minute
	}
	return c.prediction
}

// features returns the cell to count into.
func (r *Reader) features(c *cohortView) *cells.Features {
	if c.featuresEpoch != r.featuresEpoch || c.featureMinute != r.minute || c.features.Full() {
		c.key.Minute = r.minute
		c.features = r.table.Features(c.key)
		c.featuresEpoch, c.featureMinute = r.featuresEpoch, r.minute
	}
	return c.features
}
