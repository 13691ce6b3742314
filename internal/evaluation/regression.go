// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Regression sums the errors of predicted numbers: predicted minus actual.
type Regression struct {
	errors, absolute, squared moments
	// relative are |error/actual| of the rows whose actual value is not zero, zeros those others.
	relative moments
	zeros    cell
	spread   spread
}

// NewRegression returns an empty one.
func NewRegression() *Regression { return &Regression{} }

// Add counts a row. It returns false, and counts nothing, where a number is not finite (or the
// square of the error is not), or the weight not positive and finite.
func (r *Regression) Add(predicted, actual, weight float64) bool {
	return r.count(predicted, actual, weight, 1)
}

// Remove takes a row away that was added.
func (r *Regression) Remove(predicted, actual, weight float64) bool {
	return r.count(predicted, actual, weight, -1)
}

func (r *Regression) count(predicted, actual, weight float64, sign int64) bool {
	e := predicted - actual
	// Sums of fourth powers stay finite.
	if !usable(weight) || !(math.Abs(e) < 1e70) || !(math.Abs(actual) < 1e70) {
		return false
	}
	r.errors.count(e, weight, sign)
	r.absolute.count(math.Abs(e), weight, sign)
	r.squared.count(e*e, weight, sign)
	if actual != 0 {
		r.relative.count(min(math.Abs(e/actual), 1e70), weight, sign)
	} else {
		r.zeros.count(weight, sign)
	}
	r.spread.count(e*e, actual, weight, sign)
	return true
}

// Merge adds all rows of another one.
func (r *Regression) Merge(o *Regression) {
	r.errors.merge(o.errors)
	r.absolute.merge(o.absolute)
	r.squared.merge(o.squared)
	r.relative.merge(o.relative)
	r.zeros.add(o.zeros)
	r.spread.merge(o.spread)
}

// Rows is the number of rows, and how many of them have the actual value 0, which MAPE leaves out.
func (r *Regression) Rows() (rows, zeros int64) { return r.errors.rows, r.zeros.rows }

// Encode writes the sums.
func (r *Regression) Encode(e *wire.Encoder) {
	for _, m := range []*moments{&r.errors, &r.absolute, &r.squared, &r.relative} {
		m.encode(e)
	}
	r.zeros.encode(e)
	r.spread.encode(e)
}

// DecodeRegression reads what Encode wrote; the Decoder has what is wrong with it.
func DecodeRegression(d *wire.Decoder) *Regression {
	r := &Regression{}
	for _, m := range []*moments{&r.errors, &r.absolute, &r.squared, &r.relative} {
		*m = decodeMoments(d)
	}
	r.zeros = decodeCell(d)
	r.spread = decodeSpread(d)
	return r
}

// spread are the sums that R² and its error need: with d the actual value minus the offset and q the
// squared error, of d, q and their products.
type spread struct {
	actual moments
	q, qq  float64
	qd     float64
	qdd    float64
}

func (s *spread) count(q, actual, weight float64, sign int64) {
	s.actual.count(actual, weight, sign)
	d, w := actual-s.actual.offset, float64(sign)*weight
	s.q += w * q
	s.qq += w * q * q
	s.qd += w * q * d
	s.qdd += w * q * d * d
	if s.actual.rows == 0 {
		*s = spread{}
	}
}

// about returns the sums about another offset.
func (s spread) about(offset float64) spread {
	d := s.actual.offset - offset
	s.actual = s.actual.about(offset)
	s.qdd += d * (2*s.qd + d*s.q)
	s.qd += d * s.q
	return s
}

func (s *spread) merge(o spread) {
	if o.actual.rows == 0 {
		return
	}
	if s.actual.rows == 0 {
		*s = o
		return
	}
	o = o.about(s.actual.offset)
	s.actual.merge(o.actual)
	s.q += o.q
	s.qq += o.qq
	s.qd += o.qd
	s.qdd += o.qdd
	if s.actual.rows == 0 {
		*s = spread{}
	}
}

func (s spread) encode(e *wire.Encoder) {
	s.actual.encode(e)
	for _, v := range []float64{s.q, s.qq, s.qd, s.qdd} {
		e.Float64(v)
	}
}

func decodeSpread(d *wire.Decoder) spread {
	return spread{actual: decodeMoments(d), q: d.Float64(), qq: d.Float64(), qd: d.Float64(), qdd: d.Float64()}
}
