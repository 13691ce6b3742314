// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

// Data are a dashboard and what its queries have given.
type Data struct {
	Dashboard *grafana.Dashboard
	Values    grafana.Values
	Window    grafana.Window
	// Answers are those of the panels, by their id.
	Answers map[int][]grafana.Answer
	Marks   []grafana.Mark
}

// The layout: Grafana's grid has 24 columns, and rows of 30 pixels.
const (
	pageWidth    = 1200.0
	margin       = 12.0
	gap          = 8.0
	rowHeight    = 30.0
	headerHeight = 62.0
	titleHeight  = 28.0
)

// panel is a panel and what there is to draw in it.
type panel struct {
	grafana.Panel
	answers []grafana.Answer
	window  grafana.Window
	marks   []grafana.Mark
}

// kinds draw the kinds of panels.
var kinds = map[string]func(*canvas, box, *panel) error{
	"timeseries": drawTimeseries, "stat": drawStat, "gauge": drawStat, "bargauge": drawBarGauge, "barchart": drawBarChart, "table": drawTable,
	"heatmap": drawHeatmap, "state-timeline": drawStates, "status-history": drawStates, "text": drawText,
}

// Draw draws a dashboard.
func Draw(d Data) ([]byte, error) {
	bottom := 0
	for _, p := range d.Dashboard.Panels {
		bottom = max(bottom, p.GridPos.Y+p.GridPos.H)
	}
	c := newCanvas(pageWidth, headerHeight+float64(bottom)*(rowHeight+gap)+margin, d.Dashboard.Title)
	drawHeader(c, d)
	for _, p := range d.Dashboard.Panels {
		b := place(p.GridPos)
		if p.Type == "row" {
			c.text(b.x+4, b.y+20, "⌄  "+p.Title, ` class="t"`)
			continue
		}
		draw, ok := kinds[p.Type]
		if !ok {
			return nil, fmt.Errorf("the panel %q: the kind %q is not known here", p.Title, p.Type)
		}
		c.rect(b, `class="p" rx="3"`)
		c.text(b.x+10, b.y+19, fit(p.Title, 13.5, b.w-20), ` class="t"`)
		var failed error
		c.clip(b, func() {
			failed = draw(c, b.inset(10, titleHeight, 10, 8), &panel{p, d.Answers[p.ID], d.Window, d.Marks})
		})
		if failed != nil {
			return nil, fmt.Errorf("the panel %q: %w", p.Title, failed)
		}
	}
	return c.end(), nil
}

// place is where a panel is on the page.
func place(g grafana.Grid) box {
	column := (pageWidth - 2*margin + gap) / 24
	return box{
		margin + float64(g.X)*column, headerHeight + float64(g.Y)*(rowHeight+gap),
		float64(g.W)*column - gap, float64(g.H)*(rowHeight+gap) - gap,
	}
}

// drawHeader writes the title, the time that is shown, and what is chosen for the variables.
func drawHeader(c *canvas, d Data) {
	c.text(margin+2, 26, d.Dashboard.Title, ` class="h"`)
	shown := d.Window.Start.UTC().Format("2006-01-02 15:04:05") + " to " + d.Window.End.UTC().Format("15:04:05") + " UTC"
	c.text(pageWidth-margin, 24, shown, ` class="d"`+right)
	x := margin + 2
	for _, v := range d.Dashboard.Templating.List {
		if v.Hide != 0 || v.Type == "datasource" || v.Type == "textbox" || v.Type == "constant" {
			continue
		}
		name, value := v.Label, "All"
		if name == "" {
			name = v.Name
		}
		if chosen := d.Values[v.Name]; !chosen.All {
			value = strings.Join(chosen.Chosen, " + ")
		}
		value = fit(value, 11, 160)
		w := width(name, 11) + width(value, 11) + 26
		if x+w > pageWidth-margin {
			break
		}
		c.rect(box{x, 37, w, 18}, `class="p" rx="2"`)
		c.text(x+7, 50, name, ` class="d"`)
		c.text(x+w-7, 50, value, right)
		x += w + 8
	}
	for _, a := range d.Dashboard.Annotations.List {
		if !a.Enable || a.BuiltIn != 0 || x+width(a.Name, 11)+30 > pageWidth {
			continue
		}
		c.path(triangle(x+10, 50), fmt.Sprintf(`fill=%q`, hex(a.IconColor)))
		c.text(x+19, 50, a.Name, ` class="d"`)
		x += width(a.Name, 11) + 30
	}
}

// triangle is the mark of an annotation, at its foot.
func triangle(x, y float64) string {
	return fmt.Sprintf("M%s %sl8 0l-4 -7z", num(x-4), num(y))
}

// drawn is a series, and how it is shown.
type drawn struct {
	grafana.Series
	grafana.Field
	color string
	step  float64 // seconds
	upon  *drawn  // what it is stacked upon
}

// fieldLabel is a label in a display name.
var fieldLabel = regexp.MustCompile(`\$\{__field\.labels\.(\w+)\}`)

// series are the series of a panel, in the order of its queries.
func (p *panel) series() ([]drawn, error) {
	var all []drawn
	for _, a := range p.answers {
		for _, s := range a.Series {
			f, err := p.FieldConfig.Field(s.Name, s.Target)
			if err != nil {
				return nil, err
			}
			if f.Custom.HideFrom.Viz {
				continue
			}
			if f.DisplayName != "" {
				s.Name = fieldLabel.ReplaceAllStringFunc(f.DisplayName, func(r string) string { return s.Labels[fieldLabel.FindStringSubmatch(r)[1]] })
				s.Name = strings.ReplaceAll(s.Name, "${__series.name}", s.Name)
			}
			all = append(all, drawn{Series: s, Field: f, step: a.Step.Seconds(), color: colorOf(f, len(all), last(s))})
		}
	}
	return all, nil
}

// last is the last value of a series that is a number.
func last(s grafana.Series) float64 {
	for _, point := range slices.Backward(s.Points) {
		if point.Value == point.Value {
			return point.Value
		}
	}
	return 0
}

// nothing says that a panel has no data.
func nothing(c *canvas, b box) {
	c.text(b.x+b.w/2, b.y+b.h/2, "No data", ` class="d"`+middle)
}
