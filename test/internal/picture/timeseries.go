// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

// reduce makes one number of a series.
func reduce(calc string, points []grafana.Point) float64 {
	var numbers []float64
	for _, p := range points {
		if !math.IsNaN(p.Value) {
			numbers = append(numbers, p.Value)
		}
	}
	if len(numbers) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, n := range numbers {
		sum += n
	}
	switch calc {
	case "mean":
		return sum / float64(len(numbers))
	case "sum":
		return sum
	case "max":
		return slices.Max(numbers)
	case "min":
		return slices.Min(numbers)
	case "count":
		return float64(len(numbers))
	case "first", "firstNotNull":
		return numbers[0]
	}
	return numbers[len(numbers)-1]
}

// side is an axis of values: what has one unit is on one.
type side struct {
	unit  string
	label string
	right bool
	lines []*drawn
	scale axis
	marks []float64
	texts []string
	broad float64
}

func drawTimeseries(c *canvas, b box, p *panel) error {
	all, err := p.series()
	if err != nil {
		return err
	}
	options := p.legend()
	var entries []entry
	for _, s := range all {
		e := entry{name: s.Name, color: s.color, dashed: s.Custom.LineStyle.Fill == "dash"}
		for _, calc := range options.calcs {
			text, _ := shown(s.Field, reduce(calc, s.Points))
			e.values = append(e.values, text)
		}
		if s.Custom.LineWidth == nil || *s.Custom.LineWidth > 0 || s.Custom.FillBelowTo == "" {
			entries = append(entries, e)
		}
	}
	b = drawLegend(c, b, entries, options)
	if len(all) == 0 {
		return p.nothing(c, b)
	}
	stack(all)
	sides := sidesOf(all)
	plot := b.inset(0, 6, 4, 18)
	for i := range sides {
		sides[i].fit(plot)
		if sides[i].right {
			plot.w -= sides[i].broad
		} else {
			plot.x, plot.w = plot.x+sides[i].broad, plot.w-sides[i].broad
		}
	}
	times := axis{float64(p.window.Start.UnixMilli()), float64(p.window.End.UnixMilli()), plot.x, plot.x + plot.w}
	drawTimes(c, plot, p.window, times)
	drawSides(c, plot, sides)
	c.clip(plot.inset(0, -2, 0, -2), "", func() {
		drawMarks(c, plot, p.marks, times)
		for _, s := range sides {
			s.draw(c, times, all)
		}
		drawExemplars(c, p.answers, sides, times, plot)
	})
	return nil
}

// stack adds to each series that is stacked those before it.
func stack(all []drawn) {
	sums := map[string]map[int64]float64{}
	lower := map[string]*drawn{}
	for i := range all {
		s := &all[i]
		if s.Custom.Stacking.Mode != "normal" && s.Custom.Stacking.Mode != "percent" {
			continue
		}
		if sums[s.Unit] == nil {
			sums[s.Unit] = map[int64]float64{}
		}
		s.upon, lower[s.Unit] = lower[s.Unit], s
		s.Points = slices.Clone(s.Points)
		for j, point := range s.Points {
			at := point.Time.UnixMilli()
			if !math.IsNaN(point.Value) {
				sums[s.Unit][at] += point.Value
			}
			s.Points[j].Value = sums[s.Unit][at]
		}
	}
	for i := range all {
		s := &all[i]
		if s.Custom.Stacking.Mode != "percent" {
			continue
		}
		for j, point := range s.Points {
			s.Points[j].Value /= sums[s.Unit][point.Time.UnixMilli()]
		}
		s.Unit = cmp.Or(s.Unit, "percentunit")
	}
}

// sidesOf puts series with the same unit on one axis.
func sidesOf(all []drawn) []*side {
	var sides []*side
	for i := range all {
		s := &all[i]
		rightwards := s.Custom.AxisPlacement == "right"
		at := slices.IndexFunc(sides, func(o *side) bool {
			return o.unit == s.Unit && o.right == rightwards && (o.label == s.Custom.AxisLabel)
		})
		if at < 0 {
			at = len(sides)
			sides = append(sides, &side{unit: s.Unit, right: rightwards, label: s.Custom.AxisLabel})
		}
		sides[at].lines = append(sides[at].lines, s)
	}
	return sides
}

