// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// What is recorded of an error budget. The names are Sloth's where it has the same.
const (
	recordError      = "slo:sli_error:ratio_rate" // the window follows
	recordObjective  = "slo:objective:ratio"
	recordBudget     = "slo:error_budget:ratio"
	recordPeriod     = "slo:time_period:days"
	recordBurn       = "slo:current_burn_rate:ratio"
	recordPeriodBurn = "slo:period_burn_rate:ratio"
	recordRemaining  = "slo:period_error_budget_remaining:ratio"
	recordEvents     = "slo:events:rate5m"
	recordBadEvents  = "slo:events_bad:rate5m"
	recordSample     = "slo:sample_bad:bool"
	recordSlice      = "slo:slice_bad:ratio"
	recordHistory    = "slo:history:ratio"
	recordBurning    = "slo:burning:bool"
	recordVerdict    = "slo:verdict:info"
)

const (
	// shortest is the window of the burn rate of now.
	shortest = 5 * time.Minute
	// enoughHistory is the share of a period from which on the budget is known: a scrape may fail, a
	// process start anew.
	enoughHistory = 0.95
	// periodInterval is how often what needs the whole period is evaluated: less than how old the
	// last sample of a series may be, and seldom, since a month has many samples.
	periodInterval = 4 * time.Minute
	alertPage      = "page"
	alertTicket    = "ticket"
)

// budget adds the rules of an error budget. Slices of time, and what needs the whole period, are
// recorded by groups of their own, at their own times.
func (g *group) budget(b *objective.Budget) []rulefmt.RuleGroup {
	before := g.samples(b)
	windows := []time.Duration{shortest}
	for _, p := range b.AlertPairs() {
		windows = append(windows, p.Short, p.Long)
	}
	for _, c := range b.Conditions {
		windows = append(windows, c.Window)
	}
	for _, w := range uniqueWindows(windows) {
		if w != b.Period {
			g.record(recordError+objective.Duration(w), g.errorRatio(b, w), labelWindow, objective.Duration(w))
		}
	}
	g.meta(b)
	g.burning(b)
	g.budgetVerdict(b)
	g.missing()
	period := &group{slo: g.slo, RuleGroup: rulefmt.RuleGroup{Name: "period-slo-" + g.slo.ID, Interval: model.Duration(periodInterval)}}
	period.period(b)
	period.left(b)
	period.historyAlert(b)
	return append(before, period.RuleGroup)
}

// samples records what is sampled: whether a value is bad, and whether a piece of time is.
func (g *group) samples(b *objective.Budget) []rulefmt.RuleGroup {
	if b.Indicator.Value != "" {
		good := fmt.Sprintf("(%s) %s bool %s", b.Indicator.Value.In(interval), b.Indicator.Op, number(b.Indicator.Threshold))
		g.record(recordSample, "1 - ("+good+")")
	}
	if b.Slice.Length == 0 {
		return nil
	}
	in := &group{slo: g.slo, RuleGroup: rulefmt.RuleGroup{Name: "slices-slo-" + g.slo.ID, Interval: model.Duration(b.Slice.Length)}}
	ratio := g.eventRatio(b.Indicator, b.Slice.Length)
	if b.Slice.Target > 0 {
		ratio = fmt.Sprintf("(%s) > bool %s", ratio, budgetOf(b.Slice.Target))
	}
	in.record(recordSlice, ratio)
	return []rulefmt.RuleGroup{in.RuleGroup}
}

// errorRatio is the share of what was bad in a window.
func (g *group) errorRatio(b *objective.Budget, w time.Duration) string {
	if b.Slice.Length > 0 {
		return fmt.Sprintf("avg_over_time(%s[%s])", g.series(recordSlice), objective.Duration(max(w, b.Slice.Length)))
	}
	return g.eventRatio(b.Indicator, w)
}

// eventRatio is the share of bad events, or of bad samples, in a window. What is absent beside a
// total that is there is 0: no event of the kind has been seen. Without any event there is no share.
func (g *group) eventRatio(i objective.Indicator, w time.Duration) string {
	switch {
	case i.Value != "":
		return fmt.Sprintf("avg_over_time(%s[%s])", g.series(recordSample), objective.Duration(w))
	case i.Raw != "":
		return i.Raw.In(w)
	}
	if i.Good != "" {
		return fmt.Sprintf("1 -\n%s\n/\n((%s) > 0)", goodEvents(i, w), i.Total.In(w))
	}
	return fmt.Sprintf("%s\n/\n((%s) > 0)", badEvents(i, w), i.Total.In(w))
}

