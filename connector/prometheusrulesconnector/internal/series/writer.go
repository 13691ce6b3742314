// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package series writes OpenTelemetry metrics into a TSDB under the names and labels that the collector's
// Prometheus exporter gives them, so that a rule means the same here as in a Prometheus that scrapes it.
//
//	metrics ─┬─ cumulative ──────────────────────────────► Prometheus' OTLP converter ─► appender ─► TSDB
//	         └─ deltas ─► the converter ─► deltas.add ───────────────────────────────────┘   refuses and counts
package series

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Options are those of a Writer. The names are those of the Prometheus exporter's options.
type Options struct {
	Namespace   string
	ConstLabels map[string]string
	// Suffixes appends unit and type to names; UTF8 leaves names as they are.
	Suffixes, UTF8 bool
	// ScopeInfo makes labels of a scope's name, version and attributes, ResourceAttributes of those of resources.
	ScopeInfo, ResourceAttributes bool
	// MaxSeries is how many series the head may have; samples of further ones are refused.
	MaxSeries int
}

// Storage is where samples go.
type Storage interface {
	AppenderV2(ctx context.Context) storage.AppenderV2
	// Full reports whether nothing may be taken.
	Full() bool
}

// Writer writes metrics into a TSDB. It may be used by several goroutines.
type Writer struct {
	storage    Storage
	headSeries func() uint64
	settings   prometheusremotewrite.Settings
	maxSeries  uint64
	deltas     deltas
	metadata   *Metadata
}

// New returns a writer. headSeries tells how many series the TSDB's head has.
func New(to Storage, headSeries func() uint64, o Options) *Writer {
	settings := prometheusremotewrite.Settings{
		Namespace: o.Namespace, ExternalLabels: o.ConstLabels, AddMetricSuffixes: o.Suffixes, AllowUTF8: o.UTF8,
		PromoteScopeMetadata:                 o.ScopeInfo,
		LabelNamePreserveMultipleUnderscores: true,
	}
	if o.ResourceAttributes {
		settings.PromoteResourceAttributes = prometheusremotewrite.NewPromoteResourceAttributes(config.OTLPConfig{PromoteAllResourceAttributes: true})
	}
	return &Writer{
		storage: to, headSeries: headSeries, settings: settings, maxSeries: uint64(o.MaxSeries),
		deltas: newDeltas(o.MaxSeries), metadata: newMetadata(),
	}
}

// Metadata returns the types, help texts and units of the metrics that were written.
func (w *Writer) Metadata() *Metadata { return w.metadata }

// Write writes all points, and says what became of them. The error is the TSDB's: nothing was written then, and
// the same metrics may be written again.
func (w *Writer) Write(ctx context.Context, md pmetric.Metrics, now time.Time) (Result, error) {
	var r Result
	cumulative, delta := split(md)
	if err := w.write(ctx, cumulative, nil, now, &r); err != nil {
		return r, err
	}
	if err := w.writeExemplars(ctx, md, now, &r); err != nil {
		return r, err
	}
	if delta.MetricCount() == 0 {
		return r, nil
	}
	w.deltas.mu.Lock()
	defer w.deltas.mu.Unlock()
	err := w.write(ctx, delta, &w.deltas, now, &r)
	w.deltas.settle(now, err == nil)
	return r, err
}

func (w *Writer) write(ctx context.Context, md pmetric.Metrics, sums *deltas, now time.Time, r *Result) error {
	a := &appender{
		AppenderV2: w.storage.AppenderV2(ctx), full: w.storage.Full(), headSeries: w.headSeries, maxSeries: w.maxSeries,
		latest: now.Add(maxAhead).UnixMilli(), sums: sums, metadata: w.metadata, result: r,
	}
	settings := w.settings
	settings.AllowDeltaTemporality = sums != nil
	_, err := prometheusremotewrite.NewPrometheusConverter(a).FromMetrics(ctx, md, settings)
	if ctx.Err() != nil {
		_ = a.Rollback()
		return ctx.Err()
	}
	r.untranslated(err)
	return a.Commit()
}

// writeExemplars writes the exemplars of gauges, which the converter leaves out. It keeps those of sums: the points are
// written once more as ones, which changes no value.
func (w *Writer) writeExemplars(ctx context.Context, md pmetric.Metrics, now time.Time, r *Result) error {
	again := gaugesAsSums(md)
	if again.MetricCount() == 0 {
		return nil
	}
	var second Result
	err := w.write(ctx, again, nil, now, &second)
	r.Refused[ExemplarRefused].Count += second.Refused[ExemplarRefused].Count
	return err
}

// gaugesAsSums returns the points with exemplars of gauges as sums that may fall. Prometheus has both as gauges, of the same
// name but where the unit is 1.
func gaugesAsSums(md pmetric.Metrics) pmetric.Metrics {
	sums := pmetric.NewMetrics()
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			var to pmetric.ScopeMetrics
			found := false
			for _, m := range sm.Metrics().All() {
				if m.Type() != pmetric.MetricTypeGauge || m.Unit() == "1" || !hasExemplars(m.Gauge().DataPoints()) {
					continue
				}
				if !found {
					found = true
					rm2 := sums.ResourceMetrics().AppendEmpty()
					rm.Resource().CopyTo(rm2.Resource())
					to = rm2.ScopeMetrics().AppendEmpty()
					sm.Scope().CopyTo(to.Scope())
					to.SetSchemaUrl(sm.SchemaUrl())
				}
				asSum(m, to.Metrics().AppendEmpty())
			}
		}
	}
	return sums
}

func hasExemplars(points pmetric.NumberDataPointSlice) bool {
	for _, p := range points.All() {
		if p.Exemplars().Len() > 0 {
			return true
		}
	}
	return false
}

func asSum(gauge, to pmetric.Metric) {
	to.SetName(gauge.Name())
	to.SetUnit(gauge.Unit())
	to.SetDescription(gauge.Description())
	sum := to.SetEmptySum()
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	for _, p := range gauge.Gauge().DataPoints().All() {
		if p.Exemplars().Len() > 0 {
			p.CopyTo(sum.DataPoints().AppendEmpty())
		}
	}
}

// maxAhead is how far a point may be in the future, as Prometheus has it for what it scrapes: one that is
// further ahead would keep the right ones out.
const maxAhead = 10 * time.Minute

// split parts what is cumulative, or has no temporality, from deltas. Without deltas nothing is copied.
func split(md pmetric.Metrics) (cumulative, delta pmetric.Metrics) {
	if !hasDeltas(md) {
		return md, pmetric.NewMetrics()
	}
	cumulative, delta = pmetric.NewMetrics(), pmetric.NewMetrics()
	md.CopyTo(cumulative)
	md.CopyTo(delta)
	keep(cumulative, func(m pmetric.Metric) bool { return !isDelta(m) })
	keep(delta, isDelta)
	return cumulative, delta
}

func hasDeltas(md pmetric.Metrics) bool {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if isDelta(m) {
					return true
				}
			}
		}
	}
	return false
}

func keep(md pmetric.Metrics, wanted func(pmetric.Metric) bool) {
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool { return !wanted(m) })
			return sm.Metrics().Len() == 0
		})
		return rm.ScopeMetrics().Len() == 0
	})
}

func isDelta(m pmetric.Metric) bool {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	default:
		return false
	}
}
