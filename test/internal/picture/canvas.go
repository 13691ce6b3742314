// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// canvas is an SVG that is being written.
type canvas struct {
	b     strings.Builder
	clips int
}

// style is what all pictures share. Fonts are those of the reader's system, so that texts get some room.
const style = `text{font-family:Inter,"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;font-size:11px;fill:#24292e}` +
	`.t{font-size:13px;font-weight:600}.h{font-size:20px;font-weight:600}.d{fill:#6a6f76}.w{fill:#fff}` +
	`.p{fill:#fff;stroke:#dfe1e4}.g{stroke:#e9ebee;fill:none}`

func newCanvas(width, height float64, title string) *canvas {
	c := &canvas{}
	fmt.Fprintf(&c.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img">`+"\n", num(width), num(height), num(width), num(height))
	fmt.Fprintf(&c.b, "<title>%s</title>\n<style>%s</style>\n", escape(title), style)
	fmt.Fprintf(&c.b, `<rect width="%s" height="%s" fill="#f4f5f6"/>`+"\n", num(width), num(height))
	return c
}

func (c *canvas) end() []byte { return []byte(c.b.String() + "</svg>\n") }

// box is a part of the canvas.
type box struct{ x, y, w, h float64 }

// inset is the box without a margin.
func (b box) inset(left, top, right, bottom float64) box {
	return box{b.x + left, b.y + top, max(b.w-left-right, 0), max(b.h-top-bottom, 0)}
}

// clip cuts what draw draws off at the box. Attributes are those of the group.
func (c *canvas) clip(b box, attributes string, draw func()) {
	c.clips++
	fmt.Fprintf(&c.b, `<clipPath id="c%d"><rect x="%s" y="%s" width="%s" height="%s"/></clipPath><g clip-path="url(#c%d)"%s>`+"\n",
		c.clips, num(b.x), num(b.y), num(b.w), num(b.h), c.clips, attributes)
	draw()
	c.b.WriteString("</g>\n")
}

// rect draws a rectangle; attributes are such as `fill="red"`.
func (c *canvas) rect(b box, attributes string) {
	fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="%s" height="%s" %s/>`+"\n", num(b.x), num(b.y), num(b.w), num(b.h), attributes)
}

func (c *canvas) line(x1, y1, x2, y2 float64, attributes string) {
	fmt.Fprintf(&c.b, `<path d="M%s %sL%s %s" %s/>`+"\n", num(x1), num(y1), num(x2), num(y2), attributes)
}

func (c *canvas) path(d, attributes string) {
	fmt.Fprintf(&c.b, `<path d="%s" %s/>`+"\n", d, attributes)
}

// Where a text is anchored.
const (
	left   = ""
	middle = ` text-anchor="middle"`
	right  = ` text-anchor="end"`
)

// text writes a text; attributes are such as ` class="t"` and an anchor.
func (c *canvas) text(x, y float64, text, attributes string) {
	fmt.Fprintf(&c.b, `<text x="%s" y="%s"%s>%s</text>`+"\n", num(x), num(y), attributes, escape(text))
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func escape(text string) string { return escaper.Replace(text) }

// num writes a coordinate to a tenth of a pixel.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// width is about how wide a text is in Arial of a size, with some room.
func width(text string, size float64) float64 {
	w := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("ijl|!.,:;'I()[]{}/ftr ", r):
			w += 0.3
		case strings.ContainsRune("mwMW%@", r):
			w += 0.89
		case r >= 'A' && r <= 'Z':
			w += 0.70
		default:
			w += 0.56
		}
	}
	return w * size
}

// fit cuts a text to a width, with "…" in the place of what does not fit.
func fit(text string, size, room float64) string {
	if width(text, size) <= room {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && width(string(runes)+"…", size) > room {
		runes = runes[:len(runes)-1]
	}
	if len(runes) == 0 {
		return ""
	}
	return strings.TrimRight(string(runes), " ") + "…"
}
