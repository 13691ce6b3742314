// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"math"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// vectorDelta is the sum of count equal vectors.
func vectorDelta(name string, minute int64, count uint64, vector ...float64) Delta {
	key := key7
	key.Subject, key.Name = Embedding, name
	sums := make([]float64, len(vector))
	for i, x := range vector {
		sums[i] = x * float64(count)
	}
	return Delta{Key: key, Minute: minute, Count: count, Vector: sums}
}

func embeddingEngine(t *testing.T) *Engine {
	t.Helper()
	base := baseline(columns(1), 300, 1)
	base.Embeddings = []*profile.Embedding{{Name: "q", Count: 300, Centroid: []float64{2, 0}}}
	return engine(t, card(base, func(m *catalog.Model) { m.Drift.MinSamples = 1 }), nil)
}

// distances returns samples and distance by name.
func distances(e *Engine) map[string][2]float64 {
	out := map[string][2]float64{}
	e.Embeddings(func(r *Result, distance float64) { out[r.Key.Name] = [2]float64{float64(r.Samples), distance} })
	return out
}

// The centroid is that of all vectors of the sliding window, of however many instances; repeated
// points count once.
func TestCentroidDistance(t *testing.T) {
	e := embeddingEngine(t)
	add := func(minute int64, deltas ...Delta) {
		e.Add(at(minute+60), deltas)
		e.Advance(at(minute + 60))
	}
	if len(distances(e)) != 0 {
		t.Error("nothing was counted")
	}
	add(epoch, vectorDelta("q", epoch, 10, 5, 0), vectorDelta("other", epoch, 10, 5, 0))
	if got := distances(e); len(got) != 1 || got["q"] != [2]float64{10, 0} {
		t.Errorf("the same direction: %v", got)
	}
	again := vectorDelta("q", epoch, 30, 0, 5)
	again.Producer, again.Sequence, again.Points = "p", 1, 1
	add(epoch+60, again, again)
	want := 1 - 50/math.Hypot(50, 150)
	if got := distances(e)["q"]; got[0] != 40 || math.Abs(got[1]-want) > 1e-12 {
		t.Errorf("both: %v, not %v", got, want)
	}
	add(epoch+3000, vectorDelta("q", epoch+3000, 1, -1, 0))
	add(epoch+3900, vectorDelta("q", epoch+3900, 1, -1, 0)) // an hour later the first ones are out
	if got := distances(e)["q"]; got != [2]float64{2, 2} {
		t.Errorf("the opposite: %v", got)
	}
	e.TakeStats()
	add(epoch+3960, vectorDelta("q", epoch, 1, 1, 0))
	add(epoch+3960, vectorDelta("q", epoch+3900, 1, 1, 0, 0))
	add(epoch+3960, vectorDelta("q", epoch+9000, 1, 1, 0))
	if s := e.TakeStats(); s.Points[Late] != 1 || s.Points[BoundsMismatch] != 1 || s.Points[Future] != 1 {
		t.Errorf("outcomes: %v", s.Points)
	}
}

func TestVectorsAreBounded(t *testing.T) {
	e := embeddingEngine(t)
	var deltas []Delta
	for i := range maxEmbeddings + 2 {
		deltas = append(deltas, vectorDelta(fmt.Sprint("v", i), epoch, 1, 1))
	}
	bad := [][]float64{nil, {math.NaN()}, {math.Inf(1)}, make([]float64, 5000)}
	for _, v := range bad {
		deltas = append(deltas, vectorDelta("q", epoch, 1, v...))
	}
	deltas = append(deltas, vectorDelta("q", epoch, 0, 1))
	e.Add(at(epoch+60), deltas)
	if s := e.TakeStats(); s.Points[Overflowed] != 2 || s.Points[Invalid] != uint64(len(bad)+1) || s.Evicted["embedding"] != 2 {
		t.Errorf("outcomes: %v, %v", s.Points, s.Evicted)
	}
}

func TestCosineDistance(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1, 0}, []float64{0, 3}, 1},
		{[]float64{1, 1}, []float64{1, 0}, 1 - math.Sqrt2/2},
		{[]float64{0, 0}, []float64{1, 0}, math.NaN()},
		{[]float64{1}, []float64{1, 0}, math.NaN()},
	} {
		if got := cosineDistance(c.a, c.b); !(math.Abs(got-c.want) < 1e-12) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%v and %v: %v", c.a, c.b, got)
		}
	}
}
