// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

var week = eventtime.Window{Length: 168 * time.Hour}

// of returns a difference of a result, nil if it has none.
func of(r *Result, with string, by Method, m evaluation.Measure) *Difference {
	for i := range r.Differences {
		if d := &r.Differences[i]; d.ComparedWith == with && d.Method == by && d.Measure == m && d.Class == "" && d.Average == "" {
			return d
		}
	}
	return nil
}

func difference(t *testing.T, r *Result, with string, by Method, m evaluation.Measure) *Difference {
	t.Helper()
	d := of(r, with, by, m)
	require.NotNil(t, d, "%s %s %s of %+v", with, by, m, r.Differences)
	return d
}

func fraudTask(against string) func(prediction.Identity) Task {
	return func(id prediction.Identity) Task {
		t := Task{Kind: catalog.BinaryClassification, Positive: "1"}
		if id.Version != against {
			t.Against = against
		}
		return t
	}
}

// Chargebacks come within hours, the word that all was well after days. A model that has not changed
// seems to miss nothing and to be wrong about nobody in its youngest days, which are of half-known
// truth; weeks of which the same is known look the same.
func TestWeeksAreComparedAtEqualMaturity(t *testing.T) {
	e := New(Options{Window: week, Maturity: 72 * time.Hour, Margins: map[evaluation.Measure]float64{evaluation.MeasurePrecision: 0.05}})
	e.SetTasks(fraudTask(""))
	rnd := rand.New(rand.NewPCG(1, 1))
	now := monday.Add(24 * day)
	all := map[bool]*evaluation.Confusion{false: evaluation.NewConfusion(2), true: evaluation.NewConfusion(2)}
	for at := time.Duration(0); at < 24*day; at += time.Minute {
		fraud := rnd.IntN(2) == 0
		guess := fraud != (rnd.IntN(5) == 0)
		class := func(yes bool) string { return []string{"0", "1"}[min(1, map[bool]int{true: 1}[yes])] }
		a := scored("7", at, class(guess), 0.5)
		lag := time.Duration(rnd.Int64N(int64(6 * time.Hour)))
		if !fraud {
			lag = time.Duration(rnd.Int64N(int64(60*time.Hour))) + 10*time.Hour
		}
		e.Predict(a, now)
		if known := at + lag; known < 24*day {
			e.Label(a, after(a, lag, class(fraud)))
			all[at >= 17*day].Add(class(fraud), class(guess), 1)
		}
	}
	e.Advance(now)
	r := results(e)[0]

	// The last week against the one before, as it is known now, would be wrong for certain.
	before, last := all[false].Scores("1", 0.95), all[true].Scores("1", 0.95)
	naive := e.independent(before, last, "naive")
	i := slices.IndexFunc(naive, func(d Difference) bool { return d.Measure == evaluation.MeasurePrecision })
	assert.Greater(t, naive[i].Lower, 0.005)

	d := difference(t, r, PreviousWindow, Independent, evaluation.MeasurePrecision)
	assert.Less(t, d.Lower, 0.0)
	assert.Greater(t, d.Upper, 0.0)
	assert.Equal(t, evaluation.NotWorse, d.Verdict)
	assert.Greater(t, d.N, 4000.0)
}

// rates give rows of versions 1 and 2 with rates of false positives, an hour apart.
func rates12(e *Engine, n int, fpr [2]float64, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	now := monday.Add(20 * day)
	for v, version := range []string{"1", "2"} {
		for i := range n {
			class := "0"
			if rnd.Float64() < fpr[v] {
				class = "1"
			}
			a := scored(version, day+5*day/time.Duration(n)*time.Duration(i), class, 0.5)
			e.Predict(a, now)
			e.Label(a, after(a, time.Minute, "0"))
		}
	}
	end := scored("2", 8*day, "0", 0.5)
	e.Predict(end, now)
	e.Advance(now)
}

func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		n    int
		fpr  [2]float64
		want evaluation.Verdict
	}{
		"worse":        {50_000, [2]float64{0.02, 0.035}, evaluation.Worse},
		"not worse":    {50_000, [2]float64{0.02, 0.02}, evaluation.NotWorse},
		"undetectable": {1000, [2]float64{0.02, 0.025}, evaluation.Undetectable},
		"inconclusive": {50_000, [2]float64{0.02, 0.0252}, evaluation.Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(Options{Window: week, Maturity: day, Margins: map[evaluation.Measure]float64{evaluation.MeasureFPR: 0.005}})
			e.SetTasks(fraudTask("1"))
			rates12(e, c.n, c.fpr, 3)
			for _, r := range results(e) {
				if r.Version == "1" {
					assert.Nil(t, of(r, "1", Independent, evaluation.MeasureFPR))
					continue
				}
				d := difference(t, r, "1", Independent, evaluation.MeasureFPR)
				assert.Equal(t, c.want, d.Verdict, "%+v", d)
				assert.InDelta(t, c.fpr[1]-c.fpr[0], d.Point, 0.006)
				s := difference(t, r, "1", Sequential, evaluation.MeasureFPR)
				assert.Equal(t, d.Point, s.Point, "the rows are the same: %v %v", d.N, s.N)
				assert.Less(t, s.Lower, d.Lower)
				assert.Equal(t, s.P <= 0.05, s.Verdict == evaluation.Worse)
				if c.want == evaluation.Worse {
					assert.Equal(t, evaluation.Worse, s.Verdict)
				}
				assert.Empty(t, difference(t, r, "1", Independent, evaluation.MeasureAccuracy).Verdict, "it has no margin")
			}
		})
	}
}

