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

func nanAndInf() (nan, inf float64) { return math.NaN(), math.Inf(1) }

// The case of the fraud team: the false positive rate must not rise by more than half a point.
func TestJudge(t *testing.T) {
	const margin = 0.005
	for _, c := range []struct {
		before, after, n float64
		want             Verdict
	}{
		{0.02, 0.025, 20_000, Inconclusive}, // it has risen for sure, but not for sure by more than the margin
		{0.02, 0.025, 10_000, Undetectable}, // a rise by the margin would be found less often than in 80 of 100 cases
		{0.02, 0.04, 10_000, Worse},
		{0.02, 0.02, 100_000, NotWorse},
		{0.02, 0.025, 200, Undetectable},
		{0.02, 0.01, 10_000, NotWorse},
	} {
		d := Difference(wilson(c.before, c.n, 0.95), wilson(c.after, c.n, 0.95))
		assert.Equal(t, c.want, MeasureFPR.Judge(d, margin, 0.95), "%+v %+v", c, d)
		// The share of negatives that are left alone is the same question upside down.
		up := Difference(wilson(1-c.before, c.n, 0.95), wilson(1-c.after, c.n, 0.95))
		assert.Equal(t, c.want, MeasureRecall.Judge(up, margin, 0.95), "%+v", c)
	}
	d := Difference(wilson(0.02, 10_000, 0.95), wilson(0.025, 10_000, 0.95))
	assert.InDelta(t, 0.0009, d.Lower, 5e-5)
	assert.InDelta(t, 0.0091, d.Upper, 5e-5)
	assert.Equal(t, Undetectable, MeasureFPR.Judge(Difference(wilson(0, 0, 0.95), wilson(0.1, 10, 0.95)), margin, 0.95))

	for _, c := range []struct {
		low, high float64
		want      Verdict
	}{{-0.3, -0.2, Worse}, {0.2, 0.3, Worse}, {-0.05, 0.09, NotWorse}, {-0.01, 0.11, Inconclusive}, {-0.11, 0.01, Inconclusive}, {-0.3, 0.3, Undetectable}} {
		i := Interval{Point: (c.low + c.high) / 2, Lower: c.low, Upper: c.high}
		assert.Equal(t, c.want, MeasureBias.Judge(i, 0.1, 0.95), "%+v", c)
	}
}

// What Detectable says agrees with the rows that RowsForRate asks for.
func TestDetectable(t *testing.T) {
	n := RowsForRate(0.02, 0.005, 0.95)
	d := Difference(wilson(0.02, n, 0.95), wilson(0.025, n, 0.95))
	assert.InEpsilon(t, 0.005, Detectable(d, 0.95), 0.02)
	assert.True(t, math.IsInf(Detectable(undefined(math.Inf(-1), math.Inf(1), 0), 0.95), 1))
}

// Hourly looks for two weeks at two models of one false positive rate: a z-test at every look alarms
// in a third of the runs, the always-valid p at most as often as its level.
func TestPeeking(t *testing.T) {
	const runs, hours, rows, rate, alpha = 300, 24 * 14, 100, 0.02, 0.05
	naive, valid, outside := 0, 0, 0
	for run := range runs {
		rnd := rand.New(rand.NewPCG(uint64(run), 9))
		var a, b Trials
		alarmed, sure, left := false, false, false
		for hour := range hours {
			for range rows {
				require.True(t, a.Add(yes(rnd, rate)) && b.Add(yes(rnd, rate)))
			}
			p := (a.sum + b.sum) / float64(a.n+b.n)
			z := (b.mean() - a.mean()) / math.Sqrt(2*p*(1-p)/float64(a.n))
			alarmed = alarmed || z > 1.6448536269514722
			sure = sure || AlwaysValidP(a, b, 0) <= alpha
			if run < 60 && hour%24 == 0 {
				i := AlwaysValid(a, b, 0.95)
				left = left || i.Lower > 0 || i.Upper < 0
			}
		}
		naive, valid, outside = naive+count(alarmed), valid+count(sure), outside+count(left)
	}
	t.Logf("false alarms: z-test %.1f %%, always-valid p %.1f %%, interval without 0 %.1f %%", float64(naive)*100/runs, float64(valid)*100/runs, float64(outside)*100/60)
	assert.Greater(t, naive, runs/5)
	assert.LessOrEqual(t, valid, runs/20)
	assert.LessOrEqual(t, outside, 3)
}

