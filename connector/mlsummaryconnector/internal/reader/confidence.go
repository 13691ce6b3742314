// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// rounding is how far outside 0 to 1 a confidence may be and still count as 0 or 1. Sums of softmax in float16, whose numbers
// above 1 are 0.00098 apart, are as far.
const rounding = 1e-3

// probability returns a confidence within 0 to 1, and false for a value that is further outside than a rounding.
func probability(v float64) (float64, bool) {
	if !(v >= -rounding && v <= 1+rounding) {
		return 0, false
	}
	return min(max(v, 0), 1), true
}

// confidence returns the score of the answer given: ml.prediction.confidence, else the class's entry in
// ml.prediction.scores, else ml.prediction.score of the positive class where the card names that, or one minus it for
// another class.
func (r *Reader) confidence(view *modelView, sh *shape, class string, classified bool) (float64, bool) {
	if sh.confidence >= 0 && r.values[sh.confidence].kind != empty {
		return r.score(mlconv.AttrPredictionConfidence, &r.values[sh.confidence])
	}
	if !classified {
		return 0, false
	}
	if sh.scores >= 0 {
		x := &r.values[sh.scores]
		list, ok := r.scores(x, class)
		switch {
		case !ok && x.kind != empty:
			r.flaw(FlawText, "", mlconv.AttrPredictionScores, x)
		case list.found && list.percent():
			v, _, _ := list.own.float()
			return v / 100, true
		case list.found:
			return r.score(mlconv.AttrPredictionScores, &list.own)
		}
	}
	if sh.score >= 0 && view.plan.PositiveClass != "" {
		v, ok := r.score(mlconv.AttrPredictionScore, &r.values[sh.score])
		if ok && class != view.plan.PositiveClass {
			v = 1 - v
		}
		return v, ok
	}
	return 0, false
}

// score returns a value as a confidence. Only a percent sign makes a percent of one alone.
func (r *Reader) score(key string, x *value) (float64, bool) {
	v, ok, missing := x.float()
	if x.kind == text && !ok {
		if digits, percent := strings.CutSuffix(x.str, "%"); percent {
			f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
			v, ok = f/100, err == nil
		}
	}
	if missing {
		return 0, false
	}
	if !ok {
		r.flaw(FlawNumber, "", key, x)
		return 0, false
	}
	if v, ok = probability(v); !ok {
		r.flaw(FlawRange, "", key, x)
	}
	return v, ok
}

// scores is what ml.prediction.scores says: the score of one class, and of all together.
type scores struct {
	own          value
	found        bool
	sum, largest float64
}

func (s *scores) add(x *value, own bool) {
	if own && !s.found {
		s.own, s.found = *x, true
	}
	if v, ok, _ := x.float(); ok {
		s.sum += v
		s.largest = max(s.largest, v)
	}
}

// percent is true where the scores of all classes together say that they are percents.
func (s *scores) percent() bool {
	_, ok, _ := s.own.float()
	return ok && s.largest > 1+rounding && s.sum > 99 && s.sum < 101
}

// scores reads a map, a JSON object, or an array of which the class is the index. ok is false for anything else.
func (r *Reader) scores(x *value, class string) (s scores, ok bool) {
	var v value
	switch x.kind {
	case object:
		for k, score := range x.raw.Map().All() {
			v.set(score)
			s.add(&v, k == class)
		}
		return s, true
	case list:
		at, err := strconv.Atoi(class)
		for i, score := range x.raw.Slice().All() {
			v.set(score)
			s.add(&v, err == nil && i == at)
		}
		return s, true
	case text:
		p := scanner{s: x.str}
		if !p.take('{') {
			return s, false
		}
		if p.take('}') {
			return s, p.end()
		}
		for {
			key, good := p.text()
			if !good || !p.take(':') || !p.value(&v) {
				return s, false
			}
			s.add(&v, key == class)
			if p.take('}') {
				return s, p.end()
			}
			if !p.take(',') {
				return s, false
			}
		}
	}
	return s, false
}
