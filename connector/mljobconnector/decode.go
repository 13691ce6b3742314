// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/scalar"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxMessage is the length in bytes at which the messages of errors are cut; names are cut at
// boundedname.Max.
const maxMessage = 1024

// maxShown is how much of a value that cannot be read is kept for the log, in bytes.
const maxShown = 64

// maxValues is the number of null ratios, and of metrics, that are read of one span. Of a span with
// more, what is absent is unknown.
const maxValues = 4096

// What a span is, as the reader counts it.
const (
	kindInner   = int(run.KindInner)
	kindRoot    = int(run.KindRoot)
	kindStage   = int(run.KindStage)
	kindMarker  = int(run.KindMarker)
	kindIgnored = kindMarker + 1
	// kindNotSelected is of spans of which no condition is true.
	kindNotSelected = kindIgnored + 1
)

// reader reads the spans that matter to jobs out of requests. A resource is read once, the
// attributes of a span are walked once. A span is read if it or its resource names a job or a
// stage, if it has another attribute of the vocabulary, or if it erred (then it may be the cause of
// what failed in its trace); all others are ignored without an allocation. It is not safe for
// concurrent use.
type reader struct {
	spans []run.Span
	// counts are the spans by what they are, unreadable the attributes whose value could not be
	// used, cuts the strings that were too long.
	counts           [len(kinds)]int64
	unreadable, cuts int64
	// firstUnreadable and firstCut are the first of each.
	firstUnreadable, firstCut misread
	// key is that of the attribute at hand, date the latest logical date that was good. ahead is 1
	// while a resource is read: its first span comes next.
	key, date string
	ahead     int

	// base is what the resource at hand says of all its spans.
	base run.Span
}

// misread is an attribute that could not be used as it came, and the place in reader.spans of the
// span that has it.
type misread struct {
	key, value string
	span       int
}

// readers keeps readers with their buffers.
var readers = sync.Pool{New: func() any { return new(reader) }}

// maxKept is the number of spans that a reader's buffer may have room for while it is not in use.
const maxKept = 4096

// release gives the reader back. Its spans must not be used any more; their strings and lists may.
func (r *reader) release() {
	clear(r.spans)
	spans := r.spans[:0]
	if cap(spans) > maxKept {
		spans = nil
	}
	*r = reader{spans: spans}
	readers.Put(r)
}

// wanted tells the spans that are read; nil reads all.
type wanted func(ptrace.ResourceSpans, ptrace.ScopeSpans, ptrace.Span) bool

// read reads a request and leaves it as it is. It calls alive with the service of every resource
// that has spans that are wanted.
func (r *reader) read(td ptrace.Traces, wants wanted, alive func(service string)) {
	for _, rs := range td.ResourceSpans().All() {
		named := false
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				if wants != nil && !wants(rs, ss, s) {
					r.counts[kindNotSelected]++
					continue
				}
				if !named {
					named = true
					r.resource(rs.Resource().Attributes())
					alive(r.base.Service)
				}
				r.counts[r.span(s)]++
			}
		}
	}
}

// spanOf returns the span that a value was read of; of a resource's the first one.
func (r *reader) spanOf(m misread) *run.Span {
	if at := max(m.span-1, 0); at < len(r.spans) {
		return &r.spans[at]
	}
	return &r.base
}

// resource reads what a resource says of its spans. Outcomes, rows and measurements are not among
// it.
func (r *reader) resource(attributes pcommon.Map) {
	r.base = run.Span{RowsIn: -1, RowsOut: -1}
	r.ahead = 1
	defer func() { r.ahead = 0 }()
	var environment prediction.EnvironmentNames
	for k, v := range attributes.All() {
		r.key = k
		switch k {
		case mlconv.AttrServiceName:
			r.text(v, &r.base.Service)
		case mlconv.AttrEnvironment, mlconv.AttrOlderEnvironment:
			r.text(v, environment.Slot(k))
		default:
			r.common(&r.base, k, v)
		}
	}
	r.base.Environment = environment.Environment()
}

// common reads the attributes that mean the same on a span and on its resource.
func (r *reader) common(s *run.Span, k string, v pcommon.Value) {
	switch k {
	case mlconv.AttrPipelineName:
		r.text(v, &s.Job)
	case mlconv.AttrPipelineRunID:
		r.text(v, &s.RunID)
	case mlconv.AttrTaskName:
		r.text(v, &s.Task)
	case mlconv.AttrTaskRunID:
		r.text(v, &s.TaskRunID)
	case mlconv.AttrJobLogicalDate:
		r.logicalDate(v, s)
	case mlconv.AttrJobResumes:
		r.text(v, &s.Resumes)
	case mlconv.AttrStageInstance:
		r.text(v, &s.Instance)
	case mlconv.AttrStageCause:
		r.text(v, &s.Cause)
	case mlconv.AttrStageInstances:
		r.count(v, &s.Instances)
	case mlconv.AttrStageAttempt:
		r.count(v, &s.Attempt)
	case mlconv.AttrStageFinal:
		if final, ok := scalar.Boolean(v); ok {
			s.Final, s.Retried = final, !final
		} else {
			r.misread(v)
		}
	}
}