// fit chooses what the axis begins and ends with, its ticks, and how broad it is.
func (s *side) fit(plot box) {
	low, high := math.Inf(1), math.Inf(-1)
	var least, most *float64
	var decimals *int
	for _, l := range s.lines {
		for _, point := range l.Points {
			if !math.IsNaN(point.Value) && !math.IsInf(point.Value, 0) {
				low, high = min(low, point.Value), max(high, point.Value)
			}
		}
		if l.Custom.DrawStyle == "bars" || l.Custom.Stacking.Mode == "normal" || l.Custom.Stacking.Mode == "percent" {
			low = min(low, 0)
		}
		least, most, decimals = cmp.Or(least, l.Min), cmp.Or(most, l.Max), cmp.Or(decimals, l.Decimals)
		if soft := l.Custom.AxisSoftMin; soft != nil {
			low = min(low, *soft)
		}
		if soft := l.Custom.AxisSoftMax; soft != nil {
			high = max(high, *soft)
		}
	}
	if low > high {
		low, high = 0, 1
	}
	if high-low < 1e-12+1e-6*math.Abs(high) {
		if low == 0 {
			high = 1
		} else {
			low, high = low-math.Abs(low)*0.1, high+math.Abs(high)*0.1
		}
	} else {
		room := (high - low) * 0.08
		if low != 0 {
			if low -= room; low < 0 && low+room >= 0 {
				low = 0
			}
		}
		high += room
	}
	if least != nil {
		low = *least
	}
	if most != nil {
		high = *most
	}
	if high <= low {
		high = low + 1
	}
	s.scale = axis{low, high, plot.y + plot.h, plot.y}
	s.marks = s.ticks(max(2, int(plot.h/28)))
	for _, m := range s.marks {
		text := format(m, s.unit, s.decimals(decimals))
		s.texts = append(s.texts, text)
		s.broad = max(s.broad, width(text, 11)+8)
	}
	if s.label != "" {
		s.broad += 15
	}
}

// ticks are at most n values that are round in their unit.
func (s *side) ticks(n int) []float64 {
	per := 1.0
	if u := scaled[s.unit]; u.base == 1024 {
		for s.scale.high/per > 1024 {
			per *= 1024
		}
	}
	marks := ticks(s.scale.low/per, s.scale.high/per, n)
	for i := range marks {
		marks[i] *= per
	}
	return marks
}

// decimals are those of the ticks: as many as tell them apart.
func (s *side) decimals(wanted *int) *int {
	if len(s.marks) < 2 || wanted != nil && *wanted > 0 {
		return wanted
	}
	if s.unit == "percentunit" {
		step := (s.marks[1] - s.marks[0]) * 100
		return new(max(0, int(math.Ceil(-math.Log10(step*1.001)))))
	}
	return nil
}

// drawTimes draws the time axis.
func drawTimes(c *canvas, plot box, w grafana.Window, times axis) {
	at, layout := timeTicks(w.Start, w.End, max(2, int(plot.w/90)))
	for _, t := range at {
		x := times.at(float64(t.UnixMilli()))
		c.line(x, plot.y, x, plot.y+plot.h, `class="g"`)
		if half := width(layout, 11) / 2; x-half > plot.x-12 && x+half < plot.x+plot.w+10 {
			c.text(x, plot.y+plot.h+14, t.UTC().Format(layout), ` class="d"`+middle)
		}
	}
}

// drawSides draws the axes of values, the grid of the first, and thresholds.
func drawSides(c *canvas, plot box, sides []*side) {
	leftEdge, rightEdge := plot.x, plot.x+plot.w
	for i, s := range sides {
		for j, m := range s.marks {
			y := s.scale.at(m)
			if i == 0 {
				c.line(plot.x, y, plot.x+plot.w, y, `class="g"`)
			}
			if s.right {
				c.text(rightEdge+6, y+4, s.texts[j], ` class="d"`)
			} else {
				c.text(leftEdge-6, y+4, s.texts[j], ` class="d"`+right)
			}
		}
		if s.label != "" {
			x := leftEdge - s.broad + 9
			if s.right {
				x = rightEdge + s.broad - 4
			}
			y := plot.y + plot.h/2
			c.text(x, y, fit(s.label, 11, plot.h), fmt.Sprintf(` class="d" transform="rotate(-90 %s %s)"`, num(x), num(y))+middle)
		}
		if s.right {
			rightEdge += s.broad
		} else {
			leftEdge -= s.broad
		}
		s.drawThresholds(c, plot)
	}
}

