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
	w io.Writer
	// findings are of the total, segments of cohorts.
	findings, segments []*finding
	// now says that there is one window only, the current one, from Prometheus.
	now      bool
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
	if r.now {
		header = append(header, "score")
	} else {
		for _, s := range starts {
			header = append(header, s.Format(layout))
		}
	}
	header = append(header, "threshold", "p-value", "n", "verdict|")
	if !r.now {
		header = append(header, "since|")
	}
	t := console.NewTable(header...)
	complete := 0
	for _, f := range r.findings {
		if f.subject == "missing" && !f.notable() {
			complete++
			continue
		}
		last := f.windows[len(f.windows)-1]
		method, number, _ := last.decides()
		cells := []string{console.Clean(f.String(), 32), string(method)}
		if r.now {
			cells = append(cells, f.mark(last))
		} else {
			for _, s := range starts {
				cells = append(cells, f.cell(s))
			}
		}
		verdict, since := last.verdict, ""
		if verdict == "drift" {
			verdict, since = "DRIFT", stamp(f.episode().first.start)
		}
		t.Row(append(cells, console.Number(f.threshold(method)), console.PValue(number.p), console.Count(int64(last.samples)), verdict, since)...)
	}
	if err := t.Write(r.w, "  "); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("\n")
	if complete > 0 {
		fmt.Fprintf(&b, "  In %s no more values are missing than before.\n", console.Plural(complete, "feature"))
	}
	if r.now {
		b.WriteString("  ▲ is over the threshold and no accident (p < 0.05); the verdict wants two windows in a row.\n")
	} else {
		b.WriteString("  Scores by the start of the window; ▲ is over the threshold and no accident (p < 0.05); the verdict wants two in a row.\n" +
			"  p-value and n are the last window's")
		if cut {
			fmt.Fprintf(&b, "; the last %d windows are shown", maxShown)
		}
		b.WriteString(".\n")
	}
	_, err := io.WriteString(r.w, b.String())
	return err
}

// notable says that something can be seen of a finding.
func (f *finding) notable() bool {
	w := f.strongest()
	if w == nil {
		return false
	}
	_, n, _ := w.decides()
	return n.score >= 0.01
}

// cell is the score of the window that starts then.
func (f *finding) cell(start time.Time) string {
	for _, w := range f.windows {
		if w.start.Equal(start) {
			return f.mark(w)
		}
	}
	return "-"
}

// mark writes the score of a window.
func (f *finding) mark(w *window) string {
	_, n, ok := w.decides()
	switch {
	case !ok:
		return "-"
	case f.exceeds(w):
		return fmt.Sprintf("▲ %.3f", n.score)
	default:
		return fmt.Sprintf("%.3f", n.score)
	}
}

// sentences prints what was found, one paragraph a finding, and returns how many have drifted.
func (r *report) sentences() (drifted int, err error) {
	var b strings.Builder
	for _, f := range r.findings {
		if e := f.episode(); e != nil {
			drifted++
			r.sentence(&b, f, e)
		}
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
	r.cohorts(&b)
	_, err = io.WriteString(r.w, b.String())
	return drifted, err
}

func (r *report) sentence(b *strings.Builder, f *finding, e *episode) {
	m, n, _ := e.decided.decides()
	what, verb := console.Clean(f.String(), 60), "drifted"
	if f.subject == "missing" {
		what, verb = console.Clean(f.feature, 60), "is missing more often"
	}
	when := " from " + stamp(e.first.start) + " on"
	switch {
	case r.now:
		when = ""
	case e.over:
		when = " from " + stamp(e.first.start) + " to " + stamp(e.last.end)
	}
	fmt.Fprintf(b, "  %s %s%s: %s %.2f over %g, p %s, n = %s", what, verb, when, name(string(m)), n.score, f.threshold(m), pText(n.p), console.Count(int64(e.decided.samples)))
	if psi, ok := e.decided.numbers["psi"]; ok {
		fmt.Fprintf(b, "; PSI %.2f", psi.score)
	}
	b.WriteString(".\n")
	c := r.evidence.grown(f.key, e.decided, r.baseline)
	switch {
	case c.isMissing:
		fmt.Fprintf(b, "      missing in %s of the rows, it was %s\n", console.Percent(c.is), console.Percent(c.was))
	case c.hasEvidence && c.is > c.was:
		fmt.Fprintf(b, "      %q is %s of the values, it was %s\n", console.Clean(c.value, 40), console.Percent(c.is), console.Percent(c.was))
	}
	if id := r.trace(f, e); id != "" {
		fmt.Fprintf(b, "      a prediction to look at: trace %s\n", id)
	}
}

// cohorts says what has drifted in which cohorts.
func (r *report) cohorts(b *strings.Builder) {
	in := map[string][]string{}
	of := map[string]int{}
	var order []string
	for _, f := range r.segments {
		if f.subject == "missing" {
			continue
		}
		what := f.String()
		if of[what]++; of[what] == 1 {
			order = append(order, what)
		}
		if f.windows[len(f.windows)-1].verdict == "drift" {
			in[what] = append(in[what], console.Clean(f.segment, 40))
		}
	}
	if len(order) == 0 {
		return
	}
	b.WriteString("\n  By cohort:\n")
	for _, what := range order {
		fmt.Fprintf(b, "      %s drifted in %d of %d", console.Clean(what, 40), len(in[what]), of[what])
		if n := len(in[what]); n > 0 && n <= 6 {
			fmt.Fprintf(b, ": %s", strings.Join(in[what], ", "))
		}
		b.WriteString("\n")
	}
}

// trace returns a prediction that shows the drift: ml_drift's exemplar, else one that was seen as it was sent.
func (r *report) trace(f *finding, e *episode) string {
	if e.decided.trace != "" {
		return e.decided.trace
	}
	return r.evidence.grown(f.key, e.decided, r.baseline).trace
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
		if e := f.episode(); e != nil {
			if id := r.trace(f, e); id != "" {
				return id
			}
		}
	}
	return ""
}
