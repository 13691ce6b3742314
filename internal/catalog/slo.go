// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"time"
)

// SLO is a service level objective on a model.
type SLO struct {
	Name      string
	Objective float64
	// LatencyBelow makes it an objective on the prediction's duration.
	LatencyBelow time.Duration
	// Measure makes it an objective on a quality measure, such as false_positive_rate.
	Measure string
	// MaxIncrease bounds the measure's increase; nil for no bound.
	MaxIncrease *Increase
	// ComparedWith is how far back the measure is compared.
	ComparedWith time.Duration
	// For is how long the objective may be missed.
	For time.Duration
}

// Increase is an allowed increase, absolute or relative; nil for no bound.
type Increase struct {
	Absolute, Relative *float64
}

func (o object) slo() SLO {
	s := SLO{
		Name: o.text("name"), LatencyBelow: o.duration("latency_below"), Measure: o.text("measure"),
		ComparedWith: o.duration("compared_with"), For: o.duration("for"),
	}
	if objective := o.number("objective"); objective != nil {
		s.Objective = *objective
	}
	if o.has("max_increase") {
		increase := o.block("max_increase")
		s.MaxIncrease = &Increase{Absolute: increase.number("absolute"), Relative: increase.number("relative")}
	}
	if o.m == nil {
		return s
	}
	switch {
	case o.has("latency_below") == o.has("measure"):
		o.fail(nil, "needs either latency_below or measure")
	case o.has("latency_below") && !o.has("objective"):
		o.fail(nil, "latency_below needs objective")
	case o.has("measure") && !o.has("objective") && !o.has("max_increase"):
		o.fail(nil, "measure needs objective or max_increase")
	}
	if o.has("max_increase") && !o.has("compared_with") {
		o.fail([]string{"max_increase"}, "needs compared_with")
	}
	return s
}
