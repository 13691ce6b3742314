// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package objective is the model of a service level objective: what is measured, what is promised of
// it, and which alerts say that the promise is not kept. Cards, OpenSLO and Sloth are read into it,
// rules are generated from it.
//
// An objective has one of two forms. One with a Budget promises a share of good events, or of good
// time, over a period; alerts speak of how fast the rest, the error budget, is spent. One with a
// Breach bounds a measure; an alert says that it has been beyond its bound, for sure, for a while.
package objective

import (
	"time"
)

// SLO is one objective.
type SLO struct {
	// ID is unique among all objectives that are generated together. Service is whose objective it
	// is: a model, a job, a service. Name is unique in it.
	ID, Service, Name string
	Description       string
	// File and Line say where it is written.
	File string
	Line int
	// Labels are on all of its series and alerts.
	Labels map[string]string
	// Budget and Breach are its form; one of them is nil.
	Budget *Budget
	Breach *Breach
	NoData NoData
	Alerts Alerts
	// Missing is an expression of series that say that the objective cannot be measured as it is
	// written, with MissingText for people; empty for none.
	Missing, MissingText string
	// Notes are what its file says that is not carried out, or not in the way one may think.
	Notes []string
}

// Budget promises a share of good events or of good time.
type Budget struct {
	// Objective is the share, above 0 and below 1, Period the time over which it is promised.
	Objective float64
	Period    time.Duration
	Indicator Indicator
	// Slice, where it is not 0, counts pieces of time instead of events.
	Slice Slice
	// Pairs are the windows of the alerts; nil for those of the SRE workbook.
	Pairs []Pair
	// Conditions take the place of the alerts with pairs of windows where it is not nil.
	Conditions []Condition
}

// Indicator measures the share of what is bad. It has Total with Bad or Good, or Raw, or Value.
type Indicator struct {
	// Bad or Good, and Total, are queries of how many events there were in a window, or of
	// something proportional to it.
	Bad, Good, Total Query
	// Paired is true where Good is there whenever Total is, so that its absence is no 0.
	Paired bool
	// Raw is a query of the share of what was bad in a window.
	Raw Query
	// Value is a query of a number at one time, which is good where it satisfies Op with Threshold.
	Value     Query
	Op        string
	Threshold float64
}

// Slice is a piece of time that is good or bad as a whole.
type Slice struct {
	Length time.Duration
	// Target is the share of good events from which the piece is good; 0 takes the share itself in
	// place of good or bad.
	Target float64
}

// Condition is an alert on the burn rate in one window.
type Condition struct {
	Name, Severity string
	// Factor is the burn rate that the alert is due above (Op >) or at (>=), after For.
	Op          string
	Factor      float64
	Window, For time.Duration
}

// Breach bounds a measure.
type Breach struct {
	// Proportion is what is measured where it is a share of events; else it is Value.
	Proportion *Proportion
	Value      Query
	// Lower, Upper and Samples are queries of the interval of Value and of what it rests on; empty
	// where it has none.
	Lower, Upper, Samples Query
	// By are the labels that tell the series of the measure apart.
	By []string
	// Ready is a query that gives series where Value means what it says; empty for always.
	Ready Query
	// Upward is true where more is worse.
	Upward bool
	// Unit says how people read the values: percent, seconds, number or score.
	Unit Unit
	// Low and High are what Value can be.
	Low, High float64
	// Bound is the last good value; nil for a comparison.
	Bound *float64
	// Compared bounds the change against an earlier time; nil for none.
	Compared *Comparison
	// For is how long the measure must have been beyond its bound, Window how much of the past it
	// is measured over.
	For, Window time.Duration
	// MinSamples is how many events a window must have for a verdict.
	MinSamples float64
}

// Proportion is a share of events that are counted.
type Proportion struct {
	// Part and Whole are expressions of counts since the beginning. Where Counters is true they are
	// selectors of counters; else they may fall, and what has been counted in a window is the
	// difference,
	// taken before counts are added up by the labels of the measure.
	Part, Whole string
	Counters    bool
}

// Comparison bounds a change.
type Comparison struct {
	// With is how far back the earlier window lies.
	With time.Duration
	// Absolute is the last good difference, Relative the last good difference as a share of the
	// earlier value; nil for no bound.
	Absolute, Relative *float64
}

// Unit is how a value is written for people.
type Unit string

// The units.
const (
	Percent Unit = "percent"
	Seconds Unit = "seconds"
	Number  Unit = "number"
	Score   Unit = "score"
)

// NoData says what happens to alerts while nothing is measured.
type NoData string

// The policies. None of them makes an objective be met.
const (
	// Hold keeps the alerts that fire.
	Hold NoData = "hold"
	// AlertNoData keeps them, too, and alerts on the silence itself.
	AlertNoData NoData = "alert"
	// Ignore ends them.
	Ignore NoData = "ignore"
)

// Alerts is what alerts carry.
type Alerts struct {
	// Name is the alerts' name; empty for the usual ones.
	Name                string
	Labels, Annotations map[string]string
	Page, Ticket        Alert
}

// Alert is what differs for one severity.
type Alert struct {
	Disabled            bool
	Severity            string
	Labels, Annotations map[string]string
}
