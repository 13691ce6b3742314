// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package nearest finds the known name that a misspelt one was probably meant to be.
package nearest

import "strings"

// maxName is the longest name, in bytes, that is compared; a comparison takes the product of both
// lengths.
const maxName = 64

// Name returns the one of known that is nearest to name by edit distance, where no more than a
// third of name differs.
func Name(name string, known []string) (string, bool) {
	if len(name) > maxName {
		return "", false
	}
	best, least := "", len(name)/3+1
	for _, k := range known {
		if len(k) > len(name)+least {
			continue
		}
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least || d == least && best == "" {
			best, least = k, d
		}
	}
	return best, best != ""
}

// distance is the Levenshtein distance in bytes with swaps of neighbours (optimal string
// alignment).
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
