// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package grafana reads dashboards as Grafana keeps them (JSON), and does with their queries what Grafana does when someone opens one:
// variables get their first values, queries are expanded and asked of Prometheus, and what comes back are series and tables with names,
// units and colors.
//
//	dashboard, err := grafana.Read("dashboards/model.json")
//	window := grafana.Window{Start: end.Add(-time.Hour), End: end, Scrape: 15 * time.Second}
//	values, err := prometheus.Open(ctx, dashboard, window, nil)
//	for _, panel := range dashboard.All() {
//		answers := prometheus.Run(ctx, &panel, values, window)
//	}
package grafana
