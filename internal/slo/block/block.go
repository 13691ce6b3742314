// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package block reads the mappings of a YAML document strictly: what is of the wrong type, missing
// or unknown is reported with its file, line and key, and reads as absent.
package block

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Block is a mapping of a document.
type Block struct {
	doc  *yamldoc.Document
	path []string
	m    map[string]any
	// empty is true of a block that is there and has no keys.
	empty bool
}

// Root returns the mapping that a document is.
func Root(doc *yamldoc.Document) Block {
	m, ok := doc.Value.(map[string]any)
	if !ok {
		doc.Fail(doc.Root, nil, "must be a mapping of keys to values")
	}
	return Block{doc: doc, m: m}
}

// Bad is true where the document has a violation.
func (b Block) Bad() bool { return b.doc.Bad() }

// File and Line say where the block is.
func (b Block) File() string { return b.doc.File }

// Line is the line on which the block begins.
func (b Block) Line() int {
	_, node := b.doc.At(b.path)
	return node.Line
}

func (b Block) at(key string) []string {
	if key == "" {
		return b.path
	}
	return append(slices.Clone(b.path), key)
}

// Fail reports a violation at the value of a key, or of the block where the key is empty.
func (b Block) Fail(key, format string, args ...any) {
	path := b.at(key)
	_, node := b.doc.At(path)
	b.doc.Fail(node, path, format, args...)
}

// Only reports the keys that are none of those given.
func (b Block) Only(known ...string) {
	slices.Sort(known)
	for _, key := range slices.Sorted(maps.Keys(b.m)) {
		if !slices.Contains(known, key) {
			path := b.at(key)
			node, _ := b.doc.At(path)
			b.doc.Fail(node, path, "unknown key%s (allowed: %s)", yamldoc.Suggest(key, known), strings.Join(known, ", "))
		}
	}
}

// Has reports whether there is a key.
func (b Block) Has(key string) bool { _, ok := b.m[key]; return ok }

// Need reports the keys that are missing.
func (b Block) Need(keys ...string) {
	for _, key := range keys {
		if (b.m != nil || b.empty) && !b.Has(key) {
			b.Fail(key, "is missing")
		}
	}
}

// Text returns a string.
func (b Block) Text(key string) string {
	v, ok := b.m[key]
	s, isText := v.(string)
	if ok && !isText {
		b.Fail(key, "must be a text")
	}
	return s
}

// OneOf returns a string that must be one of those given.
func (b Block) OneOf(key string, allowed ...string) string {
	s := b.Text(key)
	if b.Has(key) && !slices.Contains(allowed, s) {
		b.Fail(key, "%q is none of %s%s", yamldoc.Clip(s), strings.Join(allowed, ", "), yamldoc.Suggest(s, allowed))
		return ""
	}
	return s
}

// Number returns a number, nil where there is none.
func (b Block) Number(key string) *float64 {
	switch v := b.m[key].(type) {
	case float64:
		return &v
	case int64:
		f := float64(v)
		return &f
	case nil:
		if !b.Has(key) {
			return nil
		}
	}
	b.Fail(key, "must be a number")
	return nil
}

// Flag returns true or false.
func (b Block) Flag(key string) bool {
	v, ok := b.m[key]
	flag, isFlag := v.(bool)
	if ok && !isFlag {
		b.Fail(key, "must be true or false")
	}
	return flag
}

// Texts returns a mapping of strings; scalars are written as strings.
func (b Block) Texts(key string) map[string]string {
	child := b.Child(key)
	if len(child.m) == 0 {
		return nil
	}
	out := make(map[string]string, len(child.m))
	for _, name := range slices.Sorted(maps.Keys(child.m)) {
		switch v := child.m[name].(type) {
		case string:
			out[name] = v
		case bool, int64, float64:
			out[name] = fmt.Sprint(v)
		default:
			child.Fail(name, "must be a text")
		}
	}
	return out
}

// Child returns a mapping; an empty block where there is none.
func (b Block) Child(key string) Block {
	v, ok := b.m[key]
	m, isMap := v.(map[string]any)
	if ok && !isMap && v != nil {
		b.Fail(key, "must be a mapping of keys to values")
	}
	return Block{doc: b.doc, path: b.at(key), m: m, empty: ok && v == nil}
}

// List returns a list of mappings.
func (b Block) List(key string) []Block {
	v, ok := b.m[key]
	list, isList := v.([]any)
	if ok && !isList && v != nil {
		b.Fail(key, "must be a list")
	}
	out := make([]Block, 0, len(list))
	for i, item := range list {
		m, isMap := item.(map[string]any)
		one := Block{doc: b.doc, path: append(b.at(key), strconv.Itoa(i)), m: m}
		if !isMap {
			one.Fail("", "must be a mapping of keys to values")
		}
		out = append(out, one)
	}
	return out
}

// FailLine reports a violation at a line of the document.
func (b Block) FailLine(line int, key, format string, args ...any) {
	node := *b.doc.Root
	node.Line, node.Column = line, 1
	b.doc.FailAt(&node, key, format, args...)
}

// Int returns an integer, and false where there is none.
func (b Block) Int(key string) (int64, bool) {
	v, ok := b.m[key].(int64)
	return v, ok
}

// TextLists returns what is a text or a list of texts by key.
func (b Block) TextLists() map[string][]string {
	out := make(map[string][]string, len(b.m))
	for _, key := range slices.Sorted(maps.Keys(b.m)) {
		list, isList := b.m[key].([]any)
		if !isList {
			list = []any{b.m[key]}
		}
		for _, v := range list {
			switch v := v.(type) {
			case string, bool, int64, float64:
				out[key] = append(out[key], fmt.Sprint(v))
			default:
				b.Fail(key, "must be a text or a list of texts")
			}
		}
	}
	return out
}
