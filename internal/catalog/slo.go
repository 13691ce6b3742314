// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"strings"
	"time"
)

// The measures of objectives.
const (
	MeasureErrors         = "errors"
	MeasureMissing        = "missing"
	MeasureFPR            = "false_positive_rate"
	MeasureFNR            = "false_negative_rate"
	MeasureRecall         = "recall"
	MeasurePrecision      = "precision"
	MeasureAccuracy       = "accuracy"
	MeasureAgreement      = "agreement"
	MeasureEvaluatorScore = "evaluator_score"
	MeasureDrift          = "drift"
	MeasureCoverage       = "coverage"
	MeasureTokens         = "tokens_per_day"
	MeasureCost           = "cost_per_day"
	MeasureFreshness      = "freshness"
	MeasureRows           = "rows"
)

// measureNames are other names of measures: those of ml.evaluation.measure.
var measureNames = map[string]string{"fpr": MeasureFPR, "fnr": MeasureFNR}

// SLO is a service level objective on a model or a job.
type SLO struct {
	Name, Description string
	// Objective is the share of predictions or of time that must be good; 0 for a bound on a measure
	// that must always be kept.
	Objective float64
	// Period is the time of the share; 0 for the usual one.
	Period time.Duration
	// LatencyBelow makes it an objective on the prediction's duration, and OwnBucket says that it is
	// none of the usual buckets.
	LatencyBelow time.Duration
	OwnBucket    bool
	// Measure is what is measured, such as false_positive_rate; empty for the duration.
	Measure string
	// Evaluator, Feature, Stage and Currency say what a measure is of.
	Evaluator, Feature, Stage, Currency string
	// Min and Max are the last good values, Age that of freshness.
	Min, Max *float64
	Age      time.Duration
	// MaxIncrease and MaxDecrease bound the measure's change; nil for no bound.
	MaxIncrease, MaxDecrease *Change
	// ComparedWith is how far back the measure is compared.
	ComparedWith time.Duration
	// For is how long a bound may be missed, Window how much of the past a share is measured over;
	// 0 for the usual.
	For, Window time.Duration
	// MinSamples is how many events a verdict needs; 0 for the usual.
	MinSamples int
	// NoData is what happens to alerts while nothing is measured; empty for the usual.
	NoData string
	// Line is where it begins in the card's file.
	Line int
}

// Change is an allowed change, absolute or relative; nil for no bound.
type Change struct {
	Absolute, Relative *float64
}

// slos reads the objectives of a card.
func (o object) slos() []SLO {
	blocks := o.blocks("slos")
	once(blocks, "name")
	var slos []SLO
	for _, b := range blocks {
		slos = append(slos, b.slo())
	}
	return slos
}

func (o object) slo() SLO {
	_, node := o.doc.At(o.path)
	s := SLO{
		Name: o.text("name"), Description: o.text("description"), Period: o.duration("period"),
		LatencyBelow: o.duration("latency_below"), OwnBucket: o.flag("own_bucket"), Measure: o.text("measure"),
		Evaluator: o.text("evaluator"), Feature: o.text("feature"), Stage: o.text("stage"), Currency: o.text("currency"),
		Min: o.number("min"), Max: o.number("max"), Age: o.duration("max_age"),
		MaxIncrease: o.change("max_increase"), MaxDecrease: o.change("max_decrease"),
		ComparedWith: o.duration("compared_with"), For: o.duration("for"), Window: o.duration("window"),
		MinSamples: o.integer("min_samples"), NoData: o.text("no_data"), Line: node.Line,
	}
	if name, ok := measureNames[s.Measure]; ok {
		s.Measure = name
	}
	if objective := o.number("objective"); objective != nil {
		s.Objective = *objective
	}
	if o.m != nil {
		o.checkSLO(s)
	}
	return s
}

func (o object) change(key string) *Change {
	if !o.has(key) {
		return nil
	}
	b := o.block(key)
	return &Change{Absolute: b.number("absolute"), Relative: b.number("relative")}
}

// form says which keys an objective on a measure may have beside those that all have.
type form struct {
	// needs are keys that must be there, may those that can be.
	needs, may []string
	// bounds are keys that bound the measure; one of them, and only one, must be there.
	bounds []string
	// events is true where the measure is a share of events, so that objective takes the place of a
	// bound; else objective stands beside one and is a share of the time.
	events bool
}

