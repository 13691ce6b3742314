// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
)

// bucket is Index by its definition: the upper-inclusive bucket, but that what a float32 cannot
// tell from the value of a neighbouring bucket of one value belongs to that, unless a bound says
// that the two have been told apart.
func bucket(bounds []float64, v float64) int {
	i := sort.SearchFloat64s(bounds, v)
	below := func(v float64) float64 { return math.Nextafter(v, math.Inf(-1)) }
	above := func(v float64) float64 { return math.Nextafter(v, math.Inf(1)) }
	same := func(a, b float64) bool { return float32(a) == float32(b) && !math.IsInf(float64(float32(a)), 0) }
	one := func(i int) bool { return i >= 1 && i < len(bounds) && bounds[i-1] == below(bounds[i]) }
	switch {
	case one(i):
	case one(i-1) && same(v, bounds[i-1]) && (i == len(bounds) || !same(above(bounds[i]), bounds[i-1])):
		return i - 1
	case one(i+1) && same(v, bounds[i+1]) && (i == 0 || !same(above(bounds[i-1]), bounds[i+1]) || bounds[i-1] == below(bounds[i+1])):
		return i + 1
	}
	return i
}

// The grid only makes the search shorter, whatever the shape of the bounds.
func TestIndexOnAwkwardBounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	draw := map[string]func() float64{
		"log-normal":     func() float64 { return math.Exp(3 * rng.NormFloat64()) },
		"all magnitudes": func() float64 { return math.Float64frombits(rng.Uint64()) },
		"tiny":           func() float64 { return rng.Float64() * 5e-322 },
		"huge":           func() float64 { return (rng.Float64() - 0.5) * math.MaxFloat64 * 1.9 },
		"neighbours":     func() float64 { return math.Float64frombits(math.Float64bits(1) + rng.Uint64N(300)) },
		"two clusters":   func() float64 { return rng.Float64() + 1e12*float64(rng.IntN(2)) },
		"with an outlier": func() float64 {
			if rng.IntN(100) == 0 {
				return 1e300
			}
			return rng.Float64()
		},
	}
	for name, f := range draw {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{1, 2, 7, 8, 9, 65, 240, MaxBounds} {
				var values []float64
				for len(values) < n {
					if v := f(); !math.IsNaN(v) && !math.IsInf(v, 0) {
						values = append(values, v)
					}
				}
				slices.Sort(values)
				bounds := slices.Compact(values)
				bins, err := NewBins(bounds)
				require.NoError(t, err)
				probe := append(slices.Clone(bounds), math.Inf(1), math.Inf(-1), 0, -math.MaxFloat64, math.MaxFloat64)
				for range 500 {
					if v := f(); !math.IsNaN(v) {
						probe = append(probe, v)
					}
				}
				for _, b := range bounds {
					probe = append(probe, math.Nextafter(b, math.Inf(1)), math.Nextafter(b, math.Inf(-1)))
				}
				for _, v := range probe {
					if want := bucket(bounds, v); want != bins.Index(v) {
						t.Fatalf("n=%d v=%v: bucket %d, want %d", n, v, bins.Index(v), want)
					}
				}
			}
		})
	}
}
