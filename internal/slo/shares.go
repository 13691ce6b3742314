// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// What bounds have that do not say otherwise.
const (
	usualFor        = 15 * time.Minute
	usualMinSamples = 100
	leastWindow     = 5 * time.Minute
)

// counts are what is counted since the beginning, with something behind each of its selectors.
type counts func(suffix string) string

// share gives an objective the form of a share of events.
type share func(of subject, s *SLO, card catalog.SLO) error

// shares are the measures of models that are shares of events.
var shares = map[string]share{
	catalog.MeasureErrors: func(of subject, s *SLO, card catalog.SLO) error {
		return of.counted(s, card, of.series("ml_prediction_count_total", `ml_segment=""`, `error_type!=""`))
	},
	catalog.MeasureMissing: func(of subject, s *SLO, card catalog.SLO) error {
		return of.counted(s, card, of.series("ml_feature_missing_count_total", `ml_segment=""`, "ml_feature_name="+strconv.Quote(card.Feature)))
	},
	catalog.MeasureFPR:       matrix([]string{predicted + is, actual + isNot}, []string{actual + isNot}, true),
	catalog.MeasureFNR:       matrix([]string{predicted + isNot, actual + is}, []string{actual + is}, true),
	catalog.MeasureRecall:    matrix([]string{predicted + is, actual + is}, []string{actual + is}, false),
	catalog.MeasurePrecision: matrix([]string{predicted + is, actual + is}, []string{predicted + is}, false),
	catalog.MeasureAccuracy: func(of subject, s *SLO, card catalog.SLO) error {
		return of.evaluated(s, card, of.sameClass(), of.labels(nil), false)
	},
}

const (
	predicted = "ml_evaluation_predicted"
	actual    = "ml_evaluation_actual"
	is        = "="
	isNot     = "!="
)

// matrix is a share of a part of the confusion matrix. Its cells are matchers without the class.
func matrix(part, whole []string, upward bool) share {
	return func(of subject, s *SLO, card catalog.SLO) error {
		class := of.model.PositiveClass
		if class == "" {
			return errors.New("measure " + card.Measure + " needs positive_class on the card")
		}
		cellsOf := func(cells []string) counts {
			matchers := make([]string, len(cells))
			for i, cell := range cells {
				matchers[i] = cell + strconv.Quote(class)
			}
			return of.labels(matchers)
		}
		return of.evaluated(s, card, cellsOf(part), cellsOf(whole), upward)
	}
}

// labels counts answers whose labels are known.
func (of subject) labels(matchers []string) counts {
	series := of.series("ml_evaluation_count", append([]string{`ml_label_set=""`}, matchers...)...)
	return func(suffix string) string { return series + suffix }
}

// sameClass counts answers that are right.
func (of subject) sameClass() counts {
	all := of.labels(nil)
	labels := strings.Join(append(of.inner(), predicted), ", ")
	return func(suffix string) string {
		return fmt.Sprintf(`%s and on (%s, %s) label_replace(group by (%s) (%s), "%s", "$1", "%s", "(.*)")`,
			all(suffix), labels, actual, labels, all(suffix), actual, predicted)
	}
}

// counted is on events of a counter that are a part of the predictions.
func (of subject) counted(s *SLO, card catalog.SLO, part string) error {
	whole := of.series("ml_prediction_count_total", `ml_segment=""`)
	if card.Objective > 0 {
		rate := func(series string) objective.Query {
			return objective.Query(of.aggregate("sum", "rate("+series+"[{{.window}}])"))
		}
		of.budget(s, card, objective.Indicator{Bad: rate(part), Total: rate(whole)})
		return nil
	}
	of.bounded(s, card, &objective.Proportion{Part: part, Whole: whole, Counters: true}, true)
	return nil
}

// evaluated is on counts of labels, of the total and of each segment.
func (of subject) evaluated(s *SLO, card catalog.SLO, part, whole counts, upward bool) error {
	of.by = append(slices.Clone(of.by), labelSegment)
	all := of.labels(nil)
	since := func(c counts, suffix string) string {
		inner := strings.Join(of.inner(), ", ")
		return fmt.Sprintf("(sum by (%s) (%s) or sum by (%s) (%s) * 0)", inner, c(suffix), inner, all(suffix))
	}
	if card.Objective == 0 {
		of.bounded(s, card, &objective.Proportion{Part: since(part, ""), Whole: since(whole, "")}, upward)
		return nil
	}
	arrived := func(c counts) objective.Query {
		return objective.Query("clamp_min(" + of.aggregate("sum", since(c, "")+" - "+since(c, " offset {{.window}}")) + ", 0)")
	}
	i := objective.Indicator{Total: arrived(whole), Bad: arrived(part)}
	if !upward {
		i.Bad, i.Good = "", i.Bad
	}
	of.budget(s, card, i)
	return nil
}

// inner are the labels by which counts are compared with what they were: a version that appears, or
// is no longer there, is not taken for predictions that have just got their labels.
func (of subject) inner() []string {
	labels := append(slices.Clone(of.by), labelVersion)
	if !slices.Contains(of.by, labelSegment) {
		labels = append(labels, labelSegment)
	}
	return labels
}

// bounded is on a share that must not be beyond a bound, or must not change by more than it.
func (of subject) bounded(s *SLO, card catalog.SLO, p *objective.Proportion, upward bool) {
	b := &objective.Breach{
		Proportion: p, By: of.by, Upward: upward, Unit: objective.Percent, Low: 0, High: 1, Bound: card.Max,
		For: card.For, Window: card.Window, MinSamples: float64(card.MinSamples),
	}
	if !upward {
		b.Bound = card.Min
	}
	change := card.MaxIncrease
	if change == nil {
		change = card.MaxDecrease
	}
	if change != nil {
		b.Compared = &objective.Comparison{With: card.ComparedWith, Absolute: change.Absolute, Relative: change.Relative}
	}
	usual(b)
	s.Breach = b
}

// usual fills in what is not said.
func usual(b *objective.Breach) {
	if b.For == 0 {
		b.For = usualFor
	}
	if b.Window == 0 {
		b.Window = max(b.For, leastWindow)
	}
	if b.MinSamples == 0 {
		b.MinSamples = usualMinSamples
	}
}
