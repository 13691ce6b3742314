// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/job/run"
)

// Ended says whether the run has ended: by its root, or without one when all that is expected has ended and nothing else is known to go on, or
// when no span has come for Absence and it has failed, or nothing is known of what is expected. at is when it ended, on the collector's clock (the
// root's arrival, else the latest span's); of a run that goes on, when to ask again if no span comes, zero for never.
//
// A run of which nothing is known to be expected, and that a marker said to be going on, ends by its root only; so does one whose
// expected stages do not all come: it is overdue some time.
func Ended(r *run.Run, e Expect, now time.Time) (ended bool, at time.Time) {
	if r.Root != nil {
		return true, r.Root.Arrived
	}
	v := newView(r, e)
	known := v.known && !v.resumesUnknown()
	complete := known && len(v.open()) == 0
	if complete && !v.goesOn() {
		return true, r.LastSeen
	}
	if complete || v.failed() || known && v.enough() || !known && !v.marked() {
		if quiet := r.LastSeen.Add(e.Absence); now.Before(quiet) {
			return false, quiet
		}
		return true, r.LastSeen
	}
	return false, time.Time{}
}

// failed reports whether the run cannot end well any more: a stage has failed that it cannot do without, or was cancelled.
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
