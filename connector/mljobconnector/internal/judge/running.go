// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// Running gives the faults of a run that goes on: rows and nulls of stages that have ended, and
// what is overdue or stalled by now. What else is wrong with a stage is said when the run has
// ended, of which it is then a part. next is when to ask again if no span comes, zero for never.
//
// A stage that has ended is judged once the expected ones before it have ended too, so that the
// first stage at fault is known: the others have only inherited it. Of a stage that is both overdue
// and stalled that is said which it became first.
func Running(r *run.Run, e Expect, now time.Time) (faults []Fault, next time.Time) {
	v := newView(r, e)
	settled := map[string]bool{}
	for _, s := range v.stages {
		if !s.ended() && !s.done {
			if s.expected || s.seen != nil {
				break
			}
			continue
		}
		settled[s.name] = true
	}
	for _, f := range v.dataFaults(false) {
		if settled[f.Stage] && (f.Kind == StageRows || f.Kind == StageNulls) {
			faults = append(faults, f)
		}
	}
	late := false
	for _, s := range v.stages {
		f, at := v.lateStage(s, now)
		if f != nil {
			faults, late = append(faults, *f), true
		}
		next = sooner(next, at)
	}
	faults = slices.DeleteFunc(faults, v.disabled)
	if late || !next.IsZero() { // a stage that goes on has a deadline of its own, which says more than that of the run
		return faults, next
	}
	f, at := v.lateRun(now)
	if f != nil && !v.disabled(*f) {
		faults = append(faults, *f)
	}
	return faults, sooner(next, at)
}

// sooner returns the earlier of two times, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
