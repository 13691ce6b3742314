// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"encoding/binary"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Decoded is what a request holds.
type Decoded struct {
	Deltas []delta.Delta
	// Changes are the new states of partitions.
	Changes []delta.PartitionChange
	// Unreadable is the number of points that are no deltas of ml_summary; Metric is the name of
	// the first one's.
	Unreadable int
	Metric     string
	// Overflow is the number of points of models and features that ml_summary had no room for.
	Overflow int
}

// Decode reads a request, but for what is Passed. It changes nothing in it and keeps no reference but
// strings. The context says from which partition it came, see StampPartition.
func Decode(ctx context.Context, md pmetric.Metrics) *Decoded {
	out, from := &Decoded{}, sourceOf(ctx)
	for _, rm := range md.ResourceMetrics().All() {
		template := delta.Delta{Partition: from.partition}
		if v, ok := rm.Resource().Attributes().Get(mlconv.AttrSummaryProducer); ok {
			template.Producer = v.Str()
		}
		if v, ok := rm.Resource().Attributes().Get(mlconv.AttrSummarySequence); ok {
			template.Sequence = uint64(max(v.Int(), 0))
		}
		if v, ok := rm.Resource().Attributes().Get(mlconv.AttrSummaryPoints); ok {
			template.Points = uint64(max(v.Int(), 0))
		}
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if passes(m.Name()) {
					continue
				}
				out.readMetric(m, template, from)
			}
		}
	}
	return out
}

// drop counts points that cannot be read.
func (o *Decoded) drop(name string, points int) {
	if points > 0 && o.Metric == "" {
		o.Metric = name
	}
	o.Unreadable += points
}

// readMetric reads the points of a metric. A delta begins as the template.
func (o *Decoded) readMetric(m pmetric.Metric, template delta.Delta, from source) {
	name := m.Name()
	subject, known := subjects[name]
	template.Key.Subject = subject
	_, template.Categorical = categorical(name)
	if subject == delta.Length {
		template.Consumer.Unit = lengthUnit(name)
	}
	switch m.Type() {
	case pmetric.MetricTypeSum:
		points := m.Sum().DataPoints()
		if !known || !counted(name) || !isDelta(m.Sum().AggregationTemporality()) {
			o.drop(name, points.Len())
			return
		}
		for _, p := range points.All() {
			o.readSum(name, p, template)
		}
	case pmetric.MetricTypeHistogram:
		points := m.Histogram().DataPoints()
		if !known || counted(name) || !isDelta(m.Histogram().AggregationTemporality()) {
			o.drop(name, points.Len())
			return
		}
		for _, p := range points.All() {
			o.readHistogram(name, p, template)
		}
	case pmetric.MetricTypeExponentialHistogram:
		points := m.ExponentialHistogram().DataPoints()
		if !known || counted(name) || !isDelta(m.ExponentialHistogram().AggregationTemporality()) {
			o.drop(name, points.Len())
			return
		}
		for _, p := range points.All() {
			o.readExponential(name, p, template)
		}
	case pmetric.MetricTypeGauge:
		if !o.readState(m, from) {
			o.drop(name, m.Gauge().DataPoints().Len())
		}
	case pmetric.MetricTypeSummary:
		o.drop(name, m.Summary().DataPoints().Len())
	}
}

func isDelta(t pmetric.AggregationTemporality) bool { return t == pmetric.AggregationTemporalityDelta }

func (o *Decoded) readSum(name string, p pmetric.NumberDataPoint, d delta.Delta) {
	ok := readAttributes(&d, p.Attributes(), p.StartTimestamp())
	d.Exemplars = readExemplars(p.Exemplars())
	integer := p.ValueType() == pmetric.NumberDataPointValueTypeInt
	switch {
	case d.Key.Subject == delta.Cost && integer:
		d.Sum = float64(p.IntValue())
	case d.Key.Subject == delta.Cost:
		d.Sum = p.DoubleValue()
	case integer:
		ok = ok && p.IntValue() >= 0
		d.Count = uint64(max(p.IntValue(), 0))
	default:
		v := p.DoubleValue()
		ok = ok && v >= 0 && v <= 1<<53 && v == math.Trunc(v)
		if ok {
			d.Count = uint64(v)
		}
	}
	o.add(name, d, ok)
}

func (o *Decoded) readHistogram(name string, p pmetric.HistogramDataPoint, d delta.Delta) {
	ok := readAttributes(&d, p.Attributes(), p.StartTimestamp())
	d.Count, d.Sum, d.Min, d.Max = p.Count(), sumOf(p), p.Min(), p.Max()
	d.HasRange = p.HasMin() && p.HasMax() && d.Min <= d.Max
	d.Bounds, d.Counts = p.ExplicitBounds().AsRaw(), p.BucketCounts().AsRaw()
	d.Exemplars = readExemplars(p.Exemplars())
	o.add(name, d, ok && len(d.Counts) == len(d.Bounds)+1)
}

func (o *Decoded) readExponential(name string, p pmetric.ExponentialHistogramDataPoint, d delta.Delta) {
	ok := readAttributes(&d, p.Attributes(), p.StartTimestamp())
	d.Count, d.Sum, d.Min, d.Max = p.Count(), sumOf(p), p.Min(), p.Max()
	d.HasRange = p.HasMin() && p.HasMax() && d.Min <= d.Max
	d.Exponential = &distribution.Exponential{
		Scale: p.Scale(), Zero: p.ZeroCount(), Positive: readBuckets(p.Positive()), Negative: readBuckets(p.Negative()),
	}
	d.Exemplars = readExemplars(p.Exemplars())
	o.add(name, d, ok)
}

