// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// shows are the template functions that write values.
var shows = map[objective.Unit]string{
	objective.Percent: "humanizePercentage", objective.Seconds: "humanizeDuration", objective.Number: "humanize",
	objective.Score: `printf "%.4g"`,
}

// events writes a number of events.
const events = `printf "%.0f"`

// say returns the annotations of an alert on a bound: what is measured, its interval, and the number
// of events that it rests on.
func (g *group) say(b *objective.Breach, window string) map[string]string {
	show := shows[b.Unit]
	look := func(record, window, show string) string { return g.look(b, record, window, show) }
	where := ""
	for _, label := range b.By {
		if label == "ml_segment" {
			where = "{{ if $labels.ml_segment }} in {{ $labels.ml_segment }}{{ end }}"
		}
	}
	notes := map[string]string{
		"summary": fmt.Sprintf("%s%s is {{ $value | %s }}", g.title(), where, show),
		"value":   "{{ $value | " + show + " }}",
		"bound":   bound(b),
		"for":     objective.Duration(b.For),
	}
	said := "For " + objective.Duration(b.For) + " it has been beyond its bound, " + notes["bound"] + "."
	if b.Proportion != nil || b.Upper != "" {
		notes["n"] = look(recordSamples, window, events)
		notes["lower"], notes["upper"] = look(recordLower, window, show), look(recordUpper, window, show)
		said += fmt.Sprintf(" It is {{ $value | %s }}, between %s and %s for sure, by %s events.",
			show, notes["lower"], notes["upper"], notes["n"])
	}
	if b.Compared != nil {
		notes["reference"] = look(recordValue, windowReference, show)
		notes["reference_n"] = look(recordSamples, windowReference, events)
		said += fmt.Sprintf(" %s before it was %s, by %s events.",
			objective.Duration(b.Compared.With), notes["reference"], notes["reference_n"])
	}
	notes["description"] = said
	return notes
}

// look is a template that reads what was recorded for the series of the alert.
func (g *group) look(b *objective.Breach, record, window, show string) string {
	format, args := g.series(record, labelWindow, window), strings.Builder{}
	format = strings.ReplaceAll(format, "%", "%%")
	for _, label := range b.By {
		format = strings.TrimSuffix(format, "}") + "," + label + "=%q}"
		args.WriteString(" $labels." + label)
	}
	return fmt.Sprintf("{{ with printf %s%s | query }}{{ . | first | value | %s }}{{ else }}?{{ end }}", strconv.Quote(format), args.String(), show)
}

// bound says in words what is allowed.
func bound(b *objective.Breach) string {
	write := func(v float64) string {
		switch b.Unit {
		case objective.Percent:
			return percent(v)
		case objective.Seconds:
			return "{{ " + number(v) + " | humanizeDuration }}"
		}
		return number(v)
	}
	if b.Bound != nil {
		if b.Upward {
			return "at most " + write(*b.Bound)
		}
		return "at least " + write(*b.Bound)
	}
	way := "more"
	if !b.Upward {
		way = "less"
	}
	var allowed []string
	if a := b.Compared.Absolute; a != nil {
		text := write(*a)
		if b.Unit == objective.Percent {
			text = strings.TrimSuffix(text, " %") + " points"
		}
		allowed = append(allowed, text+" "+way)
	}
	if r := b.Compared.Relative; r != nil {
		allowed = append(allowed, percent(*r)+" of it "+way)
	}
	return strings.Join(allowed, ", or ") + " than " + objective.Duration(b.Compared.With) + " before"
}
