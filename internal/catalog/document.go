// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of one document; a card with a thousand features has some ten thousand values.
const (
	maxDepth  = 32
	maxValues = 200_000
)

// document is one YAML document: its value as JSON would have it (map[string]any, []any, string, bool, int64, float64,
// nil) and the nodes that say where each part of it stands.
type document struct {
	file   string
	root   *yaml.Node
	value  any
	report *report
	values int
	// bad says that the document has a violation.
	bad bool
}

// parse reads the documents of a file. What follows a syntax error is left out, and whole is false.
func parse(file string, data []byte, r *report) (docs []*document, whole bool) {
	defer func() { // the YAML package has panicked on broken input before
		if p := recover(); p != nil {
			r.add(&ViolationError{File: file, Message: fmt.Sprintf("cannot be read as YAML: %v", p)})
			whole = false
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		node := &yaml.Node{}
		err := dec.Decode(node)
		if errors.Is(err, io.EOF) {
			return docs, true
		}
		if err != nil {
			line, message := syntaxError(err)
			r.add(&ViolationError{File: file, Line: line, Column: min(line, 1), Message: message})
			return docs, false
		}
		if len(node.Content) == 0 || node.Content[0].Kind == yaml.ScalarNode && node.Content[0].Tag == "!!null" {
			continue // an empty document, as after a last ---
		}
		d := &document{file: file, root: node.Content[0], report: r}
		d.value = d.convert(d.root, nil, 0)
		docs = append(docs, d)
	}
}

var (
	syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)
	// parserProblem matches the problems whose line the YAML package gives one too low (its parser counts from 0, its
	// scanner from 1).
	parserProblem = regexp.MustCompile(`^(did not find expected (<|node content|'-' indicator|key$|',' or )|found (undefined tag handle|duplicate %|incompatible YAML))`)
)

func syntaxError(err error) (line int, message string) {
	m := syntaxLine.FindStringSubmatch(err.Error())
	if m == nil {
		return 0, err.Error()
	}
	line, _ = strconv.Atoi(m[1])
	if parserProblem.MatchString(m[2]) {
		line++
	}
	return line, "is no YAML: " + m[2]
}

// fail reports a violation at a node.
func (d *document) fail(n *yaml.Node, path []string, format string, args ...any) {
	d.bad = true
	d.report.add(&ViolationError{
		File: d.file, Line: n.Line, Column: n.Column, Key: keyPath(path, d.lists(path)), Message: fmt.Sprintf(format, args...),
	})
}

// convert turns a node into a value and reports what no JSON value can be.
func (d *document) convert(n *yaml.Node, path []string, depth int) any {
	d.values++
	if d.values > maxValues || depth > maxDepth {
		if d.values == maxValues+1 || depth > maxDepth {
			d.fail(n, path, "too large: at most %d values, %d levels deep", maxValues, maxDepth)
			d.values = maxValues + 1
		}
		return nil
	}
	path = slices.Clip(path)
	switch n.Kind {
	case yaml.AliasNode:
		return d.convert(n.Alias, path, depth+1)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for i, item := range n.Content {
			if d.values > maxValues {
				break
			}
			list = append(list, d.convert(item, append(path, strconv.Itoa(i)), depth+1))
		}
		return list
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		lines := make(map[string]int, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			if d.values > maxValues {
				break
			}
			k, v := resolve(n.Content[i]), n.Content[i+1]
			if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" {
				d.fail(n.Content[i], path, "keys must be texts; merge keys (<<) are not supported")
				continue
			}
			if line, ok := lines[k.Value]; ok {
				d.fail(n.Content[i], append(path, k.Value), "is there twice, first on line %d", line)
				continue
			}
			lines[k.Value] = n.Content[i].Line
			m[k.Value] = d.convert(v, append(path, k.Value), depth+1)
		}
		return m
	default:
		return d.scalar(n, path)
	}
}

// scalar turns a scalar into a value. Times stay texts.
func (d *document) scalar(n *yaml.Node, path []string) any {
	var v any
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		if err := n.Decode(&v); err != nil {
			d.fail(n, path, "%q: %s", clip(n.Value), strings.TrimPrefix(err.Error(), "yaml: "))
			return nil
		}
	case "!!str", "!!timestamp":
		return n.Value
	default:
		d.fail(n, path, "the tag %s is not supported", clip(n.Tag))
		return nil
	}
	switch v := v.(type) {
	case bool:
		return v
	case int:
		return int64(v)
	case int64:
		return v
	case uint64:
		return float64(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			d.fail(n, path, "%s is no finite number", n.Value)
			return nil
		}
		return v
	default:
		d.fail(n, path, "%q cannot be read", clip(n.Value))
		return nil
	}
}

// resolve follows aliases.
func resolve(n *yaml.Node) *yaml.Node {
	for i := 0; n.Kind == yaml.AliasNode && i < maxDepth; i++ {
		n = n.Alias
	}
	return n
}

// at returns the nodes of the key and the value at a path, or of the nearest part above it that is there.
func (d *document) at(path []string) (key, value *yaml.Node) {
	key, value = d.root, d.root
next:
	for _, p := range path {
		in := resolve(value)
		switch in.Kind {
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

// lists says which elements of a path are indexes.
func (d *document) lists(path []string) map[int]bool {
	var lists map[int]bool
	in := resolve(d.root)
	for i, p := range path {
		if in.Kind == yaml.SequenceNode {
			if lists == nil {
				lists = map[int]bool{}
			}
			lists[i] = true
		}
		_, v := (&document{root: in}).at([]string{p})
		in = resolve(v)
	}
	return lists
}

// clip shortens a text for a message.
func clip(s string) string {
	if len(s) > 80 {
		return s[:77] + "..."
	}
	return s
}
