// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// confidences draws n confidences of a skewed model: most are near 1.
func confidences(r *rand.Rand, n int, power float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Pow(r.Float64(), power)
	}
	return out
}

// exact is the mean of values, and their share below a threshold.
func exact(values []float64, threshold float64) (mean, low float64) {
	for _, v := range values {
		mean += v / float64(len(values))
		if v < threshold {
			low += 1 / float64(len(values))
		}
	}
	return mean, low
}

func near(t *testing.T, what string, got, want, delta float64) {
	t.Helper()
	if !(math.Abs(got-want) <= delta) {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}

// confidenceDelta counts confidences as ml_summary does, in the bins of a column.
func confidenceDelta(c *profile.Column, minute int64, values []float64) Delta {
	key := key7
	key.Subject = Confidence
	bins, err := distribution.NewBins(c.Numeric.Bounds)
	if err != nil {
		panic(err)
	}
	return Delta{
		Key: key, Minute: minute, Count: uint64(len(values)), Bounds: bins.Bounds(), Counts: bins.Count(values),
		Min: slices.Min(values), Max: slices.Max(values), HasRange: true,
	}
}

// summaries returns the summaries of a model's windows by subject.
func summaries(e *Engine) map[Subject]*Summary {
	out := map[Subject]*Summary{}
	e.Advance(at(epoch + 120))
	e.Scores(func(r *Result) {
		if r.Key.Segment == "" && r.Summary != nil {
			s := *r.Summary
			out[r.Key.Subject] = &s
		}
	})
	return out
}

// Mean, share of low confidence and entropy are those of the values that were counted, as far as
// bins tell them, beside those of the baseline.
func TestSummary(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	before, now := confidences(r, 20_000, 0.3), confidences(r, 5000, 0.6)
	base := &profile.Profile{FormatVersion: profile.FormatVersion, Rows: 20_000}
	base.Confidence = profile.NewNumeric("p", slices.Clone(before), 0, distribution.DefaultBins)
	base.Prediction = profile.NewCategorical("y", map[string]uint64{"a": 10_000, "b": 5000, "c": 5000}, 0, 200)
	for _, threshold := range []float64{0.5, 0.8} {
		e := engine(t, card(base, func(m *catalog.Model) {
			if threshold != defaultLowConfidence {
				m.Drift.Thresholds = map[string]float64{"low_confidence": threshold}
			}
		}), nil)
		class := key7
		class.Subject = Class
		deltas := []Delta{confidenceDelta(base.Confidence, epoch, now)}
		for name, n := range map[string]uint64{"a": 900, "b": 100} {
			deltas = append(deltas, Delta{Key: class, Minute: epoch, Count: n, Categorical: true, Category: name})
		}
		e.Add(at(epoch+60), deltas)
		got := summaries(e)
		if got[Confidence] == nil || got[Class] == nil {
			t.Fatal("no summary")
		}
		mean, low := exact(now, threshold)
		near(t, "mean", got[Confidence].Mean.Window, mean, 0.002)
		near(t, "low", got[Confidence].Low.Window, low, 0.005)
		mean, low = exact(before, threshold)
		near(t, "the baseline's mean", got[Confidence].Mean.Reference, mean, 0.002)
		near(t, "the baseline's low", got[Confidence].Low.Reference, low, 0.005)
		if !math.IsNaN(got[Confidence].Entropy.Window) || !math.IsNaN(got[Class].Mean.Window) {
			t.Error("a subject has what is another's")
		}
		near(t, "entropy", got[Class].Entropy.Window, -(0.9*math.Log(0.9)+0.1*math.Log(0.1))/math.Log(3), 1e-9)
		near(t, "the baseline's entropy", got[Class].Entropy.Reference, 1.5*math.Ln2/math.Log(3), 1e-9)
	}
}

// Without a baseline a window has its figures, and the reference has none.
func TestSummaryWithoutBaseline(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	now := confidences(r, 5000, 0.6)
	e := engine(t, catalog.NewSet(nil, nil), nil)
	column := profile.NewNumeric("p", slices.Clone(now), 0, 100)
	e.Add(at(epoch+60), []Delta{confidenceDelta(column, epoch, now)})
	got := summaries(e)[Confidence]
	if got == nil {
		t.Fatal("no summary")
	}
	mean, low := exact(now, 0.5)
	near(t, "mean", got.Mean.Window, mean, 0.005)
	near(t, "low", got.Low.Window, low, 0.01)
	if !math.IsNaN(got.Mean.Reference) || !math.IsNaN(got.Low.Reference) {
		t.Error("there is no reference")
	}
}

// Bins at the ends of the scale, of one value, and without a known range give shares and means that
// lie within it.
func TestSummaryOfOddBins(t *testing.T) {
	one := math.Nextafter(1, 0)
	for _, c := range []struct {
		values    []float64
		bounds    []float64
		mean, low float64
	}{
		{[]float64{1, 1, 1}, []float64{one, 1}, 1, 0},
		{[]float64{0, 0, 0, 1}, []float64{0, one, 1}, 0.25, 0.75},
		{[]float64{0.5, 0.5}, []float64{math.Nextafter(0.5, 0), 0.5}, 0.5, 0},
	} {
		bins, err := distribution.NewBins(c.bounds)
		if err != nil {
			t.Fatal(err)
		}
		for _, ends := range [][2]float64{{slices.Min(c.values), slices.Max(c.values)}, {math.NaN(), math.NaN()}} {
			sample := distribution.NewNumericSample(c.bounds, bins.Count(c.values), ends[0], ends[1], math.NaN())
			p := &plan{lowConfidence: 0.5}
			got := p.summary(Confidence, nil, sample)
			near(t, "mean", got.Mean.Window, c.mean, 1e-12)
			near(t, "low", got.Low.Window, c.low, 1e-12)
		}
	}
}
