// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

// reduceCalc is how one number is made of each series.
func (p *panel) reduceCalc() string {
	options, _ := p.Options["reduceOptions"].(map[string]any)
	calcs, _ := options["calcs"].([]any)
	if len(calcs) == 0 {
		return "lastNotNull"
	}
	return fmt.Sprint(calcs[0])
}

func (p *panel) option(name string) string {
	text, _ := p.Options[name].(string)
	return text
}

// drawStat draws a number for each series, beside each other or one below the other, with what it was before.
func drawStat(c *canvas, b box, p *panel) error {
	all, err := p.series()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return p.nothing(c, b)
	}
	columns := len(all)
	if p.option("orientation") == "horizontal" && p.Type == "stat" || b.w/float64(len(all)) < 90 && b.h/float64(len(all)) >= 44 {
		columns = 1
	}
	columns = max(1, min(columns, int(b.w/70)))
	rows := (len(all) + columns - 1) / columns
	w, h := b.w/float64(columns), b.h/float64(rows)
	for i := range all {
		cell := box{b.x + float64(i%columns)*w, b.y + float64(i/columns)*h, w, h}.inset(2, 1, 2, 1)
		drawNumber(c, cell, p, &all[i], len(all) > 1)
	}
	return nil
}

func drawNumber(c *canvas, b box, p *panel, s *drawn, several bool) {
	value := reduce(p.reduceCalc(), s.Points)
	text, color := shown(s.Field, value)
	if color == "" {
		color = colorOf(s.Field, 0, value)
		if s.Color.Mode == "" {
			color = thresholdColor(s.Field, value)
		}
	}
	name := ""
	switch p.option("textMode") {
	case "name":
		text = s.Name
	case "value_and_name":
		name = s.Name
	case "value", "none":
	default:
		if several {
			name = s.Name
		}
	}
	ink, filled := color, false
	switch p.option("colorMode") {
	case "background", "background_solid":
		c.rect(b, fmt.Sprintf(`fill=%q rx="2"`, color))
		ink, filled = "#ffffff", true
	case "none":
		ink = "#24292e"
	}
	graph := p.Type == "stat" && p.option("graphMode") != "none" && len(s.Points) > 2
	if graph {
		stroke := color
		if filled {
			stroke = "#ffffff"
		}
		drawSpark(c, box{b.x, b.y + b.h*0.6, b.w, b.h * 0.4}, s.Points, stroke)
	}
	if p.Type == "gauge" {
		drawArc(c, b, s.Field, value)
	}
	size := min(b.h*0.5, 34)
	if name != "" {
		size = min(b.h*0.42, 28)
	}
	for size > 9 && width(text, size) > b.w-8 {
		size--
	}
	y := b.y + b.h/2 + size*0.36
	if graph {
		y = b.y + b.h*0.36 + size*0.36
	}
	if name != "" {
		room := b.h/2 - size/2
		c.text(b.x+b.w/2, max(b.y+11, b.y+room*0.75), fit(name, 11, b.w-8), fmt.Sprintf(` style="fill:%s"`, map[bool]string{true: "#ffffff", false: "#6a6f76"}[filled])+middle)
		y += 6
	}
	c.text(b.x+b.w/2, y, fit(text, size, b.w), fmt.Sprintf(` style="font-size:%spx;font-weight:500;fill:%s"`, num(size), ink)+middle)
}

// drawSpark draws a series without axes.
func drawSpark(c *canvas, b box, points []grafana.Point, color string) {
	low, high := reduce("min", points), reduce("max", points)
	if !(high > low) {
		low, high = low-1, low+1
	}
	start, end := points[0].Time, points[len(points)-1].Time
	x := axis{float64(start.UnixMilli()), float64(end.UnixMilli()), b.x, b.x + b.w}
	y := axis{low, high, b.y + b.h - 3, b.y + 2}
	at := func(p grafana.Point) (float64, float64) { return x.at(float64(p.Time.UnixMilli())), y.at(p.Value) }
	for _, run := range runs(points, math.Inf(1)) {
		line := trace(run, at, false)
		c.path(fmt.Sprintf("%sL%s %sL%s %sz", line, num(b.x+b.w), num(b.y+b.h), num(b.x), num(b.y+b.h)), fmt.Sprintf(`fill=%q fill-opacity=".15"`, color))
		c.path(line, fmt.Sprintf(`fill="none" stroke=%q stroke-width="1.2" stroke-opacity=".8"`, color))
	}
}

// drawArc draws a gauge's half circle.
func drawArc(c *canvas, b box, f grafana.Field, value float64) {
	low, high := limits(f, value)
	share := min(max((value-low)/(high-low), 0), 1)
	r := min(b.w/2-10, b.h*0.62)
	x, y := b.x+b.w/2, b.y+b.h*0.72
	arc := func(share float64, color string) {
		angle := math.Pi * (1 - share)
		c.path(fmt.Sprintf("M%s %sA%s %s 0 0 1 %s %s", num(x-r), num(y), num(r), num(r), num(x+r*math.Cos(angle)), num(y-r*math.Sin(angle))),
			fmt.Sprintf(`fill="none" stroke=%q stroke-width="%s"`, color, num(r*0.25)))
	}
	arc(1, "#e9ebee")
	arc(share, thresholdColor(f, value))
}

// limits are between which values a gauge is.
func limits(f grafana.Field, highest float64) (low, high float64) {
	high = max(highest, 0)
	switch f.Unit {
	case "percentunit":
		high = max(1, high)
	case "percent":
		high = max(100, high)
	}
	if f.Min != nil {
		low = *f.Min
	}
	if f.Max != nil {
		high = *f.Max
	}
	if high <= low {
		high = low + 1
	}
	return low, high
}
