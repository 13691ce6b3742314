// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// subjects are the metrics that are read.
var subjects = map[string]drift.Subject{
	mlconv.MetricPredictionCount:      drift.Predictions,
	mlconv.MetricPredictionDuration:   drift.Duration,
	mlconv.MetricPredictionValue:      drift.Value,
	mlconv.MetricPredictionClassCount: drift.Class,
	mlconv.MetricPredictionConfidence: drift.Confidence,
	mlconv.MetricFeatureValue:         drift.Feature,
	mlconv.MetricFeatureCategoryCount: drift.Feature,
	mlconv.MetricFeatureMissingCount:  drift.Missing,
	mlconv.MetricTokenUsage:           drift.Tokens,
	mlconv.MetricPredictionCost:       drift.Cost,
	mlconv.MetricTimeToFirstChunk:     drift.FirstChunk,
	mlconv.MetricLLMInputCharacters:   drift.Length,
	mlconv.MetricLLMOutputCharacters:  drift.Length,
	mlconv.MetricLLMInputMessages:     drift.Length,
	mlconv.MetricLLMOutputMessages:    drift.Length,
}

// prefixLength precedes the unit of a drift.Length in the name of its metric.
const prefixLength = "ml.llm."

// Dimensions of what is passed on, OpenTelemetry's.
const (
	attrService   = "service.name"
	attrTokenType = "gen_ai.token.type"
	attrErrorType = "error.type"
)

// decoded is what a request holds.
type decoded struct {
	deltas []drift.Delta
	// unreadable are points that are no deltas of ml_summary; metric is the name of the first one's.
	unreadable int
	metric     string
	// overflow are points of models and features that ml_summary had no room for.
	overflow int
}

// decode reads a request. It changes nothing in it and keeps no reference but strings.
func decode(md pmetric.Metrics) *decoded {
	out := &decoded{}
	for _, rm := range md.ResourceMetrics().All() {
		template := drift.Delta{}
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
				out.metricOf(m, template)
			}
		}
	}
	return out
}

func (o *decoded) drop(name string, points int) {
	if points > 0 && o.metric == "" {
		o.metric = name
	}
	o.unreadable += points
}

func (o *decoded) metricOf(m pmetric.Metric, template drift.Delta) {
	subject, known := subjects[m.Name()]
	const delta = pmetric.AggregationTemporalityDelta
	sums := subject == drift.Predictions || subject == drift.Class || subject == drift.Missing || subject == drift.Cost ||
		m.Name() == mlconv.MetricFeatureCategoryCount
	template.Key.Subject = subject
	if subject == drift.Length {
		template.Use.Unit = strings.TrimPrefix(m.Name(), prefixLength)
	}
	template.Categorical = m.Name() == mlconv.MetricPredictionClassCount || m.Name() == mlconv.MetricFeatureCategoryCount
	switch m.Type() {
	case pmetric.MetricTypeSum:
		points := m.Sum().DataPoints()
		if !known || !sums || m.Sum().AggregationTemporality() != delta {
			o.drop(m.Name(), points.Len())
			return
		}
		for _, p := range points.All() {
			d := template
			ok := o.dimensions(&d, p.Attributes(), p.StartTimestamp())
			d.Exemplars = exemplars(p.Exemplars())
			switch {
			case subject == drift.Cost:
				d.Sum = p.DoubleValue()
				if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
					d.Sum = float64(p.IntValue())
				}
			case p.ValueType() == pmetric.NumberDataPointValueTypeInt:
				ok = ok && p.IntValue() >= 0
				d.Count = uint64(max(p.IntValue(), 0))
			default:
				v := p.DoubleValue()
				ok = ok && v >= 0 && v <= 1<<53 && v == math.Trunc(v)
				if ok {
					d.Count = uint64(v)
				}
			}
			o.add(m.Name(), d, ok)
		}
	case pmetric.MetricTypeHistogram:
		points := m.Histogram().DataPoints()
		if !known || sums || m.Histogram().AggregationTemporality() != delta {
			o.drop(m.Name(), points.Len())
			return
		}
		for _, p := range points.All() {
			d := template
			ok := o.dimensions(&d, p.Attributes(), p.StartTimestamp())
			d.Count, d.Sum, d.Min, d.Max = p.Count(), p.Sum(), p.Min(), p.Max()
			d.HasRange = p.HasMin() && p.HasMax() && d.Min <= d.Max
			d.Bounds, d.Counts = p.ExplicitBounds().AsRaw(), p.BucketCounts().AsRaw()
			d.Exemplars = exemplars(p.Exemplars())
			o.add(m.Name(), d, ok && len(d.Counts) == len(d.Bounds)+1)
		}
	case pmetric.MetricTypeExponentialHistogram:
		points := m.ExponentialHistogram().DataPoints()
		if !known || sums || m.ExponentialHistogram().AggregationTemporality() != delta {
			o.drop(m.Name(), points.Len())
			return
		}
		for _, p := range points.All() {
			d := template
			ok := o.dimensions(&d, p.Attributes(), p.StartTimestamp())
			d.Count, d.Sum, d.Min, d.Max = p.Count(), p.Sum(), p.Min(), p.Max()
			d.HasRange = p.HasMin() && p.HasMax() && d.Min <= d.Max
			d.Exponential = &distribution.Exponential{
				Scale: p.Scale(), Zero: p.ZeroCount(),
				Positive: distribution.ExponentialBuckets{Offset: p.Positive().Offset(), Counts: p.Positive().BucketCounts().AsRaw()},
				Negative: distribution.ExponentialBuckets{Offset: p.Negative().Offset(), Counts: p.Negative().BucketCounts().AsRaw()},
			}
			d.Exemplars = exemplars(p.Exemplars())
			o.add(m.Name(), d, ok)
		}
	case pmetric.MetricTypeGauge:
		o.drop(m.Name(), m.Gauge().DataPoints().Len())
	case pmetric.MetricTypeSummary:
		o.drop(m.Name(), m.Summary().DataPoints().Len())
	}
}