// goodEvents is how many events of a window were good.
func goodEvents(i objective.Indicator, w time.Duration) string {
	if i.Paired {
		return "(" + i.Good.In(w) + ")"
	}
	return fmt.Sprintf("((%s) or (%s) * 0)", i.Good.In(w), i.Total.In(w))
}

// badEvents is how many events of a window were bad.
func badEvents(i objective.Indicator, w time.Duration) string {
	total := i.Total.In(w)
	if i.Bad != "" {
		return fmt.Sprintf("((%s) or (%s) * 0)", i.Bad.In(w), total)
	}
	return fmt.Sprintf("(%s)\n-\n%s", total, goodEvents(i, w))
}

// period records the share of what was bad in the period, and how much of the period there is. The
// share is that of all events of the period, not the average of the shares of short windows, in
// which a night without traffic counts as much as the day.
func (g *group) period(b *objective.Budget) {
	period, every, base := objective.Duration(b.Period), periodInterval, recordEvents
	var expr string
	switch i := b.Indicator; {
	case b.Slice.Length > 0:
		base, every, expr = recordSlice, b.Slice.Length, g.errorRatio(b, b.Period)
	case i.Value != "":
		base, every, expr = recordSample, interval, g.errorRatio(b, b.Period)
	case i.Raw != "":
		base, every, expr = recordError+objective.Duration(shortest), interval, g.errorRatio(b, b.Period)
	default:
		g.record(recordEvents, i.Total.In(shortest))
		g.record(recordBadEvents, badEvents(i, shortest))
		expr = fmt.Sprintf("sum_over_time(%s[%s])\n/\n(sum_over_time(%s[%s]) > 0)",
			g.series(recordBadEvents), period, g.series(recordEvents), period)
	}
	g.record(recordError+period, expr, labelWindow, period)
	g.record(recordHistory, fmt.Sprintf("clamp_max(max without (%s) (count_over_time(%s[%s])) / %s, 1)",
		labelWindow, g.series(base), period, number(b.Period.Seconds()/every.Seconds())))
}

// budgetOf is what an objective leaves, as people write it: 0.001 of 0.999.
func budgetOf(objective float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.12f", 1-objective), "0"), ".")
}

// meta records what is promised, and how fast the budget burns.
func (g *group) meta(b *objective.Budget) {
	left := budgetOf(b.Objective)
	g.record(recordObjective, "vector("+number(b.Objective)+")")
	g.record(recordBudget, "vector("+left+")")
	g.record(recordPeriod, "vector("+number(b.Period.Hours()/24)+")")
	g.record(recordBurn, without(g.series(recordError+objective.Duration(shortest)))+" / "+left)
}

// left records what is left of the budget, of a period that is there: with half of it, a budget looks
// as if it were whole.
func (g *group) left(b *objective.Budget) {
	left := budgetOf(b.Objective)
	g.record(recordPeriodBurn, fmt.Sprintf("%s / %s and %s >= %s",
		without(g.series(recordError+objective.Duration(b.Period))), left, g.series(recordHistory), number(enoughHistory)))
	g.record(recordRemaining, "1 - "+g.series(recordPeriodBurn))
}

// burning adds the alerts on the burn rate.
func (g *group) burning(b *objective.Budget) {
	for _, c := range b.Conditions {
		ratio := g.series(recordError + objective.Duration(c.Window))
		g.burnAlert(c.Name, c.Severity, fmt.Sprintf("%s %s %s", ratio, c.Op, times(c.Factor, b.Objective)), ratio, c.For, objective.Alert{})
	}
	if b.Conditions != nil {
		return
	}
	for _, page := range []bool{true, false} {
		name, severity, own := alertPage, "critical", g.slo.Alerts.Page
		if !page {
			name, severity, own = alertTicket, "warning", g.slo.Alerts.Ticket
		}
		if own.Disabled {
			continue
		}
		if own.Severity != "" {
			severity = own.Severity
		}
		var due, ratios []string
		for _, p := range b.AlertPairs() {
			if p.Page != page || !b.Fires(p.Factor) {
				continue
			}
			short, long := g.series(recordError+objective.Duration(p.Short)), g.series(recordError+objective.Duration(p.Long))
			limit := times(p.Factor, b.Objective)
			due = append(due, fmt.Sprintf("(%s > %s and ignoring (%s) %s > %s)", short, limit, labelWindow, long, limit))
			ratios = append(ratios, short)
		}
		if len(due) > 0 {
			g.burnAlert(name, severity, strings.Join(due, "\nor ignoring ("+labelWindow+")\n"), ratios[0], 0, own)
		}
	}
}

