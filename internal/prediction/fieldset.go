// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
)

// FieldSet is a sequence of attribute keys and what the field at each position means. Spans of one
// SDK carry their attributes in the same order, so that a span is understood by comparing its keys
// with those of the span before.
type FieldSet struct {
	// Features and Segments are the positions of features and of segment dimensions.
	Features, Segments []Named
	// Transient sets are not kept: the table is full.
	Transient bool
	// Memo is the Counter's own. It is dropped with the set.
	Memo any

	keys []string
	// used positions are decoded.
	used []bool
	// at are the positions of single attributes, -1 if absent.
	at [NumAttributes]int32
	// vectors are the positions of answers and embeddings that are not counted, but may be arrays
	// of one batch.
	vectors []int
	// answer is true where an attribute makes the span a prediction.
	answer bool
	// usage is true where the span says what the call used.
	usage bool
	// marks has a bit for each vendor whose keys there are.
	marks uint32
}

// Named is a position with the name that follows the prefix of its key.
type Named struct {
	At   int
	Name string
}

// size is the number of attributes. The features of ml.features have the positions after them.
func (f *FieldSet) size() int { return len(f.keys) }

// position returns the position of an attribute, -1 if it is absent.
func (f *FieldSet) position(a Attribute) int { return int(f.at[a]) }

// Has is true where the attribute is there.
func (f *FieldSet) Has(a Attribute) bool { return f.at[a] >= 0 }

// HasUsage is true where the span says what the call used.
func (f *FieldSet) HasUsage() bool { return f.usage }

// Find returns the position of a key whose value is decoded, -1 if there is none.
func (f *FieldSet) Find(key string) int {
	if at := slices.Index(f.keys, key); at >= 0 && f.used[at] {
		return at
	}
	return -1
}

// fill makes f the set of keys. With clone, keys are copied. The values of wanted keys are decoded
// even if they say nothing of a prediction.
func (f *FieldSet) fill(keys []string, clone bool, wanted []string) {
	*f = FieldSet{keys: f.keys[:0], used: f.used[:0], Features: f.Features[:0], Segments: f.Segments[:0], vectors: f.vectors[:0]}
	for i := range f.at {
		f.at[i] = -1
	}
	for at, key := range keys {
		if clone {
			key = strings.Clone(key)
		}
		f.keys = append(f.keys, key)
		f.used = append(f.used, f.note(key, at) || slices.Contains(wanted, key))
	}
}

// note notes one key and returns whether its value is needed. The first of several equal keys
// counts.
func (f *FieldSet) note(key string, at int) bool {
	f.marks |= markOf(key)
	a, name := AttributeOf(key)
	f.answer = f.answer || a.Answer()
	f.usage = f.usage || a >= InputTokens && a <= Cost
	switch a {
	case Unrelated:
		return false
	case Feature:
		f.Features = append(f.Features, newNamed(at, name))
	case Segment:
		f.Segments = append(f.Segments, newNamed(at, name))
	case Vector:
		f.vectors = append(f.vectors, at)
	default:
		if f.at[a] >= 0 {
			return false
		}
		f.at[a] = int32(at)
	}
	return true
}

func newNamed(at int, name string) Named {
	name, _ = boundedname.Cut(name)
	return Named{at, name}
}

// tokens is true where the span says how many tokens a call took.
func (f *FieldSet) tokens() bool { return f.Has(InputTokens) || f.Has(OutputTokens) }

// Names is the sequence of feature names in ml.features.
type Names struct {
	Keys []string
	// Transient sequences are not kept: the table is full.
	Transient bool
}
