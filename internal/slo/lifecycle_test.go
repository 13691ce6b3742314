// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// answers is an objective on a counter over two hours, with one alert.
func answers(policy objective.NoData) SLO {
	return SLO{
		ID: "a", Service: "s", Name: "n", NoData: policy,
		Budget: &objective.Budget{
			Objective: 0.9, Period: 2 * time.Hour,
			Indicator:  objective.Indicator{Bad: `sum(rate(a_total{code="500"}[{{.window}}]))`, Total: `sum(rate(a_total[{{.window}}]))`},
			Conditions: []objective.Condition{{Name: "fast", Severity: "page", Op: ">", Factor: 5, Window: 10 * time.Minute, For: 2 * time.Minute}},
		},
	}
}

// play evaluates each minute until a time.
func play(w *world, until time.Duration, minute func()) {
	for w.now.Sub(began) < until {
		w.now = w.now.Add(time.Minute)
		minute()
		w.eval()
	}
}

// verdicts are those that hold at the present time.
func verdicts(w *world) []string {
	var out []string
	for name := range w.query(`slo:verdict:info{slo_verdict!="no_data"} or slo:verdict:info`, "slo_verdict") {
		out = append(out, name)
	}
	return out
}

// TestHistory: with less history than its period an objective is not said to be met, and nothing is
// said of what is left of its budget.
func TestHistory(t *testing.T) {
	w := newWorld(t, generated(t, []SLO{answers(objective.Hold)}))
	good := func() { w.count(map[string]float64{`a_total{code="200"}`: 100}) }
	play(w, time.Hour, good)
	assert.InDelta(t, 0.5, w.query("slo:history:ratio", "")[""], 0.02)
	assert.Equal(t, []string{"insufficient"}, verdicts(w))
	assert.Empty(t, w.query("slo:period_error_budget_remaining:ratio", ""))
	play(w, time.Hour+5*time.Minute, good)
	assert.Equal(t, []string{"SLOHistoryShort info"}, w.firing("severity"))
	assert.Contains(t, w.alerts()[0].Annotations.Get("summary"), "of the history that 2h need")
	play(w, 2*time.Hour, good)
	assert.Equal(t, []string{"ok"}, verdicts(w))
	assert.Empty(t, w.firing())
	assert.Equal(t, map[string]float64{"": 1}, w.query("slo:period_error_budget_remaining:ratio", ""))
}

// TestMissed: a budget that was spent slowly enough for no alert is missed all the same.
func TestMissed(t *testing.T) {
	w := newWorld(t, generated(t, []SLO{answers(objective.Hold)}))
	play(w, 2*time.Hour, func() { w.count(map[string]float64{`a_total{code="200"}`: 80, `a_total{code="500"}`: 20}) })
	assert.Equal(t, []string{"missed"}, verdicts(w))
	assert.InDelta(t, -1, w.query("slo:period_error_budget_remaining:ratio", "")[""], 1e-6)
	assert.InDelta(t, 2, w.query("slo:current_burn_rate:ratio", "")[""], 1e-6)
}

// TestEventsCount: the error ratio of the period is that of its events, not the average of the
// ratios of its minutes, in which a night with one request counts as much as a day (Sloth's issue
// 332).
func TestEventsCount(t *testing.T) {
	w := newWorld(t, generated(t, []SLO{answers(objective.Hold)}))
	play(w, time.Hour, func() { w.count(map[string]float64{`a_total{code="200"}`: 1000, `a_total{code="500"}`: 0}) })
	play(w, 2*time.Hour, func() { w.count(map[string]float64{`a_total{code="200"}`: 1, `a_total{code="500"}`: 1}) })
	assert.InDelta(t, 60.0/60120, w.query("slo:sli_error:ratio_rate2h", "")[""], 2e-4)
	assert.Greater(t, w.query("avg_over_time(slo:sli_error:ratio_rate5m[2h])", "")[""], 0.2)
}