var (
	rising  = form{bounds: []string{"max", "max_increase"}, may: []string{"compared_with", "window", "min_samples"}, events: true}
	falling = form{bounds: []string{"min", "max_decrease"}, may: []string{"compared_with", "window", "min_samples"}, events: true}
	forms   = map[string]form{
		MeasureErrors:         {bounds: rising.bounds, may: rising.may, events: true},
		MeasureMissing:        {needs: []string{"feature"}, bounds: rising.bounds, may: rising.may, events: true},
		MeasureFPR:            rising,
		MeasureFNR:            rising,
		MeasureRecall:         falling,
		MeasurePrecision:      falling,
		MeasureAccuracy:       falling,
		MeasureAgreement:      {bounds: []string{"min"}, may: []string{"min_samples"}},
		MeasureEvaluatorScore: {needs: []string{"evaluator"}, bounds: []string{"min", "max"}, may: []string{"min_samples"}},
		MeasureDrift:          {may: []string{"feature"}},
		MeasureCoverage:       {bounds: []string{"min"}},
		MeasureTokens:         {bounds: []string{"max"}},
		MeasureCost:           {needs: []string{"currency"}, bounds: []string{"max"}},
		MeasureFreshness:      {bounds: []string{"max_age"}},
		MeasureRows:           {needs: []string{"stage"}, bounds: []string{"min", "max"}},
	}
)

// special are the keys that only some measures have.
var special = []string{
	"evaluator", "feature", "stage", "currency", "min", "max", "max_age", "max_increase", "max_decrease",
	"compared_with", "window", "min_samples",
}

// checkSLO reports what the schema cannot say.
func (o object) checkSLO(s SLO) {
	if o.has("latency_below") == o.has("measure") {
		o.fail(nil, "needs either latency_below or measure")
		return
	}
	f, known := forms[s.Measure]
	what := "measure " + s.Measure
	if s.Measure == "" {
		f, known, what = form{needs: []string{"objective"}, events: true}, true, "latency_below"
	}
	if !known { // the schema has said so
		return
	}
	for _, key := range f.needs {
		if !o.has(key) {
			o.fail(nil, "%s needs %s", what, key)
		}
	}
	for _, key := range special {
		if o.has(key) && !slices.Contains(f.needs, key) && !slices.Contains(f.may, key) && !slices.Contains(f.bounds, key) {
			o.fail([]string{key}, "is not for %s", what)
		}
	}
	if o.has("own_bucket") && s.Measure != "" {
		o.fail([]string{"own_bucket"}, "is for latency_below")
	}
	if s.Measure != "" {
		o.checkBounds(f, what)
	}
}

func (o object) checkBounds(f form, what string) {
	var given []string
	for _, key := range f.bounds {
		if o.has(key) {
			given = append(given, key)
		}
	}
	share := f.events && o.has("objective")
	choices := strings.Join(f.bounds, " or ")
	switch {
	case share && len(given) > 0:
		o.fail([]string{given[0]}, "stands beside objective, only one of the two can be")
	case len(given) > 1:
		o.fail([]string{given[1]}, "stands beside %s, only one of the two can be", given[0])
	case f.events && !share && len(given) == 0:
		o.fail(nil, "%s needs objective, %s", what, strings.Join(f.bounds, " or "))
	case !f.events && len(f.bounds) > 0 && len(given) == 0:
		o.fail(nil, "%s needs %s", what, choices)
	}
	compared := o.has("max_increase") || o.has("max_decrease")
	if compared && !o.has("compared_with") {
		key := "max_increase"
		if o.has("max_decrease") {
			key = "max_decrease"
		}
		o.fail([]string{key}, "needs compared_with")
	}
	if o.has("compared_with") && !compared {
		o.fail([]string{"compared_with"}, "needs %s", f.bounds[len(f.bounds)-1])
	}
	if o.has("period") && !o.has("objective") {
		o.fail([]string{"period"}, "needs objective")
	}
	for _, key := range []string{"for", "window", "min_samples"} {
		if o.has(key) && o.has("objective") {
			o.fail([]string{key}, "is for a bound, and there is an objective")
		}
	}
}
