// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Numbered attributes are read in the order of their numbers, whatever the span's is.
func TestNumberedKeysAreInTheirOrder(t *testing.T) {
	want := []string{"a.0.b.2", "a.0.b.10", "a.1", "a.1.b.0", "a.02.b", "a.9", "a.10.a", "a.10.b", "a.b"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		var entries []entry
		for _, i := range r.Perm(len(want)) {
			entries = append(entries, entry{key: want[i]})
		}
		slices.SortStableFunc(entries, byNumbers)
		var got []string
		for _, e := range entries {
			got = append(got, e.key)
		}
		assert.Equal(t, want, got)
	}
}
