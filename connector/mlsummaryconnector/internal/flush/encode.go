// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package flush encodes sums of cells as metrics.
//
// Delta cuts sums into Parts of bounded size, each a flush with a sequence number of its own; a Part gives the
// same points however often it is encoded. Cumulative keeps adding up and encodes the state at a time.
package flush

import (
	"math"

	"github.com/lightstep/go-expohisto/structure"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Dimensions of what calls use, OpenTelemetry's.
const (
	attrService   = "service.name"
	attrTokenType = "gen_ai.token.type"
	attrErrorType = "error.type"
	errorOther    = "_OTHER"
)

// Scope names who made the metrics.
type Scope struct{ Name, Version string }

// encoder writes points into metrics, which it makes as they are needed.
type encoder struct {
	*metricbuilder.Builder
	durationBounds []float64
	temporality    pmetric.AggregationTemporality
	points         int64
	start, end     pcommon.Timestamp
	key            cells.Key
	names          map[*series.Dict][]string
}

func newEncoder(
	scope Scope, temporality pmetric.AggregationTemporality, durationBounds []float64,
) *encoder {
	return &encoder{
		Builder:     metricbuilder.New(scope.Name, scope.Version, temporality),
		temporality: temporality, durationBounds: durationBounds, names: make(map[*series.Dict][]string),
	}
}

func (e *encoder) cumulative() bool { return e.temporality == pmetric.AggregationTemporalityCumulative }

// dict returns the values of d by id, the same for all points of this encoder.
func (e *encoder) dict(d *series.Dict) []string {
	names, ok := e.names[d]
	if !ok {
		names = d.Names()
		e.names[d] = names
	}
	return names
}

// dimensions puts the key's dimensions on a point, and its ordinal.
func (e *encoder) dimensions(attrs pcommon.Map) {
	attrs.EnsureCapacity(8)
	put := func(key, value string) {
		if value != "" {
			attrs.PutStr(key, value)
		}
	}
	m := e.key.Model
	if m.Overflow {
		attrs.PutBool(mlconv.AttrOverflow, true)
	}
	put(mlconv.AttrModelName, m.Name)
	put(mlconv.AttrModelVersion, m.Version)
	put(mlconv.AttrModelRole, m.Role)
	put(mlconv.AttrEnvironment, m.Environment)
	if !e.key.Total() {
		dimension := m.Plan.Segments[e.key.Dimension-1]
		if e.key.Cohort == series.OverflowID {
			attrs.PutStr(mlconv.AttrSegment, dimension)
			attrs.PutBool(mlconv.AttrOverflow, true)
		} else {
			attrs.PutStr(mlconv.AttrSegment, dimension+"="+e.dict(m.Cohorts[e.key.Dimension-1])[e.key.Cohort])
		}
	}
	if !e.cumulative() {
		attrs.PutInt(mlconv.AttrSummaryPoint, e.points)
	}
	e.points++
}

func (e *encoder) count(name string, n uint64) pmetric.NumberDataPoint {
	p := e.Sum(name)
	p.SetStartTimestamp(e.start)
	p.SetTimestamp(e.end)
	p.SetIntValue(int64(n))
	e.dimensions(p.Attributes())
	return p
}

// value puts a value of a dimension on a point, or the mark of overflow in its place.
func putValue(attrs pcommon.Map, key, value string, overflow bool) {
	if overflow {
		attrs.PutBool(mlconv.AttrOverflow, true)
	} else {
		attrs.PutStr(key, value)
	}
}

// histogram encodes h, whose bins are those of c on a total and c's groups on a cohort.
func (e *encoder) histogram(name string, h *cells.HistogramSum, c *series.Column) {
	if h.N == 0 {
		return
	}
	if h.Exp != nil {
		e.exponential(name, h, c)
		return
	}
	bounds, counts := c.Groups.Bounds(), h.Counts
	switch {
	case !e.key.Total():
	case e.cumulative():
		bounds, counts = c.Emitted.Bounds(), distribution.Sum[uint64, uint64](c.Emitted, counts, nil)
	default:
		bounds = c.Bins.Bounds()
	}
	e.explicit(name, h, bounds, counts, c)
}

func (e *encoder) explicit(
	name string, h *cells.HistogramSum, bounds []float64, counts []uint64, c *series.Column,
) pmetric.HistogramDataPoint {
	p := e.Histogram(name)
	p.SetStartTimestamp(e.start)
	p.SetTimestamp(e.end)
	p.SetCount(h.N)
	p.SetSum(h.Sum)
	if !e.cumulative() {
		p.SetMin(h.Min)
		p.SetMax(h.Max)
	}
	p.ExplicitBounds().FromRaw(bounds)
	p.BucketCounts().FromRaw(counts)
	e.dimensions(p.Attributes())
	putFeature(p.Attributes(), c)
	putExemplars(p.Exemplars(), h, c != nil)
	return p
}

func (e *encoder) exponential(name string, h *cells.HistogramSum, c *series.Column) {
	if e.cumulative() {
		// Prometheus' text format shows nothing of an exponential histogram but its count.
		bounds := distribution.ValueBounds
		if name == mlconv.MetricPredictionConfidence {
			bounds = distribution.ConfidenceBounds
		}
		e.explicit(name, h, bounds, coarsen(h.Exp, bounds), c)
		return
	}
	p := e.ExponentialHistogram(name)
	p.SetStartTimestamp(e.start)
	p.SetTimestamp(e.end)
	p.SetCount(h.N)
	p.SetSum(h.Sum)
	if !e.cumulative() {
		p.SetMin(h.Min)
		p.SetMax(h.Max)
	}
	p.SetScale(h.Exp.Scale())
	p.SetZeroCount(h.Exp.ZeroCount())
	putBuckets(p.Positive(), h.Exp.Positive())
	putBuckets(p.Negative(), h.Exp.Negative())
	e.dimensions(p.Attributes())
	putFeature(p.Attributes(), c)
	putExemplars(p.Exemplars(), h, true)
}

// coarsen counts the values of an exponential histogram by bounds, each bucket where its upper bound is.
func coarsen(h *structure.Float64, bounds []float64) []uint64 {
	counts := make([]uint64, len(bounds)+1)
	place := func(v float64) int {
		i := 0
		for i < len(bounds) && bounds[i] < v {
			i++
		}
		return i
	}
	// The lower bound of a bucket is a power of 2^(2^-scale). Bounds that are such powers are hit but for rounding.
	power := func(i int32) float64 { return math.Exp2(math.Ldexp(float64(i), -int(h.Scale()))) * (1 - 1e-12) }
	counts[place(0)] += h.ZeroCount()
	for i := range h.Positive().Len() {
		counts[place(power(h.Positive().Offset()+int32(i)+1))] += h.Positive().At(i)
	}
	for i := range h.Negative().Len() {
		counts[place(-power(h.Negative().Offset()+int32(i)))] += h.Negative().At(i)
	}
	return counts
}

func putBuckets(to pmetric.ExponentialHistogramDataPointBuckets, from *structure.Buckets) {
	n := from.Len()
	if n == 0 {
		return
	}
	to.SetOffset(from.Offset())
	to.BucketCounts().EnsureCapacity(int(n))
	for i := range n {
		to.BucketCounts().Append(from.At(i))
	}
}

func putFeature(attrs pcommon.Map, c *series.Column) {
	if c != nil && (c.Name != "" || c.Overflow) {
		putValue(attrs, mlconv.AttrFeatureName, c.Name, c.Overflow)
	}
}

// putExemplars puts the span of the largest value, and where low is true that of the smallest one and of any other: a short
// duration or few tokens need no look.
func putExemplars(to pmetric.ExemplarSlice, h *cells.HistogramSum, low bool) {
	x := h.Extremes
	if x == nil {
		return
	}
	put := func(ref cells.Ref, v float64) {
		if ref.Trace.IsEmpty() {
			return
		}
		ex := to.AppendEmpty()
		ex.SetTraceID(ref.Trace)
		ex.SetSpanID(ref.Span)
		ex.SetTimestamp(ref.Time)
		ex.SetDoubleValue(v)
	}
	if low && (x.Low != x.High || h.Lowest != h.Highest) {
		put(x.Low, h.Lowest)
	}
	put(x.High, h.Highest)
	if low && x.Any != x.Low && x.Any != x.High {
		put(x.Any, x.Value)
	}
}

// putExample puts the span of a category, a class or a missing value on its count.
func putExample(to pmetric.ExemplarSlice, ref *cells.Ref) {
	if ref == nil {
		return
	}
	ex := to.AppendEmpty()
	ex.SetTraceID(ref.Trace)
	ex.SetSpanID(ref.Span)
	ex.SetTimestamp(ref.Time)
	ex.SetIntValue(1)
}

// cell encodes the sums of one key.
func (e *encoder) cell(k cells.Key, p *cells.PredictionSum, f *cells.FeaturesSum) {
	e.key = k
	if p != nil {
		e.prediction(p)
	}
	if f != nil {
		e.features(f)
	}
}

func (e *encoder) prediction(p *cells.PredictionSum) {
	plan := e.key.Model.Plan
	switch {
	case !e.key.Total():
		if p.Rows > 0 {
			e.count(mlconv.MetricPredictionCount, p.Rows)
		}
	default:
		for i := range p.Calls {
			e.call(&p.Calls[i])
		}
	}
	for id, n := range p.Classes {
		if n > 0 {
			point := e.count(mlconv.MetricPredictionClassCount, n)
			putValue(point.Attributes(), mlconv.AttrPredictionClass, e.dict(e.key.Model.Classes)[id], id == series.OverflowID)
			putExample(point.Exemplars(), p.ClassExamples.Of(uint32(id)))
		}
	}
	e.histogram(mlconv.MetricPredictionValue, &p.Value, plan.Value)
	e.histogram(mlconv.MetricPredictionConfidence, &p.Confidence, plan.Confidence)
	for id := range p.Usage {
		e.usage(uint32(id), &p.Usage[id])
	}
}

func (e *encoder) putService(attrs pcommon.Map, service uint32) {
	if service == series.OverflowID {
		attrs.PutBool(mlconv.AttrOverflow, true)
	} else if name := e.dict(e.key.Model.Services)[service]; name != "" {
		attrs.PutStr(attrService, name)
	}
}

// call encodes the predictions of one service that ended in one way.
func (e *encoder) call(c *cells.CallSum) {
	put := func(attrs pcommon.Map) {
		e.putService(attrs, c.Service)
		switch c.Error {
		case cells.NoError:
		case cells.OtherError:
			attrs.PutStr(attrErrorType, errorOther)
		default:
			attrs.PutStr(attrErrorType, e.dict(e.key.Model.Errors)[c.Error-1])
		}
	}
	if c.Rows > 0 {
		put(e.count(mlconv.MetricPredictionCount, c.Rows).Attributes())
	}
	if c.Duration.N > 0 {
		put(e.explicit(mlconv.MetricPredictionDuration, &c.Duration, e.durationBounds, c.Duration.Counts, nil).Attributes())
	}
}

// usage encodes what the calls of one service used.
func (e *encoder) usage(service uint32, u *cells.UsageSum) {
	for i := range u.Histograms {
		h, m := &u.Histograms[i], &cells.Measures[i]
		if h.N == 0 {
			continue
		}
		attrs := e.explicit(m.Metric, h, m.Bins.Bounds(), h.Counts, nil).Attributes()
		if m.TokenType != "" {
			attrs.PutStr(attrTokenType, m.TokenType)
		}
		e.putService(attrs, service)
	}
	for _, c := range u.Costs {
		p := e.count(mlconv.MetricPredictionCost, 0)
		p.SetDoubleValue(c.Sum)
		switch {
		case c.Overflow:
			p.Attributes().PutBool(mlconv.AttrOverflow, true)
		case c.Currency != "":
			p.Attributes().PutStr(mlconv.AttrPredictionCurrency, c.Currency)
		}
		e.putService(p.Attributes(), service)
	}
}

func (e *encoder) features(f *cells.FeaturesSum) {
	total := e.key.Total()
	features := e.key.Model.Features()
	var replaced map[int]bool
	for _, f := range features {
		if f.Predecessor >= 0 {
			if replaced == nil {
				replaced = make(map[int]bool)
			}
			replaced[f.Predecessor] = true
		}
	}
	for slot, feature := range features {
		place := slot
		if !total {
			place = feature.Segment
		}
		if place >= 0 && place < len(f.Numeric) {
			if feature.Categorical {
				e.categories(f.Categories[place], f.Examples[place], feature)
			} else {
				e.histogram(mlconv.MetricFeatureValue, &f.Numeric[place], feature.Column)
			}
		}
		if replaced[slot] {
			continue // its missing values are with those of the categories that it became
		}
		missing := f.MissingOf(slot) + f.MissingOf(feature.Predecessor)
		if missing > 0 || e.cumulative() && total {
			point := e.count(mlconv.MetricFeatureMissingCount, missing)
			putFeature(point.Attributes(), feature.Column)
			putExample(point.Exemplars(), f.MissingExamples.Of(uint32(slot)))
		}
	}
}

func (e *encoder) categories(counts []uint64, examples *cells.Examples, feature *series.Feature) {
	for id, n := range counts {
		if n == 0 {
			continue
		}
		point := e.count(mlconv.MetricFeatureCategoryCount, n)
		putFeature(point.Attributes(), feature.Column)
		putExample(point.Exemplars(), examples.Of(uint32(id)))
		if !feature.Overflow {
			putValue(point.Attributes(), mlconv.AttrFeatureCategory, e.dict(feature.Categories)[id], id == series.OverflowID)
		}
	}
}
