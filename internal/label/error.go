// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import "fmt"

// Reason is why something is no label.
type Reason string

// The reasons.
const (
	// BadJSON is text that is no JSON object.
	BadJSON Reason = "bad_json"
	// BadLabel is an object, a row or a record that says no label.
	BadLabel Reason = "bad_label"
	// Unlabelled is a row whose label is empty: the truth is not known yet. It is no mistake.
	Unlabelled Reason = "unlabelled"
)

// Error is why something is no label.
type Error struct {
	Reason Reason
	// Field is the name under which what is wrong was given; empty where it is not one field.
	Field string
	// Offset is the byte of the text, from 0, at which what is wrong begins. It is 0 for rows and
	// records.
	Offset  int
	Message string
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

func badLabel(field, format string, args ...any) *Error {
	return &Error{Reason: BadLabel, Field: clip(field), Message: fmt.Sprintf(format, args...)}
}

// quote returns a value as an error may show it.
func quote(s string) string { return fmt.Sprintf("%q", clip(s)) }

// clip cuts a text that is only shown.
func clip(s string) string {
	const limit = 64
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
