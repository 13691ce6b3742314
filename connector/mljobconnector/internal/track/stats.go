// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// JobStats are the counts of one job, since the tracker began to run (they are not stored,
// LastSuccess is).
type JobStats struct {
	Key run.Key
	// Runs by outcome; Duration in seconds.
	Runs        map[run.Outcome]uint64
	Duration    Histogram
	LastSuccess time.Time
	// Active is the number of active alerts by severity.
	Active map[alert.Severity]int
	Stages []StageStats
	// Violations are what broke the job's contract, in a fixed order.
	Violations []ViolationStats
}

// StageStats are the counts of one stage.
type StageStats struct {
	Name string
	// Outcomes of the stage, run by run; Duration in seconds; RowsIn and RowsOut of the latest run,
	// negative if it reported none.
	Outcomes        map[run.Outcome]uint64
	Duration        Histogram
	RowsIn, RowsOut int64
}

// Histogram counts values by Bounds: Counts has one more, and bucket i is (Bounds[i-1], Bounds[i]].
// It is nil while there are none.
type Histogram struct {
	Counts   []uint64
	Sum      float64
	Min, Max float64
}

// Bounds of all Histograms, in seconds.
var Bounds = []float64{1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 604800}

// SelfStats are what the tracker counts of itself.
type SelfStats struct {
	OpenRuns, ClosedRuns, Jobs, ActiveAlerts int
	// Evicted by what: one of the Limit constants. Duplicates and Late are spans.
	Evicted          map[string]uint64
	Duplicates, Late uint64
	// Accepted counts what has become the new normal of a job, by the kind of fault that it was.
	Accepted map[judge.Kind]uint64
	// FailedWrites counts batches that the store did not take.
	FailedWrites uint64
}

func (h *Histogram) observe(d time.Duration) {
	v := max(d, 0).Seconds()
	if h.Counts == nil {
		h.Counts = make([]uint64, len(Bounds)+1)
		h.Min, h.Max = v, v
	}
	h.Counts[sort.SearchFloat64s(Bounds, v)]++
	h.Sum += v
	h.Min, h.Max = min(h.Min, v), max(h.Max, v)
}

func (h *Histogram) clone() Histogram {
	c := *h
	c.Counts = slices.Clone(h.Counts)
	return c
}

// counted is the number of stages, and of checks, that are counted of all jobs.
type counted struct{ stages, checks int }

// forget takes out those of a job that goes.
func (c *counted) forget(s *jobStats) {
	c.stages -= len(s.stages)
	c.checks -= len(s.broken)
}

// allJobs is how many times what one job may have all jobs may have.
const allJobs = 10

// share is how much of something all jobs may have for another one of this job to be counted, where
// one job may have so many: jobs that nothing vouches for leave half to the others.
func (j *job) share(limit int) int {
	if !j.standing().vouched() {
		return limit * allJobs / 2
	}
	return limit * allJobs
}

// jobStats are the counts of a job.
type jobStats struct {
	runs     map[run.Outcome]uint64
	duration Histogram
	stages   map[string]*StageStats
	broken   map[Violation]*broken
}

// count counts a run, at its first verdict, and the stages that have ended by then; stages that end
// later (a late span re-opened the run) are counted at the verdict that follows. Each is counted
// once; of the stages beyond the 64th only those of the first verdict are.
func (tr *Tracker) count(t *tracked, v judge.Verdict) {
	s := &t.job.stats
	if s.runs == nil {
		s.runs, s.stages = map[run.Outcome]uint64{}, map[string]*StageStats{}
	}
	if !t.judged {
		s.runs[v.Outcome]++
		s.duration.observe(t.run.End.Sub(t.run.Start))
	}
	results := map[string]judge.StageResult{}
	for _, result := range judge.Stages(t.run, tr.expect(t)) {
		results[result.Name] = result
	}
	for i, stage := range t.run.Stages {
		bit := uint64(1) << min(i, 64) // 0 from the 64th on
		result := results[stage.Name]
		if t.counted&bit != 0 || bit == 0 && t.judged || result.Outcome == run.Unknown {
			continue
		}
		t.counted |= bit
		counts := s.stages[stage.Name]
		if counts == nil {
			if limit := max(tr.options.Limits.Stages, 1); len(s.stages) >= limit || tr.counted.stages >= t.job.share(limit) {
				tr.exceeded(Notice{Limit: LimitStage, Key: t.run.Key, Run: t.run.ID, Stage: stage.Name})
				continue
			}
			counts = &StageStats{Name: stage.Name, Outcomes: map[run.Outcome]uint64{}}
			s.stages[stage.Name] = counts
			tr.counted.stages++
		}
		counts.Outcomes[result.Outcome]++
		counts.RowsIn, counts.RowsOut = result.RowsIn, result.RowsOut
		if result.Outcome != run.Skip {
			counts.Duration.observe(result.Duration)
		}
	}
}

// Stats gives the counts of all jobs, in the order of environment and name. A violation counts 0 the
// first time, so that its first one is an increase.
func (tr *Tracker) Stats(time.Time) []JobStats {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	out := make([]JobStats, 0, len(tr.jobs))
	for _, key := range slices.SortedFunc(maps.Keys(tr.jobs), compareKeys) {
		j := tr.jobs[key]
		s := JobStats{
			Key: key, Runs: maps.Clone(j.stats.runs), Duration: j.stats.duration.clone(), LastSuccess: j.lastSuccess,
			Active: map[alert.Severity]int{},
		}
		for _, e := range tr.ledger.of(key) {
			s.Active[e.Alert.Severity]++
		}
		for _, name := range slices.Sorted(maps.Keys(j.stats.stages)) {
			stage := *j.stats.stages[name]
			stage.Outcomes, stage.Duration = maps.Clone(stage.Outcomes), stage.Duration.clone()
			s.Stages = append(s.Stages, stage)
		}
		s.Violations = j.stats.violations()
		out = append(out, s)
	}
	return out
}

// SelfStats gives the tracker's own counts.
func (tr *Tracker) SelfStats() SelfStats {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	s := SelfStats{
		OpenRuns: tr.index.open.Len() + tr.index.nameless.Len(), ClosedRuns: tr.index.closed.Len(), Jobs: len(tr.jobs),
		Evicted: maps.Clone(tr.evicted), Accepted: maps.Clone(tr.accepted), Duplicates: tr.duplicates, Late: tr.late, FailedWrites: tr.records.Failed(),
	}
	if tr.ledger.dropped > 0 {
		s.Evicted["alert"] = tr.ledger.dropped
	}
	for _, e := range tr.ledger.alerts.All() {
		if e.Firing() {
			s.ActiveAlerts++
		}
	}
	return s
}
