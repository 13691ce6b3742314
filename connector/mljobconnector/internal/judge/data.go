// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// dataFault starts the fault of what a stage did: its evidence is the stage's last span.
func (v *view) dataFault(kind Kind, s *stage, annotations map[string]string) Fault {
	f := Fault{Kind: kind, Stage: s.name, Annotations: annotations}
	var last *run.Attempt
	for i := range s.instances {
		if t := s.instances[i].Final(); last == nil || t.End().After(last.End()) {
			last = t
		}
	}
	if last != nil {
		f.TraceID, f.SpanID = v.run.TraceOf(last), last.SpanID
	}
	return f
}

// inherit notes on the first fault which stages have inherited it, and ends the sentences.
func (v *view) inherit(faults []Fault, heirs []string) {
	for i := range faults {
		f := &faults[i]
		if i == 0 && len(heirs) > 0 {
			f.Annotations["inherited_by"] = words.Clip(strings.Join(heirs, ", "), maxAnnotation)
			f.Summary += "; " + words.List(heirs) + " inherited it"
		}
		f.Summary += "."
	}
}
