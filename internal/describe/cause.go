// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"fmt"
	"math"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/figures"
)

// Segments says in which segments a drift is found; empty where it is in none more than elsewhere.
// Example: "72 % of it is found in country=BR (20 % of the rows)".
func Segments(r *drift.Result) string {
	var out []string
	for _, p := range r.Parts {
		verb, split := " is found in ", ""
		if p.Split {
			verb = " comes from "
			split = fmt.Sprintf("; %s as it has changed, %s as it has more or fewer of them", part(p.Within), part(p.Mix))
		}
		out = append(out, part(p.Share)+" of it"+verb+p.Segment+" ("+figures.Percent(p.Rows)+" of the rows"+split+")")
	}
	return strings.Join(out, "; ")
}

// part is a part of a drift, which may be negative, or more than all of it.
func part(share float64) string { return fmt.Sprintf("%.0f %%", math.Round(100*share)+0) }

// Changed says what has changed: of numbers the kind of change and the range that has grown, of
// categories the one or the other, and the segments that it is found in.
func Changed(r *drift.Result) string {
	text := ""
	switch {
	case r.Key.Subject == drift.Missing:
	case r.Growth == nil:
		text = r.Change.Text
	case r.Growth.Kind != drift.Range && says(r):
		text = Grown(r)
	case r.Growth.Kind != drift.Range:
		text = r.Change.Text
	case r.Change.Kind != change.None:
		text = r.Change.Text + "; " + Grown(r)
	default:
		text = Grown(r)
	}
	if segments := Segments(r); segments != "" {
		if text != "" {
			text += "; "
		}
		text += segments
	}
	return text
}

// says reports whether what has grown is all that there is to say of a change of categories.
func says(r *drift.Result) bool {
	switch r.Change.Kind {
	case change.None, change.NewCategory, change.Spike:
		return true
	}
	return false
}

// causes are the annotations on what kind of change there is and where.
func causes(r *drift.Result, out map[string]string) {
	if r.Change.Kind != change.None {
		out["kind"], out["explanation"] = r.Change.Kind.String(), r.Change.Text
	}
	out["segments"] = Segments(r)
	if r.Since > 0 {
		out["since"] = instant(r.Since)
	}
}
