// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"encoding/binary"
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Flush writes deltas as the points of one flush of a producer.
type Flush struct {
	builder *metricbuilder.Builder
	points  uint64
}

// NewFlush returns a Flush without a point. The builder's temporality is delta.
func NewFlush(b *metricbuilder.Builder, producer string, sequence uint64) *Flush {
	attrs := b.Resource().Attributes()
	attrs.PutStr(mlconv.AttrSummaryProducer, producer)
	attrs.PutInt(mlconv.AttrSummarySequence, int64(sequence))
	attrs.PutInt(mlconv.AttrSummaryPoints, 0)
	return &Flush{builder: b}
}

// Points is the number of points.
func (f *Flush) Points() int { return int(f.points) }

// Add writes a delta as the next point. Its producer, sequence, points and ordinal are those of the
// flush.
func (f *Flush) Add(d *delta.Delta) {
	p := point{
		start: timestamp(d.Minute), end: timestamp(d.Minute + 60),
		ordinal: int64(f.points), delta: true,
	}
	if p.put(f.builder, d) {
		f.points++
		f.builder.Resource().Attributes().PutInt(mlconv.AttrSummaryPoints, int64(f.points))
	}
}

// AddTotal writes what has been counted from start to now. The builder's temporality is cumulative.
// Of the delta's fields, the minute, the range of the values and those of its flush have no
// meaning.
func AddTotal(b *metricbuilder.Builder, start, now pcommon.Timestamp, d *delta.Delta) {
	p := point{start: start, end: now}
	p.put(b, d)
}

// timestamp is that of seconds since 1970; the last one there is for what is beyond it.
func timestamp(seconds int64) pcommon.Timestamp {
	const last = math.MaxUint64 / 1_000_000_000
	if uint64(seconds) > last {
		return math.MaxUint64
	}
	return pcommon.Timestamp(uint64(seconds) * 1_000_000_000)
}

// point is how a delta is written.
type point struct {
	start, end pcommon.Timestamp
	// delta says that the point has an ordinal, and a histogram the range of its values.
	delta   bool
	ordinal int64
}

// put writes a delta and reports whether there is a metric for it.
func (p *point) put(b *metricbuilder.Builder, d *delta.Delta) bool {
	name, ok := metricOf(d)
	switch {
	case !ok:
	case counted(name):
		p.sum(b, name, d)
	case d.Exponential != nil:
		p.exponential(b, name, d)
	default:
		p.histogram(b, name, d)
	}
	if ok && d.Sampled() {
		b.Describe(name, mlconv.AttrSamplingMethod, mlconv.SamplingAdjusted)
	}
	return ok
}

func (p *point) sum(b *metricbuilder.Builder, name string, d *delta.Delta) {
	q := b.Sum(name)
	q.SetStartTimestamp(p.start)
	q.SetTimestamp(p.end)
	if d.Key.Subject == delta.Cost {
		q.SetDoubleValue(d.Sum)
	} else {
		q.SetIntValue(int64(d.Count))
	}
	p.attributes(q.Attributes(), name, d)
	for i := range d.Exemplars {
		putExemplar(q.Exemplars(), &d.Exemplars[i]).SetIntValue(int64(d.Exemplars[i].Value))
	}
}

// histogramPoint is a point of a histogram of either kind.
type histogramPoint interface {
	SetStartTimestamp(pcommon.Timestamp)
	SetTimestamp(pcommon.Timestamp)
	SetCount(uint64)
	SetSum(float64)
	SetMin(float64)
	SetMax(float64)
}

// putTotals writes what both kinds of histograms have.
func putTotals[D histogramPoint](q D, p *point, d *delta.Delta) {
	q.SetStartTimestamp(p.start)
	q.SetTimestamp(p.end)
	q.SetCount(d.Count)
	if !math.IsNaN(d.Sum) {
		q.SetSum(d.Sum)
	}
	if p.delta && d.HasRange {
		q.SetMin(d.Min)
		q.SetMax(d.Max)
	}
}

func (p *point) histogram(b *metricbuilder.Builder, name string, d *delta.Delta) {
	q := b.Histogram(name)
	putTotals(q, p, d)
	q.ExplicitBounds().FromRaw(d.Bounds)
	q.BucketCounts().FromRaw(d.Counts)
	p.attributes(q.Attributes(), name, d)
	putValues(q.Exemplars(), d)
}

