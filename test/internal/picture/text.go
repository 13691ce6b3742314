// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"regexp"
	"strings"
)

var (
	markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	markdownMark = regexp.MustCompile("[*_]{2}|`")
)

// drawText writes a text panel's Markdown as plain lines.
func drawText(c *canvas, b box, p *panel) error {
	y := b.y + 6
	if p.Title == "" {
		y -= titleHeight - 8
	}
	for line := range strings.SplitSeq(p.option("content"), "\n") {
		line = markdownMark.ReplaceAllString(markdownLink.ReplaceAllString(line, "$1"), "")
		class := ""
		if heading := strings.TrimLeft(line, "#"); heading != line {
			line, class = strings.TrimSpace(heading), ` class="t"`
		}
		if item, ok := strings.CutPrefix(line, "- "); ok {
			line = "• " + item
		}
		for _, part := range wrap(line, b.w) {
			c.text(b.x, y, part, class)
			y += 15
		}
	}
	return nil
}

// wrap cuts a line between words.
func wrap(line string, room float64) []string {
	var lines []string
	current := ""
	for word := range strings.FieldsSeq(line) {
		if current != "" && width(current+" "+word, 11) > room {
			lines, current = append(lines, current), ""
		}
		current = strings.TrimSpace(current + " " + word)
	}
	return append(lines, current)
}
