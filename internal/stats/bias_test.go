// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zipf are the cumulative shares of k groups, the i-th with a share of 1/i^s.
func zipf(k int, s float64) []float64 {
	shares := make([]float64, k)
	sum := 0.0
	for i := range shares {
		sum += math.Pow(float64(i+1), -s)
		shares[i] = sum
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}

// drawCounts draws n rows, each copies times, of groups with cumulative shares.
func drawCounts(r *rand.Rand, shares []float64, n, copies int) []float64 {
	counts := make([]float64, len(shares))
	for range n / copies {
		i, _ := slices.BinarySearch(shares, r.Float64())
		counts[min(i, len(shares)-1)] += float64(copies)
	}
	return counts
}

// What is expected without a difference is what there is on average, whatever the groups and sizes,
// and where rows come in equal copies.
func TestExpectedOfChance(t *testing.T) {
	for name, d := range map[string]*divergence{
		"psi": &divergencePSI, "kl": &divergenceKL, "jensen_shannon": &divergenceJS, "hellinger": &divergenceHellinger, "chi2": &divergenceCramer,
		"total_variation": &divergenceAbsolute,
	} {
		for _, k := range []int{2, 10, 200} {
			for _, n := range [][3]int{{20, 300, 1}, {200, 3000, 1}, {1000, 300, 1}, {1000, 1000, 10}} {
				groups, r := zipf(k, 1), rand.New(rand.NewPCG(uint64(k), uint64(n[0]+n[1])))
				const draws = 40
				var sum, square, expected float64
				for range draws {
					ref, cur := drawCounts(r, groups, n[1], 1), drawCounts(r, groups, n[0], n[2])
					s := shares{pseudo: d.pseudo, nRef: total(ref) + d.pseudo*float64(k), nCur: total(cur) + d.pseudo*float64(k)}
					var c chance
					c.init(d, s, total(ref), total(cur), total(ref), total(cur)/float64(n[2]))
					var v float64
					for i, x := range ref {
						if p, q := s.of(x, cur[i]); x+cur[i] > 0 || d.pseudo > 0 {
							v += d.term(p, q)
							expected += c.expected(x + cur[i]/float64(n[2]))
						}
					}
					sum += v
					square += v * v
				}
				sd := math.Sqrt((square/draws - sum/draws*sum/draws) / draws)
				assert.InDelta(t, sum/draws, expected/draws, 4*sd+0.02*sum/draws, "%s of %d groups, %v rows", name, k, n)
			}
		}
	}
}

// Without drift the score is about zero, with 200 rows and any number of categories; of what there
// is little is lost, but that half a count in each of very many categories makes all shares alike.
func TestScoresOfNothing(t *testing.T) {
	for _, k := range []int{5, 20, 50, 200} {
		shares := zipf(k, 0.5)
		moved := slices.Clone(shares)
		for i := range moved { // a fifth of all rows goes to the first group
			moved[i] = 0.2 + 0.8*moved[i]
		}
		mean := func(m Method, shares []float64, n, draws int) float64 {
			r := rand.New(rand.NewPCG(uint64(k), uint64(n)))
			var sum float64
			for range draws {
				x, err := Compare(m, Sample{Counts: drawCounts(r, zipf(k, 0.5), 5000, 1)}, Sample{Counts: drawCounts(r, shares, n, 1)})
				require.NoError(t, err)
				sum += x.Effect / float64(draws)
			}
			return sum
		}
		for m, most := range map[Method]float64{PSI: 0.03, KL: 0.02, JensenShannon: 0.05, Hellinger: 0.045, Chi2: 0.1, TotalVariation: 0.02, LInfinity: 0.02} {
			t.Run(fmt.Sprintf("%s of %d", m, k), func(t *testing.T) {
				assert.Less(t, mean(m, shares, 200, 40), most)
				kept := mean(m, moved, 200, 40) / mean(m, moved, 10_000, 5)
				assert.Less(t, kept, 1.2)
				switch {
				case k > 50:
					assert.Greater(t, kept, 0.35)
				case m == TotalVariation:
					assert.Greater(t, kept, 0.55)
				default:
					assert.Greater(t, kept, 0.75)
				}
			})
		}
	}
}

func TestKnots(t *testing.T) {
	for i := range maxKnots - 1 {
		assert.Less(t, knot(i), knot(i+1))
		assert.Equal(t, i, knotBelow(knot(i)))
		assert.Equal(t, i, knotBelow(math.Nextafter(knot(i+1), 0)))
	}
	assert.GreaterOrEqual(t, knot(maxKnots-1), float64(largestKnot))
}

// Ten equal copies of each row are worth a tenth of the rows: so are the p-value and what is taken
// off the score.
func TestEffectiveN(t *testing.T) {
	ref := Sample{Counts: []float64{3000, 3000, 4000}, Bounds: []float64{0, 1}}
	cur := Sample{Counts: []float64{70, 55, 75}, Bounds: ref.Bounds}
	copies := cur
	copies.Counts, copies.EffectiveN = []float64{700, 550, 750}, 200
	for _, m := range []Method{PSI, JensenShannon, Chi2, KS, LInfinity} {
		want, err := Compare(m, ref, cur)
		require.NoError(t, err)
		got, err := Compare(m, ref, copies)
		require.NoError(t, err)
		assert.InEpsilon(t, want.PValue, got.PValue, 1e-9, m)
		assert.InDelta(t, want.Effect, got.Effect, 0.01, m)
	}
	copies.EffectiveN = 1e9
	got, err := Compare(KS, ref, copies)
	require.NoError(t, err)
	copies.EffectiveN = 0
	want, err := Compare(KS, ref, copies)
	require.NoError(t, err)
	assert.Equal(t, want, got, "no more than there are")
}

// What is taken off total variation is that of each group alone: a large shift of one group among
// many, and one of all, are kept; of what each group has lost to the one, about its noise, a part is.
func TestTotalVariationKeepsShifts(t *testing.T) {
	const k, n = 50, 2000
	even, one, all := make([]float64, k), make([]float64, k), make([]float64, k)
	for i := range k {
		share := float64(i+1) / k
		even[i], one[i] = share, 0.2+0.8*share
		// Every other group has half as much again, its neighbour half less.
		all[i] = share
		if i%2 == 0 {
			all[i] += 0.5 / k
		}
	}
	for name, tt := range map[string]struct {
		shares []float64
		want   float64
	}{"one": {one, 0.17}, "all": {all, 0.25}, "nothing": {even, 0}} {
		r := rand.New(rand.NewPCG(8, 8))
		var mean, plain float64
		for range 20 {
			ref, cur := drawCounts(r, even, 10_000, 1), drawCounts(r, tt.shares, n, 1)
			x, err := Compare(TotalVariation, Sample{Counts: ref}, Sample{Counts: cur})
			require.NoError(t, err)
			mean += x.Score / 20
			plain += TotalVariationDistance(sharesOf(ref), sharesOf(cur)) / 20
		}
		assert.InDelta(t, tt.want, mean, 0.015, name)
		if name == "nothing" {
			assert.Greater(t, plain, 0.05, "what dashboards would show of nothing")
		}
	}
}

// The largest difference of a share is what it is where a group has moved, and next to nothing
// without.
func TestLInfinityKeepsShifts(t *testing.T) {
	x, err := Compare(LInfinity, Sample{Counts: []float64{5000, 3000, 2000}}, Sample{Counts: []float64{800, 600, 600}})
	require.NoError(t, err)
	assert.InDelta(t, 0.1, x.Score, 0.002)
	x, err = Compare(LInfinity, Sample{Counts: []float64{5000, 3000, 2000}}, Sample{Counts: []float64{99, 61, 40}})
	require.NoError(t, err)
	assert.Zero(t, x.Score)
	x, err = Compare(LInfinity, Sample{Counts: []float64{100, 0}}, Sample{Counts: []float64{0, 100}})
	require.NoError(t, err)
	assert.InDelta(t, 1, x.Score, 1e-6)
}