// drawThresholds draws lines, or areas, from the first series that has them.
func (s *side) drawThresholds(c *canvas, plot box) {
	for _, l := range s.lines {
		mode := l.Custom.ThresholdsStyle.Mode
		if mode == "" || mode == "off" {
			continue
		}
		for i, step := range l.Thresholds.Steps {
			if step.Value == nil || hex(step.Color) == "none" {
				continue
			}
			y := s.scale.at(*step.Value)
			if strings.Contains(mode, "area") {
				top := plot.y
				if i+1 < len(l.Thresholds.Steps) {
					top = max(top, s.scale.at(*l.Thresholds.Steps[i+1].Value))
				}
				if y = min(y, plot.y+plot.h); y > top {
					c.rect(box{plot.x, top, plot.w, y - top}, fmt.Sprintf(`fill=%q fill-opacity=".1"`, hex(step.Color)))
				}
			}
			if y = s.scale.at(*step.Value); strings.Contains(mode, "line") || strings.Contains(mode, "dashed") {
				if y >= plot.y && y <= plot.y+plot.h {
					c.line(plot.x, y, plot.x+plot.w, y, fmt.Sprintf(`stroke=%q stroke-dasharray="8 5"`, hex(step.Color)))
				}
			}
		}
		return
	}
}

// drawMarks draws annotations: a line where it begins, and a shade until it ends.
func drawMarks(c *canvas, plot box, marks []grafana.Mark, times axis) {
	for _, m := range marks {
		from, to := times.at(float64(m.Time.UnixMilli())), times.at(float64(m.End.Time.UnixMilli()))
		color := hex(m.Color)
		if to-from > 1 {
			c.rect(box{from, plot.y, to - from, plot.h}, fmt.Sprintf(`fill=%q fill-opacity=".07"`, color))
		}
		c.line(from, plot.y, from, plot.y+plot.h, fmt.Sprintf(`stroke=%q stroke-dasharray="3 3"`, color))
		c.path(triangle(from, plot.y+plot.h), fmt.Sprintf(`fill=%q`, color))
	}
}

// draw draws the series of the axis.
func (s *side) draw(c *canvas, times axis, all []drawn) {
	for _, l := range slices.Backward(s.lines) { // the first is on top, as of what is stacked it is the lowest
		at := func(p grafana.Point) (x, y float64) {
			return times.at(float64(p.Time.UnixMilli())), s.scale.at(min(max(p.Value, s.scale.low-1e9), s.scale.high+1e9))
		}
		if l.Custom.DrawStyle == "bars" {
			broad := max(times.at(times.low+l.step*1000)-times.from, 2) * 0.8
			for _, point := range l.Points {
				if x, y := at(point); point.Value > s.scale.low {
					c.rect(box{x - broad/2, y, broad, s.scale.from - y}, fmt.Sprintf(`fill=%q fill-opacity=".8"`, l.color))
				}
			}
			continue
		}
		for _, run := range runs(l.Points, l.spans()) {
			l.drawRun(c, run, at, s, all)
		}
	}
}

// drawRun draws points without a gap between them.
func (d *drawn) drawRun(c *canvas, run []grafana.Point, at func(grafana.Point) (x, y float64), s *side, all []drawn) {
	thick := 1.5
	if d.Custom.LineWidth != nil {
		thick = *d.Custom.LineWidth * 1.2
	}
	if len(run) == 1 || d.Custom.DrawStyle == "points" {
		for _, point := range run {
			x, y := at(point)
			fmt.Fprintf(&c.b, `<circle cx="%s" cy="%s" r="2.5" fill="%s"/>`+"\n", num(x), num(y), d.color)
		}
		return
	}
	line := trace(run, at, strings.HasPrefix(d.Custom.LineInterpolation, "step"))
	x1, _ := at(run[0])
	x2, _ := at(run[len(run)-1])
	back := d.floor(all, run, at)
	switch opacity := d.Custom.FillOpacity; {
	case back != "":
		c.path(line+"L"+back+"z", fmt.Sprintf(`fill=%q fill-opacity="%.2g"`, d.color, max(opacity, 15)/100))
	case opacity > 0:
		floor := s.scale.at(max(s.scale.low, min(0, s.scale.high)))
		c.path(fmt.Sprintf("%sL%s %sL%s %sz", line, num(x2), num(floor), num(x1), num(floor)), fmt.Sprintf(`fill=%q fill-opacity="%.2g"`, d.color, opacity/100))
	}
	if thick == 0 {
		return
	}
	dash := ""
	if d.Custom.LineStyle.Fill == "dash" {
		dash = ` stroke-dasharray="6 4"`
	}
	c.path(line, fmt.Sprintf(`fill="none" stroke=%q stroke-width="%s" stroke-linejoin="round"`, d.color, num(thick))+dash)
}

