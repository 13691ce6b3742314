// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// NoEffect names what a card says that nothing acts on yet.
type NoEffect struct {
	// File and Line are where the card begins.
	File string
	Line int
	// Keys are their paths, such as features.*.min.
	Keys []string
}

// withoutEffect are the keys that are read and checked, but that nothing acts on yet, by kind; * is
// any key. A key that gets an effect is to go.
var withoutEffect = map[string][]string{
	kindJob: {"produces.max_age"},
}

// unused adds what the card says without an effect.
func (b *builder) unused(kind string, d *yamldoc.Document) {
	var keys []string
	for _, key := range withoutEffect[kind] {
		if has(d.Value, strings.Split(key, ".")) {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		b.noEffect = append(b.noEffect, NoEffect{File: d.File, Line: d.Root.Line, Keys: keys})
	}
}

// has reports whether there is a value at a path.
func has(value any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	m, _ := value.(map[string]any)
	if path[0] != "*" {
		v, ok := m[path[0]]
		return ok && has(v, path[1:])
	}
	for _, v := range m {
		if has(v, path[1:]) {
			return true
		}
	}
	return false
}
