// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan

import (
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// Scalar reads the scalar that is next. NaN and infinite numbers are missing, as null is.
func (s *Scanner) Scalar() (value.Value, error) {
	switch c := s.Peek(); {
	case c == '"':
		text, err := s.Text()
		return value.NewText(text), err
	case c == '-' && s.word("-Infinity"):
		return value.Value{}, nil
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case s.word("null"), s.word("NaN"), s.word("Infinity"):
		return value.Value{}, nil
	case s.word("true"):
		return value.NewBool(true), nil
	case s.word("false"):
		return value.NewBool(false), nil
	default:
		return value.Value{}, s.fail()
	}
}

func (s *Scanner) number() (value.Value, error) {
	start := s.pos
	whole, ok := s.digits()
	if !ok {
		return value.Value{}, s.fail()
	}
	written := s.text[start:s.pos]
	if whole {
		if i, err := strconv.ParseInt(written, 10, 64); err == nil {
			return value.NewInt(i), nil
		}
	}
	f, _ := strconv.ParseFloat(written, 64) // of what the grammar allows, only a number out of range is an error
	return value.NewFloat(f), nil
}

// digits passes over a number. whole is true where it has neither fraction nor exponent. Where it
// is none, what is next is the byte that is wrong.
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