func (p *point) exponential(b *metricbuilder.Builder, name string, d *delta.Delta) {
	q := b.ExponentialHistogram(name)
	putTotals(q, p, d)
	q.SetScale(d.Exponential.Scale)
	q.SetZeroCount(d.Exponential.Zero)
	putBuckets(q.Positive(), d.Exponential.Positive)
	putBuckets(q.Negative(), d.Exponential.Negative)
	p.attributes(q.Attributes(), name, d)
	putValues(q.Exemplars(), d)
}

func putBuckets(to pmetric.ExponentialHistogramDataPointBuckets, from distribution.ExponentialBuckets) {
	if len(from.Counts) > 0 {
		to.SetOffset(from.Offset)
		to.BucketCounts().FromRaw(from.Counts)
	}
}

func putValues(list pmetric.ExemplarSlice, d *delta.Delta) {
	for i := range d.Exemplars {
		PutExemplar(list, &d.Exemplars[i])
	}
}

// PutExemplar writes a row with its value.
func PutExemplar(list pmetric.ExemplarSlice, x *delta.Exemplar) {
	putExemplar(list, x).SetDoubleValue(x.Value)
}

func putExemplar(list pmetric.ExemplarSlice, x *delta.Exemplar) pmetric.Exemplar {
	e := list.AppendEmpty()
	e.SetTimestamp(pcommon.Timestamp(x.Time))
	e.SetTraceID(x.TraceID)
	e.SetSpanID(x.SpanID)
	return e
}

// attributes writes what tells the point apart from others.
func (p *point) attributes(attrs pcommon.Map, name string, d *delta.Delta) {
	PutKey(attrs, &d.Key)
	overflow := d.Consumer.Overflow || d.Key.Subject.Named() && d.Key.Name == ""
	switch {
	case d.Key.Subject.OfContract():
		putContract(attrs, &d.Consumer)
	case d.Key.Subject.Passthrough():
		putString(attrs, mlconv.AttrServiceName, d.Consumer.Service)
		if attr := unitAttr(d.Key.Subject); attr != "" {
			putString(attrs, attr, d.Consumer.Unit)
		}
	}
	if attr, ok := categorical(name); ok && !overflow {
		if d.Overflow {
			overflow = true
		} else {
			attrs.PutStr(attr, d.Category)
		}
	}
	if overflow {
		attrs.PutBool(mlconv.AttrOverflow, true)
	}
	if p.delta {
		attrs.PutInt(mlconv.AttrSummaryPoint, p.ordinal)
		if len(d.Vector) > 0 {
			putVector(attrs.PutEmptyBytes(mlconv.AttrSummaryVector), d.Vector)
		}
		if d.Sampled() {
			attrs.PutInt(mlconv.AttrSummarySquaredWeights, int64(min(d.SquaredWeights, math.MaxInt64)))
		}
	}
}

func putContract(attrs pcommon.Map, c *delta.Consumer) {
	putString(attrs, mlconv.AttrDataSource, c.Source)
	putString(attrs, mlconv.AttrFeatureName, c.Feature)
	putString(attrs, mlconv.AttrContractCheck, c.Check)
	putString(attrs, mlconv.AttrContractSeverity, c.Severity)
}

func putVector(to pcommon.ByteSlice, v []float64) {
	raw := make([]byte, 0, 8*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
	}
	to.FromRaw(raw)
}

// PutKey writes a key, but for its subject, which the name of a metric has.
func PutKey(attrs pcommon.Map, k *delta.Key) {
	attrs.EnsureCapacity(9)
	putString(attrs, mlconv.AttrEnvironment, k.Environment)
	putString(attrs, mlconv.AttrModelName, k.Model)
	putString(attrs, mlconv.AttrModelVersion, k.Version)
	putString(attrs, mlconv.AttrModelRole, k.Role)
	putString(attrs, mlconv.AttrSegment, k.Segment)
	putString(attrs, mlconv.AttrFeatureName, k.Name)
	if k.Overflow || k.Model == "" || k.Segment != "" && !strings.Contains(k.Segment, "=") {
		// The versions or models that found no room, or the cohorts of a dimension that did not.
		attrs.PutBool(mlconv.AttrOverflow, true)
	}
}

func putString(attrs pcommon.Map, key, value string) {
	if value != "" {
		attrs.PutStr(key, value)
	}
}
