// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// task is what rows are compared by. It is decided once for a member.
type task struct {
	kind     catalog.Task
	positive string
	// classes are those of the calibrations, sorted.
	classes      []string
	calibrations []evaluation.Isotonic
	against      string
}

func newTask(t Task) task {
	out := task{kind: t.Kind, positive: t.Positive, against: t.Against}
	if t.Kind == "" && t.Positive != "" {
		out.kind = catalog.BinaryClassification
	}
	switch out.kind {
	case catalog.BinaryClassification:
		if c, ok := t.Calibration[t.Positive]; ok && t.Positive != "" {
			out.classes, out.calibrations = []string{t.Positive}, []evaluation.Isotonic{c}
		}
	case catalog.Multiclass:
		out.positive = ""
		if len(t.Calibration) < 2 {
			break
		}
		out.classes = slices.Sorted(maps.Keys(t.Calibration))
		for _, class := range out.classes {
			out.calibrations = append(out.calibrations, t.Calibration[class])
		}
	case catalog.Regression, catalog.Ranking:
		out.positive = ""
	default:
		out.kind, out.positive = "", ""
	}
	return out
}

// binary says whether there is a class that scores and false positives are about.
func (t *task) binary() bool { return t.kind == catalog.BinaryClassification }

func (t *task) classifies() bool { return t.binary() || t.kind == catalog.Multiclass }

// meaning is a hash of all that decides how a row is counted; rows of another meaning cannot be taken
// away again.
func (t *task) meaning() uint64 {
	var e wire.Encoder
	e.String(string(t.kind))
	e.String(t.positive)
	e.Uvarint(uint64(len(t.calibrations)))
	// Scores of binary models are kept as they are, and calibrated when they are looked at.
	if t.kind == catalog.Multiclass {
		for i, class := range t.classes {
			e.String(class)
			t.calibrations[i].Encode(&e)
		}
	}
	h := fnv.New64a()
	_, _ = h.Write(e.Bytes())
	return h.Sum64()
}

// infer finds out what a model does from an answer and its label; false where they say nothing.
func infer(a *answer.Answer, l *label.Label) (Task, bool) {
	switch {
	case len(a.Ranking) > 0:
		return Task{Kind: catalog.Ranking}, len(l.Relevances) > 0 || l.Class != ""
	case a.Class != "" && l.Class != "":
		if positive := truth(a.Class); a.HasScore && positive != "" && truth(l.Class) == positive {
			return Task{Kind: catalog.BinaryClassification, Positive: positive}, true
		}
		return Task{Kind: catalog.Multiclass}, true
	case a.HasValue && l.HasValue:
		return Task{Kind: catalog.Regression}, true
	}
	return Task{}, false
}

// truth is how yes is spelt where a class is yes or no: 1 of 0 and 1, true of false and true.
func truth(class string) string {
	switch class {
	case "0", "1":
		return "1"
	case "false", "true", "False", "True":
		if class[0] == 'F' || class[0] == 'T' {
			return "True"
		}
		return "true"
	}
	return ""
}

// row is an answer beside its label.
type row struct {
	weight float64
	// predicted and actual are classes; predicted is empty where there is but a score.
	predicted, actual string
	// score is that of the positive class.
	score  float64
	scored bool
	// scores are those of the task's classes, nil where one is missing.
	scores []float64
	value  float64
	truth  float64
	// ranked are the relevances of the items that were shown, relevant those of all.
	ranked, relevant []float64
}

// comparison makes rows. It belongs to an Engine, and its memory is used again.
type comparison struct {
	row       row
	relevance map[string]float64
	scores    []float64
}

// answered reads the answer's side into the row; false where the answer is of another kind than the
// task.
func (c *comparison) answered(t *task, a *answer.Answer) bool {
	r := &c.row
	*r = row{weight: a.Weight, predicted: a.Class, value: a.Value, ranked: r.ranked[:0], relevant: r.relevant[:0]}
	switch t.kind {
	case catalog.Regression:
		return a.HasValue
	case catalog.Ranking:
		return len(a.Ranking) > 0
	case catalog.BinaryClassification:
		r.score, r.scored = a.Score, a.HasScore
		if !r.scored {
			r.score, r.scored = scoreOf(a.Scores, t.positive)
		}
		r.scored = r.scored && r.score >= 0 && r.score <= 1
		return a.Class != "" || r.scored && t.positive != ""
	}
	if len(t.classes) > 0 {
		r.scores = c.scoresOf(t.classes, a.Scores)
	}
	return a.Class != ""
}

func scoreOf(scores []answer.ClassScore, class string) (float64, bool) {
	for i := range scores {
		if scores[i].Class == class {
			return scores[i].Score, true
		}
	}
	return 0, false
}

// scoresOf are the scores of classes, nil where one is missing. Both sides are sorted.
func (c *comparison) scoresOf(classes []string, scores []answer.ClassScore) []float64 {
	c.scores = c.scores[:0]
	at := 0
	for _, class := range classes {
		for at < len(scores) && scores[at].Class < class {
			at++
		}
		if at == len(scores) || scores[at].Class != class {
			return nil
		}
		c.scores = append(c.scores, scores[at].Score)
	}
	return c.scores
}

// labelled reads the label's side into the row, after answered.
func (c *comparison) labelled(t *task, a *answer.Answer, l *label.Label) bool {
	r := &c.row
	r.weight *= l.Weight
	switch t.kind {
	case catalog.Regression:
		r.truth = l.Value
		return l.HasValue
	case catalog.Ranking:
		return c.rank(a, l)
	case catalog.BinaryClassification:
		r.actual = binaryTruth(t.positive, a.Class, l.Class)
	default:
		r.actual = l.Class
	}
	return l.Class != ""
}

// binaryTruth is the actual class of a binary model. Labels may say yes and no where the positive
// class has a name of its own; and there are but two sides, so that one negative class is as right as
// another.
func binaryTruth(positive, predicted, actual string) string {
	if positive == "" || actual == positive {
		return actual
	}
	if yes := truth(actual); yes != "" && truth(positive) == "" {
		if strings.EqualFold(actual, yes) {
			return positive
		}
		actual = evaluation.Other
	}
	if predicted != "" && predicted != positive {
		return predicted
	}
	return actual
}

// rank reads the relevances of the items that were shown; a label with a class says which one item
// was right.
func (c *comparison) rank(a *answer.Answer, l *label.Label) bool {
	if len(l.Relevances) == 0 && l.Class == "" {
		return false
	}
	if c.relevance == nil {
		c.relevance = map[string]float64{}
	}
	clear(c.relevance)
	for i := range l.Relevances {
		c.relevance[l.Relevances[i].Item] = l.Relevances[i].Gain
	}
	if len(l.Relevances) == 0 {
		c.relevance[l.Class] = 1
	}
	r := &c.row
	for _, item := range a.Ranking {
		r.ranked = append(r.ranked, c.relevance[item])
	}
	for _, gain := range c.relevance {
		r.relevant = append(r.relevant, gain)
	}
	return true
}
