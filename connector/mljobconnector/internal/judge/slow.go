// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// slowLimit returns the duration above which a run of the job is slow, and the usual one; false if
// too few good runs are known.
func (v *view) slowLimit() (limit, usual time.Duration, runs int, ok bool) {
	durations := v.history.durations(max(v.expect.Runs, 1))
	if len(durations) < max(v.expect.MinRuns, 1) {
		return 0, 0, 0, false
	}
	limit, usual = slowLimit(durations)
	return limit, usual, len(durations), true
}

// slow says that a run took longer than usual, and which stage most of that was.
func (v *view) slow() *Fault {
	took := runDuration(v.run)
	limit, usual, runs, ok := v.slowLimit()
	if !ok || took <= limit {
		return nil
	}
	f := &Fault{Kind: JobSlow, Warning: true, Annotations: map[string]string{
		"duration": words.Lasting(took), "duration_expected": words.Lasting(usual), "duration_limit": words.Lasting(limit), "runs": strconv.Itoa(runs),
	}}
	if root := v.root; root != nil {
		f.TraceID, f.SpanID = root.TraceID, root.SpanID
	}
	f.Summary = fmt.Sprintf("%s took %s, longer than its limit of %s (median of the last %d good runs: %s)",
		v.title(), words.Lasting(took), words.Lasting(limit), runs, words.Lasting(usual))
	if s, before := v.slowest(); s != nil {
		f.Summary += fmt.Sprintf("; %s took %s instead of %s", s.name, words.Lasting(s.duration), words.Lasting(before))
		f.Annotations["slowest_stage"] = s.name
		data := v.dataFault(JobSlow, s, nil)
		f.TraceID, f.SpanID = data.TraceID, data.SpanID
	}
	f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
	return f
}

// slowest returns the stage with the largest excess over its own median, nil if none has any.
func (v *view) slowest() (s *stage, usual time.Duration) {
	var most time.Duration
	for _, candidate := range v.stages {
		u, ok := v.usual(candidate.name, measureDuration, "")
		if !ok || len(candidate.instances) == 0 {
			continue
		}
		before := clampDuration(u.median)
		if excess := candidate.duration - before; excess > most {
			s, usual, most = candidate, before, excess
		}
	}
	return s, usual
}
