// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// describe writes the table of each dashboard's panels into README.md, between two comments.
func describe(folder string, boards []board) error {
	file := filepath.Join(folder, "README.md")
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	page := string(content)
	for _, b := range boards {
		begin, end := "<!-- begin panels of "+b.name+", made by make dashboards -->\n", "<!-- end panels of "+b.name+" -->\n"
		before, rest, ok := strings.Cut(page, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			return fmt.Errorf("%s: no place for the panels of %s: %s", file, b.name, begin+end)
		}
		page = before + begin + b.panels() + end + after
	}
	return os.WriteFile(file, []byte(page), 0o644) //nolint:gosec // all may read it
}

// panels is a table of all panels, by row.
func (b board) panels() string {
	var table strings.Builder
	table.WriteString("| panel | |\n|---|---|\n")
	for _, r := range b.rows {
		heading, _, _ := strings.Cut(r.title, ":")
		fmt.Fprintf(&table, "| **%s** | |\n", heading)
		for _, p := range r.panels {
			fmt.Fprintf(&table, "| %s | %s |\n", p.title, strings.ReplaceAll(p.about, "|", `\|`))
		}
	}
	return table.String()
}
