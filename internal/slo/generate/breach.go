// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// What is recorded of a bound on a measure.
const (
	recordPartCount  = "slo:measured_part:count"
	recordWholeCount = "slo:measured_whole:count"
	recordPart       = "slo:measured_part:increase"
	recordSamples    = "slo:sli_samples:count"
	recordValue      = "slo:sli:value"
	recordLower      = "slo:sli_lower:value"
	recordUpper      = "slo:sli_upper:value"
	recordExcess     = "slo:excess:value"
	recordSure       = "slo:excess_lower:value"
	recordBeyond     = "slo:beyond:bool"
	recordBreach     = "slo:breach:bool"
)

// windowReference is the slo_window of what a measure is compared with.
const windowReference = "reference"

// leastReference is the window of the earlier value at least: it is to rest on more events than the
// value of now, and yet be of the same time of the day.
const leastReference = 2 * time.Hour

// breach adds the rules of a bound on a measure.
//
// The alert fires where three things hold. The bound has been missed for as long as it may: since
// the short window was beyond it by more than chance, no short window was within it. The whole window
// is beyond it for sure: the bound of its interval is, not the point. And there are enough events.
func (g *group) breach(b *objective.Breach) {
	if b.Proportion != nil {
		g.proportion(b)
	} else {
		g.gauge(b)
	}
	g.streak(b)
	g.breachVerdict(b)
	g.breachAlert(b)
	g.missing()
}

// shortWindow is the part of a window that must be beyond the bound at each time.
func shortWindow(b *objective.Breach) time.Duration {
	return max(b.Window/5, 3*interval).Round(interval)
}

// proportion records a share of events with its interval, and how far it is beyond the bound.
func (g *group) proportion(b *objective.Breach) {
	p := b.Proportion
	if !p.Counters {
		g.record(recordPartCount, p.Part)
		g.record(recordWholeCount, p.Whole)
	}
	short, whole := shortWindow(b), b.Window
	for _, w := range uniqueWindows([]time.Duration{short, whole}) {
		g.share(b, w, 0, objective.Duration(w))
	}
	g.wilson(objective.Duration(whole), objective.Z)
	g.wilson(objective.Duration(short), objective.ZBegin)
	if c := b.Compared; c != nil {
		long := max(leastReference, whole)
		g.share(b, long, c.With+whole/2-long/2, windowReference)
		g.wilson(windowReference, objective.Z)
	}
	g.record(recordExcess, g.excess(b, objective.Duration(whole), false))
	g.record(recordSure, g.excess(b, objective.Duration(whole), true))
	// What was recorded of itself a minute ago is what goes on.
	g.record(recordBeyond, fmt.Sprintf("(%s) > bool 0\nand\n(%s > 0 or %s == 1)\nor\n(%s) > bool Inf",
		g.excess(b, objective.Duration(short), false), g.excess(b, objective.Duration(short), true), g.series(recordBeyond),
		g.excess(b, objective.Duration(short), false)))
}

// share records the share of events in a window that ended some time ago.
func (g *group) share(b *objective.Breach, w, ago time.Duration, name string) {
	p, by := b.Proportion, strings.Join(b.By, ", ")
	var part, whole string
	if p.Counters {
		increase := func(series string) string {
			return fmt.Sprintf("sum by (%s) (increase(%s[%s]%s))", by, series, objective.Duration(w), offset(ago))
		}
		whole = increase(p.Whole)
		part = fmt.Sprintf("%s or %s * 0", increase(p.Part), whole)
	} else {
		arrived := func(record string) string {
			series := g.series(record)
			return fmt.Sprintf("clamp_min(sum by (%s) (%s%s - %s%s), 0)", by, series, offset(ago), series, offset(ago+w))
		}
		part, whole = arrived(recordPartCount), arrived(recordWholeCount)
	}
	g.record(recordPart, part, labelWindow, name)
	g.record(recordSamples, whole, labelWindow, name)
	g.record(recordValue, fmt.Sprintf("clamp_max(%s / (%s > 0), 1)",
		g.series(recordPart, labelWindow, name), g.series(recordSamples, labelWindow, name)), labelWindow, name)
}

func offset(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " offset " + objective.Duration(d)
}

// wilson records the bounds of Wilson's interval of a share.
func (g *group) wilson(name string, z float64) {
	v, n := g.series(recordValue, labelWindow, name), g.series(recordSamples, labelWindow, name)
	zz := number(z * z)
	bound := func(sign string) string {
		return fmt.Sprintf("(%s + %s / (2 * %s) %s %s * sqrt(%s * (1 - %s) / %s + %s / (4 * %s ^ 2))) / (1 + %s / %s)",
			v, zz, n, sign, number(z), v, v, n, zz, n, zz, n)
	}
	g.record(recordLower, "clamp_min("+bound("-")+", 0)", labelWindow, name)
	g.record(recordUpper, "clamp_max("+bound("+")+", 1)", labelWindow, name)
}