func yes(rnd *rand.Rand, rate float64) float64 { return float64(count(rnd.Float64() < rate)) }

func count(v bool) int {
	if v {
		return 1
	}
	return 0
}

// The interval of one mean that is looked at every hour for two weeks leaves the true one out in fewer
// runs than the level allows, where Wilson's does in many.
func TestAlwaysValidMeanHolds(t *testing.T) {
	const runs, hours, perHour = 300, 14 * 24, 20
	for _, rate := range []float64{0.01, 0.3} {
		rnd := rand.New(rand.NewPCG(11, uint64(rate*100)))
		once, always := 0, 0
		for range runs {
			var tr Trials
			var leftOnce, leftAlways bool
			for range hours {
				for range perHour {
					tr.Add(yes(rnd, rate))
				}
				i := wilson(tr.mean(), float64(tr.n), 0.95)
				leftOnce = leftOnce || i.Lower > rate || i.Upper < rate
				// The interval holds what the evidence is not against.
				leftAlways = leftAlways || tr.evidence()(rate) >= -math.Log(0.05)
			}
			i := AlwaysValidMean(tr, 0.95)
			assert.Equal(t, tr.evidence()(rate) < -math.Log(0.05), i.Lower < rate && rate < i.Upper)
			once, always = once+count(leftOnce), always+count(leftAlways)
		}
		t.Logf("rate %v: Wilson's interval left it out in %d of %d runs, the always-valid one in %d", rate, once, runs, always)
		assert.Greater(t, once, runs/5)
		assert.LessOrEqual(t, always, runs/20)
	}
}

func TestAlwaysValidMean(t *testing.T) {
	i := AlwaysValidMean(Trials{}, 0.95)
	assert.False(t, i.Defined())
	assert.Equal(t, []float64{0, 1}, []float64{i.Lower, i.Upper})

	none := AlwaysValidMean(Trials{n: 1000}, 0.95)
	assert.Zero(t, none.Point)
	assert.Zero(t, none.Lower)
	// (1−p)^−n·B(½, n+½)/B(½, ½) = 20
	assert.InDelta(t, 1-math.Exp((logBeta(0.5, 1000.5)-logBeta(0.5, 0.5)-math.Log(20))/1000), none.Upper, 1e-9)
	all := AlwaysValidMean(Trials{n: 1000, sum: 1000}, 0.95)
	assert.InDelta(t, 1-none.Upper, all.Lower, 1e-9)
	assert.Equal(t, 1.0, all.Upper)

	some := AlwaysValidMean(Trials{n: 1000, sum: 100}, 0.95)
	assert.InDelta(t, 0.1, some.Point, exact)
	for _, edge := range []float64{some.Lower, some.Upper} {
		assert.InDelta(t, math.Log(20), Trials{n: 1000, sum: 100}.evidence()(edge), 1e-6)
	}
}

// A rise from 2 % to 4 % is found within days, and the interval then leaves 0 out.
func TestSequentialFinds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	var a, b Trials
	hour := 0
	for ; hour < 24*14 && AlwaysValidP(a, b, 0) > 0.025; hour++ {
		for range 100 {
			a.Add(yes(rnd, 0.02))
			b.Add(yes(rnd, 0.04))
		}
	}
	assert.Less(t, hour, 72)
	i := AlwaysValid(a, b, 0.95)
	assert.Positive(t, i.Lower)
	assert.Greater(t, i.Upper, i.Point)
	assert.Greater(t, AlwaysValidP(a, b, 0.02), 0.5, "a margin of two points is not proven")

	// The bound of the interval is where the one-sided p is the level at which the two sides meet.
	assert.InDelta(t, 0.05, AlwaysValidP(a, b, i.Lower), 1e-6)
	assert.Equal(t, 1.0, AlwaysValidP(b, a, 0))
	assert.Equal(t, undefined(-1, 1, 0).Upper, AlwaysValid(Trials{}, a, 0.95).Upper)
}

