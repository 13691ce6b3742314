// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// featureFaults finds the first stage of which columns vanished or appeared. The later ones have
// inherited it. A stage that reports no column at all, or has lost attributes, says nothing of
// them.
func (v *view) featureFaults() []Fault {
	var faults []Fault
	var heirs []string
	for _, s := range v.stages {
		if s.outcome(true) != run.Success || len(s.nulls) == 0 || len(s.nulls) >= maxColumns || s.dropped {
			continue
		}
		before := v.columns(s.name)
		if before == nil {
			continue
		}
		vanished, appeared := differences(before, s.nulls)
		switch {
		case len(vanished)+len(appeared) == 0:
		case len(faults) > 0:
			heirs = append(heirs, s.name)
		default:
			faults = append(faults, v.featureFault(s, vanished, appeared))
		}
	}
	v.inherit(faults, heirs)
	return faults
}

// differences compares sorted names.
func differences(before []string, now []run.Value) (vanished, appeared []string) {
	for _, name := range before {
		if _, found := slices.BinarySearchFunc(now, name, compareName); !found {
			vanished = append(vanished, name)
		}
	}
	for _, n := range now {
		if _, found := slices.BinarySearch(before, n.Name); !found {
			appeared = append(appeared, n.Name)
		}
	}
	return vanished, appeared
}

func (v *view) featureFault(s *stage, vanished, appeared []string) Fault {
	fault := v.dataFault(StageFeatures, s, map[string]string{})
	var changes []string
	for _, c := range []struct {
		what  string
		names []string
	}{{"vanished", vanished}, {"appeared", appeared}} {
		if n := len(c.names); n > 0 {
			changes = append(changes, fmt.Sprintf("%s %s", words.List(c.names), c.what))
			fault.Annotations["features_"+c.what] = words.Clip(strings.Join(c.names, ", "), maxAnnotation)
		}
	}
	fault.Summary = fmt.Sprintf("%s: the columns that %s writes changed against the last good run: %s", v.title(), s.name, strings.Join(changes, ", "))
	return fault
}