// excess is how far the share of a window is beyond the bound: its point, or, for sure, the bound of
// its interval. Of a change it is that of the difference by Newcombe's method (Statistics in Medicine
// 17, 1998, method 10), with the earlier share times a factor where the bound is relative (MOVER).
func (g *group) excess(b *objective.Breach, window string, sure bool) string {
	point := without(g.series(recordValue, labelWindow, window))
	near := without(g.series(recordLower, labelWindow, window))
	if !b.Upward {
		near = without(g.series(recordUpper, labelWindow, window))
	}
	if b.Bound != nil {
		if sure {
			return beyond(b, near)
		}
		return beyond(b, point)
	}
	then := without(g.series(recordValue, labelWindow, windowReference))
	far := without(g.series(recordUpper, labelWindow, windowReference))
	if !b.Upward {
		far = without(g.series(recordLower, labelWindow, windowReference))
	}
	change := func(factor, allowed float64) string {
		expr := fmt.Sprintf("%s - %s * %s - %s", point, number(factor), then, number(allowed))
		if !b.Upward {
			expr = fmt.Sprintf("%s * %s - %s - %s", number(factor), then, point, number(allowed))
		}
		if sure {
			expr += fmt.Sprintf(" - sqrt((%s - %s) ^ 2 + (%s * (%s - %s)) ^ 2)", point, near, number(factor), far, then)
		}
		return expr
	}
	c, sign := b.Compared, 1.0
	if !b.Upward {
		sign = -1
	}
	switch {
	case c.Relative == nil:
		return change(1, *c.Absolute)
	case c.Absolute == nil:
		return change(1+sign**c.Relative, 0)
	}
	absolute, relative := change(1, *c.Absolute), change(1+sign**c.Relative, 0) // beyond both
	return fmt.Sprintf("(%s) < (%s) or (%s)", absolute, relative, relative)
}

// gauge records a value, its interval where it has one, and how far it is beyond the bound.
func (g *group) gauge(b *objective.Breach) {
	g.record(recordValue, b.Value.In(interval))
	near := g.series(recordValue)
	if b.Upper != "" {
		g.record(recordLower, b.Lower.In(interval))
		g.record(recordUpper, b.Upper.In(interval))
		g.record(recordSamples, b.Samples.In(interval))
		if near = g.series(recordUpper); b.Upward {
			near = g.series(recordLower)
		}
	}
	g.record(recordExcess, beyond(b, g.series(recordValue)))
	g.record(recordSure, beyond(b, near))
	g.record(recordBeyond, g.series(recordSure)+" > bool 0")
}

// beyond is how far a value is beyond the bound.
func beyond(b *objective.Breach, value string) string {
	if b.Upward {
		return value + " - " + number(*b.Bound)
	}
	return number(*b.Bound) + " - " + value
}

// enough selects what has the events that a verdict needs.
func (g *group) enough(b *objective.Breach) string {
	var all []string
	switch {
	case b.Proportion != nil:
		all = append(all, without(g.series(recordSamples, labelWindow, objective.Duration(b.Window)))+" >= "+number(b.MinSamples))
		if b.Compared != nil {
			all = append(all, without(g.series(recordSamples, labelWindow, windowReference))+" >= "+number(b.MinSamples))
		}
	case b.Samples != "":
		all = append(all, g.series(recordSamples)+" >= "+number(b.MinSamples))
	}
	return strings.Join(all, " and ")
}

// streak records whether the bound is missed as the alert understands it. A streak may lack one
// evaluation in ten, and must have been there when it began.
func (g *group) streak(b *objective.Breach) {
	beyond, over := g.series(recordBeyond), objective.Duration(b.For+interval)
	due := fmt.Sprintf("min_over_time(%s[%s]) == 1 and count_over_time(%s[%s]) >= %s and %s offset %s and %s > 0",
		beyond, over, beyond, over, number(float64(int(0.9*b.For.Minutes()))), beyond, objective.Duration(b.For), g.series(recordSure))
	if enough := g.enough(b); enough != "" {
		due += " and " + enough
	}
	g.record(recordBreach, fmt.Sprintf("%s\nor\n%s * 0", due, without(g.series(g.present(b)))))
}

// present is the series that is there where there are data.
func (g *group) present(b *objective.Breach) string {
	if b.Proportion != nil {
		return recordSamples
	}
	return recordValue
}

// breachVerdict records which verdict holds.
func (g *group) breachVerdict(b *objective.Breach) {
	breach := g.series(recordBreach)
	g.record(recordVerdict, breach+" == 1", labelVerdict, verdictBreach)
	known := fmt.Sprintf(" and %s == 0", breach)
	if enough := g.enough(b); enough != "" {
		known += " and " + enough
	}
	if b.Ready != "" {
		known += fmt.Sprintf(" and on (%s) (%s)", strings.Join(b.By, ", "), b.Ready.In(interval))
	}
	g.record(recordVerdict, fmt.Sprintf("(%s <= 0) * 0 + 1%s", g.series(recordExcess), known), labelVerdict, verdictOK)
	g.record(recordVerdict, fmt.Sprintf("(%s > 0) * 0 + 1%s", g.series(recordExcess), known), labelVerdict, verdictInconclusive)
	var others []string
	for _, verdict := range []string{verdictBreach, verdictOK, verdictInconclusive} {
		others = append(others, fmt.Sprintf(" unless ignoring (%s) %s", labelVerdict, g.series(recordVerdict, labelVerdict, verdict)))
	}
	g.record(recordVerdict, fmt.Sprintf("group without (%s) (%s)%s", labelWindow, g.series(g.present(b)), strings.Join(others, "")),
		labelVerdict, verdictInsufficient)
	g.silence(g.series(g.present(b)))
}

// breachAlert adds the alert, whose value is the measure.
func (g *group) breachAlert(b *objective.Breach) {
	window := ""
	if b.Proportion != nil {
		window = objective.Duration(b.Window)
	}
	value := g.series(recordValue, labelWindow, window)
	severity := g.slo.Alerts.Page.Severity
	if severity == "" {
		severity = "warning"
	}
	name := g.slo.Alerts.Name
	if name == "" {
		name = alertBreach
	}
	expr := fmt.Sprintf("max without (%s) (last_over_time(%s[%s])) and (%s)", labelWindow, value, held, g.holding(g.series(recordBreach)))
	g.alert(name, expr, 0, severity, g.say(b, window), g.wanted(g.slo.Alerts.Page))
}
