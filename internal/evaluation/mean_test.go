// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func meanOf(numbers ...float64) *Mean {
	m := &Mean{}
	for _, x := range numbers {
		m.Add(x, 1)
	}
	return m
}

func TestMean(t *testing.T) {
	none := meanOf().Interval(0.95)
	assert.False(t, none.Defined())
	assert.Zero(t, none.N)

	// statsmodels' proportion_confint(3, 4, method="wilson"), (1, 1, …), (0, 1, …)
	for _, c := range []struct {
		of           *Mean
		lower, upper float64
	}{
		{meanOf(1, 0, 1, 1), 0.30064184, 0.95441273}, {meanOf(1), 0.20654931, 1}, {meanOf(0), 0, 0.79345069},
	} {
		got := c.of.Interval(0.95)
		assert.InDelta(t, c.lower, got.Lower, 1e-8)
		assert.InDelta(t, c.upper, got.Upper, 1e-8)
		assert.InDelta(t, float64(c.of.rows), got.N, exact)
	}

	one := meanOf(0.5).Interval(0.95)
	assert.Equal(t, Interval{Point: 0.5, Lower: math.Inf(-1), Upper: math.Inf(1), N: 1}, one, "one grade has no bounds")

	// Three are symmetric: the bounds are the normal ones.
	stars := meanOf(4, 5, 3).Interval(0.95)
	assert.InDelta(t, 4, stars.Point, exact)
	assert.InDelta(t, 4-1.959964*math.Sqrt(1.0/3), stars.Lower, 1e-5)
}

func TestMeanOfNoNumbers(t *testing.T) {
	var m Mean
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e70} {
		assert.False(t, m.Add(x, 1))
	}
	for _, w := range []float64{math.NaN(), 0, -1, math.Inf(1)} {
		assert.False(t, m.Add(1, w))
	}
	assert.False(t, m.Remove(1, 1), "there is none")
	assert.Equal(t, Mean{}, m)
}

func TestMeanIsTakenBackAndMerged(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	all, parts := &Mean{}, []*Mean{{}, {}}
	for i := range 1000 {
		x, w := float64(rnd.IntN(5))/4, weights[i%4]
		all.Add(x, w)
		wrong := rnd.Float64()
		parts[i%2].Add(wrong, w)
		parts[i%2].Add(x, w)
		require.True(t, parts[i%2].Remove(wrong, w))
	}
	merged := reread(t, parts[0], DecodeMean)
	merged.Merge(parts[1])
	want, got := all.Interval(0.95), merged.Interval(0.95)
	assert.InDelta(t, want.Point, got.Point, exact)
	assert.InDelta(t, want.Lower, got.Lower, exact)
	assert.InDelta(t, want.Upper, got.Upper, exact)
	assert.InDelta(t, want.N, got.N, exact)
	assert.Equal(t, all.graded, merged.graded)

	// Once the grades are taken back, what is left is a share again.
	m := meanOf(0, 1, 0.3)
	m.Remove(0.3, 1)
	assert.InDelta(t, meanOf(0, 1).Interval(0.95).Upper, m.Interval(0.95).Upper, exact)
	m.Remove(0, 1)
	m.Remove(1, 1)
	assert.Equal(t, Mean{}, *m)
}
