// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// prometheusNames are the metrics by their names in Prometheus.
var prometheusNames = map[string]string{
	"ml_drift_score":             mlconv.MetricDriftScore,
	"ml_drift_p_value":           mlconv.MetricDriftPValue,
	"ml_drift_samples":           mlconv.MetricDriftSamples,
	"ml_drift_reference_samples": mlconv.MetricDriftReferenceSamples,
	"ml_drift_verdict":           mlconv.MetricDriftVerdict,
}

// scraped is what a scrape says of a model.
type scraped struct {
	findings findings
	// predictions is how many have been counted.
	predictions float64
	// ends are the newest ends of windows: of features, and of the rest.
	ends map[bool]float64
}

// readScrape takes what concerns the model and its baseline.
func readScrape(samples []sample, model string) scraped {
	out := scraped{findings: findings{}, ends: map[bool]float64{}}
	ends := map[key]float64{}
	durations := map[key]float64{}
	of := func(s sample) (key, bool) {
		ok := s.labels["ml_model_name"] == model && s.labels["ml_drift_reference"] == "baseline"
		return key{s.labels["ml_drift_subject"], s.labels["ml_feature_name"], s.labels["ml_segment"]}, ok
	}
	for _, s := range samples {
		if s.name == "ml_prediction_count_total" && s.labels["ml_model_name"] == model && s.labels["ml_segment"] == "" {
			out.predictions += s.value
		}
		k, ok := of(s)
		switch {
		case !ok:
		case s.name == "ml_drift_window_end_seconds":
			ends[k] = s.value
			feature := k.feature != ""
			out.ends[feature] = max(out.ends[feature], s.value)
		case s.name == "ml_drift_window_duration_seconds":
			durations[k] = s.value
		}
	}
	for _, s := range samples {
		k, ok := of(s)
		name := prometheusNames[s.name]
		if !ok || name == "" {
			continue
		}
		w := out.findings.window(k, int64(ends[k]))
		w.start = w.end.Add(-time.Duration(durations[k]) * time.Second)
		w.set(name, s.labels["ml_drift_method"], s.labels["ml_drift_verdict"], s.value)
	}
	subjects := map[string]string{
		"ml_feature_value_bucket": "feature", "ml_prediction_confidence_bucket": "confidence", "ml_prediction_value_bucket": "prediction",
	}
	for _, s := range samples { // an exemplar of the highest group that has one
		subject := subjects[s.name]
		if subject == "" || s.labels["ml_model_name"] != model || s.exemplar["trace_id"] == "" {
			continue
		}
		for _, w := range out.findings[key{subject, s.labels["ml_feature_name"], s.labels["ml_segment"]}] {
			w.trace = s.exemplar["trace_id"]
		}
	}
	return out
}
