// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// maxShown is the number of windows that fit beside each other.
const maxShown = 8

// report prints the table of all windows and a sentence for each thing that has drifted.
type report struct {
	w        io.Writer
	findings []*finding
	baseline *profile.Profile
	evidence *evidence
}

// layout is how the end or start of a window is written: a day, unless windows are shorter.
func (r *report) layout() string {
	for _, f := range r.findings {
		for _, w := range f.windows {
			if w.end.Sub(w.start) < 20*time.Hour {
				return "01-02 15:04"
			}
		}
	}
	return "01-02"
}

// starts are the beginnings of the windows to show, the last ones.
func (r *report) starts() (starts []time.Time, cut bool) {
	for _, f := range r.findings {
		var own []time.Time
		for _, w := range f.windows {
			own = append(own, w.start)
		}
		if len(own) > len(starts) {
			starts = own
		}
	}
	if len(starts) > maxShown {
		return starts[len(starts)-maxShown:], true
	}
	return starts, false
}

func (r *report) table() error {
	starts, cut := r.starts()
	layout := r.layout()
	header := []string{"what|", "method|"}
	for _, s := range starts {
		header = append(header, s.Format(layout))
	}
	header = append(header, "threshold", "p-value", "n", "verdict|", "since|")
	t := console.NewTable(header...)
	for _, f := range r.findings {
		last := f.windows[len(f.windows)-1]
		method, number, _ := last.decides()
		cells := []string{console.Clean(f.String(), 32), string(method)}
		for _, s := range starts {
			cells = append(cells, r.cell(f, s))
		}
		since := ""
		if first, _ := f.since(); first != nil {
			since = first.start.Format("2006-01-02")
			if layout != "01-02" {
				since = first.start.Format("2006-01-02 15:04")
			}
		}
		verdict := last.verdict
		if verdict == "drift" {
			verdict = "DRIFT"
		}
		cells = append(cells, console.Number(f.threshold(method)), console.PValue(number.p), console.Count(int64(last.samples)), verdict, since)
		t.Row(cells...)
	}
	if err := t.Write(r.w, "  "); err != nil {
		return err
	}
	more := ""
	if cut {
		more = fmt.Sprintf("; the last %d windows are shown", maxShown)
	}
	_, err := fmt.Fprintf(r.w, "\n  Scores by the start of the window; ▲ is over the threshold and no accident (p < 0.05); the verdict wants two in a row.\n"+
		"  p-value and n are the last window's%s.\n", more)
	return err
}

func (r *report) cell(f *finding, start time.Time) string {
	for _, w := range f.windows {
		if !w.start.Equal(start) {
			continue
		}
		_, n, ok := w.decides()
		if !ok {
			return "-"
		}
		s := fmt.Sprintf("%.3f", n.score)
		if f.exceeds(w) {
			return "▲ " + s
		}
		return s
	}
	return "-"
}

// sentences prints what was found, one paragraph a finding, and returns how many have drifted.
func (r *report) sentences() (drifted int, err error) {
	var b strings.Builder
	for _, f := range r.findings {
		first, decided := f.since()
		if first == nil {
			continue
		}
		drifted++
		r.sentence(&b, f, first, decided)
	}
	if drifted == 0 {
		b.WriteString("  Nothing has drifted.\n")
		for _, f := range r.findings {
			if w := f.strongest(); w != nil && f.exceeds(w) {
				m, n, _ := w.decides()
				fmt.Fprintf(&b, "  %s stood out once, in the window from %s: %s %.3f over %g, p %s, n = %s.\n", console.Clean(f.String(), 60),
					stamp(w.start), name(string(m)), n.score, f.threshold(m), pText(n.p), console.Count(int64(w.samples)))
			}
		}
	}
	_, err = io.WriteString(r.w, b.String())
	return drifted, err
}

func (r *report) sentence(b *strings.Builder, f *finding, first, decided *window) {
	m, n, _ := decided.decides()
	what := console.Clean(f.String(), 60)
	verb := "has drifted"
	if f.subject == "missing" {
		what, verb = console.Clean(f.feature, 60), "is missing more often"
	}
	fmt.Fprintf(b, "  %s %s since %s: %s %.2f over %g, p %s, n = %s", what, verb, stamp(first.start), name(string(m)), n.score, f.threshold(m), pText(n.p), console.Count(int64(decided.samples)))
	if psi, ok := decided.numbers["psi"]; ok && string(m) != "psi" {
		fmt.Fprintf(b, "; PSI %.2f", psi.score)
	}
	b.WriteString(".\n")
	c := r.evidence.grown(f.key, decided, r.baseline)
	switch {
	case c.isMissing:
		fmt.Fprintf(b, "      missing in %s of the rows, it was %s\n", console.Percent(c.is), console.Percent(c.was))
	case c.hasEvidence && c.is > c.was:
		fmt.Fprintf(b, "      %q is %s of the values, it was %s\n", console.Clean(c.value, 40), console.Percent(c.is), console.Percent(c.was))
	}
	id := decided.trace
	if id == "" {
		id = c.trace
	}
	if id != "" {
		fmt.Fprintf(b, "      a prediction to look at: trace %s\n", id)
	}
}

func stamp(t time.Time) string {
	if t.Truncate(24 * time.Hour).Equal(t) {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04")
}

func pText(p float64) string {
	s := console.PValue(p)
	if strings.HasPrefix(s, "<") {
		return s
	}
	return "= " + s
}

// name writes a method as people do.
func name(method string) string {
	switch method {
	case "ks":
		return "KS distance"
	case "psi":
		return "PSI"
	case "jensen_shannon":
		return "Jensen-Shannon distance"
	case "l_infinity":
		return "difference"
	}
	return method
}

// oneTrace returns a trace id to show how to look at one.
func (r *report) oneTrace() string {
	for _, f := range r.findings {
		if _, decided := f.since(); decided != nil {
			if decided.trace != "" {
				return decided.trace
			}
			if c := r.evidence.grown(f.key, decided, r.baseline); c.trace != "" {
				return c.trace
			}
		}
	}
	return ""
}
