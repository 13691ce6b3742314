// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distribution

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

func TestCategoricalBinningGrows(t *testing.T) {
	b := NewCategoricalBinning()
	assert.Equal(t, 1, b.Bins(), "that of all other categories")
	assert.Equal(t, 1, b.Bin("DE", 2))
	assert.Equal(t, 2, b.Bin("FR", 2))
	assert.Equal(t, BinRest, b.Bin("US", 2), "there is no room")
	assert.Equal(t, 1, b.Bin("DE", 2))
	assert.Equal(t, 3, b.Bins())

	fixed := NewFixedBinning([]string{"DE", "FR"}, []float64{1, 6, 3}, 10)
	assert.Equal(t, BinRest, fixed.Bin("US", 100), "a baseline's do not grow")
	bin, ok := fixed.Lookup("FR")
	assert.True(t, ok)
	assert.InDelta(t, 0.3, fixed.Baseline.Share(bin), 1e-12)
	assert.Nil(t, NewFixedBinning(nil, []float64{0}, 0).Baseline, "there is nothing to compare with")
}

func TestNumericBinning(t *testing.T) {
	reference := &Histogram{Bounds: []float64{0, 1, 2, 3}, Counts: []uint64{0, 10, 20, 30, 0}, Min: 0.1, Max: 2.9, StdDev: 1}
	whole := NewNumericBinning(reference.Bounds, reference)
	assert.False(t, whole.Partial)
	assert.Equal(t, uint64(60), whole.Baseline.Count())
	some := NewNumericBinning([]float64{1, 3}, reference)
	assert.True(t, some.Partial)
	assert.InDelta(t, 10.0/60, some.Baseline.Share(0), 1e-12)
	assert.InDelta(t, 50.0/60, some.Baseline.Share(1), 1e-12)
	assert.Nil(t, NewNumericBinning([]float64{1}, nil).Baseline)

	s := some.Sample([]uint32{4, 5}, nil, 0.5, 2, math.NaN())
	assert.Equal(t, uint64(9), s.Count(), "bins that are not there are empty")
}

// Samples in finer and in coarser bins meet in the coarser ones; others cannot be compared.
func TestMatchNumeric(t *testing.T) {
	fine := NewNumericSample([]float64{0, 1, 2, 3}, []uint64{5, 10, 20, 30, 5}, -1, 4, 1)
	coarse := NewNumericSample([]float64{1, 3}, []uint64{15, 50, 5}, -1, 4, 1)
	for _, samples := range [][2]*Sample{{fine, coarse}, {coarse, fine}} {
		p, ok := Match(samples[0], samples[1])
		require.True(t, ok)
		assert.True(t, p.Numeric())
		r, err := p.Compare("ks")
		require.NoError(t, err)
		assert.Zero(t, r.Score)
		ref, cur := p.Samples("ks")
		assert.Equal(t, ref.Counts, cur.Counts)
	}
	_, ok := Match(fine, NewNumericSample([]float64{0.5}, []uint64{1, 1}, 0, 1, 1))
	assert.False(t, ok)
	_, ok = Match(fine, nil)
	assert.False(t, ok)
	_, ok = Match(fine, NewNumericSample(fine.bounds, make([]uint64, 5), 0, 1, 1))
	assert.False(t, ok, "no values")
}

