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
	// index has the places of the members of large mappings, by their keys.
	index map[*yaml.Node]map[string]int
}

// indexed is from how many members a mapping has an index: without one, each violation and each
// look at a node would pass over all of them.
const indexed = 16

// Bad is true where the document has a violation.
func (d *Document) Bad() bool { return d.bad }

// Full is true where the report lists no more violations of the document's file. Those that come are
// counted, and need no words.
func (d *Document) Full() bool { return d.report.full(d.File) }

// Count reports n violations without saying what they are, for a document that is Full.
func (d *Document) Count(n int) {
	d.bad = true
	d.report.count(d.File, n)
}

// Fail reports a violation at a node, whose path is given.
func (d *Document) Fail(n *yaml.Node, path []string, format string, args ...any) {
	if d.Full() {
		d.Count(1)
		return
	}
	d.FailAt(n, d.key(path), format, args...)
}

// FailAt reports a violation at a node, whose key is given as people write it.
func (d *Document) FailAt(n *yaml.Node, key, format string, args ...any) {
	if d.Full() {
		d.Count(1)
		return
	}
	d.bad = true
	v := &ViolationError{File: d.File, Key: key, Message: fmt.Sprintf(format, args...)}
	if d.File != "" {
		v.Line, v.Column = n.Line, n.Column
	}
	d.report.Add(v)
}

// At returns the nodes of the key and the value at a path, or of the nearest part above it that is
// there.
func (d *Document) At(path []string) (key, value *yaml.Node) { return d.at(d.Root, path) }

func (d *Document) at(root *yaml.Node, path []string) (key, value *yaml.Node) {
	key, value = root, root
	for _, p := range path {
		switch in := resolve(value); in.Kind {
		case yaml.MappingNode:
			if i := d.member(in, p); i >= 0 {
				key, value = in.Content[i], in.Content[i+1]
				continue
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(p); err == nil && i >= 0 && i < len(in.Content) {
				key, value = in.Content[i], in.Content[i]
				continue
			}
		}
		return key, value
	}
	return key, value
}

// member returns the place of a key in a mapping, the first where it is there twice, -1 where it is
// not there.
func (d *Document) member(in *yaml.Node, name string) int {
	if len(in.Content) < 2*indexed {
		for i := 0; i+1 < len(in.Content); i += 2 {
			if resolve(in.Content[i]).Value == name {
				return i
			}
		}
		return -1
	}
	places, ok := d.index[in]
	if !ok {
		places = make(map[string]int, len(in.Content)/2)
		for i := 0; i+1 < len(in.Content); i += 2 {
			key := resolve(in.Content[i]).Value
			if _, twice := places[key]; !twice {
				places[key] = i
			}
		}
		if d.index == nil {
			d.index = map[*yaml.Node]map[string]int{}
		}
		d.index[in] = places
	}
	if i, ok := places[name]; ok {
		return i
	}
	return -1
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
		_, in = d.at(in, []string{p})
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