// own is what only a span itself can say.
type own struct {
	// job, task and taskRun say that the attribute is on the span; marker that its state is that of
	// something that goes on.
	job, task, taskRun, marker bool
	run, stage                 run.Outcome // the results
	errorType                  string
	// violated and rows are those of a contract; zero where there are none.
	violated, rows pcommon.Value
	severity       string
	model          bool
	environment    prediction.EnvironmentNames
}

// concerns tells apart the keys that are read. Most spans have none of them.
func concerns(k string) bool {
	switch k {
	case mlconv.AttrPipelineName, mlconv.AttrPipelineRunID, mlconv.AttrPipelineRunState, mlconv.AttrPipelineResult,
		mlconv.AttrTaskName, mlconv.AttrTaskRunID, mlconv.AttrTaskRunResult,
		mlconv.AttrStageAttempt, mlconv.AttrStageFinal, mlconv.AttrStageInstance, mlconv.AttrStageInstances, mlconv.AttrStageCause,
		mlconv.AttrStageRowsIn, mlconv.AttrStageRowsOut, mlconv.AttrJobLogicalDate, mlconv.AttrJobResumes:
		return true
	default:
		return strings.HasPrefix(k, mlconv.PrefixStageNullRatio) || strings.HasPrefix(k, mlconv.PrefixStageMetric)
	}
}

// span reads a span and returns what it is.
func (r *reader) span(s ptrace.Span) int {
	var o own
	var sp *run.Span
	if r.base.Job != "" || r.base.Task != "" {
		sp = r.begin()
	}
	for k, v := range s.Attributes().All() {
		r.key = k
		switch k {
		case mlconv.AttrEnvironment, mlconv.AttrOlderEnvironment:
			r.text(v, o.environment.Slot(k))
		case mlconv.AttrErrorType:
			r.text(v, &o.errorType)
		case mlconv.AttrContractViolated:
			o.violated = v
		case mlconv.AttrContractViolatedRows:
			o.rows = v
		case mlconv.AttrContractSeverity:
			r.text(v, &o.severity)
		case mlconv.AttrModelName:
			o.model = true
		default:
			if !concerns(k) {
				continue
			}
			if sp == nil {
				sp = r.begin()
			}
			r.attribute(sp, &o, k, v)
		}
	}
	if sp == nil {
		if s.Status().Code() == ptrace.StatusCodeOk || derived(s, o.errorType) == run.Success {
			return kindIgnored
		}
		sp = r.begin() // perhaps the cause of a failure
	}
	sp.TraceID, sp.SpanID, sp.ParentID = run.TraceID(s.TraceID()), run.SpanID(s.SpanID()), run.SpanID(s.ParentSpanID())
	if sp.TraceID == (run.TraceID{}) && (sp.Job == "" || sp.RunID == "") { // of no trace and no run
		r.spans = r.spans[:len(r.spans)-1]
		return kindIgnored
	}
	r.key = "name"
	sp.Name = r.name(s.Name())
	sp.Start, sp.End = r.at("start_time_unix_nano", s.StartTimestamp()), r.at("end_time_unix_nano", s.EndTimestamp())
	sp.Dropped = sp.Dropped || s.DroppedAttributesCount() > 0
	if environment := o.environment.Environment(); environment != "" {
		sp.Environment = environment
	}
	sp.Kind = o.kind(sp, s)
	o.outcome(r, sp, s)
	if o.violated != (pcommon.Value{}) {
		o.violations(r, sp)
	}
	return int(sp.Kind)
}

// begin starts another span with what its resource says.
func (r *reader) begin() *run.Span {
	r.spans = append(r.spans, r.base)
	return &r.spans[len(r.spans)-1]
}

