// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import "strings"

// meansMissing are strings by which programs write that there is no value: those of pandas, R, SQL,
// Excel, Weka.
var meansMissing = map[string]bool{
	"na": true, "n/a": true, "#n/a": true, "#n/a n/a": true, "#na": true, "<na>": true, "n.a.": true,
	"null": true, "(null)": true, "none": true, "nil": true, "nan": true, "-nan": true, "1.#qnan": true, "-1.#ind": true, "1.#ind": true,
	"-1.#qnan": true, "nat": true, "missing": true, "-": true, "--": true, "---": true, "–": true, "—": true, "?": true, ".": true, "..": true, "*": true,
	`\n`: true, "#div/0!": true, "#value!": true, "#ref!": true, "#num!": true, "#name?": true, "#null!": true,
}

// MeansMissing says that in a column of numbers, times or booleans the string stands for no value:
// NA, null, - and the like, and what is not a finite number.
func MeansMissing(s string) bool {
	if len(s) > 24 {
		return false
	}
	s = strings.TrimSpace(s)
	if s == "" || meansMissing[strings.ToLower(s)] {
		return true
	}
	v, ok := parseNumber(s)
	return ok && v-v != 0
}
