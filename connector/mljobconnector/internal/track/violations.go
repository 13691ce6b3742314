// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// MaxBroken is the number of checks, by stage, that are told apart of a job; of all jobs ten times as
// many are.
const MaxBroken = 1000

// Violation is a check that the data of a stage broke.
type Violation struct {
	// Stage is empty for the run's own span. Subject is the attribute; empty for the whole span.
	Stage, Subject, Check string
	// Severity is the card's, else the span's.
	Severity string
	// Overflow is true for all that find no room.
	Overflow bool
}

// ViolationStats counts a violation.
type ViolationStats struct {
	Violation

	Rows uint64
	// TraceID and SpanID are the newest span with it, which ended at Time.
	TraceID run.TraceID
	SpanID  run.SpanID
	Time    time.Time
}

// broken is what is counted of a violation.
type broken struct {
	ViolationStats

	// shown says that Stats has shown it.
	shown bool
}

// countViolations counts what a span that was not seen before says that its data broke.
func (tr *Tracker) countViolations(j *job, s *run.Span) {
	for i := range s.Violations {
		v, known := violationOf(j, s, s.Violations[i].ID)
		if s.Foreign && !known {
			continue // it is of the contract of the model that the span is of, too
		}
		counts := &j.stats
		b := counts.broken[v]
		if b == nil && (len(counts.broken) >= MaxBroken || tr.counted.checks >= j.share(MaxBroken)) {
			tr.exceeded(Notice{Limit: LimitChecks, Key: j.key, Run: s.RunID, Stage: s.Task})
			v = Violation{Overflow: true}
			b = counts.broken[v]
		}
		if b == nil {
			if counts.broken == nil {
				counts.broken = make(map[Violation]*broken)
			}
			b = &broken{ViolationStats: ViolationStats{Violation: v}}
			counts.broken[v] = b
			tr.counted.checks++
		}
		b.Rows += s.Violations[i].Rows
		if !s.End.Before(b.Time) {
			b.TraceID, b.SpanID, b.Time = s.TraceID, s.SpanID, s.End
		}
	}
}

// violationOf says what a check's ID is of; known is true for a check of the job's card.
func violationOf(j *job, s *run.Span, id string) (v Violation, known bool) {
	v = Violation{Stage: s.Task, Severity: s.Severity}
	if j.card != nil {
		if c := j.card.Contract.Find(s.Task, id); c != nil {
			v.Subject, v.Check, v.Severity = c.Subject(), c.Name, c.Severity
			return v, true
		}
	}
	v.Subject, v.Check = contract.SplitID(id)
	return v, false
}

// violations returns the counts in a fixed order. What has never been returned counts 0.
func (s *jobStats) violations() (out []ViolationStats) {
	keys := slices.SortedFunc(maps.Keys(s.broken), func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Severity, b.Severity))
	})
	for _, k := range keys {
		b := s.broken[k]
		v := b.ViolationStats
		if !b.shown {
			v.Rows, b.shown = 0, true
		}
		out = append(out, v)
	}
	return out
}
