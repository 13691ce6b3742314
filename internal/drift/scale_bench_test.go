// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// hourly makes the deltas of one hour of models that have 100 features each, 300 rows an hour.
func hourly(models int, base *profile.Profile, bins []*distribution.Bins, r *rand.Rand, hour int64) []Delta {
	var deltas []Delta
	for m := range models {
		k := Key{Model: fmt.Sprint("m", m), Subject: Predictions}
		deltas = append(deltas, Delta{Key: k, Minute: epoch + hour*3600, Count: 300})
		k.Subject = Feature
		for f, column := range base.Features {
			k.Name = column.Name
			values := make([]float64, 300)
			for i := range values {
				values[i] = r.NormFloat64()
			}
			deltas = append(deltas, histogram(k, epoch+hour*3600, bins[f], values))
		}
	}
	return deltas
}

func binsOf(b *testing.B, base *profile.Profile) (all []*distribution.Bins) {
	b.Helper()
	for _, c := range base.Features {
		bins, err := distribution.NewBins(c.Numeric.Bounds)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, bins)
	}
	return all
}

// BenchmarkEvaluate closes an hour of 10,000 feature series: 100 models of 100 features, 240 bins
// each, that have some hours of history.
func BenchmarkEvaluate(b *testing.B) {
	const models, features = 100, 100
	base := normals(features, 2400)
	var cards []*catalog.Model
	for m := range models {
		cards = append(cards, &catalog.Model{Name: fmt.Sprint("m", m), Baseline: base})
	}
	e := engine(b, catalog.NewSet(cards, nil), func(o *Options) { o.Season = SeasonNone })
	bins := binsOf(b, base)
	r := rand.New(rand.NewPCG(1, 2))
	hour := int64(0)
	tick := func() {
		e.Add(at(epoch+hour*3600+70), hourly(models, base, bins, r, hour))
		hour++
	}
	for range 4 {
		tick()
		e.Advance(at(epoch + hour*3600 + 10))
	}
	windows := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		tick()
		b.StartTimer()
		closed, _ := e.Advance(at(epoch + hour*3600 + 10))
		windows += len(closed)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(models*features), "ns/series")
	b.ReportMetric(float64(windows)/float64(b.N), "windows/op")
}

// BenchmarkMemory says how many bytes a series of 240 bins takes, after two hours and after two
// weeks of hourly windows.
func BenchmarkMemory(b *testing.B) {
	for _, hours := range []int64{2, 14 * 24} {
		b.Run(fmt.Sprintf("hours=%d", hours), func(b *testing.B) {
			const features = 300
			base := normals(features, 2400)
			bins := binsOf(b, base)
			set := catalog.NewSet([]*catalog.Model{{Name: "m0", Baseline: base}}, nil)
			var bytes float64
			for b.Loop() {
				var e *Engine
				bytes = heap(func() {
					e = engine(b, set, func(o *Options) { o.Season = SeasonAuto })
					r := rand.New(rand.NewPCG(1, 2))
					for hour := range hours {
						e.Add(at(epoch+hour*3600+70), hourly(1, base, bins, r, hour))
						e.Advance(at(epoch + (hour+1)*3600 + 10))
					}
				})
				runtime.KeepAlive(e)
			}
			b.ReportMetric(bytes/features, "B/series")
		})
	}
}
