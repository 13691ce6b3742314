// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package yamldoc

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

// Options bound documents.
type Options struct {
	// MaxValues is the number of values of a document with all that aliases stand for, and of what
	// the aliases of all documents of a file stand for; MaxDepth is how deep they may nest.
	MaxValues, MaxDepth int
	// Key stands before the keys of violations: where the document is in a greater one.
	Key string
}

// Parse reads the documents of a file that are not empty. What follows a syntax error, or a document
// with which the file has too many values, is left out, and whole is false.
func Parse(file string, data []byte, o Options, r *Report) (docs []*Document, whole bool) {
	defer func() { // the YAML package has panicked on broken input before
		if p := recover(); p != nil {
			r.Add(&ViolationError{File: file, Key: o.Key, Message: fmt.Sprintf("cannot be read as YAML: %v", p)})
			whole = false
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	values := 0
	for {
		node := &yaml.Node{}
		err := dec.Decode(node)
		if errors.Is(err, io.EOF) {
			return docs, true
		}
		if err != nil {
			line, message := syntaxError(err)
			r.Add(&ViolationError{File: file, Line: line, Column: min(line, 1), Key: o.Key, Message: message})
			return docs, false
		}
		if len(node.Content) == 0 || node.Content[0].Kind == yaml.ScalarNode && node.Content[0].Tag == "!!null" {
			continue // an empty document, as after a last ---
		}
		d := &Document{File: file, Root: node.Content[0], options: o, report: r}
		d.Root, d.Value = d.convert(d.Root, nil, 0)
		docs = append(docs, d)
		if values += d.values; values > o.MaxValues+len(data)/2 { // a value takes two bytes where it is written
			d.Fail(d.Root, nil, "too large: aliases stand for more than %d values in this file", o.MaxValues)
			return docs, false
		}
	}
}

var (
	syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)
	// parserProblem matches the problems whose line the YAML package gives one too low (its parser
	// counts from 0, its scanner from 1).
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

// convert returns a node with what aliases stand for in their places, and its value. It reports
// what cannot be a JSON value.
func (d *Document) convert(n *yaml.Node, path []string, depth int) (*yaml.Node, any) {
	d.values++
	if o := d.options; d.values > o.MaxValues || depth > o.MaxDepth {
		if d.values == o.MaxValues+1 || depth > o.MaxDepth {
			d.Fail(n, path, "too large: at most %d values, %d levels deep", o.MaxValues, o.MaxDepth)
			d.values = o.MaxValues + 1
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: n.Line, Column: n.Column}, nil
	}
	if n.Kind == yaml.AliasNode {
		out, v := d.convert(n.Alias, path, depth+1)
		out.Line, out.Column = n.Line, n.Column
		return out, v
	}
	out := *n
	switch n.Kind {
	case yaml.SequenceNode:
		return &out, d.list(&out, slices.Clip(path), depth)
	case yaml.MappingNode:
		return &out, d.mapping(&out, slices.Clip(path), depth)
	default:
		return &out, d.scalar(n, path)
	}
}

func (d *Document) list(n *yaml.Node, path []string, depth int) []any {
	items := n.Content
	n.Content = make([]*yaml.Node, 0, len(items))
	list := make([]any, 0, len(items))
	for i, item := range items {
		if d.values > d.options.MaxValues {
			break
		}
		node, v := d.convert(item, append(path, strconv.Itoa(i)), depth+1)
		n.Content = append(n.Content, node)
		list = append(list, v)
	}
	return list
}

func (d *Document) mapping(n *yaml.Node, path []string, depth int) map[string]any {
	members := n.Content
	n.Content = make([]*yaml.Node, 0, len(members))
	m := make(map[string]any, len(members)/2)
	lines := make(map[string]int, len(members)/2)
	for i := 0; i+1 < len(members); i += 2 {
		if d.values > d.options.MaxValues {
			break
		}
		k := resolve(members[i])
		if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" {
			d.Fail(members[i], path, "keys must be texts; merge keys (<<) are not supported")
			continue
		}
		if line, ok := lines[k.Value]; ok {
			d.Fail(members[i], append(path, k.Value), "is there twice, first on line %d", line)
			continue
		}
		key := *k
		key.Line, key.Column = members[i].Line, members[i].Column
		lines[k.Value] = key.Line
		node, v := d.convert(members[i+1], append(path, k.Value), depth+1)
		n.Content = append(n.Content, &key, node)
		m[k.Value] = v
	}
	return m
}

// scalar turns a scalar into a value. Times stay strings.
func (d *Document) scalar(n *yaml.Node, path []string) any {
	var v any
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		if err := n.Decode(&v); err != nil {
			d.Fail(n, path, "%q: %s", Clip(n.Value), strings.TrimPrefix(err.Error(), "yaml: "))
			return nil
		}
	case "!!str", "!!timestamp":
		return n.Value
	default:
		d.Fail(n, path, "the tag %s is not supported", Clip(n.Tag))
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
			d.Fail(n, path, "%s is no finite number", n.Value)
			return nil
		}
		return v
	default:
		d.Fail(n, path, "%q cannot be read", Clip(n.Value))
		return nil
	}
}
