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

// The grid only makes the search shorter: whatever the shape of the bounds, the answer is the binary search's.
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
					if want := sort.SearchFloat64s(bounds, v); want != bins.Index(v) {
						t.Fatalf("n=%d v=%v: bucket %d, want %d", n, v, bins.Index(v), want)
					}
				}
			}
		})
	}
}