// dimensions reads a point's attributes, in one walk. It returns false where the point cannot be placed.
func (o *decoded) dimensions(d *drift.Delta, attrs pcommon.Map, start pcommon.Timestamp) bool {
	ordinal := int64(-1)
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
			d.Key.Name = v.Str()
		case mlconv.AttrPredictionClass:
			if d.Key.Subject == drift.Class {
				d.Category = v.AsString()
			}
		case mlconv.AttrFeatureCategory:
			if d.Key.Subject == drift.Feature {
				d.Category = v.AsString()
			}
		case attrService:
			if passesUse(d.Key.Subject) {
				d.Use.Service = v.Str()
			}
		case attrTokenType:
			if d.Key.Subject == drift.Tokens {
				d.Use.Unit = v.Str()
			}
		case mlconv.AttrPredictionCurrency:
			if d.Key.Subject == drift.Cost {
				d.Use.Unit = v.Str()
			}
		case attrErrorType:
			if d.Key.Subject == drift.Predictions || d.Key.Subject == drift.Duration {
				d.Use.Unit = v.Str()
			}
		case mlconv.AttrOverflow:
			d.Overflow = v.Bool()
		case mlconv.AttrSummaryPoint:
			ordinal = v.Int()
		}
	}
	if ordinal < 0 {
		d.Producer = "" // without an ordinal it cannot be told from a repetition
	}
	d.Ordinal = uint64(max(ordinal, 0))
	d.Minute = int64(start/1e9) / 60 * 60
	return start > 0
}

// add keeps a delta, or counts why not.
func (o *decoded) add(metric string, d drift.Delta, ok bool) {
	named := d.Key.Subject == drift.Feature || d.Key.Subject == drift.Missing
	// What ml_summary had no room for is one series of what is passed on.
	d.Key.Overflow = d.Overflow && d.Key.Model == "" && passesUse(d.Key.Subject) && d.Key.Segment == ""
	switch {
	case ok && d.Key.Overflow:
		o.deltas = append(o.deltas, d)
	case !ok:
		o.drop(metric, 1)
	case d.Overflow && (d.Key.Model == "" || named && d.Key.Name == ""):
		o.overflow++
	case d.Key.Model == "" || named != (d.Key.Name != ""):
		o.drop(metric, 1)
	default:
		d.Use.Overflow = d.Overflow && passesUse(d.Key.Subject)
		// The mark stands for the category only where that is absent; a segment's overflow is a cohort without a value.
		d.Overflow = d.Overflow && d.Categorical && d.Category == ""
		o.deltas = append(o.deltas, d)
	}
}

// passesUse reports whether a subject is told apart by who used the model.
func passesUse(s drift.Subject) bool {
	switch s {
	case drift.Predictions, drift.Duration, drift.Tokens, drift.Cost, drift.FirstChunk, drift.Length:
		return true
	}
	return false
}

func exemplars(list pmetric.ExemplarSlice) []drift.Exemplar {
	var out []drift.Exemplar
	for _, x := range list.All() {
		e := drift.Exemplar{Value: x.DoubleValue(), Time: int64(x.Timestamp()), TraceID: x.TraceID(), SpanID: x.SpanID()}
		if x.ValueType() == pmetric.ExemplarValueTypeInt {
			e.Value = float64(x.IntValue())
		}
		if !x.TraceID().IsEmpty() && !math.IsNaN(e.Value) {
			out = append(out, e)
		}
	}
	return out
}
