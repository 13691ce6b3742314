// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"math"
	"slices"
)

// drawStates draws a row for each series: what it was when.
func drawStates(c *canvas, b box, p *panel) error {
	all, err := p.series()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return p.nothing(c, b)
	}
	var entries []entry
	broad := 0.0
	for _, s := range all {
		broad = max(broad, width(s.Name, 11)+8)
		for _, point := range s.Points {
			text, color := stateOf(&s, point.Value)
			if !slices.ContainsFunc(entries, func(e entry) bool { return e.name == text }) {
				entries = append(entries, entry{name: text, color: color})
			}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return len(a.name) - len(b.name) })
	b = drawLegend(c, b, entries, p.legend())
	plot := b.inset(min(broad, b.w*0.4), 2, 4, 18)
	room := max(int(plot.h/15), 1)
	if len(all) > room {
		c.text(b.x, b.y+b.h-4, more(len(all)-room), ` class="d"`)
		all = all[:room]
	}
	times := axis{float64(p.window.Start.UnixMilli()), float64(p.window.End.UnixMilli()), plot.x, plot.x + plot.w}
	drawTimes(c, plot, p.window, times)
	h := min(plot.h/float64(len(all)), 40)
	for i := range all {
		s := &all[i]
		y := plot.y + float64(i)*h
		c.text(plot.x-6, y+h/2+4, fit(s.Name, 11, b.w*0.4-8), right)
		for j := 0; j < len(s.Points); {
			text, color := stateOf(s, s.Points[j].Value)
			end := j + 1
			for end < len(s.Points) && s.Points[end].Time.Sub(s.Points[end-1].Time).Seconds() <= s.spans() {
				if next, _ := stateOf(s, s.Points[end].Value); next != text {
					break
				}
				end++
			}
			if !math.IsNaN(s.Points[j].Value) {
				x := times.at(float64(s.Points[j].Time.UnixMilli()))
				w := times.at(float64(s.Points[end-1].Time.UnixMilli())+s.step*1000) - x
				w = min(w, plot.x+plot.w-x)
				c.rect(box{x, y + 1.5, max(w, 1), h - 3}, fmt.Sprintf(`fill=%q fill-opacity=".85"`, color))
				if p.option("showValue") != "never" && width(text, 11)+8 < w {
					c.text(x+w/2, y+h/2+4, text, ` class="w"`+middle)
				}
			}
			j = end
		}
	}
	return nil
}

// stateOf is the name and the color of a value.
func stateOf(s *drawn, value float64) (text, color string) {
	text, color = shown(s.Field, value)
	if color == "" {
		color = thresholdColor(s.Field, value)
	}
	return text, color
}
