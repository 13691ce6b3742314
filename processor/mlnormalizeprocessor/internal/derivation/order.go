// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derivation

import (
	"maps"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
)

// order returns the names of specs so that what one needs of another comes before it, and by name
// else. What needs itself by way of others is added to wrong.
func order(specs map[string]Spec, wrong *configcheck.Violations) []string {
	names := slices.Sorted(maps.Keys(specs))
	var sorted, path []string
	done := make(map[string]bool)
	var visit func(name string)
	visit = func(name string) {
		if at := slices.Index(path, name); at >= 0 {
			wrong.Add("derive::"+name, "needs itself: %s", strings.Join(append(path[at:], name), " needs "))
			return
		}
		if done[name] {
			return
		}
		path = append(path, name)
		for _, other := range names {
			if s := specs[name]; other != name && s.needs(other) {
				visit(other)
			}
		}
		path = path[:len(path)-1]
		if !done[name] {
			done[name] = true
			sorted = append(sorted, name)
		}
	}
	for _, name := range names {
		visit(name)
	}
	return sorted
}
