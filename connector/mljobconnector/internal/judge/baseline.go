// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import "slices"

// usual is what a number was in the last good runs.
type usual struct {
	median float64
	// last is what it was in the last one.
	last float64
	// runs is the number of runs that had it; 0 if they were too few to say what is usual.
	runs int
}

// measure is a number of a stage.
type measure uint8

const (
	measureRowsIn measure = iota
	measureRowsOut
	measureDuration
	measureNulls // of a column
)

// baselines are what is usual, worked out when it is asked for and kept until the history changes.
type baselines struct {
	// runs and minRuns are those that the rest is worked out with.
	runs, minRuns int
	usual         map[baseline]usual
	columns       map[string][]string
	// expected are the stages that ran in every good run.
	expected []string
	// absences are the stages whose absence would be a fault.
	absences []absence
}

type baseline struct {
	stage   string
	measure measure
	column  string
}

// get returns a number of a stage of a good run; false if the stage did not have it.
func (b baseline) get(s *stageRecord) (float64, bool) {
	switch b.measure {
	case measureRowsIn:
		return float64(s.rowsIn), s.rowsIn >= 0
	case measureRowsOut:
		return float64(s.rowsOut), s.rowsOut >= 0
	case measureDuration:
		return float64(s.duration), true
	default:
		return s.nulls.get(b.column)
	}
}

// prepare returns the baselines for these options.
func (h *History) prepare(runs, minRuns int) *baselines {
	if h.known == nil || h.known.runs != runs || h.known.minRuns != minRuns {
		h.known = &baselines{
			runs: runs, minRuns: minRuns, usual: map[baseline]usual{}, columns: map[string][]string{}, expected: h.expected(minRuns),
			absences: h.presence.absences(),
		}
	}
	return h.known
}

// usual returns the median of a number of a stage over the last good runs; false if there are too
// few.
func (v *view) usual(stage string, m measure, column string) (usual, bool) {
	known := v.history.prepare(max(v.expect.Runs, 1), max(v.expect.MinRuns, 1))
	b := baseline{stage, m, column}
	u, ok := known.usual[b]
	if !ok {
		if values := v.history.values(stage, max(known.runs, known.minRuns), b.get); len(values) >= known.minRuns {
			values = values[:min(len(values), known.runs)]
			u = usual{last: values[0], runs: len(values)}
			u.median = median(values) // sorts them
		}
		if len(v.history.runs) > 0 && v.history.latest(stage) != nil && len(known.usual) < maxBaselines {
			known.usual[b] = u
		}
	}
	return u, u.runs > 0
}

// maxBaselines bounds what is kept: columns that are new in each run are worked out each time.
const maxBaselines = 100_000

// columns returns the columns of a stage in the last good run that reported any, if they were the
// same in the last good runs, as many as learned limits need; else nil.
func (v *view) columns(stage string) []string {
	known := v.history.prepare(max(v.expect.Runs, 1), max(v.expect.MinRuns, 1))
	columns, ok := known.columns[stage]
	if !ok {
		columns = v.history.stableColumns(stage, known.minRuns)
		if columns != nil {
			known.columns[stage] = columns
		}
	}
	return columns
}

func (h *History) stableColumns(stage string, minRuns int) []string {
	var last []string
	same := 0
	for i := len(h.runs) - 1; i >= 0 && same < minRuns; i-- {
		s := h.runs[i].stage(stage)
		if s == nil || s.skipped || len(s.nulls.names) == 0 {
			continue
		}
		if same > 0 && !slices.Equal(s.nulls.names, last) {
			return nil
		}
		last = s.nulls.names
		same++
	}
	if same < minRuns {
		return nil
	}
	return last
}