// Categories of two binnings are told apart by name; the rest of both comes last.
func TestMatchCategories(t *testing.T) {
	base := NewFixedBinning([]string{"DE", "FR", "IT"}, []float64{1, 6, 2, 1}, 10)
	grows := NewCategoricalBinning()
	for _, c := range []string{"FR", "US", "DE"} {
		grows.Bin(c, 10)
	}
	cur := grows.Sample([]uint32{2, 4, 3, 1}, nil, 0, 0, math.NaN())
	p, ok := Match(base.Baseline, cur)
	require.True(t, ok)
	assert.Equal(t, []string{"DE", "FR"}, p.Names(), "IT may be among the rest")
	ref, now := p.Shares()
	assert.Equal(t, []float64{0.6, 0.2, 0.2}, ref)
	assert.Equal(t, []float64{0.1, 0.4, 0.5}, now)

	p, ok = Match(base.Baseline, grows.Sample([]uint32{0, 4, 3, 1}, nil, 0, 0, math.NaN()))
	require.True(t, ok)
	assert.Equal(t, []string{"DE", "FR", "IT"}, p.Names(), "there was none")
	ref, now = p.Shares()
	assert.Equal(t, []float64{0.6, 0.2, 0.1, 0.1}, ref)
	assert.Equal(t, []float64{0.125, 0.5, 0, 0.375}, now)

	champion := NewCategoricalBinning()
	for _, c := range []string{"US", "BR", "FR"} {
		champion.Bin(c, 10)
	}
	p, ok = Match(champion.Sample([]uint32{0, 1, 2, 3}, nil, 0, 0, math.NaN()), grows.Sample([]uint32{0, 4, 3, 1}, nil, 0, 0, math.NaN()))
	require.True(t, ok)
	assert.Equal(t, []string{"BR", "DE", "FR", "US"}, p.Names(), "both saw all there was")
	ref, now = p.Shares()
	assert.InDeltaSlice(t, []float64{2. / 6, 0, 3. / 6, 1. / 6, 0}, ref, 1e-12)
	assert.Equal(t, []float64{0, 0.125, 0.5, 0.375, 0}, now)

	p, ok = Match(base.Baseline, base.Sample([]uint32{0, 6, 2, 1}, nil, 0, 0, math.NaN()))
	require.True(t, ok)
	_, now = p.Shares()
	assert.InDelta(t, 6.0/9, now[0], 1e-12)
}

// Rows that are held out are compared with; what they did not choose is one category on both sides,
// and the baseline still shows the shares of all rows.
func TestHeldOutRowsAreCompared(t *testing.T) {
	base := NewFixedBinning([]string{"b", "a", "rare"}, []float64{4, 50, 40, 6}, 100)
	base.Compare(48, []uint64{26, 19})
	p, ok := Match(base.Baseline, base.Sample([]uint32{1, 5, 3, 1}, nil, 0, 0, math.NaN()))
	require.True(t, ok)
	assert.Equal(t, []string{"a", "b"}, p.Names())
	ref, now := p.Shares()
	assert.InDeltaSlice(t, []float64{19. / 48, 26. / 48, 3. / 48}, ref, 1e-12)
	assert.Equal(t, []float64{0.3, 0.5, 0.2}, now)
	assert.Equal(t, 0.5, base.Baseline.Share(1))
	assert.Equal(t, uint64(100), base.Baseline.Count())

	// Two samples of live rows chose nothing: all that the baseline lists is told apart.
	p, ok = Match(base.Sample([]uint32{0, 6, 3, 1}, nil, 0, 0, math.NaN()), base.Sample([]uint32{1, 5, 3, 1}, nil, 0, 0, math.NaN()))
	require.True(t, ok)
	assert.Equal(t, []string{"a", "b", "rare"}, p.Names())
}

func TestRebinAndSubset(t *testing.T) {
	dst := make([]uint64, 3)
	Rebin([]float64{0, 1, 2, 3}, []uint64{1, 2, 3, 4, 5}, []float64{1, 3}, dst)
	assert.Equal(t, []uint64{3, 7, 5}, dst)
	assert.True(t, Subset([]float64{1, 3}, []float64{0, 1, 2, 3}))
	assert.False(t, Subset([]float64{1, 2.5}, []float64{0, 1, 2, 3}))
}

// The sums of both sides say where the values of the outer bins lie: here all of the last bin's went
// from its lower end to its upper.
func TestOuterMassLiesWhereTheSumSays(t *testing.T) {
	reference := &Histogram{Bounds: []float64{0, 1, 2}, Counts: []uint64{0, 50, 0, 50}, Min: 0, Max: 12, Mean: (50*0.5 + 50*2) / 100., StdDev: 1}
	b := NewNumericBinning(reference.Bounds, reference)
	far := b.Sample([]uint32{0, 50, 0, 50}, nil, 0, 12, 50*0.5+50*12)
	unknown := b.Sample([]uint32{0, 50, 0, 50}, nil, 0, 12, math.NaN())
	for sample, want := range map[*Sample]float64{far: 5, unknown: 0} { // half of the mass moves by 10 sd
		p, ok := Match(b.Baseline, sample)
		require.True(t, ok)
		r, err := p.Compare(stats.Wasserstein)
		require.NoError(t, err)
		assert.InDelta(t, want, r.Score, 1e-9)
	}
}
