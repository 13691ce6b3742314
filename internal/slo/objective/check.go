// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package objective

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Check returns all that makes the objective one that cannot be measured, or that can never be
// missed, and notes which windows are left out of its alerts.
func (s *SLO) Check() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if strings.Contains(s.ID, "{{") {
		fail("%q has a {{, which would begin a template in labels of alerts", s.ID)
	}
	for _, labels := range []map[string]string{s.Labels, s.Alerts.Labels, s.Alerts.Page.Labels, s.Alerts.Ticket.Labels} {
		for _, name := range slices.Sorted(maps.Keys(labels)) {
			if !model.UTF8Validation.IsValidLabelName(name) || name == model.MetricNameLabel {
				fail("%q is no name of a label", name)
			}
		}
	}
	if s.Budget != nil {
		s.Budget.check(s.Alerts, fail)
		s.Notes = append(s.Notes, s.Budget.deadPairs()...)
	}
	if s.Breach != nil {
		s.Breach.check(fail)
	}
	return errors.Join(errs...)
}

func (b *Budget) check(alerts Alerts, fail func(string, ...any)) {
	if !(b.Objective > 0 && b.Objective < 1) {
		fail("the objective %v must be above 0 and below 1", b.Objective)
		return
	}
	for _, c := range b.Conditions {
		if !b.Fires(c.Factor) {
			fail("the alert condition %q can never fire: %s", c.Name, b.beyond(c.Factor))
		}
		if c.Window > b.Period {
			fail("the window %s of the alert condition %q is longer than the period %s", Duration(c.Window), c.Name, Duration(b.Period))
		}
	}
	if b.Conditions == nil {
		b.checkPairs(alerts, fail)
	}
}

// checkPairs reports alerts of which no pair of windows can fire. One that cannot beside another
// that can is left out, and noted.
func (b *Budget) checkPairs(alerts Alerts, fail func(string, ...any)) {
	lowest := map[bool]float64{}
	for _, p := range b.AlertPairs() {
		if p.Page && alerts.Page.Disabled || !p.Page && alerts.Ticket.Disabled {
			continue
		}
		if p.Long > b.Period {
			fail("the period %s is shorter than the window %s of an alert", Duration(b.Period), Duration(p.Long))
		}
		if factor, ok := lowest[p.Page]; !ok || p.Factor < factor {
			lowest[p.Page] = p.Factor
		}
	}
	for _, name := range []string{"page", "ticket"} {
		if factor, ok := lowest[name == "page"]; ok && !b.Fires(factor) {
			fail("the %s can never fire: %s; it can from an objective of %.4g on", name, b.beyond(factor), 1-1/factor)
		}
	}
}

// Fires reports whether a burn rate can be passed.
func (b *Budget) Fires(factor float64) bool { return factor*(1-b.Objective) < 1 }

func (b *Budget) beyond(factor float64) string {
	return fmt.Sprintf("%.4g times a budget of %.4g is a share of errors of %.4g, and there are none above 1",
		factor, 1-b.Objective, factor*(1-b.Objective))
}

// deadPairs says which pairs of windows are left out.
func (b *Budget) deadPairs() []string {
	if b.Conditions != nil {
		return nil
	}
	var notes []string
	for _, p := range b.AlertPairs() {
		if !b.Fires(p.Factor) {
			notes = append(notes, fmt.Sprintf("the windows %s and %s are left out of the alerts: %s",
				Duration(p.Long), Duration(p.Short), b.beyond(p.Factor)))
		}
	}
	return notes
}

// AlertPairs returns the windows of the alerts.
func (b *Budget) AlertPairs() []Pair {
	if b.Pairs != nil {
		return b.Pairs
	}
	return Pairs(b.Period)
}

// Possible returns what makes a bound on the measure one that is never passed.
func (b *Breach) Possible() error {
	var errs []error
	b.bounds(func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) })
	return errors.Join(errs...)
}

func (b *Breach) bounds(fail func(string, ...any)) {
	low, high := b.Low, b.High
	if bound := b.Bound; bound != nil && (b.Upward && *bound >= high || !b.Upward && *bound <= low) {
		fail("the bound %v can never be passed: the measure is %v to %v", *bound, low, high)
	}
}

func (b *Breach) check(fail func(string, ...any)) {
	b.bounds(fail)
	low, high := b.Low, b.High
	if c := b.Compared; c != nil {
		if c.Absolute != nil && *c.Absolute >= high-low {
			fail("a change of more than %v can never be: the measure is %v to %v", *c.Absolute, low, high)
		}
		if !b.Upward && c.Relative != nil && *c.Relative >= 1 {
			fail("a decrease of more than %v of the value can never be", *c.Relative)
		}
		if c.With < 2*b.Window {
			fail("compared_with %s must be at least twice the window %s", Duration(c.With), Duration(b.Window))
		}
	}
	if most := mostPerSecond * b.Window.Seconds(); b.MinSamples > most {
		fail("min_samples %v are never reached: a window of %s has at most %.3g at %g predictions a second",
			b.MinSamples, Duration(b.Window), most, float64(mostPerSecond))
	}
	if b.Proportion != nil && !math.IsInf(high, 0) {
		b.reachable(fail)
	}
	if b.For < time.Minute {
		fail("for %s must be at least 1m: rules are evaluated once a minute", Duration(b.For))
	}
}

// mostPerSecond is more than one model answers.
const mostPerSecond = 100_000

// reachable reports a bound that even a window in which all events are bad does not pass for sure,
// at min_samples: more would be needed, and min_samples would not say how many.
func (b *Breach) reachable(fail func(string, ...any)) {
	if b.Bound == nil || b.MinSamples <= 0 {
		return
	}
	lower := 1 / (1 + Z*Z/b.MinSamples) // Wilson's lower bound of n out of n
	if bad := *b.Bound; b.Upward && bad >= lower || !b.Upward && 1-bad >= lower {
		fail("min_samples %v are too few for the bound %v: even if all of them were bad, it would not be passed for sure", b.MinSamples, bad)
	}
}

const (
	// Z is how many standard deviations the bound of an interval lies from the point. It is chosen so
	// that a model that is well alarms in less than 1 % of months (docs/slos.md has the figures).
	Z = 6
	// ZBegin is that of the short window with which the time begins that a bound is missed: enough
	// that it seldom begins before the change does, and little enough that it begins soon after.
	ZBegin = 2
)
