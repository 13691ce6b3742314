// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package describe says in words what the engine has found: a drift in a sentence, the labels and
// annotations of its alert, and the lines on what was dropped or not judged.
//
// Its functions have no state: what they say follows from a drift.Result, a drift.Event or a
// drift.Reason alone.
package describe

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/figures"
)

// Summary is one sentence on a drift. Example: "model fraud 7: amount drifts (KS 0.22 over 0.1, n =
// 4,790): shift: mean 0.9k → 1.3k (+0.6 sd); 1.2k–5k is 18 % of the values, was 6 %".
func Summary(r *drift.Result) string { return who(&r.Key) + ": " + Finding(r) }

// Finding is Summary without the model: "amount drifts (KS 0.22 over 0.1, n = 4,790): …".
func Finding(r *drift.Result) string {
	verb := " drifts"
	if r.Reference != drift.Baseline {
		verb += " from " + referenceName(r.Reference)
	}
	if r.Key.Subject == drift.Missing {
		verb = " is missing"
		if g := r.Growth; g != nil {
			verb += " in " + figures.Percent(g.Now) + " of the rows, " + was(r)
		}
	}
	out := subject(&r.Key) + verb
	numbers := "n = " + humanize.Comma(int64(r.Samples))
	if len(r.Scores) > 0 {
		s := &r.Scores[0]
		comparison := "over"
		if s.Effect < s.Threshold {
			comparison = "under"
		}
		numbers = fmt.Sprintf("%s %s %s %s, %s", methodName(s.Method), figures.Short(s.Effect), comparison, figures.Short(s.Threshold), numbers)
	}
	out += " (" + numbers + ")"
	if changed := Changed(r); changed != "" {
		out += ": " + changed
	}
	return out
}

// Ended is one sentence on a drift that has ended.
func Ended(r *drift.Result) string {
	out := who(&r.Key) + ": " + subject(&r.Key)
	switch {
	case r.Verdict == drift.Insufficient:
		return out + fmt.Sprintf(" has too few values for a verdict (n = %s)", humanize.Comma(int64(r.Samples)))
	case r.Key.Subject == drift.Missing:
		out += " is missing as often as before"
	default:
		out += " no longer drifts"
	}
	if len(r.Scores) > 0 {
		s := &r.Scores[0]
		out += fmt.Sprintf(" (%s %s, threshold %s, n = %s)", methodName(s.Method), figures.Short(s.Effect), figures.Short(s.Threshold), humanize.Comma(int64(r.Samples)))
	}
	return out
}

// Unwatched is one sentence on a drift whose verdict is gone.
func Unwatched(k *drift.Key) string { return who(k) + ": " + subject(k) + " is not watched any more" }

// Grown says what has grown by how much. Example: `"PL", which the baseline does not list, is 9 %
// of the values, was 0 %`.
func Grown(r *drift.Result) string {
	g := r.Growth
	what := ""
	switch g.Kind {
	case drift.Absent:
		return "missing values are " + figures.Percent(g.Now) + " of the rows, " + was(r)
	case drift.Range:
		what = figures.Range(g.Low, g.High)
	case drift.Category:
		what = strconv.Quote(g.Category)
	case drift.Unlisted:
		what = strconv.Quote(g.Category) + ", which " + referenceName(r.Reference) + " does not list,"
	case drift.Others:
		what = "what " + referenceName(r.Reference) + " does not list"
	}
	of := "values"
	if r.Key.Subject == drift.Class || r.Key.Subject == drift.Value {
		of = "predictions"
	}
	return what + " is " + figures.Percent(g.Now) + " of the " + of + ", " + was(r)
}

// was is the share that the reference has.
func was(r *drift.Result) string {
	switch r.Reference {
	case drift.Champion:
		return figures.Percent(r.Growth.Before) + " of the champion's"
	case drift.Previous:
		return "was " + figures.Percent(r.Growth.Before) + " in the window before"
	}
	return "was " + figures.Percent(r.Growth.Before)
}

func referenceName(reference string) string {
	if reference == drift.Previous {
		return "the window before"
	}
	return "the " + reference
}

// who names a model, with its version, role, environment and segment. Example: "model fraud 7
// (production), country=DE".
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
