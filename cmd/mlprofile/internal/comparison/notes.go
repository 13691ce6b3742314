// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"fmt"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// fewRows is the size of a reference below which its own error is large beside the thresholds.
const fewRows = 1000

// week is the longest season that most traffic has.
const week = 7 * 24 * time.Hour

// addNotes says what the card, sizes and times of the two data sets mean for the verdicts.
func (c *Comparison) addNotes(w *Window, model *catalog.Model) {
	note := func(format string, args ...any) { c.Notes = append(c.Notes, fmt.Sprintf(format, args...)) }
	var ignored []string
	for _, column := range w.columns {
		if column.subject == drift.Feature && model.Features[column.column.Name].Ignore {
			ignored = append(ignored, column.name())
		}
	}
	if len(ignored) > 0 {
		note("left out, as the card says ignore: %s", names(ignored))
	}
	if d := c.designs; d.clusters != "" {
		note("%s: values are worth up to %s times fewer independent ones, of the reference, too", d.clusters, console.Number(d.most()))
	} else if d.all > 1 {
		note("values are taken for %s times fewer independent ones (--design-effect), of the reference, too", console.Number(d.all))
	}
	c.sizeNotes(note)
	c.timeNotes(note)
}

func (c *Comparison) sizeNotes(note func(string, ...any)) {
	a, b := &c.Reference, &c.Current
	if a.Rows < fewRows {
		note("the reference has %s: its own error is large, every comparison with it shares that error, and a drift takes more for it", console.Plural(a.Rows, "row"))
	}
	switch {
	case b.Rows >= 20*a.Rows:
		note("there are %s times as many current rows as reference rows: the reference's own error decides, more current rows find nothing smaller", times(b.Rows, a.Rows))
	case a.Rows >= 20*b.Rows:
		note("there are %s times as many reference rows as current ones: only what is large can be told from chance", times(a.Rows, b.Rows))
	}
}

func (c *Comparison) timeNotes(note func(string, ...any)) {
	a, b := &c.Reference, &c.Current
	if a.From.IsZero() || b.From.IsZero() {
		return
	}
	const layout = "2006-01-02 15:04"
	if from, to := later(a.From, b.From), earlier(a.To, b.To); !to.Before(from) {
		note("both have rows from %s to %s: rows that are in both make a drift look smaller", from.UTC().Format(layout), to.UTC().Format(layout))
	}
	short, long, name := b.length(), a.length(), "current rows"
	if long < short {
		short, long, name = long, short, "reference's rows"
	}
	if short < week && long >= 2*max(short, time.Hour) {
		note("the %s are of %s only, the others of %s: what changes with the hour or the day of the week can look like drift; compare whole days or weeks", name, span(short), span(long))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// span writes a length of time in days, hours or minutes.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return strconv.Itoa(int(d.Round(24*time.Hour)/(24*time.Hour))) + " days"
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d.Round(time.Hour)/time.Hour)) + " hours"
	}
	return console.Plural(int(d.Round(time.Minute)/time.Minute), "minute")
}

// times is how often b goes into a.
func times(a, b uint64) string { return console.Count(a / max(b, 1)) }
