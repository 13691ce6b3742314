// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"encoding/json"
	"time"
)

// Report is what a backtest has found.
type Report struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Asked is how long that is, Covered for how much of it the TSDB has data, First and Last where that
	// begins and ends.
	Asked   time.Duration `json:"-"`
	Covered time.Duration `json:"-"`
	First   *time.Time    `json:"data_from,omitempty"`
	Last    *time.Time    `json:"data_until,omitempty"`
	// Evaluations is how many evaluations of groups there were, Queries how many queries they took.
	Evaluations int           `json:"evaluations"`
	Queries     int           `json:"queries"`
	Took        time.Duration `json:"-"`
	Rules       []Rule        `json:"rules"`
	// Selectors are those for which there was data for less than all of the time.
	Selectors []Selector `json:"selectors,omitempty"`
}

// Rule is what is known of one rule.
type Rule struct {
	File  string `json:"file"`
	Group string `json:"group"`
	// Alert or Record is its name.
	Alert  string `json:"alert,omitempty"`
	Record string `json:"record,omitempty"`
	// Errors is how many evaluations failed, LastError why the last one did.
	Errors    int    `json:"errors,omitempty"`
	LastError string `json:"last_error,omitempty"`
	// NoSeries are the selectors that matched no series at all.
	NoSeries []string `json:"no_series,omitempty"`
	// Series is how many series a recording rule has written.
	Series int `json:"series,omitempty"`

	For    time.Duration `json:"-"`
	Firing *Firing       `json:"firing,omitempty"`
	// List is the episodes, the first 1000 of them.
	List []*Episode `json:"episodes,omitempty"`
	// Threshold is the one of the rule, NoThreshold why there is none.
	Threshold   *float64    `json:"threshold,omitempty"`
	NoThreshold string      `json:"no_threshold,omitempty"`
	Values      *Values     `json:"values,omitempty"`
	Thresholds  []Threshold `json:"thresholds,omitempty"`
}

// Values are what is compared with the threshold: of the series that is furthest to its side, over all
// evaluations that gave any.
type Values struct {
	// Median, Of10 and Of100 are beyond what half, nine of ten and 99 of 100 evaluations gave.
	Median float64 `json:"median"`
	Of10   float64 `json:"in_9_of_10"`
	Of100  float64 `json:"in_99_of_100"`
	Most   float64 `json:"most"`
}

// Threshold is how often a rule would have fired with another threshold.
type Threshold struct {
	Value  float64 `json:"value"`
	Given  bool    `json:"given,omitempty"`
	Firing Firing  `json:"firing"`
}

// Selector is for how long there were series.
type Selector struct {
	Selector string        `json:"selector"`
	There    time.Duration `json:"-"`
	From     *time.Time    `json:"from,omitempty"`
	Until    *time.Time    `json:"until,omitempty"`
}

// MarshalJSON adds the durations in seconds.
func (r Report) MarshalJSON() ([]byte, error) {
	type plain Report
	return json.Marshal(struct {
		plain
		Asked   float64 `json:"asked_seconds"`
		Covered float64 `json:"covered_seconds"`
		Took    float64 `json:"took_seconds"`
	}{plain(r), r.Asked.Seconds(), r.Covered.Seconds(), r.Took.Seconds()})
}

// MarshalJSON adds the durations in seconds.
func (f Firing) MarshalJSON() ([]byte, error) {
	type plain Firing
	return json.Marshal(struct {
		plain
		Time    float64 `json:"firing_seconds"`
		Longest float64 `json:"longest_seconds"`
	}{plain(f), f.Time.Seconds(), f.Longest.Seconds()})
}

// MarshalJSON adds the duration in seconds.
func (s Selector) MarshalJSON() ([]byte, error) {
	type plain Selector
	return json.Marshal(struct {
		plain
		There float64 `json:"there_seconds"`
	}{plain(s), s.There.Seconds()})
}
