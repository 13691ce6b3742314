// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package boundedname bounds the names that are kept from telemetry: of models, versions, segments,
// features, categories, services, jobs, runs and stages. Without it, a few senders with names of
// megabytes fill the memory and every snapshot.
package boundedname

import (
	"strings"
	"unicode/utf8"
)

// Max is the longest name in bytes, the mark of one that was cut among them.
const Max = 256

// mark ends a name that was cut.
const mark = "…"

// Cut returns name, or, where it is longer than Max bytes, as many whole letters of it as fit
// before a "…", and true. The result of a cut shares no memory with name, so that the rest of it
// can be freed; a short name is returned as it is.
func Cut(name string) (string, bool) {
	if len(name) <= Max {
		return name, false
	}
	end := Max - len(mark)
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return strings.Clone(name[:end]) + mark, true
}
