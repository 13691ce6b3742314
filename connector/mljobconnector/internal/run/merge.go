// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import "slices"

// Merge takes in what another run holds, which turned out to be this one. The run keeps its key and
// its id. The other run must not be used afterwards.
func (r *Run) Merge(other *Run) {
	r.Lost += other.Lost
	r.crowded = r.crowded || other.crowded
	traces := make([]uint16, len(other.Traces))
	for i, id := range other.Traces {
		traces[i] = r.trace(id)
		switch {
		case int(traces[i]) == len(r.Traces):
			r.Traces = append(r.Traces, id)
		case traces[i] == unknownTrace:
			r.exceed(ExceededTraces)
		}
	}
	trace := func(n uint16) uint16 {
		if int(n) < len(traces) {
			return traces[n]
		}
		return unknownTrace
	}
	r.LogicalDate = firstText(r.LogicalDate, other.LogicalDate)
	r.Resumes = firstText(r.Resumes, other.Resumes)
	r.seen(other.FirstSeen, other.LastSeen)
	r.span(nanos(other.Start), nanos(other.End))
	r.life.merge(other.life)
	if other.Root != nil {
		r.keepRoot(other.Root, r.trace(other.Root.TraceID))
	}
	for _, s := range other.Stages {
		if own := r.stage(s.Name, s.failed()); own != nil {
			own.merge(r, s, trace)
		}
	}
	if other.more == nil {
		return
	}
	for l := range other.more.links.oldest {
		l.trace = trace(l.trace)
		if !r.extra().links.has(&l) {
			r.more.links.add(l, r.limits.Links)
		}
	}
	for _, f := range other.more.errors {
		f.trace = trace(f.trace)
		r.offerFailure(f)
	}
}

// Failed reports whether a span of the run has said that it, or a stage of it, has failed for good.
func (r *Run) Failed() bool {
	return r.Root != nil && r.Root.Outcome.Bad() || slices.ContainsFunc(r.Stages, (*Stage).failed)
}

// failed reports whether an attempt of the stage has failed for good.
func (s *Stage) failed() bool {
	return slices.ContainsFunc(s.attempts, func(t Attempt) bool { return t.failed() })
}

// failed reports whether the attempt has failed for good.
func (t *Attempt) failed() bool { return t.Outcome.Bad() && !t.Retried() }

func (s *Stage) merge(r *Run, other *Stage, trace func(uint16) uint16) {
	s.Expected = max(s.Expected, other.Expected)
	s.arrived = max(s.arrived, other.arrived)
	for _, t := range other.attempts {
		t.trace = trace(t.trace)
		s.keepAttempt(r, t)
	}
	if other.side == nil {
		return
	}
	s.extra().life.merge(other.side.life)
	if other.Crowded() {
		s.extra().crowded = true
	}
	for instance := range other.side.begun {
		s.begin(r, instance.Value())
	}
	for instance, news := range other.side.reported {
		s.mergeReport(r, instance, news)
	}
}