// attribute reads an attribute of the vocabulary.
func (r *reader) attribute(s *run.Span, o *own, k string, v pcommon.Value) {
	switch k {
	case mlconv.AttrPipelineName:
		o.job = r.text(v, &s.Job)
	case mlconv.AttrTaskName:
		o.task = r.text(v, &s.Task)
	case mlconv.AttrTaskRunID:
		o.taskRun = r.text(v, &s.TaskRunID)
	case mlconv.AttrPipelineRunState:
		var state string
		if !r.text(v, &state) {
			break
		}
		switch state {
		case "pending", "executing", "finalizing":
			o.marker = true
		default:
			r.misread(v)
		}
	case mlconv.AttrPipelineResult:
		r.result(v, &o.run)
	case mlconv.AttrTaskRunResult:
		r.result(v, &o.stage)
	case mlconv.AttrStageRowsIn:
		r.rows(v, &s.RowsIn)
	case mlconv.AttrStageRowsOut:
		r.rows(v, &s.RowsOut)
	default:
		if name, ok := strings.CutPrefix(k, mlconv.PrefixStageNullRatio); ok {
			ratio, ok := scalar.Float(v)
			r.value(s, &s.NullRatios, name, ratio, ok && ratio >= 0 && ratio <= 1, v)
		} else if name, ok := strings.CutPrefix(k, mlconv.PrefixStageMetric); ok {
			metric, ok := scalar.Float(v)
			r.value(s, &s.Metrics, name, metric, ok, v)
		} else {
			r.common(s, k, v)
		}
	}
}

// kind says what the span is to its run.
//
//   - A marker has a state and no result.
//   - With a stage of its own it is an attempt of that stage. Where the resource names the stage,
//     every span of the process does: then it is the one that has no parent in that process, or
//     that has a result or a run id of the stage.
//   - Without a stage it is the root if it has the run's result, or no parent, or is of kind SERVER
//     or CONSUMER and names the job itself.
//   - All others are inner spans, also those of no job that have neither.
func (o *own) kind(s *run.Span, span ptrace.Span) run.Kind {
	const knownRemote = 0x100 | 0x200 // SpanFlags of OTLP: has_is_remote and is_remote
	top := s.ParentID == (run.SpanID{})
	switch {
	case o.marker && o.run == run.Unknown && o.stage == run.Unknown:
		return run.KindMarker
	case o.task:
		return run.KindStage
	case s.Task != "":
		if top || span.Flags()&knownRemote == knownRemote || o.stage != run.Unknown || o.taskRun {
			return run.KindStage
		}
	case o.run != run.Unknown, top && s.Job != "":
		return run.KindRoot
	case o.job && (span.Kind() == ptrace.SpanKindServer || span.Kind() == ptrace.SpanKindConsumer):
		return run.KindRoot
	}
	return run.KindInner
}

// violations reads the checks of a contract that the span says its data broke.
func (o *own) violations(r *reader, s *run.Span) {
	r.key = mlconv.AttrContractViolated
	if o.violated.Type() != pcommon.ValueTypeSlice {
		r.misread(o.violated)
		return
	}
	var each pcommon.Slice
	counted := 0
	if o.rows != (pcommon.Value{}) && o.rows.Type() == pcommon.ValueTypeSlice {
		each = o.rows.Slice()
		counted = each.Len()
	}
	list := o.violated.Slice()
	for i := range min(list.Len(), maxValues) {
		v := run.Violation{Rows: 1}
		if i < counted {
			v.Rows = uint64(max(each.At(i).Int(), 0))
		}
		if r.text(list.At(i), &v.ID) && v.Rows > 0 {
			s.Violations = append(s.Violations, v)
		}
	}
	s.Severity, s.Foreign = o.severity, o.model
}

// outcome sets how it ended and what went wrong. The result of a stage is the stage's, that of a
// root the run's; where only the other is given it counts.
func (o *own) outcome(r *reader, s *run.Span, span ptrace.Span) {
	s.OK = span.Status().Code() == ptrace.StatusCodeOk
	if s.Kind == run.KindMarker {
		return
	}
	if s.Kind == run.KindRoot {
		s.Outcome = cmp.Or(o.run, o.stage)
	} else {
		s.Outcome = cmp.Or(o.stage, o.run)
	}
	s.Explicit = s.Outcome != run.Unknown
	if !s.Explicit {
		s.Outcome = derived(span, o.errorType)
	}
	s.ExceptionType, s.Message = o.errorType, span.Status().Message()
	if kind, message, ok := exception(span.Events()); ok {
		s.ExceptionType, s.Message = cmp.Or(kind, s.ExceptionType), cmp.Or(message, s.Message)
	}
	r.key = mlconv.AttrExceptionType
	s.ExceptionType, s.Message = r.name(s.ExceptionType), words.Cut(s.Message, maxMessage)
}

// derived is the outcome of a span that does not say one: the status', and where that is not set,
// failure if there is an error's type or an exception.
func derived(s ptrace.Span, errorType string) run.Outcome {
	switch s.Status().Code() {
	case ptrace.StatusCodeError:
		return run.Failure
	case ptrace.StatusCodeOk:
		return run.Success
	default:
		if errorType != "" {
			return run.Failure
		}
		if _, _, ok := exception(s.Events()); ok {
			return run.Failure
		}
		return run.Success
	}
}