// TestNoData: alerts that fire are held, or ended, by the policy; no policy says ok.
func TestNoData(t *testing.T) {
	for policy, want := range map[objective.NoData][]string{
		objective.Hold: {"SLOErrorBudgetBurn"}, objective.AlertNoData: {"SLOErrorBudgetBurn", "SLONoData"}, objective.Ignore: {},
	} {
		t.Run(string(policy), func(t *testing.T) {
			w := newWorld(t, generated(t, []SLO{answers(policy)}))
			play(w, 20*time.Minute, func() { w.count(map[string]float64{`a_total{code="500"}`: 10}) })
			assert.Equal(t, []string{"SLOErrorBudgetBurn"}, w.firing())
			assert.Equal(t, []string{"breach"}, verdicts(w))
			play(w, 2*time.Hour, func() {})
			assert.ElementsMatch(t, append(want, "SLOHistoryShort"), w.firing())
			assert.Equal(t, []string{"no_data"}, verdicts(w))
			play(w, 4*time.Hour, func() { w.count(map[string]float64{`a_total{code="200"}`: 10}) })
			assert.NotContains(t, w.firing(), "SLOErrorBudgetBurn", "it is good again")
			assert.NotContains(t, w.firing(), "SLONoData")
		})
	}
	t.Run("never any", func(t *testing.T) {
		w := newWorld(t, generated(t, []SLO{answers(objective.AlertNoData)}))
		play(w, 20*time.Minute, func() {})
		assert.Equal(t, []string{"SLONoData"}, w.firing())
		assert.Equal(t, []string{"no_data"}, verdicts(w))
	})
	t.Run("no events", func(t *testing.T) {
		w := newWorld(t, generated(t, []SLO{answers(objective.Hold)}))
		play(w, 20*time.Minute, func() { w.count(map[string]float64{`a_total{code="200"}`: 0}) })
		assert.Equal(t, []string{"insufficient"}, verdicts(w))
	})
}

// TestSlices: pieces of time are good or bad as a whole, whatever their traffic.
func TestSlices(t *testing.T) {
	for name, c := range map[string]struct {
		target float64
		want   float64
	}{"timeslices": {0.95, 0.5}, "ratio timeslices": {0, 0.05}} {
		t.Run(name, func(t *testing.T) {
			s := answers(objective.Hold)
			s.Budget.Slice = objective.Slice{Length: 5 * time.Minute, Target: c.target}
			w := newWorld(t, generated(t, []SLO{s}))
			play(w, time.Hour, func() { w.count(map[string]float64{`a_total{code="200"}`: 1000, `a_total{code="500"}`: 0}) })
			play(w, 2*time.Hour, func() { w.count(map[string]float64{`a_total{code="200"}`: 9, `a_total{code="500"}`: 1}) })
			assert.InDelta(t, c.want, w.query("slo:sli_error:ratio_rate2h", "")[""], c.want/10)
			assert.InDelta(t, 1, w.query("slo:history:ratio", "")[""], 0.05)
		})
	}
}

// TestThreshold counts the minutes in which a value is good.
func TestThreshold(t *testing.T) {
	s := answers(objective.Hold)
	s.Budget.Indicator = objective.Indicator{Value: "queue_length", Op: "<=", Threshold: 10}
	w := newWorld(t, generated(t, []SLO{s}))
	play(w, 89*time.Minute, func() { w.set(map[string]float64{`queue_length`: 10}) })
	play(w, 2*time.Hour, func() { w.set(map[string]float64{`queue_length`: 11}) })
	assert.InDelta(t, 0.25, w.query("slo:sli_error:ratio_rate2h", "")[""], 0.02)
	assert.Contains(t, w.firing(), "SLOErrorBudgetBurn")
}

// TestMissingBucket: without the bucket of a threshold nothing is slow and nothing is fast.
func TestMissingBucket(t *testing.T) {
	slos, err := FromCards(cards(t, "kind: model\nname: fraud\nslos: [{name: l, objective: 0.99, latency_below: 150ms, own_bucket: true}]\n"))
	require.NoError(t, err)
	w := newWorld(t, generated(t, slos))
	play(w, 20*time.Minute, func() { predictions(w, 100, 0.5) })
	assert.Equal(t, []string{"SLONotMeasurable"}, w.firing())
	assert.Equal(t, []string{"insufficient"}, verdicts(w))
	assert.Equal(t, "ml_prediction_duration_seconds has no bucket of 0.15 s: add it to duration_buckets of ml_summary.", w.alerts()[0].Annotations.Get("description"))
}

