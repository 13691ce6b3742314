// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// Result is what a load of a folder has given.
type Result struct {
	// Set has the cards in force: all that are good, and the Kept ones.
	Set *Set
	// Kept are cards of an earlier load that a file has no more but keeps, because something in it
	// is bad now (or it cannot be read): what was meant to take their place is unknown. They go
	// when the file is good again. Models come first.
	Kept []Kept
	// Rejected counts what is not in force because of violations.
	Rejected Cards
	// NoEffect are keys of cards in force that are read and checked, but that nothing acts on yet;
	// by card.
	NoEffect []NoEffect
	// Err joins every violation in every file (Violations); nil if there is none.
	Err error
}

// Kept is a card of an earlier load that is still in force.
type Kept struct {
	// Kind is model or job; Environment is empty for any.
	Kind, Environment, Name string
	// File is where the card was.
	File string
}

// Cards counts cards by kind. Unknown are documents that are of neither, and files or folders that
// cannot be read to their end.
type Cards struct{ Models, Jobs, Unknown int }

// result ends a load: what was in force before stays for files that are bad now.
func (b *builder) result(before *Result) *Result {
	r := &Result{Rejected: b.rejected, Err: b.report.Err()}
	bad := map[string]bool{} // files and folders that a violation is in
	for _, v := range b.report.List() {
		bad[v.File] = true
	}
	good := map[cardKey]bool{}
	for _, m := range b.models {
		good[m.key()] = true
	}
	for _, j := range b.jobs {
		good[j.key()] = true
	}
	keep := func(k cardKey, file string) bool {
		if good[k] || !within(bad, file) {
			return false
		}
		r.Kept = append(r.Kept, Kept{Kind: k.kind, Environment: k.environment, Name: k.name, File: file})
		return true
	}
	if before != nil && r.Err != nil {
		for _, m := range before.Set.Models {
			if keep(m.key(), m.File) {
				b.models = append(b.models, m)
			}
		}
		for _, j := range before.Set.Jobs {
			if keep(j.key(), j.File) {
				b.jobs = append(b.jobs, j)
			}
		}
		slices.SortStableFunc(b.models, func(a, b *Model) int { return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
		slices.SortStableFunc(b.jobs, func(a, b *Job) int { return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	}
	r.NoEffect = b.noEffect
	r.Set = NewSet(b.models, b.jobs)
	return r
}

// within reports whether a violation is in a file, or is that a folder above it cannot be read.
func within(bad map[string]bool, file string) bool {
	for {
		if bad[file] {
			return true
		}
		above := filepath.Dir(file)
		if above == file {
			return false
		}
		file = above
	}
}
