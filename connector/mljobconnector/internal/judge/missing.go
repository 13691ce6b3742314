// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strconv"

	"github.com/dustin/go-humanize"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// stageMissing words the fault of a stage that did not come to an end in a run that ended well.
func (v *view) stageMissing(s *stage, a *absence) Fault {
	f := Fault{Kind: StageMissing, Stage: s.name, Annotations: map[string]string{}}
	if root := v.root; root != nil {
		f.TraceID, f.SpanID = root.TraceID, root.SpanID
	} else if len(v.run.Traces) > 0 {
		f.TraceID = v.run.Traces[0]
	}
	why := "which is on its card"
	if s.card == nil {
		f.Warning, f.Learned, f.Repeats = true, true, a.row > a.begins
		why = v.learnedAbsence(&f, a)
	}
	if s.seen != nil {
		f.Summary = fmt.Sprintf("%s ended well but %s, %s, began and did not come to an end", v.title(), s.name, why)
		f.Annotations["began"] = "true"
	} else {
		f.Summary = fmt.Sprintf("%s ended well but %s, %s, did not run", v.title(), s.name, why)
	}
	if s.card == nil && a.row > 1 {
		f.Summary += fmt.Sprintf(", for the %s time in a row", humanize.Ordinal(a.row))
	}
	if before := v.before(s); before != nil {
		f.Summary += fmt.Sprintf("; %s before it ended with %s", before.name, before.outcome(true))
		f.Annotations["stage_before"] = before.name
	}
	if s.card == nil {
		if names := v.strangers(); len(names) > 0 {
			f.Summary += "; " + words.List(names) + " ran for the first time"
			f.Annotations["stages_appeared"] = words.Clip(joined(names), maxAnnotation)
		}
	}
	f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
	return f
}

// learnedAbsence says what the history knows of the stage.
func (v *view) learnedAbsence(f *Fault, a *absence) string {
	f.Annotations["runs"], f.Annotations["runs_with_stage"] = strconv.Itoa(a.runs), strconv.Itoa(a.ran)
	f.Annotations["absent_in_a_row"] = strconv.Itoa(a.row)
	f.Annotations["absence_upper_bound"] = words.Number(a.upper(), 3)
	f.Annotations["absence_probability"] = words.Number(a.chance, 3)
	f.Annotations["normal_after"] = strconv.Itoa(a.begins + max(v.expect.MinRuns, 2) - 1)
	ran := fmt.Sprintf("which ran in all of the last %d good runs", a.runs)
	switch {
	case a.with != "":
		f.Annotations["runs_with"] = a.with
		ran = fmt.Sprintf("which ran in all of the last %d good runs with %s", a.runs, a.with)
	case a.ran < a.runs:
		ran = fmt.Sprintf("which ran in %d of the %d good runs before", a.ran, a.runs)
	}
	return fmt.Sprintf("%s (absent in at most %s of runs, 95 %% confidence)", ran, words.Percent(a.upper()))
}

// strangers are the stages of the run that no good run had, in its order.
func (v *view) strangers() []string {
	var names []string
	for _, s := range v.stages {
		if len(s.instances) > 0 && v.history.presence.stages[s.name] == nil {
			names = append(names, s.name)
		}
	}
	return names
}

// before returns the stage that came before one in the order of the run and has ended, nil if none
// has.
func (v *view) before(s *stage) *stage {
	var before *stage
	for _, other := range v.stages {
		if other == s {
			return before
		}
		if len(other.instances) > 0 && other.outcome(true) != run.Unknown {
			before = other
		}
	}
	return nil
}
