// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// rise is a column of which more is null than usual.
type rise struct {
	column string
	ratio  float64
	usual  usual
}

func (r rise) by() float64 { return r.ratio - r.usual.median }

func (v *view) maxNullIncrease(s *stage) float64 {
	if s.card != nil && s.card.MaxNullIncrease != nil {
		return *s.card.MaxNullIncrease
	}
	return v.expect.MaxNullIncrease
}

// rises returns the columns of a stage in which nulls rose by more than the limit, the largest rise
// first.
func (v *view) rises(s *stage) []rise {
	var out []rise
	for _, n := range s.nulls {
		u, ok := v.usual(s.name, measureNulls, n.Name)
		if !ok {
			continue
		}
		if r := (rise{n.Name, n.Value, u}); r.by() > v.maxNullIncrease(s)+tolerance {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b rise) int {
		switch {
		case a.by() > b.by():
			return -1
		case a.by() < b.by():
			return 1
		}
		return 0
	})
	return out
}

// nullFaults finds the first stage at which nulls rose. The later ones have inherited it: columns
// are renamed and derived on the way.
func (v *view) nullFaults() []Fault {
	var faults []Fault
	var heirs []string
	for _, s := range v.stages {
		if s.outcome(true) != run.Success {
			continue
		}
		rises := v.rises(s)
		switch {
		case len(rises) == 0:
		case len(faults) > 0:
			heirs = append(heirs, s.name)
		default:
			faults = append(faults, v.nullFault(s, rises))
		}
	}
	v.inherit(faults, heirs)
	return faults
}

func (v *view) nullFault(s *stage, rises []rise) Fault {
	first := rises[0]
	names := make([]string, len(rises))
	for i, r := range rises {
		names[i] = r.column
	}
	fault := v.dataFault(StageNulls, s, map[string]string{
		"feature": first.column, "null_ratio": words.Exact(first.ratio), "null_ratio_expected": words.Exact(first.usual.median),
		"max_null_increase": words.Exact(v.maxNullIncrease(s)), "runs": strconv.Itoa(first.usual.runs),
		"features": words.Clip(strings.Join(names, ", "), maxAnnotation),
	})
	now, before := words.Percents(first.ratio, first.usual.median)
	fault.Summary = fmt.Sprintf("%s: %s of the values of %s are null after %s, up from %s (the median of the last %d good runs)",
		v.title(), now, first.column, s.name, before, first.usual.runs)
	if len(rises) > 1 {
		fault.Summary += "; so it is with " + words.List(names[1:])
	}
	return fault
}
