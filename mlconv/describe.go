// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlconv

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
)

// Kind is the type of an attribute's values, or what a metric or another name is.
type Kind string

// The kinds.
const (
	String    Kind = "string"
	Int       Kind = "int"
	Double    Kind = "double"
	Bool      Kind = "bool"
	Strings   Kind = "string[]"
	Ints      Kind = "int[]"
	Doubles   Kind = "double[]"
	Bytes     Kind = "bytes"
	Map       Kind = "map"
	Any       Kind = "any"
	Sum       Kind = "sum"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
	Event     Kind = "event"
)

// Range are the numbers that a name's values may be, both ends included. The zero value is any.
type Range struct{ Min, Max float64 }

// Name is one name of the vocabulary.
type Name struct {
	// Name is the attribute, the metric or the event. A prefix ends in a dot.
	Name string
	// Kind is that of the values.
	Kind Kind
	// Unit is in UCUM; empty for a pure number and for what is in the user's own unit.
	Unit string
	// Range bounds the values.
	Range Range
	// Meaning is a sentence.
	Meaning string
}

// unbounded is the end of a range that has none.
const unbounded = math.MaxFloat64

// DescribeMetric returns what is said of a metric. ok is false for one that is not of the
// vocabulary.
func DescribeMetric(name string) (n Name, ok bool) {
	n, ok = metrics[name]
	return n, ok
}

// DescribeAttribute returns what is said of an attribute, or of the prefix that it begins with. ok
// is false for one that is not of the vocabulary.
func DescribeAttribute(name string) (n Name, ok bool) {
	if n, ok = attributes[name]; ok {
		return n, true
	}
	for end := strings.LastIndexByte(name, '.'); end > 0; end = strings.LastIndexByte(name[:end], '.') {
		if n, ok = attributes[name[:end+1]]; ok {
			return n, true
		}
	}
	return Name{}, false
}

// Attributes returns what is said of all attributes, prefixes and events of the vocabulary, by name.
func Attributes() []Name {
	return slices.SortedFunc(maps.Values(attributes), func(a, b Name) int { return cmp.Compare(a.Name, b.Name) })
}
