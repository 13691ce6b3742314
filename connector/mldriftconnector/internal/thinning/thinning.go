// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package thinning chooses the segments whose series are emitted whole. Of the others
// ml.drift.detected alone is.
package thinning

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// What is emitted of segments.
const (
	// All emits all of every segment.
	All = "all"
	// Drifted emits all of the segments that drift, or did within the hour, and ml.drift.detected
	// alone of the others.
	Drifted = "drifted"
	// None emits ml.drift.detected alone.
	None = "none"
)

// lingering is how long a segment's series go on after its drift has ended, so that every backend
// has seen the verdict that ended it before they are gone.
const lingering = time.Hour

// Choice chooses the segments of which all is emitted.
type Choice struct {
	scores string // of the config
	// lately is when a segment drifted last; it holds no more than the segments that did within
	// lingering.
	lately map[compared]time.Time
}

// compared is a subject with what it is compared with.
type compared struct {
	key       drift.Key
	reference string
}

// New returns a Choice for All, Drifted or None.
func New(scores string) *Choice {
	return &Choice{scores: scores, lately: make(map[compared]time.Time)}
}

// Whole returns the choice at a time; nil for all. It learns from what it is asked about.
func (t *Choice) Whole(now time.Time) func(*drift.Result) bool {
	if t.scores == All {
		return nil
	}
	for what, at := range t.lately {
		if now.Sub(at) > lingering {
			delete(t.lately, what)
		}
	}
	return func(r *drift.Result) bool {
		if r.Key.Segment == "" || t.scores == None {
			return r.Key.Segment == ""
		}
		what := compared{r.Key, r.Reference}
		if r.Verdict == drift.Drift {
			t.lately[what] = now
			return true
		}
		_, ok := t.lately[what]
		return ok
	}
}

// Closed is the choice of closed windows, each of which is said once.
func (t *Choice) Closed(r *drift.Result) bool {
	return r.Key.Segment == "" || t.scores == All || t.scores == Drifted && r.Verdict == drift.Drift
}
