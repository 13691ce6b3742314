// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prometheusrulesconnector

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// BenchmarkSeries holds 100,000 series with a sample each 15 s for half an hour, as ml_drift and ml_prediction make them, and
// reports what a series takes in memory, and how long an evaluation of each shipped group takes.
func BenchmarkSeries(b *testing.B) {
	const count, step, span = 100_000, 15 * time.Second, 30 * time.Minute
	cfg := createDefaultConfig().(*Config)
	cfg.Directory = b.TempDir()
	cfg.RetentionSizeMiB = 8192
	set := settings()
	c, err := newConnector(set, cfg)
	require.NoError(b, err)
	require.NoError(b, c.Start(context.Background(), testkit.Host{}))
	defer func() { require.NoError(b, c.Close(context.Background())) }()

	md, points := manySeries(count)
	before := heap()
	start := time.Now().Add(-span)
	var took time.Duration
	steps := int(span / step)
	for i := range steps {
		at := start.Add(time.Duration(i) * step)
		for _, p := range points {
			p.SetTimestamp(pcommon.NewTimestampFromTime(at))
			p.SetDoubleValue(float64(i % 7))
		}
		begun := time.Now()
		_, err := c.writer.Write(context.Background(), md, at)
		require.NoError(b, err)
		took += time.Since(begun)
	}
	require.NoError(b, c.store.Guard())
	b.Logf("heap per series %.0f B, files %.0f MB, write %.1f µs a sample", float64(heap()-before)/count, float64(c.store.Size())/1e6,
		took.Seconds()*1e6/float64(count*steps))
	now := start.Add(span)
	for _, g := range c.evaluator.Manager().RuleGroups() {
		b.Run(g.Name(), func(b *testing.B) {
			for b.Loop() {
				g.Eval(context.Background(), now)
				now = now.Add(time.Second)
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(len(g.Rules())), "ms/rule")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func manySeries(n int) (pmetric.Metrics, []pmetric.NumberDataPoint) {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	names := []string{"ml.drift.score", "ml.drift.p_value", "ml.drift.detected", "ml.drift.samples", "ml.prediction.count"}
	all := make([]pmetric.NumberDataPointSlice, len(names))
	for i, name := range names {
		m := metrics.AppendEmpty()
		m.SetName(name)
		all[i] = m.SetEmptyGauge().DataPoints()
	}
	points := make([]pmetric.NumberDataPoint, 0, n)
	for i := range n {
		p := all[i%len(all)].AppendEmpty()
		p.Attributes().PutStr("ml.model.name", fmt.Sprintf("model-%d", i/1000))
		p.Attributes().PutStr("ml.model.version", "7")
		p.Attributes().PutStr("ml.model.role", "primary")
		p.Attributes().PutStr("ml.drift.subject", "feature")
		p.Attributes().PutStr("ml.feature.name", fmt.Sprintf("feature-%d", i%1000/len(all)))
		p.Attributes().PutStr("ml.drift.method", "ks")
		p.Attributes().PutStr("ml.drift.reference", "baseline")
		points = append(points, p)
	}
	return md, points
}
