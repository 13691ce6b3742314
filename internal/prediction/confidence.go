// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"errors"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// rounding is how far outside 0 to 1 a confidence may be and still count as 0 or 1. Sums of softmax
// in float16, whose numbers above 1 are 0.00098 apart, are as far.
const rounding = 1e-3

// probability returns a confidence within 0 to 1, and false for a value that is further outside
// than a rounding.
func probability(v float64) (float64, bool) {
	if !(v >= -rounding && v <= 1+rounding) {
		return 0, false
	}
	return min(max(v, 0), 1), true
}

// Confidence returns the score of the answer given: ml.prediction.confidence, else the class's
// entry in ml.prediction.scores, else ml.prediction.score of the positive class where that is
// known, or one minus it for another class.
func (s *Span) Confidence(positiveClass, class string, classified bool) (float64, bool) {
	if x := s.Field(Confidence); x != nil && x.Kind != Empty {
		return s.score(mlconv.AttrPredictionConfidence, x)
	}
	if !classified {
		return 0, false
	}
	if x := s.Field(Scores); x != nil {
		list, ok := readScores(x, class)
		switch {
		case !ok && x.Kind != Empty:
			s.Flaw(FlawText, "", mlconv.AttrPredictionScores, x)
		case list.found && list.percent():
			v, _, _ := list.own.Float()
			return v / 100, true
		case list.found:
			return s.score(mlconv.AttrPredictionScores, &list.own)
		}
	}
	if x := s.Field(Score); x != nil && positiveClass != "" {
		v, ok := s.score(mlconv.AttrPredictionScore, x)
		if ok && class != positiveClass {
			v = 1 - v
		}
		return v, ok
	}
	return 0, false
}

// score returns a value as a confidence. Only a percent sign makes a percent of one alone.
func (s *Span) score(key string, x *Field) (float64, bool) {
	v, ok, missing := x.Float()
	if missing {
		return 0, false
	}
	if !ok && len(x.str()) <= longestNumber {
		if digits, percent := strings.CutSuffix(x.str(), "%"); percent {
			f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
			v, ok = f/100, err == nil
		}
	}
	if !ok {
		s.Flaw(FlawNumber, "", key, x)
		return 0, false
	}
	if v, ok = probability(v); !ok {
		s.Flaw(FlawRange, "", key, x)
	}
	return v, ok
}

// scores is what ml.prediction.scores says: the score of one class, and of all together.
type scores struct {
	own          Field
	found        bool
	sum, largest float64
}

// note takes the score of a class into account; own says that it is the class that is asked for.
func (s *scores) note(x *Field, own bool) {
	if own && !s.found {
		s.own, s.found = *x, true
	}
	if v, ok, _ := x.Float(); ok {
		s.sum += v
		s.largest = max(s.largest, v)
	}
}

// percent is true where the scores of all classes together say that they are percents.
func (s *scores) percent() bool {
	_, ok, _ := s.own.Float()
	return ok && s.largest > 1+rounding && s.sum > 99 && s.sum < 101
}

// readScores reads the score of a class among all. ok is false where there are none to read.
func readScores(x *Field, class string) (s scores, ok bool) {
	ok = eachScore(x, func(c string, v *Field) bool {
		s.note(v, c == class)
		return true
	})
	return s, ok
}

var errEnough = errors.New("enough was read")

// eachScore calls do with the scores in a map, a JSON object, or an array whose classes are 0, 1, 2,
// …, until it returns false. ok is false for anything else.
func eachScore(x *Field, do func(class string, score *Field) bool) (ok bool) {
	var v Field
	switch {
	case x.Kind == Object:
		for k, score := range x.raw.Map().All() {
			if v.set(score); !do(value.Category(k), &v) {
				break
			}
		}
		return true
	case x.Kind == List:
		for i, score := range x.raw.Slice().All() {
			if v.set(score); !do(strconv.Itoa(i), &v) {
				break
			}
		}
		return true
	case x.str() != "":
		p := jsonscan.New(x.Text())
		err := p.Object(func(key string) error {
			err := v.scan(&p)
			if err == nil && !do(value.Category(key), &v) {
				return errEnough
			}
			return err
		})
		return errors.Is(err, errEnough) || err == nil && p.End() == nil
	}
	return false
}
