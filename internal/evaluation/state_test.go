// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// record is what an accumulator is in a store.
func record(a interface{ Encode(*wire.Encoder) }) []byte {
	var e wire.Encoder
	a.Encode(&e)
	return e.Bytes()
}

// reread are the accumulators after a stay in a store.
func reread[T any](t *testing.T, a interface{ Encode(*wire.Encoder) }, decode func(*wire.Decoder) T) T {
	t.Helper()
	d := wire.NewDecoder(record(a))
	out := decode(d)
	require.NoError(t, d.End())
	return out
}

// weights are those of rows: binary fractions, whose sums are exact.
var weights = []float64{1, 1, 2, 0.5}

func TestConfusionStates(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	name := func() string { return fmt.Sprint("c", min(rnd.IntN(9), rnd.IntN(9))) }
	all, parts := NewConfusion(5), []*Confusion{NewConfusion(5), NewConfusion(5)}
	// Both parts have seen the same classes first.
	for i := range 5 {
		for _, c := range append(parts, all) {
			c.Add(fmt.Sprint("c", i), fmt.Sprint("c", i), 1)
		}
	}
	all.Add("c0", "c0", 1)
	all.Add("c1", "c1", 1)
	all.Add("c2", "c2", 1)
	all.Add("c3", "c3", 1)
	all.Add("c4", "c4", 1)
	for i := range 4000 {
		actual, predicted, w := name(), name(), weights[i%4]
		require.True(t, all.Add(actual, predicted, w))
		// The label is corrected later.
		wrong := name()
		parts[i%2].Add(wrong, predicted, w)
		parts[i%2].Remove(wrong, predicted, w)
		parts[i%2].Add(actual, predicted, w)
	}
	merged := reread(t, parts[0], DecodeConfusion)
	merged.Merge(reread(t, parts[1], DecodeConfusion))
	assert.Equal(t, all.Scores("", 0.95), merged.Scores("", 0.95))
	assert.Equal(t, all.Scores("c1", 0.95), merged.Scores("c1", 0.95))
	rows, weight := merged.Total()
	assert.Equal(t, int64(4010), rows)
	assert.Equal(t, 4500.0+10, weight)
	assert.Equal(t, []string{"c0", "c1", "c2", "c3", "c4"}, merged.Classes())
	assert.Positive(t, merged.Weight(Other, Other))
	assert.Zero(t, merged.Weight("c7", "c0"), "it has no cell of its own")
	assert.Greater(t, Accuracy(merged, 0.95).Point, 0.1)
}

// Classes that find no room are still right or wrong.
func TestOtherIsRightOrWrong(t *testing.T) {
	c := NewConfusion(2)
	c.Add("a", "a", 1)
	c.Add("b", "b", 1)
	c.Add("c", "c", 1)
	c.Add("c", "d", 1)
	assert.Equal(t, 0.75, Accuracy(c, 0.95).Point)
	assert.InDelta(t, 0.6, Kappa(c, 0.95).Point, exact, "3/4 agree, 3/8 would by chance")
	c.Remove("c", "c", 1)
	assert.InDelta(t, 2.0/3, Accuracy(c, 0.95).Point, exact)

	narrow, wide := NewConfusion(2), NewConfusion(5)
	for _, class := range []string{"a", "b", "c"} {
		wide.Add(class, class, 1)
	}
	narrow.Add("x", "y", 1)
	narrow.Merge(wide)
	assert.Equal(t, 0.75, Accuracy(narrow, 0.95).Point)
}

func TestNothingIsLeft(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	s, r, k, u, p := NewScores(50), NewRegression(), NewRanking(3), NewUnlabelled(50), &Pairs{}
	c := NewConfusion(5)
	empty := [][]byte{record(s), record(r), record(k), record(u)}
	var undo []func()
	for range 300 {
		// Weights and numbers whose sums round.
		w, x, y := rnd.Float64()*3+0.1, rnd.Float64(), rnd.NormFloat64()*1e3
		yes := rnd.IntN(2) == 0
		list := []float64{float64(rnd.IntN(3)), float64(rnd.IntN(3)), 1}
		require.True(t, s.Add(x, yes, w) && r.Add(y, y+x, w) && k.Add(list, nil, w) && u.Add(x, yes, w) && p.Add(yes, x > 0.5, w) && c.Add("a", "b", w))
		undo = append(undo, func() {
			require.True(t, s.Remove(x, yes, w) && r.Remove(y, y+x, w) && k.Remove(list, nil, w) && u.Remove(x, yes, w) && p.Remove(yes, x > 0.5, w) && c.Remove("a", "b", w))
		})
	}
	for _, i := range rnd.Perm(len(undo)) {
		undo[i]()
	}
	for i, got := range [][]byte{record(s), record(r), record(k), record(u)} {
		assert.Equal(t, empty[i], got)
	}
	assert.Equal(t, &Pairs{}, p)
	assert.False(t, find(t, r.Scores(0.95), MeasureR2, "", "").Defined())
	assert.False(t, Accuracy(c, 0.95).Defined())
}

