// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package derive makes numbers of what cannot be binned as it is: a vector, a text, the
// probabilities of classes. ml_summary counts them as features of a span, mlprofile of a row of a
// file, under the same names, so that a baseline has them as ordinary columns.
//
//	ml.embedding.query#p3       the attribute, and what is measured of it
//
// Nothing of a value but its numbers is kept.
package derive

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Measure is what is measured of a value.
type Measure uint8

// The measures.
const (
	// Value is a number as it is: tokens, the width of an image.
	Value Measure = iota
	// Projection is a vector's projection on one of MaxProjections fixed directions.
	Projection
	// Norm is a vector's Euclidean length.
	Norm
	// Centroid is the mean of all vectors: no number of one of them, and no feature. What is derived
	// for it is the vector itself (Vector.Elements).
	Centroid
	// Entropy is Shannon's entropy of probabilities (or of scores, over their sum), over the
	// logarithm of their number: 0 for a certain answer, 1 where all classes are as likely.
	Entropy
	// Characters is a text's number of code points, Words that of runs without white space.
	Characters
	Words
	// NonASCII and Digits are the shares of a text's characters that are no ASCII, and that are
	// decimal digits of any script.
	NonASCII
	Digits
)

// names are the words of all measures but projections.
var names = map[string]Measure{
	"value": Value, "norm": Norm, "centroid": Centroid, "entropy": Entropy,
	"characters": Characters, "words": Words, "non_ascii": NonASCII, "digits": Digits,
}

// Words of specs that stand for several features.
const (
	projections = "projections"
	text        = "text"
)

// DefaultProjections is the number of projections that "projections" stands for, MaxProjections that
// of those there are.
const (
	DefaultProjections = 8
	MaxProjections     = 64
)

// Feature is a feature that is derived.
type Feature struct {
	// Name is the feature's: the source, a #, and the measure.
	Name string
	// Source is the attribute, or the column.
	Source  string
	Measure Measure
	// Index is that of a projection, from 0.
	Index int
}

// Parse reads what a config says is to be derived: source#measure. "projections" stands for the
// first DefaultProjections of them, "text" for all that is measured of a text.
func Parse(spec string) ([]Feature, error) {
	source, what, ok := cut(spec)
	if !ok {
		return nil, fmt.Errorf("%q is not attribute#measure", spec)
	}
	switch what {
	case projections:
		var list []Feature
		for i := range DefaultProjections {
			list = append(list, Feature{Name: source + "#p" + strconv.Itoa(i), Source: source, Measure: Projection, Index: i})
		}
		return list, nil
	case text:
		var list []Feature
		for _, name := range []string{"characters", "words", "non_ascii", "digits"} {
			list = append(list, Feature{Name: source + "#" + name, Source: source, Measure: names[name]})
		}
		return list, nil
	}
	f, ok := Named(spec)
	if !ok {
		return nil, fmt.Errorf("%q: %q is none of projections, p0 to p%d, norm, centroid, entropy, text, characters, words, non_ascii, digits, value",
			spec, what, MaxProjections-1)
	}
	return []Feature{f}, nil
}

// Named returns the feature of a name, and false for a feature that is not derived.
func Named(name string) (Feature, bool) {
	source, what, ok := cut(name)
	if !ok {
		return Feature{}, false
	}
	if measure, ok := names[what]; ok {
		return Feature{Name: name, Source: source, Measure: measure}, true
	}
	digits, ok := strings.CutPrefix(what, "p")
	i, err := strconv.Atoi(digits)
	if !ok || err != nil || i < 0 || i >= MaxProjections || strconv.Itoa(i) != digits {
		return Feature{}, false
	}
	return Feature{Name: name, Source: source, Measure: Projection, Index: i}, true
}

// cut cuts a name at its last #.
func cut(name string) (source, what string, ok bool) {
	i := strings.LastIndexByte(name, '#')
	if i <= 0 || i == len(name)-1 {
		return "", "", false
	}
	return name[:i], name[i+1:], true
}

