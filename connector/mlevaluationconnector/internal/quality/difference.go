// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"maps"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// What a difference is against, if it is not a version.
const (
	PreviousWindow = "previous_window"
	Live           = "live"
	Estimate       = "estimate"
)

// Method is how a difference was found.
type Method string

// The methods.
const (
	// Independent is of different rows.
	Independent Method = "independent"
	// Paired is of the same rows.
	Paired Method = "paired"
	// Sequential is of different rows, and may be looked at at any time.
	Sequential Method = "sequential"
)

// Difference is how much higher a measure is than that of another window, version or set.
type Difference struct {
	// ComparedWith is a version, or one of the constants.
	ComparedWith string
	Method       Method
	Measure      evaluation.Measure
	Class        string
	Average      string
	evaluation.Interval
	// Detectable is the smallest difference that as many rows show in 80 of 100 cases.
	Detectable float64
	// P is the p-value of a paired difference (McNemar's, exact) or a sequential one (that the measure
	// is not worse by more than the margin, or than 0 without one); NaN of others.
	P float64
	// Verdict is empty for a measure without a margin.
	Verdict evaluation.Verdict
}

func (e *Engine) difference(s evaluation.Score, with string, by Method, i evaluation.Interval) Difference {
	d := Difference{
		ComparedWith: with, Method: by, Measure: s.Measure, Class: s.Class, Average: s.Average,
		Interval: i, Detectable: evaluation.Detectable(i, e.o.Level), P: math.NaN(),
	}
	if margin, ok := e.o.Margins[s.Measure]; ok {
		d.Verdict = s.Measure.Judge(i, margin, e.o.Level)
	}
	return d
}

// independent are the differences of measures that both sides have.
func (e *Engine) independent(before, after []evaluation.Score, with string) (out []Difference) {
	each(before, after, func(a, b evaluation.Score) {
		out = append(out, e.difference(b, with, Independent, evaluation.Difference(a.Interval, b.Interval)))
	})
	return out
}

// each calls do with the measures that are defined on both sides.
func each(before, after []evaluation.Score, do func(a, b evaluation.Score)) {
	for _, b := range after {
		i := slices.IndexFunc(before, func(a evaluation.Score) bool {
			return a.Measure == b.Measure && a.Class == b.Class && a.Average == b.Average
		})
		if i >= 0 && before[i].Defined() && b.Defined() {
			do(before[i], b)
		}
	}
}

// compareMeasured compares the mature rows of a window.
func (e *Engine) compareMeasured(g *group, others []*group, set int, w windows) (out []Difference) {
	x := g.member
	var now view
	g.look(&now, w.mature, set, true)
	after := now.measured.list(&x.task, e.o.Level)
	if len(after) == 0 {
		return nil
	}
	against := func(with string, looks ...func(v *view)) {
		var v view
		for _, look := range looks {
			look(&v)
		}
		out = append(out, e.independent(v.measured.list(&x.task, e.o.Level), after, with)...)
	}
	against(PreviousWindow, func(v *view) { g.look(v, w.mature.Before(), set, true) })
	if set > 0 {
		against(Live, func(v *view) { g.look(v, w.mature, 0, true) })
	}
	if len(others) == 0 {
		return out
	}
	against(x.task.against, func(v *view) {
		for _, other := range others {
			if i := slices.Index(other.member.sets, x.sets[set]); i >= 0 {
				other.look(v, w.mature, i, true)
			}
		}
	})
	if set == 0 {
		out = append(out, e.sequential(g, others, w.mature.Last)...)
	}
	return out
}

// others are the groups of the version to compare with, in all its roles.
func (x *member) others(segment string) (out []*group) {
	if x.task.against == "" || x.task.against == x.Version {
		return nil
	}
	for _, y := range x.model.members {
		if g := y.byName[segment]; g != nil && y.Version == x.task.against && y.task.kind == x.task.kind && y.task.positive == x.task.positive {
			out = append(out, g)
		}
	}
	return out
}

