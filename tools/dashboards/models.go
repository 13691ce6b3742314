// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// models is where one begins: all models, and which of them needs a look.
func models() board {
	const name = "{{ml_model_name}} {{ml_model_version}}"
	toModel := to("model", "The model's page", keep("environment"), set("model", label("ml_model_name")))

	return board{
		name: "models", title: "Models", from: "now-6h",
		about: "Which of our models needs a look? Verdicts, traffic, confidence, latency, errors and cost of all of them.",
		variables: []cog.Builder[dashboard.VariableModel]{
			environments("ml_prediction_count_total"),
			severalModels("ml_prediction_count_total"),
			versions(`ml_model_name=~"$model"`),
			jaeger(),
		},
		annotations: marks("@models"),
		rows: []row{
			{"Now", []*panel{
				number("Models that drift", "short",
					"How many models have at least one verdict of drift that holds, of a feature, the answer or the confidence. Above 0: the table below says which, and of what.",
					q("models", `count(max by (deployment_environment_name, ml_model_name) (ml_drift_detected{@models, @whole}) == 1) or vector(0)`),
				).limits(step{1, bad}),
				number("Drift in segments alone", "short",
					"How many models have a segment that drifts while no total does. Above 0: open the model, and choose the segment.",
					q("models", `count(max by (deployment_environment_name, ml_model_name) (ml_drift_detected{@models, ml_segment!=""}) == 1 unless max by (deployment_environment_name, ml_model_name) (ml_drift_detected{@models, @whole}) == 1) or vector(0)`),
				).limits(step{1, warn}),
				number("Alerts that fire", "short",
					"Alerts of rules on models that fire, in Prometheus or in prometheus_rules. Above 0: Alertmanager has the sentence, the runbook and the traces of each.",
					q("alerts", `count(ALERTS{alertstate="firing", ml_model_name=~"$model"}) or vector(0)`),
				).limits(step{1, bad}),
				number("Traffic now", "reqps",
					"The traffic of all models. 0 means that no span of a prediction comes: look at the Collector dashboard first, then at the services.",
					q("predictions", `sum(rate(ml_prediction_count_total{@models, @whole}[$__rate_interval]))`),
				),
				number("Failed now", "percentunit",
					"The share of all predictions that ended with an error. Above 5 % (the rule PredictionErrors): the table has the model, its page the type of error.",
					q("failed", `(sum(rate(ml_prediction_count_total{@models, @whole, error_type!=""}[$__rate_interval])) or vector(0)) / (sum(rate(ml_prediction_count_total{@models, @whole}[$__rate_interval])) > 0)`),
				).limits(step{0.01, warn}, step{0.05, bad}),
				number("Cost in this time", "short",
					"What the predictions of the time that is shown have cost, by currency. None where nothing has a price: ml.prediction.cost on the span, or prices on the card.",
					q("{{ml_prediction_currency}}", `sum by (ml_prediction_currency) (increase(ml_prediction_cost_total{@models}[$__range]))`),
				).none("no costs"),
				rowsOf("All models", "A row a version. Colours are those of the shipped rules: more than 5 % failed, any drift. A click on a model opens its page.",
					[]key{{"deployment_environment_name", "Environment"}, {"ml_model_name", "Model"}, {"ml_model_version", "Version"}},
					column{name: "Predictions/s", unit: "reqps", expr: `sum by (@each) (rate(ml_prediction_count_total{@models, @whole}[$__rate_interval]))`},
					column{name: "Failed", unit: "percentunit", expr: share("@each", `ml_prediction_count_total{@models, @whole, error_type!=""}`, `ml_prediction_count_total{@models, @whole}`), steps: []step{{0.01, warn}, {0.05, bad}}},
					column{name: "P95", unit: "s", expr: quantileOf("0.95", "@each", `ml_prediction_duration_seconds_bucket{@models, error_type=""}`)},
					column{name: "Confidence", unit: "percentunit", expr: mean("@each", "ml_prediction_confidence", "@models, @whole")},
					column{name: "Drifts", unit: "short", expr: `count by (@each) (ml_drift_detected{@models, @whole} == 1) or 0 * count by (@each) (ml_prediction_count_total{@models, @whole})`, steps: []step{{1, bad}}},
					column{name: "Accuracy", unit: "percentunit", expr: `max by (@each) (ml_evaluation_score{@models, @whole, @live, ml_evaluation_measure="accuracy", ml_evaluation_bound="point", ml_evaluation_kind="measured"})`},
				).size(24, 8).leads(to("model", "The model's page", set("environment", cell("Environment")), set("model", cell("Model")), set("version", cell("Version")))),
			}},
			{"Verdicts", []*panel{
				states("Verdict of each version", "Drift where anything of the version drifts (without segments), ok where nothing does, insufficient where there are too few samples, or nothing to compare them with. Red: what drifts is on the right.",
					verdicts(),
					q(name, `max by (@each) (ml_drift_detected{@models, @whole}) or -1 * max by (@each) (ml_drift_verdict{@models, @whole, ml_drift_verdict="insufficient"})`),
				).size(12, 9).leads(toModel),
				rowsOf("What drifts now", "Every verdict of drift that holds, in the order of its place in its model: how far it is over its threshold, times the feature's importance. A click opens the feature: since when, by how much, and traces that show it.",
					[]key{{"deployment_environment_name", "Environment"}, {"ml_model_name", "Model"}, {"ml_model_version", "Version"}, {"ml_drift_subject", "What"}, {"ml_feature_name", "Feature"}, {"ml_segment", "Segment"}, {"ml_drift_reference", "Compared with"}},
					column{name: "Place", unit: "short", expr: `min by (@each, ml_drift_subject, ml_feature_name, ml_segment, ml_drift_reference) (ml_drift_rank{@models} > 0)`},
				).size(12, 9).sorted("Place").none("nothing drifts").leads(
					to("feature", "The feature's page", set("environment", cell("Environment")), set("model", cell("Model")), set("feature", cell("Feature"))),
					to("model", "The model's page", set("environment", cell("Environment")), set("model", cell("Model")))),
			}},
			{"Traffic and errors", []*panel{
				lines("Predictions a second", "reqps", "Traffic by version. A line that ends: the version serves no more, or its spans are lost. A new one is a release.",
					q(name, `sum by (@each) (rate(ml_prediction_count_total{@models, @whole}[$__rate_interval]))`),
				).size(12, 8).leads(toModel),
				lines("Failed", "percentunit", "The share of predictions that ended with an error, 0 where none did. Above 5 %: the model's page has the types of errors, and a link to their traces.",
					q(name, share("@each", `ml_prediction_count_total{@models, @whole, error_type!=""}`, `ml_prediction_count_total{@models, @whole}`)),
				).size(12, 8).limitLine(step{0.05, bad}).leads(toModel),
			}},
			{"Latency of good predictions", []*panel{
				lines("P50", "s", "The median duration of predictions that did not fail. It rises with longer inputs, a slower release, or a queue before the model.",
					q(name, quantileOf("0.5", "@each", `ml_prediction_duration_seconds_bucket{@models, error_type=""}`))).leads(toModel),
				lines("P95", "s", "One prediction of twenty takes longer. PredictionsSlow fires where it is twice that of the day before.",
					q(name, quantileOf("0.95", "@each", `ml_prediction_duration_seconds_bucket{@models, error_type=""}`))).leads(toModel),
				lines("P99", "s", "One prediction of a hundred takes longer. If this alone rises, look at its exemplars: they open traces of the slow ones.",
					traced(name, quantileOf("0.99", "@each", `ml_prediction_duration_seconds_bucket{@models, error_type=""}`))).leads(toModel),
			}},
			{"Confidence and cost", []*panel{
				lines("Mean confidence", "percentunit", "The mean confidence of answers. Of a calibrated model it is the accuracy to expect; a fall of 0.05 below the baseline is the rule ConfidenceFell. Look at the model's page for the baseline.",
					q(name, mean("@each", "ml_prediction_confidence", "@models, @whole"))).leads(toModel),
				lines("Low confidence", "percentunit", "The share of answers whose confidence is low (0.5, unless ml_drift says otherwise). Where it rises, the model sees what it does not know.",
					q(name, `max by (@each) (ml_drift_confidence_low{@models, @whole})`),
				).leads(toModel),
				lines("Cost an hour", "short", "What predictions cost at the rate of now, by model and currency. A rise without more traffic: longer prompts or answers, or another model; see the Generative dashboard.",
					q("{{ml_model_name}} {{ml_prediction_currency}}", `3600 * sum by (ml_model_name, ml_prediction_currency) (rate(ml_prediction_cost_total{@models}[$__rate_interval]))`),
				).none("no costs").leads(to("generative", "The Generative dashboard", keep("environment"), set("model", label("ml_model_name")))),
			}},
		},
	}
}
