// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

// bar is a row of bars: a name, and a value or several.
type bar struct {
	name   string
	values []float64
	fields []grafana.Field
}

// drawBarGauge draws a bar for each series.
func drawBarGauge(c *canvas, b box, p *panel) error {
	all, err := p.series()
	if err != nil {
		return err
	}
	bars := make([]bar, 0, len(all))
	for _, s := range all {
		if s.Color.Mode == "" {
			s.Color.Mode = "thresholds"
		}
		bars = append(bars, bar{s.Name, []float64{reduce(p.reduceCalc(), s.Points)}, []grafana.Field{s.Field}})
	}
	if len(bars) == 0 {
		return p.nothing(c, b)
	}
	drawBars(c, b, bars)
	return nil
}

// drawBarChart draws a bar for each row of the table, and each of its columns with numbers, lying as names are long.
func drawBarChart(c *canvas, b box, p *panel) error {
	t, err := p.Table(p.answers)
	if err != nil {
		return err
	}
	names := -1
	var numbers []int
	for i, column := range t.Columns {
		if column.Name == p.option("xField") || names < 0 && column.Texts != nil && p.option("xField") == "" {
			names = i
		}
		if column.Texts == nil && !column.Time {
			numbers = append(numbers, i)
		}
	}
	var bars []bar
	var entries []entry
	for row := range t.Rows {
		item := bar{}
		if names >= 0 {
			item.name = t.Columns[names].Texts[row]
		}
		for n, i := range numbers {
			f, err := p.FieldConfig.Field(t.Columns[i].Name, t.Columns[i].Target)
			if err != nil {
				return err
			}
			if row == 0 {
				entries = append(entries, entry{name: t.Columns[i].Name, color: colorOf(f, n, 0)})
			}
			if f.Color.Mode == "" || f.Color.Mode == "palette-classic" {
				f.Color.Mode, f.Color.FixedColor = "fixed", palette[n%len(palette)]
			}
			item.values, item.fields = append(item.values, t.Columns[i].Numbers[row]), append(item.fields, f)
		}
		bars = append(bars, item)
	}
	if len(numbers) > 1 {
		b = drawLegend(c, b, entries, p.legend())
	}
	if len(bars) == 0 {
		return p.nothing(c, b)
	}
	drawBars(c, b, bars)
	return nil
}

// drawBars draws lying bars with their names before and their values after them.
func drawBars(c *canvas, b box, bars []bar) {
	names, texts, highest := 0.0, 0.0, 0.0
	for _, item := range bars {
		names = max(names, width(item.name, 11)+8)
		for i, v := range item.values {
			text, _ := shown(item.fields[i], v)
			texts = max(texts, width(text, 11)+8)
			if !math.IsNaN(v) {
				highest = max(highest, v)
			}
		}
	}
	names = min(names, b.w*0.42)
	room := int(b.h / 17)
	rest := len(bars) - room
	if rest > 0 {
		bars = bars[:max(room-1, 1)]
		rest = rest + 1
	}
	h := min(b.h/float64(len(bars)), 34)
	for i, item := range bars {
		y := b.y + float64(i)*h
		c.text(b.x+names-6, y+h/2+4, fit(item.name, 11, names-6), right)
		thin := (h - 5) / float64(len(item.values))
		for j, v := range item.values {
			low, high := limits(item.fields[j], highest)
			text, color := shown(item.fields[j], v)
			if color == "" {
				color = colorOf(item.fields[j], i, v)
			}
			w := min(max((v-low)/(high-low), 0), 1) * (b.w - names - texts)
			if math.IsNaN(w) {
				w = 0
			}
			top := y + 2 + float64(j)*thin
			c.rect(box{b.x + names, top, b.w - names - texts, thin - 1}, `fill="#f1f2f4"`)
			c.rect(box{b.x + names, top, max(w, 1), thin - 1}, fmt.Sprintf(`fill=%q`, color))
			if thin >= 9 || j == 0 {
				c.text(b.x+b.w-2, top+thin/2+4, text, right)
			}
		}
	}
	if rest > 0 {
		c.text(b.x, b.y+b.h, more(rest), ` class="d"`)
	}
}
