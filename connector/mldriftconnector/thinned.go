// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// lingering is how long a segment's series go on after its drift has ended, so that every backend has seen the verdict that ended it
// before they are gone.
const lingering = time.Hour

// thinned chooses the segments of which all is emitted.
type thinned struct {
	scores string // of the config
	// lately is when a segment drifted last; it holds no more than the segments that did within lingering.
	lately map[drifting]time.Time
}

// whole returns the choice at a time; nil for all. It learns from what it is asked about.
func (t *thinned) whole(now time.Time) func(*drift.Result) bool {
	if t.scores == ScoresAll {
		return nil
	}
	for what, at := range t.lately {
		if now.Sub(at) > lingering {
			delete(t.lately, what)
		}
	}
	return func(r *drift.Result) bool {
		if r.Key.Segment == "" || t.scores == ScoresNone {
			return r.Key.Segment == ""
		}
		what := drifting{r.Key, r.Reference}
		if r.Verdict == drift.Drift {
			t.lately[what] = now
			return true
		}
		_, ok := t.lately[what]
		return ok
	}
}

// closed is the choice of closed windows, each of which is said once.
func (t *thinned) closed(r *drift.Result) bool {
	return r.Key.Segment == "" || t.scores == ScoresAll || t.scores == ScoresDrifted && r.Verdict == drift.Drift
}