// floor is the way back along the series that the area ends at: that below a band, or the one that it is stacked upon. It is empty where
// there is none.
func (d *drawn) floor(all []drawn, run []grafana.Point, at func(grafana.Point) (x, y float64)) string {
	lower := d.upon
	for i := range all {
		if d.Custom.FillBelowTo != "" && all[i].Name == d.Custom.FillBelowTo {
			lower = &all[i]
		}
	}
	if lower == nil {
		return ""
	}
	// Where the lower one has no points, the sum is what it was with 0 in its place, and so is the edge.
	back := slices.DeleteFunc(slices.Clone(lower.Points), func(p grafana.Point) bool {
		return math.IsNaN(p.Value) || p.Time.Before(run[0].Time) || p.Time.After(run[len(run)-1].Time)
	})
	if len(back) == 0 {
		return ""
	}
	slices.Reverse(back)
	return trace(back, at, false)[1:]
}

// spans is how far, in seconds, two points may be apart that are joined by a line.
func (d *drawn) spans() float64 {
	switch nulls := d.Custom.SpanNulls.(type) {
	case bool:
		if nulls {
			return 1e9
		}
	case float64:
		return max(d.step*1.5, nulls/1000)
	}
	return d.step * 1.5
}

// runs cuts points where there are none for longer than some seconds.
func runs(points []grafana.Point, most float64) [][]grafana.Point {
	var all [][]grafana.Point
	var last *grafana.Point
	for i := range points {
		p := &points[i]
		if math.IsNaN(p.Value) {
			continue
		}
		if last == nil || p.Time.Sub(last.Time).Seconds() > most {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], *p)
		last = p
	}
	return all
}

// trace is the path through points, without those that lie on the line between their neighbours.
func trace(points []grafana.Point, at func(grafana.Point) (x, y float64), steps bool) string {
	var b strings.Builder
	lastX, lastY := 0.0, 0.0
	for i, p := range points {
		x, y := at(p)
		if i > 0 && i < len(points)-1 {
			nextX, nextY := at(points[i+1])
			if math.Abs((nextX-lastX)*(y-lastY)-(x-lastX)*(nextY-lastY)) < 0.3*math.Abs(nextX-lastX) {
				continue
			}
		}
		switch {
		case i == 0:
			b.WriteByte('M')
		case steps:
			fmt.Fprintf(&b, "H%sV%s", num(x), num(y))
			lastX, lastY = x, y
			continue
		default:
			b.WriteByte('L')
		}
		b.WriteString(num(x) + " " + num(y))
		lastX, lastY = x, y
	}
	return b.String()
}

// drawExemplars draws a diamond for each exemplar, where the first axis has its value.
func drawExemplars(c *canvas, answers []grafana.Answer, sides []*side, times axis, plot box) {
	for _, a := range answers {
		for _, e := range thin(a.Exemplars) {
			x, y := times.at(float64(e.Time.UnixMilli())), sides[0].scale.at(e.Value)
			drawDiamond(c, x, min(max(y, plot.y+4), plot.y+plot.h-4))
		}
	}
}

func drawDiamond(c *canvas, x, y float64) {
	c.path(fmt.Sprintf("M%s %sl3.5 3.5l-3.5 3.5l-3.5 -3.5z", num(x), num(y-3.5)), `fill="#1f60c4" stroke="#fff" stroke-width=".7"`)
}

// maxExemplars is how many exemplars of a query are drawn; Grafana thins them out, too.
const maxExemplars = 40

func thin(all []grafana.Exemplar) []grafana.Exemplar {
	if len(all) <= maxExemplars {
		return all
	}
	slices.SortFunc(all, func(a, b grafana.Exemplar) int { return a.Time.Compare(b.Time) })
	var some []grafana.Exemplar
	for i := range maxExemplars {
		some = append(some, all[i*len(all)/maxExemplars])
	}
	return some
}
