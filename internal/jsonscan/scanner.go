// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan

import "strings"

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 64

// Scanner reads one JSON string.
type Scanner struct {
	text string
	pos  int
	// depth is the number of arrays and objects around what is next, as far as Object and Array
	// opened them.
	depth  int
	copied int
}

// New returns a Scanner at the start of a string.
func New(text string) Scanner { return Scanner{text: text} }

// Offset returns the place of what is next.
func (s *Scanner) Offset() int { return s.pos }

// From returns the string from an offset to what is next.
func (s *Scanner) From(offset int) string { return s.text[offset:s.pos] }

// Rest returns what has not been read.
func (s *Scanner) Rest() string { return s.text[s.pos:] }

// Copied returns about how many bytes the strings take that are not part of the JSON, because they
// had escapes.
func (s *Scanner) Copied() int { return s.copied }

// Peek passes over white space and returns the next byte, 0 at the end.
func (s *Scanner) Peek() byte {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// Take passes over c where it is next, after white space.
func (s *Scanner) Take(c byte) bool {
	if s.Peek() != c || s.pos == len(s.text) {
		return false
	}
	s.pos++
	return true
}

// End fails unless only white space is left.
func (s *Scanner) End() error {
	if s.Peek(); s.pos < len(s.text) {
		return ErrUnexpected
	}
	return nil
}

// Object calls member for each key of the object that is next. The key's value is next then, and
// member reads it.
func (s *Scanner) Object(member func(key string) error) error {
	if err := s.open('{'); err != nil {
		return err
	}
	if s.close('}') {
		return nil
	}
	for {
		key, err := s.Key()
		if err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
		if s.close('}') {
			return nil
		}
		if !s.Take(',') {
			return s.fail()
		}
	}
}

// Array calls element for each element of the array that is next; element reads it.
func (s *Scanner) Array(element func(i int) error) error {
	if err := s.open('['); err != nil {
		return err
	}
	if s.close(']') {
		return nil
	}
	for i := 0; ; i++ {
		if err := element(i); err != nil {
			return err
		}
		if s.close(']') {
			return nil
		}
		if !s.Take(',') {
			return s.fail()
		}
	}
}

// Key reads the key of a member and the colon after it.
func (s *Scanner) Key() (string, error) {
	key, err := s.Text()
	if err == nil && !s.Take(':') {
		err = s.fail()
	}
	return key, err
}

func (s *Scanner) open(bracket byte) error {
	if !s.Take(bracket) {
		return s.fail()
	}
	if s.depth == MaxDepth {
		return ErrTooDeep
	}
	s.depth++
	return nil
}

func (s *Scanner) close(bracket byte) bool {
	if !s.Take(bracket) {
		return false
	}
	s.depth--
	return true
}

// word passes over w where it is next.
func (s *Scanner) word(w string) bool {
	if !strings.HasPrefix(s.text[s.pos:], w) {
		return false
	}
	s.pos += len(w)
	return true
}
