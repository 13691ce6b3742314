// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lightstep/go-expohisto/structure"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// exponential counts values as ml_summary does without a baseline.
func exponentialOf(values []float64) *distribution.Exponential {
	h := structure.NewFloat64(structure.NewConfig(structure.WithMaxSize(160)), values...)
	side := func(b *structure.Buckets) (out distribution.ExponentialBuckets) {
		out.Offset = b.Offset()
		for i := range b.Len() {
			out.Counts = append(out.Counts, b.At(i))
		}
		return out
	}
	return &distribution.Exponential{Scale: h.Scale(), Zero: h.ZeroCount(), Positive: side(h.Positive()), Negative: side(h.Negative())}
}

// A baseline is learned of the first good rows, over a restart, and then compares as one of
// mlprofile would.
func TestLearn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var first []float64 // what a baseline of the same rows has
	classes := []string{"ok", "ok", "ok", "fraud"}
	minute := func(m int64, rows int, shift float64) []Delta {
		k := Key{Model: "new", Version: "1"}
		var out []Delta
		add := func(subject Subject, name string, d Delta) {
			d.Key, d.Minute = k, epoch+m*60
			d.Key.Subject, d.Key.Name = subject, name
			out = append(out, d)
		}
		values, counts := make([]float64, rows-10), map[string]uint64{} // ten rows lack it, and two of them say so
		d := Delta{Count: uint64(rows - 10), HasRange: true, Min: math.Inf(1), Max: math.Inf(-1)}
		for i := range values {
			values[i] = 100*r.NormFloat64() + shift
			d.Sum += values[i]
			d.Min, d.Max = min(d.Min, values[i]), max(d.Max, values[i])
		}
		for range rows {
			counts[classes[r.IntN(4)]]++
		}
		if m < 50 {
			first = append(first, values...)
		}
		d.Exponential = exponentialOf(values)
		add(Predictions, "", Delta{Count: uint64(rows)})
		add(Predictions, "", Delta{Count: 1000, Consumer: Consumer{Unit: "timeout"}}) // failed ones
		add(Feature, "amount", d)
		add(Missing, "amount", Delta{Count: 2})
		for _, c := range sortedKeys(counts) {
			add(Class, "", Delta{Categorical: true, Category: c, Count: counts[c]})
			add(Feature, "kind", Delta{Categorical: true, Category: c, Count: counts[c]})
		}
		k.Role = "shadow"
		add(Feature, "amount", Delta{Count: 1, HasRange: true, Min: 1e6, Max: 1e6, Sum: 1e6, Exponential: exponentialOf([]float64{1e6})})
		return out
	}
	learns := func(o *Options) { o.Learn = 5000 }
	e := engine(t, nil, learns)
	var got []Learned
	for m := range int64(120) {
		now := at(epoch + m*60 + 70)
		shift := 0.0
		if m >= 50 {
			shift = 500 // not among the first rows
		}
		e.Add(now, minute(m, 100, shift))
		e.Advance(now)
		if l := e.Learned(now); len(l) > 0 {
			if m < 50 || got != nil {
				t.Fatalf("minute %d: learned", m)
			}
			got = l
			e.FinishLearning("", "new")
			if len(e.Learned(now)) != 0 {
				t.Fatal("it was taken")
			}
		}
		if reason := reasonsOf(e)["new 1 feature amount vs baseline"]; m > 0 && (got == nil) != (reason == "learning") {
			t.Fatalf("minute %d: %q", m, reason)
		}
		if m%20 == 10 {
			again := engine(t, nil, learns)
			for _, data := range e.Snapshot().Changed {
				if err := again.Restore(now, data); err != nil {
					t.Fatal(err)
				}
			}
			e = again
		}
	}
	if len(got) != 1 {
		t.Fatal("nothing was learned")
	}
	p := got[0].Profile
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	if p.Rows != 5000 || p.From.Unix() != epoch || p.To.Unix() != epoch+3000 || len(p.Features) != 2 || p.Prediction.Count != 5000 {
		t.Errorf("%+v", p)
	}
	amount := p.Column("amount")
	want := profile.NewNumeric("amount", append([]float64(nil), first...), 100, 240)
	if amount.Count != 4500 || amount.Missing != 500 || amount.Numeric.Min != want.Numeric.Min || amount.Numeric.Max != want.Numeric.Max ||
		math.Abs(amount.Numeric.Mean-want.Numeric.Mean) > 1e-6 || math.Abs(amount.Numeric.StdDev/want.Numeric.StdDev-1) > 0.02 {
		t.Errorf("%+v, want %+v", amount, want)
	}
	if n := len(amount.Numeric.Counts); n < 50 || n > 240 {
		t.Errorf("%d bins", n)
	}
	if kind := p.Column("kind"); kind.Type != profile.Categorical || len(kind.Categories) != 2 || kind.Categories[0].Value != "ok" {
		t.Errorf("%+v", kind)
	}
	var file bytes.Buffer
	if err := p.Write(&file); err != nil {
		t.Fatal(err)
	}
	again, err := profile.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	// The card names it: nothing is learned any more.
	e.SetCatalog(catalog.NewSet([]*catalog.Model{{Name: "new", Baseline: again}}, nil))
	if reason := reasonsOf(e)["new 1 feature kind vs baseline"]; reason == "learning" {
		t.Error(reason)
	}
}

// A card that comes while a baseline is being learned ends that.
func TestLearnEndsWithACard(t *testing.T) {
	e := engine(t, nil, func(o *Options) { o.Learn = 10 })
	k := Key{Model: "fraud", Version: "7", Subject: Feature, Name: "c"}
	d := Delta{Key: k, Minute: epoch, Categorical: true, Category: "a", Count: 5}
	e.Add(at(epoch+70), []Delta{d})
	n := 0
	e.LearningProgress(func(string, string, uint64, uint64) { n++ })
	base := &profile.Profile{FormatVersion: 1, Features: []*profile.Column{profile.NewCategorical("c", map[string]uint64{"a": 1}, 0, 10)}}
	e.SetCatalog(card(base, nil))
	e.LearningProgress(func(string, string, uint64, uint64) { n++ })
	if n != 1 {
		t.Errorf("%d", n)
	}
}
