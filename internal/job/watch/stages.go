// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/job/run"
)

// summary is a stage of a run over its instances, in numbers.
type summary struct {
	outcome         run.Outcome
	duration        time.Duration
	rowsIn, rowsOut int64 // negative if no instance reported any
}

// summarize sums up a stage: rows add up, the duration is the longest instance's. More failed instances than the card allows fail it; it was
// cancelled if an instance was, and skipped if all were. It reports false for a stage of which no try has come.
func summarize(s *run.Stage, card *catalog.Job) (summary, bool) {
	instances := s.Instances()
	if len(instances) == 0 {
		return summary{}, false
	}
	out := summary{rowsIn: -1, rowsOut: -1}
	counts := map[run.Outcome]int{}
	failed, worst := 0, run.Unknown
	for i := range instances {
		final := instances[i].Final()
		counts[final.Outcome]++
		if final.Outcome.Bad() {
			failed++
			worst = max(worst, final.Outcome)
		}
		out.duration = max(out.duration, final.Duration())
		out.rowsIn = addRows(out.rowsIn, instances[i].RowsIn())
		out.rowsOut = addRows(out.rowsOut, instances[i].RowsOut())
	}
	switch {
	case failed > maxFailed(card, s.Name):
		out.outcome = worst
	case counts[run.Cancellation] > 0:
		out.outcome = run.Cancellation
	case counts[run.Skip] == len(instances):
		out.outcome = run.Skip
	default:
		out.outcome = run.Success
	}
	return out, true
}

// addRows adds rows that were reported.
func addRows(sum, rows int64) int64 {
	if rows < 0 {
		return sum
	}
	return max(sum, 0) + rows
}

func maxFailed(card *catalog.Job, stage string) int {
	if card != nil {
		for i := range card.Stages {
			if card.Stages[i].Name == stage {
				return card.Stages[i].MaxFailed
			}
		}
	}
	return 0
}
