// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import (
	"math"
	"strconv"
)

// float32Cell returns the values that a float32 cannot tell from v, as the interval (below, last]:
// those that round to the float32 that v rounds to. Beyond the range of a float32 it is v alone.
func float32Cell(v float64) (below, last float64) {
	f := float32(v)
	if math.IsInf(float64(f), 0) {
		return math.Nextafter(v, math.Inf(-1)), v
	}
	last = math.Nextafter(midpoint(f, math.Nextafter32(f, float32(math.Inf(1)))), math.Inf(1))
	for float32(last) != f { // a midpoint goes to the even neighbour
		last = math.Nextafter(last, math.Inf(-1))
	}
	below = math.Nextafter(midpoint(f, math.Nextafter32(f, float32(math.Inf(-1)))), math.Inf(-1))
	for float32(below) == f {
		below = math.Nextafter(below, math.Inf(-1))
	}
	for float32(math.Nextafter(below, math.Inf(1))) != f {
		below = math.Nextafter(below, math.Inf(1))
	}
	return below, last
}

// midpoint is the middle of two neighbouring float32, exactly; 2^128 stands in for infinity.
func midpoint(a, b float32) float64 {
	x, y := float64(a), float64(b)
	if math.IsInf(y, 0) {
		y = math.Copysign(0x1p128, y)
	}
	return x/2 + y/2
}

// Decimal32 returns the decimal number that was meant where v is a float32 that was widened: 0.3
// for 0.30000001192092896. Any other number, and any whole one, is returned as it is.
func Decimal32(v float64) float64 {
	f := float32(v)
	if float64(f) != v || v == math.Trunc(v) {
		return v
	}
	var digits [32]byte
	d, err := strconv.ParseFloat(string(strconv.AppendFloat(digits[:0], v, 'g', -1, 32)), 64)
	if err != nil {
		return v
	}
	return d
}
