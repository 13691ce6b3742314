// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// estimated draws clusters of the given sizes, of which a share of the rows repeats the cluster's
// value and the others are independent, and returns the design effects.
func estimated(seed uint64, ordered bool, repeats float64, sizes func(r *rand.Rand) int) (values, missing float64) {
	r := rand.New(rand.NewPCG(seed, 9))
	const cells, n = 10, 3000
	c := newClusters(cells, ordered)
	for i := range n {
		group := int(clusterOf(fmt.Sprintf("user %d", i)) % clusterGroups)
		own, lost := r.IntN(cells), r.Float64() < 0.3
		for range sizes(r) {
			cell, gone := own, lost
			if r.Float64() >= repeats {
				cell, gone = r.IntN(cells), r.Float64() < 0.3
			}
			if gone {
				cell = missingCell
			}
			c.add(group, cell)
		}
	}
	return c.values(), c.missing()
}

// The design effect is what the theory says: m of clusters of m equal rows, Σm²/Σm of clusters of
// several sizes (Kish, 1965), 1+(m-1)·rho where rows are alike with a correlation of rho.
func TestDesignEffects(t *testing.T) {
	of := func(m int) func(*rand.Rand) int { return func(*rand.Rand) int { return m } }
	for name, c := range map[string]struct {
		repeats float64
		sizes   func(*rand.Rand) int
		// want is of missing values; of values, of which 70 % are there, where it is not 0.
		missing, values float64
	}{
		"independent":   {0, of(1), 1, 1},
		"random within": {0, of(8), 1, 1},
		"equal rows":    {1, of(8), 8, 8},
		"two sizes": {1, func(r *rand.Rand) int {
			if r.IntN(2) == 0 {
				return 2
			}
			return 18
		}, (4 + 324) / 20., (4 + 324) / 20.},
		"half alike": {math.Sqrt(0.5), of(9), 1 + 8*0.5, 0},
	} {
		for _, ordered := range []bool{false, true} {
			var values, missing float64
			const seeds = 8
			for seed := range uint64(seeds) {
				v, m := estimated(seed, ordered, c.repeats, c.sizes)
				values, missing = values+v/seeds, missing+m/seeds
			}
			assert.InDelta(t, c.missing, missing, 0.08*c.missing, "%s: missing values", name)
			if c.values > 0 {
				assert.InDelta(t, c.values, values, 0.12*c.values, "%s, ordered %t", name, ordered)
			}
		}
	}
}

func TestDesignEffectsOfNothing(t *testing.T) {
	c := newClusters(3, true)
	assert.Equal(t, 1.0, c.values())
	assert.Equal(t, 1.0, c.missing())
	for i := range 100 {
		c.add(i, 1) // one value alone
	}
	assert.Equal(t, 1.0, c.values())
	assert.Equal(t, 1.0, c.missing())
	var none *clusters
	none.add(1, 1)
}