func readBuckets(b pmetric.ExponentialHistogramDataPointBuckets) distribution.ExponentialBuckets {
	return distribution.ExponentialBuckets{Offset: b.Offset(), Counts: b.BucketCounts().AsRaw()}
}

// readAttributes reads a point's attributes, in one walk. It returns false where the point cannot
// be placed.
func readAttributes(d *delta.Delta, attrs pcommon.Map, start pcommon.Timestamp) bool {
	ordinal := int64(-1)
	unit := unitAttr(d.Key.Subject)
	for k, v := range attrs.All() {
		switch k {
		case mlconv.AttrModelName:
			d.Key.Model = v.Str()
		case mlconv.AttrModelVersion:
			d.Key.Version = v.Str()
		case mlconv.AttrModelRole:
			if role := v.Str(); role != mlconv.RolePrimary {
				d.Key.Role = role
			}
		case mlconv.AttrEnvironment:
			d.Key.Environment = v.Str()
		case mlconv.AttrSegment:
			d.Key.Segment = v.Str()
		case mlconv.AttrFeatureName:
			if d.Key.Subject == delta.Violations {
				d.Consumer.Feature = v.Str()
			} else {
				d.Key.Name = v.Str()
			}
		case mlconv.AttrDataSource:
			if d.Key.Subject.OfContract() {
				d.Consumer.Source = v.Str()
			}
		case mlconv.AttrContractCheck:
			if d.Key.Subject == delta.Violations {
				d.Consumer.Check = v.Str()
			}
		case mlconv.AttrContractSeverity:
			if d.Key.Subject == delta.Violations {
				d.Consumer.Severity = v.Str()
			}
		case mlconv.AttrPredictionClass:
			if d.Key.Subject == delta.Class {
				d.Category = v.AsString()
			}
		case mlconv.AttrFeatureCategory:
			if d.Key.Subject == delta.Feature {
				d.Category = v.AsString()
			}
		case mlconv.AttrServiceName:
			if d.Key.Subject.Passthrough() && !d.Key.Subject.OfContract() {
				d.Consumer.Service = v.Str()
			}
		case mlconv.AttrGenAITokenType, mlconv.AttrPredictionCurrency, mlconv.AttrErrorType:
			if k == unit {
				d.Consumer.Unit = v.Str()
			}
		case mlconv.AttrOverflow:
			d.Overflow = v.Bool()
		case mlconv.AttrSummaryPoint:
			ordinal = v.Int()
		case mlconv.AttrSummaryVector:
			if d.Key.Subject == delta.Embedding && v.Type() == pcommon.ValueTypeBytes {
				d.Vector = readVector(v.Bytes().AsRaw())
			}
		case mlconv.AttrSummarySquaredWeights:
			d.SquaredWeights = uint64(max(v.Int(), 0))
		}
	}
	if ordinal < 0 {
		d.Producer = "" // without an ordinal it cannot be told from a repetition
	}
	d.Ordinal = uint64(max(ordinal, 0))
	d.Minute = int64(start/1e9) / 60 * 60
	return start > 0
}

// readVector reads the sum of vectors; nil where it is none.
func readVector(raw []byte) []float64 {
	if len(raw)%8 != 0 {
		return nil
	}
	v := make([]float64, len(raw)/8)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return v
}

// add keeps a delta, or counts why not.
func (o *Decoded) add(name string, d delta.Delta, ok bool) {
	named, passthrough, overflow := d.Key.Subject.Named(), d.Key.Subject.Passthrough(), d.Overflow
	// The mark stands for the category only where that is absent; a segment's overflow is a cohort
	// without a value.
	d.Overflow = overflow && d.Categorical && d.Category == ""
	// What ml_summary had no room for is one series of what is passed on.
	d.Key.Overflow = overflow && d.Key.Model == "" && passthrough && d.Key.Segment == ""
	d.Consumer.Overflow = overflow && d.Key.Model != "" && passthrough
	switch {
	case !ok:
		o.drop(name, 1)
	case d.Key.Overflow:
		o.Deltas = append(o.Deltas, d)
	case overflow && (d.Key.Model == "" || named && d.Key.Name == ""):
		o.Overflow++
	case d.Key.Model == "" || named != (d.Key.Name != ""):
		o.drop(name, 1)
	default:
		o.Deltas = append(o.Deltas, d)
	}
}

func readExemplars(list pmetric.ExemplarSlice) []delta.Exemplar {
	var out []delta.Exemplar
	for _, x := range list.All() {
		e := delta.Exemplar{Value: x.DoubleValue(), Time: int64(x.Timestamp()), TraceID: x.TraceID(), SpanID: x.SpanID()}
		if x.ValueType() == pmetric.ExemplarValueTypeInt {
			e.Value = float64(x.IntValue())
		}
		if !x.TraceID().IsEmpty() && !math.IsNaN(e.Value) {
			out = append(out, e)
		}
	}
	return out
}

// sumOf is the sum of a histogram's values; NaN where the point has none.
func sumOf(p interface {
	HasSum() bool
	Sum() float64
},
) float64 {
	if !p.HasSum() {
		return math.NaN()
	}
	return p.Sum()
}
