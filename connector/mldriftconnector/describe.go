// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// alertName is the name of the alert on a drift.
func alertName(s drift.Subject) string {
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

// labels are the identity of a drift, beside its name.
func labels(k *drift.Key, reference string) map[string]string {
	return map[string]string{
		"model": k.Model, "version": k.Version, "role": k.Role, "environment": k.Environment, "segment": k.Segment,
		"feature": k.Name, "subject": k.Subject.String(), "reference": reference,
	}
}

// annotations are the numbers of a drift.
func annotations(r *drift.Result) map[string]string {
	out := map[string]string{
		"samples":           strconv.FormatUint(r.Samples, 10),
		"reference_samples": strconv.FormatUint(r.ReferenceSamples, 10),
		"window_start":      time.Unix(r.Start, 0).UTC().Format(time.RFC3339),
		"window_end":        time.Unix(r.End, 0).UTC().Format(time.RFC3339),
	}
	if len(r.Scores) > 0 {
		s := &r.Scores[0]
		out["method"], out["score"], out["effect"] = s.Method, float(s.Score), float(s.Effect)
		out["threshold"], out["p_value"] = float(s.Threshold), float(s.PValue)
	}
	if g := r.Growth; g != nil {
		out["grown"] = grown(r)
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
	return out
}

// summary is one sentence on a drift. Example: "model fraud 7: amount drifts (KS 0.22 over 0.1, n = 4,790): 1.2k–5k is 18 % of the
// values, was 6 %".
func summary(r *drift.Result) string {
	verb := " drifts"
	if r.Reference != drift.Baseline {
		verb += " from " + referenceName(r.Reference)
	}
	if r.Key.Subject == drift.Missing {
		verb = " is missing"
		if g := r.Growth; g != nil {
			verb += " in " + percent(g.Now) + " of the rows, " + was(r)
		}
	}
	out := who(&r.Key) + ": " + subject(&r.Key) + verb
	numbers := "n = " + thousands(r.Samples)
	if len(r.Scores) > 0 {
		s := &r.Scores[0]
		comparison := "over"
		if s.Effect < s.Threshold {
			comparison = "under"
		}
		numbers = fmt.Sprintf("%s %s %s %s, %s", methodName(s.Method), short(s.Effect), comparison, short(s.Threshold), numbers)
	}
	out += " (" + numbers + ")"
	if r.Growth != nil && r.Key.Subject != drift.Missing {
		out += ": " + grown(r)
	}
	return out
}

// over is one sentence on a drift that has ended.
func over(r *drift.Result) string {
	out := who(&r.Key) + ": " + subject(&r.Key)
	switch {
	case r.Verdict == drift.Insufficient:
		return out + fmt.Sprintf(" has too few values for a verdict (n = %s)", thousands(r.Samples))
	case r.Key.Subject == drift.Missing:
		out += " is missing as often as before"
	default:
		out += " no longer drifts"
	}
	if len(r.Scores) > 0 {
		s := &r.Scores[0]
		out += fmt.Sprintf(" (%s %s, threshold %s, n = %s)", methodName(s.Method), short(s.Effect), short(s.Threshold), thousands(r.Samples))
	}
	return out
}

// grown says what has grown by how much. Example: `"PL", which the baseline does not list, is 9 % of the values, was 0 %`.
func grown(r *drift.Result) string {
	g := r.Growth
	what := ""
	switch g.Kind {
	case drift.Absent:
		return "missing values are " + percent(g.Now) + " of the rows, " + was(r)
	case drift.Range:
		what = rangeName(g.Low, g.High)
	case drift.Category:
		what = quoted(g.Category)
	case drift.Unlisted:
		what = quoted(g.Category) + ", which " + referenceName(r.Reference) + " does not list,"
	case drift.Others:
		what = "what " + referenceName(r.Reference) + " does not list"
	}
	of := "values"
	if r.Key.Subject == drift.Class || r.Key.Subject == drift.Value {
		of = "predictions"
	}
	return what + " is " + percent(g.Now) + " of the " + of + ", " + was(r)
}

// was is the share that the reference has.
func was(r *drift.Result) string {
	switch r.Reference {
	case drift.Champion:
		return percent(r.Growth.Before) + " of the champion's"
	case drift.Previous:
		return "was " + percent(r.Growth.Before) + " in the window before"
	}
	return "was " + percent(r.Growth.Before)
}

func referenceName(reference string) string {
	if reference == drift.Previous {
		return "the window before"
	}
	return "the " + reference
}

// who names a model, with its version, role, environment and segment. Example: "model fraud 7 (production), country=DE".
func who(k *drift.Key) string {
	out := "model " + k.Model
	if k.Version != "" {
		out += " " + k.Version
	}
	var more []string
	for _, s := range []string{k.Role, k.Environment} {
		if s != "" {
			more = append(more, s)
		}
	}
	if len(more) > 0 {
		out += " (" + strings.Join(more, ", ") + ")"
	}
	if k.Segment != "" {
		out += ", " + k.Segment
	}
	return out
}

func subject(k *drift.Key) string {
	switch k.Subject {
	case drift.Class:
		return "the predicted class"
	case drift.Value:
		return "the prediction"
	case drift.Confidence:
		return "the confidence"
	}
	return k.Name
}

// methodName is a statistic as people write it. An effect of chi2 is Cramér's V.
func methodName(method string) string {
	switch method {
	case "ks", "psi", "kl":
		return strings.ToUpper(method)
	case "jensen_shannon":
		return "Jensen-Shannon"
	case "wasserstein":
		return "Wasserstein"
	case "hellinger":
		return "Hellinger"
	case "chi2":
		return "Cramér's V"
	case "l_infinity":
		return "difference"
	}
	return method
}

// rangeName writes a range of values, with as many digits as tell its ends apart. Examples: "1.2k–5k", "41.878–41.881", "-3 to -1".
func rangeName(low, high float64) string {
	switch {
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return "any value"
	case math.IsInf(low, -1):
		return "up to " + short(high)
	case math.IsInf(high, 1):
		return "above " + short(low)
	}
	l, h := short(low), short(high)
	for digits := 4; l == h && digits <= 17; digits++ {
		l, h = strconv.FormatFloat(low, 'g', digits, 64), strconv.FormatFloat(high, 'g', digits, 64)
	}
	if low < 0 {
		return l + " to " + h // a dash before a minus is hard to read
	}
	return l + "–" + h
}

func quoted(s string) string { return strconv.Quote(s) }

// percent writes a share with two digits. Example: "0.5 %".
func percent(share float64) string {
	p := 100 * share
	switch {
	case p >= 9.5 || p == 0:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	case p < 0.01:
		return "under 0.01 %"
	}
	return strconv.FormatFloat(p, 'g', 2, 64) + " %"
}

// short writes a number with three digits, thousands as k and millions as M. Example: "1.2k".
func short(v float64) string {
	unit := ""
	switch a := math.Abs(v); {
	case a >= 1e6 && a < 1e9:
		v, unit = v/1e6, "M"
	case a >= 1e4 || a >= 1e3 && a == math.Trunc(a/100)*100:
		if a < 1e6 {
			v, unit = v/1e3, "k"
		}
	case a >= 1e3:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64) + unit
}

// thousands writes a number with commas. Example: "4,790".
func thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func float(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
