// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
)

// Words of queries, written @word, that stand for matchers or parts of names. A variable with All is
// matched with =~, since Grafana escapes its values for a regular expression; one without All with =.
var words = strings.NewReplacer(
	// A model's page has one model; all others any number.
	"@models", `deployment_environment_name=~"$environment", ml_model_name=~"$model", ml_model_version=~"$version"`,
	"@model", `deployment_environment_name=~"$environment", ml_model_name="$model", ml_model_version=~"$version"`,
	"@feature", `deployment_environment_name=~"$environment", ml_model_name="$model", ml_model_version=~"$version", ml_feature_name="$feature"`,
	"@calls", `deployment_environment_name=~"$environment", ml_model_name=~"$model", ml_model_version=~"$version", service_name=~"$service"`,
	// Series of all predictions have no ml_segment; All of the variable is "^$", which finds them.
	"@whole", `ml_segment=""`,
	"@segment", `ml_segment=~"$segment"`,
	// Measures of live labels, of all classes.
	"@live", `ml_label_set="", ml_evaluation_class=""`,
	"@jobs", `deployment_environment_name=~"$environment", cicd_pipeline_name=~"$job"`,
	"@collector", `job=~"$job", instance=~"$instance"`,
	// What a model's series are told apart by where there are several models, or versions of one.
	"@each", "deployment_environment_name, ml_model_name, ml_model_version",
	"@version", "ml_model_version, ml_model_role",
)

// A query of a panel.
type query struct {
	expr      string
	legend    string
	dashed    bool // a line to compare with: a reference, a bound, a threshold
	exemplars bool // ask for traces
}

func q(legend, expr string) query { return query{expr: words.Replace(expr), legend: legend} }

// reference is a dashed line.
func reference(legend, expr string) query {
	r := q(legend, expr)
	r.dashed = true
	return r
}

// traced is a query whose exemplars are shown, each with a link to its trace.
func traced(legend, expr string) query {
	r := q(legend, expr)
	r.exemplars = true
	return r
}

// quantiles are three queries of a histogram, by labels: the median, P95 and P99.
func quantiles(legend, by, selector string) []query {
	var three []query
	for _, quantile := range []struct{ name, of string }{{"P50", "0.5"}, {"P95", "0.95"}, {"P99", "0.99"}} {
		three = append(three, q(quantile.name+" "+legend, quantileOf(quantile.of, by, selector)))
	}
	three[2].exemplars = true
	return three
}

func quantileOf(quantile, by, selector string) string {
	return "histogram_quantile(" + quantile + ", sum by (le, " + by + ") (rate(" + selector + "[$__rate_interval])))"
}

// mean is that of a histogram, by labels; nothing where nothing came.
func mean(by, histogram, matchers string) string {
	return "sum by (" + by + ") (rate(" + histogram + "_sum{" + matchers + "}[$__rate_interval])) / " +
		"(sum by (" + by + ") (rate(" + histogram + "_count{" + matchers + "}[$__rate_interval])) > 0)"
}

// share divides the rate of a counter by that of all, by labels. Where a series of the part is only
// there after its first increment, it is 0 until then.
func share(by, part, all string) string {
	whole := "sum by (" + by + ") (rate(" + all + "[$__rate_interval]))"
	return "(sum by (" + by + ") (rate(" + part + "[$__rate_interval])) or 0 * " + whole + ") / (" + whole + " > 0)"
}

// missing is the share of rows without a value, of each feature. It is over the feature's own rows:
// features are flushed less often than predictions are counted.
func missing(by, matchers string) string {
	rate := func(name string) string {
		return "sum by (" + by + ") (rate(" + name + "{" + matchers + "}[$__rate_interval]))"
	}
	lacking := rate("ml_feature_missing_count_total")
	return lacking + " / (" + lacking + " + (" + rate("ml_feature_value_count") + " or " + rate("ml_feature_category_count_total") + " or 0 * " + lacking + ") > 0)"
}

// overThreshold are scores as a share of their thresholds, which do not depend on the segment.
func overThreshold(by, series, matchers string) string {
	return "max by (" + by + ") (ml_drift_score{" + series + ", @segment" + matchers + "}) / on (" + by + ") " +
		"max by (" + by + ") (ml_drift_threshold{" + series + ", @whole" + matchers + "})"
}

// own is a counter of the collector about itself. What scrapes the collector gets the name as it is;
// what translates OpenTelemetry's names adds _total.
func own(name, matchers string) string {
	if matchers != "" {
		matchers = ", " + matchers
	}
	return `{__name__=~"` + name + `(_total)?", @collector` + matchers + `}`
}

// ownUnit is a metric of the collector about itself that has a unit, which may be in its name.
func ownUnit(name, unit string) string {
	return `{__name__=~"` + name + `(_` + unit + `)?(_total)?", @collector}`
}

// inRange adds up what happened in the time that is shown, of several counters of one set of labels: a
// rate of several names at once would give series that nothing tells apart.
func inRange(matchers string, names ...string) string {
	sums := make([]string, 0, len(names))
	for _, name := range names {
		sums = append(sums, "(sum(increase("+own(name, matchers)+"[$__range])) or vector(0))")
	}
	return strings.Join(sums, " + ")
}

// eventsBy counts events of a step by a label; where there is none yet, one series, of none, is 0.
func eventsBy(label, name string) string {
	return "sum by (" + label + ") (increase(" + own(name, "") + "[$__rate_interval])) or " + none(label)
}

// none is 0, of a series whose label says none.
func none(label string) string {
	return `label_replace(vector(0), "` + label + `", "none", "", "")`
}

// happened counts events of a range that are rare: the series may be new, and a healthy system has
// none, which is 0. Sums of several are 0 where none is there.
func happened(name, matchers string) string {
	return "sum(increase(" + own(name, matchers) + "[$__rate_interval])) or vector(0)"
}
