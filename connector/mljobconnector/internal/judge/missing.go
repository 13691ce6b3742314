// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// stageMissing words the fault of a stage that did not come to an end in a run that ended well.
func (v *view) stageMissing(s *stage) Fault {
	f := Fault{Kind: StageMissing, Stage: s.name, Annotations: map[string]string{}}
	if root := v.root; root != nil {
		f.TraceID, f.SpanID = root.TraceID, root.SpanID
	} else if len(v.run.Traces) > 0 {
		f.TraceID = v.run.Traces[0]
	}
	why := "which is on its card"
	if s.card == nil {
		f.Annotations["runs"] = strconv.Itoa(len(v.history.runs))
		why = fmt.Sprintf("which ran in all of the last %d good runs", len(v.history.runs))
	}
	if s.seen != nil {
		f.Summary = fmt.Sprintf("%s ended well but %s, %s, began and did not come to an end", v.title(), s.name, why)
		f.Annotations["began"] = "true"
	} else {
		f.Summary = fmt.Sprintf("%s ended well but %s, %s, did not run", v.title(), s.name, why)
	}
	if before := v.before(s); before != nil {
		f.Summary += fmt.Sprintf("; %s before it ended with %s", before.name, before.outcome(true))
		f.Annotations["stage_before"] = before.name
	}
	f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
	return f
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
