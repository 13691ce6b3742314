// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jobtest

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Span is one span. Start and End are in true time; its process's clock is put onto them when it is
// written.
type Span struct {
	Process    *Process
	Name       string
	Kind       ptrace.SpanKind
	Trace      pcommon.TraceID
	ID, Parent pcommon.SpanID
	// Remote says that the parent is in another process.
	Remote     bool
	Start, End time.Time
	Attributes map[string]any
	Status     ptrace.StatusCode
	Message    string

	script     *Script
	run        *Run
	stage      *Span // the stage that it is or is below of
	exceptions []exception
	dropped    uint32
	arrives    time.Time
	again      []time.Time
	lost       bool
}

type exception struct {
	kind, message string
	at            time.Time
}

// Set sets an attribute: string, bool, int or float64.
func (sp *Span) Set(key string, value any) *Span {
	sp.Attributes[key] = value
	return sp
}

// Unset takes an attribute away.
func (sp *Span) Unset(key string) *Span {
	delete(sp.Attributes, key)
	return sp
}

// Rows sets the rows that a stage read and wrote; a negative number is left out.
func (sp *Span) Rows(in, out int) *Span {
	if in >= 0 {
		sp.Set(mlconv.AttrStageRowsIn, in)
	}
	if out >= 0 {
		sp.Set(mlconv.AttrStageRowsOut, out)
	}
	return sp
}

// Scale multiplies the rows that the span has.
func (sp *Span) Scale(in, out float64) *Span {
	for key, f := range map[string]float64{mlconv.AttrStageRowsIn: in, mlconv.AttrStageRowsOut: out} {
		if n, ok := sp.Attributes[key].(int); ok {
			sp.Set(key, int(float64(n)*f))
		}
	}
	return sp
}

// Nulls sets the share of nulls in a column.
func (sp *Span) Nulls(feature string, ratio float64) *Span {
	return sp.Set(mlconv.PrefixStageNullRatio+feature, ratio)
}

// Metric sets what a stage has measured.
func (sp *Span) Metric(name string, value any) *Span {
	return sp.Set(mlconv.PrefixStageMetric+name, value)
}

// Result sets the outcome of a stage.
func (sp *Span) Result(result string) *Span { return sp.Set(mlconv.AttrTaskRunResult, result) }

// Attempt says which attempt of a stage it is, and whether it is known to be the last one.
func (sp *Span) Attempt(attempt int, final bool) *Span {
	return sp.Set(mlconv.AttrStageAttempt, attempt).Set(mlconv.AttrStageFinal, final).
		Set(mlconv.AttrTaskRunID, sp.Name+"-"+strconv.Itoa(attempt))
}

// Instance says which instance of a stage it is, of how many; 0 leaves the latter out.
func (sp *Span) Instance(name string, of int) *Span {
	if of > 0 {
		sp.Set(mlconv.AttrStageInstances, of)
	}
	return sp.Set(mlconv.AttrStageInstance, name)
}

// Error sets the status Error.
func (sp *Span) Error(message string) *Span {
	sp.Status, sp.Message = ptrace.StatusCodeError, message
	return sp
}

// OK sets the status OK.
func (sp *Span) OK() *Span {
	sp.Status = ptrace.StatusCodeOk
	return sp
}

// Exception records an exception at the end of the span, as an event. The status stays.
func (sp *Span) Exception(kind, message string) *Span {
	sp.exceptions = append(sp.exceptions, exception{kind, message, sp.End})
	return sp
}

// Raise records an exception and sets the status Error.
func (sp *Span) Raise(kind, message string) *Span {
	return sp.Exception(kind, message).Error(message)
}

// Child adds a span below, of the same process; from and to are shares of the span's time.
func (sp *Span) Child(name string, from, to float64) *Span {
	return sp.ChildOf(sp.Process, name, from, to)
}

// ChildOf adds a span below, of another process.
func (sp *Span) ChildOf(p *Process, name string, from, to float64) *Span {
	d := float64(sp.End.Sub(sp.Start))
	return sp.script.Span(p, sp, name, sp.Start.Add(time.Duration(from*d)), sp.Start.Add(time.Duration(to*d)))
}

// Dropped says that the span lost attributes to a limit of its SDK.
func (sp *Span) Dropped(n int) *Span {
	sp.dropped = uint32(n)
	return sp
}

// Arrives is when the span is first delivered.
func (sp *Span) Arrives() time.Time {
	if !sp.arrives.IsZero() {
		return sp.arrives
	}
	return sp.Process.sends(sp.End)
}

// At delivers the span at a time.
func (sp *Span) At(at time.Time) *Span {
	sp.arrives = at
	return sp
}

// Late delivers the span later than it would be.
func (sp *Span) Late(d time.Duration) *Span { return sp.At(sp.Arrives().Add(d)) }

// Again delivers the span once more, later by d than the first time.
func (sp *Span) Again(d ...time.Duration) *Span {
	for _, d := range d {
		sp.again = append(sp.again, sp.Arrives().Add(d))
	}
	return sp
}

// Lose never delivers the span.
func (sp *Span) Lose() *Span {
	sp.lost = true
	return sp
}

// W3C trace flags and OTLP's on the parent.
const (
	flagSampled  = 0x1
	flagKnown    = 0x100
	flagIsRemote = 0x200
)

func (sp *Span) write(out ptrace.Span) {
	p := sp.Process
	out.SetTraceID(sp.Trace)
	out.SetSpanID(sp.ID)
	out.SetParentSpanID(sp.Parent)
	out.SetName(sp.Name)
	out.SetKind(sp.Kind)
	out.SetFlags(flagSampled)
	if !p.NoFlags {
		out.SetFlags(flagSampled | flagKnown)
		if sp.Remote {
			out.SetFlags(flagSampled | flagKnown | flagIsRemote)
		}
	}
	out.SetStartTimestamp(pcommon.NewTimestampFromTime(sp.Start.Add(p.Skew)))
	out.SetEndTimestamp(pcommon.NewTimestampFromTime(sp.End.Add(p.Skew)))
	out.SetDroppedAttributesCount(sp.dropped)
	out.Status().SetCode(sp.Status)
	if sp.Status == ptrace.StatusCodeError {
		out.Status().SetMessage(sp.Message)
	}
	put(out.Attributes(), sp.Attributes)
	for _, e := range sp.exceptions {
		event := out.Events().AppendEmpty()
		event.SetName("exception")
		event.SetTimestamp(pcommon.NewTimestampFromTime(e.at.Add(p.Skew)))
		put(event.Attributes(), map[string]any{
			"exception.type": e.kind, "exception.message": e.message, "exception.stacktrace": e.kind + ": " + e.message + "\n\tat line 42",
		})
	}
}

func put(m pcommon.Map, attributes map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		switch v := attributes[key].(type) {
		case string:
			m.PutStr(key, v)
		case bool:
			m.PutBool(key, v)
		case int:
			m.PutInt(key, int64(v))
		case float64:
			m.PutDouble(key, v)
		default:
			panic("jobtest: an attribute is a string, bool, int or float64, not " + key)
		}
	}
}
