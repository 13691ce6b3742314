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

// exponentialOf counts values at a scale, one by one.
func exponentialOf(scale int32, values ...float64) *Exponential {
	var sum *Exponential
	for _, v := range values {
		one := &Exponential{Scale: scale}
		bucket := ExponentialBuckets{Offset: int32(math.Ceil(math.Ldexp(math.Log2(math.Abs(v)), int(scale)))) - 1, Counts: []uint64{1}}
		switch {
		case v > 0:
			one.Positive = bucket
		case v < 0:
			one.Negative = bucket
		default:
			one.Zero = 1
		}
		sum = sum.Add(one)
	}
	return sum
}

func TestExponentialAdds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 300)
	for i := range values {
		values[i] = r.NormFloat64() * math.Exp(3*r.NormFloat64())
	}
	values[0] = 0
	whole := exponentialOf(4, values...)
	assert.Equal(t, uint64(300), whole.Count())
	a, b, c := exponentialOf(4, values[:100]...), exponentialOf(6, values[100:200]...), exponentialOf(4, values[200:]...)
	assert.Equal(t, a.Add(b).Add(c), c.Add(b.Add(a)), "the order does not matter")
	assert.Equal(t, uint64(300), a.Add(b).Add(c).Count())
	assert.Equal(t, a, a.Add(nil))
	assert.Equal(t, a, (*Exponential)(nil).Add(a))
	assert.Zero(t, (*Exponential)(nil).Count())
	for _, e := range []*Exponential{whole, a, b, c} {
		require.NoError(t, e.Validate())
		assert.LessOrEqual(t, len(e.Positive.Counts), expoBuckets)
		assert.LessOrEqual(t, len(e.Negative.Counts), expoBuckets)
	}
}

func TestAlign(t *testing.T) {
	a, b := exponentialOf(0, -3, 0, 1.5, 3), exponentialOf(1, 3, 3, 12)
	bounds, ca, cb := Align(a, b)
	require.Len(t, ca, len(bounds)+1)
	require.Len(t, cb, len(bounds)+1)
	for i := 1; i < len(bounds); i++ {
		assert.Less(t, bounds[i-1], bounds[i])
	}
	sum := func(counts []uint64) (n uint64) {
		for _, c := range counts {
			n += c
		}
		return n
	}
	assert.Equal(t, uint64(4), sum(ca))
	assert.Equal(t, uint64(3), sum(cb))
	assert.Equal(t, uint64(1), ca[BucketOf(bounds, 1.5)])
	assert.Equal(t, uint64(2), cb[BucketOf(bounds, 3)])
}

func TestCoarsen(t *testing.T) {
	counts := make([]uint64, 4)
	exponentialOf(3, -5, 0, 0.5, 2, 100).Coarsen([]float64{-1, 1, 10}, counts)
	assert.Equal(t, []uint64{1, 2, 1, 1}, counts)
}

func TestExponentialOutOfRange(t *testing.T) {
	assert.Error(t, (&Exponential{Scale: 21}).Validate())
	assert.Error(t, (&Exponential{Positive: ExponentialBuckets{Offset: 1 << 20, Counts: []uint64{1}}}).Validate())
	assert.Error(t, (&Exponential{Negative: ExponentialBuckets{Counts: make([]uint64, 8*expoBuckets+1)}}).Validate())
}