// times is a burn rate as a share of errors.
func times(factor, promised float64) string {
	return fmt.Sprintf("(%s * %s)", number(factor), budgetOf(promised))
}

// burnAlert records whether an alert is due, and adds the alert. Its value is the last burn rate.
func (g *group) burnAlert(name, severity, due, ratio string, wait time.Duration, own objective.Alert) {
	g.record(recordBurning, fmt.Sprintf("max without (%s) ((%s) >= bool 0)\nor\n%s * 0", labelWindow, due, without(ratio)), labelAlert, name)
	own = g.wanted(own)
	own.Labels[labelAlert] = name
	alert := g.slo.Alerts.Name
	if alert == "" {
		alert = alertBurn
	}
	g.alert(alert, fmt.Sprintf("last_over_time(%s[%s]) and ignoring (%s) (%s)",
		g.series(recordBurn), held, labelAlert, g.holding(g.series(recordBurning, labelAlert, name))), wait, severity, map[string]string{
		"summary": g.title() + ": the error budget burns too fast",
		"description": fmt.Sprintf("It burns {{ $value | humanize }} times as fast as the objective of %s over %s allows.",
			percent(g.slo.Budget.Objective), objective.Duration(g.slo.Budget.Period)),
	}, own)
}

// percent writes a share for people.
func percent(v float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.6f", 100*v), "0"), ".") + " %"
}

// budgetVerdict records which verdict holds. Without events there is none.
func (g *group) budgetVerdict(b *objective.Budget) {
	now := without(g.series(recordError + objective.Duration(shortest)))
	base := g.series(recordError + objective.Duration(shortest))
	if b.Slice.Length == 0 && b.Indicator.Total != "" {
		base = g.series(recordEvents)
	}
	breach := g.series(recordVerdict, labelVerdict, verdictBreach)
	g.record(recordVerdict, fmt.Sprintf("max without (%s) (%s) == 1", labelAlert, g.series(recordBurning)), labelVerdict, verdictBreach)
	others := " unless ignoring (" + labelVerdict + ") " + breach
	known := fmt.Sprintf(" and %s and %s >= %s", now, g.series(recordHistory), number(enoughHistory)) + others
	g.record(recordVerdict, fmt.Sprintf("(%s < 0) * 0 + 1%s", g.series(recordRemaining), known), labelVerdict, verdictMissed)
	g.record(recordVerdict, fmt.Sprintf("(%s >= 0) * 0 + 1%s", g.series(recordRemaining), known), labelVerdict, verdictOK)
	g.record(recordVerdict, fmt.Sprintf("group without (%s) (%s)%s unless ignoring (%s) %s unless ignoring (%s) %s", labelWindow, base, others,
		labelVerdict, g.series(recordVerdict, labelVerdict, verdictMissed), labelVerdict, g.series(recordVerdict, labelVerdict, verdictOK)),
		labelVerdict, verdictInsufficient)
	g.silence(base)
}

// historyAlert says that there is not as much history as the period needs.
func (g *group) historyAlert(b *objective.Budget) {
	g.alert(alertHistory, fmt.Sprintf("%s < %s", g.series(recordHistory), number(enoughHistory)), time.Hour, "info", map[string]string{
		"summary": fmt.Sprintf("%s: there is {{ $value | humanizePercentage }} of the history that %s need",
			g.title(), objective.Duration(b.Period)),
		"description": "What is left of the error budget is not known yet. It never will be if the retention is shorter than the period. " +
			"Alerts on the burn rate work all the same.",
	}, objective.Alert{})
}
