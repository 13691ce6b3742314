// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package yamldoc

import "github.com/otelcol-ml/otelcol-ml/internal/nearest"

// Suggest returns "; did you mean X?" for the known word nearest to word, or "" if none is near.
func Suggest(word string, known []string) string {
	best, ok := nearest.Name(word, known)
	if !ok {
		return ""
	}
	return "; did you mean " + best + "?"
}
