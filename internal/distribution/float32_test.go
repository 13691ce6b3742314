// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFloat32Cell(t *testing.T) {
	check := func(v float64) {
		t.Helper()
		below, last := float32Cell(v)
		f := float32(v)
		if math.IsInf(float64(f), 0) {
			assert.Equal(t, v, last)
			assert.Equal(t, v, math.Nextafter(below, math.Inf(1)))
			return
		}
		assert.NotEqual(t, f, float32(below), "%v", v)
		assert.Equal(t, f, float32(math.Nextafter(below, math.Inf(1))), "%v", v)
		assert.Equal(t, f, float32(last), "%v", v)
		assert.NotEqual(t, f, float32(math.Nextafter(last, math.Inf(1))), "%v", v)
	}
	for _, v := range []float64{
		0, math.Copysign(0, -1), 0.1, -0.1, 1, 16777216, 16777217, 16777219, 5e-324, 1e-45, -7e-46, 0x1p-126, 0x1p-149,
		math.MaxFloat32, -math.MaxFloat32, 3.4028235677973366e38, math.Nextafter(3.4028235677973366e38, 0), 1e39, math.MaxFloat64, -math.MaxFloat64,
	} {
		check(v)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		if v := math.Float64frombits(rng.Uint64()); !math.IsNaN(v) && !math.IsInf(v, 0) {
			check(v)
		}
		check(float64(math.Float32frombits(uint32(rng.Uint64N(0x7f800000)))))
	}
}

func TestDecimal32(t *testing.T) {
	for v, want := range map[float64]float64{
		float64(float32(0.3)): 0.3, float64(float32(19.99)): 19.99, float64(float32(-0.7)): -0.7, float64(float32(1e-7)): 1e-7,
		0.3: 0.3, 0.30000000000000004: 0.30000000000000004, 2.25: 2.25, 0: 0, 41: 41,
		9007199254740992: 9007199254740992, 123456792: 123456792, math.MaxFloat64: math.MaxFloat64,
	} {
		assert.Equal(t, want, Decimal32(v), "%v", v)
	}
	assert.True(t, math.IsNaN(Decimal32(math.NaN())))
	assert.True(t, math.IsInf(Decimal32(math.Inf(-1)), -1))
}

// A value that is repeated is in the same bin as a double, as a float32, and with a double's
// rounding error.
func TestOneValueInAllSizesIsInOneBin(t *testing.T) {
	var values []float64
	for _, v := range []float64{0.1, 0.2, 0.3, 0.7, 0.9, 4.99, 19.99, 49.9, -0.1, 0, 7, 1e-3, 1e10} {
		for range 100 {
			values = append(values, v)
		}
	}
	values = sorted(values...)
	for name, change := range map[string]func(float64) float64{
		"doubles": func(v float64) float64 { return v },
		"float32": func(v float64) float64 { return float64(float32(v)) },
	} {
		sample := make([]float64, len(values))
		for i, v := range values {
			sample[i] = change(v)
		}
		bins, err := NewBins(EqualMassBounds(sample, DefaultBins))
		require.NoError(t, err)
		for _, v := range values {
			own := bins.Index(v)
			for _, same := range []float64{float64(float32(v)), math.Nextafter(v, math.Inf(1)), math.Nextafter(v, math.Inf(-1))} {
				assert.Equal(t, own, bins.Index(same), "%s: %v and %v", name, v, same)
			}
			for _, other := range []float64{v + math.Abs(v)*1e-6 + 1e-12, v - math.Abs(v)*1e-6 - 1e-12} {
				assert.NotEqual(t, own, bins.Index(other), "%s: %v and %v", name, v, other)
			}
		}
	}
}

// What the reference tells apart stays apart, though no float32 can: integers above 2^24,
// seconds since 1970.
func TestNeighboursOfTheReferenceStayApart(t *testing.T) {
	values := sorted(20240101, 20240101, 20240101, 20240102, 20240102, 20240103, 20240103, 1700000000, 1700000000, 1700000001, 1700000001)
	bins, err := NewBins(EqualMassBounds(values, DefaultBins))
	require.NoError(t, err)
	seen := map[int]float64{}
	for _, v := range values {
		if w, ok := seen[bins.Index(v)]; ok {
			assert.Equal(t, w, v)
		}
		seen[bins.Index(v)] = v
	}
	assert.Len(t, seen, 5)
}

func TestBinsOfTheLargestNumbers(t *testing.T) {
	for _, values := range [][]float64{
		{-math.MaxFloat64, -math.MaxFloat64, math.MaxFloat64},
		{math.MaxFloat64},
		{-math.MaxFloat64},
		{-1.797e308, 1.797e308, 1.797e308},
		{-math.MaxFloat64, -math.MaxFloat64, -math.MaxFloat64},
	} {
		bounds := EqualMassBounds(values, DefaultBins)
		bins, err := NewBins(bounds)
		require.NoError(t, err)
		for _, c := range bins.Count(values)[bins.Len()-1:] {
			assert.Zero(t, c, "nothing is above the largest")
		}
	}
}