// The mixture is a mean of likelihood ratios: at the start it is 1, and its mean under the hypothesis
// stays 1, here summed over all outcomes of 12 trials.
func TestEvidenceIsFair(t *testing.T) {
	for _, p := range []float64{0.02, 0.3, 0.5, 0.99} {
		mean := 0.0
		for k := range 13 {
			choose := math.Exp(lgamma(13) - lgamma(float64(k)+1) - lgamma(13-float64(k)))
			tr := Trials{n: 12, sum: float64(k)}
			mean += choose * math.Pow(p, float64(k)) * math.Pow(1-p, 12-float64(k)) * math.Exp(tr.evidence()(p))
		}
		assert.InDelta(t, 1, mean, 1e-9)
	}
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

func TestAgreement(t *testing.T) {
	c := NewConfusion(5)
	for i := range 100 {
		shadow := "ok"
		if i < 7 {
			shadow = "fraud"
		}
		primary := "ok"
		if i < 10 {
			primary = "fraud"
		}
		c.Add(primary, shadow, 1)
	}
	c.Add("ok", "review", 1)
	scores := Agreement(c, 0.95)
	assert.InDelta(t, 97.0/101, scores[0].Point, exact)
	assert.Equal(t, MeasureKappa, scores[1].Measure)
	assert.InDelta(t, 0.7578, scores[1].Point, 1e-3)
	assert.Equal(t, []Disagreement{{"fraud", "ok", 3}, {"ok", "review", 1}}, Disagreements(c, 5))
	assert.Len(t, Disagreements(c, 1), 1)
}

func TestLimits(t *testing.T) {
	// All right: the bounds are not the point.
	c := NewConfusion(2)
	s := NewScores(DefaultBins)
	for i := range 30 {
		c.Add(class(i%2 == 0), class(i%2 == 0), 1)
		s.Add(0.25+float64(i%2)/2, i%2 == 1, 1)
	}
	for _, i := range []Interval{Accuracy(c, 0.95), MCC(c, 0.95), Kappa(c, 0.95), MacroF1(c, 0.95), F1(c.Counts("yes"), 0.95)} {
		assert.InDelta(t, 1, i.Point, exact)
		assert.InDelta(t, 1, i.Upper, exact)
		assert.Less(t, i.Lower, 0.95)
		assert.Greater(t, i.Lower, 0.5)
	}
	for _, m := range []Measure{MeasureROCAUC, MeasurePRAUC} {
		i := find(t, s.Scores(0.95), m, "", "")
		assert.InDelta(t, 1, i.Point, exact)
		assert.InDelta(t, 1, i.Upper, exact)
		assert.Less(t, i.Lower, 0.9)
	}
	// No rows, and rows of one class.
	for _, s := range append(NewScores(10).Scores(0.95), append(NewRegression().Scores(0.95), NewRanking(3).Scores(0.95)...)...) {
		assert.False(t, s.Defined(), s.Measure)
		assert.LessOrEqual(t, s.Lower, 0.0)
		assert.GreaterOrEqual(t, s.Upper, 1.0)
	}
	assert.Len(t, NewConfusion(2).Scores("", 0.95), 2)
	one := NewConfusion(2)
	one.Add("a", "a", 1)
	assert.False(t, MCC(one, 0.95).Defined())
	assert.False(t, Kappa(one, 0.95).Defined())
	assert.False(t, FPR(one.Counts("a"), 0.95).Defined())
	positive := NewScores(10)
	positive.Add(0.5, true, 1)
	roc, _ := ROCAUC(positive, 0.95)
	assert.False(t, roc.Defined())

	// Weights: four rows of weight 5 are worth four rows, whatever is among them.
	weighed := NewConfusion(2)
	for range 4 {
		weighed.Add("a", "a", 5)
	}
	weighed.Add("a", "b", 0.1)
	i := Accuracy(weighed, 0.95)
	assert.InDelta(t, 20/20.1, i.Point, exact)
	assert.InDelta(t, 20.1*20.1/100.01, i.N, 1e-9)
}

// The error bound of bins holds: what the scores themselves say lies within.
func TestBinError(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	coarse, fine := NewScores(12), NewScores(10_000)
	for range 3000 {
		y := rnd.Float64() < 0.3
		score := expit(rnd.NormFloat64() + float64(count(y)))
		coarse.Add(score, y, 1)
		fine.Add(score, y, 1)
	}
	for _, m := range []Measure{MeasureROCAUC, MeasurePRAUC, MeasureECE} {
		c, f := find(t, coarse.Scores(0.95), m, "", ""), find(t, fine.Scores(0.95), m, "", "")
		assert.InDelta(t, f.Point, c.Point, c.BinError+f.BinError, m)
		assert.Positive(t, c.BinError, m)
		if m != MeasureECE {
			assert.Less(t, f.BinError, 0.002, m)
		}
	}
	assert.Equal(t, find(t, coarse.Scores(0.95), MeasureBrier, "", ""), find(t, fine.Scores(0.95), MeasureBrier, "", ""))
}