func TestMergedSums(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	s, r, k, u := NewScores(50), NewRegression(), NewRanking(3), NewUnlabelled(50)
	var p Pairs
	s2 := []*Scores{NewScores(50), NewScores(50)}
	r2 := []*Regression{NewRegression(), NewRegression()}
	k2 := []*Ranking{NewRanking(3), NewRanking(3)}
	u2 := []*Unlabelled{NewUnlabelled(50), NewUnlabelled(50)}
	p2 := []*Pairs{{}, {}}
	for i := range 1000 {
		w, x, y := weights[i%4], rnd.Float64(), 1e4+rnd.NormFloat64()*float64(1+i%7)
		yes := rnd.IntN(2) == 0
		list := []float64{float64(rnd.IntN(3)), float64(rnd.IntN(3)), 1}
		half := i / 500
		for _, ok := range []bool{
			s.Add(x, yes, w), s2[half].Add(x, yes, w), r.Add(y+x, y, w), r2[half].Add(y+x, y, w), k.Add(list, []float64{2, 2, 1}, w),
			k2[half].Add(list, []float64{2, 2, 1}, w), u.Add(x, yes, w), u2[half].Add(x, yes, w), p.Add(yes, x > 0.5, w), p2[half].Add(yes, x > 0.5, w),
		} {
			require.True(t, ok)
		}
	}
	sm := reread(t, s2[0], DecodeScores)
	require.True(t, sm.Merge(s2[1]))
	assertClose(t, s.Scores(0.95), sm.Scores(0.95))
	rm := reread(t, r2[0], DecodeRegression)
	rm.Merge(r2[1])
	assertClose(t, r.Scores(0.95), rm.Scores(0.95))
	km := reread(t, k2[0], DecodeRanking)
	require.True(t, km.Merge(k2[1]))
	assertClose(t, k.Scores(0.95), km.Scores(0.95))
	um := reread(t, u2[0], DecodeUnlabelled)
	require.True(t, um.Merge(u2[1]))
	calibration, ok := FitIsotonic(s)
	require.True(t, ok)
	assertClose(t, u.Estimate(calibration, 0.95), um.Estimate(calibration, 0.95))
	p2[0].Merge(p2[1])
	assert.Equal(t, &p, p2[0])

	assert.False(t, sm.Merge(NewScores(51)), "other bins")
	assert.False(t, km.Merge(NewRanking(4)), "another k")
	assert.False(t, um.Merge(NewUnlabelled(51)), "other bins")
}

func assertClose(t *testing.T, want, got []Score) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, w := range want {
		assert.Equal(t, w.Measure, got[i].Measure)
		assert.InEpsilon(t, 1+w.Point, 1+got[i].Point, 1e-8, w.Measure)
		assert.InEpsilon(t, 1+w.Lower, 1+got[i].Lower, 1e-6, w.Measure)
		assert.InEpsilon(t, 1+w.Upper, 1+got[i].Upper, 1e-6, w.Measure)
		assert.InEpsilon(t, w.N, got[i].N, 1e-9, w.Measure)
	}
}

func TestRefused(t *testing.T) {
	nan, inf := nanAndInf()
	for _, w := range []float64{0, -1, nan, inf} {
		assert.False(t, NewConfusion(2).Add("a", "a", w))
		assert.False(t, NewScores(10).Add(0.5, true, w))
		assert.False(t, NewRegression().Add(1, 1, w))
		assert.False(t, NewRanking(1).Add([]float64{1}, nil, w))
		assert.False(t, (&Pairs{}).Add(true, true, w))
	}
	for _, x := range []float64{-0.01, 1.01, nan, inf} {
		assert.False(t, NewScores(10).Add(x, true, 1))
		assert.False(t, NewUnlabelled(10).Add(x, true, 1))
		assert.False(t, (&Trials{}).Add(x))
	}
	assert.False(t, NewRegression().Add(nan, 1, 1))
	assert.False(t, NewRegression().Add(1, inf, 1))
	assert.False(t, NewRegression().Add(1e200, 1, 1))
	assert.False(t, NewRanking(2).Add([]float64{0, 0}, nil, 1), "nothing is relevant")
	assert.False(t, NewRanking(2).Add([]float64{-1, 1}, nil, 1))
}

