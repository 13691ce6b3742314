// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// The bounds of an alert. What is longer is cut between two letters and ends with a "…" then (names
// of labels, which are of ASCII, without it); what is too many is left out, last names first.
const (
	// MaxLabels is the number of labels, without alertname and severity.
	MaxLabels = 32
	// MaxAnnotations is the number of annotations, without the summary.
	MaxAnnotations = 32
	// MaxName is the length in bytes of an alert's name and of the names and values of labels.
	MaxName = 256
	// MaxSummary is the length of the summary in bytes.
	MaxSummary = 1024
	// MaxAnnotation is the length of an annotation's value in bytes.
	MaxAnnotation = 2048
)

// The labels that Alertmanager gets of an alert's name and severity.
const (
	labelName     = "alertname"
	labelSeverity = "severity"
)

// annotationSummary is the annotation that Alertmanager gets of an alert's summary.
const annotationSummary = "summary"

// normal returns the alert in its normal form, which has no maps in common with it. A severity that
// is no word counts as critical, a state that is not resolved as firing, and no alert
// ends before it began.
func (a *Alert) normal() Alert {
	n, _ := a.bounded()
	return n
}

// bounded is normal, and says what was longer than its bound, or too many.
func (a *Alert) bounded() (Alert, Cuts) {
	var cuts Cuts
	n := Alert{
		Severity: a.Severity, State: a.State,
		Name: cuts.text("name", a.Name, MaxName, visible.Line), Summary: cuts.text(annotationSummary, oneLine(a.Summary), MaxSummary, visible.Line),
		Labels:      cuts.pairs("label", a.Labels, MaxLabels, MaxName, visible.Line, labelName, labelSeverity),
		Annotations: cuts.pairs("annotation", a.Annotations, MaxAnnotations, MaxAnnotation, visible.Text, annotationSummary),
		StartsAt:    utc(a.StartsAt), TraceID: a.TraceID, SpanID: a.SpanID,
	}
	if !n.Severity.valid() {
		n.Severity = Critical
	}
	if n.State != Resolved {
		n.State = Firing
		return n, cuts
	}
	n.EndsAt = utc(a.EndsAt)
	if n.EndsAt.Before(n.StartsAt) {
		n.EndsAt = n.StartsAt
	}
	return n, cuts
}

// Cuts says what of an alert was cut or left out.
type Cuts struct {
	// Number is how many strings, names, labels and annotations, First what the first of them is.
	// Example: "label job".
	Number int
	First  string
}

func (c *Cuts) add(what string) {
	if c.Number++; c.Number == 1 {
		c.First = what
	}
}

// text bounds a text, and writes its control characters as escape does.
func (c *Cuts) text(what, s string, longest int, escape func(string) string) string {
	if len(s) > longest {
		c.add(what)
	}
	return text(s, longest, escape)
}

// pairs returns what is kept of labels or annotations: names are made valid, empty values and the
// reserved names are left out. Of two names that become the same, the one that was valid wins, else
// the first in sorted order. It is never nil.
func (c *Cuts) pairs(what string, from map[string]string, most, longest int, escape func(string) string, reserved ...string) map[string]string {
	to := make(map[string]string, min(len(from), most))
	names := slices.Sorted(maps.Keys(from))
	for _, wasValid := range []bool{true, false} {
		for _, name := range names {
			clean := CleanName(name)
			if (clean == name) != wasValid || slices.Contains(reserved, clean) {
				continue
			}
			value := from[name]
			if _, taken := to[clean]; taken || value == "" {
				continue
			}
			if len(to) == most {
				c.add(what + " " + clean)
				continue
			}
			if len(name) > MaxName {
				c.add("name of a " + what)
			}
			to[clean] = c.text(what+" "+clean, value, longest, escape)
		}
	}
	return to
}

// CleanName returns the name as a label or an annotation has it: letters, digits and underscores of
// ASCII, no digit in front, 256 bytes at most, because receivers and templates of Alertmanager need
// that. Any other character becomes an underscore: "feature.name" is "feature_name". The empty name
// is "_".
func CleanName(name string) string {
	valid := func(i int, c rune) bool {
		return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9'
	}
	clean := name != "" && len(name) <= MaxName
	for i, c := range name {
		if !clean {
			break
		}
		clean = valid(i, c)
	}
	if clean {
		return name
	}
	var b strings.Builder
	for _, c := range name {
		if b.Len() == MaxName {
			break
		}
		switch {
		case valid(b.Len(), c):
			b.WriteRune(c)
		case b.Len() == 0 && '0' <= c && c <= '9':
			b.WriteByte('_')
			b.WriteRune(c)
		default:
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

// mark ends a text that was cut.
const mark = "…"

// text returns s as valid UTF-8 of at most longest bytes, with control characters as escape writes
// them. What is cut shares no memory with s, so that the rest of it can be freed.
func text(s string, longest int, escape func(string) string) string {
	if len(s) <= longest {
		if s = escape(s); len(s) <= longest {
			return s
		}
	}
	end := longest - len(mark)
	if end < 0 {
		return ""
	}
	return cut(escape(cut(s, end)), end) + mark
}

func cut(s string, longest int) string {
	if len(s) <= longest {
		return s
	}
	for longest > 0 && !utf8.RuneStart(s[longest]) {
		longest--
	}
	return s[:longest]
}

// oneLine turns line breaks and tabs into spaces, and removes those at the ends.
func oneLine(s string) string {
	s = cut(s, 2*MaxSummary) // bounds the work
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		switch c {
		case '\t', '\n', '\v', '\f', '\r', '\u0085', '\u2028', '\u2029':
			return ' '
		}
		return c
	}, s))
}

// utc drops what a record cannot carry: the time zone and the monotonic reading. The zero time
// stays zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(0, t.UnixNano()).UTC()
}
