// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// decoder reads the nodes of a document and reports what is wrong with them. A string may be
// written as a number or true is, without quotes: what a span has of its own may be any of them.
type decoder struct{ doc *yamldoc.Document }

func (d *decoder) fail(n *yaml.Node, key, format string, args ...any) {
	d.doc.FailAt(n, key, format, args...)
}

// pair is a key of a mapping with its value.
type pair struct {
	key   string
	node  *yaml.Node // of the key
	value *yaml.Node
}

// pairs returns the entries of a mapping; what is none is a violation.
func (d *decoder) pairs(n *yaml.Node, path string) []pair {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "must be a block of keys")
		return nil
	}
	var out []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		out = append(out, pair{k.Value, k, n.Content[i+1]})
	}
	return out
}

// missing is true for a key that a mapping does not have, or has with an empty list.
func missing(n *yaml.Node, key string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			v := n.Content[i+1]
			return v.Kind == yaml.SequenceNode && len(v.Content) == 0
		}
	}
	return true
}

// fields reads a mapping whose keys are known.
func (d *decoder) fields(n *yaml.Node, path string, known map[string]func(n *yaml.Node, path string)) {
	for _, p := range d.pairs(n, path) {
		read, ok := known[p.key]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			d.fail(p.node, yamldoc.Join(path, p.key), "unknown key%s (allowed: %s)", yamldoc.Suggest(p.key, names), strings.Join(names, ", "))
			continue
		}
		read(p.value, yamldoc.Join(path, p.key))
	}
}

// text reads a scalar that is not empty.
func (d *decoder) text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || n.Value == "" {
		d.fail(n, path, "must be a text")
		return ""
	}
	if len(n.Value) > maxText {
		d.fail(n, path, "has %d bytes, at most %d are allowed", len(n.Value), maxText)
		return ""
	}
	return n.Value
}

// strings reads a string or a list of strings.
func (d *decoder) texts(n *yaml.Node, path string) []string {
	if n.Kind != yaml.SequenceNode {
		if s := d.text(n, path); s != "" {
			return []string{s}
		}
		return nil
	}
	if len(n.Content) > maxList {
		d.fail(n, path, "has %d entries, at most %d are allowed", len(n.Content), maxList)
		return nil
	}
	var out []string
	for i, item := range n.Content {
		if s := d.text(item, yamldoc.Index(path, i)); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// each reads a list.
func (d *decoder) each(n *yaml.Node, path string, read func(n *yaml.Node, path string)) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, path, "must be a list")
		return
	}
	if len(n.Content) > maxList {
		d.fail(n, path, "has %d entries, at most %d are allowed", len(n.Content), maxList)
		return
	}
	for i, item := range n.Content {
		read(item, yamldoc.Index(path, i))
	}
}

func (d *decoder) flag(n *yaml.Node, path string) bool {
	var b bool
	if n.ShortTag() != "!!bool" || n.Decode(&b) != nil {
		d.fail(n, path, "must be true or false")
	}
	return b
}

func (d *decoder) integer(n *yaml.Node, path string) int {
	var i int
	if n.ShortTag() != "!!int" || n.Decode(&i) != nil || i < -1_000_000 || i > 1_000_000 {
		d.fail(n, path, "must be a whole number between -1000000 and 1000000")
		return 0
	}
	return i
}

// oneOf reads a string out of a few.
func (d *decoder) oneOf(n *yaml.Node, path string, allowed ...string) string {
	s := d.text(n, path)
	if s != "" && !slices.Contains(allowed, s) {
		d.fail(n, path, "%q is none of %s%s", s, strings.Join(allowed, ", "), yamldoc.Suggest(s, allowed))
		return ""
	}
	return s
}

// Bounds of a table.
const (
	maxText = 2048
	maxList = 256
)

// documents are the bounds of one table.
var documents = yamldoc.Options{MaxValues: 20_000, MaxDepth: 64}
