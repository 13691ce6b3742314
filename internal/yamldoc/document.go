// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is one YAML document.
type Document struct {
	File string
	// Root is its value as YAML, with what aliases stand for in their places.
	Root *yaml.Node
	// Value is the same as JSON would have it: map[string]any, []any, string, bool, int64, float64
	// or nil. What is not valid is nil.
	Value any

	options Options
	report  *Report
	values  int
	bad     bool
}

// Bad is true where the document has a violation.
func (d *Document) Bad() bool { return d.bad }

// Fail reports a violation at a node, whose path is given.
func (d *Document) Fail(n *yaml.Node, path []string, format string, args ...any) {
	d.FailAt(n, d.key(path), format, args...)
}

// FailAt reports a violation at a node, whose key is given as people write it.
func (d *Document) FailAt(n *yaml.Node, key, format string, args ...any) {
	d.bad = true
	v := &ViolationError{File: d.File, Key: key, Message: fmt.Sprintf(format, args...)}
	if d.File != "" {
		v.Line, v.Column = n.Line, n.Column
	}
	d.report.Add(v)
}

// At returns the nodes of the key and the value at a path, or of the nearest part above it that is
// there.
func (d *Document) At(path []string) (key, value *yaml.Node) { return at(d.Root, path) }

func at(root *yaml.Node, path []string) (key, value *yaml.Node) {
	key, value = root, root
next:
	for _, p := range path {
		switch in := resolve(value); in.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(in.Content); i += 2 {
				if resolve(in.Content[i]).Value == p {
					key, value = in.Content[i], in.Content[i+1]
					continue next
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(p); err == nil && i >= 0 && i < len(in.Content) {
				key, value = in.Content[i], in.Content[i]
				continue next
			}
		}
		return key, value
	}
	return key, value
}

// resolve follows aliases, of which there are some until the whole document was read.
func resolve(n *yaml.Node) *yaml.Node {
	for i := 0; n.Kind == yaml.AliasNode && i < maxAliases; i++ {
		n = n.Alias
	}
	return n
}

// maxAliases is how many aliases of aliases are followed.
const maxAliases = 32

// key writes a path as people do: features.amount.min, versions[0].aliases,
// attributes["ml.model.framework"].
func (d *Document) key(path []string) string {
	key := d.options.Key
	in := d.Root
	for _, p := range path {
		if resolve(in).Kind == yaml.SequenceNode {
			key += "[" + p + "]"
		} else {
			key = Join(key, p)
		}
		_, in = at(in, []string{p})
	}
	return key
}

// Join appends a key to a path as people write it.
func Join(path, key string) string {
	switch {
	case key == "" || strings.ContainsAny(key, ".[]\":#* \n"):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}

// Index appends the index of a list to a path.
func Index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// Clip shortens a string for a message.
func Clip(s string) string {
	if len(s) > 80 {
		return s[:77] + "..."
	}
	return s
}
