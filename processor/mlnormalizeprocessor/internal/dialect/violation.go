// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
)

// ViolationError is one thing that is wrong in a table.
type ViolationError struct {
	// File is empty for a table of the collector's config, which has no lines either.
	File string
	Line int
	// Key is the path of the key, such as map["ml.model.name"].from[0].
	Key     string
	Message string
}

// Error is file:line: key: message, or 'key': message without a file.
func (v *ViolationError) Error() string {
	if v.File == "" {
		return fmt.Sprintf("'%s': %s", v.Key, v.Message)
	}
	where := v.File
	if v.Line > 0 {
		where += ":" + strconv.Itoa(v.Line)
	}
	if v.Key != "" {
		where += ": " + v.Key
	}
	return where + ": " + v.Message
}

// decoder reads YAML nodes strictly and collects all violations.
type decoder struct {
	file string
	errs []error
}

func (d *decoder) fail(n *yaml.Node, path, format string, args ...any) {
	line := 0
	if n != nil && d.file != "" {
		line = n.Line
	}
	d.errs = append(d.errs, &ViolationError{File: d.file, Line: line, Key: path, Message: fmt.Sprintf(format, args...)})
}

// join appends a key to a path the way people write it.
func join(path, key string) string {
	if key == "" || strings.ContainsAny(key, ".[]\":#* \n") {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

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
		if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" {
			d.fail(k, path, "keys must be texts")
			continue
		}
		if slices.ContainsFunc(out, func(p pair) bool { return p.key == k.Value }) {
			d.fail(k, join(path, k.Value), "is there twice")
			continue
		}
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
			names := make([]string, 0, len(known))
			for k := range known {
				names = append(names, k)
			}
			slices.Sort(names)
			d.fail(p.node, join(path, p.key), "unknown key (allowed: %s)", strings.Join(names, ", "))
			continue
		}
		read(p.value, join(path, p.key))
	}
}

// expand puts what aliases stand for in their places.
func (d *decoder) expand(document *yaml.Node) {
	left := maxNodes
	var walk func(n *yaml.Node, depth int) *yaml.Node
	walk = func(n *yaml.Node, depth int) *yaml.Node {
		if left--; left < 0 || depth > jsonscan.MaxDepth {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: n.Line}
		}
		if n.Kind == yaml.AliasNode {
			return walk(n.Alias, depth+1)
		}
		out := *n
		out.Content = make([]*yaml.Node, len(n.Content))
		for i, c := range n.Content {
			out.Content[i] = walk(c, depth+1)
		}
		return &out
	}
	*document = *walk(document, 0)
	if left < 0 {
		d.fail(document, "", "is too large: at most %d values", maxNodes)
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

// texts reads a text or a list of texts.
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
		if s := d.text(item, at(path, i)); s != "" {
			out = append(out, s)
		}
	}
	return out
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

// oneOf reads a text out of a few.
func (d *decoder) oneOf(n *yaml.Node, path string, allowed ...string) string {
	s := d.text(n, path)
	if s != "" && !slices.Contains(allowed, s) {
		d.fail(n, path, "%q is none of %s", s, strings.Join(allowed, ", "))
		return ""
	}
	return s
}

// Bounds of a table.
const (
	maxText = 2048
	maxList = 256
	// maxNodes is the number of values of a document, aliases resolved.
	maxNodes = 20_000
)
