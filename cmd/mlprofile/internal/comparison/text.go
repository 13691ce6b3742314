// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
)

// width is that of a terminal which nobody has widened.
const width = 80

// WriteTable writes the comparison for a terminal. Missing values that do not drift are left out
// unless all is true.
func (c *Comparison) WriteTable(w io.Writer, all bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "reference  %s: %s\n", console.Clean(c.Reference.Path, 60), c.Reference.describe())
	fmt.Fprintf(&b, "current    %s: %s\n\n", console.Clean(c.Current.Path, 60), c.Current.describe())
	quiet := c.writeRows(&b, all)
	b.WriteString("\n" + console.Wrap(c.Headline(), width, "", "  ") + "\n")
	if quiet > 0 {
		left := console.Plural(quiet, "more row") + " with --all: missing values and segments that do not drift, columns without values"
		b.WriteString(console.Wrap(left, width, "", "  ") + "\n")
	}
	for _, note := range c.Notes {
		b.WriteString(console.Wrap(note, width, "! ", "  ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeRows writes the table and returns how many rows were left out. A subject whose name is too
// long for its column has a line of its own above its numbers.
func (c *Comparison) writeRows(b *strings.Builder, all bool) (quiet int) {
	var shown []*Subject
	var rows [][]string
	for i := range c.Subjects {
		s := &c.Subjects[i]
		if s.quiet() && !all {
			quiet++
			continue
		}
		shown, rows = append(shown, s), append(rows, s.cells())
	}
	header := []string{"subject", "method", "effect", "threshold", "p", "n", "worth", "verdict"}
	left := []bool{true, true, false, false, false, false, false, true}
	if c.designs.most() == 1 { // values are worth what they are
		const at = 6
		header, left = slices.Delete(header, at, at+1), slices.Delete(left, at, at+1)
		for i := range rows {
			rows[i] = slices.Delete(rows[i], at, at+1)
		}
	}
	widths := make([]int, len(header))
	room := width
	for i := 1; i < len(header); i++ {
		widths[i] = len(header[i])
		for _, r := range rows {
			widths[i] = max(widths[i], len([]rune(r[i])))
		}
		room -= 2 + widths[i]
	}
	if room < len(header[0]) {
		room, header[0] = minSubject, "" // all names have lines of their own
	}
	widths[0] = max(len(header[0]), minSubject)
	for _, s := range shown {
		if n := len([]rune(s.title(width - 4))); n <= room {
			widths[0] = max(widths[0], n)
		}
	}
	writeLine(b, header, widths, left)
	rule := make([]string, len(header))
	for i := range rule {
		rule[i] = strings.Repeat("─", widths[i])
	}
	writeLine(b, rule, widths, left)
	for i, r := range rows {
		if r[0] = shown[i].title(width - 4); len([]rune(r[0])) > room {
			b.WriteString(r[0] + "\n")
			r[0] = ""
		}
		writeLine(b, r, widths, left)
		if below := shown[i].below(); below != "" {
			b.WriteString(console.Wrap(below, width, "    ", "    ") + "\n")
		}
	}
	return quiet
}

// minSubject is the least width of the column of names.
const minSubject = 2

func writeLine(b *strings.Builder, cells []string, widths []int, left []bool) {
	var line strings.Builder
	for i, cell := range cells {
		pad := strings.Repeat(" ", max(widths[i]-len([]rune(cell)), 0))
		if left[i] {
			line.WriteString(cell + pad)
		} else {
			line.WriteString(pad + cell)
		}
		line.WriteString("  ")
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

// cells are those of a row but the first, which needs the width of the others.
func (s *Subject) cells() []string {
	out := []string{"", "", "", "", "", console.Count(s.Samples), console.Count(uint64(s.EffectiveSamples)), s.short()}
	if len(s.Scores) > 0 {
		x := &s.Scores[0]
		out[1], out[2], out[3], out[4] = x.Method, digits(x.Effect), digits(x.Threshold), console.PValue(x.PValue)
	}
	return out
}

// digits writes three digits, without an exponent where that is readable.
func digits(v float64) string {
	if v != 0 && (v < 1e-3 || v >= 1e6) {
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', max(3, len(strconv.Itoa(int(v)))), 64)
}

// short is the verdict, in capitals where it is one to look at; the line below says why there is
// none.
func (s *Subject) short() string {
	switch {
	case s.drifts():
		return "DRIFT"
	case s.insufficient():
		return "none"
	}
	return s.Verdict
}

func (s *Subject) below() string {
	if s.grown != "" {
		return s.grown
	}
	return s.Text
}
