// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import "github.com/otelcol-ml/otelcol-ml/internal/nearest"

// suggest returns "; did you mean X?" for the known word nearest to word, or "" if none is near.
func suggest(word string, known []string) string {
	best, ok := nearest.Name(word, known)
	if !ok {
		return ""
	}
	return "; did you mean " + best + "?"
}
