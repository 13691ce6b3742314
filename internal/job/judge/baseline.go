// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import "math"

// usual is what a number was in the last good runs.
type usual struct {
	median float64
	runs   int
}

// usual returns the median of a number of a stage over the last good runs; false if there are too few.
func (v *view) usual(stage string, get func(*stageRecord) (float64, bool)) (usual, bool) {
	values := v.history.values(stage, max(v.expect.Runs, 1), get)
	if len(values) < max(v.expect.MinRuns, 1) {
		return usual{median: math.NaN()}, false
	}
	return usual{median: median(values), runs: len(values)}, true
}

func usualRowsIn(s *stageRecord) (float64, bool)  { return float64(s.rowsIn), s.rowsIn >= 0 }
func usualRowsOut(s *stageRecord) (float64, bool) { return float64(s.rowsOut), s.rowsOut >= 0 }
