// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// Comparison is what differs between the rows of a version (or file) and those of another, of one
// segment and period.
type Comparison struct {
	Before      string       `json:"before"`
	After       string       `json:"after"`
	Dimension   string       `json:"dimension,omitempty"`
	Segment     string       `json:"segment,omitempty"`
	Period      string       `json:"period,omitempty"`
	Differences []Difference `json:"differences"`
}

// Difference is how much higher a measure is after than before.
type Difference struct {
	Measure evaluation.Measure `json:"measure"`
	Class   string             `json:"class,omitempty"`
	Average string             `json:"average,omitempty"`
	Value   *float64           `json:"value"`
	Lower   *float64           `json:"lower"`
	Upper   *float64           `json:"upper"`
	// Detectable is the smallest change that as many rows show in 80 % of cases.
	Detectable *float64 `json:"detectable"`
	// AlwaysValid are bounds that hold however often they were looked at before.
	AlwaysValid *AlwaysValid `json:"always_valid,omitempty"`
	// Margin is by how much the measure may become worse, Verdict what that makes of the difference,
	// and RowsNeeded how many rows of each side would do, where these do not.
	Margin     *float64           `json:"margin,omitempty"`
	Verdict    evaluation.Verdict `json:"verdict,omitempty"`
	RowsNeeded *float64           `json:"rows_needed,omitempty"`
}

// AlwaysValid are bounds for looks at any time, and the p-value of the hypothesis that the measure
// has not become worse by more than the margin (by more than nothing, where there is none).
type AlwaysValid struct {
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
	P     float64 `json:"p_value"`
}

// compare compares the second file with the first, or each version with the one that is chosen.
func (a *Assessment) compare(sides []*side) error {
	if len(sides) > 1 {
		a.pairUp(sides[0], sides[1])
		if sides[0].Version == "" {
			a.compareGroups(sides[0].tally.Path, sides[1].tally.Path, func(g Group) bool { return g.of == sides[0] }, func(g Group) bool { return g.of == sides[1] })
			return nil
		}
		return errors.New("--version: it compares the versions of one file; two files are compared as they are")
	}
	if sides[0].Version == "" {
		return nil
	}
	versions := map[string]bool{}
	for _, g := range a.Groups {
		versions[g.Version] = true
	}
	names := slices.Sorted(maps.Keys(versions))
	against := sides[0].Against
	if against == "" {
		against = names[0]
	}
	if !versions[against] {
		return fmt.Errorf("--against: %s has no version %q; it has %s", sides[0].tally.Path, against, someOf(names))
	}
	for _, name := range names {
		if name != against {
			a.compareGroups(against, name, func(g Group) bool { return g.Version == against }, func(g Group) bool { return g.Version == name })
		}
	}
	return nil
}

func (a *Assessment) compareGroups(before, after string, first, second func(Group) bool) {
	of := map[key]Group{}
	for _, g := range a.Groups {
		if first(g) {
			of[key{"", g.Dimension, g.Segment, g.Period}] = g
		}
	}
	for _, g := range a.Groups {
		old, ok := of[key{"", g.Dimension, g.Segment, g.Period}]
		if !second(g) || !ok || g.Labelled == 0 || old.Labelled == 0 {
			continue
		}
		c := Comparison{Before: before, After: after, Dimension: g.Dimension, Segment: g.Segment, Period: g.Period}
		previous := old.source.measured(old.of.plan)
		for _, now := range g.source.measured(g.of.plan) {
			i := slices.IndexFunc(previous, func(s evaluation.Score) bool {
				return s.Measure == now.Measure && s.Class == now.Class && s.Average == now.Average
			})
			if i >= 0 && previous[i].Defined() && now.Defined() {
				c.Differences = append(c.Differences, newDifference(old, g, previous[i], now))
			}
		}
		a.Comparisons = append(a.Comparisons, c)
	}
}

func newDifference(before, after Group, a, b evaluation.Score) Difference {
	level := after.of.Level
	d := evaluation.Difference(a.Interval, b.Interval)
	out := Difference{
		Measure: b.Measure, Class: b.Class, Average: b.Average, Value: finite(d.Point), Lower: finite(d.Lower), Upper: finite(d.Upper),
		Detectable: finite(evaluation.Detectable(d, level)),
	}
	margin, judged := after.of.Margins[b.Measure]
	worse := b.Measure.Direction()
	if before.source.trials[b.Measure] != nil && after.source.trials[b.Measure] != nil && b.Class == "" && b.Average == "" {
		x, y := *before.source.trials[b.Measure], *after.source.trials[b.Measure]
		i := evaluation.AlwaysValid(x, y, level)
		out.AlwaysValid = &AlwaysValid{Lower: i.Lower, Upper: i.Upper}
		if worse == evaluation.WorseUpwards {
			out.AlwaysValid.P = evaluation.AlwaysValidP(x, y, margin)
		} else {
			out.AlwaysValid.P = evaluation.AlwaysValidP(y, x, margin)
		}
	}
	if judged {
		out.Margin = &margin
		out.Verdict = b.Measure.Judge(d, margin, level)
		if out.Verdict == evaluation.Undetectable && slices.Contains(rateNames, b.Measure) {
			rate := a.Point
			if worse == evaluation.WorseDownwards {
				rate = 1 - rate
			}
			out.RowsNeeded = finite(evaluation.RowsForRate(rate, margin, level))
		}
	}
	return out
}

// Worse says whether a measure with a margin has become worse.
func (a *Assessment) Worse() bool {
	for _, c := range a.Comparisons {
		for _, d := range c.Differences {
			if d.Verdict == evaluation.Worse {
				return true
			}
		}
	}
	if a.Agreement != nil {
		for _, d := range a.Agreement.Paired {
			if d.Verdict == evaluation.Worse {
				return true
			}
		}
	}
	return false
}
