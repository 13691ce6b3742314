// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import (
	"errors"
	"math"
	"slices"
)

// expoBuckets is the most buckets that a sum of exponential histograms keeps on each side of zero.
const expoBuckets = 160

// The scales that OTLP's exponential histograms have.
const (
	minScale = -10
	maxScale = 20
)

// Exponential is an exponential histogram as in OTLP: bucket i of Positive counts values in
// (b^(offset+i), b^(offset+i+1)] with b = 2^(2^-Scale), and of Negative their mirror image.
type Exponential struct {
	Scale              int32
	Zero               uint64
	Positive, Negative ExponentialBuckets
}

// ExponentialBuckets is one side of an Exponential.
type ExponentialBuckets struct {
	Offset int32
	Counts []uint64
}

// Validate reports a scale, a number of buckets or an offset that no float64 needs.
func (e *Exponential) Validate() error {
	if e.Scale < minScale || e.Scale > maxScale {
		return errors.New("scale out of range")
	}
	limit := int64(1100) << max(e.Scale, 0) >> max(-e.Scale, 0) // 2^±1100 is beyond the floats
	for _, b := range []*ExponentialBuckets{&e.Positive, &e.Negative} {
		if n := int64(len(b.Counts)); n > 8*expoBuckets || n > 0 && (int64(b.Offset) < -limit-2 || int64(b.Offset)+n > limit+2) {
			return errors.New("buckets out of range")
		}
	}
	return nil
}

// trim drops empty buckets at both ends.
func (b *ExponentialBuckets) trim() {
	for len(b.Counts) > 0 && b.Counts[len(b.Counts)-1] == 0 {
		b.Counts = b.Counts[:len(b.Counts)-1]
	}
	for len(b.Counts) > 0 && b.Counts[0] == 0 {
		b.Counts = b.Counts[1:]
		b.Offset++
	}
}

// at returns the buckets at a scale lower by shift, in new memory: 2^shift neighbours become one,
// exactly.
func (b ExponentialBuckets) at(shift int32) ExponentialBuckets {
	b.trim()
	if len(b.Counts) == 0 {
		return ExponentialBuckets{}
	}
	lo := b.Offset >> shift
	hi := (b.Offset + int32(len(b.Counts)) - 1) >> shift
	out := ExponentialBuckets{Offset: lo, Counts: make([]uint64, hi-lo+1)}
	for i, c := range b.Counts {
		out.Counts[((b.Offset+int32(i))>>shift)-lo] += c
	}
	return out
}

// plus adds two sides of the same scale, in new memory unless one is empty.
func (b ExponentialBuckets) plus(o ExponentialBuckets) ExponentialBuckets {
	if len(o.Counts) == 0 {
		return b
	}
	if len(b.Counts) == 0 {
		return o
	}
	lo, hi := min(b.Offset, o.Offset), max(b.end(), o.end())
	out := ExponentialBuckets{Offset: lo, Counts: make([]uint64, hi-lo)}
	for i, c := range b.Counts {
		out.Counts[b.Offset-lo+int32(i)] += c
	}
	for i, c := range o.Counts {
		out.Counts[o.Offset-lo+int32(i)] += c
	}
	return out
}

func (b ExponentialBuckets) end() int32 { return b.Offset + int32(len(b.Counts)) }

// span is the number of buckets from the first of a and b to the last, at a scale lower by shift.
func span(a, b ExponentialBuckets, sa, sb int32) int64 {
	switch {
	case len(a.Counts) == 0 && len(b.Counts) == 0:
		return 0
	case len(a.Counts) == 0:
		a, sa = b, sb
	case len(b.Counts) == 0:
		b, sb = a, sa
	}
	lo := min(a.Offset>>sa, b.Offset>>sb)
	hi := max((a.end()-1)>>sa, (b.end()-1)>>sb)
	return int64(hi) - int64(lo) + 1
}

