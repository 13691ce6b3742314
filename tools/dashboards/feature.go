// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// feature is one feature of one model: by how much it has moved, and traces that show it.
func feature() board {
	const drift = `{@feature, @segment, ml_drift_subject="feature"}`

	return board{
		name: "feature", title: "Feature", from: "now-6h",
		about: "By how much has this feature moved, since when, where to, and which predictions show it?",
		variables: []cog.Builder[dashboard.VariableModel]{
			environments("ml_prediction_count_total"),
			oneModel(),
			versions(`ml_model_name="$model"`),
			values("feature", "Feature", "ml.feature.name",
				`{__name__=~"ml_feature_value_count|ml_feature_category_count_total|ml_feature_missing_count_total", @model}`, "ml_feature_name"),
			segments(),
			jaeger(),
		},
		annotations: marks("@model"),
		rows: []row{
			{"Verdict", []*panel{
				states("Verdict", "Drift, ok or insufficient, of the feature (in the segment that is chosen) and of its missing values, against each reference. Red: the scores below say by how much, the heat map where to, its points are traces.",
					verdicts(),
					q("{{ml_drift_subject}} {{ml_model_version}} vs {{ml_drift_reference}}",
						`max by (ml_model_version, ml_drift_subject, ml_drift_reference) (ml_drift_detected{@feature, @segment}) or -1 * max by (ml_model_version, ml_drift_subject, ml_drift_reference) (ml_drift_verdict{@feature, @segment, ml_drift_verdict="insufficient"})`),
				).size(12, 6),
				number("Place among what drifts", "short", "Which place the drift has among those of the model: 1 is the one to look at first. None where the feature does not drift.",
					q("{{ml_model_version}}", `min by (ml_model_version) (ml_drift_rank{@feature, @segment} > 0)`),
				).size(4, 6).limits(step{1, warn}).none("no drift"),
				number("Samples", "short", "The number of values in the window that is compared, and in the reference. Below 200 there is no verdict.",
					q("window", `max(ml_drift_samples`+drift+`)`),
					q("reference", `max(ml_drift_reference_samples`+drift+`)`),
				).size(4, 6),
				number("The window ended", "dateTimeFromNow", "When the window that the scores are of ended. Long ago: no predictions come, or too few.",
					q("ended", `1000 * max(ml_drift_window_end_seconds`+drift+`)`),
				).size(4, 6),
			}},
			{"Score", []*panel{
				lines("Score by method, with its threshold", "short", "The distance of the window to its reference by each method; dashed is the method's threshold. One method decides (thresholds and methods are on the card, or those of ml_drift); the others help to understand. relative_change, which is of few rows and on another scale, is on the right.",
					q("{{ml_drift_method}} {{ml_model_version}} vs {{ml_drift_reference}}", `max by (ml_model_version, ml_drift_method, ml_drift_reference) (ml_drift_score{@feature, @segment, ml_drift_subject="feature", ml_drift_method!="relative_change"})`),
					reference("threshold of {{ml_drift_method}}", `max by (ml_drift_method) (ml_drift_threshold{@feature, @whole, ml_drift_subject="feature", ml_drift_method!="relative_change"})`),
				).size(12, 9),
				lines("Score as a share of its threshold", "percentunit", "All methods on one scale, cut at 500 %: above 100 % is over the threshold. What rises slowly drifts; what jumps at a release (blue) was changed.",
					q("{{ml_drift_method}} {{ml_model_version}} vs {{ml_drift_reference}}", `clamp_max(`+overThreshold("ml_model_version, ml_drift_method, ml_drift_reference", "@feature", `, ml_drift_subject="feature"`)+`, 5)`),
				).size(12, 9).limitLine(step{1, bad}),
				lines("P-value", "short", "The probability of such a distance if nothing had changed. With many samples it is small for differences that matter to nobody: the score decides, this only says that it is no chance.",
					q("{{ml_drift_method}} {{ml_model_version}}", `min by (ml_model_version, ml_drift_method) (ml_drift_p_value`+drift+`)`)),
				lines("Score by segment", "percentunit", "The scores of each segment as a share of their thresholds, the ten highest, cut at 500 % (without relative_change). One segment that stands out is where to look: choose it above. All alike: the change is everywhere.",
					q("{{ml_segment}} {{ml_drift_subject}} {{ml_drift_method}}", `topk(10, clamp_max(max by (ml_segment, ml_drift_subject, ml_drift_method) (ml_drift_score{@feature, ml_segment!="", ml_drift_method!="relative_change"}) / on (ml_drift_subject, ml_drift_method) group_left () max by (ml_drift_subject, ml_drift_method) (ml_drift_threshold{@feature, @whole}), 5))`),
				).limitLine(step{1, bad}).none("no segments, or none is compared"),
				lines("Missing values", "percentunit", "The share of rows without a value. A step up: whoever computes the feature has failed. Its alert names predictions that lacked it.",
					q("{{ml_model_version}}", missing("ml_model_version", "@feature, @whole")),
				).limitLine(step{0.2, warn}),
			}},
			{"Values", []*panel{
				heat("Distribution", "short", "A numeric feature over time: a row is a bucket (of the baseline's, where there is one), dark where many values are. Points are exemplars: the smallest, the largest and another value, each opens its trace.",
					traced("{{le}}", `sum by (le) (increase(ml_feature_value_bucket{@feature, @whole}[$__rate_interval]))`),
				).size(12, 10).none("no numbers: see the categories"),
				lines("P10, P50, P90", "short", "The same as three lines. All move: a shift, or another unit. They part: a wider spread. One moves: a tail, a cap or a default value.",
					q("P10 {{ml_model_version}}", quantileOf("0.1", "ml_model_version", `ml_feature_value_bucket{@feature, @whole}`)),
					q("P50 {{ml_model_version}}", quantileOf("0.5", "ml_model_version", `ml_feature_value_bucket{@feature, @whole}`)),
					traced("P90 {{ml_model_version}}", quantileOf("0.9", "ml_model_version", `ml_feature_value_bucket{@feature, @whole}`)),
				).size(12, 10).none("no numbers"),
				stacked("Categories", "percentunit", "The share of each value of a categorical feature, the fifteen most frequent ones. A new one, or one that is gone: a change upstream, or of its spelling. The alert of its drift names predictions with it.",
					q("{{ml_feature_category}}", `topk(15, sum by (ml_feature_category) (rate(ml_feature_category_count_total{@feature, @whole}[$__rate_interval])) / on () group_left () (sum(rate(ml_feature_category_count_total{@feature, @whole}[$__rate_interval])) > 0))`),
				).size(12, 9).none("no categories: a number"),
				lines("Rows that break the contract", "percentunit", "The share of rows in which this feature breaks a check of the card's contract, by source. Where the feature drifts and breaks its contract at once, begin with the source.",
					traced("{{ml_contract_check}} {{ml_data_source}}", `sum by (ml_contract_check, ml_data_source) (rate(ml_contract_violation_count_total{@feature}[$__rate_interval])) / on (ml_data_source) group_left () (sum by (ml_data_source) (rate(ml_contract_row_count_total{@model}[$__rate_interval])) > 0)`),
					q("all checks hold, {{ml_data_source}}", `0 * sum by (ml_data_source) (rate(ml_contract_row_count_total{@model}[$__rate_interval]))`),
				).size(12, 9).limitLine(step{0.01, bad}).none("the card has no contract"),
				lines("Traces by service", "reqps", "Who sends predictions of this model. A click leads to the service's traces in Jaeger, for back ends that drop exemplars.",
					q("{{service_name}}", `sum by (service_name) (rate(ml_prediction_count_total{@model, @whole}[$__rate_interval]))`),
				).size(24, 6).leads(inJaeger("Traces in Jaeger", label("service_name"), map[string]string{"ml.model.name": "${model}"})),
			}},
		},
	}
}
