// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// The measures of differences, beside evaluation.MeasureAgreement and evaluation.MeasureKappa: the mean
// of the shadow's number minus the one that is used, and the mean of how far they are apart. Durations
// are in seconds.
const (
	MeasureScoreDifference    evaluation.Measure = "score_difference"
	MeasureScoreDistance      evaluation.Measure = "score_distance"
	MeasureValueDifference    evaluation.Measure = "value_difference"
	MeasureValueDistance      evaluation.Measure = "value_distance"
	MeasureDurationDifference evaluation.Measure = "duration_difference"
)

// Result is what is known of a comparison in a segment, or in all.
type Result struct {
	// Used is the model whose answers are used, Shadow the one that answers in the shadow.
	Used, Shadow prediction.Identity
	// Segment is the cohort, such as country=DE; empty is all of them, or, where Overflow is set, all
	// that found no room.
	Segment  string
	Overflow bool

	// Start and End are the window of Scores, in nanoseconds since 1970.
	Start, End int64
	// Scores are the measures that have rows in it.
	Scores []evaluation.Score

	// Counts are all pairs of answers so far, by both.
	Counts []Count
	// UsedFailed, ShadowFailed and BothFailed are the requests so far of which one answer failed, or
	// both.
	UsedFailed, ShadowFailed, BothFailed float64

	// Disagreement is the share of pairs whose answers differ, with bounds that hold at all times at
	// once; Since is the time of the first of them, in nanoseconds since 1970. Each pair counts once.
	Disagreement evaluation.Interval
	Since        int64
	// Verdict says whether that share is more than the margin; empty where there is no margin.
	Verdict evaluation.Verdict
}

// Count is a cell of the matrix of answers; a class may be evaluation.Other.
type Count struct {
	Used, Shadow string
	Weight       float64
}

// Results yields what is known of each comparison, in the order of their first pairs: of all, then of
// segments by name, then of those that found no room. now is the wall clock. A Result is valid until
// the next one.
func (e *Engine) Results(now time.Time, yield func(*Result)) {
	e.sweep(now)
	e.prune(now)
	var r Result
	for _, c := range e.order {
		c.advance(now)
		window, ok := c.clock.Current()
		if !ok {
			continue
		}
		c.each(func(segment string, rest bool, s *series) {
			r = Result{
				Used: c.used.Identity, Shadow: c.shadow.Identity, Segment: segment, Overflow: rest,
				Start: c.clock.Start(window), End: c.clock.End(window),
				Scores: s.scores(window, &e.options, r.Scores[:0]), Counts: s.counts(r.Counts[:0]),
				UsedFailed: s.failed.used, ShadowFailed: s.failed.shadow, BothFailed: s.failed.both,
				Disagreement: evaluation.AlwaysValidMean(s.trials, e.options.Level), Since: s.since,
			}
			r.Verdict = verdict(r.Disagreement, &e.options)
			yield(&r)
		})
	}
}

// verdict is that on agreement, of which all is the best.
func verdict(disagreement evaluation.Interval, o *Options) evaluation.Verdict {
	if !(o.Margin > 0) {
		return ""
	}
	fromAll := evaluation.Interval{Point: -disagreement.Point, Lower: -disagreement.Upper, Upper: -disagreement.Lower, N: disagreement.N}
	return evaluation.MeasureAgreement.Judge(fromAll, o.Margin, o.Level)
}

// scores appends the measures of a window.
func (s *series) scores(window pane.Span, o *Options, out []evaluation.Score) []evaluation.Score {
	all := accumulator{
		classes: evaluation.NewConfusion(o.Classes), score: evaluation.NewRegression(), value: evaluation.NewRegression(), duration: evaluation.NewRegression(),
	}
	for _, a := range s.panes.Window(window) {
		all.merge(a)
	}
	if rows, _ := all.classes.Total(); rows > 0 {
		out = append(out, evaluation.Agreement(all.classes, o.Level)...)
	}
	for _, d := range [...]struct {
		of                   *evaluation.Regression
		difference, distance evaluation.Measure
	}{
		{all.score, MeasureScoreDifference, MeasureScoreDistance},
		{all.value, MeasureValueDifference, MeasureValueDistance},
		{all.duration, MeasureDurationDifference, ""},
	} {
		if rows, _ := d.of.Rows(); rows <= 0 {
			continue
		}
		out = append(out, evaluation.Score{Measure: d.difference, Interval: evaluation.Bias(d.of, o.Level)})
		if d.distance != "" {
			out = append(out, evaluation.Score{Measure: d.distance, Interval: evaluation.MAE(d.of, o.Level)})
		}
	}
	return out
}

func (a *accumulator) merge(o *accumulator) {
	if o.classes != nil {
		a.classes.Merge(o.classes)
	}
	for _, r := range [...][2]*evaluation.Regression{{a.score, o.score}, {a.value, o.value}, {a.duration, o.duration}} {
		if r[1] != nil {
			r[0].Merge(r[1])
		}
	}
}

// counts appends the cells of the matrix that have rows.
func (s *series) counts(out []Count) []Count {
	classes := append(s.cumulative.Classes(), evaluation.Other)
	for _, used := range classes {
		for _, shadow := range classes {
			if w := s.cumulative.Weight(used, shadow); w > 0 {
				out = append(out, Count{used, shadow, w})
			}
		}
	}
	return out
}