// Add returns the sum, at the highest scale at which both sides have at most 160 buckets. Either
// may be nil. It is commutative and associative up to that scale, and the arguments are left alone.
func (e *Exponential) Add(o *Exponential) *Exponential {
	if e == nil {
		e = &Exponential{Scale: maxScale}
	}
	if o == nil {
		o = &Exponential{Scale: maxScale}
	}
	a, b := *e, *o
	for _, side := range []*ExponentialBuckets{&a.Positive, &a.Negative, &b.Positive, &b.Negative} {
		side.trim()
	}
	scale := min(a.Scale, b.Scale)
	for scale > minScale && (span(a.Positive, b.Positive, a.Scale-scale, b.Scale-scale) > expoBuckets ||
		span(a.Negative, b.Negative, a.Scale-scale, b.Scale-scale) > expoBuckets) {
		scale--
	}
	return &Exponential{
		Scale:    scale,
		Zero:     a.Zero + b.Zero,
		Positive: a.Positive.at(a.Scale - scale).plus(b.Positive.at(b.Scale - scale)),
		Negative: a.Negative.at(a.Scale - scale).plus(b.Negative.at(b.Scale - scale)),
	}
}

// Count returns the number of values.
func (e *Exponential) Count() uint64 {
	if e == nil {
		return 0
	}
	n := e.Zero
	for _, c := range e.Positive.Counts {
		n += c
	}
	for _, c := range e.Negative.Counts {
		n += c
	}
	return n
}

// boundary returns the lower bound of bucket i at a scale, at most the largest float.
func boundary(i, scale int32) float64 {
	return min(math.Exp2(math.Ldexp(float64(i), int(-scale))), math.MaxFloat64)
}

// Align puts two histograms on common explicit bounds: both are brought to the scale of their sum,
// then negative buckets, zero and positive buckets follow each other.
func Align(a, b *Exponential) (bounds []float64, ca, cb []uint64) {
	sum := a.Add(b)
	parts := [2]*Exponential{}
	for i, e := range []*Exponential{a, b} {
		if e == nil {
			e = &Exponential{Scale: sum.Scale}
		}
		parts[i] = &Exponential{
			Scale: sum.Scale, Zero: e.Zero,
			Positive: e.Positive.at(e.Scale - sum.Scale), Negative: e.Negative.at(e.Scale - sum.Scale),
		}
	}
	get := func(b ExponentialBuckets, i int32) uint64 {
		if i < b.Offset || i >= b.end() {
			return 0
		}
		return b.Counts[i-b.Offset]
	}
	for i := sum.Negative.end() - 1; i >= sum.Negative.Offset && len(sum.Negative.Counts) > 0; i-- {
		bounds = append(bounds, -boundary(i, sum.Scale))
		ca = append(ca, get(parts[0].Negative, i))
		cb = append(cb, get(parts[1].Negative, i))
	}
	ca, cb = append(ca, parts[0].Zero), append(cb, parts[1].Zero)
	if len(sum.Positive.Counts) > 0 {
		bounds = append(bounds, boundary(sum.Positive.Offset, sum.Scale))
	}
	for i := sum.Positive.Offset; i < sum.Positive.end(); i++ {
		if i+1 < sum.Positive.end() {
			bounds = append(bounds, boundary(i+1, sum.Scale))
		}
		ca = append(ca, get(parts[0].Positive, i))
		cb = append(cb, get(parts[1].Positive, i))
	}
	return bounds, ca, cb
}

// Coarsen adds the buckets to dst by the lowest bound that takes them, dst[len(bounds)] being those
// above all. A bucket that has a bound inside is taken to lie below it: numbers of many digits are
// rare on either side, round ones are the bounds themselves.
func (e *Exponential) Coarsen(bounds []float64, dst []uint64) {
	dst[BucketOf(bounds, 0)] += e.Zero
	for i, c := range e.Positive.Counts {
		low := boundary(e.Positive.Offset+int32(i), e.Scale)
		j, found := slices.BinarySearch(bounds, low)
		if found {
			j++
		}
		dst[j] += c
	}
	for i, c := range e.Negative.Counts {
		j, _ := slices.BinarySearch(bounds, -boundary(e.Negative.Offset+int32(i)+1, e.Scale))
		dst[j] += c
	}
}
