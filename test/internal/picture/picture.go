// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"bytes"
	"cmp"
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

// Draw draws a dashboard. A row whose panels have no data at all is collapsed, with the names of its panels beside its own.
func Draw(d Data) ([]byte, error) {
	panels, empty := d.collapse()
	bottom := 0
	for _, p := range panels {
		bottom = max(bottom, p.GridPos.Y+p.GridPos.H)
	}
	c := newCanvas(pageWidth, headerHeight+float64(bottom)*(rowHeight+gap)+margin, d.Dashboard.Title)
	drawHeader(c, d)
	for _, p := range panels {
		if p.Type == "row" {
			drawRow(c, place(p.GridPos), p, empty[p.ID])
			continue
		}
		draw, ok := kinds[p.Type]
		if !ok {
			return nil, fmt.Errorf("the panel %q: the kind %q is not known here", p.Title, p.Type)
		}
		title, err := d.Values.Expand(p.Title, nil)
		if err != nil {
			return nil, fmt.Errorf("the panel %q: %w", p.Title, err)
		}
		b := place(p.GridPos)
		c.clip(b.inset(-1, -1, -1, -1), shows(p.Title), func() {
			c.rect(b, `class="p" rx="3"`)
			c.text(b.x+10, b.y+19, fit(title, 13, b.w-16), ` class="t"`)
			err = draw(c, b.inset(10, titleHeight, 10, 8), &panel{p, d.Answers[p.ID], d.Window, d.Marks})
		})
		if err != nil {
			return nil, fmt.Errorf("the panel %q: %w", p.Title, err)
		}
	}
	return c.end(), nil
}

// collapse returns the panels without those of rows that have no data, and these by their row.
func (d Data) collapse() (panels []grafana.Panel, empty map[int][]grafana.Panel) {
	empty = map[int][]grafana.Panel{}
	all := d.Dashboard.Panels
	up := 0
	for i := 0; i < len(all); {
		end := i + 1
		data := all[i].Type != "row" || i+1 == len(all)
		for ; end < len(all) && all[end].Type != "row"; end++ {
			data = data || slices.ContainsFunc(d.Answers[all[end].ID], func(a grafana.Answer) bool { return !a.Empty() })
		}
		for _, p := range all[i:end] {
			p.GridPos.Y -= up
			if data || p.Type == "row" {
				panels = append(panels, p)
			} else {
				empty[all[i].ID] = append(empty[all[i].ID], p)
			}
		}
		if !data && end < len(all) {
			up += all[end].GridPos.Y - all[i].GridPos.Y - 1
		}
		i = end
	}
	return panels, empty
}

// drawRow writes the name of a row, and those of its panels if it is collapsed.
func drawRow(c *canvas, b box, row grafana.Panel, collapsed []grafana.Panel) {
	if len(collapsed) == 0 {
		c.text(b.x+4, b.y+20, "⌄  "+row.Title, ` class="t"`)
		return
	}
	c.text(b.x+4, b.y+20, "›  "+row.Title, ` class="t"`)
	x := b.x + 4 + width("›  "+row.Title, 14) + 16
	for _, p := range collapsed {
		c.text(x, b.y+20, p.Title, ` class="d"`+shows(p.Title))
		x += width(p.Title, 11) + 22
	}
}

// shows marks what shows a panel.
func shows(title string) string { return ` data-panel="` + escape(title) + `"` }

// Shows reports whether a picture that was drawn has a panel with a title, which is as it stands in the JSON.
func Shows(svg []byte, title string) bool {
	return bytes.Contains(svg, []byte(shows(title)))
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

// nothing says that a panel has no data, in the panel's own words if it has some.
func (p *panel) nothing(c *canvas, b box) error {
	f, err := p.FieldConfig.Field("", "")
	c.text(b.x+b.w/2, b.y+b.h/2, fit(cmp.Or(f.NoValue, "No data"), 11, b.w), ` class="d"`+middle)
	return err
}
