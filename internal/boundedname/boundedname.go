// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package boundedname bounds the names that are kept from telemetry: of models, versions, segments,
// features, categories, services, jobs, runs and stages. Without it, a few senders with names of
// megabytes fill the memory and every snapshot, and one name in Latin-1 makes back ends refuse
// every emission.
package boundedname

import (
	"strings"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/internal/validtext"
)

// Max is the longest name in bytes, the mark of one that was cut among them.
const Max = 256

// mark ends a name that was cut.
const mark = "…"

// Fits is true for a name that Cut returns as it is.
func Fits(name string) bool { return len(name) <= Max && validtext.Is(name) }

// Cut returns a name as it may be kept, and whether that is another one. U+FFFD stands for bytes
// that are no UTF-8, so that names that differ in these alone become the same; of one that is longer
// than Max bytes there are as many whole letters as fit before a "…". Another name shares no memory
// with the one that was given, so that the rest of it can be freed; one that fits is returned as it
// is.
func Cut(name string) (kept string, changed bool) {
	if Fits(name) {
		return name, false
	}
	if len(name) <= Max {
		if name, _ = validtext.Of(name); len(name) <= Max {
			return name, true
		}
	}
	const most = Max - len(mark)
	name, _ = validtext.Of(name[:boundary(name, most)])
	return strings.Clone(name[:boundary(name, most)]) + mark, true
}

// boundary is where a name of at most so many bytes ends between two letters.
func boundary(name string, most int) int {
	if len(name) <= most {
		return len(name)
	}
	for most > 0 && !utf8.RuneStart(name[most]) {
		most--
	}
	return most
}