// MaxDimensions is the most elements that are read of a vector; a longer one has no numbers.
const MaxDimensions = 4096

// Vector adds up a vector, or the scores of classes, element by element. The zero value is empty.
type Vector struct {
	projections    int
	entropy        bool
	keep           bool
	elements       []float64
	sums           [MaxProjections]float64
	n              int
	sum, squares   float64
	logs           float64 // of v·ln v
	negative, lost bool
}

// Reset empties the vector. Of the next one the first projections are added up, and the entropy
// where that is asked for; its norm always.
func (v *Vector) Reset(projections int, entropy bool) {
	clear(v.sums[:min((max(v.projections, projections)+7)/8*8, MaxProjections)])
	v.projections, v.entropy, v.keep, v.elements = projections, entropy, false, v.elements[:0]
	v.n, v.sum, v.squares, v.logs, v.negative, v.lost = 0, 0, 0, 0, false, false
}

// Keep makes the vector keep its elements. Call it after Reset.
func (v *Vector) Keep() { v.keep = true }

// Elements are the elements of a vector that keeps them, valid until the next Reset; nil where it
// has no measures.
func (v *Vector) Elements() []float64 {
	if v.n == 0 || v.lost {
		return nil
	}
	return v.elements
}

// Lose notes an element that is no number: the vector has no measures.
func (v *Vector) Lose() { v.lost = true }

// Add adds the next element. Directions have elements of +1 or -1, as good as random, which are the
// same for every vector (Achlioptas 2003): a projection is their sum with these signs.
func (v *Vector) Add(x float64) {
	if v.n >= MaxDimensions || x-x != 0 {
		v.lost = true
		return
	}
	if v.projections > 0 {
		v.project(x)
	}
	if v.keep {
		v.elements = append(v.elements, x)
	}
	v.n++
	v.squares += x * x
	if !v.entropy {
		return
	}
	v.sum += x
	switch {
	case x > 0:
		v.logs += x * math.Log(x)
	case x < 0:
		v.negative = true
	}
}

// project adds the next element to the projections, eight at a time.
func (v *Vector) project(x float64) {
	signs := signsOf(uint64(v.n))
	bits := math.Float64bits(x)
	for at := 0; at < v.projections; at += 8 {
		s := (*[8]float64)(v.sums[at:])
		s[0] += math.Float64frombits(bits ^ signs<<63)
		s[1] += math.Float64frombits(bits ^ signs>>1<<63)
		s[2] += math.Float64frombits(bits ^ signs>>2<<63)
		s[3] += math.Float64frombits(bits ^ signs>>3<<63)
		s[4] += math.Float64frombits(bits ^ signs>>4<<63)
		s[5] += math.Float64frombits(bits ^ signs>>5<<63)
		s[6] += math.Float64frombits(bits ^ signs>>6<<63)
		s[7] += math.Float64frombits(bits ^ signs>>7<<63)
		signs >>= 8
	}
}

// signsOf are the signs of the i-th element of all directions, a bit each (splitmix64, Steele et al.
// 2014). They are part of the format of baselines.
func signsOf(i uint64) uint64 {
	x := (i + 1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Measure returns a measure of the vector, and false where it has none: it is empty, too long, or
// has elements that are no finite numbers.
func (v *Vector) Measure(f *Feature) (float64, bool) {
	if v.n == 0 || v.lost {
		return 0, false
	}
	switch f.Measure {
	case Projection:
		return v.sums[f.Index], f.Index < v.projections
	case Norm:
		return math.Sqrt(v.squares), true
	case Entropy:
		if !v.entropy || v.n < 2 || v.negative || !(v.sum > 0) {
			return 0, false
		}
		h := math.Log(v.sum) - v.logs/v.sum
		return min(max(h/math.Log(float64(v.n)), 0), 1), true
	default:
		return 0, false
	}
}
