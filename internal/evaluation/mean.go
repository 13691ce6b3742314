// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Mean sums numbers whose range is not known, such as the scores that an evaluator gives.
type Mean struct {
	moments

	// graded are the rows whose number is neither 0 nor 1.
	graded int64
}

// Add counts a row. It returns false, and counts nothing, where the number is not below 1e70 in
// size, so that the sums of fourth powers stay finite, or the weight not positive and finite.
func (m *Mean) Add(x, weight float64) bool { return m.count(x, weight, 1) }

// Remove takes a row away that was added; false where there is none.
func (m *Mean) Remove(x, weight float64) bool { return m.rows > 0 && m.count(x, weight, -1) }

func (m *Mean) count(x, weight float64, sign int64) bool {
	if !usable(weight) || !(math.Abs(x) < 1e70) {
		return false
	}
	m.moments.count(x, weight, sign)
	if x != 0 && x != 1 {
		m.graded += sign
	}
	if m.rows == 0 {
		m.graded = 0
	}
	return true
}

// Merge adds all rows of another one.
func (m *Mean) Merge(o *Mean) {
	m.merge(o.moments)
	m.graded += o.graded
}

// Interval is that of the mean. Where every number is 0 or 1 the mean is a share, and the interval
// Wilson's; else the skewness of the numbers is taken out (Hall, 1992), and one row has no bounds.
func (m *Mean) Interval(level float64) Interval {
	if m.rows > 0 && m.graded == 0 {
		return wilson(m.mean(), m.n(), level)
	}
	return m.interval(level)
}

// Encode writes the sums.
func (m *Mean) Encode(e *wire.Encoder) {
	m.encode(e)
	e.Varint(m.graded)
}

// DecodeMean reads what Encode wrote; the Decoder has what is wrong with it.
func DecodeMean(d *wire.Decoder) *Mean { return &Mean{moments: decodeMoments(d), graded: d.Varint()} }
