// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The bounds of an alert. What is longer is cut, at a UTF-8 boundary; what is too many is left out, last names first.
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

// normal returns the alert in its normal form, which has no maps in common with it. A severity that is none of the
// three counts as critical, a state that is not resolved as firing, and no alert ends before it began.
func (a *Alert) normal() Alert {
	n := Alert{
		Name: text(a.Name, MaxName), Severity: a.Severity, State: a.State, Summary: text(oneLine(a.Summary), MaxSummary),
		Labels:      pairs(a.Labels, MaxLabels, MaxName, labelName, labelSeverity),
		Annotations: pairs(a.Annotations, MaxAnnotations, MaxAnnotation, annotationSummary),
		StartsAt:    utc(a.StartsAt), TraceID: a.TraceID, SpanID: a.SpanID,
	}
	if !n.Severity.known() {
		n.Severity = Critical
	}
	if n.State != Resolved {
		n.State = Firing
		return n
	}
	n.EndsAt = utc(a.EndsAt)
	if n.EndsAt.Before(n.StartsAt) {
		n.EndsAt = n.StartsAt
	}
	return n
}

// pairs returns what is kept of labels or annotations: names are made valid, empty values and the reserved names are
// left out. Of two names that become the same, the one that was valid wins, else the first in sorted order. It is
// never nil.
func pairs(from map[string]string, most, longest int, reserved ...string) map[string]string {
	to := make(map[string]string, min(len(from), most))
	names := slices.Sorted(maps.Keys(from))
	for _, wasValid := range []bool{true, false} {
		for _, name := range names {
			clean := CleanName(name)
			if (clean == name) != wasValid || slices.Contains(reserved, clean) {
				continue
			}
			value := text(from[name], longest)
			if _, taken := to[clean]; taken || value == "" || len(to) == most {
				continue
			}
			to[clean] = value
		}
	}
	return to
}

// CleanName returns the name as a label or an annotation has it: letters, digits and underscores of ASCII, no digit in
// front, 256 bytes at most, because receivers and templates of Alertmanager need that. Any other character becomes
// an underscore: "feature.name" is "feature_name". The empty name is "_".
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

// text returns s as valid UTF-8 of at most longest bytes.
func text(s string, longest int) string {
	return cut(strings.ToValidUTF8(cut(s, longest), "\uFFFD"), longest)
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

// oneLine turns line breaks and other control characters into spaces, and removes those at the ends.
func oneLine(s string) string {
	s = cut(s, 2*MaxSummary) // bounds the work
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s))
}

// utc drops what a record cannot carry: the time zone and the monotonic reading. The zero time stays zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(0, t.UnixNano()).UTC()
}
