// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
)

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
		b.WriteString(console.Wrap(r.nothing(), r.width, "  ", "  ") + "\n")
		for _, f := range r.findings {
			if w := f.strongest(); w != nil && f.exceeds(w) {
				m, n, _ := w.decides()
				b.WriteString(console.Wrap(fmt.Sprintf("%s stood out once, in the window from %s: %s %.3f over %g, p %s, n = %s.", console.Clean(f.String(), 60),
					stamp(w.start), name(string(m)), n.score, f.threshold(m), pText(n.p), console.Count(int64(w.samples))), r.width, "  ", "      ") + "\n")
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
	text := fmt.Sprintf("%s %s%s: %s %.2f over %g, p %s, n = %s", what, verb, when, name(string(m)), n.score, f.threshold(m), pText(n.p), console.Count(int64(e.decided.samples)))
	if psi, ok := e.decided.numbers["psi"]; ok {
		text += fmt.Sprintf("; PSI %.2f", psi.score)
	}
	b.WriteString(console.Wrap(text+".", r.width, "  ", "      ") + "\n")
	if grown := r.alerts[f.key].Annotations["grown"]; grown != "" {
		b.WriteString(console.Wrap(console.Clean(grown, 300), r.width, "      ", "        ") + "\n")
	}
	if id := r.trace(f, e); id != "" {
		fmt.Fprintf(b, "      a prediction to look at: trace %s\n", id)
	}
}

// nothing says that nothing has drifted, or that nobody can tell.
func (r *report) nothing() string {
	judged, most := 0, 0.0
	for _, f := range r.findings {
		ok := false
		for _, w := range f.windows {
			ok = ok || w.verdict == "ok"
			most = max(most, w.samples)
		}
		if ok {
			judged++
		}
	}
	switch {
	case judged == 0:
		return fmt.Sprintf("Too few rows to say whether anything has drifted: the largest window has %s values, and a verdict wants %d in it and in the baseline.", console.Count(int64(most)), minSamples)
	case judged < len(r.findings):
		return fmt.Sprintf("Nothing has drifted of what had enough rows: %d of %d.", judged, len(r.findings))
	}
	return "Nothing has drifted."
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
		line := fmt.Sprintf("%s drifted in %d of %d", console.Clean(what, 40), len(in[what]), of[what])
		if n := len(in[what]); n > 0 && n <= 6 {
			line += ": " + strings.Join(in[what], ", ")
		}
		b.WriteString(console.Wrap(line, r.width, "      ", "        ") + "\n")
	}
}
