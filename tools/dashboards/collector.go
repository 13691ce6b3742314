// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// collector is the collector's own health: whether what the other dashboards show is all there is.
func collector() board {
	const who = "{{job}} {{instance}}"
	uptime := `{__name__=~"otelcol_process_uptime(_seconds)?(_total)?"`

	b := board{
		name: "collector", title: "Collector", from: "now-6h",
		about: "Does the collector take, count and pass on everything? What is dropped, refused or beyond a limit is in no other dashboard.",
		variables: []cog.Builder[dashboard.VariableModel]{
			several(values("job", "Job", "The job of the scrape; any name will do.", uptime+`}`, "job")),
			several(values("instance", "Instance", "The collector.", uptime+`, job=~"$job"}`, "instance")),
		},
		rows: []row{
			{"Now", []*panel{
				number("Up since", "s", "How long the youngest collector runs. Short, again and again: it ends and starts; its log says why (memory, a config).",
					q("youngest", `min(`+uptime+`, @collector})`)),
				number("Lost in this time", "short", "Spans, points and records that exporters could not send or had no room for, in the time that is shown. Above 0: a back end was away for too long; give the exporter a queue on disk.",
					q("lost", inRange("", "otelcol_exporter_send_failed_spans", "otelcol_exporter_send_failed_metric_points", "otelcol_exporter_send_failed_log_records",
						"otelcol_exporter_enqueue_failed_spans", "otelcol_exporter_enqueue_failed_metric_points", "otelcol_exporter_enqueue_failed_log_records")),
				).limits(step{1, bad}),
				number("Refused in this time", "short", "What receivers refused, in the time that is shown; senders try again. Above 0: the memory limiter, or a pipeline without room.",
					q("refused", inRange("", "otelcol_receiver_refused_spans", "otelcol_receiver_refused_metric_points", "otelcol_receiver_refused_log_records")),
				).limits(step{1, warn}),
				number("Beyond limits in this time", "short", "Items that a limit of one of our components has pushed out, or counted in the overflow series, in the time that is shown. Above 0: the row on limits has the component; raise the limit, or ask for fewer series.",
					q("items", inRange("", "otelcol_ml_summary_overflowed", "otelcol_ml_drift_evicted", "otelcol_ml_evaluation_overflowed", "otelcol_ml_job_evicted")),
				).limits(step{1, warn}),
				number("State not saved", "short", "Writes of state that failed, in the time that is shown. Above 0: the disk is full or gone; a restart would begin anew.",
					q("failed", inRange(`outcome=~"failed|save_failed|load_failed"`, "otelcol_ml_drift_saves", "otelcol_ml_evaluation_saves", "otelcol_ml_job_saves")),
				).limits(step{1, bad}),
				number("Violations of the catalog", "short", "What is wrong in the catalog's folder; the log names file, line and key. Cards that are not good are not used.",
					q("violations", `sum(`+own("otelcol_ml_catalog_violations", "")+`) or vector(0)`),
				).limits(step{1, warn}),
			}},
			{"The process", []*panel{
				lines("CPU", "short", "Cores in use. It follows the traffic; more for the same traffic is another config.",
					q(who, `sum by (job, instance) (rate(`+ownUnit("otelcol_process_cpu_seconds", "seconds")+`[$__rate_interval]))`)),
				lines("Memory", "bytes", "Resident memory. It grows with models, features and segments and then stays: what grows on without end should be reported.",
					q(who, `max by (job, instance) (`+ownUnit("otelcol_process_memory_rss", "bytes")+`)`)),
				lines("Heap", "bytes", "What Go's heap holds. The memory limiter refuses above its limit.",
					q(who, `max by (job, instance) (`+ownUnit("otelcol_process_runtime_heap_alloc_bytes", "bytes")+`)`)),
			}},
			{"In and out", []*panel{
				lines("Taken", "short", "Spans, points and log records a second, by receiver. 0 where data should come: the sender's endpoint, or the network.",
					q("spans {{receiver}} {{transport}}", perSecond("receiver, transport", "otelcol_receiver_accepted_spans")),
					q("points {{receiver}} {{transport}}", perSecond("receiver, transport", "otelcol_receiver_accepted_metric_points")),
					q("records {{receiver}} {{transport}}", perSecond("receiver, transport", "otelcol_receiver_accepted_log_records"))),
				lines("Refused and failed", "short", "What receivers refused, or could not take, a second. The rule is ReceiverRefuses.",
					q("refused spans {{receiver}}", perSecond("receiver", "otelcol_receiver_refused_spans")),
					q("refused points {{receiver}}", perSecond("receiver", "otelcol_receiver_refused_metric_points")),
					q("refused records {{receiver}}", perSecond("receiver", "otelcol_receiver_refused_log_records")),
					q("failed spans {{receiver}}", perSecond("receiver", "otelcol_receiver_failed_spans"))),
				lines("Sent", "short", "Spans, points and log records a second, by exporter. Less than what was taken, for long: a queue fills.",
					q("spans {{exporter}}", perSecond("exporter", "otelcol_exporter_sent_spans")),
					q("points {{exporter}}", perSecond("exporter", "otelcol_exporter_sent_metric_points")),
					q("records {{exporter}}", perSecond("exporter", "otelcol_exporter_sent_log_records"))),
				lines("Lost by exporters", "short", "What could not be sent, and was given up, or found no room in the queue, in each step. The rule is ExporterLosesData.",
					q("spans, not sent", happened("otelcol_exporter_send_failed_spans", "")),
					q("points, not sent", happened("otelcol_exporter_send_failed_metric_points", "")),
					q("records, not sent", happened("otelcol_exporter_send_failed_log_records", "")),
					q("spans, no room in the queue", happened("otelcol_exporter_enqueue_failed_spans", "")),
					q("points, no room in the queue", happened("otelcol_exporter_enqueue_failed_metric_points", "")),
					q("records, no room in the queue", happened("otelcol_exporter_enqueue_failed_log_records", "")),
				).limitLine(step{1, bad}),
				lines("Queues", "percentunit", "How full each exporter's queue is. Above 80 % is the rule ExporterQueueNearlyFull: the back end is away or too slow.",
					q("{{exporter}} {{data_type}}", `max by (job, instance, exporter, data_type) (otelcol_exporter_queue_size{@collector}) / (max by (job, instance, exporter, data_type) (otelcol_exporter_queue_capacity{@collector}) > 0)`),
				).limitLine(step{0.8, bad}).none("no exporter has a queue"),
				lines("Memory limiter", "short", "What the memory limiter accepted and refused, a second. Refused: more memory, fewer series, or a smaller burst.",
					q("accepted spans", perSecond("job", "otelcol_processor_memory_limiter_accepted_spans")),
					q("refused spans", happened("otelcol_processor_memory_limiter_refused_spans", "")),
					q("refused points", happened("otelcol_processor_memory_limiter_refused_metric_points", "")),
				).none("no memory limiter: there should be one"),
			}},
			{"Predictions: ml_normalize, ml_metadata, ml_contract, ml_summary", []*panel{
				lines("Spans by what they are", "short", "What ml_summary made of each span, a second: counted, malformed (an attribute was not usable), skipped (no prediction), nested or repeated. Malformed above 5 % is the rule PredictionsUnreadable.",
					q("{{outcome}}", perSecond("outcome", "otelcol_ml_summary_spans"))),
				lines("Dialects", "short", "Spans a second by the dialect that ml_normalize read. none: spans of no model, or of a system that it does not know.",
					q("{{dialect}}", perSecond("dialect", "otelcol_ml_normalize_spans"))).none("no ml_normalize"),
				lines("Cards", "short", "Spans a second by what ml_metadata found in the catalog. unknown_model: write a card, or see whether its name or environment differ.",
					q("{{outcome}}", perSecond("outcome", "otelcol_ml_metadata_spans"))).none("no ml_metadata"),
				lines("Values that could not be used", "short", "Values of attributes that were no number, out of range, or of another length than the batch, in each step. The log names the attribute once.",
					q("{{reason}}", eventsBy("reason", "otelcol_ml_summary_unusable_values"))),
				lines("Rows checked, and violations", "short", "Rows that ml_contract checked, a second, and what broke a check.",
					q("rows", perSecond("job", "otelcol_ml_contract_rows")),
					q("violations {{severity}}", perSecond("severity", "otelcol_ml_contract_violations")),
				).none("no contracts"),
				lines("Cards of the catalog", "short", "Cards by kind and state; rejected ones are not used. unmatched: cards of models that no prediction has met.",
					q("{{kind}} {{state}}", `sum by (kind, state) (`+own("otelcol_ml_catalog_cards", "")+`)`),
					q("unmatched", `sum(`+own("otelcol_ml_catalog_cards_unmatched", "")+`) or vector(0)`),
				).none("no catalog"),
			}},
			{"Drift, quality and jobs: ml_drift, ml_evaluation, ml_job", []*panel{
				lines("Points of ml_drift", "short", "Deltas a second by outcome. late, future, unreadable, bounds_mismatch and overflow are in no window: above 1 % is the rule DeltasLost.",
					q("{{outcome}}", perSecond("outcome", "otelcol_ml_drift_points"))),
				events("Changes of verdicts", "Verdicts that became drift, ok or insufficient in each step. Many to and fro: thresholds that are too tight, or windows with too few samples.",
					q("{{verdict}}", eventsBy("verdict", "otelcol_ml_drift_verdict_changes"))),
				lines("Models and series", "short", "What is held in memory, by component. It grows with models, features and segments, up to the limits.",
					q("models of ml_drift", `sum(otelcol_ml_drift_models{@collector})`),
					q("series of ml_drift", `sum(otelcol_ml_drift_series{@collector})`),
					q("cells of ml_summary", `sum(otelcol_ml_summary_cells{@collector})`),
					q("series of ml_evaluation, {{engine}}", `sum by (engine) (otelcol_ml_evaluation_series{@collector})`),
					q("series of prometheus_rules", `sum(otelcol_prometheus_rules_series{@collector})`)),
				lines("Labels", "short", "Labels a second by what became of them. unkeyed, expired and evicted met no prediction: above 20 % is the rule LabelsUnmatched; the ids differ, or labels come later than ml_evaluation waits.",
					q("{{outcome}}", perSecond("outcome", "otelcol_ml_evaluation_labels")),
					q("received: {{outcome}} {{source}}", perSecond("outcome, source", "otelcol_ground_truth_labels")),
				).none("no labels"),
				lines("What waits", "short", "Predictions that wait for their label, labels that wait for their prediction, answers that wait for a shadow's.",
					q("{{kind}}", `sum by (kind) (otelcol_ml_evaluation_waiting{@collector})`)).none("no ml_evaluation"),
				lines("Spans of jobs", "short", "Spans a second by what they are to a run. ignored: of no job.",
					q("{{kind}}", perSecond("kind", "otelcol_ml_job_spans"))).none("no ml_job"),
			}},
			{"Limits, refusals and state", []*panel{
				lines("Beyond a limit", "short", "What a limit has pushed out or kept out, in each step, by component and kind. The rule is LimitReached. The component's README says what the limit costs when it is raised.",
					q("ml_summary {{limit}}", eventsBy("limit", "otelcol_ml_summary_overflowed")),
					q("ml_drift {{kind}}", eventsBy("kind", "otelcol_ml_drift_evicted")),
					q("ml_evaluation {{engine}}", eventsBy("engine", "otelcol_ml_evaluation_overflowed")),
					q("ml_evaluation predictions", happened("otelcol_ml_evaluation_predictions", `outcome="evicted"`)),
					q("ml_job {{kind}}", eventsBy("kind", "otelcol_ml_job_evicted")),
				).limitLine(step{1, warn}),
				lines("Samples that prometheus_rules refused", "short", "Samples that are in no rule, by reason. conflict: two senders of one series; too_many_series: limits::series.",
					q("{{reason}}", eventsBy("reason", "otelcol_prometheus_rules_refused"))),
				lines("Requests that nest too deep", "short", "Requests that nesting_limit refused, in each step. One is an accident; many are an attack, or a client that logs objects as attributes.",
					q("{{protocol}}", eventsBy("protocol", "otelcol_nesting_limit_refused"))),
				lines("State that was not saved, or set aside", "short", "Writes that failed, and state that could not be read at a start, in each step. The rules are StateNotSaved and StateSetAside.",
					q("ml_drift", happened("otelcol_ml_drift_saves", `outcome=~"save_failed|load_failed"`)),
					q("ml_evaluation", happened("otelcol_ml_evaluation_saves", `outcome=~"failed|load_failed"`)),
					q("ml_job", happened("otelcol_ml_job_saves", `outcome="failed"`)),
					q("file_storage, set aside", happened("otelcol_file_storage_set_aside", "")),
					q("prometheus_rules, repaired", happened("otelcol_prometheus_rules_repairs", "")),
				).limitLine(step{1, bad}),
				lines("Size of state", "bytes", "What state takes, on disk and in memory.",
					q("ml_drift, snapshots", `sum(`+ownUnit("otelcol_ml_drift_snapshot_size", "bytes")+`)`),
					q("ml_evaluation, waiting", `sum(`+ownUnit("otelcol_ml_evaluation_waiting_size", "bytes")+`)`),
					q("prometheus_rules, on disk", `sum(`+ownUnit("otelcol_prometheus_rules_storage_size", "bytes")+`)`),
					q("ml_action, evidence", `sum(`+ownUnit("otelcol_ml_action_evidence_size", "bytes")+`)`)),
				lines("Age of what registries say", "s", "How long ago each source of the catalog (MLflow, Feast) answered. Above an hour is the rule CatalogSourceStale; the last good facts stay. none: cards alone.",
					q("{{source}}", `max by (source) (`+ownUnit("otelcol_ml_catalog_source_age", "seconds")+`) or `+none("source")),
				).limitLine(step{3600, warn}),
			}},
			{"Rules, alerts and actions", []*panel{
				lines("Evaluations of rules", "short", "Groups evaluated a second, by outcome. failed or missed is the rule RulesNotEvaluated: alerts do not come.",
					q("{{outcome}}", perSecond("outcome", "otelcol_prometheus_rules_evaluations"))).none("no prometheus_rules"),
				lines("Duration of evaluations", "s", "How long a group takes, P50 and P95. It must stay below the interval.",
					q("P50", `histogram_quantile(0.5, sum by (le) (rate({__name__=~"otelcol_prometheus_rules_evaluation_duration(_seconds)?_bucket", @collector}[$__rate_interval])))`),
					q("P95", `histogram_quantile(0.95, sum by (le) (rate({__name__=~"otelcol_prometheus_rules_evaluation_duration(_seconds)?_bucket", @collector}[$__rate_interval])))`)).none("no prometheus_rules"),
				lines("Alerts that fire", "short", "Alerts by the component that raises them. Alertmanager has what they say.",
					q("ml_job", `sum(otelcol_ml_job_alerts_active{@collector})`),
					q("prometheus_rules", `sum(otelcol_prometheus_rules_alerts_firing{@collector})`),
					q("held for {{endpoint}}", `sum by (endpoint) (otelcol_alertmanager_active{@collector})`)),
				lines("Alerts on their way", "short", "Alerts in each step by what became of them, and those that a replica of Alertmanager has not taken yet. Waiting for ten minutes is the rule AlertsNotDelivered.",
					q("ml_drift {{outcome}}", eventsBy("outcome", "otelcol_ml_drift_alerts")),
					q("ml_job {{outcome}}", eventsBy("outcome", "otelcol_ml_job_alerts_emitted")),
					q("prometheus_rules {{outcome}}", eventsBy("outcome", "otelcol_prometheus_rules_alerts")),
					q("alertmanager {{outcome}}", eventsBy("outcome", "otelcol_alertmanager_alerts")),
					q("waiting", `sum(otelcol_alertmanager_pending{@collector}) or vector(0)`)),
				events("Decisions of ml_action", "What ml_action decided and did in each step. refuse and wait say that a guard objects; failed and unknown are the rule ActionFailed.",
					q("{{action}} {{verdict}} {{guard}}", `sum by (action, verdict, guard) (increase(`+own("otelcol_ml_action_decisions", "")+`[$__rate_interval])) or label_replace(vector(0), "action", "none", "", "")`)),
				lines("Who leads", "short", "1 where a replica acts, 0 where another one does. Never two ones: one lease.",
					q(who, `max by (job, instance) (`+ownUnit("otelcol_ml_action_leading", "ratio")+`)`)).none("no ml_action"),
			}},
		},
	}
	for _, r := range b.rows {
		for _, p := range r.panels {
			p.height = min(p.height, 6) // there are many
		}
	}
	return b
}

// perSecond is the rate of a counter of the collector about itself, by labels.
func perSecond(by, name string) string {
	return "sum by (" + by + ") (rate(" + own(name, "") + "[$__rate_interval]))"
}
