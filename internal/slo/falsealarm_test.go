// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// detector decides as the generated rules do, on counts by minute: TestDetector compares the two.
type detector struct {
	z                   float64
	increase            float64 // the last good difference; NaN for a bound
	bound               float64
	minSamples          float64
	short, window, hold int
	reference, ago      int
	part, whole         []float64 // sums since the beginning, by minute
	streak              int
}

// newDetector is that of "max_increase: {absolute}, compared_with: 7d, for: 15m", or of "max".
func newDetector(z, increase, bound float64) *detector {
	return &detector{z: z, increase: increase, bound: bound, minSamples: usualMinSamples, short: 3, window: 15, hold: 15, reference: 120, ago: 7*24*60 + 8 - 60}
}

func (d *detector) arrived(sums []float64, w, ago int) float64 {
	i := len(sums) - 1 - ago
	if i-w < 0 {
		return 0
	}
	return sums[i] - sums[i-w]
}

func wilson(p, n, z float64) (lower, upper float64) {
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max((p+z*z/(2*n)-half)/(1+z*z/n), 0), min((p+z*z/(2*n)+half)/(1+z*z/n), 1)
}

// minute adds the counts of a minute and says whether the alert is due.
func (d *detector) minute(part, whole float64) bool {
	last := func(sums []float64) float64 {
		if len(sums) == 0 {
			return 0
		}
		return sums[len(sums)-1]
	}
	d.part, d.whole = append(d.part, last(d.part)+part), append(d.whole, last(d.whole)+whole)
	compared := !math.IsNaN(d.increase)
	limit, refShare, refN := d.bound, 0.0, 0.0
	if compared {
		if refN = d.arrived(d.whole, d.reference, d.ago); refN == 0 {
			d.streak = 0
			return false
		}
		refShare = d.arrived(d.part, d.reference, d.ago) / refN
		limit = refShare + d.increase
	}
	shortN := d.arrived(d.whole, d.short, 0)
	short := d.arrived(d.part, d.short, 0) / shortN
	if shortN == 0 || short <= limit || d.streak == 0 && d.excess(short, shortN, refShare, refN, objective.ZBegin) <= 0 {
		d.streak = 0
		return false
	}
	if d.streak++; d.streak <= d.hold {
		return false
	}
	n := d.arrived(d.whole, d.window, 0)
	share := d.arrived(d.part, d.window, 0) / n
	return d.excess(share, n, refShare, refN, d.z) > 0 && n >= d.minSamples && (math.IsNaN(d.increase) || refN >= d.minSamples)
}

// excess is how far a share is beyond the limit for sure.
func (d *detector) excess(share, n, refShare, refN, z float64) float64 {
	lower, _ := wilson(share, n, z)
	if math.IsNaN(d.increase) {
		return lower - d.bound
	}
	_, refUpper := wilson(refShare, refN, d.z)
	return share - refShare - d.increase - math.Sqrt((share-lower)*(share-lower)+(refUpper-refShare)*(refUpper-refShare))
}

// TestDetector compares the detector of the simulation with the generated rules, minute by minute.
func TestDetector(t *testing.T) {
	slos, err := FromCards(cards(t, fraudCard))
	require.NoError(t, err)
	w := newWorld(t, generated(t, slos))
	l := newLabelled(w)
	d := newDetector(objective.Z, 0.005, 0)
	due, differ := 0, 0
	for ; w.now.Sub(began) < week+3*time.Hour; w.now = w.now.Add(time.Minute) {
		at := w.now.Sub(began)
		fpr := 0.02
		if at > week+time.Hour && at < week+2*time.Hour {
			fpr = 0.045 // hardly enough at 200 a minute, so that both change their minds
		}
		partBefore, okBefore := l.counted[cell("", "fraud", "ok")], l.counted[cell("", "ok", "ok")]
		l.minute("country=BR", 200, fpr)
		part := l.counted[cell("", "fraud", "ok")] - partBefore
		want := d.minute(part, l.counted[cell("", "ok", "ok")]-okBefore+part)
		if at > 4*time.Hour && at < week-10*time.Minute {
			continue
		}
		w.set(l.counted)
		w.eval()
		if want {
			due++
		}
		if got := w.query(`slo:breach:bool{ml_segment=""}`, "ml_segment")[""] == 1; got != want && at > week+20*time.Minute {
			differ++
			t.Logf("at %s: rules %v, detector %v", at, got, want)
		}
	}
	assert.NotZero(t, due)
	assert.Zero(t, differ)
}