// sequential compares the outcomes of all mature rows since the younger of two versions began.
func (e *Engine) sequential(g *group, others []*group, last int64) (out []Difference) {
	x := g.member
	since := pane.Span{First: x.model.since(x.Version, x.task.against), Last: last}
	var before, after measured
	for _, other := range others {
		other.outcomes(&before, x.Version, since)
	}
	g.outcomes(&after, x.task.against, since)
	for _, m := range rates {
		margin, judged := e.o.Margins[m]
		if g.segment != "" && !judged {
			continue
		}
		a, ok := before.trials(&x.task, m)
		b, both := after.trials(&x.task, m)
		if !ok || !both {
			continue
		}
		i := evaluation.AlwaysValid(a, b, e.o.Level)
		if !i.Defined() {
			continue
		}
		d := e.difference(evaluation.Score{Measure: m}, x.task.against, Sequential, i)
		if m.Direction() == evaluation.WorseDownwards {
			a, b = b, a
		}
		d.P = evaluation.AlwaysValidP(a, b, margin)
		out = append(out, d)
	}
	return out
}

// outcomes adds the mature rows of live traffic in a span, and those of panes that are gone which were
// kept for comparisons with a version.
func (g *group) outcomes(into *measured, version string, s pane.Span) {
	if i := slices.IndexFunc(g.archives, func(a archive) bool { return a.version == version }); i >= 0 {
		into.merge(&g.archives[i].rows, g.shape)
	}
	for _, p := range g.panes.Window(s) {
		if len(p.sets) > 0 && p.sets[0] != nil {
			rows := p.sets[0].mature
			rows.scores = nil
			into.merge(&rows, g.shape)
		}
	}
}

// compareEstimate says by how much the estimate of the labelled rows is off. The estimate's bounds
// are those of what these very labels show.
func (e *Engine) compareEstimate(t *task, v *view) (out []Difference) {
	if v.check.rows == 0 {
		return nil
	}
	before, after := v.measured.list(t, e.o.Level), v.check.list(t, e.o.Level)
	all := v.check.rows == v.labelled.rows
	each(before, after, func(measured, estimated evaluation.Score) {
		if !all && !ofScores(measured.Measure) {
			return // it is also of rows without a score
		}
		i := estimated.Interval
		i.Point, i.Lower, i.Upper = i.Point-measured.Point, i.Lower-measured.Point, i.Upper-measured.Point
		d := e.difference(estimated, Estimate, Paired, i)
		d.Verdict = ""
		out = append(out, d)
	})
	return out
}

// ofScores says whether a measure is of rows with a score alone.
func ofScores(m evaluation.Measure) bool {
	switch m {
	case evaluation.MeasureROCAUC, evaluation.MeasurePRAUC, evaluation.MeasureLogLoss, evaluation.MeasureBrier:
		return true
	}
	return false
}

// compareEstimates compares what is estimated with the window before and with another version.
func (e *Engine) compareEstimates(g *group, others []*group, w pane.Span) (out []Difference) {
	x := g.member
	var now, previous, other view
	g.look(&now, w, 0, false)
	after := now.estimate.list(&x.task, e.o.Level)
	g.look(&previous, w.Before(), 0, false)
	out = e.independent(previous.estimate.list(&x.task, e.o.Level), after, PreviousWindow)
	for _, g := range others {
		g.look(&other, w, 0, false)
	}
	return append(out, e.independent(other.estimate.list(&x.task, e.o.Level), after, x.task.against)...)
}

// comparePairs compares the items of a gold set that have been scored twice: by two versions, and in
// two windows by one.
func (e *Engine) comparePairs(x *member, set string, w pane.Span) (out []Difference) {
	own := func(r *run) bool { return r.member == x }
	if x.task.against != "" && x.task.against != x.Version {
		theirs := func(r *run) bool {
			return r.member.Version == x.task.against && r.member.task.positive == x.task.positive
		}
		out = e.paired(x.model.items.pairs(set, &x.task, theirs, own), x.task.against)
	}
	return append(out, e.paired(x.model.items.pairs(set, &x.task, x.within(w.Before()), x.within(w)), PreviousWindow)...)
}

func (e *Engine) paired(of map[evaluation.Measure]*evaluation.Pairs, with string) (out []Difference) {
	for _, m := range slices.Sorted(maps.Keys(of)) {
		d := e.difference(evaluation.Score{Measure: m}, with, Paired, of[m].Difference(e.o.Level))
		d.P, _ = of[m].McNemar()
		out = append(out, d)
	}
	return out
}
