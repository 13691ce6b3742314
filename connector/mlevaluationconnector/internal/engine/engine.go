// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package engine is what ml_evaluation counts by, and what it counts: the log in which answers and
// labels wait, measures of quality, scores of evaluators, and shadow models.
//
//	Apply ─► waiting.Log ─► Answered ───► quality, shadow
//	                        Labelled ───► quality, or evaluator where a label is an opinion
//	                        Alone ──────► evaluator: an opinion of a span that is no prediction
package engine

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/evaluator"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/quality"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/shadow"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/waiting"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Options are those of the parts.
type Options struct {
	Waiting    waiting.Options
	Quality    quality.Options
	Evaluators evaluator.Options
	Shadow     shadow.Options
	// Misjudged is called with each answer that a label of live traffic contradicts, which are valid
	// during the call; nil is not called.
	Misjudged func(a *answer.Answer, l *label.Label)
}

// Engine counts. It is not safe for concurrent use.
type Engine struct {
	Log        *waiting.Log
	Quality    *quality.Engine
	Evaluators *evaluator.Table
	Shadow     *shadow.Engine

	misjudged func(a *answer.Answer, l *label.Label)
	tasks     func(prediction.Identity) quality.Task
	now       time.Time
}

var _ waiting.Sink = (*Engine)(nil)

// New returns one that has counted nothing.
func New(o Options) *Engine {
	measures := quality.New(o.Quality)
	o.Waiting.Vouched = measures.Vouched
	o.Shadow.Vouched = measures.Vouched
	return &Engine{
		Log: waiting.New(o.Waiting), Quality: measures, Evaluators: evaluator.NewTable(o.Evaluators),
		Shadow: shadow.New(o.Shadow), misjudged: o.Misjudged,
		tasks: func(prediction.Identity) quality.Task { return quality.Task{} },
	}
}

// SetTasks says what models do. It returns those that were reset, as they do something else now.
func (e *Engine) SetTasks(tasks func(prediction.Identity) quality.Task) (reset []prediction.Identity) {
	e.tasks = tasks
	return e.Quality.SetTasks(tasks)
}

// Apply takes what has come at a time.
func (e *Engine) Apply(items []waiting.Item, now time.Time) {
	e.now = now
	e.Log.Apply(items, now, e)
}

// Advance lets go what is over.
func (e *Engine) Advance(now time.Time) {
	e.Log.Advance(now)
	e.Quality.Advance(now)
}

// Answered counts an answer.
func (e *Engine) Answered(a *answer.Answer) {
	e.Shadow.Answer(a, e.now)
	if hasAnswer(a) {
		e.Quality.Predict(a, e.now)
	}
}

// hasAnswer reports whether there is something in an answer that labels can be compared with.
func hasAnswer(a *answer.Answer) bool {
	return a.Class != "" || a.HasValue || a.HasScore || len(a.Scores) > 0 || len(a.Ranking) > 0
}

// opinion returns a label as what an evaluator says: where it is one, and where the answer is a text,
// which no label can be compared with.
func (e *Engine) opinion(a *answer.Answer, l *label.Label) (j evaluator.Judgement, ok bool) {
	if !evaluator.IsJudgement(l) && hasAnswer(a) && e.tasks(a.Identity).Kind != catalog.Generation {
		return j, false
	}
	return evaluator.FromLabel(l)
}

// Labelled counts a label.
func (e *Engine) Labelled(a *answer.Answer, l *label.Label) {
	if j, ok := e.opinion(a, l); ok {
		e.Evaluators.Judge(a, &j, e.now)
		return
	}
	e.Quality.Label(a, l)
	if e.misjudged != nil && l.Set == "" && a.Class != "" && l.Class != "" && a.Class != l.Class {
		e.misjudged(a, l)
	}
}

// Unlabelled takes a label back.
func (e *Engine) Unlabelled(a *answer.Answer, l *label.Label) {
	if j, ok := e.opinion(a, l); ok {
		e.Evaluators.Unjudge(a, &j)
		return
	}
	e.Quality.Unlabel(a, l)
}

// Alone counts an opinion of a span that is not known, so that one of an agent, or of a span that was
// not sampled, is not lost.
func (e *Engine) Alone(l *label.Label) {
	if a, j, ok := alone(l); ok {
		e.Evaluators.Judge(&a, &j, e.now)
	}
}

// Met takes back what Alone has counted.
func (e *Engine) Met(l *label.Label) {
	if a, j, ok := alone(l); ok {
		e.Evaluators.Unjudge(&a, &j)
	}
}

func alone(l *label.Label) (a answer.Answer, j evaluator.Judgement, ok bool) {
	if !evaluator.IsJudgement(l) {
		return a, j, false
	}
	j, ok = evaluator.FromLabel(l)
	return answer.Answer{Time: j.Time, Duration: -1, Weight: 1}, j, ok
}

// Keys of the parts that are one value. The others have keys of their own.
const (
	keyEvaluators = "evaluators"
	keyShadow     = "shadow"
)

// FixedKeys are the keys of values that are always the same.
func FixedKeys() []string { return []string{keyEvaluators, keyShadow} }

// Save calls put with what has changed since the last Save, and remove with the keys of what is gone.
func (e *Engine) Save(put func(key string, record []byte), remove func(key string)) {
	e.Log.Save(put, remove)
	e.Quality.Snapshot(func(key string, record []byte) {
		if record == nil {
			remove(key)
			return
		}
		put(key, record)
	})
	put(keyEvaluators, e.Evaluators.Snapshot())
	put(keyShadow, e.Shadow.Snapshot())
}

// Load reads what Save has put, in any order, before anything is applied.
func (e *Engine) Load(key string, record []byte) error {
	switch {
	case key == keyEvaluators:
		return e.Evaluators.Restore(record)
	case key == keyShadow:
		return e.Shadow.Restore(record)
	case waiting.IsBlock(key):
		return e.Log.LoadBlock(key, record)
	}
	return e.Quality.Restore(key, record)
}
