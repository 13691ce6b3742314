// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is written with aligned columns. A header that ends in "|" is cut there and its column set
// to the left; the others are set to the right.
type Table struct {
	header []string
	left   []bool
	rows   [][]string
}

// NewTable returns a table with the header.
func NewTable(header ...string) *Table {
	t := &Table{}
	for _, h := range header {
		name, left := strings.CutSuffix(h, "|")
		t.header = append(t.header, name)
		t.left = append(t.left, left)
	}
	return t
}

// Row adds a row; cells that are not given are empty.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Write writes the table; an indent goes before each line.
func (t *Table) Write(w io.Writer, indent string) error {
	width := make([]int, len(t.header))
	for i, h := range t.header {
		width[i] = utf8.RuneCountInString(h)
		for _, r := range t.rows {
			if i < len(r) {
				width[i] = max(width[i], utf8.RuneCountInString(r[i]))
			}
		}
	}
	out := bufio.NewWriter(w)
	line := func(cells []string) {
		var b strings.Builder
		b.WriteString(indent)
		for i := range t.header {
			cell := ""
			if i < len(cells) {
				cell = cells[i]
			}
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				b.WriteString("  ")
			}
			if t.left[i] {
				b.WriteString(cell + pad)
			} else {
				b.WriteString(pad + cell)
			}
		}
		out.WriteString(strings.TrimRight(b.String(), " ") + "\n") //nolint:errcheck // Flush reports it
	}
	line(t.header)
	rule := make([]string, len(t.header))
	for i := range rule {
		rule[i] = strings.Repeat("─", width[i])
	}
	line(rule)
	for _, r := range t.rows {
		line(r)
	}
	return out.Flush()
}
