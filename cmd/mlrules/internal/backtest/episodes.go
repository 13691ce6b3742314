// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
)

// maxEpisodes is how many episodes of a rule are kept; all are counted.
const maxEpisodes = 1000

// Episode is a time in which one alert fired.
type Episode struct {
	Labels labels.Labels `json:"labels"`
	From   time.Time     `json:"from"`
	// To is when it was no longer firing; nil where it still is at the end.
	To *time.Time `json:"to"`
	// Value is what the expression gave when it fired.
	Value float64 `json:"-"`
}

// Firing is when a rule fired.
type Firing struct {
	// Episodes is how often an alert of the rule fired.
	Episodes int `json:"episodes"`
	// Time is how long any of its alerts fired, Longest the longest episode.
	Time    time.Duration `json:"-"`
	Longest time.Duration `json:"-"`
	// First and Last are when the first and the last episode began.
	First *time.Time `json:"first,omitempty"`
	Last  *time.Time `json:"last,omitempty"`
	// Pending is how often an alert was pending and did not fire.
	Pending int `json:"pending"`
}

// follower notes the episodes of a rule, step by step.
type follower struct {
	rule *rules.AlertingRule
	step time.Duration
	Firing
	list    []*Episode
	firing  map[uint64]*Episode
	pending map[uint64]bool
	// keep says whether episodes are kept one by one.
	keep bool
	// noted is the time of the last evaluation.
	noted time.Time
}

func newFollower(rule *rules.AlertingRule, step time.Duration, keep bool) *follower {
	return &follower{rule: rule, step: step, keep: keep, firing: map[uint64]*Episode{}, pending: map[uint64]bool{}}
}

// note looks at the rule after its evaluation at a time.
func (f *follower) note(at time.Time) {
	f.noted = at
	firing, pending := map[uint64]*rules.Alert{}, map[uint64]bool{}
	f.rule.ForEachActiveAlert(func(a *rules.Alert) {
		switch a.State {
		case rules.StateFiring:
			copied := *a
			firing[a.Labels.Hash()] = &copied
		case rules.StatePending:
			pending[a.Labels.Hash()] = true
		}
	})
	for key, e := range f.firing {
		if firing[key] == nil {
			f.end(e, at)
			delete(f.firing, key)
		}
	}
	for key, a := range firing {
		if f.firing[key] == nil {
			f.begin(key, a, at)
		}
	}
	for key := range f.pending {
		if firing[key] == nil && !pending[key] {
			f.Pending++
		}
	}
	f.pending = pending
	if len(firing) > 0 {
		f.Time += f.step
	}
}

func (f *follower) begin(key uint64, a *rules.Alert, at time.Time) {
	e := &Episode{Labels: a.Labels, From: at, Value: a.Value}
	f.firing[key] = e
	f.Episodes++
	if f.First == nil {
		f.First = &at
	}
	f.Last = &at
	if f.keep && len(f.list) < maxEpisodes {
		f.list = append(f.list, e)
	}
}

func (f *follower) end(e *Episode, at time.Time) {
	e.To = &at
	f.Longest = max(f.Longest, at.Sub(e.From))
}

// finish closes what fires at the end, without an end of its own. An evaluation stands for the step
// that follows it.
func (f *follower) finish() {
	for _, e := range f.firing {
		f.Longest = max(f.Longest, f.noted.Add(f.step).Sub(e.From))
	}
	slices.SortStableFunc(f.list, func(a, b *Episode) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return labels.Compare(a.Labels, b.Labels)
	})
}
