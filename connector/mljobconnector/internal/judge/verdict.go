// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// Judge gives the verdict on a run that has ended. Missing stages, instances and metrics are faults
// only where deadlinePassed is true.
//
// The outcome of a run is what its root's result says; without a result Error is a failure, OK
// success, and an unset status success unless a stage failed that is not optional. Without a root
// it is what the stages say. A run that was cancelled is no failure even if a stage failed: most of
// them do when they are killed. That stage is named.
func Judge(r *run.Run, e Expect, deadlinePassed bool) Verdict {
	v := newView(r, e)
	out := Verdict{Outcome: v.outcome(deadlinePassed)}
	switch {
	case out.Outcome.Bad():
		v.judgeFailed(&out, deadlinePassed)
	case out.Outcome == run.Cancellation:
		v.judgeCancelled(&out, deadlinePassed)
	case out.Outcome == run.Success:
		v.judgeSuccess(&out, deadlinePassed)
	}
	return out
}

// disabled reports whether the card turns off alerts on a kind of fault.
func (v *view) disabled(f Fault) bool {
	return v.expect.Card != nil && v.expect.Card.Disabled(string(f.Kind))
}

// outcome is the run's.
func (v *view) outcome(deadlinePassed bool) run.Outcome {
	failed := slices.ContainsFunc(v.stages, func(s *stage) bool { return s.bad(deadlinePassed) && !s.optional() })
	if root := v.root; root != nil {
		switch {
		case root.Explicit && root.Outcome != run.Unknown, root.Outcome.Bad():
			return root.Outcome
		case failed && !root.OK:
			return run.Failure
		}
		return run.Success // its status is OK, or unset without an error on it
	}
	if failed {
		return run.Failure
	}
	ended, good, cancelled := 0, 0, 0
	for _, s := range v.stages {
		switch s.outcome(deadlinePassed) {
		case run.Success:
			ended, good = ended+1, good+1
		case run.Cancellation:
			ended, cancelled = ended+1, cancelled+1
		case run.Skip:
			ended++
		}
	}
	switch {
	case cancelled > 0:
		return run.Cancellation
	case good > 0:
		return run.Success
	case ended > 0:
		return run.Skip
	}
	return run.Unknown
}

func (v *view) judgeFailed(out *Verdict, deadlinePassed bool) {
	f, culprit := v.jobFailed(deadlinePassed)
	failed, _ := v.attributeFailures(deadlinePassed)
	for _, s := range failed {
		if s != culprit {
			out.Also = append(out.Also, v.stageFailedToo(s, deadlinePassed))
		}
	}
	data := v.dataFaults(deadlinePassed)
	for i := range data {
		if v.place(data[i].Stage) <= v.place(f.Stage) {
			f.Annotations["contributing"] = words.Clip(data[i].Summary, maxAnnotation)
			break
		}
	}
	v.put(out, append([]Fault{f}, append(out.Also, data...)...))
}

// put makes the first fault that the card does not turn off the verdict's, rather one that is more
// than a warning, else one that repeats, and the rest its others.
func (v *view) put(out *Verdict, faults []Fault) {
	out.Fault, out.Also = nil, nil
	faults = slices.DeleteFunc(faults, v.disabled)
	if len(faults) == 0 {
		return
	}
	first := slices.IndexFunc(faults, func(f Fault) bool { return !f.Warning })
	if first < 0 {
		first = max(0, slices.IndexFunc(faults, func(f Fault) bool { return f.Repeats }))
	}
	f := faults[first]
	out.Fault, out.Also = &f, slices.Delete(faults, first, first+1)
}

// stageFailedToo words the failure of a further stage of a run.
func (v *view) stageFailedToo(s *stage, deadlinePassed bool) Fault {
	return v.failure(StageFailed, s, deadlinePassed, v.title()+": "+s.name+" failed")
}

// place is that of a stage in the order of the run; after all for the run itself.
func (v *view) place(name string) int {
	if i := slices.IndexFunc(v.stages, func(s *stage) bool { return s.name == name }); i >= 0 {
		return i
	}
	return len(v.stages)
}

func (v *view) judgeCancelled(out *Verdict, deadlinePassed bool) {
	f := Fault{Kind: JobCancelled, Warning: true, Annotations: map[string]string{}}
	if root := v.root; root != nil {
		f.TraceID, f.SpanID = root.TraceID, root.SpanID
	} else if len(v.run.Traces) > 0 {
		f.TraceID = v.run.Traces[0]
	}
	f.Summary = v.title() + " was cancelled"
	failed, _ := v.attributeFailures(deadlinePassed)
	var names []string
	for _, s := range failed {
		names = append(names, s.name)
		out.Also = append(out.Also, v.stageFailedToo(s, deadlinePassed))
	}
	if len(names) > 0 {
		f.Summary += "; " + words.List(names) + " failed"
		f.Annotations["failed_stages"] = words.Clip(joined(names), maxAnnotation)
	}
	f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
	if v.disabled(f) {
		out.Also = nil
		return
	}
	out.Fault = &f
}

func (v *view) judgeSuccess(out *Verdict, deadlinePassed bool) {
	var faults, warnings []Fault
	failed, _ := v.attributeFailures(deadlinePassed)
	isMissing := map[*stage]*absence{}
	if !v.resumesUnknown() {
		isMissing = v.missing()
	}
	data := v.dataFaults(deadlinePassed)
	stageFailed := false
	for _, s := range v.stages {
		switch {
		case slices.Contains(failed, s) && s.optional():
			warnings = append(warnings, v.stageFailed(s, deadlinePassed))
		case slices.Contains(failed, s):
			faults, stageFailed = append(faults, v.stageFailed(s, deadlinePassed)), true
		case isMissing[s] != nil && deadlinePassed:
			faults = append(faults, v.stageMissing(s, isMissing[s]))
		case isMissing[s] != nil, s.outcome(false) == run.Unknown && s.outcome(true).Bad() && !s.optional():
			out.Waits = true
		}
		for _, f := range data {
			if f.Stage == s.name {
				faults = append(faults, f)
			}
		}
		if _, waits := v.metricFault(s, deadlinePassed); waits {
			out.Waits = true
		}
	}
	out.Waits = out.Waits && !deadlinePassed && !stageFailed
	if f := v.slow(); f != nil {
		faults = append(faults, *f)
	}
	warnings = slices.DeleteFunc(append(warnings, v.retries()...), v.disabled)
	if v.put(out, faults); out.Fault == nil {
		out.Good, out.Warnings = !out.Waits, warnings
		out.Feeds = out.Good
		return
	}
	out.Feeds = !out.Waits && out.Fault.Learned && !slices.ContainsFunc(out.Also, func(f Fault) bool { return !f.Learned })
	out.Also = append(out.Also, warnings...)
}

// dataFaults returns the faults of stages that ended well, in the order of the run: at one stage
// metric, rows, nulls, features.
func (v *view) dataFaults(deadlinePassed bool) []Fault {
	at := map[string][]Fault{}
	for _, list := range [][]Fault{v.rowFaults(), v.nullFaults(), v.featureFaults()} {
		for _, f := range list {
			at[f.Stage] = append(at[f.Stage], f)
		}
	}
	var out []Fault
	for _, s := range v.stages {
		if f, _ := v.metricFault(s, deadlinePassed); f != nil {
			out = append(out, *f)
		}
		out = append(out, at[s.name]...)
	}
	return out
}
