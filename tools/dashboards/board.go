// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// columns is the width of Grafana's grid.
const columns = 24

// A board is a dashboard.
type board struct {
	name        string // of its file; the uid is otelcol-ml-NAME
	title       string
	about       string // the question that it answers
	from        string // the beginning of its time range, as Grafana writes it: now-6h
	variables   []cog.Builder[dashboard.VariableModel]
	annotations []cog.Builder[dashboard.AnnotationQuery]
	rows        []row
}

// A row is a heading and what stands below it, until the next one.
type row struct {
	title  string
	panels []*panel
}

func uid(name string) string { return "otelcol-ml-" + name }

// build puts panels from left to right, and below where there is no room. The schema is the first one,
// which every Grafana reads.
func (b board) build() (dashboard.Dashboard, error) { //nolint:staticcheck // the first schema, on purpose
	d := dashboard.NewDashboardBuilder("otelcol-ml / " + b.title) //nolint:staticcheck // the first schema, on purpose
	d.Uid(uid(b.name)).
		Description(b.about).
		Tags([]string{tag}).
		Time(b.from, "now").
		Refresh("30s").
		Timezone("browser").
		Editable().
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Link(allBoards()).
		WithVariable(dataSource())
	for _, v := range b.variables {
		d.WithVariable(v)
	}
	for _, a := range b.annotations {
		d.Annotation(a)
	}
	built, err := d.Build()
	if err != nil {
		return built, err
	}

	var id, y uint32
	for _, r := range b.rows {
		id++
		heading := dashboard.NewRowPanel()
		heading.Id, heading.Title = id, new(r.title)
		heading.GridPos = &dashboard.GridPos{H: 1, W: columns, Y: y}
		built.Panels = append(built.Panels, dashboard.PanelOrRowPanel{RowPanel: heading})
		y++

		var x, tallest uint32
		for _, p := range r.panels {
			if x+p.width > columns {
				x, y, tallest = 0, y+tallest, 0
			}
			id++
			panel, err := p.build(id, dashboard.GridPos{X: x, Y: y, W: p.width, H: p.height})
			if err != nil {
				return built, err
			}
			built.Panels = append(built.Panels, dashboard.PanelOrRowPanel{Panel: &panel})
			x, tallest = x+p.width, max(tallest, p.height)
		}
		y += tallest
	}
	return built, nil
}
