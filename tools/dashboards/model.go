// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// model is one model, its versions side by side.
func model() board {
	const (
		version = "{{ml_model_version}} {{ml_model_role}}"
		score   = `ml_evaluation_score{@model, @segment, @live, ml_evaluation_measure="$measure", `
	)
	toFeature := to("feature", "The feature's page", keep("environment"), keep("model"), keep("version"), keep("segment"), set("feature", label("ml_feature_name")))
	slow := quantiles(version, "@version", `ml_prediction_duration_seconds_bucket{@model, error_type=""}`)

	return board{
		name: "model", title: "Model", from: "now-6h",
		about: "What has changed in this model, since when, and in which version? Is it still right?",
		variables: []cog.Builder[dashboard.VariableModel]{
			environments("ml_prediction_count_total"),
			oneModel(),
			versions(`ml_model_name="$model"`),
			segments(),
			measures("ml_evaluation_score{@model}"),
			text("length", "Input length", "A regular expression of the features that say how long or large an input is.", ".*(length|characters|words|tokens|size|pixels).*"),
			jaeger(),
		},
		annotations: marks("@model"),
		rows: []row{
			{"Versions side by side", []*panel{
				rowsOf("Versions", "A row a version: how much of the traffic it has, how it does, what drifts. A new version that is worse than the old one in any column is a reason to go back. Quality is the measure that is chosen above.",
					[]key{{"ml_model_version", "Version"}, {"ml_model_role", "Role"}},
					column{name: "Predictions/s", unit: "reqps", expr: `sum by (@version) (rate(ml_prediction_count_total{@model, @whole}[$__rate_interval]))`},
					column{name: "Failed", unit: "percentunit", expr: share("@version", `ml_prediction_count_total{@model, @whole, error_type!=""}`, `ml_prediction_count_total{@model, @whole}`), steps: []step{{0.01, warn}, {0.05, bad}}},
					column{name: "P50", unit: "s", expr: quantileOf("0.5", "@version", `ml_prediction_duration_seconds_bucket{@model, error_type=""}`)},
					column{name: "P95", unit: "s", expr: quantileOf("0.95", "@version", `ml_prediction_duration_seconds_bucket{@model, error_type=""}`)},
					column{name: "Confidence", unit: "percentunit", expr: mean("@version", "ml_prediction_confidence", "@model, @whole")},
					column{name: "Drifts", unit: "short", expr: `count by (@version) (ml_drift_detected{@model, @segment} == 1) or 0 * count by (@version) (ml_prediction_count_total{@model, @whole})`, steps: []step{{1, bad}}},
					column{name: "Quality", unit: "short", expr: `max by (@version) (` + score + `ml_evaluation_bound="point", ml_evaluation_kind="measured"})`},
				).size(24, 6),
				stacked("Share of the traffic", "percentunit", "Which version answers how much. A release moves it; what moves without one is a canary, a shadow or a mistake.",
					q(version, `sum by (@version) (rate(ml_prediction_count_total{@model, @whole}[$__rate_interval])) / on () group_left () (sum(rate(ml_prediction_count_total{@model, @whole}[$__rate_interval])) > 0)`)),
				lines("Predictions a second by service", "reqps", "Who asks the model (of all segments). A click leads to the service's traces in Jaeger.",
					q("{{service_name}}", `sum by (service_name) (rate(ml_prediction_count_total{@model, @whole}[$__rate_interval]))`),
				).leads(inJaeger("Traces in Jaeger", label("service_name"), map[string]string{"ml.model.name": "${model}"})),
				lines("Failed, by type of error", "percentunit", "The share of predictions that ended with each error, of all segments. The rules are PredictionErrors, above 5 %, and PredictionsFailing, above half. A click leads to traces with this error.",
					q("{{error_type}} {{service_name}}", `sum by (service_name, error_type) (rate(ml_prediction_count_total{@model, @whole, error_type!=""}[$__rate_interval])) / on (service_name) group_left () (sum by (service_name) (rate(ml_prediction_count_total{@model, @whole}[$__rate_interval])) > 0)`),
					q("all {{service_name}}", share("service_name", `ml_prediction_count_total{@model, @whole, error_type!=""}`, `ml_prediction_count_total{@model, @whole}`)),
				).limitLine(step{0.05, bad}).leads(inJaeger("Traces of the failed ones", label("service_name"), map[string]string{"ml.model.name": "${model}", "error.type": label("error_type")})),
			}},
			{"Drift", []*panel{
				states("Verdicts", "A lane for each feature, its missing values, the answer, the class and the confidence, compared with each reference. Red: a click opens the feature.",
					verdicts(),
					q("{{ml_drift_subject}} {{ml_feature_name}} {{ml_model_version}} vs {{ml_drift_reference}}",
						`max by (ml_model_version, ml_drift_subject, ml_feature_name, ml_drift_reference) (ml_drift_detected{@model, @segment}) or -1 * max by (ml_model_version, ml_drift_subject, ml_feature_name, ml_drift_reference) (ml_drift_verdict{@model, @segment, ml_drift_verdict="insufficient"})`),
				).size(12, 11).leads(toFeature),
				lines("Scores over their thresholds", "percentunit", "Each score as a share of its threshold, the ten highest, cut at 500 % (without relative_change, which is of few rows): above 100 % the effect is large enough for a verdict, which also asks for significance and for two windows in a row. A click opens the feature.",
					q("{{ml_drift_subject}} {{ml_feature_name}} {{ml_drift_method}} {{ml_model_version}}",
						`topk(10, clamp_max(`+overThreshold("ml_model_version, ml_drift_subject, ml_feature_name, ml_drift_method", "@model", `, ml_drift_method!="relative_change"`)+`, 5))`),
				).size(12, 11).limitLine(step{1, bad}).leads(toFeature),
				lines("Samples of the windows", "short", "How many values each window has, by what is compared. Below 200 (min_samples) there is no verdict: the window grows. Fewer than usual: less traffic, or attributes that are gone.",
					q("{{ml_drift_subject}} {{ml_model_version}}", `min by (ml_model_version, ml_drift_subject) (ml_drift_samples{@model, @segment})`),
				).size(6, 8).limitLine(step{200, good}),
				rowsOf("Why there is no verdict", "How many verdicts are insufficient, for which reason. few: less traffic than min_samples in a window, it grows. no_reference: the card names no baseline. learning: what is usual at this hour is not known yet. mismatch: other bins or types than the baseline's; make it anew.",
					[]key{{"ml_drift_subject", "What"}, {"ml_drift_reason", "Reason"}},
					column{name: "Verdicts", unit: "short", expr: `count by (ml_drift_subject, ml_drift_reason) (ml_drift_verdict{@model, @segment, ml_drift_verdict="insufficient"} == 1)`},
				).size(6, 8).none("all have a verdict"),
				rowsOf("Segments that drift", "Every segment with a verdict of drift. Choose it above: verdicts, scores, confidence and quality are then of it.",
					[]key{{"ml_model_version", "Version"}, {"ml_segment", "Segment"}, {"ml_drift_subject", "What"}, {"ml_feature_name", "Feature"}, {"ml_drift_reference", "Compared with"}},
					column{name: "Drifts", unit: "short", expr: `max by (ml_model_version, ml_segment, ml_drift_subject, ml_feature_name, ml_drift_reference) (ml_drift_detected{@model, ml_segment!=""}) == 1`},
				).size(6, 8).none("no segment drifts").leads(to("model", "This segment", keep("environment"), keep("model"), keep("version"), set("segment", cell("Segment")))),
				lines("Changes by detectors", "short", "Changes that ml_summary's detectors have seen in the order of arrival (ADWIN, DDM and others, where they are configured). One change is a hint, several in an hour are a change.",
					q("{{ml_stream_detector}} of {{ml_stream_subject}} {{ml_model_version}}", `sum by (ml_model_version, ml_stream_detector, ml_stream_subject) (increase(ml_stream_change_count_total{@model}[$__rate_interval]))`),
				).size(6, 8).none("no detectors"),
			}},
			{"Answers", []*panel{
				stacked("Classes", "percentunit", "The share of each class among the answers, of all versions that are chosen. A class that grows or is gone: either the world has changed or the model has; the drift of the inputs above tells which.",
					q("{{ml_prediction_class}}", `sum by (ml_prediction_class) (rate(ml_prediction_class_count_total{@model, @whole}[$__rate_interval])) / on () group_left () (sum(rate(ml_prediction_class_count_total{@model, @whole}[$__rate_interval])) > 0)`),
				).size(12, 8).none("no classes: a regressor, or a generative model"),
				lines("Mixture of the classes", "percentunit", "The entropy of the classes: 1 where all are as frequent, 0 where all answers are the same, beside that of the reference. Less than a quarter of the reference's is the rule AnswersCollapsed: the model says one thing to everything.",
					q(version, `max by (@version) (ml_drift_class_entropy{@model, @segment})`),
					reference("reference {{ml_drift_reference}}", `max by (ml_drift_reference) (ml_drift_reference_class_entropy{@model, @segment})`),
				).size(12, 8).none("no classes"),
				lines("Mean confidence", "percentunit", "The mean confidence of the window that is compared, the reference's, and that of now. A fall of 0.05 is the rule ConfidenceFell. A calibrated model that is less confident is less often right.",
					q("window "+version, `max by (@version) (ml_drift_confidence_mean{@model, @segment})`),
					q("now, all segments, "+version, mean("@version", "ml_prediction_confidence", "@model, @whole")),
					reference("reference {{ml_drift_reference}} {{ml_model_version}}", `max by (ml_model_version, ml_drift_reference) (ml_drift_reference_confidence_mean{@model, @segment})`)),
				heat("Confidence", "percentunit", "The distribution of the confidence over time: a row is a bucket, dark where many answers are. A dark band that moves down: the model doubts. Points are exemplars, which open their traces.",
					traced("{{le}}", `sum by (le) (increase(ml_prediction_confidence_bucket{@model, @whole}[$__rate_interval]))`)).size(8, 8),
				heat("Value", "short", "The distribution of a regressor's answers, or of a score. A band that is new or gone is a change of the answers; a single one is a constant model.",
					traced("{{le}}", `sum by (le) (increase(ml_prediction_value_bucket{@model, @whole}[$__rate_interval]))`)).size(8, 8).none("no values: a classifier without a score"),
			}},
			{"Inputs", []*panel{
				lines("Input length", "short", "How long inputs are, median and P95: features whose name says so (see the variable), and characters of generative models. Longer inputs take longer and cost more; very short ones are often empty or broken.",
					q("P50 {{ml_feature_name}} {{ml_model_version}}", quantileOf("0.5", "ml_feature_name, ml_model_version", `ml_feature_value_bucket{@model, @whole, ml_feature_name=~"$length"}`)),
					q("P95 {{ml_feature_name}} {{ml_model_version}}", quantileOf("0.95", "ml_feature_name, ml_model_version", `ml_feature_value_bucket{@model, @whole, ml_feature_name=~"$length"}`)),
					q("P50 characters {{ml_model_version}}", quantileOf("0.5", "ml_model_version", `ml_llm_input_characters_bucket{@model}`)),
					q("P95 characters {{ml_model_version}}", quantileOf("0.95", "ml_model_version", `ml_llm_input_characters_bucket{@model}`)),
				).none("no feature of this name").leads(toFeature),
				lines("Missing values", "percentunit", "The share of rows that lack each feature, the ten highest. A step up: whoever computes the feature has changed or failed; 20 points more than the day before is the rule FeatureMissing.",
					q("{{ml_feature_name}} {{ml_model_version}}", `topk(10, `+missing("ml_model_version, ml_feature_name", "@model, @whole")+`)`),
				).limitLine(step{0.2, warn}).leads(toFeature),
				lines("Rows that break the contract", "percentunit", "The share of rows that break each check of the card's contract, by where they came from. 0 where a contract holds. Above 1 %: the source has begun to send bad data, and its name is here.",
					traced("{{ml_feature_name}} {{ml_contract_check}} {{ml_data_source}}", `sum by (ml_feature_name, ml_contract_check, ml_data_source) (rate(ml_contract_violation_count_total{@model}[$__rate_interval])) / on (ml_data_source) group_left () (sum by (ml_data_source) (rate(ml_contract_row_count_total{@model}[$__rate_interval])) > 0)`),
					q("all checks hold, {{ml_data_source}}", `0 * sum by (ml_data_source) (rate(ml_contract_row_count_total{@model}[$__rate_interval]))`),
				).limitLine(step{0.01, bad}).none("the card has no contract"),
				states("Checks of windows", "What the card's contract asks of whole windows: shares, means, quantiles, numbers of rows, and how many rows may break a check. Red: the rule is ContractWindowViolated; its alert has the figure and its bounds.",
					mapping(named{-1, "insufficient", "text"}, named{0, "ok", good}, named{1, "violated", bad}),
					q("{{ml_feature_name}} {{ml_contract_check}} {{ml_model_version}}",
						`(max by (ml_model_version, ml_feature_name, ml_contract_check) (ml_contract_verdict{@model, ml_contract_verdict="violated"}) unless max by (ml_model_version, ml_feature_name, ml_contract_check) (ml_contract_verdict{@model, ml_contract_verdict="insufficient"}) == 1)
						or -1 * (max by (ml_model_version, ml_feature_name, ml_contract_check) (ml_contract_verdict{@model, ml_contract_verdict="insufficient"}) == 1)`),
				).size(24, 6).none("the card has no contract"),
			}},
			{"Latency of good predictions", []*panel{
				lines("P50, P95, P99", "s", "Durations by version, without failed ones. Compare versions: a slow release shows here first. Points are exemplars: the slowest predictions, each opens its trace.", slow...).size(12, 8),
				heat("Durations", "s", "All durations: a second dark band above the first one is a second way through the code (a cold cache, a retry, a long input), which a percentile hides.",
					traced("{{le}}", `sum by (le) (increase(ml_prediction_duration_seconds_bucket{@model, error_type=""}[$__rate_interval]))`)).size(12, 8),
			}},
			{"Quality, by labels", []*panel{
				lines("Quality, with its interval", "short", "The measure that is chosen above, of the window, and between which bounds it lies with 95 % confidence; estimated is from scores alone, before labels are there. Two versions differ for sure where their intervals do not meet.",
					q("measured "+version, `max by (@version) (`+score+`ml_evaluation_bound="point", ml_evaluation_kind="measured"})`),
					reference("lower "+version, `max by (@version) (`+score+`ml_evaluation_bound="lower", ml_evaluation_kind="measured"})`),
					reference("upper "+version, `max by (@version) (`+score+`ml_evaluation_bound="upper", ml_evaluation_kind="measured"})`),
					q("estimated "+version, `max by (@version) (`+score+`ml_evaluation_bound="point", ml_evaluation_kind="estimated"})`),
				).size(12, 9).none("no labels: ml_evaluation has them"),
				rowsOf("All measures", "Each measure with its bounds and the number of labelled predictions that it rests on. Wide bounds: too few labels to say anything.",
					[]key{{"ml_model_version", "Version"}, {"ml_model_role", "Role"}, {"ml_evaluation_measure", "Measure"}, {"ml_evaluation_average", "Average"}},
					column{name: "Value", unit: "short", expr: measured("point")},
					column{name: "Lower", unit: "short", expr: measured("lower")},
					column{name: "Upper", unit: "short", expr: measured("upper")},
					column{name: "n", unit: "short", expr: `max by (@version, ml_evaluation_measure, ml_evaluation_average) (ml_evaluation_samples{@model, @segment, @live, ml_evaluation_kind="measured"})`},
				).size(12, 9).none("no labels"),
				rowsOf("Confusion", "How often each class was predicted, by the class that the label gives, since the beginning. Rows where both differ are mistakes.",
					[]key{{"ml_model_version", "Version"}, {"ml_evaluation_predicted", "Predicted"}, {"ml_evaluation_actual", "Label"}},
					column{name: "Predictions", unit: "short", expr: `sum by (ml_model_version, ml_evaluation_predicted, ml_evaluation_actual) (ml_evaluation_count{@model, @segment, ml_label_set=""})`},
				).size(8, 8).none("no labels"),
				lines("Difference that is sure", "short", "By how much the measure differs from the window before, or another version: both ends of the interval. Where 0 lies outside, the difference is real; where it lies inside, nobody knows.",
					q("lower, vs {{ml_evaluation_compared_with}} "+version, `max by (@version, ml_evaluation_compared_with) (ml_evaluation_difference{@model, @segment, @live, ml_evaluation_measure="$measure", ml_evaluation_bound="lower", ml_evaluation_kind="measured"})`),
					q("upper, vs {{ml_evaluation_compared_with}} "+version, `max by (@version, ml_evaluation_compared_with) (ml_evaluation_difference{@model, @segment, @live, ml_evaluation_measure="$measure", ml_evaluation_bound="upper", ml_evaluation_kind="measured"})`),
				).none("nothing to compare with yet"),
				lines("Labels", "percentunit", "The share of the window's predictions that have a label. Where it falls, the measures are of the past, or of those that are labelled first: see that labels still come (LabelCoverageFell, LabelsStopped).",
					q("coverage "+version, `max by (@version) (ml_evaluation_coverage{@model, @segment, ml_label_set=""})`),
				).none("no labels"),
			}},
		},
	}
}

func measured(bound string) string {
	return `max by (@version, ml_evaluation_measure, ml_evaluation_average) (ml_evaluation_score{@model, @segment, @live, ml_evaluation_kind="measured", ml_evaluation_bound="` + bound + `"})`
}
