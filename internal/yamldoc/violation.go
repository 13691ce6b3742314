// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ViolationError is one thing that is wrong in a file.
type ViolationError struct {
	// File is empty for a part of the collector's config, which has no lines either.
	File string
	// Line and Column are from 1; 0 where the whole file is meant.
	Line, Column int
	// Key is the path of the key, such as features.amount.min; empty where the whole document or
	// file is meant.
	Key string
	// Message says what is wrong and what is allowed.
	Message string
}

// Error is file:line:column: key: message, or 'key': message without a file.
func (v *ViolationError) Error() string {
	if v.File == "" {
		return "'" + v.Key + "': " + v.Message
	}
	var b strings.Builder
	b.WriteString(v.File)
	if v.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", v.Line, v.Column)
	}
	if v.Key != "" {
		b.WriteString(": " + v.Key)
	}
	b.WriteString(": " + v.Message)
	return b.String()
}

// Violations returns the errors that a joined error consists of, nil for nil.
func Violations(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// Report collects violations.
type Report struct{ list []*ViolationError }

// Add adds a violation.
func (r *Report) Add(v *ViolationError) { r.list = append(r.list, v) }

// List returns the violations in the order in which they came.
func (r *Report) List() []*ViolationError { return r.list }

// Err joins the violations in the order of file and line, without what is there twice; nil if there
// are none.
func (r *Report) Err() error {
	slices.SortStableFunc(r.list, func(a, b *ViolationError) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, 0, len(r.list))
	for i, v := range r.list {
		if i > 0 && *v == *r.list[i-1] {
			continue
		}
		errs = append(errs, v)
	}
	return errors.Join(errs...)
}
