// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
)

// What is printed of long lists; JSON has more.
const (
	printedEpisodes = 20
	printedLabels   = 100
	printedError    = 500
)

// at writes a time in UTC; of a short backtest with its seconds.
func (r *Report) at(t time.Time) string {
	if r.Asked < 3*time.Hour {
		return t.UTC().Format(time.DateTime)
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// WriteText writes a report for people.
func (r *Report) WriteText(w io.Writer) error {
	p := &printer{w: w, report: r}
	p.head()
	for i := range r.Rules {
		p.rule(&r.Rules[i])
	}
	p.selectors()
	return p.err
}

// printer writes until a write fails.
type printer struct {
	w      io.Writer
	report *Report
	err    error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) head() {
	r := p.report
	p.line("%s to %s UTC, %s: %s of groups, %s, %s", r.at(r.From), r.at(r.Until), short(r.Asked),
		console.Plural(r.Evaluations, "evaluation"), queries(r.Queries), console.Duration(r.Took))
	switch {
	case r.Covered == 0:
		p.line("The TSDB has no data for any of this time: it says nothing about these rules.")
	case r.Covered < r.Asked-r.Asked/100:
		p.line("The TSDB has data for %s of these %s only, from %s to %s.", short(r.Covered), short(r.Asked),
			r.at(*r.First), r.at(*r.Last))
	}
}

func queries(n int) string {
	if n == 1 {
		return "1 query"
	}
	return console.Count(n) + " queries"
}

func (p *printer) rule(r *Rule) {
	p.line("")
	switch {
	case r.Record != "":
		p.line("%s (%s, %s) has recorded %s", console.Clean(r.Record, printedLabels), r.File, r.Group, series(r.Series))
	case r.Firing.Episodes == 0:
		p.line("%s (%s, %s) would not have fired%s", r.Alert, r.File, r.Group, pending(r))
	default:
		p.fired(r)
	}
	if len(r.NoSeries) > 0 {
		p.line("  No series at all for %s", strings.Join(r.NoSeries, ", "))
	}
	if r.Errors > 0 {
		p.line("  %s failed; the last one: %s", console.Plural(r.Errors, "evaluation"), console.Clean(r.LastError, printedError))
	}
	if r.Record == "" {
		p.episodes(r)
		p.thresholds(r)
	}
}

func series(n int) string {
	if n == 0 {
		return "nothing"
	}
	return console.Count(n) + " series"
}

func (p *printer) fired(r *Rule) {
	f := r.Firing
	p.line("%s (%s, %s) would have fired %s, for %s in all (%s of the time), %s at the longest%s", r.Alert, r.File, r.Group,
		console.Plural(f.Episodes, "time"), short(f.Time), console.Percent(float64(f.Time)/float64(max(p.report.Covered, f.Time))), short(f.Longest), pending(r))
}

func pending(r *Rule) string {
	if r.Firing.Pending == 0 {
		return ""
	}
	return fmt.Sprintf("; %s more it was pending, but not for %s", console.Plural(r.Firing.Pending, "time"), short(r.For))
}

func (p *printer) episodes(r *Rule) {
	if len(r.List) == 0 || p.err != nil {
		return
	}
	table := console.NewTable("from (UTC)|", "for", "value", "labels|")
	for _, e := range r.List[:min(len(r.List), printedEpisodes)] {
		length := "still"
		if e.To != nil {
			length = short(e.To.Sub(e.From))
		}
		l := labels.NewBuilder(e.Labels).Del(labels.AlertName).Labels()
		table.Row(p.report.at(e.From), length, console.Number(e.Value), console.Clean(l.String(), printedLabels))
	}
	p.err = table.Write(p.w, "  ")
	if more := r.Firing.Episodes - min(len(r.List), printedEpisodes); more > 0 {
		p.line("  and %s more; -o json has the first %s", console.Count(more), console.Count(maxEpisodes))
	}
}

func (p *printer) thresholds(r *Rule) {
	if r.NoThreshold != "" {
		p.line("  No threshold to vary: %s", r.NoThreshold)
		return
	}
	if r.Values == nil {
		return // there was nothing to compare
	}
	p.line("  What is compared with %s: half of the time beyond %s, 1 of 10 times beyond %s, 1 of 100 beyond %s, at most %s",
		number(*r.Threshold), number(r.Values.Median), number(r.Values.Of10), number(r.Values.Of100), number(r.Values.Most))
	if len(r.Thresholds) == 0 {
		p.line("  There are no multiples of %s: choose thresholds with --threshold %s=NUMBER,NUMBER", number(*r.Threshold), r.Alert)
		return
	}
	table := console.NewTable("threshold", "fired", "in all", "longest", "pending only", "|")
	for _, t := range r.Thresholds {
		given := ""
		if t.Given {
			given = "◀ given"
		}
		f := t.Firing
		table.Row(number(t.Value), console.Count(f.Episodes), short(f.Time), short(f.Longest), console.Count(f.Pending), given)
	}
	if p.err == nil {
		p.err = table.Write(p.w, "  ")
	}
}

func (p *printer) selectors() {
	if len(p.report.Selectors) == 0 || p.err != nil {
		return
	}
	p.line("")
	p.line("Series that were there for a part of the time only:")
	table := console.NewTable("there for", "from (UTC)|", "until|", "series|")
	for _, s := range p.report.Selectors {
		table.Row(short(s.There), p.report.at(*s.From), p.report.at(*s.Until), console.Clean(s.Selector, printedLabels))
	}
	if p.err == nil {
		p.err = table.Write(p.w, "  ")
	}
}

// number writes a number as it would be written in a rule.
func number(v float64) string { return fmt.Sprintf("%.6g", v) }

// short writes a duration as rules do, in days at the most: 14d6h.
func short(d time.Duration) string {
	if d > time.Second {
		d = d.Round(time.Second)
	}
	const day = 24 * time.Hour
	if d < day {
		return model.Duration(d).String()
	}
	days := fmt.Sprintf("%dd", d/day)
	if d%day == 0 {
		return days
	}
	return days + model.Duration(d%day).String()
}
