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
// of the shadow's number minus the primary's, and the mean of how far they are apart. Durations
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
	// Primary is the model whose answers are used, which may be a canary, Shadow the one that answers
	// in the shadow.
	Primary, Shadow prediction.Identity
	// Segment is the cohort, such as country=DE; empty is all of them, or, where Overflow is set, all
	// that found no room.
	Segment  string
	Overflow bool

	// Start and End are the window of Scores, in nanoseconds since 1970.
	Start, End int64
	// Scores are the measures that have rows in it.
	Scores []evaluation.Score

	// Since is when the series began, by the wall clock, in nanoseconds since 1970. All that follows
	// is of all pairs since then.
	Since int64
	// Answers has the pairs by both answers, the primary's as the actual class.
	Answers *evaluation.Confusion
	// PrimaryFailed, ShadowFailed and BothFailed are the requests of which one answer failed, or both.
	PrimaryFailed, ShadowFailed, BothFailed float64
	// Disagreement is the share of pairs whose answers differ, with bounds that hold at all times at
	// once. Each pair counts once, whatever it stands for.
	Disagreement evaluation.Interval
	// Verdict says whether that share is more than the margin; empty where there is no margin.
	Verdict evaluation.Verdict
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
				Primary: c.primary.Identity, Shadow: c.shadow.Identity, Segment: segment, Overflow: rest,
				Start: c.clock.Start(window), End: c.clock.End(window),
				Scores: s.scores(window, &e.options, r.Scores[:0]),
				Since:  s.since, Answers: s.cumulative,
				PrimaryFailed: s.failed.primary, ShadowFailed: s.failed.shadow, BothFailed: s.failed.both,
				Disagreement: evaluation.AlwaysValidMean(s.trials, e.options.Level),
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
