// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// gauge is a measure that has a value at any time: what a component has computed, or what has added
// up in a day.
func (of subject) gauge(card catalog.SLO) *objective.Breach {
	b := &objective.Breach{
		For: card.For, MinSamples: float64(card.MinSamples), By: of.by, Unit: objective.Number, Low: math.Inf(-1), High: math.Inf(1),
	}
	b.Bound, b.Upward = card.Min, false
	if card.Max != nil {
		b.Bound, b.Upward = card.Max, true
	}
	total := `ml_segment=""`
	switch card.Measure {
	case catalog.MeasureAgreement:
		of.interval(b, "ml_shadow", `ml_evaluation_measure="agreement"`)
		b.Unit, b.Low, b.High = objective.Percent, 0, 1
	case catalog.MeasureEvaluatorScore:
		of.interval(b, "ml_evaluator", "gen_ai_evaluation_name="+strconv.Quote(card.Evaluator))
		b.Unit = objective.Score
	case catalog.MeasureDrift:
		only := []string{total}
		if card.Feature != "" {
			only = append(only, "ml_feature_name="+strconv.Quote(card.Feature))
		}
		b.Value = objective.Query(of.aggregate("max", of.series("ml_drift_detected", only...)))
		b.Bound, b.Upward, b.Low, b.High = new(float64), true, 0, 1
	case catalog.MeasureCoverage:
		b.Value = objective.Query(of.aggregate("min", of.series("ml_evaluation_coverage", total, `ml_label_set=""`)))
		b.Unit, b.Low, b.High = objective.Percent, 0, 1
	case catalog.MeasureTokens:
		of.perDay(b, of.series("gen_ai_client_token_usage_sum"))
	case catalog.MeasureCost:
		of.perDay(b, of.series("ml_prediction_cost_total", "ml_prediction_currency="+strconv.Quote(card.Currency)))
	case catalog.MeasureFreshness:
		b.Value = objective.Query("time() - " + of.aggregate("max", of.series("ml_job_last_success_seconds")))
		age := card.Age.Seconds()
		b.Bound, b.Upward, b.Low, b.Unit = &age, true, 0, objective.Seconds
	case catalog.MeasureRows:
		written := of.series("ml_stage_rows", `ml_stage_rows_direction="out"`, "cicd_pipeline_task_name="+strconv.Quote(card.Stage))
		b.Value = objective.Query(of.aggregate("sum", written))
		b.Low = 0
	}
	usual(b)
	return b
}

// interval is a score that comes with its bounds, of the total and each segment. The worst version
// counts.
func (of subject) interval(b *objective.Breach, family, which string) {
	by := append([]string{labelSegment, labelVersion}, "ml_evaluator_kind", "ml_shadow_version", "ml_shadow_model")
	read := func(metric string, more ...string) objective.Query {
		return objective.Query(of.aggregate("max", of.series(metric, append([]string{which}, more...)...), by...))
	}
	b.By = append(slices.Clone(of.by), by...)
	b.Value = read(family+"_score", `ml_evaluation_bound="point"`)
	b.Lower = read(family+"_score", `ml_evaluation_bound="lower"`)
	b.Upper = read(family+"_score", `ml_evaluation_bound="upper"`)
	b.Samples = read(family + "_samples")
}

// perDay is what has added up in the last day. It means that only where the day before has been
// seen, too.
func (of subject) perDay(b *objective.Breach, series string) {
	b.Value = objective.Query(of.aggregate("sum", fmt.Sprintf("increase(%s[1d])", series)))
	b.Ready = objective.Query(of.aggregate("group", series+" offset 1d"))
	b.Low = 0
}
