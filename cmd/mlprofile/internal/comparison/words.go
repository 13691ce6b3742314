// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// maxLabel is how many characters of a column's name are shown.
const maxLabel = 120

// label is a name from data as it is shown: what does not print is escaped, what is long is cut.
func label(name string) string { return console.Clean(name, maxLabel) }

// title names a subject.
func (s *Subject) title(width int) string {
	kind := ""
	switch s.Subject {
	case drift.Missing.String():
		kind = ", missing"
	case drift.Class.String(), drift.Value.String():
		kind = " (prediction)"
	case drift.Confidence.String():
		kind = " (confidence)"
	}
	if s.Segment != "" {
		kind += " in " + console.Clean(s.Segment, maxLabel)
	}
	return console.Clean(s.Column, max(width-len(kind), 4)) + kind
}

// quoted is a value from data in quotes.
func quoted(value string) string { return strconv.Quote(console.Clean(value, 40)) }

// shortage says why there is no verdict.
func shortage(r *drift.Result, needed int) string {
	values := "value"
	if r.Key.Subject == drift.Missing {
		values = "row"
	}
	switch r.Reason {
	case drift.Few:
		return fmt.Sprintf("%s, and %s are needed", console.Plural(r.Samples, values), console.Count(needed))
	case drift.Dependent:
		return fmt.Sprintf("%s, worth %s independent ones, and %s are needed", console.Plural(r.Samples, values), console.Count(uint64(r.Effective)), console.Count(needed))
	case drift.FewReference:
		return fmt.Sprintf("the reference has %s, and %s are needed", console.Plural(r.ReferenceSamples, values), console.Count(needed))
	case drift.NoReference:
		return "the reference has no values"
	case drift.Mismatch:
		return "the values are of another type than the reference's"
	}
	return strings.ReplaceAll(r.Reason.String(), "_", " ")
}

// Headline is what is said in a line. Example: "3 of 12 subjects drift; 1 has too few values".
func (c *Comparison) Headline() string {
	s := &c.Summary
	verb := "drift"
	if s.Drift == 1 {
		verb = "drifts"
	}
	out := fmt.Sprintf("%d of %s %s", s.Drift, console.Plural(s.Subjects, "subject"), verb)
	if s.Drift == 0 {
		out = "none of " + console.Plural(s.Subjects, "subject") + " drifts"
	}
	if s.OK+s.Drift == 0 {
		out = "no verdict on any of " + console.Plural(s.Subjects, "subject")
	}
	reasons := map[string]int{}
	var order []string
	for i := range c.Subjects {
		if x := &c.Subjects[i]; x.insufficient() {
			if reasons[x.Reason] == 0 {
				order = append(order, x.Reason)
			}
			reasons[x.Reason]++
		}
	}
	for _, reason := range order {
		n := reasons[reason]
		has := "have"
		if n == 1 {
			has = "has"
		}
		switch reason {
		case drift.Few.String():
			out += fmt.Sprintf("; %d %s too few values", n, has)
		case drift.Dependent.String():
			out += fmt.Sprintf("; %d %s values that depend on each other too much", n, has)
		case drift.FewReference.String():
			out += fmt.Sprintf("; %d %s too few values in the reference", n, has)
		case drift.NoReference.String():
			out += fmt.Sprintf("; %d %s no reference", n, has)
		default:
			out += fmt.Sprintf("; %d %s no verdict (%s)", n, has, strings.ReplaceAll(reason, "_", " "))
		}
	}
	return out
}

// side says what a data set is.
func (s *Side) describe() string {
	out := console.Plural(s.Rows, "row")
	if !s.From.IsZero() {
		const layout = "2006-01-02 15:04"
		out += ", " + s.From.UTC().Format(layout) + " to " + s.To.UTC().Format(layout)
	}
	if s.Baseline {
		out += ", a baseline"
	}
	return out
}