// TestGauges: bounds on what has a value at any time alert after "for", with the value.
func TestGauges(t *testing.T) {
	slos, err := FromCards(cards(t, `
kind: model
name: m
slos:
  - {name: relevance, measure: evaluator_score, evaluator: relevance, min: 0.8}
  - {name: drift, measure: drift, for: 5m}
  - {name: coverage, measure: coverage, min: 0.5}
---
kind: job
name: j
slos:
  - {name: fresh, measure: freshness, max_age: 36h}
  - {name: rows, measure: rows, stage: train, min: 1000}
`))
	require.NoError(t, err)
	w := newWorld(t, generated(t, slos))
	score := func(upper, n float64) map[string]float64 {
		labels := `ml_model_name="m",gen_ai_evaluation_name="relevance",ml_evaluator_kind="LLM"`
		return map[string]float64{
			`ml_evaluator_score{` + labels + `,ml_evaluation_bound="point"}`: upper - 0.05, `ml_evaluator_score{` + labels + `,ml_evaluation_bound="lower"}`: upper - 0.1,
			`ml_evaluator_score{` + labels + `,ml_evaluation_bound="upper"}`: upper, `ml_evaluator_samples{` + labels + `}`: n,
			`ml_drift_detected{ml_model_name="m",ml_feature_name="a"}`: 0, `ml_drift_detected{ml_model_name="m",ml_feature_name="b"}`: 1,
			`ml_evaluation_coverage{ml_model_name="m"}`:                                                           0.4,
			`ml_job_last_success_seconds{cicd_pipeline_name="j"}`:                                                 float64(began.Add(-36*time.Hour + 10*time.Minute).Unix()),
			`ml_stage_rows{cicd_pipeline_name="j",cicd_pipeline_task_name="train",ml_stage_rows_direction="out"}`: 999,
		}
	}
	play(w, 14*time.Minute, func() { w.set(score(0.79, 500)) })
	assert.Equal(t, []string{"SLOBreach drift"}, w.firing("slo_name"))
	play(w, 16*time.Minute, func() { w.set(score(0.79, 500)) })
	assert.Equal(t, []string{"SLOBreach coverage", "SLOBreach drift", "SLOBreach relevance", "SLOBreach rows"}, w.firing("slo_name"))
	for _, a := range w.alerts() {
		if a.Labels.Get("slo_name") == "relevance" {
			assert.Equal(t, "For 15m it has been beyond its bound, at least 0.8. It is 0.74, between 0.69 and 0.79 for sure, by 500 events.",
				a.Annotations.Get("description"))
		}
	}
	play(w, 27*time.Minute, func() { w.set(score(0.81, 500)) }) // below 0.8, but not for sure
	assert.Equal(t, []string{"SLOBreach coverage", "SLOBreach drift", "SLOBreach fresh", "SLOBreach rows"}, w.firing("slo_name"))
	assert.Contains(t, w.query(`slo:verdict:info{slo_name="relevance"}`, "slo_verdict"), "inconclusive")
	play(w, 60*time.Minute, func() { w.set(score(0.5, 99)) })
	assert.Contains(t, w.query(`slo:verdict:info{slo_name="relevance"}`, "slo_verdict"), "insufficient")
	assert.NotContains(t, w.firing("slo_name"), "SLOBreach relevance")
}

// TestOtherShares plays errors, recall and accuracy, on counters and on counts of labels.
func TestOtherShares(t *testing.T) {
	slos, err := FromCards(cards(t, `
kind: model
name: fraud
positive_class: fraud
slos:
  - {name: errors, measure: errors, max: 0.1}
  - {name: recall, measure: recall, min: 0.9}
  - {name: accuracy, measure: accuracy, min: 0.9}
  - {name: precision, measure: precision, min: 0.5}
  - {name: recall budget, measure: recall, objective: 0.9}
`))
	require.NoError(t, err)
	w := newWorld(t, generated(t, slos))
	cell := func(predicted, actual string) string {
		return `ml_evaluation_count{ml_model_name="fraud",ml_evaluation_predicted="` + predicted + `",ml_evaluation_actual="` + actual + `"}`
	}
	counts := map[string]float64{}
	play(w, 40*time.Minute, func() {
		w.count(map[string]float64{
			`ml_prediction_count_total{ml_model_name="fraud",service_name="a"}`:                      70,
			`ml_prediction_count_total{ml_model_name="fraud",service_name="a",error_type="timeout"}`: 30,
			`ml_prediction_count_total{ml_model_name="fraud",ml_segment="country=BR"}`:               100,
		})
		counts[cell("fraud", "fraud")] += 60
		counts[cell("ok", "fraud")] += 40
		counts[cell("fraud", "ok")] += 10
		counts[cell("ok", "ok")] += 290
		w.set(counts)
	})
	assert.InDelta(t, 0.3, w.query(`slo:sli:value{slo_name="errors",slo_window="15m"}`, "")[""], 1e-9)
	assert.InDelta(t, 0.6, w.query(`slo:sli:value{slo_name="recall",slo_window="15m"}`, "")[""], 1e-9)
	assert.InDelta(t, 0.875, w.query(`slo:sli:value{slo_name="accuracy",slo_window="15m"}`, "")[""], 1e-9)
	assert.InDelta(t, 60.0/70, w.query(`slo:sli:value{slo_name="precision",slo_window="15m"}`, "")[""], 1e-9)
	assert.InDelta(t, 0.4, w.query(`slo:sli_error:ratio_rate5m{slo_name="recall budget"}`, "")[""], 1e-9)
	assert.InDelta(t, 0.4, w.query(`slo:sli_error:ratio_rate30d{slo_name="recall budget"}`, "")[""], 1e-9)
	assert.Contains(t, w.firing("slo_name"), "SLOBreach errors")
	assert.Contains(t, w.firing("slo_name"), "SLOBreach recall")
	assert.NotContains(t, w.firing("slo_name"), "SLOBreach precision")
}
