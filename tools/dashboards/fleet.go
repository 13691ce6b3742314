// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// served are the models that are chosen, of all versions.
const served = `deployment_environment_name=~"$environment", ml_model_name=~"$model"`

// fleet puts GPUs, models and the business on one time axis.
func fleet() board {
	const (
		gpus   = `{host_name=~"$host", hw_gpu_task=~"|general"}`
		gpu    = "{{host_name}} {{hw_id}}"
		byGPU  = "host_name, hw_id"
		placed = `max by (k8s_namespace_name, k8s_pod_name, ml_model_name) (ml_model_placement{` + served + `})`
	)
	toModel := to("model", "The model's page", keep("environment"), set("model", label("ml_model_name")))
	// The figure of a pod's GPUs, for each model that is placed in the pod.
	of := func(aggregate, figure string) string {
		return aggregate + ` by (ml_model_name) (` + placed + ` * on (k8s_namespace_name, k8s_pod_name) group_left () ` + aggregate + ` by (k8s_namespace_name, k8s_pod_name) (` + figure + gpus + `))`
	}

	return board{
		name: "fleet", title: "Fleet and GPU", from: "now-6h",
		about: "What do our GPUs do for which model, is the model any good meanwhile, and does the business notice?",
		variables: []cog.Builder[dashboard.VariableModel]{
			environments("ml_prediction_count_total"),
			severalModels("ml_prediction_count_total"),
			measures(`ml_evaluation_score{` + served + `}`),
			several(values("host", "Host", "host.name of the GPUs", "hw_gpu_utilization_ratio", "host_name")),
			text("kpi", "Business number", "A PromQL expression of a number that the business looks at, by ml_model_name where it can be.",
				`sum by (ml_model_name) (rate(shop_conversions_total[$__rate_interval])) / sum by (ml_model_name) (rate(shop_sessions_total[$__rate_interval]))`),
			jaeger(),
		},
		annotations: marks(served),
		rows: []row{
			{"On one time axis: what two lines do together is no cause, but a reason to look", []*panel{
				lines("GPU use by model", "percentunit", "The mean use of the GPUs that each model has. Near 100 %: requests wait. Low, while people wait: the limit is elsewhere. Vertical lines are releases (blue), take-overs (purple) and drifts (orange).",
					q("{{ml_model_name}}", `sum by (ml_model_name) (model:hw_gpu_busy:sum{`+served+`}) / sum by (ml_model_name) (model:hw_gpu_held:sum{`+served+`}) or `+of("avg", "hw_gpu_utilization_ratio"))).size(24, 7).limitLine(step{0.95, warn}).leads(toModel).none("no placement: ml_summary: {placement: true}"),
				lines("Predictions a second", "reqps", "The traffic of each model. GPUs that are busy without it do something else; traffic without GPU use is another pod.",
					q("{{ml_model_name}}", `sum by (ml_model_name) (rate(ml_prediction_count_total{`+served+`, @whole}[$__rate_interval]))`)).size(24, 6).leads(toModel),
				lines("Quality", "short", "How good each version is by the measure that is chosen above, by labels, with bounds; estimated from scores until labels come. A fall right after a blue line: the release; after an orange one: the world.",
					q("{{ml_model_name}} {{ml_model_version}}", quality("point", "measured")),
					reference("lower {{ml_model_name}} {{ml_model_version}}", quality("lower", "measured")),
					reference("upper {{ml_model_name}} {{ml_model_version}}", quality("upper", "measured")),
					q("estimated {{ml_model_name}} {{ml_model_version}}", quality("point", "estimated")),
				).size(24, 7).none("no labels and no scores: ml_evaluation").leads(toModel),
				lines("Share of what is compared that drifts", "percentunit", "Of all that is compared of a model (features, missing values, answer, confidence), the share whose verdict is drift. One of ten: look at the feature; half: an upstream change, or a new version.",
					q("{{ml_model_name}}", `avg by (ml_model_name) (ml_drift_detected{`+served+`, @whole})`)).size(24, 6).limitLine(step{0.5, bad}).none("nothing is compared: ml_drift, and a baseline").leads(toModel),
				lines("Business number", "percentunit", "The expression of the variable above, by default conversions over sessions. Where it falls with the quality and not with the traffic, the model is worth a look first.",
					q("{{ml_model_name}}", `${kpi:raw}`)).size(24, 7),
			}},
			{"What it costs", []*panel{
				lines("GPUs of each model", "short", "How many GPUs a model keeps busy, and how many it has (dashed): models that share a pod have parts of its GPUs. Far apart, all day: GPUs that wait for nobody.",
					q("busy {{ml_model_name}}", `sum by (ml_model_name) (model:hw_gpu_busy:sum{`+served+`})`),
					reference("has {{ml_model_name}}", `sum by (ml_model_name) (model:hw_gpu_held:sum{`+served+`})`)).size(6, 8).none("builtin:gpu records it").leads(toModel),
				lines("GPU seconds of 1,000 predictions", "s", "What a thousand predictions take of a GPU. It rises with longer inputs, smaller batches, and with traffic that is gone while the GPUs stay.",
					q("{{ml_model_name}}", `max by (ml_model_name) (model:hw_gpu_seconds_per_thousand_predictions:rate5m{`+served+`})`)).size(6, 8).none("builtin:gpu records it").leads(toModel),
				lines("Tokens a second of a GPU", "short", "What a GPU gives: tokens in and out for each second of a GPU that the model has, busy or not. It falls with small batches, with long waits, and with GPUs beyond need.",
					q("{{ml_model_name}}", `max by (ml_model_name) (model:gen_ai_tokens_per_gpu_second:rate5m{`+served+`})`)).size(6, 8).none("no generative model on a GPU").leads(toModel),
				lines("Cost of a right answer", "short", "What an answer costs that is right: the cost of all answers over those that the labels confirm. A cheaper model that is wrong more often may cost more.",
					q("{{ml_model_name}} {{ml_prediction_currency}}", `max by (ml_model_name, ml_prediction_currency) (model:cost_per_correct_answer:rate5m{`+served+`})`)).size(6, 8).none("no costs, or no labels").leads(toModel),
			}},
			{"GPUs", []*panel{
				number("GPUs", "short", "How many GPUs report. Fewer than there are: an exporter or its scrape is gone.",
					q("GPUs", `count(hw_gpu_utilization_ratio`+gpus+`) or vector(0)`)),
				number("Idle in this time", "short", "GPUs whose use was below 5 % over the time that is shown: paid for, and free.",
					q("idle", `count(avg by (`+byGPU+`) (avg_over_time(hw_gpu_utilization_ratio`+gpus+`[$__range])) < 0.05) or vector(0)`)).limits(step{1, warn}),
				number("Mean use", "percentunit", "The mean use of all GPUs now. It says that a kernel ran, not how well it used the device.",
					q("use", `avg(hw_gpu_utilization_ratio`+gpus+`)`)),
				number("Power", "watt", "What all GPUs draw now, of which much is drawn by idle ones, too.",
					q("power", `sum(hw_power_watts{hw_type="gpu", host_name=~"$host"})`)),
				rowsOf("Pods and their models", "Which model runs in which pod, and what the pod's GPUs do.",
					[]key{{"k8s_namespace_name", "Namespace"}, {"k8s_pod_name", "Pod"}, {"ml_model_name", "Model"}},
					column{name: "GPU use", unit: "percentunit", expr: placed + ` * on (k8s_namespace_name, k8s_pod_name) group_left () avg by (k8s_namespace_name, k8s_pod_name) (hw_gpu_utilization_ratio` + gpus + `)`, steps: []step{{0.95, warn}}},
					column{name: "Memory", unit: "percentunit", expr: placed + ` * on (k8s_namespace_name, k8s_pod_name) group_left () (max by (k8s_namespace_name, k8s_pod_name) (hw_gpu_memory_utilization_ratio` + gpus + `) or max by (k8s_namespace_name, k8s_pod_name) (hw_gpu_memory_usage_bytes` + gpus + `) / max by (k8s_namespace_name, k8s_pod_name) (hw_gpu_memory_limit_bytes` + gpus + `))`, steps: []step{{0.95, bad}}},
				).size(8, 4).none("no placement: ml_summary: {placement: true}").leads(to("model", "The model's page", keep("environment"), set("model", cell("Model")))),
				lines("Use", "percentunit", "The use of each GPU. One at 0 beside busy ones: its pod is gone, or gets no traffic.",
					q(gpu, `avg by (`+byGPU+`) (hw_gpu_utilization_ratio`+gpus+`)`)),
				lines("Memory", "percentunit", "The share of each GPU's memory that is taken. Near 100 %: the next longer input is out of memory.",
					q(gpu, `max by (`+byGPU+`) (hw_gpu_memory_utilization_ratio`+gpus+`) or max by (`+byGPU+`) (hw_gpu_memory_usage_bytes`+gpus+`) / max by (`+byGPU+`) (hw_gpu_memory_limit_bytes`+gpus+`)`),
				).limitLine(step{0.95, bad}),
				lines("Temperature", "celsius", "The temperature of each GPU. Above 85 °C or so most slow down by themselves: latency rises without more traffic.",
					q(gpu, `max by (`+byGPU+`) (hw_temperature_celsius{hw_type="gpu", hw_sensor_location=~"|gpu", host_name=~"$host"})`),
				).limitLine(step{85, bad}),
				lines("Power of each GPU", "watt", "What each GPU draws. At its limit it is throttled.",
					q(gpu, `max by (`+byGPU+`) (hw_power_watts{hw_type="gpu", host_name=~"$host"})`)),
				heat("Use of all GPUs", "percentunit", "How many GPUs are used how much: a fleet in two bands, idle and full, has its load in the wrong place.",
					q("{{le}}", useBuckets(gpus))).size(16, 8),
			}},
		},
	}
}

// quality is a bound of the measure that is chosen, by version.
func quality(bound, kind string) string {
	return `max by (ml_model_name, ml_model_version) (ml_evaluation_score{` + served + `, @whole, @live, ml_evaluation_average="", ml_evaluation_measure="$measure", ml_evaluation_bound="` + bound + `", ml_evaluation_kind="` + kind + `"})`
}

// useBuckets counts GPUs by use, in tenths, as the buckets of a histogram.
func useBuckets(gpus string) string {
	expr := ""
	for _, le := range []string{"0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1"} {
		if expr != "" {
			expr += " or "
		}
		expr += `label_replace(count(hw_gpu_utilization_ratio` + gpus + ` <= ` + le + `) or vector(0), "le", "` + le + `", "", "")`
	}
	return expr
}
