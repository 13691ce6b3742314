// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jobtest

import (
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Job says which job a run is of, and how its spans say so.
type Job struct {
	Name string
	// Process sends the spans; each run gets one of its own with the same attributes.
	Process *Process
	// OnSpans puts job, run and date on every root and stage instead of the resource, as
	// ml_normalize does for Airflow.
	OnSpans bool
	// Apart gives every stage a trace of its own.
	Apart bool
	// Statuses leaves out the result attributes: the outcome is the span's status.
	Statuses bool
	// NoID leaves out the run id: a run is a trace.
	NoID bool
	// Undated leaves out the logical date.
	Undated bool
}

// Run is one run of a job.
type Run struct {
	Job
	// ID is the run id, a string or an int; Date the logical date as the spans have it.
	ID   any
	Date string
	// Start is when it began, in true time.
	Start time.Time
	// Root is its own span. It ends at Start until Close.
	Root *Span
	// Stages are the spans of stages, attempts and instances, in the order in which they were
	// added.
	Stages []*Span

	script *Script
}

// Run adds a run. It begins with a root that Close ends.
func (s *Script) Run(job Job, id any, date string, at time.Time) *Run {
	r := &Run{Job: job, ID: id, Date: date, Start: at, script: s}
	if r.Process == nil {
		r.Process = NewProcess(job.Name)
	}
	r.Process = r.onResource(r.Process)
	r.Root = s.Span(r.Process, nil, job.Name, at, at)
	r.Root.Kind = ptrace.SpanKindServer
	r.own(r.Root)
	return r
}

// identity are the attributes of the run.
func (r *Run) identity() map[string]any {
	m := map[string]any{mlconv.AttrPipelineName: r.Name}
	if !r.NoID {
		m[mlconv.AttrPipelineRunID] = r.ID
	}
	if !r.Undated {
		m[mlconv.AttrJobLogicalDate] = r.Date
	}
	return m
}

// onResource returns a process of the run like the given one.
func (r *Run) onResource(p *Process) *Process {
	p = p.With("process.pid", 1+r.script.Rand.IntN(30000))
	if !r.OnSpans {
		maps.Copy(p.Attributes, r.identity())
	}
	return p
}

// own puts what belongs on a root or stage onto it.
func (r *Run) own(sp *Span) *Span {
	sp.run = r
	if r.OnSpans {
		for key, value := range r.identity() {
			sp.Set(key, value)
		}
	}
	return sp
}

// Also returns another process of the run, for stages that run elsewhere; it is in the run's
// environment.
func (r *Run) Also(p *Process) *Process {
	p = r.onResource(p)
	if environment, ok := r.Process.Attributes[mlconv.AttrEnvironment]; ok {
		p.Attributes[mlconv.AttrEnvironment] = environment
	}
	return p
}

// Stage adds a good stage from and to a time since the run's start.
func (r *Run) Stage(name string, from, to time.Duration) *Span {
	return r.StageOn(r.Process, name, from, to)
}

// StageOn adds a stage that runs in another process.
func (r *Run) StageOn(p *Process, name string, from, to time.Duration) *Span {
	parent := r.Root
	if r.Apart {
		parent = nil
	}
	sp := r.own(r.script.Span(p, parent, name, r.Start.Add(from), r.Start.Add(to)))
	sp.stage = sp
	sp.Set(mlconv.AttrTaskName, name)
	if !r.Statuses {
		sp.Result("success")
	}
	r.Stages = append(r.Stages, sp)
	return sp
}

// Marker adds a span of no length by which a stage, or with an empty name the run, says that it is
// in a state: pending, executing or finalizing. It is sent at once.
func (r *Run) Marker(stage, state string, at time.Duration) *Span {
	return r.MarkerOn(r.Process, stage, state, at)
}

// MarkerOn adds a marker of another process.
func (r *Run) MarkerOn(p *Process, stage, state string, at time.Duration) *Span {
	parent := r.Root
	if r.Apart {
		parent = nil
	}
	when := r.Start.Add(at)
	sp := r.own(r.script.Span(p, parent, state, when, when))
	sp.Set(mlconv.AttrPipelineRunState, state)
	if stage != "" {
		sp.Set(mlconv.AttrTaskName, stage)
	}
	return sp.At(when.Add(Flush))
}

// Skip adds a stage that was skipped, for a cause that may be empty.
func (r *Run) Skip(name string, at time.Duration, cause string) *Span {
	sp := r.Stage(name, at, at).Result("skip")
	if cause != "" {
		sp.Set(mlconv.AttrStageCause, cause)
	}
	return sp
}

// Close ends the run well.
func (r *Run) Close(after time.Duration) *Span { return r.end(r.Start.Add(after), "success") }

// Fails ends the run in failure, with the status' message.
func (r *Run) Fails(after time.Duration, message string) *Span {
	return r.end(r.Start.Add(after), "failure").Error(message)
}

func (r *Run) end(at time.Time, result string) *Span {
	r.Root.End = at
	r.Root.arrives = time.Time{}
	if !r.Statuses {
		r.Root.Set(mlconv.AttrPipelineResult, result)
	}
	r.Root.Process.ends = []time.Time{at}
	return r.Root
}

// Get returns the last span of a stage; it panics if there is none.
func (r *Run) Get(stage string) *Span {
	for _, sp := range slices.Backward(r.Stages) {
		if sp.Attributes[mlconv.AttrTaskName] == stage {
			return sp
		}
	}
	panic("jobtest: the run has no stage " + stage)
}

// All returns all spans of the run.
func (r *Run) All() []*Span {
	var all []*Span
	for _, sp := range r.script.spans {
		if sp.run == r {
			all = append(all, sp)
		}
	}
	return all
}

// Remove takes a stage out, with all that is below.
func (r *Run) Remove(stage string) {
	r.drop(func(sp *Span) bool {
		return sp.stage != nil && sp.stage.Attributes[mlconv.AttrTaskName] == stage || sp != r.Root && sp.Attributes[mlconv.AttrTaskName] == stage
	})
}

// Dies takes out all that had not ended and been sent when the process died at a time, with the
// root.
func (r *Run) Dies(after time.Duration) {
	at := r.Start.Add(after)
	r.Root.Process.ends = nil
	r.drop(func(sp *Span) bool { return sp.Arrives().After(at) })
	r.Root.Lose()
}

// Breaks lets a stage fail: its last span is in error for what was raised by a call in a call in
// it, nothing after it begins, and the run fails, a second after the stage. It returns the span in
// which the error occurred.
func (r *Run) Breaks(stage, kind, message string) *Span {
	sp := r.Get(stage)
	deep := r.raise(sp, kind, message)
	r.drop(func(other *Span) bool { return other != r.Root && !other.Start.Before(sp.End) })
	r.Fails(sp.End.Sub(r.Start)+time.Second, stage+": "+message)
	return deep
}

// Raise lets a stage's span fail for what was raised two calls below, and returns the span in which
// it was.
func (r *Run) Raise(sp *Span, kind, message string) *Span { return r.raise(sp, kind, message) }

func (r *Run) raise(sp *Span, kind, message string) *Span {
	call := sp.Child("call", 0.5, 1)
	deep := call.Child("work", 0.1, 1)
	deep.Raise(kind, message)
	call.Error(message)
	sp.Error(message)
	if !r.Statuses {
		sp.Result("failure")
	}
	for _, attribute := range []string{mlconv.AttrStageRowsOut} {
		sp.Unset(attribute)
	}
	return deep
}

func (r *Run) drop(gone func(*Span) bool) {
	keep := func(sp *Span) bool { return sp == r.Root || sp.run != r || !gone(sp) }
	filter := func(spans []*Span) []*Span {
		return slices.DeleteFunc(spans, func(sp *Span) bool { return !keep(sp) })
	}
	r.script.spans, r.Stages = filter(r.script.spans), filter(r.Stages)
}

// TraceOf gives all spans of the run with a trace id another one, as a new process does that was
// not handed the context.
func (r *Run) TraceOf(from, to pcommon.TraceID) {
	for _, sp := range r.All() {
		if sp.Trace == from {
			sp.Trace = to
		}
	}
}
