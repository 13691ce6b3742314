// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// strangerWait is how long a run without a root, of which nothing is known to be expected, must be
// silent to have ended: silence between two stages is the rule, and a run that is taken for ended
// is taken for good.
const strangerWait = time.Hour

// Ended says whether the run has ended: by its root, or without one when all that is expected has
// ended well and nothing else is known to go on. Else it takes silence: Absence where something has
// failed (longer where another attempt may be going on unseen) or something beyond what is expected
// goes on, an hour where nothing is known of what to expect. at is when it ended, on the
// collector's clock (the root's arrival, else the latest span's); of a run that goes on, when to
// ask again if no span comes, zero for never.
//
// A run of which nothing is known to be expected, and that a marker said to be going on, ends by
// its root only; so does one whose expected stages do not all come: it is overdue some time. A root
// that said failure before the run was tried again does not count. A run of which spans were
// forgotten ends by its root, or when something has failed.
func Ended(r *run.Run, e Expect, now time.Time) (ended bool, at time.Time) {
	v := newView(r, e)
	if v.root != nil {
		return true, v.root.Arrived
	}
	known := v.known && !v.resumesUnknown()
	complete, failed := known && len(v.open()) == 0, v.failed()
	if e.Partial && !failed {
		return false, time.Time{}
	}
	if complete && !failed && !v.goesOn() {
		return true, r.LastSeen
	}
	var wait time.Duration
	switch {
	case failed:
		wait = e.Absence + v.retryTakes()
	case complete || known && v.enough():
		wait = e.Absence
	case !known && !v.marked():
		wait = max(e.Absence, strangerWait)
	default:
		return false, time.Time{}
	}
	if quiet := r.LastSeen.Add(wait); now.Before(quiet) {
		return false, quiet
	}
	return true, r.LastSeen
}

// retryTakes is how long another attempt of a failed stage would take before it is heard of, where
// one may be going on unseen: the failed attempt says neither its number nor its result, as that of
// a loop in the code that tries again. It is the stage's median in good runs; zero where these are
// too few.
func (v *view) retryTakes() time.Duration {
	var longest time.Duration
	for _, s := range v.stages {
		if s.optional() || len(s.failed) == 0 {
			continue
		}
		if final := s.failed[0].Final(); final.Number() > 0 || final.Explicit() {
			continue
		}
		if u, ok := v.usual(s.name, measureDuration, ""); ok {
			longest = max(longest, clampDuration(u.median))
		}
	}
	return longest
}

// failed reports whether the run cannot end well any more: a stage has failed that it cannot do
// without, or was cancelled.
func (v *view) failed() bool {
	for _, s := range v.stages {
		if o := s.outcome(false); !s.optional() && (o.Bad() || o == run.Cancellation) {
			return true
		}
	}
	return false
}

// goesOn reports whether a stage is known to have begun and not to have ended.
func (v *view) goesOn() bool {
	for _, s := range v.stages {
		if s.seen != nil && !s.ended() {
			return true
		}
	}
	return false
}

// marked reports whether a marker said that the run, or a stage that has not ended, is going on.
func (v *view) marked() bool {
	if v.run.Marked() {
		return true
	}
	for _, s := range v.stages {
		if s.seen != nil && s.seen.Marked() && !s.ended() {
			return true
		}
	}
	return false
}

// enough reports whether all expected stages have ended but for as many instances as may fail.
func (v *view) enough() bool {
	for _, s := range v.stages {
		if s.expected && !s.done && (len(s.instances) == 0 || len(s.open) > 0 || s.lost(true) > s.maxFailed()) {
			return false
		}
	}
	return true
}