// Two versions of one rate are looked at every four hours for two weeks. The verdict of a single look says
// worse at some time in many runs; the sequential one hardly ever.
func TestSequentialVerdictsUnderManyLooks(t *testing.T) {
	const runs = 12
	single, sequential := 0, 0
	for run := range runs {
		e := New(Options{
			Window: eventtime.Window{Length: 24 * time.Hour}, Maturity: time.Minute,
			Margins: map[evaluation.Measure]float64{evaluation.MeasureAccuracy: 0},
		})
		e.SetTasks(func(id prediction.Identity) Task {
			t := Task{Kind: catalog.Multiclass}
			if id.Version == "2" {
				t.Against = "1"
			}
			return t
		})
		rnd := rand.New(rand.NewPCG(uint64(run), 5))
		alarms := map[Method]bool{}
		for at := time.Duration(0); at < 14*day; at += 3 * time.Minute {
			now := monday.Add(at)
			for _, version := range []string{"1", "2"} {
				a := scored(version, at, []string{"a", "b"}[rnd.IntN(2)], 0)
				e.Predict(a, now)
				e.Label(a, after(a, time.Second, []string{"a", "b"}[rnd.IntN(2)]))
			}
			if at%(4*time.Hour) != 0 || at < day {
				continue
			}
			e.Advance(now)
			for _, m := range e.models[0].members {
				if m.Version == "1" {
					continue
				}
				w := m.model.clock.Ended(m.model.clock.Watermark() - int64(e.o.Maturity))
				for _, d := range e.compareMeasured(m.groups[0], m.others(""), 0, windows{mature: w}) {
					if d.ComparedWith == "1" && d.Verdict == evaluation.Worse {
						alarms[d.Method] = true
					}
				}
			}
		}
		if alarms[Independent] {
			single++
		}
		if alarms[Sequential] {
			sequential++
		}
	}
	t.Logf("of %d runs without a difference, single looks alarmed in %d, sequential ones in %d", runs, single, sequential)
	assert.GreaterOrEqual(t, single, 4)
	assert.LessOrEqual(t, sequential, 1)
}

// Trials go on when panes are dropped: from the first row of the younger version.
func TestTrialsOutliveTheirPanes(t *testing.T) {
	e := New(Options{Window: eventtime.Window{Length: 12 * time.Hour}, Maturity: time.Hour})
	e.SetTasks(fraudTask("1"))
	count := func(version string, from, to time.Duration) {
		for at := from; at < to; at += time.Hour {
			a := scored(version, at, "1", 0.5)
			e.Predict(a, monday.Add(at))
			truth := []string{"0", "1"}[int(at/time.Hour)%2]
			if at < 10*day {
				truth = "1" // all was well before there was a second version
			}
			e.Label(a, after(a, time.Minute, truth))
		}
	}
	for d := range 20 {
		count("1", days(d), days(d+1))
		if d >= 10 {
			count("2", days(d), days(d+1))
		}
		e.Advance(monday.Add(days(d + 1)))
		if d == 10 {
			got := results(e)
			assert.InDelta(t, 0, difference(t, got[len(got)-1], "1", Sequential, evaluation.MeasureAccuracy).Point, 1e-9)
		}
	}
	for _, r := range results(e) {
		if r.Version == "2" {
			d := difference(t, r, "1", Sequential, evaluation.MeasureAccuracy)
			// Ten days of hours, but for the last ones, which are not mature.
			assert.InDelta(t, 239, d.N, 3)
			assert.InDelta(t, 0, d.Point, 0.01)
		}
	}
	assert.LessOrEqual(t, e.models[0].members[0].groups[0].panes.Len(), 40)
}

