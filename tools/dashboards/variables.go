// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const all = "$__all"

// prometheus is the data source of everything: a Prometheus, or the API of prometheus_rules.
func prometheus() *common.DataSourceRef {
	return &common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}
}

func dataSource() cog.Builder[dashboard.VariableModel] {
	return dashboard.NewDatasourceVariableBuilder("datasource").
		Label("Data source").
		Description("A Prometheus that scrapes the collector, or the collector's own API (prometheus_rules).").
		Type("prometheus")
}

// values is a variable of the values that a label has among series: type 1 of the queries that
// Grafana's editor for variables knows.
func values(name, label, about, series, of string) *dashboard.QueryVariableBuilder {
	expr := words.Replace("label_values(" + series + ", " + of + ")")
	return dashboard.NewQueryVariableBuilder(name).
		Label(label).
		Description(about).
		Datasource(*prometheus()).
		Query(dashboard.StringOrMap{Map: map[string]any{"qryType": 1, "query": expr, "refId": "PrometheusVariableQueryEditor-VariableQuery"}}).
		Definition(expr).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortNaturalAsc)
}

// any lets a variable have several values, or all, among them that a series does not have the label.
func several(v *dashboard.QueryVariableBuilder) cog.Builder[dashboard.VariableModel] {
	return v.Multi(true).IncludeAll(true).AllValue(".*").Current(allOptions())
}

func allOptions() dashboard.VariableOption {
	return dashboard.VariableOption{
		Selected: new(true),
		Text:     dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
		Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{all}},
	}
}

func option(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Selected: new(true),
		Text:     dashboard.StringOrArrayOfString{String: new(text)},
		Value:    dashboard.StringOrArrayOfString{String: new(value)},
	}
}

func environments(series string) cog.Builder[dashboard.VariableModel] {
	return several(values("environment", "Environment", "deployment.environment.name", series, "deployment_environment_name"))
}

func severalModels(series string) cog.Builder[dashboard.VariableModel] {
	return several(values("model", "Model", "ml.model.name",
		series+`{deployment_environment_name=~"$environment"}`, "ml_model_name"))
}

// generativeModels has the names of all generative models where All is chosen: others have calls and
// durations, too.
func generativeModels() cog.Builder[dashboard.VariableModel] {
	return values("model", "Model", "ml.model.name of generative models",
		`gen_ai_client_token_usage_count{deployment_environment_name=~"$environment"}`, "ml_model_name").
		Multi(true).IncludeAll(true).Current(allOptions())
}

func oneModel() cog.Builder[dashboard.VariableModel] {
	return values("model", "Model", "ml.model.name",
		`ml_prediction_count_total{deployment_environment_name=~"$environment"}`, "ml_model_name")
}

func versions(of string) cog.Builder[dashboard.VariableModel] {
	return several(values("version", "Version", "ml.model.version", "ml_prediction_count_total{deployment_environment_name=~\"$environment\", "+of+"}", "ml_model_version"))
}

// segments has one value: a segment's predictions are among those of all. "All" is the series without
// a segment, which are of all predictions. What windows say is by segment; ml_drift passes counts and
// distributions on of all predictions alone.
func segments() cog.Builder[dashboard.VariableModel] {
	return values("segment", "Segment", "ml.segment, of verdicts, scores, confidence and quality; counts and distributions are of all predictions. All is all predictions, not each segment beside the others.",
		`{__name__=~"ml_drift_detected|ml_drift_verdict|ml_evaluation_coverage", @model}`, "ml_segment").
		IncludeAll(true).AllValue("^$").Current(option("All", all))
}

// measures has one value, because measures have other units and another good end.
func measures(series string) cog.Builder[dashboard.VariableModel] {
	return values("measure", "Measure", "ml.evaluation.measure, of ml_evaluation", series, "ml_evaluation_measure").
		Current(option("accuracy", "accuracy"))
}

func text(name, label, about, value string) cog.Builder[dashboard.VariableModel] {
	return dashboard.NewTextBoxVariableBuilder(name).
		Label(label).
		Description(about).
		DefaultValue(dashboard.StringOrMap{String: new(value)}).
		Current(option(value, value))
}

// jaeger is where links to searches of traces lead. Exemplars have the address of the data source.
func jaeger() cog.Builder[dashboard.VariableModel] {
	return text("jaeger", "Jaeger", "The address of Jaeger's web page, for links to traces.", "http://localhost:16686")
}
