// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// generative is what calls of language models use, cost and take.
func generative() board {
	const (
		by      = "service_name, ml_model_name"
		name    = "{{service_name}} {{ml_model_name}}"
		tokens  = "gen_ai_client_token_usage"
		first   = `gen_ai_client_operation_time_to_first_chunk_seconds_bucket{@calls}`
		calls   = `ml_prediction_count_total{@calls, @whole}`
		failed  = `ml_prediction_count_total{@calls, @whole, error_type!=""}`
		goodOne = `ml_prediction_duration_seconds_bucket{@calls, error_type=""}`
	)
	traces := inJaeger("Traces in Jaeger", label("service_name"), map[string]string{"ml.model.name": label("ml_model_name")})
	here := to("generative", "This service and model", keep("environment"), set("service", label("service_name")), set("model", label("ml_model_name")))

	return board{
		name: "generative", title: "Generative", from: "now-6h",
		about: "Which service spends how many tokens and how much money on which model, how long do people wait, and what fails?",
		variables: []cog.Builder[dashboard.VariableModel]{
			environments("gen_ai_client_token_usage_count"),
			generativeModels(),
			several(values("version", "Version", "ml.model.version: the model that answered",
				`gen_ai_client_token_usage_count{deployment_environment_name=~"$environment", ml_model_name=~"$model"}`, "ml_model_version")),
			several(values("service", "Service", "service.name: who calls",
				`gen_ai_client_token_usage_count{@models}`, "service_name")),
			jaeger(),
		},
		annotations: marks("@models"),
		rows: []row{
			{"Now", []*panel{
				number("Calls a second", "reqps", "Calls of the chosen models by the chosen services.",
					q("calls", `sum(rate(`+calls+`[$__rate_interval]))`)),
				number("Tokens in this time", "short", "Tokens that went in and came out in the time that is shown.",
					q("{{gen_ai_token_type}}", `sum by (gen_ai_token_type) (increase(`+tokens+`_sum{@calls}[$__range]))`)),
				number("Cost in this time", "short", "What the calls of the time that is shown have cost, by currency. Calls whose model has no price are not in it: see the last row.",
					q("{{ml_prediction_currency}}", `sum by (ml_prediction_currency) (increase(ml_prediction_cost_total{@calls}[$__range]))`)).none("no costs"),
				number("Cost of 1,000 calls", "short", "What a thousand calls have cost in the time that is shown, by currency. It rises with longer prompts, longer answers, and another model.",
					q("{{ml_prediction_currency}}", `1000 * sum by (ml_prediction_currency) (increase(ml_prediction_cost_total{@calls}[$__range])) / on () group_left () (sum(increase(`+calls+`[$__range])) > 0)`)).none("no costs"),
				number("First token, P95", "s", "One answer of twenty begins later. Above five seconds is the rule SlowFirstChunk: people leave. Streamed answers alone have one.",
					q("P95", `histogram_quantile(0.95, sum by (le) (rate(`+first+`[$__rate_interval])))`)).limits(step{2, warn}, step{5, bad}).none("no streamed answers"),
				number("Failed", "percentunit", "The share of calls that ended with an error. Rate limits and timeouts of a provider show here first.",
					q("failed", `(sum(rate(`+failed+`[$__rate_interval])) or vector(0)) / (sum(rate(`+calls+`[$__rate_interval])) > 0)`)).limits(step{0.01, warn}, step{0.05, bad}),
			}},
			{"Tokens and cost", []*panel{
				stacked("Tokens a second", "short", "Tokens in and out by service and model. A step without more calls: another prompt, a longer context, a loop of an agent. Three times the day before is the rule TokenUsageRose.",
					q(name+" {{gen_ai_token_type}}", `sum by (`+by+`, gen_ai_token_type) (rate(`+tokens+`_sum{@calls}[$__rate_interval]))`)).leads(here, traces),
				lines("Tokens of a call", "short", "Median and P95 of the tokens of one call, in and out. A P95 that nears the model's context: answers will be cut.",
					q("P50 {{gen_ai_token_type}} {{ml_model_name}}", quantileOf("0.5", "ml_model_name, gen_ai_token_type", tokens+`_bucket{@calls}`)),
					traced("P95 {{gen_ai_token_type}} {{ml_model_name}}", quantileOf("0.95", "ml_model_name, gen_ai_token_type", tokens+`_bucket{@calls}`))),
				lines("Cost an hour", "short", "What the calls cost at the rate of now, by service, model and currency. Three times the day before is the rule CostRose: the service's name is here.",
					q(name+" {{ml_prediction_currency}}", `3600 * sum by (`+by+`, ml_prediction_currency) (rate(ml_prediction_cost_total{@calls}[$__rate_interval]))`)).none("no costs").leads(here, traces),
				rowsOf("Services and models", "A row for each service and model, of the time that is shown: calls, tokens, cost. The first ones are where saving pays.",
					[]key{{"service_name", "Service"}, {"ml_model_name", "Model"}, {"ml_model_version", "Version"}},
					column{name: "Calls", unit: "short", expr: `sum by (` + by + `, ml_model_version) (increase(` + calls + `[$__range]))`},
					column{name: "Tokens in", unit: "short", expr: `sum by (` + by + `, ml_model_version) (increase(` + tokens + `_sum{@calls, gen_ai_token_type="input"}[$__range]))`},
					column{name: "Tokens out", unit: "short", expr: `sum by (` + by + `, ml_model_version) (increase(` + tokens + `_sum{@calls, gen_ai_token_type="output"}[$__range]))`},
					column{name: "Cost", unit: "short", expr: `sum by (` + by + `, ml_model_version) (increase(ml_prediction_cost_total{@calls}[$__range]))`},
					column{name: "Failed", unit: "percentunit", expr: share(by+", ml_model_version", failed, calls), steps: []step{{0.01, warn}, {0.05, bad}}},
				).size(16, 8).leads(inJaeger("Traces in Jaeger", cell("Service"), map[string]string{"ml.model.name": cell("Model")})),
				lines("Length of answers", "short", "The mean length of answers in characters, and of what was asked. Half of the day before is the rule AnswersShorter: refusals, cut answers, an emptied prompt.",
					q("out {{ml_model_name}}", mean("ml_model_name", "ml_llm_output_characters", "@calls")),
					q("in {{ml_model_name}}", mean("ml_model_name", "ml_llm_input_characters", "@calls"))),
			}},
			{"Waiting", []*panel{
				lines("Time to first token, P50, P95, P99", "s", "How long people look at nothing, by model: from the request to the first chunk of a streamed answer. Rising P50: a slower model or longer prompts; rising P99 alone: a queue at the provider.",
					quantiles("{{ml_model_name}}", "ml_model_name", first)...).size(12, 9).limitLine(step{5, bad}).none("no streamed answers").leads(to("generative", "This model alone", keep("environment"), set("model", label("ml_model_name")))),
				lines("Duration of calls, P50, P95, P99", "s", "Whole calls that did not fail, by service and model. Points are exemplars: the slowest, each opens its trace.",
					quantiles(name, by, goodOne)...).size(12, 9).leads(here, traces),
			}},
			{"Errors", []*panel{
				lines("Failed calls", "percentunit", "The share of calls that failed, by service and model, 0 where none did. One model in all services: its provider. One service with all models: its code, key or network.",
					q(name, share(by, failed, calls))).size(12, 8).limitLine(step{0.05, bad}).leads(here, traces),
				stacked("Errors a second by type", "reqps", "Failed calls by service, model and type of error. rate_limit and 429: ask for less or a higher limit; timeouts: see the waiting above; context_length: shorter prompts. A click leads to traces with this error.",
					q(name+" {{error_type}}", `sum by (`+by+`, error_type) (rate(`+failed+`[$__rate_interval])) or 0 * sum by (`+by+`) (rate(`+calls+`[$__rate_interval]))`)).size(12, 8).
					leads(inJaeger("Traces with this error", label("service_name"), map[string]string{"ml.model.name": label("ml_model_name"), "error.type": label("error_type")})),
			}},
			{"Quality, and what is not counted", []*panel{
				lines("What evaluators say", "short", "The mean score that each evaluator (a judge, people, a check in code) gives to the answers of the window, with its bounds. A fall of all of them after a release: go back.",
					q("{{gen_ai_evaluation_name}} {{ml_evaluator_kind}} {{ml_model_name}}", `max by (gen_ai_evaluation_name, ml_evaluator_kind, ml_model_name) (ml_evaluator_score{@models, @whole, ml_evaluation_bound="point"})`),
					reference("lower {{gen_ai_evaluation_name}} {{ml_model_name}}", `max by (gen_ai_evaluation_name, ml_evaluator_kind, ml_model_name) (ml_evaluator_score{@models, @whole, ml_evaluation_bound="lower"})`),
					reference("upper {{gen_ai_evaluation_name}} {{ml_model_name}}", `max by (gen_ai_evaluation_name, ml_evaluator_kind, ml_model_name) (ml_evaluator_score{@models, @whole, ml_evaluation_bound="upper"})`),
				).size(12, 8).none("no evaluators: ml_evaluation reads what they say"),
				events("Calls without a price", "Calls whose cost is not known, by reason, of all collectors: no prices on the card (no_prices), tokens not said (unknown_usage), before the first price. They are in no cost above; the rule is CallsUnpriced. Put prices on the model's card.",
					q("{{reason}}", `sum by (reason) (increase({__name__=~"otelcol_ml_normalize_unpriced(_total)?"}[$__rate_interval])) or `+none("reason"))),
				events("Calls whose tokens are not known", "Calls that do not say how many tokens went in; their tokens and cost are in no panel. Turn on usage in the client (stream_options: include_usage).",
					q("calls", `sum(increase({__name__=~"otelcol_ml_summary_unknown_usage(_total)?"}[$__rate_interval])) or vector(0)`)).size(4, 8),
			}},
		},
	}
}
