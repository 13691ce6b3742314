// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// shape is how accumulators of a group are made.
type shape struct {
	bins, classes, k int
}

// tally is what happened in one pane.
type tally struct {
	predicted count
	estimate  estimate
	// sets are by the number that the member has for a set of labels; nil where there is nothing.
	sets []*labelled
	// stored says that the pane has a record in the store, dirty that it is not as the pane is now.
	stored, dirty bool
	// given says how far Closed has given the pane's window.
	given given
}

// count is a number of rows and the sum of their weights.
type count struct {
	rows   int64
	weight float64
}

func (c *count) add(weight float64, sign int64) {
	c.rows += sign
	c.weight += float64(sign) * weight
	if c.rows == 0 {
		c.weight = 0
	}
}

func (c *count) merge(o count) {
	c.rows += o.rows
	c.weight += o.weight
}

// labelled are the rows of a pane that have a label of one set.
type labelled struct {
	// of are the predictions; their labels' weights are not in it.
	of           count
	mature, late measured
	// estimate is what was estimated of these same rows.
	estimate estimate
}

// measured are rows with labels. What the task has no use for is nil.
type measured struct {
	confusion  *evaluation.Confusion
	scores     *evaluation.Scores
	regression *evaluation.Regression
	ranking    *evaluation.Ranking
}

// count adds a row or takes it away; false where it cannot be measured.
func (m *measured) count(t *task, s shape, r *row, sign int64) bool {
	switch t.kind {
	case catalog.Regression:
		if m.regression == nil {
			m.regression = evaluation.NewRegression()
		}
		if sign < 0 {
			return m.regression.Remove(r.value, r.truth, r.weight)
		}
		return m.regression.Add(r.value, r.truth, r.weight)
	case catalog.Ranking:
		if m.ranking == nil {
			m.ranking = evaluation.NewRanking(s.k)
		}
		if sign < 0 {
			return m.ranking.Remove(r.ranked, r.relevant, r.weight)
		}
		return m.ranking.Add(r.ranked, r.relevant, r.weight)
	}
	ok := false
	if r.predicted != "" {
		if m.confusion == nil {
			m.confusion = evaluation.NewConfusion(s.classes)
		}
		if sign < 0 {
			ok = m.confusion.Remove(r.actual, r.predicted, r.weight)
		} else {
			ok = m.confusion.Add(r.actual, r.predicted, r.weight)
		}
	}
	if !r.scored || t.positive == "" {
		return ok
	}
	if m.scores == nil {
		m.scores = evaluation.NewScores(s.bins)
	}
	if sign < 0 {
		return m.scores.Remove(r.score, r.actual == t.positive, r.weight) || ok
	}
	return m.scores.Add(r.score, r.actual == t.positive, r.weight) || ok
}

// merge adds the rows of another one of the same shape.
func (m *measured) merge(o *measured, s shape) {
	if o.confusion != nil {
		if m.confusion == nil {
			m.confusion = evaluation.NewConfusion(s.classes)
		}
		m.confusion.Merge(o.confusion)
	}
	if o.scores != nil {
		if m.scores == nil {
			m.scores = evaluation.NewScores(s.bins)
		}
		m.scores.Merge(o.scores)
	}
	if o.regression != nil {
		if m.regression == nil {
			m.regression = evaluation.NewRegression()
		}
		m.regression.Merge(o.regression)
	}
	if o.ranking != nil {
		if m.ranking == nil {
			m.ranking = evaluation.NewRanking(s.k)
		}
		m.ranking.Merge(o.ranking)
	}
}

// list are the measures of the rows.
func (m *measured) list(t *task, level float64) (out []evaluation.Score) {
	if m.confusion != nil {
		if rows, _ := m.confusion.Total(); rows > 0 {
			out = append(out, m.confusion.Scores(t.positive, level)...)
		}
	}
	if m.scores != nil {
		out = append(out, m.scores.Scores(level)...)
	}
	if m.regression != nil {
		out = append(out, m.regression.Scores(level)...)
	}
	if m.ranking != nil {
		out = append(out, m.ranking.Scores(level)...)
	}
	return out
}

// trials are the outcomes of a rate, false where the rows give none.
func (m *measured) trials(t *task, of evaluation.Measure) (evaluation.Trials, bool) {
	switch {
	case of == evaluation.MeasureHitRate && m.ranking != nil:
		return m.ranking.Trials()
	case of != evaluation.MeasureHitRate && m.confusion != nil:
		return m.confusion.Trials(of, t.positive)
	}
	return evaluation.Trials{}, false
}

// estimate are rows whose labels are guessed from their scores.
type estimate struct {
	binary  *evaluation.Unlabelled
	several *evaluation.Expected
	rows    int64
}

func (e *estimate) count(t *task, s shape, r *row, sign int64) {
	ok := false
	switch {
	case len(t.calibrations) == 0 || r.predicted == "":
	case t.binary() && r.scored:
		if e.binary == nil {
			e.binary = evaluation.NewUnlabelled(s.bins)
		}
		if sign < 0 {
			ok = e.rows > 0 && e.binary.Remove(r.score, r.predicted == t.positive, r.weight)
		} else {
			ok = e.binary.Add(r.score, r.predicted == t.positive, r.weight)
		}
	case !t.binary() && r.scores != nil:
		if e.several == nil {
			e.several = evaluation.NewExpected(t.classes, t.calibrations)
		}
		e.several.Calibrate(t.calibrations)
		if sign < 0 {
			ok = e.rows > 0 && e.several.Remove(r.predicted, r.scores, r.weight)
		} else {
			ok = e.several.Add(r.predicted, r.scores, r.weight)
		}
	}
	if ok {
		e.rows += sign
	}
}

func (e *estimate) merge(o *estimate, t *task, s shape) {
	ok := false
	switch {
	case len(t.calibrations) == 0:
	case o.binary != nil && t.binary():
		if e.binary == nil {
			e.binary = evaluation.NewUnlabelled(s.bins)
		}
		ok = e.binary.Merge(o.binary)
	case o.several != nil && !t.binary():
		if e.several == nil {
			e.several = evaluation.NewExpected(t.classes, t.calibrations)
		}
		ok = e.several.Merge(o.several)
	}
	if ok {
		e.rows += o.rows
	}
}

// list is what the measures are expected to be.
func (e *estimate) list(t *task, level float64) []evaluation.Score {
	switch {
	case e.rows <= 0:
		return nil
	case e.binary != nil:
		return e.binary.Estimate(t.calibrations[0], level)
	}
	return e.several.Scores(level)
}

// confusion is what the counts are expected to be.
func (e *estimate) confusion(t *task) *evaluation.Confusion {
	switch {
	case e.rows <= 0:
		return nil
	case e.several != nil:
		return e.several.Confusion()
	}
	c := evaluation.NewConfusion(2)
	tp, fp, fn, tn := e.binary.Weights(t.calibrations[0])
	c.Add(t.positive, t.positive, tp)
	c.Add(evaluation.Other, t.positive, fp)
	c.Add(t.positive, evaluation.Other, fn)
	c.Add(evaluation.Other, evaluation.Other, tn)
	return c
}
