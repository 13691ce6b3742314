// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"math"
)

// entry is a line of a legend.
type entry struct {
	name, color string
	dashed      bool
	// values are those of the columns.
	values []string
}

const (
	legendLine = 16.0
	// maxName is how many pixels of a name are shown in a list.
	maxName = 260.0
)

// legendOptions are what a panel says of its legend.
type legendOptions struct {
	mode, placement string
	calcs           []string
}

func (p *panel) legend() legendOptions {
	options, _ := p.Options["legend"].(map[string]any)
	o := legendOptions{mode: "list", placement: "bottom"}
	if show, ok := options["showLegend"].(bool); ok && !show {
		o.mode = "hidden"
	}
	if mode, _ := options["displayMode"].(string); mode != "" && o.mode != "hidden" {
		o.mode = mode
	}
	if placement, _ := options["placement"].(string); placement != "" {
		o.placement = placement
	}
	calcs, _ := options["calcs"].([]any)
	for _, calc := range calcs {
		o.calcs = append(o.calcs, fmt.Sprint(calc))
	}
	return o
}

// calcNames are how columns are headed.
var calcNames = map[string]string{"lastNotNull": "Last *", "last": "Last", "mean": "Mean", "max": "Max", "min": "Min", "sum": "Total", "count": "Count"}

// drawLegend draws the legend at the foot or the right side of the box, and returns what is left of it.
func drawLegend(c *canvas, b box, entries []entry, o legendOptions) box {
	if o.mode == "hidden" || len(entries) == 0 {
		return b
	}
	if o.placement == "right" {
		w := 60.0
		for _, e := range entries {
			w = max(w, width(e.name, 11)+24+52*float64(len(e.values)))
		}
		w = min(w, b.w*0.4)
		drawLegendTable(c, box{b.x + b.w - w, b.y, w, b.h}, entries, o.calcs)
		return box{b.x, b.y, b.w - w - 10, b.h}
	}
	if o.mode == "table" {
		h := min(float64(len(entries)+1)*legendLine, math.Floor(b.h*0.36/legendLine)*legendLine)
		drawLegendTable(c, box{b.x, b.y + b.h - h, b.w, h}, entries, o.calcs)
		return box{b.x, b.y, b.w, b.h - h - 4}
	}
	lines, shown := flow(entries, b.w, max(1, int(b.h*0.25/legendLine)))
	top := b.y + b.h - float64(lines)*legendLine
	x, y := b.x, top
	for i, e := range entries[:shown] {
		name, w := e.label(b.w)
		if x > b.x && x+w > b.x+b.w {
			x, y = b.x, y+legendLine
		}
		drawKey(c, x, y+11, e)
		c.text(x+18, y+11, name, "")
		x += w
		if i == shown-1 && shown < len(entries) {
			c.text(x, y+11, more(len(entries)-shown), ` class="d"`)
		}
	}
	return box{b.x, b.y, b.w, top - b.y - 4}
}

func more(n int) string { return fmt.Sprintf("and %d more", n) }

// label is the name as it is shown in a list, and how much room it needs.
func (e entry) label(room float64) (string, float64) {
	name := e.name
	if len(e.values) > 0 {
		name += "  " + e.values[0]
	}
	name = fit(name, 11, min(maxName, room-24))
	return name, width(name, 11) + 34
}

// flow says how many lines a list takes, and how many of its entries find room in so many.
func flow(entries []entry, room float64, most int) (lines, shown int) {
	lines = 1
	x := 0.0
	for _, e := range entries {
		_, w := e.label(room)
		reserve := 0.0
		if lines == most && shown < len(entries)-1 {
			reserve = 70 // of "and 12 more"
		}
		if x > 0 && x+w+reserve > room {
			if lines == most {
				return lines, max(shown, 1)
			}
			lines, x = lines+1, 0
		}
		x += w
		shown++
	}
	return lines, shown
}

// drawKey draws the dash before a name.
func drawKey(c *canvas, x, y float64, e entry) {
	dash := ""
	if e.dashed {
		dash = ` stroke-dasharray="4 3"`
	}
	c.line(x, y-4, x+14, y-4, fmt.Sprintf(`stroke=%q stroke-width="3"`, e.color)+dash)
}

// drawLegendTable draws names, and columns of figures.
func drawLegendTable(c *canvas, b box, entries []entry, calcs []string) {
	const column = 66
	names := b.w - column*float64(len(calcs))
	y := b.y + 11
	for i, calc := range calcs {
		name := calcNames[calc]
		if name == "" {
			name = calc
		}
		c.text(b.x+names+column*float64(i+1)-4, y, name, ` class="d"`+right)
	}
	if len(calcs) > 0 {
		y += legendLine
	}
	for i, e := range entries {
		if y+legendLine > b.y+b.h+11 && i < len(entries)-1 {
			c.text(b.x, y, more(len(entries)-i), ` class="d"`)
			return
		}
		drawKey(c, b.x, y, e)
		c.text(b.x+18, y, fit(e.name, 11, names-24), "")
		for i, value := range e.values {
			c.text(b.x+names+column*float64(i+1)-4, y, value, right)
		}
		y += legendLine
	}
}
