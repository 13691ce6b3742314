// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// jobs are trainings and other runs of several stages.
func jobs() board {
	toJob := to("jobs", "This job alone", keep("environment"), set("job", label("cicd_pipeline_name")))

	return board{
		name: "jobs", title: "Jobs", from: "now-7d",
		about: "Did the trainings run, did they end well, and did their stages do what they usually do?",
		variables: []cog.Builder[dashboard.VariableModel]{
			environments("ml_job_run_count_total"),
			several(values("job", "Job", "cicd.pipeline.name", `ml_job_run_count_total{deployment_environment_name=~"$environment"}`, "cicd_pipeline_name")),
			jaeger(),
		},
		rows: []row{
			{"Now", []*panel{
				number("Alerts that fire", "short", "Alerts of ml_job by severity: a run that failed, is late, hangs, or lost rows. Above 0: Alertmanager has the stage at fault, the cause and the trace.",
					q("{{ml_alert_severity}}", `sum by (ml_alert_severity) (ml_alert_active{@jobs})`),
				).size(8, 5).limits(step{1, bad}),
				number("Good runs in this time", "short", "Runs that ended well in the time that is shown.",
					q("good", `round(sum(increase(ml_job_run_count_total{@jobs, cicd_pipeline_result="success"}[$__range])))`),
				).size(4, 5),
				number("Runs that went wrong", "short", "Runs that failed, ended with an error, or ran out of time, in the time that is shown. Three of ten in a week are the rule JobUnreliable.",
					q("not good", `round(sum(increase(ml_job_run_count_total{@jobs, cicd_pipeline_result=~"failure|error|timeout"}[$__range])))`),
				).size(4, 5).limits(step{1, bad}),
				number("Since the last good run", "s", "The age of the last run that ended well, of the job that waits longest. What it trains is as old.",
					q("oldest", `time() - min(max by (cicd_pipeline_name) (ml_job_last_success_seconds{@jobs}))`),
				).size(4, 5).limits(step{86400, warn}, step{2 * 86400, bad}).none("no good run yet"),
				number("Stages that failed", "short", "Stages that did not end well in the time that is shown, also where the run went on.",
					q("stages", `round(sum(increase(ml_stage_count_total{@jobs, cicd_pipeline_task_run_result=~"failure|error|timeout"}[$__range])))`),
				).size(4, 5).limits(step{1, warn}),
			}},
			{"Runs", []*panel{
				events("Runs by outcome", "Runs that ended, by outcome. A gap where one should be: the job did not run (the alert is JobMissedSchedule, by the card's schedule). A click shows one job.",
					q("{{cicd_pipeline_name}} {{cicd_pipeline_result}}", `round(sum by (cicd_pipeline_name, cicd_pipeline_result) (increase(ml_job_run_count_total{@jobs}[$__rate_interval]))) > 0`),
				).none("no run in this time").leads(toJob),
				rowsOf("Outcomes", "How many runs of each job ended how, since the collector started.",
					[]key{{"cicd_pipeline_name", "Job"}, {"cicd_pipeline_result", "Outcome"}},
					column{name: "Runs", unit: "short", expr: `sum by (cicd_pipeline_name, cicd_pipeline_result) (ml_job_run_count_total{@jobs}) > 0`},
				).size(8, 8).leads(to("jobs", "This job alone", keep("environment"), set("job", cell("Job")))),
				lines("Freshness: since the last good run", "s", "How long ago the last good run of each job ended: a saw that falls with each one. A tooth that goes on rising is a model that grows old in silence. The rule JobStale fires at two and a half times the usual distance.",
					q("{{cicd_pipeline_name}}", `time() - max by (cicd_pipeline_name) (ml_job_last_success_seconds{@jobs})`),
				).leads(toJob),
				dots("Duration of runs", "s", "The mean duration of the runs that ended at each point. Longer: more data, or a stage that waits; shorter: less data, which is worse.",
					q("{{cicd_pipeline_name}}", `sum by (cicd_pipeline_name) (increase(ml_job_run_duration_seconds_sum{@jobs}[$__rate_interval])) / (sum by (cicd_pipeline_name) (increase(ml_job_run_duration_seconds_count{@jobs}[$__rate_interval])) > 0)`),
				).leads(toJob),
				rowsOf("Usual duration of runs", "Median and P95 of the durations of all runs since the collector started. A run that takes much longer than its P95 hangs.",
					[]key{{"cicd_pipeline_name", "Job"}},
					column{name: "P50", unit: "s", expr: `histogram_quantile(0.5, sum by (le, cicd_pipeline_name) (ml_job_run_duration_seconds_bucket{@jobs}))`},
					column{name: "P95", unit: "s", expr: `histogram_quantile(0.95, sum by (le, cicd_pipeline_name) (ml_job_run_duration_seconds_bucket{@jobs}))`},
				).size(8, 8).leads(to("jobs", "This job alone", keep("environment"), set("job", cell("Job")))),
				lines("Alerts over time", "short", "Alerts of ml_job that fire, by severity. Without a job: nothing at all is received from any.",
					q("{{cicd_pipeline_name}} {{ml_alert_severity}}", `sum by (cicd_pipeline_name, ml_alert_severity) (ml_alert_active{@jobs})`),
				).leads(toJob),
			}},
			{"Stages", []*panel{
				events("Stages by outcome", "Stages that ended, by outcome. A stage that is gone is missing here; ml_job says so by name.",
					q("{{cicd_pipeline_task_name}} {{cicd_pipeline_task_run_result}}", `round(sum by (cicd_pipeline_task_name, cicd_pipeline_task_run_result) (increase(ml_stage_count_total{@jobs}[$__rate_interval]))) > 0`),
				).size(12, 9).none("no stage ended in this time"),
				dots("Duration of stages", "s", "The mean duration of each stage. The one that has grown is where the time of the run went.",
					q("{{cicd_pipeline_name}} {{cicd_pipeline_task_name}}", `sum by (cicd_pipeline_name, cicd_pipeline_task_name) (increase(ml_stage_duration_seconds_sum{@jobs}[$__rate_interval])) / (sum by (cicd_pipeline_name, cicd_pipeline_task_name) (increase(ml_stage_duration_seconds_count{@jobs}[$__rate_interval])) > 0)`),
				).size(12, 9),
				lines("Rows", "short", "The rows that each stage read and wrote in its latest run. A step down between two stages is where rows are lost; a slow fall over weeks is the rule StageRowsErode.",
					q("{{cicd_pipeline_name}} {{cicd_pipeline_task_name}} {{ml_stage_rows_direction}}", `max by (cicd_pipeline_name, cicd_pipeline_task_name, ml_stage_rows_direction) (ml_stage_rows{@jobs})`),
				).size(12, 9).none("no stage says its rows: ml.stage.rows.in and .out"),
				lines("Rows against the mean of a week", "percentunit", "The rows of each stage as a share of their mean of the last seven days. Far from 100 %: the source has another amount of data, or a join loses it.",
					q("{{cicd_pipeline_name}} {{cicd_pipeline_task_name}} {{ml_stage_rows_direction}}", `max by (cicd_pipeline_name, cicd_pipeline_task_name, ml_stage_rows_direction) (ml_stage_rows{@jobs}) / (max by (cicd_pipeline_name, cicd_pipeline_task_name, ml_stage_rows_direction) (avg_over_time(ml_stage_rows{@jobs}[7d])) > 0)`),
				).size(12, 9).limitLine(step{0.8, good}),
				lines("Checks that stages broke", "short", "Violations of the job's contract, by stage, column and check, in an hour. Above 0: the alert StageContractViolated names the stage; what it wrote should not be trained on.",
					traced("{{cicd_pipeline_task_name}} {{ml_feature_name}} {{ml_contract_check}}", `sum by (cicd_pipeline_task_name, ml_feature_name, ml_contract_check) (increase(ml_contract_violation_count_total{@jobs, cicd_pipeline_task_name!=""}[1h])) or `+none("ml_contract_check")),
				).size(24, 7).limits(step{1, bad}),
			}},
		},
	}
}
