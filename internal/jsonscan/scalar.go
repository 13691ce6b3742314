// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan

import (
	"math"
	"strconv"
)

// Kind is what a scalar is.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Bool
	// Int is a whole number that fits an int64.
	Int
	// Float is any other number, also NaN and the infinite ones.
	Float
	Text
)

// Scalar is a value that is neither array nor object. The field of its kind is set.
type Scalar struct {
	Text  string
	Int   int64
	Float float64
	Kind  Kind
	Bool  bool
}

// Scalar reads the scalar that is next.
func (s *Scanner) Scalar() (Scalar, error) {
	switch c := s.Peek(); {
	case c == '"':
		text, err := s.Text()
		return Scalar{Kind: Text, Text: text}, err
	case c == '-' && s.word("-Infinity"):
		return Scalar{Kind: Float, Float: math.Inf(-1)}, nil
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case s.word("null"):
		return Scalar{}, nil
	case s.word("true"):
		return Scalar{Kind: Bool, Bool: true}, nil
	case s.word("false"):
		return Scalar{Kind: Bool}, nil
	case s.word("NaN"):
		return Scalar{Kind: Float, Float: math.NaN()}, nil
	case s.word("Infinity"):
		return Scalar{Kind: Float, Float: math.Inf(1)}, nil
	default:
		return Scalar{}, s.fail()
	}
}

func (s *Scanner) number() (Scalar, error) {
	start := s.pos
	whole, ok := s.digits()
	if !ok {
		return Scalar{}, s.fail()
	}
	written := s.text[start:s.pos]
	if whole {
		if i, err := strconv.ParseInt(written, 10, 64); err == nil {
			return Scalar{Kind: Int, Int: i}, nil
		}
	}
	f, _ := strconv.ParseFloat(written, 64) // of what the grammar allows, it fails for what is out of range alone
	return Scalar{Kind: Float, Float: f}, nil
}

// digits passes over a number. whole is true where it has neither fraction nor exponent. Where it is none, what is next is the
// byte that is wrong.
func (s *Scanner) digits() (whole, ok bool) {
	if s.text[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.text) && s.text[s.pos] == '0' {
		s.pos++
	} else if !s.run() {
		return false, false
	}
	whole = true
	if s.pos < len(s.text) && s.text[s.pos] == '.' {
		s.pos++
		if whole = false; !s.run() {
			return false, false
		}
	}
	if s.pos < len(s.text) && (s.text[s.pos] == 'e' || s.text[s.pos] == 'E') {
		s.pos++
		if s.pos < len(s.text) && (s.text[s.pos] == '+' || s.text[s.pos] == '-') {
			s.pos++
		}
		if whole = false; !s.run() {
			return false, false
		}
	}
	return whole, true
}

// run passes over one digit or more.
func (s *Scanner) run() bool {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > start
}
