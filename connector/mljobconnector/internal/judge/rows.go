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

// fall is how many rows a stage has fewer than usual.
type fall struct {
	rows  int64
	usual usual
	share float64 // of the median
	wrote bool    // rows out, else rows in
}

// fell compares rows with the last good runs; false if there is nothing to compare, or if they did
// not fall by more than the limit.
func (v *view) fell(s *stage, rows int64, wrote bool) (fall, bool) {
	m := measureRowsIn
	if wrote {
		m = measureRowsOut
	}
	u, ok := v.usual(s.name, m, "")
	if !ok || rows < 0 || u.median <= 0 {
		return fall{}, false
	}
	f := fall{rows: rows, usual: u, share: (u.median - float64(rows)) / u.median, wrote: wrote}
	return f, f.share > v.maxRowDrop(s)+tolerance
}

func (v *view) maxRowDrop(s *stage) float64 {
	if s.card != nil && s.card.MaxRowDrop != nil {
		return *s.card.MaxRowDrop
	}
	return v.expect.MaxRowDrop
}

// rowFaults finds the stages at which rows fell: what they wrote, or read where they do not say
// what they wrote. A stage has only inherited the fault if what it read fell as well and an earlier
// stage has it, or if an earlier stage has it and nobody says what this one read.
func (v *view) rowFaults() []Fault {
	var faults []Fault
	var heirs []string
	for _, s := range v.stages {
		if s.outcome(true) != run.Success {
			continue
		}
		f, fell := v.fell(s, s.rowsOut, true)
		if s.rowsOut < 0 {
			f, fell = v.fell(s, s.rowsIn, false)
		}
		if !fell {
			continue
		}
		input, inputFell := v.fell(s, s.rowsIn, false)
		inherited := len(faults) > 0 && (inputFell || input.usual.runs == 0)
		if inherited {
			heirs = append(heirs, s.name)
			continue
		}
		faults = append(faults, v.rowFault(s, f, input, inputFell))
	}
	v.inherit(faults, heirs)
	return faults
}

func (v *view) rowFault(s *stage, f, input fall, inputFell bool) Fault {
	verb := "read"
	if f.wrote {
		verb = "wrote"
	}
	fault := v.dataFault(StageRows, s, map[string]string{
		"rows": strconv.FormatInt(f.rows, 10), "rows_expected": words.Exact(f.usual.median), "rows_before": words.Exact(f.usual.last), "rows_drop": words.Exact(f.share),
		"max_row_drop": words.Exact(v.maxRowDrop(s)), "runs": strconv.Itoa(f.usual.runs),
	})
	fault.Summary = fmt.Sprintf("%s: %s %s %s rows, %s fewer than the median of the last %d good runs (%s)",
		v.title(), s.name, verb, humanize.Comma(f.rows), words.Percent(f.share), f.usual.runs, words.Rows(f.usual.median))
	if f.wrote && inputFell {
		fault.Summary += fmt.Sprintf("; it had read only %s rows, usually %s", humanize.Comma(input.rows), words.Rows(input.usual.median))
	}
	return fault
}
