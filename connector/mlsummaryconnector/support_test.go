// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// newCatalog is a catalog of models.
func newCatalog(models ...*catalog.Model) *catalogtest.Extension {
	return catalogtest.NewExtension(catalog.NewSet(models, nil))
}

// numericColumn is a column with n bins of a normal sample.
func numericColumn(name string, n int, rng *rand.Rand) *profile.Column {
	values := make([]float64, 20_000)
	for i := range values {
		values[i] = rng.NormFloat64()
	}
	return profile.NewNumeric(name, values, 0, n)
}

// fraudCard is a model with numeric features f00, f01, ... of 240 bins.
func fraudCard(features int) *catalog.Model {
	rng := rand.New(rand.NewPCG(1, 1))
	p := &profile.Profile{FormatVersion: 1, Rows: 20_000}
	for i := range features {
		p.Features = append(p.Features, numericColumn(fmt.Sprintf("f%02d", i), distribution.DefaultBins, rng))
	}
	p.Prediction = profile.NewCategorical("y", map[string]uint64{"ok": 19_000, "fraud": 1_000}, 0, profile.DefaultMaxCategories)
	confidence := make([]float64, 20_000)
	for i := range confidence {
		confidence[i] = rng.Float64()
	}
	p.Confidence = profile.NewNumeric("p", confidence, 0, distribution.DefaultBins)
	return &catalog.Model{Name: "fraud", Task: catalog.BinaryClassification, PositiveClass: "fraud", Baseline: p}
}

// started is a connector that runs, on an injected catalog or none. started starts a connector that
// takes every request for a new one: those of the tests have the same span ids.
func started(tb testing.TB, cfg *Config, next consumer.Metrics, cat *catalogtest.Extension) *summaryConnector {
	tb.Helper()
	cfg.Limits.Spans = 0
	return remembering(tb, cfg, next, cat)
}

// remembering starts a connector as it is configured.
func remembering(tb testing.TB, cfg *Config, next consumer.Metrics, cat *catalogtest.Extension) *summaryConnector {
	tb.Helper()
	c, err := newConnector(connectortest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(tb, err)
	host := componenttest.NewNopHost()
	if cat != nil {
		host = testkit.Host{catalogtest.ID: cat}
	}
	require.NoError(tb, c.Start(tb.Context(), host))
	tb.Cleanup(func() { require.NoError(tb, c.Shutdown(context.Background())) })
	return c
}

// spanAt adds a prediction span of the model fraud that ends at the given time.
func spanAt(td ptrace.Traces, end time.Time, id byte) ptrace.Span {
	if td.ResourceSpans().Len() == 0 {
		td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	}
	s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{15: id})
	s.SetSpanID(pcommon.SpanID{7: id})
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-3 * time.Millisecond)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	s.Attributes().PutStr("ml.model.name", "fraud")
	s.Attributes().PutStr("ml.model.version", "7")
	return s
}

// point is any data point.
type point struct {
	metric     string
	attrs      pcommon.Map
	start, end uint64
	// count is a sum's value or a histogram's count.
	count uint64
	hist  pmetric.HistogramDataPoint
}

// eachPoint visits all points of a flush.
func eachPoint(rm pmetric.ResourceMetrics, visit func(point)) {
	for _, sm := range rm.ScopeMetrics().All() {
		for _, m := range sm.Metrics().All() {
			switch m.Type() {
			case pmetric.MetricTypeSum:
				for _, p := range m.Sum().DataPoints().All() {
					visit(point{metric: m.Name(), attrs: p.Attributes(), start: uint64(p.StartTimestamp()), end: uint64(p.Timestamp()), count: uint64(p.IntValue())})
				}
			case pmetric.MetricTypeHistogram:
				for _, p := range m.Histogram().DataPoints().All() {
					visit(point{metric: m.Name(), attrs: p.Attributes(), start: uint64(p.StartTimestamp()), end: uint64(p.Timestamp()), count: p.Count(), hist: p})
				}
			case pmetric.MetricTypeExponentialHistogram:
				for _, p := range m.ExponentialHistogram().DataPoints().All() {
					visit(point{metric: m.Name(), attrs: p.Attributes(), start: uint64(p.StartTimestamp()), end: uint64(p.Timestamp()), count: p.Count()})
				}
			}
		}
	}
}
