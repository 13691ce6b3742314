// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"iter"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// MaxRanked is the most drifts of a model that are listed.
const MaxRanked = 20

// Ranked lists drifts of a model in the order in which they come. Example: "1. amount (scale); 2.
// country, channel=web (new_category); 3. zip is missing".
func Ranked(drifts iter.Seq[*drift.Result]) string {
	var out []string
	more := 0
	for r := range drifts {
		if len(out) == MaxRanked {
			more++
			continue
		}
		text := strconv.Itoa(len(out)+1) + ". " + subject(&r.Key)
		switch {
		case r.Key.Subject == drift.Missing && r.Change.Kind == change.MissingFell:
			text += " is missing less"
		case r.Key.Subject == drift.Missing:
			text += " is missing"
		}
		if r.Key.Segment != "" {
			text += ", " + r.Key.Segment
		}
		if r.Key.Subject != drift.Missing && r.Change.Kind != change.None {
			text += " (" + r.Change.Kind.String() + ")"
		}
		out = append(out, text)
	}
	if more > 0 {
		out = append(out, "and "+strconv.Itoa(more)+" more")
	}
	return strings.Join(out, "; ")
}

// Model is one sentence on n drifts of a model, of which r is the first. Example: "model fraud 7: 3
// drifts; the first: amount drifts (KS 0.22 over 0.1, n = 4,790): …".
func Model(r *drift.Result, n int) string {
	whole := r.Key
	whole.Segment = ""
	out := who(&whole) + ": "
	if n > 1 {
		out += strconv.Itoa(n) + " drifts; the first: "
	}
	if r.Key.Segment != "" {
		out += r.Key.Segment + ": "
	}
	return out + Finding(r)
}

// ModelEnded is one sentence on a model that no longer drifts.
func ModelEnded(k *drift.Key) string { return who(k) + ": nothing drifts any more" }

// ModelUnwatched is one sentence on a model whose verdicts are gone.
func ModelUnwatched(k *drift.Key) string { return who(k) + ": what drifted is not watched any more" }
