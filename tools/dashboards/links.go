// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/url"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// tag is what all of our dashboards have, and by which they find each other.
const tag = "otelcol-ml"

// allBoards is the menu at the top.
func allBoards() cog.Builder[dashboard.DashboardLink] {
	return dashboard.NewDashboardLinkBuilder("otelcol-ml").
		Type(dashboard.DashboardLinkTypeDashboards).
		Tags([]string{tag}).
		AsDropdown(true).
		IncludeVars(true).
		KeepTime(true)
}

// A link leads from a series or a cell to a page.
type link struct{ title, url string }

// label is what a link says of the series that was clicked.
func label(name string) string { return "${__field.labels." + name + "}" }

// cell is what a link says of the table's row that was clicked.
func cell(name string) string { return `${__data.fields["` + name + `"]}` }

// set gives a variable of the other dashboard a value.
func set(variable, value string) string { return "var-" + variable + "=" + value }

// keep gives a variable of the other dashboard the value that it has here.
func keep(variable string) string { return "${" + variable + ":queryparam}" }

// to leads to a dashboard of ours, of the same data source and time.
func to(name, title string, parameters ...string) link {
	parameters = append(parameters, keep("datasource"), "${__url_time_range}")
	return link{title: title, url: "/d/" + uid(name) + "?" + strings.Join(parameters, "&")}
}

// inJaeger leads to the traces of a service in the time that is shown, by attributes of their spans.
func inJaeger(title, service string, tags map[string]string) link {
	var pairs []string
	for _, name := range []string{"ml.model.name", "ml.model.version", "error.type", "cicd.pipeline.name"} {
		if value, ok := tags[name]; ok {
			pairs = append(pairs, url.QueryEscape(`"`+name+`":"`)+value+url.QueryEscape(`"`))
		}
	}
	return link{title: title, url: "${jaeger}/search?service=" + service + "&start=${__from}000&end=${__to}000&lookback=custom&limit=20&tags=" +
		url.QueryEscape("{") + strings.Join(pairs, url.QueryEscape(",")) + url.QueryEscape("}")}
}

func (l link) build() dashboard.DashboardLink {
	d := dashboard.NewDashboardLink()
	d.Title, d.Url = l.title, new(l.url)
	d.Type = dashboard.DashboardLinkTypeLink
	d.TargetBlank = strings.HasPrefix(l.url, "${jaeger}")
	return *d
}
