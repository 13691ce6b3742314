// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// moments are the first four powers of numbers, summed about an offset near them: their first.
type moments struct {
	cell
	offset float64
	powers [4]float64
}

// count adds (sign 1) or takes away (sign −1) a number.
func (m *moments) count(x, weight float64, sign int64) {
	if m.rows == 0 {
		m.offset = x
	}
	m.cell.count(weight, sign)
	d, w := x-m.offset, float64(sign)*weight
	for k := range m.powers {
		w *= d
		m.powers[k] += w
	}
	m.tidy()
}

func (m *moments) tidy() {
	if m.rows == 0 {
		*m = moments{}
	}
}

func (m *moments) merge(o moments) {
	if o.rows == 0 {
		return
	}
	if m.rows == 0 {
		*m = o
		return
	}
	o = o.about(m.offset)
	m.cell.add(o.cell)
	for k := range m.powers {
		m.powers[k] += o.powers[k]
	}
	m.tidy()
}

// about returns the sums about another offset, by the binomial theorem.
func (m moments) about(offset float64) moments {
	d := m.offset - offset
	s := [5]float64{m.weight, m.powers[0], m.powers[1], m.powers[2], m.powers[3]}
	m.offset = offset
	m.powers = [4]float64{
		s[1] + d*s[0],
		s[2] + d*(2*s[1]+d*s[0]),
		s[3] + d*(3*s[2]+d*(3*s[1]+d*s[0])),
		s[4] + d*(4*s[3]+d*(6*s[2]+d*(4*s[1]+d*s[0]))),
	}
	return m
}

func (m moments) mean() float64 { return m.offset + m.powers[0]/m.weight }

// central returns the mean of the k-th powers, 2 to 4, about the mean.
func (m moments) central(k int) float64 {
	v := m.about(m.mean()).powers[k-1] / m.weight
	if k == 3 {
		return v
	}
	return max(v, 0)
}

// interval is that of the mean, with the skewness of the numbers taken out by Hall's cubic
// transformation (Hall, On the removal of skewness by transformation, JRSS B 54, 1992): with
// s² the variance, γ the skewness and n the rows that they are worth,
//
//	x̄ − s/√n · g⁻¹(±z),   g(t) = t + γt²/(3√n) + γ²t³/(27n) + γ/(6√n)
//
// One row has no bounds.
func (m moments) interval(level float64) Interval { return m.unskewed(normalQuantile(level)) }

// unskewed is interval with another quantile than the normal one.
func (m moments) unskewed(quantile float64) Interval {
	out, variance := m.degenerate()
	if !(variance > 0) {
		return out
	}
	n := out.N
	root := math.Sqrt(n)
	gamma := m.central(3) / math.Pow(variance, 1.5)
	a := gamma / root
	se := math.Sqrt(variance / (n - 1))
	inverse := func(x float64) float64 {
		if math.Abs(a) < 1e-6 {
			return x
		}
		return 3 / a * (math.Cbrt(1+a*(x-a/6)) - 1)
	}
	out.Lower, out.Upper = out.Point-se*inverse(quantile), out.Point-se*inverse(-quantile)
	return out
}

// student is Student's interval of the mean, which is better where numbers are about symmetric and
// have long tails. One row has no bounds.
func (m moments) student(level float64) Interval {
	out, variance := m.degenerate()
	if !(variance > 0) {
		return out
	}
	half := studentQuantile(level, out.N-1) * math.Sqrt(variance/(out.N-1))
	out.Lower, out.Upper = out.Point-half, out.Point+half
	return out
}

// degenerate is the interval of the mean where there is no variance: of no row, of one, and of rows
// that are all the same.
func (m moments) degenerate() (i Interval, variance float64) {
	if m.rows == 0 {
		return undefined(math.Inf(-1), math.Inf(1), 0), 0
	}
	mean := m.mean()
	i = Interval{Point: mean, Lower: math.Inf(-1), Upper: math.Inf(1), N: m.n()}
	if i.N <= 1 {
		return i, 0
	}
	if variance = m.central(2); variance == 0 {
		i.Lower, i.Upper = mean, mean
	}
	return i, variance
}

func (m moments) encode(e *wire.Encoder) {
	m.cell.encode(e)
	e.Float64(m.offset)
	for _, p := range m.powers {
		e.Float64(p)
	}
}

func decodeMoments(d *wire.Decoder) moments {
	m := moments{cell: decodeCell(d), offset: d.Float64()}
	for k := range m.powers {
		m.powers[k] = d.Float64()
	}
	return m
}
