// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// marks are what explains a change: they stand as lines in all panels over time.
func marks(models string) []cog.Builder[dashboard.AnnotationQuery] {
	return []cog.Builder[dashboard.AnnotationQuery]{
		// A version that has predicted, and had not a step before.
		mark("Releases", "blue", "{{ml_model_name}} {{ml_model_version}} answers for the first time",
			`count by (@each) (ml_prediction_count_total{`+models+`, @whole})
			unless count by (@each) (ml_prediction_count_total{`+models+`, @whole} offset $__interval)`),
		// A version that has three quarters of its model's traffic, and had not a step before: a release, or the way back.
		mark("Take-overs", "purple", "{{ml_model_name}} {{ml_model_version}} answers most",
			`(`+most(models, "")+`) unless (`+most(models, " offset $__interval")+`)`),
		mark("Drifts", "orange", "{{ml_model_name}} {{ml_model_version}}: {{ml_drift_subject}} {{ml_feature_name}} drifts",
			`max by (@each, ml_drift_subject, ml_feature_name) (ml_drift_detected{`+models+`, @whole}) == 1
			unless max by (@each, ml_drift_subject, ml_feature_name) (ml_drift_detected{`+models+`, @whole} offset $__interval) == 1`),
	}
}

// most are the versions with three quarters of the traffic; two that have half each change nothing.
func most(models, offset string) string {
	rate := `(rate(ml_prediction_count_total{` + models + `, @whole}[$__rate_interval]` + offset + `))`
	return `sum by (@each) ` + rate + ` / on (deployment_environment_name, ml_model_name) group_left () sum by (deployment_environment_name, ml_model_name) ` + rate + ` > 0.75`
}

func mark(name, color, title, expr string) cog.Builder[dashboard.AnnotationQuery] {
	return dashboard.NewAnnotationQueryBuilder().
		Name(name).
		Datasource(*prometheus()).
		Enable(true).
		IconColor(color).
		Expr(words.Replace(expr)).
		Step("15s").
		TitleFormat(title).
		TagKeys("ml_model_name,ml_model_version")
}
