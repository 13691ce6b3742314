// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// EachScore calls do with the score, 0 to 1, of each class that ml.prediction.scores has, until it
// returns false. An array's classes are 0, 1, 2, …; percents are made shares.
func (s *Span) EachScore(do func(class string, score float64) bool) {
	x := s.Field(Scores)
	if x == nil || x.Kind == Empty {
		return
	}
	var all scores
	if !eachScore(x, func(_ string, v *Field) bool {
		all.note(v, true)
		return true
	}) {
		s.Flaw(FlawText, "", mlconv.AttrPredictionScores, x)
		return
	}
	percent := all.found && all.percent()
	eachScore(x, func(class string, v *Field) bool {
		if percent {
			f, _, _ := v.Float()
			return do(class, f/100)
		}
		score, ok := s.score(mlconv.AttrPredictionScores, v)
		return !ok || do(class, score)
	})
}

// PositiveScore returns the score of the positive class: ml.prediction.score, else its entry in
// ml.prediction.scores; or else, where classes are two, the confidence in it, or one minus that in
// the other. positive is empty where it is not known.
func (s *Span) PositiveScore(positive, class string, binary bool) (v float64, ok bool) {
	if x := s.Field(Score); x != nil && x.Kind != Empty {
		return s.score(mlconv.AttrPredictionScore, x)
	}
	if positive == "" {
		return 0, false
	}
	s.EachScore(func(c string, score float64) bool {
		if c == positive {
			v, ok = score, true
		}
		return !ok
	})
	if ok || !binary || class == "" {
		return v, ok
	}
	if x := s.Field(Confidence); x != nil && x.Kind != Empty {
		if v, ok = s.score(mlconv.AttrPredictionConfidence, x); ok && class != positive {
			v = 1 - v
		}
	}
	return v, ok
}

// EachRanked calls do with the items of ml.prediction.ranking in their order, until it returns false.
// The attribute must be among Options.Attributes.
func (s *Span) EachRanked(do func(item string) bool) {
	at := s.Fields.Find(mlconv.AttrPredictionRanking)
	if at < 0 {
		return
	}
	switch x := s.At(at); {
	case x.Kind == List:
		var v Field
		for _, item := range x.raw.Slice().All() {
			v.set(item)
			if !do(v.String()) {
				return
			}
		}
	case x.str() != "":
		var v Field
		p := jsonscan.New(x.Text())
		_ = p.Array(func(int) error {
			if err := v.scan(&p); err != nil {
				return err
			}
			if !do(v.String()) {
				return errEnough
			}
			return nil
		})
	}
}
