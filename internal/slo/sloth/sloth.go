// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package sloth reads objectives of Sloth (https://sloth.dev): version prometheus/v1 and, for
// Kubernetes, sloth.slok.dev/v1 PrometheusServiceLevel, with AlertWindows for periods of one's own.
package sloth

import (
	"maps"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/block"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// What documents say they are.
const (
	Version    = "prometheus/v1"
	APIVersion = "sloth.slok.dev/v1"
)

// spelling are the keys of the one form or the other.
type spelling struct {
	errorQuery, totalQuery, errorRatioQuery, pageAlert, ticketAlert, plugins string
}

var (
	snake = spelling{"error_query", "total_query", "error_ratio_query", "page_alert", "ticket_alert", "slo_plugins"}
	camel = spelling{"errorQuery", "totalQuery", "errorRatioQuery", "pageAlert", "ticketAlert", "sloPlugins"}
)

// Windows are the alerts' windows by period.
type Windows map[time.Duration][]objective.Pair

// period is that of objectives of Sloth, which gets it on its command line: that of the windows
// where they are for one period, else 30 days.
func (w Windows) period() time.Duration {
	if len(w) == 1 {
		for period := range w {
			return period
		}
	}
	return objective.DefaultPeriod
}

// Read reads a document whose version is Version.
func Read(b block.Block, windows Windows) []objective.SLO {
	b.Only("version", "service", "labels", snake.plugins, "slos")
	return snake.service(b, windows)
}

// ReadResource reads a PrometheusServiceLevel of Kubernetes.
func ReadResource(b block.Block, windows Windows) []objective.SLO {
	b.Only("apiVersion", "kind", "metadata", "spec", "status")
	b.Need("spec")
	spec := b.Child("spec")
	spec.Only("service", "labels", camel.plugins, "slos")
	return camel.service(spec, windows)
}

func (k spelling) service(b block.Block, windows Windows) []objective.SLO {
	b.Need("service", "slos")
	k.refusePlugins(b, k.plugins)
	var slos []objective.SLO
	for _, one := range b.List("slos") {
		slos = append(slos, k.slo(one, b.Text("service"), b.Texts("labels"), windows))
	}
	return slos
}

// refusePlugins refuses code that would run.
func (k spelling) refusePlugins(b block.Block, key string) {
	if b.Has(key) {
		b.Fail(key, "plugins are code of Sloth, which does not run here; write what they do as queries and labels")
	}
}

func (k spelling) slo(b block.Block, service string, common map[string]string, windows Windows) objective.SLO {
	b.Only("name", "description", "objective", "labels", "plugins", "sli", "alerting")
	b.Need("name", "objective", "sli")
	k.refusePlugins(b, "plugins")
	s := objective.SLO{
		ID: service + "-" + b.Text("name"), Service: service, Name: b.Text("name"), Description: b.Text("description"),
		File: b.File(), Line: b.Line(), NoData: objective.Hold, Labels: map[string]string{},
		Budget: &objective.Budget{Period: windows.period(), Pairs: windows[windows.period()]},
		Alerts: k.alerting(b.Child("alerting")),
	}
	for _, labels := range []map[string]string{common, b.Texts("labels")} {
		maps.Copy(s.Labels, labels)
	}
	if percent := b.Number("objective"); percent != nil {
		s.Budget.Objective = *percent / 100
		if *percent <= 0 || *percent >= 100 {
			b.Fail("objective", "%v must be above 0 and below 100 (percent)", *percent)
		}
	}
	s.Budget.Indicator = k.indicator(b.Child("sli"))
	if s.Budget.Indicator.Raw != "" {
		s.Notes = append(s.Notes, "the ratio of the whole period is error_ratio_query over the whole period")
	}
	return s
}

func (k spelling) indicator(b block.Block) objective.Indicator {
	b.Only("raw", "events", "plugin")
	k.refusePlugins(b, "plugin")
	var i objective.Indicator
	if b.Has("raw") == b.Has("events") && !b.Has("plugin") {
		b.Fail("", "needs either events or raw")
	}
	if b.Has("events") {
		events := b.Child("events")
		events.Only(k.errorQuery, k.totalQuery)
		i.Bad, i.Total = query(events, k.errorQuery), query(events, k.totalQuery)
	}
	if b.Has("raw") {
		raw := b.Child("raw")
		raw.Only(k.errorRatioQuery)
		i.Raw = query(raw, k.errorRatioQuery)
	}
	return i
}

// query reads a query that is there, has a window and is PromQL.
func query(b block.Block, key string) objective.Query {
	b.Need(key)
	q := objective.Query(b.Text(key))
	if !b.Has(key) {
		return ""
	}
	if err := q.Check(); err != nil {
		b.Fail(key, "%v", err)
	} else if !q.Windowed() {
		b.Fail(key, "has no {{.window}}: it would be the same for all windows")
	}
	return q
}

func (k spelling) alerting(b block.Block) objective.Alerts {
	b.Only("name", "labels", "annotations", k.pageAlert, k.ticketAlert)
	return objective.Alerts{
		Name: b.Text("name"), Labels: b.Texts("labels"), Annotations: b.Texts("annotations"),
		Page: alert(b.Child(k.pageAlert)), Ticket: alert(b.Child(k.ticketAlert)),
	}
}

func alert(b block.Block) objective.Alert {
	b.Only("disable", "labels", "annotations")
	return objective.Alert{Disabled: b.Flag("disable"), Labels: b.Texts("labels"), Annotations: b.Texts("annotations")}
}

// ReadWindows reads AlertWindows, before the objectives that use them.
func ReadWindows(b block.Block, windows Windows) {
	b.Only("apiVersion", "kind", "spec")
	spec := b.Child("spec")
	spec.Only("sloPeriod", "page", "ticket")
	period := duration(spec, "sloPeriod")
	var pairs []objective.Pair
	for _, severity := range []string{"page", "ticket"} {
		of := spec.Child(severity)
		of.Only("quick", "slow")
		of.Need("quick", "slow")
		for _, speed := range []string{"quick", "slow"} {
			w := of.Child(speed)
			w.Only("errorBudgetPercent", "shortWindow", "longWindow")
			w.Need("errorBudgetPercent")
			p := objective.Pair{Page: severity == "page", Short: duration(w, "shortWindow"), Long: duration(w, "longWindow")}
			percent := w.Number("errorBudgetPercent")
			switch {
			case percent != nil && (*percent <= 0 || *percent > 100):
				w.Fail("errorBudgetPercent", "%v must be above 0 and at most 100", *percent)
			case p.Long > 0 && p.Short >= p.Long:
				w.Fail("shortWindow", "must be shorter than longWindow")
			case percent != nil && p.Long > 0:
				p.Factor = objective.Factor(*percent/100, period, p.Long)
			}
			pairs = append(pairs, p)
		}
	}
	if _, ok := windows[period]; ok {
		spec.Fail("sloPeriod", "there are windows for %s already", objective.Duration(period))
	}
	windows[period] = pairs
}

// duration reads a duration as Prometheus has it.
func duration(b block.Block, key string) time.Duration {
	b.Need(key)
	if !b.Has(key) {
		return 0
	}
	text := b.Text(key)
	d, err := model.ParseDuration(text)
	if err != nil || d < model.Duration(time.Minute) {
		b.Fail(key, "%q is no duration of at least a minute, write it as 5m, 6h or 3d", strings.TrimSpace(text))
	}
	return time.Duration(d)
}
