// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

// The distance of the values lies within the error of that of the bins, whatever the shape, the
// shift and the bins; with a bin for each value there is no error.
func TestBinError(t *testing.T) {
	for name, draw := range shapes {
		for _, bins := range []int{10, 240} {
			for seed := range uint64(40) {
				rng := rand.New(rand.NewPCG(seed, uint64(bins)))
				ref, cur := drawn(rng, 600, draw), drawn(rng, 200, draw)
				slices.Sort(ref)
				for i := range cur { // a shift, a spread, or nothing
					switch seed % 3 {
					case 1:
						cur[i] += 0.5
					case 2:
						cur[i] = 3*cur[i] - 1
					}
				}
				bounds, sd := equalMass(ref, bins), stat.PopStdDev(ref, nil)
				if seed%2 == 1 {
					bounds = bounds[len(bounds)/4 : 3*len(bounds)/4+1] // much lies outside
				}
				if !(sd > 0) {
					continue
				}
				a, b := binned(ref, bounds, sd), binned(cur, bounds, 0)
				b.Sum, b.HasSum = total(cur), seed%5 == 0
				exact, _ := KSTwoSample(ref, cur)
				r, err := Compare(KS, a, b)
				require.NoError(t, err)
				assert.LessOrEqual(t, r.Score, exact+1e-12, "%s %d %d", name, bins, seed)
				assert.GreaterOrEqual(t, r.Score+r.Error, exact-1e-12, "%s %d %d", name, bins, seed)
				r, err = Compare(Wasserstein, a, b)
				require.NoError(t, err)
				w := WassersteinSamples(ref, cur) / sd
				assert.LessOrEqual(t, math.Abs(r.Score-w), r.Error+1e-9*(1+w), "%s %d %d", name, bins, seed)

				a, b = atomSample(ref, slices.Concat(ref, cur), sd), atomSample(cur, slices.Concat(ref, cur), 0)
				for _, m := range []Method{KS, Wasserstein} {
					r, err = Compare(m, a, b)
					require.NoError(t, err)
					assert.InDelta(t, 0, r.Error, 1e-9, "%s of %s", m, name)
				}
			}
		}
	}
}

// The error is of the size of a bin where bins are of equal mass, and not known without ends.
func TestBinErrorSize(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	ref := drawn(rng, 24_000, (*rand.Rand).NormFloat64)
	slices.Sort(ref)
	bounds := equalMass(ref, 240)
	a, b := binned(ref, bounds, 1), binned(drawn(rng, 1000, (*rand.Rand).NormFloat64), bounds, 1)
	r, err := Compare(KS, a, b)
	require.NoError(t, err)
	assert.Positive(t, r.Error)
	assert.Less(t, r.Error, 0.012)
	r, err = Compare(Wasserstein, a, b)
	require.NoError(t, err)
	assert.Positive(t, r.Error)
	assert.Less(t, r.Error, 0.05)
	b.Max = math.Inf(1)
	b.Counts[len(b.Counts)-1] = 3
	r, err = Compare(Wasserstein, a, b)
	require.NoError(t, err)
	assert.Equal(t, math.MaxFloat64, r.Error)
	r, err = Compare(PSI, a, b)
	require.NoError(t, err)
	assert.Zero(t, r.Error)
}
