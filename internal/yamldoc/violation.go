// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
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
	// More is set where this stands for violations of the file that are not listed, of which it is
	// the number.
	More int
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

// MaxViolations is how many violations of one file a Report lists. Of more it says how many: a
// megabyte of nonsense is some hundred thousand of them.
const MaxViolations = 100

// Count returns how many violations a joined error has, with those that it does not list.
func Count(err error) int {
	n := 0
	for _, one := range Violations(err) {
		if v, ok := errors.AsType[*ViolationError](one); ok && v.More > 0 {
			n += v.More
			continue
		}
		n++
	}
	return n
}

// Report collects violations.
type Report struct {
	list   []*ViolationError
	listed map[string]int
	// more are the violations that are not listed, by file.
	more map[string]int
}

// Add adds a violation.
func (r *Report) Add(v *ViolationError) {
	if r.full(v.File) {
		r.count(v.File, 1)
		return
	}
	if r.listed == nil {
		r.listed = map[string]int{}
	}
	r.listed[v.File]++
	r.list = append(r.list, v)
}

// full is true where no more violations of a file are listed. Parts of the collector's config have no
// file, and all of theirs are.
func (r *Report) full(file string) bool { return file != "" && r.listed[file] >= MaxViolations }

func (r *Report) count(file string, n int) {
	if r.more == nil {
		r.more = map[string]int{}
	}
	r.more[file] += n
}

// List returns the violations in the order in which they came, the first MaxViolations of each
// file.
func (r *Report) List() []*ViolationError { return r.list }

// Err joins the violations in the order of file and line, without what is there twice; nil if there
// are none. Of those that are not listed it says how many there are in which file.
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
	for _, file := range slices.Sorted(maps.Keys(r.more)) {
		errs = append(errs, &ViolationError{File: file, Message: fmt.Sprintf("and %d more violations, which are not listed", r.more[file]), More: r.more[file]})
	}
	return errors.Join(errs...)
}
