// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan

// Error is why a string is not JSON. Offset says where.
type Error uint8

// The errors.
const (
	// ErrTooShort is returned where the string ends too early.
	ErrTooShort Error = iota
	// ErrUnexpected is returned where another byte stands than may be there.
	ErrUnexpected
	// ErrTooDeep is returned where arrays and objects nest deeper than MaxDepth.
	ErrTooDeep
)

// Error implements error.
func (e Error) Error() string {
	switch e {
	case ErrTooShort:
		return "the JSON ends too early"
	case ErrTooDeep:
		return "the JSON nests too deep"
	default:
		return "not JSON"
	}
}

// fail returns the error of what is next, which is not what was expected.
func (s *Scanner) fail() error {
	if s.pos >= len(s.text) {
		return ErrTooShort
	}
	return ErrUnexpected
}