// exception returns the last exception that a span recorded: the one that ended it, if one did.
func exception(events ptrace.SpanEventSlice) (kind, message string, ok bool) {
	for i := events.Len() - 1; i >= 0; i-- {
		e := events.At(i)
		if e.Name() != mlconv.EventException {
			continue
		}
		for k, v := range e.Attributes().All() {
			switch k {
			case mlconv.AttrExceptionType:
				kind = scalar.Text(v)
			case mlconv.AttrExceptionMessage:
				message = scalar.Text(v)
			}
		}
		return kind, message, true
	}
	return "", "", false
}

// at returns a time, zero where there is none or it is after 2262.
func (r *reader) at(field string, t pcommon.Timestamp) time.Time {
	switch {
	case t == 0:
		return time.Time{}
	case t > math.MaxInt64:
		r.key = field
		r.noteUnreadable(strconv.FormatUint(uint64(t), 10))
		return time.Time{}
	}
	return t.AsTime()
}

// What can be read of a value without a guess is (internal/scalar), everything else is counted and
// left out.

// text sets a name and reports whether it did. An empty value is the same as none.
func (r *reader) text(v pcommon.Value, to *string) bool {
	switch v.Type() {
	case pcommon.ValueTypeStr, pcommon.ValueTypeInt:
	case pcommon.ValueTypeEmpty:
		return false
	default:
		r.misread(v)
		return false
	}
	if s := scalar.Text(v); s != "" {
		*to = r.name(s)
		return true
	}
	return false
}

// misread counts an attribute, that of r.key, whose value cannot be used, and keeps the first one
// for the log.
func (r *reader) misread(v pcommon.Value) {
	if r.unreadable++; r.unreadable == 1 {
		r.firstUnreadable = r.misreadAt(v.AsString())
	}
}

// noteUnreadable is misread for what is no attribute.
func (r *reader) noteUnreadable(value string) {
	if r.unreadable++; r.unreadable == 1 {
		r.firstUnreadable = r.misreadAt(value)
	}
}

// misreadAt says where a value stood. Keys with a name of the user's own count as their prefix.
func (r *reader) misreadAt(value string) misread {
	key := r.key
	for _, prefix := range []string{mlconv.PrefixStageNullRatio, mlconv.PrefixStageMetric} {
		if strings.HasPrefix(key, prefix) {
			name, _ := boundedname.Cut(key)
			key, value = prefix+"*", name+" = "+value
		}
	}
	return misread{key: key, value: words.Cut(value, maxShown), span: len(r.spans) + r.ahead}
}

// name bounds a name.
func (r *reader) name(s string) string {
	short, wasCut := boundedname.Cut(s)
	if wasCut {
		if r.cuts++; r.cuts == 1 {
			r.firstCut = r.misreadAt(short)
		}
	}
	return short
}

// logicalDate sets a date as it came, and counts one that cannot be read.
func (r *reader) logicalDate(v pcommon.Value, s *run.Span) {
	if !r.text(v, &s.LogicalDate) || s.LogicalDate == r.date {
		return
	}
	if _, ok := run.ParseDate(s.LogicalDate, nil); !ok {
		r.misread(v)
		return
	}
	r.date = s.LogicalDate
}

// count sets a number from 1 on.
func (r *reader) count(v pcommon.Value, to *int) {
	n, ok := scalar.Integer(v)
	if !ok || n < 1 || n > math.MaxInt32 {
		r.misread(v)
		return
	}
	*to = int(n)
}

// rows sets a number from 0 on.
func (r *reader) rows(v pcommon.Value, to *int64) {
	n, ok := scalar.Integer(v)
	if !ok || n < 0 {
		r.misread(v)
		return
	}
	*to = n
}

// value adds a named number.
func (r *reader) value(s *run.Span, to *[]run.Value, name string, value float64, ok bool, v pcommon.Value) {
	switch {
	case !ok || name == "":
		r.misread(v)
	case len(*to) == maxValues:
		s.Dropped = true
	default:
		*to = append(*to, run.Value{Name: r.name(name), Value: value})
	}
}

// results are the values of cicd.pipeline.result and cicd.pipeline.task.run.result.
var results = [...]run.Outcome{run.Success, run.Failure, run.Error, run.Timeout, run.Cancellation, run.Skip}

// skipped is what many systems write for skip.
const skipped = "skipped"

// result sets an outcome; upper and lower case are the same.
func (r *reader) result(v pcommon.Value, to *run.Outcome) {
	if v.Type() == pcommon.ValueTypeStr {
		for _, o := range results {
			if strings.EqualFold(v.Str(), o.String()) {
				*to = o
				return
			}
		}
		if strings.EqualFold(v.Str(), skipped) {
			*to = run.Skip
			return
		}
	}
	if v.Type() != pcommon.ValueTypeEmpty {
		r.misread(v)
	}
}
