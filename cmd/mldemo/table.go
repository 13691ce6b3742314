// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
)

// maxRows is the number of lines of the table; the most important ones are shown.
const maxRows = 24

// dateLayout is how the end or start of a window is written: a day, unless windows are shorter.
func (r *report) dateLayout() string {
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

// important picks the findings that are shown, in their order: what drifts first, then what scores
// most.
func (r *report) important() (shown []*finding, complete, hidden int) {
	for _, f := range r.findings {
		if f.subject == "missing" && !f.notable() {
			complete++
			continue
		}
		shown = append(shown, f)
	}
	if len(shown) <= maxRows {
		return shown, complete, 0
	}
	rank := func(f *finding) float64 {
		score := 0.0
		if w := f.strongest(); w != nil {
			_, n, _ := w.decides()
			score = n.score
		}
		if f.episode() != nil {
			score += 1e9
		}
		return score
	}
	best := slices.Clone(shown)
	slices.SortStableFunc(best, func(a, b *finding) int { return cmp.Compare(rank(b), rank(a)) })
	best = best[:maxRows]
	hidden = len(shown) - maxRows
	return slices.DeleteFunc(shown, func(f *finding) bool { return !slices.Contains(best, f) }), complete, hidden
}

// table prints the widest table that fits: all columns and as many windows as there is room for,
// else without the details, which the sentences have, too.
func (r *report) table() error {
	shown, complete, hidden := r.important()
	starts, cut := r.starts()
	var text string
	fits, detailed := false, true
	for _, detail := range []bool{true, false} {
		if fits {
			break
		}
		detailed = detail
		least := 3
		if !detail {
			least = 1
		}
		for n := len(starts); !fits && n >= min(least, len(starts)); n-- {
			name := 32
			if !detail {
				name = max(16, min(32, r.width-48))
			}
			var b strings.Builder
			if err := r.write(&b, shown, starts[len(starts)-n:], detail, name); err != nil {
				return err
			}
			text = b.String()
			if fits = widest(text) <= r.width; fits {
				cut = cut || n < len(starts)
				starts = starts[len(starts)-n:]
			}
		}
	}
	var b strings.Builder
	b.WriteString(text + "\n")
	say := func(format string, args ...any) {
		b.WriteString(console.Wrap(fmt.Sprintf(format, args...), r.width, "  ", "  ") + "\n")
	}
	if hidden > 0 {
		say("%s of %d are shown, the ones that moved most; %d are not.", console.Count(len(shown)), len(shown)+hidden, hidden)
	}
	if complete > 0 {
		say("In %s no more values are missing than before.", console.Plural(complete, "feature"))
	}
	if r.now {
		say("▲ is over the threshold and no accident (p < 0.05); the verdict wants two windows in a row.")
	} else {
		last := "n is the last window's"
		if detailed {
			last = "p-value and n are the last window's"
		}
		if cut {
			last += "; the last " + console.Plural(len(starts), "window") + " of all"
		}
		say("Scores by the start of the window; ▲ is over the threshold and no accident (p < 0.05); the verdict wants two in a row. %s.", last)
	}
	_, err := io.WriteString(r.w, b.String())
	return err
}

// widest is the length of the longest line.
func widest(text string) (n int) {
	for line := range strings.Lines(text) {
		n = max(n, utf8.RuneCountInString(strings.TrimRight(line, " \n")))
	}
	return n
}

// write writes the table of findings with some of the windows; details are the method, its
// threshold and p-value.
func (r *report) write(w io.Writer, shown []*finding, starts []time.Time, detail bool, name int) error {
	layout := r.dateLayout()
	header := []string{"what|"}
	if detail {
		header = append(header, "method|")
	}
	if r.now {
		header = append(header, "score")
	} else {
		for _, s := range starts {
			header = append(header, s.Format(layout))
		}
	}
	if detail {
		header = append(header, "threshold", "p-value")
	}
	header = append(header, "n", "verdict|")
	if !r.now {
		header = append(header, "since|")
	}
	t := console.NewTable(header...)
	for _, f := range shown {
		last := f.windows[len(f.windows)-1]
		method, number, _ := last.decides()
		cells := []string{console.Clean(f.String(), name)}
		if detail {
			cells = append(cells, string(method))
		}
		if r.now {
			cells = append(cells, f.mark(last))
		} else {
			for _, s := range starts {
				cells = append(cells, f.markAt(s))
			}
		}
		if detail {
			cells = append(cells, console.Number(f.threshold(method)), console.PValue(number.p))
		}
		verdict, since := last.verdict, ""
		if verdict == "drift" {
			verdict, since = "DRIFT", stamp(f.episode().first.start)
		}
		t.Row(append(cells, console.Count(int64(last.samples)), verdict, since)...)
	}
	return t.Write(w, "  ")
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

// markAt is the score of the window that starts then.
func (f *finding) markAt(start time.Time) string {
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
