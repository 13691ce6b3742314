// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"math"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// AlertName is the name of the alert on a drift.
func AlertName(s drift.Subject) string {
	switch s {
	case drift.Missing:
		return "MissingValuesDrift"
	case drift.Confidence:
		return "ConfidenceDrift"
	case drift.Value, drift.Class:
		return "PredictionDrift"
	}
	return "FeatureDrift"
}

// Labels are the identity of a drift, beside its name.
func Labels(k *drift.Key, reference string) map[string]string {
	return map[string]string{
		"model": k.Model, "version": k.Version, "role": k.Role, "environment": k.Environment, "segment": k.Segment,
		"feature": k.Name, "subject": k.Subject.String(), "reference": reference,
	}
}

// Annotations are the numbers of a drift.
func Annotations(r *drift.Result) map[string]string {
	out := map[string]string{
		"samples":           strconv.FormatUint(r.Samples, 10),
		"reference_samples": strconv.FormatUint(r.ReferenceSamples, 10),
		"window_start":      instant(r.Start),
		"window_end":        instant(r.End),
	}
	if len(r.Scores) > 0 {
		s := &r.Scores[0]
		out["method"], out["score"], out["effect"] = s.Method, float(s.Score), float(s.Effect)
		out["threshold"], out["p_value"] = float(s.Threshold), float(s.PValue)
		if s.Error > 0 && !math.IsInf(s.Error, 0) {
			out["score_error"] = float(s.Error)
		}
	}
	if g := r.Growth; g != nil {
		out["grown"] = Grown(r)
		out["share"], out["reference_share"] = float(g.Now), float(g.Before)
		switch g.Kind {
		case drift.Range:
			if !math.IsInf(g.Low, 0) {
				out["range_low"] = float(g.Low)
			}
			if !math.IsInf(g.High, 0) {
				out["range_high"] = float(g.High)
			}
		case drift.Category, drift.Unlisted:
			out["category"] = g.Category
		}
	}
	causes(r, out)
	return out
}

func instant(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

func float(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
