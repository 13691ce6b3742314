// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// texts lists strings with the number of their rows, the most frequent first; with, where wanted,
// the strings alone for a flag.
func texts(rows map[string]int, bare bool) string {
	const most = 4
	names := slices.SortedFunc(maps.Keys(rows), func(a, b string) int { return cmp.Or(cmp.Compare(rows[b], rows[a]), cmp.Compare(a, b)) })
	parts := make([]string, 0, most+1)
	for i, name := range names {
		switch {
		case i == most && !bare:
			parts = append(parts, fmt.Sprintf("%d more", len(names)-most))
		case i > most && !bare:
		case bare:
			parts = append(parts, flagName(name))
		default:
			parts = append(parts, fmt.Sprintf("%q (%d)", name, rows[name]))
		}
	}
	if bare {
		return strings.Join(parts, ",")
	}
	return strings.Join(parts, ", ")
}

// flagName writes a name as an argument of a command line.
func flagName(name string) string {
	if strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./", r))
	}) >= 0 {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}

func atLeast(n int) string {
	if n >= 10_000 {
		return "at least 10,000"
	}
	return strconv.Itoa(n)
}

// list joins names and cuts a long list.
func list(names []string) string {
	const most = 30
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