// binomial draws from a binomial distribution with a small mean, by the distances between successes.
func binomial(r *rand.Rand, n int, p float64) int {
	k, at, log := 0, -1, math.Log1p(-p)
	for {
		at += 1 + int(math.Log(1-r.Float64())/log)
		if at >= n {
			return k
		}
		k++
	}
}

// poisson draws a number of events, by normal approximation where there are many.
func poisson(r *rand.Rand, mean float64) int {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	k, product, limit := 0, r.Float64(), math.Exp(-mean)
	for product > limit {
		k++
		product *= r.Float64()
	}
	return k
}

// TestDetection counts how soon a rise by three points is an alert at 300 predictions a minute: never
// but by chance before it has lasted 15 minutes, and seldom much later.
func TestDetection(t *testing.T) {
	const runs = 400
	r := rand.New(rand.NewPCG(5, 6))
	early, within18, within25 := 0, 0, 0
	for range runs {
		d := newDetector(objective.Z, 0.005, 0)
		d.ago = 200 // a week without what lies between
		onset := d.ago + d.reference + 60
		for i := range onset + 61 {
			share := 0.02
			if i > onset {
				share = 0.05
			}
			n := poisson(r, 300)
			if !d.minute(float64(binomial(r, n, share)), float64(n)) {
				continue
			}
			switch after := i - onset; {
			case after < 15:
				early++
			case after <= 18:
				within18++
			case after <= 25:
				within25++
			}
			break
		}
	}
	t.Logf("of %d rises %d are an alert early, %d after 15 to 18 minutes, %d after 19 to 25", runs, early, within18, within25)
	assert.LessOrEqual(t, early, runs/50)
	assert.GreaterOrEqual(t, within18, runs*8/10)
	assert.GreaterOrEqual(t, within18+within25, runs*95/100)
}

// TestFalseAlarms counts the months in which a model that is well alarms at least once. The figures
// of docs/slos.md are of OTELCOL_ML_SLO_MONTHS=1000, some minutes; without it there are 10 months of
// each kind, in which no alarm is likely. OTELCOL_ML_SLO_Z tries another number of deviations.
func TestFalseAlarms(t *testing.T) {
	months := 10
	z := float64(objective.Z)
	if text := os.Getenv("OTELCOL_ML_SLO_MONTHS"); text != "" {
		var err error
		months, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	const month = 30 * 24 * 60
	if text := os.Getenv("OTELCOL_ML_SLO_Z"); text != "" {
		var err error
		z, err = strconv.ParseFloat(text, 64)
		require.NoError(t, err)
	}
	alarms := func(z, increase, bound, perMinute, share float64, months int) (bad int) {
		r := rand.New(rand.NewPCG(uint64(perMinute), 1))
		for range months {
			d := newDetector(z, increase, bound)
			d.part, d.whole = make([]float64, 0, month+d.ago+200), make([]float64, 0, month+d.ago+200)
			lead := 0
			if !math.IsNaN(increase) {
				lead = d.ago + d.reference
			}
			for i := range month + lead {
				n := poisson(r, perMinute)
				if d.minute(float64(binomial(r, n, share)), float64(n)) && i >= lead {
					bad++
					break
				}
			}
		}
		return bad
	}
	// A detector that takes the point for the truth would alarm: the test can fail.
	assert.Greater(t, alarms(0, 0.005, 0, 20, 0.02, 10), 5)
	for _, c := range []struct{ increase, bound, share float64 }{
		{0.005, 0, 0.02}, {0.001, 0, 0.02}, {0.005, 0, 0.2}, {math.NaN(), 0.03, 0.02}, {math.NaN(), 0.02, 0.018},
	} {
		for _, perMinute := range []float64{20, 100, 300, 1000} {
			if perMinute > 300 && (months <= 10 || c.increase != 0.005 || c.share > 0.1) {
				continue // it takes long, and chance is less
			}
			name := fmt.Sprintf("share %g, at most %g more", c.share, c.increase)
			if math.IsNaN(c.increase) {
				name = fmt.Sprintf("share %g, at most %g", c.share, c.bound)
			}
			t.Run(fmt.Sprintf("%s, %g a minute", name, perMinute), func(t *testing.T) {
				bad := alarms(z, c.increase, c.bound, perMinute, c.share, months)
				t.Logf("%d of %d months with an alarm", bad, months)
				assert.LessOrEqual(t, float64(bad), 0.01*float64(months))
			})
		}
	}
}