// Whatever the bytes, a decoder neither fails hard nor makes what a measure fails on.
func FuzzDecode(f *testing.F) {
	s, c, r, k := NewScores(20), NewConfusion(3), NewRegression(), NewRanking(2)
	for i := range 30 {
		s.Add(float64(i)/30, i%3 == 0, 1)
		c.Add(fmt.Sprint(i%4), fmt.Sprint(i%3), 1.5)
		r.Add(float64(i), float64(i*i), 1)
		k.Add([]float64{1, float64(i)}, nil, 1)
	}
	calibration, _ := FitIsotonic(s)
	for _, a := range []interface{ Encode(*wire.Encoder) }{s, c, r, k, &Mean{moments: s.brier}} {
		f.Add(record(a))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		DecodeConfusion(wire.NewDecoder(data)).Scores("", 0.95)
		DecodeScores(wire.NewDecoder(data)).Scores(0.95)
		DecodeRegression(wire.NewDecoder(data)).Scores(0.95)
		DecodeRanking(wire.NewDecoder(data)).Scores(0.95)
		DecodeMean(wire.NewDecoder(data)).Interval(0.95)
		DecodeUnlabelled(wire.NewDecoder(data)).Estimate(calibration, 0.95)
		AlwaysValidP(DecodeTrials(wire.NewDecoder(data)), DecodeTrials(wire.NewDecoder(data)), 0)
	})
}

// Expected counts of parts, of which one was stored, are those of all rows.
func TestExpectedStates(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 2))
	fit := NewScores(50)
	for range 2000 {
		p := rnd.Float64()
		fit.Add(p, rnd.Float64() < p, 1)
	}
	isotonic, ok := FitIsotonic(fit)
	require.True(t, ok)
	classes, calibrations := []string{"a", "b", "c"}, []Isotonic{isotonic, isotonic, isotonic}
	all, parts := NewExpected(classes, calibrations), []*Expected{NewExpected(classes, calibrations), NewExpected(classes, calibrations)}
	for i := range 3000 {
		p, q := rnd.Float64(), rnd.Float64()
		predicted, scores, w := classes[rnd.IntN(3)], []float64{p * q, p * (1 - q), 1 - p}, weights[i%4]
		require.True(t, all.Add(predicted, scores, w))
		part := parts[i%2]
		require.True(t, part.Add(predicted, scores, 3))
		require.True(t, part.Remove(predicted, scores, 3))
		require.True(t, part.Add(predicted, scores, w))
	}
	merged := reread(t, parts[0], DecodeExpected)
	assert.False(t, merged.Add("a", []float64{1, 0, 0}, 1), "it has no calibrations")
	merged.Calibrate(calibrations[:2])
	assert.False(t, merged.Add("a", []float64{1, 0, 0}, 1), "they are of other classes")
	merged.Calibrate(calibrations)
	assert.False(t, merged.Merge(NewExpected(classes[:2], calibrations[:2])))
	require.True(t, merged.Merge(parts[1]))
	want, got := all.Scores(0.95), merged.Scores(0.95)
	require.Len(t, got, len(want))
	for i := range want {
		assert.InDelta(t, want[i].Point, got[i].Point, 1e-9)
		assert.InDelta(t, want[i].Lower, got[i].Lower, 1e-9)
	}
	require.True(t, merged.Add("a", []float64{1, 0, 0}, 1))
}

// The trials of a confusion are those of its rows one by one.
func TestTrialsOfCounts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 2))
	c, want := NewConfusion(2), map[Measure]*Trials{}
	trial := func(m Measure, outcome bool) {
		if want[m] == nil {
			want[m] = &Trials{}
		}
		want[m].Add(map[bool]float64{true: 1}[outcome])
	}
	for range 500 {
		actual, predicted := []string{"no", "yes"}[rnd.IntN(2)], []string{"no", "yes", "so", "or so"}[rnd.IntN(4)]
		c.Add(actual, predicted, 1)
		trial(MeasureAccuracy, actual == predicted)
		if predicted == "yes" {
			trial(MeasurePrecision, actual == "yes")
		}
		if actual == "yes" {
			trial(MeasureRecall, predicted == "yes")
			trial(MeasureFNR, predicted != "yes")
		} else {
			trial(MeasureFPR, predicted == "yes")
		}
	}
	for m, trials := range want {
		got, ok := c.Trials(m, "yes")
		assert.True(t, ok)
		assert.Equal(t, *trials, got, m)
	}
	_, ok := c.Trials(MeasureF1, "yes")
	assert.False(t, ok)
	_, ok = c.Trials(MeasureFPR, "")
	assert.False(t, ok)
	c.Add("no", "no", 2)
	_, ok = c.Trials(MeasureFPR, "yes")
	assert.False(t, ok, "it has weights")

	r := NewRanking(2)
	r.Add([]float64{0, 1}, nil, 1)
	r.Add([]float64{0, 0, 1}, nil, 1)
	hits, ok := r.Trials()
	assert.True(t, ok)
	assert.Equal(t, Trials{n: 2, sum: 1}, hits)
}
