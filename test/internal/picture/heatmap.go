// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// schemes are the colors of the highest count.
var schemes = map[string]string{
	"Blues": "#08519c", "Greens": "#006d2c", "Greys": "#252525", "Oranges": "#a63603", "Purples": "#54278f", "Reds": "#a50f15",
}

// bucket is a row of a heat map.
type bucket struct {
	bound  float64
	name   string
	counts map[int64]float64
}

// drawHeatmap draws how many values were in each bucket, the darker the more.
func drawHeatmap(c *canvas, b box, p *panel) error {
	all, err := p.series()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return p.nothing(c, b)
	}
	rows := buckets(all)
	yAxis, _ := p.Options["yAxis"].(map[string]any)
	unit, _ := yAxis["unit"].(string)
	color, _ := p.Options["color"].(map[string]any)
	scheme, _ := color["scheme"].(string)
	dark := cmp.Or(schemes[scheme], schemes["Blues"])

	broad, most := 0.0, 0.0
	names := make([]string, len(rows))
	for i, row := range rows {
		if names[i] = row.name; !math.IsNaN(row.bound) {
			names[i] = format(row.bound, unit, nil)
		}
		if i > 0 && !math.IsNaN(row.bound) { // bounds that look the same get more digits
			before := format(rows[i-1].bound, unit, nil)
			for n := 2; n < 4 && names[i] == before; n++ {
				names[i], before = format(row.bound, unit, new(n)), format(rows[i-1].bound, unit, new(n))
			}
		}
		broad = max(broad, width(names[i], 11)+8)
		for _, count := range row.counts {
			most = max(most, count)
		}
	}
	plot := b.inset(min(broad, b.w*0.35), 6, 4, 18)
	times := axis{float64(p.window.Start.UnixMilli()), float64(p.window.End.UnixMilli()), plot.x, plot.x + plot.w}
	drawTimes(c, plot, p.window, times)
	h := plot.h / float64(len(rows))
	every := int(math.Ceil(14 / h))
	for i := range rows {
		y := plot.y + plot.h - float64(i+1)*h
		switch numeric := !math.IsNaN(rows[i].bound); {
		case i%every != 0:
		case numeric: // a bound is at the upper edge
			c.text(plot.x-6, y+4, names[i], ` class="d"`+right)
		default:
			c.text(plot.x-6, y+h/2+4, fit(names[i], 11, b.w*0.35-8), ` class="d"`+right)
		}
	}
	c.clip(plot, "", func() {
		w := times.at(times.low+all[0].step*1000) - times.from
		for i, row := range rows {
			drawBucket(c, row, box{0, plot.y + plot.h - float64(i+1)*h, w, h}, times, most, dark)
		}
		drawMarks(c, plot, p.marks, times)
		for _, a := range p.answers {
			for _, e := range thin(a.Exemplars) {
				at := slices.IndexFunc(rows, func(r bucket) bool { return e.Value <= r.bound })
				if at >= 0 {
					drawDiamond(c, times.at(float64(e.Time.UnixMilli())), plot.y+plot.h-(float64(at)+0.5)*h)
				}
			}
		}
	})
	return nil
}

// shades is how many shades there are: neighbours of one shade are one rectangle.
const shades = 12

func drawBucket(c *canvas, row bucket, cell box, times axis, most float64, dark string) {
	at := make([]int64, 0, len(row.counts))
	for t := range row.counts {
		at = append(at, t)
	}
	slices.Sort(at)
	shade := func(t int64) int {
		if row.counts[t] <= 0 || most == 0 {
			return 0
		}
		return 1 + int(math.Sqrt(row.counts[t]/most)*(shades-1)+0.5)
	}
	for i := 0; i < len(at); {
		end := i + 1
		x := times.at(float64(at[i]))
		right := x + cell.w
		for end < len(at) && shade(at[end]) == shade(at[i]) && times.at(float64(at[end]))-right < 0.5 {
			right = times.at(float64(at[end])) + cell.w
			end++
		}
		if n := shade(at[i]); n > 0 {
			c.rect(box{x, cell.y, right - x, cell.h}, fmt.Sprintf(`fill=%q`, mix(dark, 0.08+0.92*float64(n)/shades)))
		}
		i = end
	}
}

// buckets makes rows of series: of cumulative buckets, which have the label le, the differences; of others the series as they are.
func buckets(all []drawn) []bucket {
	var rows []bucket
	cumulative := true
	for _, s := range all {
		row := bucket{bound: math.NaN(), name: s.Name, counts: map[int64]float64{}}
		if le, err := strconv.ParseFloat(cmp.Or(s.Labels["le"], s.Name), 64); err == nil {
			row.bound = le
		} else {
			cumulative = false
		}
		for _, point := range s.Points {
			if !math.IsNaN(point.Value) {
				row.counts[point.Time.UnixMilli()] = point.Value
			}
		}
		rows = append(rows, row)
	}
	if !cumulative {
		return rows
	}
	slices.SortFunc(rows, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	for i := len(rows) - 1; i > 0; i-- {
		for t, count := range rows[i].counts {
			rows[i].counts[t] = max(count-rows[i-1].counts[t], 0)
		}
	}
	return trimmed(rows)
}

// trimmed leaves out empty buckets at both ends, but for one.
func trimmed(rows []bucket) []bucket {
	empty := func(r bucket) bool {
		for _, count := range r.counts {
			if count > 0 {
				return false
			}
		}
		return true
	}
	for len(rows) > 3 && empty(rows[0]) && empty(rows[1]) {
		rows = rows[1:]
	}
	for len(rows) > 3 && empty(rows[len(rows)-1]) && empty(rows[len(rows)-2]) {
		rows = rows[:len(rows)-1]
	}
	return rows
}
