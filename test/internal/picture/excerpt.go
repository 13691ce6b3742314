// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

// excerptHeight is how high the panels of an excerpt are, in rows of the grid.
const excerptHeight = 7

// Excerpt is a dashboard with a few of its panels, two beside each other.
func (d Data) Excerpt(titles ...string) (Data, error) {
	short := *d.Dashboard
	short.Panels = nil
	for i, title := range titles {
		at := slices.IndexFunc(d.Dashboard.Panels, func(p grafana.Panel) bool { return p.Title == title && p.Type != "row" })
		if at < 0 {
			return Data{}, fmt.Errorf("%s has no panel %q", d.Dashboard.Title, title)
		}
		p := d.Dashboard.Panels[at]
		p.GridPos = grafana.Grid{X: i % 2 * 12, Y: i / 2 * excerptHeight, W: 12, H: excerptHeight}
		if i == len(titles)-1 && i%2 == 0 {
			p.GridPos.W = 24
		}
		short.Panels = append(short.Panels, p)
	}
	d.Dashboard = &short
	return d, nil
}
