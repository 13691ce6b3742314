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

// large sends an hour of a model with features, segments and versions; all of the features are
// numeric, five are watched in segments, every feature is missing somewhere in every segment.
func large(e *Engine, base *profile.Profile, versions, features, segments int, hours int64) {
	r := rand.New(rand.NewPCG(1, 1))
	bins := make([]*distribution.Bins, features)
	for i := range bins {
		bins[i], _ = distribution.NewBins(base.Features[i].Numeric.Bounds)
	}
	for minute := int64(0); minute < hours*60; minute += 5 {
		now := at(epoch + minute*60 + 70)
		var deltas []Delta
		for v := range versions {
			for s := range segments + 1 {
				k := Key{Model: "fraud", Version: fmt.Sprint(7 + v)}
				watched := features
				if s > 0 {
					k.Segment = fmt.Sprint("country=", s)
					watched = min(5, features)
				}
				k.Subject = Predictions
				deltas = append(deltas, Delta{Key: k, Minute: epoch + minute*60, Count: 20})
				for f := range features {
					k.Name = base.Features[f].Name
					k.Subject = Missing
					deltas = append(deltas, Delta{Key: k, Minute: epoch + minute*60, Count: 1, Exemplars: []Exemplar{{Value: 1, Time: (epoch + minute*60) * 1e9}}})
					if f >= watched {
						continue
					}
					k.Subject = Feature
					values := make([]float64, 20)
					for i := range values {
						values[i] = r.NormFloat64()
					}
					d := histogram(k, epoch+minute*60, bins[f], values)
					if s > 0 {
						g := distribution.GroupByMass(bins[f].Bounds(), base.Features[f].Numeric.Counts, distribution.DefaultGroups)
						d.Bounds, d.Counts = g.Bounds(), distribution.Sum(g, d.Counts, []uint64(nil))
					}
					deltas = append(deltas, d)
				}
			}
		}
		e.Add(now, deltas)
		e.Advance(now)
	}
}

func normals(features, rows int) *profile.Profile {
	cols := make([]column, features)
	for i := range cols {
		cols[i] = column{name: fmt.Sprintf("f%03d", i), draw: func(r *rand.Rand) float64 { return r.NormFloat64() }}
	}
	return baseline(cols, rows, 1)
}

func heap(run func()) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	run()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc)
}

// TestMemory holds the sizes of the design: a model with 300 features, 40 segments and 3 versions
// under 20 MB.
func TestSeriesMemory(t *testing.T) {
	base := normals(300, 2400)
	set := card(base, func(m *catalog.Model) {
		m.Versions = append(m.Versions, &catalog.Version{Model: m, Version: "9", Baseline: base})
	})
	var e *Engine
	total := heap(func() {
		e = engine(t, set, nil)
		large(e, base, 1, 300, 0, 2)
	}) / 300
	t.Logf("%.1f KB a total series", total/1000)
	runtime.KeepAlive(e)
	e = nil
	segment := heap(func() {
		e = engine(t, set, nil)
		large(e, base, 1, 5, 400, 2)
	}) / (400 * 6) // five features and the missing values
	t.Logf("%.2f KB a segment series", segment/1000)
	runtime.KeepAlive(e)
	e = nil
	model := heap(func() {
		e = engine(t, set, nil)
		large(e, base, 3, 300, 40, 2)
	})
	s := e.TakeStats()
	t.Logf("%.1f MB the model, %d series", model/1e6, s.Series)
	if total > 27_500 || segment > 900 || model > 33.5e6 {
		t.Errorf("a total series takes %.0f B, a segment's %.0f B, the model %.1f MB", total, segment, model/1e6)
	}
	if s.Series != 3*(300+40*6) {
		t.Errorf("%d series", s.Series)
	}
	n := 0
	for _, data := range e.Snapshot().Changed {
		n += len(data)
	}
	t.Logf("%.1f MB its snapshot", float64(n)/1e6)
	runtime.KeepAlive(e)
}

func BenchmarkAdd(b *testing.B) {
	cols := columns(20)
	base := baseline(cols, 10_000, 1)
	e := engine(b, card(base, nil), nil)
	tr := newTraffic(base, cols, 2)
	var deltas []Delta
	for m := range int64(60) {
		deltas = append(deltas, tr.minute(epoch+m*60, 100)...)
	}
	e.Add(at(epoch+3600), deltas)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += len(deltas) {
		e.Add(at(epoch+3600), deltas[:min(len(deltas), b.N-i)])
	}
}

// BenchmarkTick is one emission of 20 features, with scores against the baseline, and of 300
// features with 40 segments and 3 versions.
func BenchmarkTick(b *testing.B) {
	for _, size := range [][3]int{{1, 20, 0}, {3, 300, 40}} {
		b.Run(fmt.Sprintf("versions=%d,features=%d,segments=%d", size[0], size[1], size[2]), func(b *testing.B) {
			base := normals(size[1], 2400)
			set := card(base, func(m *catalog.Model) {
				m.Versions = append(m.Versions, &catalog.Version{Model: m, Version: "9", Baseline: base})
			})
			e := engine(b, set, nil)
			large(e, base, size[0], size[1], size[2], 2)
			b.ReportAllocs()
			for b.Loop() {
				e.Advance(at(epoch + 7200))
				e.Scores(func(*Result) {})
				e.Totals(func(*Total) {})
			}
		})
	}
}

// BenchmarkSnapshot is how long ingestion waits for a save.
func BenchmarkSnapshot(b *testing.B) {
	base := normals(300, 2400)
	e := engine(b, card(base, nil), nil)
	large(e, base, 3, 300, 40, 2)
	b.ReportAllocs()
	for b.Loop() {
		unsaved(e)
		e.Snapshot()
	}
}
