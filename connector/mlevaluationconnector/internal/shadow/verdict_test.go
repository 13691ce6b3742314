// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// twoWeeks are pairs of which a share differs, 20 an hour. look is called every hour.
func twoWeeks(rnd *rand.Rand, share float64, o Options, look func(hour int, r *Result)) {
	e := New(o)
	for hour := range 24 * 14 {
		now := start.Add(time.Duration(hour) * time.Hour)
		for i := range 20 {
			used, shadows := of(primary, 20*hour+i, "ok"), of(shadow, 20*hour+i, "ok")
			if rnd.Float64() < share {
				shadows.Class = "fraud"
			}
			used.Time = now.UnixNano()
			e.Answer(used, now)
			e.Answer(shadows, now)
		}
		e.Results(now, func(r *Result) { look(hour, r) })
	}
}

// Hourly looks for two weeks at a share that is just the margin: in at most 5 of 100 runs it is ever
// said to be more, or less. The interval of a window, looked at as often, says so in most.
func TestPeekingIsSafe(t *testing.T) {
	const runs, share = 40, 0.05
	rnd := rand.New(rand.NewPCG(3, 3))
	o := options()
	o.Margin, o.Window.Length = share, 14*24*time.Hour
	always, once := 0, 0
	for range runs {
		said, outside := false, false
		twoWeeks(rnd, share, o, func(_ int, r *Result) {
			said = said || r.Verdict == evaluation.Worse || r.Verdict == evaluation.NotWorse
			i := r.score(evaluation.MeasureAgreement)
			outside = outside || i.Lower > 1-share || i.Upper < 1-share
		})
		always, once = always+count(said), once+count(outside)
	}
	t.Logf("in %d and %d of %d runs", always, once, runs)
	assert.LessOrEqual(t, always, runs/20)
	assert.Greater(t, once, runs/5)
}

func count(v bool) int {
	if v {
		return 1
	}
	return 0
}

func TestVerdicts(t *testing.T) {
	o := options()
	for _, c := range []struct {
		share, margin float64
		last          evaluation.Verdict
	}{
		{0.10, 0.05, evaluation.Worse},
		{0.01, 0.05, evaluation.NotWorse},
		{0.05, 0.05, evaluation.Inconclusive},
		{0.05, 0.001, evaluation.Worse},
		{0.05, 0, ""},
	} {
		o.Margin = c.margin
		var last evaluation.Verdict
		twoWeeks(rand.New(rand.NewPCG(4, 4)), c.share, o, func(hour int, r *Result) {
			if hour == 0 && c.margin > 0 {
				assert.Equal(t, evaluation.Undetectable, r.Verdict, "20 pairs")
			}
			last = r.Verdict
		})
		assert.Equal(t, c.last, last, "%v differ, %v may", c.share, c.margin)
	}
}

// Pairs of numbers alone have no share that differs.
func TestNumbersOnly(t *testing.T) {
	o := options()
	o.Margin = 0.05
	e := New(o)
	for request := range 100 {
		used, shadows := of(primary, request, ""), of(shadow, request, "")
		used.Value, used.HasValue = float64(request), true
		shadows.Value, shadows.HasValue = float64(request)+float64(request%2), true
		shadows.Duration = -1
		e.Answer(used, start)
		e.Answer(shadows, start)
	}
	r := resultsOf(e, start)["7 9"]
	assert.Empty(t, r.cells())
	assert.False(t, r.Disagreement.Defined())
	assert.Equal(t, evaluation.Undetectable, r.Verdict)
	assert.Len(t, r.Scores, 2)
	assert.InDelta(t, 0.5, r.score(MeasureValueDifference).Point, 1e-12)
	assert.InDelta(t, 0.5, r.score(MeasureValueDistance).Point, 1e-12)
	assert.Equal(t, 100.0, r.score(MeasureValueDifference).N)
}
