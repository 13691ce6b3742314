// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// offline is a comparison that is computed from all answers at once.
type offline struct {
	counts                               map[cell]float64
	failedUsed, failedShadow, failedBoth float64
	n, differ                            int
	score, distance, value, duration     float64
	weight                               float64
}

func (o *offline) add(used, shadow *answer.Answer) {
	w := max(used.Weight, shadow.Weight)
	switch {
	case used.Failed && shadow.Failed:
		o.failedBoth += w
		return
	case used.Failed:
		o.failedUsed += w
		return
	case shadow.Failed:
		o.failedShadow += w
		return
	}
	if o.counts == nil {
		o.counts = map[cell]float64{}
	}
	o.counts[cell{primary: used.Class, shadow: shadow.Class}] += w
	o.n++
	if used.Class != shadow.Class {
		o.differ++
	}
	o.weight += w
	o.score += w * (shadow.Score - used.Score)
	o.distance += w * max(shadow.Score-used.Score, used.Score-shadow.Score)
	o.value += w * (shadow.Value - used.Value)
	o.duration += w * (shadow.Duration - used.Duration)
}

// traffic are the answers to so many requests, and what a comparison of them says.
func traffic(rng *rand.Rand, requests int) ([]*answer.Answer, map[string]*offline) {
	var all []*answer.Answer
	want := map[string]*offline{}
	classes := []string{"ok", "fraud", "review"}
	draw := func(id prediction.Identity, request int) *answer.Answer {
		a := of(id, request, classes[rng.IntN(len(classes))])
		a.Score, a.HasScore = rng.Float64(), true
		a.Value, a.HasValue = 100*rng.Float64(), true
		a.Duration = rng.ExpFloat64() / 100
		a.Time += rng.Int64N(int64(time.Second))
		a.Weight = float64(1 + rng.IntN(2))
		a.Failed = rng.IntN(20) == 0
		a.Segments = []string{"country=" + []string{"DE", "FR"}[request%2]}
		all = append(all, a)
		return a
	}
	for request := range requests {
		var used *answer.Answer
		switch rng.IntN(10) {
		case 0: // shadows have no answer to meet
		case 1:
			used = draw(canary, request)
		default:
			used = draw(primary, request)
		}
		for _, id := range []prediction.Identity{shadow, other, next} {
			if rng.IntN(10) == 0 {
				continue
			}
			s := draw(id, request)
			if used == nil {
				continue
			}
			name := used.Version + " " + s.Version
			for _, name := range []string{name, name + " " + used.Segments[0]} {
				if want[name] == nil {
					want[name] = &offline{}
				}
				want[name].add(used, s)
			}
		}
	}
	return all, want
}

// In whichever order answers come, and however often, what is said is what a computation of all of
// them says.
func TestShuffled(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 1))
		all, want := traffic(rng, 4000)
		for range len(all) / 10 {
			all = append(all, all[rng.IntN(len(all))])
		}
		if seed > 0 { // else all that are used come first, and what comes twice last
			rng.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		}
		e := New(options())
		now := start.Add(2 * time.Hour)
		for _, a := range all {
			e.Answer(a, now)
		}
		got := resultsOf(e, now)
		require.Len(t, got, len(want))
		for name, w := range want {
			checkAgainst(t, name, got[name], w)
		}
		assert.EqualValues(t, len(all)/11, e.Stats().Repeated)
		assert.Zero(t, e.Stats().Expired)
	}
}

func checkAgainst(t *testing.T, name string, got Result, want *offline) {
	t.Helper()
	counts := map[cell]float64{}
	for _, c := range got.cells() {
		counts[cell{primary: c.primary, shadow: c.shadow}] = c.weight
	}
	require.Equal(t, want.counts, counts, name)
	assert.Equal(t, [3]float64{want.failedUsed, want.failedShadow, want.failedBoth}, [3]float64{got.PrimaryFailed, got.ShadowFailed, got.BothFailed}, name)
	agree := 0.0
	for c, w := range want.counts {
		if c.primary == c.shadow {
			agree += w
		}
	}
	for m, point := range map[evaluation.Measure]float64{
		evaluation.MeasureAgreement: agree / want.weight, MeasureScoreDifference: want.score / want.weight, MeasureScoreDistance: want.distance / want.weight,
		MeasureValueDifference: want.value / want.weight, MeasureDurationDifference: want.duration / want.weight,
	} {
		assert.InDelta(t, point, got.score(m).Point, 1e-9, fmt.Sprint(name, m))
		assert.Less(t, got.score(m).Lower, got.score(m).Point, fmt.Sprint(name, m))
		assert.Greater(t, got.score(m).Upper, got.score(m).Point, fmt.Sprint(name, m))
	}
	assert.InDelta(t, float64(want.differ)/float64(want.n), got.Disagreement.Point, 1e-12, name)
	assert.EqualValues(t, want.n, got.Disagreement.N, name)
}
