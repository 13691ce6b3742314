// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// Judge gives the verdict on a run that has ended. Absent stages, instances and metrics are faults only where absence is true.
//
// The outcome of a run is what its root's result says; without a result Error is a failure, OK success, and an unset status success
// unless a stage failed that is not optional. Without a root it is what the stages say. A run that was cancelled is no failure even if a stage
// failed: most of them do when they are killed. That stage is named.
func Judge(r *run.Run, e Expect, absence bool) Verdict {
	v := newView(r, e)
	out := Verdict{Outcome: v.outcome(absence)}
	switch {
	case out.Outcome.Bad():
		v.judgeFailed(&out, absence)
	case out.Outcome == run.Cancellation:
		v.judgeCancelled(&out, absence)
	case out.Outcome == run.Success:
		v.judgeSuccess(&out, absence)
	}
	return out
}

// outcome is the run's.
func (v *view) outcome(over bool) run.Outcome {
	failed := slices.ContainsFunc(v.stages, func(s *stage) bool { return s.bad(over) && !s.optional() })
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
		switch s.outcome(over) {
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

func (v *view) judgeFailed(out *Verdict, absence bool) {
	f, culprit := v.jobFailed(absence)
	failed, _ := v.blame(absence)
	for _, s := range failed {
		if s != culprit {
			out.Also = append(out.Also, v.stageFailedToo(s, absence))
		}
	}
	data := v.dataFaults(absence)
	for i := range data {
		if v.place(data[i].Stage) <= v.place(f.Stage) {
			f.Annotations["contributing"] = clip(data[i].Summary, maxAnnotation)
			break
		}
	}
	out.Fault, out.Also = &f, append(out.Also, data...)
}

// stageFailedToo words the failure of a further stage of a run.
func (v *view) stageFailedToo(s *stage, over bool) Fault {
	return v.failure(StageFailed, s, over, v.title()+": "+s.name+" failed")
}

// place is that of a stage in the order of the run; after all for the run itself.
func (v *view) place(name string) int {
	if i := slices.IndexFunc(v.stages, func(s *stage) bool { return s.name == name }); i >= 0 {
		return i
	}
	return len(v.stages)
}

func (v *view) judgeCancelled(out *Verdict, absence bool) {
	f := Fault{Kind: JobCancelled, Warning: true, Annotations: map[string]string{}}
	if root := v.root; root != nil {
		f.TraceID, f.SpanID = root.TraceID, root.SpanID
	} else if len(v.run.Traces) > 0 {
		f.TraceID = v.run.Traces[0]
	}
	f.Summary = v.title() + " was cancelled"
	failed, _ := v.blame(absence)
	var names []string
	for _, s := range failed {
		names = append(names, s.name)
		out.Also = append(out.Also, v.stageFailedToo(s, absence))
	}
	if len(names) > 0 {
		f.Summary += "; " + list(names) + " failed"
		f.Annotations["failed_stages"] = clip(joined(names), maxAnnotation)
	}
	f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
	out.Fault = &f
}

func (v *view) judgeSuccess(out *Verdict, absence bool) {
	var faults, warnings []Fault
	failed, _ := v.blame(absence)
	isMissing := map[*stage]bool{}
	if !v.resumesUnknown() {
		for _, s := range v.missing() {
			isMissing[s] = true
		}
	}
	data := v.dataFaults(absence)
	stageFailed := false
	for _, s := range v.stages {
		switch {
		case slices.Contains(failed, s) && s.optional():
			warnings = append(warnings, v.stageFailed(s, absence))
		case slices.Contains(failed, s):
			faults, stageFailed = append(faults, v.stageFailed(s, absence)), true
		case isMissing[s] && absence:
			faults = append(faults, v.stageMissing(s))
		case isMissing[s], s.outcome(false) == run.Unknown && s.outcome(true).Bad() && !s.optional():
			out.Waits = true
		}
		for _, f := range data {
			if f.Stage == s.name {
				faults = append(faults, f)
			}
		}
		if _, waits := v.metricFault(s, absence); waits {
			out.Waits = true
		}
	}
	out.Waits = out.Waits && !absence && !stageFailed
	if f := v.slow(); f != nil {
		faults = append(faults, *f)
	}
	warnings = append(warnings, v.retries()...)
	if len(faults) == 0 {
		out.Good, out.Warnings = !out.Waits, warnings
		return
	}
	first := max(0, slices.IndexFunc(faults, func(f Fault) bool { return !f.Warning }))
	f := faults[first]
	out.Fault, out.Also = &f, append(slices.Delete(faults, first, first+1), warnings...)
}

// dataFaults returns the faults of stages that ended well, in the order of the run: at one stage metric, rows, nulls, features.
func (v *view) dataFaults(over bool) []Fault {
	at := map[string][]Fault{}
	for _, list := range [][]Fault{v.rowFaults(), v.nullFaults(), v.featureFaults()} {
		for _, f := range list {
			at[f.Stage] = append(at[f.Stage], f)
		}
	}
	var out []Fault
	for _, s := range v.stages {
		if f, _ := v.metricFault(s, over); f != nil {
			out = append(out, *f)
		}
		out = append(out, at[s.name]...)
	}
	return out
}
