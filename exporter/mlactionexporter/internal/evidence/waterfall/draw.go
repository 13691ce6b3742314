// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waterfall

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

// look is what a drawing is made of.
type look struct {
	corner, branch, line string
	deep, gap, cut       string
	bar, open, dot       string
	failed, named        string
}

var (
	unicodeLook = look{
		corner: "└─ ", branch: "├─ ", line: "│  ", deep: "›", gap: "… ", cut: "…", bar: "█", open: "░", dot: "▏", failed: "✗", named: "►",
	}
	asciiLook = look{
		corner: "`- ", branch: "+- ", line: "|  ", deep: ">", gap: ".. ", cut: "~", bar: "#", open: ".", dot: "|", failed: "x", named: ">",
	}
)

// Widths of columns. The name gets what its share of the width allows, the bar what is left.
const (
	marksWidth    = 2
	durationWidth = 9
	maxService    = 16
	maxModel      = 20
	nameShare     = 0.4
)

// columns are the widths of those that differ from trace to trace; that of the model may be 0.
type columns struct{ name, service, model, bar int }

// draw writes the chosen spans.
func (d *drawing) draw(trace string) string {
	rows := d.rows()
	c := d.columns(rows)
	first, last := d.span()
	var b strings.Builder
	d.line(&b, d.title(trace, first, last))
	head := strings.Repeat(" ", marksWidth) + pad("span", c.name) + " " + pad("service", c.service) + " "
	if c.model > 0 {
		head += pad("model", c.model) + " "
	}
	d.line(&b, head+fmt.Sprintf("%*s", durationWidth, "duration"))
	for i := range rows {
		d.line(&b, d.row(&rows[i], c, first, last))
	}
	for _, n := range d.quoted {
		d.line(&b, pad(d.look.failed, marksWidth)+clean(n.name)+": "+clean(n.message))
	}
	if left := len(d.nodes) - len(rows); left > 0 {
		d.line(&b, fmt.Sprintf("%s%s of %s spans are not drawn", d.look.gap, humanize.Comma(int64(left)), humanize.Comma(int64(len(d.nodes)))))
	}
	if d.shifted > 0 {
		d.line(&b, fmt.Sprintf("clocks differ: %s began before the spans above them and were moved", count(d.shifted, "span")))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// line writes a line, cut to the width.
func (d *drawing) line(b *strings.Builder, s string) {
	b.WriteString(d.fit(strings.TrimRight(s, " "), d.Width))
	b.WriteByte('\n')
}

// maxMessages is how many messages of failed spans are quoted, and no more than a fifth of the lines.
const maxMessages = 5

// quote chooses the messages of failed spans that are quoted, each once, and takes their lines.
func (d *drawing) quote() {
	most := min(maxMessages, d.Lines/5)
	for i := range d.nodes {
		n := &d.nodes[i]
		if len(d.quoted) == most {
			break
		}
		if n.failed && n.message != "" && !slices.ContainsFunc(d.quoted, func(other *node) bool { return other.message == n.message }) {
			d.quoted = append(d.quoted, n)
		}
	}
	d.Lines -= len(d.quoted)
}

// title is the first line.
func (d *drawing) title(trace string, first, last int64) string {
	failed, orphans, open := 0, 0, 0
	for i := range d.nodes {
		n := &d.nodes[i]
		failed += one(n.failed)
		orphans += one(n.orphan)
		open += one(n.noEnd)
	}
	s := fmt.Sprintf("trace %s: %s, %s, %s", trace, count(len(d.nodes), "span"), duration(last-first), errors(failed))
	if orphans > 0 {
		s += fmt.Sprintf(", %s without the one above", humanize.Comma(int64(orphans)))
	}
	if open > 0 {
		s += fmt.Sprintf(", %s without an end", humanize.Comma(int64(open)))
	}
	if first > 0 {
		s += ", from " + time.Unix(0, first).UTC().Format("2006-01-02 15:04:05.000 UTC")
	}
	return s
}

func errors(n int) string {
	if n == 0 {
		return "no errors"
	}
	return count(n, "error")
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return humanize.Comma(int64(n)) + " " + what
}

// span is when the trace began and ended.
func (d *drawing) span() (first, last int64) {
	for i := range d.nodes {
		n := &d.nodes[i]
		if n.start == 0 {
			continue
		}
		if first == 0 || n.start < first {
			first = n.start
		}
		last = max(last, n.start)
		if !n.noEnd {
			last = max(last, n.end)
		}
	}
	return first, last
}

func (d *drawing) columns(rows []row) columns {
	c := columns{name: width("span"), service: width("service")}
	models := 0
	for i := range rows {
		r := &rows[i]
		c.name = max(c.name, width(r.label(d.look)))
		c.service = max(c.service, width(clean(r.service)))
		models = max(models, width(clean(r.model)))
	}
	c.service = min(c.service, maxService)
	if models > 0 {
		c.model = min(max(models, width("model")), maxModel)
	}
	if d.Width < 80 {
		c.service, c.model = min(c.service, maxService*2/3), min(c.model, maxModel/2)
	}
	c.name = min(c.name, int(nameShare*float64(d.Width)))
	c.bar = d.Width - marksWidth - c.name - 1 - c.service - 1 - durationWidth - 2
	if c.model > 0 {
		c.bar -= c.model + 1
	}
	return c
}

// label is the branch and the name.
func (r *row) label(l *look) string {
	gap := ""
	if r.gap || r.orphan {
		gap = l.gap
	}
	return r.tree + gap + clean(r.name)
}

func (d *drawing) row(r *row, c columns, first, last int64) string {
	marks := [marksWidth]string{" ", " "}
	if r.failed {
		marks[0] = d.look.failed
	}
	if r.id == d.Span && !d.Span.IsEmpty() {
		marks[1] = d.look.named
	}
	took := duration(r.duration())
	if r.noEnd || r.noStart {
		took = "?"
	}
	if d.ASCII {
		took = strings.Replace(took, "µ", "u", 1)
	}
	s := marks[0] + marks[1] + pad(d.fit(r.label(d.look), c.name), c.name) + " " + pad(d.fit(clean(r.service), c.service), c.service) + " "
	if c.model > 0 {
		s += pad(d.fit(clean(r.model), c.model), c.model) + " "
	}
	return s + strings.Repeat(" ", max(0, durationWidth-width(took))) + took + "  " + d.bar(r, c.bar, first, last)
}

// bar draws when a span was, from the cell of its start.
func (d *drawing) bar(r *row, cells int, first, last int64) string {
	total := float64(last - first)
	if cells < 1 || total <= 0 || r.start == 0 {
		return d.look.dot
	}
	took, fill := r.duration(), d.look.bar
	if r.noEnd && !r.noStart {
		took, fill = last-r.start, d.look.open
	}
	share := float64(cells) / total
	from := min(int(float64(r.start-first)*share), cells-1)
	n := min(int(float64(took)*share+0.5), cells-from)
	if n < 1 {
		return strings.Repeat(" ", from) + d.look.dot
	}
	return strings.Repeat(" ", from) + strings.Repeat(fill, n)
}

// duration writes nanoseconds with three digits.
func duration(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d == 0:
		return "0s"
	case d < time.Microsecond:
		return d.String()
	case d < time.Millisecond:
		return short(d, time.Microsecond, "µs")
	case d < time.Second:
		return short(d, time.Millisecond, "ms")
	case d < time.Minute:
		return short(d, time.Second, "s")
	case d < time.Hour:
		return d.Round(time.Second).String()
	case d < 100*time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	default:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
}

func short(d, unit time.Duration, name string) string {
	return fmt.Sprintf("%.3g", float64(d)/float64(unit)) + name
}

// clean returns a name that is one line, and does not end the block of code that it is in.
func clean(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '`' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return '\''
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError || !unicode.IsGraphic(r) || unicode.Is(unicode.Mn, r):
			return '?'
		}
		return r
	}, s)
}

// width is how many columns a text takes.
func width(s string) (n int) {
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is 2 for the scripts that terminals draw wide (Unicode Standard Annex 11), 1 for all others.
func runeWidth(r rune) int {
	switch {
	case r < 0x1100:
		return 1
	case r <= 0x115F, r >= 0x2E80 && r <= 0xA4CF, r >= 0xAC00 && r <= 0xD7A3, r >= 0xF900 && r <= 0xFAFF, r >= 0xFE30 && r <= 0xFE6F,
		r >= 0xFF00 && r <= 0xFF60, r >= 0xFFE0 && r <= 0xFFE6, r >= 0x1F300 && r <= 0x1FAFF, r >= 0x20000 && r <= 0x3FFFD:
		return 2
	}
	return 1
}

// fit cuts a text to a number of columns.
func (d *drawing) fit(s string, columns int) string {
	if len(s) <= columns || width(s) <= columns {
		return s
	}
	left := columns - width(d.look.cut)
	for i, r := range s {
		if left -= runeWidth(r); left < 0 {
			return s[:i] + d.look.cut
		}
	}
	return s
}

// pad fills a text up to a number of columns.
func pad(s string, columns int) string {
	return s + strings.Repeat(" ", max(0, columns-width(s)))
}
