// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ViolationError is one thing that is wrong in a file of the catalog.
type ViolationError struct {
	File string
	// Line and Column are from 1; 0 where the whole file is meant.
	Line, Column int
	// Key is the path of the key, such as features.amount.min; empty where the whole card or file is meant.
	Key string
	// Message says what is wrong and what is allowed.
	Message string
}

// Error is file:line:column: key: message.
func (v *ViolationError) Error() string {
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

// Violations returns the errors that an error of Load consists of; nil for nil.
func Violations(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// report collects violations.
type report struct{ list []*ViolationError }

func (r *report) add(v *ViolationError) { r.list = append(r.list, v) }

// err joins the violations in the order of file and line; nil if there are none.
func (r *report) err() error {
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

// keyPath writes a path as people do: features.amount.min, versions[0].aliases, attributes["ml.model.framework"].
func keyPath(path []string, lists map[int]bool) string {
	var b strings.Builder
	for i, p := range path {
		switch {
		case lists[i]:
			b.WriteString("[" + p + "]")
		case p == "" || strings.ContainsAny(p, ".[]\": \n"):
			fmt.Fprintf(&b, "[%q]", p)
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(p)
		}
	}
	return b.String()
}