// A gold set is scored by version 1 every week, and by version 2.
func TestPairs(t *testing.T) {
	o := Options{Window: week, Maturity: day, Margins: map[evaluation.Measure]float64{evaluation.MeasureFPR: 0.005, evaluation.MeasureAccuracy: 0.005}}
	o.Limits.Items = 2001
	e := New(o)
	e.SetTasks(fraudTask("1"))
	now := monday.Add(20 * day)
	rnd := rand.New(rand.NewPCG(8, 8))
	pairs, byTime := &evaluation.Pairs{}, &evaluation.Pairs{}
	gold := func(version string, at time.Duration, key, class, truth string) {
		a := scored(version, at, class, 0.5)
		a.Key = key
		e.Predict(a, now)
		l := after(a, 0, truth)
		l.Set = "gold"
		wrong := *l
		wrong.Class = "1"
		e.Label(a, &wrong)
		e.Unlabel(a, &wrong)
		e.Label(a, l)
	}
	for i := range 2000 {
		key := fmt.Sprint("item", i)
		guess := func(p float64) string {
			if rnd.Float64() < p {
				return "1"
			}
			return "0"
		}
		first, second := guess(0.02), guess(0.02)
		other := second
		if rnd.IntN(100) == 0 {
			other = "1"
		}
		gold("1", 2*day, key, first, "0")
		gold("1", 9*day, key, second, "0")
		gold("2", 10*day, key, other, "0")
		pairs.Add(second == "1", other == "1", 1)
		byTime.Add(first == "1", second == "1", 1)
	}
	// What is not scored twice is no pair.
	a := scored("2", 10*day, "1", 0.5)
	a.PredictionID = "alone"
	e.Predict(a, now)
	l := after(a, 0, "0")
	l.Set = "gold"
	e.Label(a, l)
	e.Predict(scored("2", 11*day, "0", 0), now)
	e.Advance(now)
	for _, r := range results(e) {
		switch {
		case r.Set == "":
			assert.Nil(t, of(r, "1", Paired, evaluation.MeasureFPR))
		case r.Version == "2":
			d := difference(t, r, "1", Paired, evaluation.MeasureFPR)
			assert.Equal(t, pairs.Difference(0.95), d.Interval)
			exact, _ := pairs.McNemar()
			assert.Equal(t, exact, d.P)
			assert.Nil(t, of(r, "1", Paired, evaluation.MeasureRecall), "there are no positives")
		default:
			d := difference(t, r, PreviousWindow, Paired, evaluation.MeasureFPR)
			assert.Equal(t, byTime.Difference(0.95), d.Interval)
			assert.NotNil(t, of(r, PreviousWindow, Independent, evaluation.MeasureFPR))
		}
	}
	assert.Equal(t, 2001, e.Stats().Items)
	gold("2", 10*day, "one more", "0", "0")
	assert.EqualValues(t, 1, e.Stats().ItemsEvicted)
	assert.Equal(t, 2001, e.Stats().Items)
}

// A set of labels is compared with live labels of the same time.
func TestSetAgainstLive(t *testing.T) {
	e := New(Options{Window: week, Maturity: day})
	e.SetTasks(fraudTask(""))
	now := monday.Add(20 * day)
	for i := range 1000 {
		a := scored("1", 4*day+time.Duration(i)*time.Minute, "0", 0.5)
		e.Predict(a, now)
		l := after(a, 0, []string{"0", "1"}[i%2])
		if i%4 >= 2 {
			l.Set, l.Class = "gold", "0"
		}
		e.Label(a, l)
	}
	e.Predict(scored("1", 10*day, "0", 0.5), now)
	e.Advance(now)
	got := results(e)
	require.Len(t, got, 2)
	assert.Equal(t, "gold", got[1].Set)
	assert.Equal(t, 0.5, difference(t, got[1], Live, Independent, evaluation.MeasureAccuracy).Point)
	assert.Nil(t, of(got[0], Live, Independent, evaluation.MeasureAccuracy))
}

// Once there are labels, the estimate of the same rows is measured by them.
func TestEstimatesAreMeasured(t *testing.T) {
	for _, shift := range []float64{0, 0.3} {
		e := New(Options{Window: week, Maturity: day})
		e.SetTasks(func(prediction.Identity) Task { return calibrated("1") })
		now := monday.Add(3 * day)
		rnd := rand.New(rand.NewPCG(4, 4))
		for i := range 4000 {
			p := rnd.Float64()
			class, truth := "0", "0"
			if p > 0.5 {
				class = "1"
			}
			if rnd.Float64() < p*(1-shift) {
				truth = "1"
			}
			a := scored("1", time.Duration(i)*time.Minute, class, p)
			e.Predict(a, now)
			if i%2 == 0 {
				e.Label(a, after(a, time.Hour, truth))
			}
		}
		e.Advance(now)
		got := results(e)
		require.Len(t, got, 2)
		assert.Equal(t, Estimated, got[1].Kind)
		assert.EqualValues(t, 4000, got[1].Predicted)
		d := difference(t, got[0], Estimate, Paired, evaluation.MeasureRecall)
		measured := score(t, got[0], evaluation.MeasureRecall)
		assert.InDelta(t, score(t, got[1], evaluation.MeasureRecall).Point-measured.Point, d.Point, 0.03)
		precision := difference(t, got[0], Estimate, Paired, evaluation.MeasurePrecision)
		if shift == 0 {
			assert.Less(t, precision.Lower, 0.0)
			assert.Greater(t, precision.Upper, 0.0)
		} else {
			assert.Greater(t, precision.Lower, 0.1, "fewer are right than the calibration says")
		}
		assert.InDelta(t, 4000, got[1].Confusion.Weight("1", "1")+got[1].Confusion.Weight(evaluation.Other, "1")+
			got[1].Confusion.Weight("1", evaluation.Other)+got[1].Confusion.Weight(evaluation.Other, evaluation.Other), 1e-6)
	}
}
