// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var verdicts = []drift.Verdict{drift.Drift, drift.OK, drift.Insufficient}

// encoder builds one emission, with one metric per name.
type encoder struct {
	*metricbuilder.Builder
	// now is the timestamp of all points; 0 stamps a window's points with its start and end.
	now pcommon.Timestamp
	// whole says of which results all is encoded; of the others it is only whether they drift. Nil is all.
	whole func(*drift.Result) bool
}

func newEncoder(version string, now pcommon.Timestamp) *encoder {
	b := metricbuilder.New(metadata.ScopeName, version, pmetric.AggregationTemporalityCumulative)
	return &encoder{Builder: b, now: now}
}

func (e *encoder) gauge(name string, r *drift.Result) pmetric.NumberDataPoint {
	p := e.Gauge(name)
	if e.now != 0 {
		p.SetTimestamp(e.now)
	} else {
		p.SetStartTimestamp(pcommon.Timestamp(r.Start * 1e9))
		p.SetTimestamp(pcommon.Timestamp(r.End * 1e9))
	}
	putKey(p.Attributes(), r.Key)
	p.Attributes().PutStr(mlconv.AttrDriftSubject, r.Key.Subject.String())
	p.Attributes().PutStr(mlconv.AttrDriftReference, r.Reference)
	return p
}

func putKey(attrs pcommon.Map, k drift.Key) {
	attrs.EnsureCapacity(9)
	put := func(key, value string) {
		if value != "" {
			attrs.PutStr(key, value)
		}
	}
	put(mlconv.AttrEnvironment, k.Environment)
	put(mlconv.AttrModelName, k.Model)
	put(mlconv.AttrModelVersion, k.Version)
	put(mlconv.AttrModelRole, k.Role)
	put(mlconv.AttrSegment, k.Segment)
	put(mlconv.AttrFeatureName, k.Name)
	if k.Overflow || k.Segment != "" && !strings.Contains(k.Segment, "=") {
		// The versions or models that found no room, or the cohorts of the dimension that ml_summary had no room for.
		attrs.PutBool(mlconv.AttrOverflow, true)
	}
}

// result encodes a window.
func (e *encoder) result(r *drift.Result) {
	if e.whole != nil && !e.whole(r) {
		e.detected(r)
		return
	}
	for _, s := range r.Scores {
		p := e.gauge(mlconv.MetricDriftScore, r)
		p.Attributes().PutStr(mlconv.AttrDriftMethod, s.Method)
		p.SetDoubleValue(s.Score)
		if r.Exemplar != nil {
			putExemplar(p.Exemplars(), r.Exemplar)
		}
		q := e.gauge(mlconv.MetricDriftPValue, r)
		q.Attributes().PutStr(mlconv.AttrDriftMethod, s.Method)
		q.SetDoubleValue(s.PValue)
	}
	e.gauge(mlconv.MetricDriftSamples, r).SetIntValue(int64(r.Samples))
	e.gauge(mlconv.MetricDriftReferenceSamples, r).SetIntValue(int64(r.ReferenceSamples))
	e.gauge(mlconv.MetricDriftWindowEnd, r).SetDoubleValue(float64(r.End))
	e.gauge(mlconv.MetricDriftWindowDuration, r).SetDoubleValue(float64(r.End - r.Start))
	for _, v := range verdicts[:len(verdicts)-1] {
		e.verdict(r, v, v == r.Verdict)
	}
	e.insufficient(r)
	e.detected(r)
}

func (e *encoder) detected(r *drift.Result) {
	if r.Verdict != drift.Insufficient {
		e.gauge(mlconv.MetricDriftDetected, r).SetIntValue(one(r.Verdict == drift.Drift))
	}
}

func (e *encoder) verdict(r *drift.Result, v drift.Verdict, holds bool) pcommon.Map {
	p := e.gauge(mlconv.MetricDriftVerdict, r)
	p.Attributes().PutStr(mlconv.AttrDriftVerdict, v.String())
	p.SetIntValue(one(holds))
	return p.Attributes()
}

// insufficient encodes the verdict insufficient with its reason. Points of now have one for each reason there has been, so that no backend
// goes on with a reason that holds no more.
func (e *encoder) insufficient(r *drift.Result) {
	given := false
	for reason := drift.NoReason + 1; reason <= drift.Pending; reason++ {
		holds := r.Verdict == drift.Insufficient && r.Reason == reason
		if holds || e.now != 0 && r.Reasons.Has(reason) {
			e.verdict(r, drift.Insufficient, holds).PutStr(mlconv.AttrDriftReason, reason.String())
			given = true
		}
	}
	if !given {
		e.verdict(r, drift.Insufficient, r.Verdict == drift.Insufficient)
	}
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

func putExemplar(list pmetric.ExemplarSlice, x *drift.Exemplar) {
	e := list.AppendEmpty()
	e.SetTimestamp(pcommon.Timestamp(x.Time))
	e.SetDoubleValue(x.Value)
	e.SetTraceID(x.TraceID)
	e.SetSpanID(x.SpanID)
}

// total encodes a cumulative count.
func (e *encoder) total(t *drift.Total) {
	switch t.Key.Subject {
	case drift.Predictions:
		putUse(e.sum(mlconv.MetricPredictionCount, t, t.Count).Attributes(), attrErrorType, t.Use)
	case drift.Missing:
		e.sum(mlconv.MetricFeatureMissingCount, t, t.Count)
	case drift.Duration:
		putUse(e.histogram(mlconv.MetricPredictionDuration, t), attrErrorType, t.Use)
	case drift.Tokens:
		putUse(e.histogram(mlconv.MetricTokenUsage, t), attrTokenType, t.Use)
	case drift.FirstChunk:
		putUse(e.histogram(mlconv.MetricTimeToFirstChunk, t), "", t.Use)
	case drift.Length:
		use := t.Use
		use.Unit = "" // is in the metric's name
		if name := prefixLength + t.Use.Unit; subjects[name] == drift.Length {
			putUse(e.histogram(name, t), "", use)
		}
	case drift.Cost:
		p := e.sum(mlconv.MetricPredictionCost, t, 0)
		p.SetDoubleValue(t.Sum)
		putUse(p.Attributes(), mlconv.AttrPredictionCurrency, t.Use)
	case drift.Value:
		e.histogram(mlconv.MetricPredictionValue, t)
	case drift.Confidence:
		e.histogram(mlconv.MetricPredictionConfidence, t)
	case drift.Class:
		e.categories(mlconv.MetricPredictionClassCount, mlconv.AttrPredictionClass, t)
	case drift.Feature:
		if t.Categories != nil {
			e.categories(mlconv.MetricFeatureCategoryCount, mlconv.AttrFeatureCategory, t)
		} else {
			e.histogram(mlconv.MetricFeatureValue, t)
		}
	}
}

func (e *encoder) sum(name string, t *drift.Total, n uint64) pmetric.NumberDataPoint {
	p := e.Sum(name)
	p.SetStartTimestamp(pcommon.Timestamp(t.Start))
	p.SetTimestamp(e.now)
	p.SetIntValue(int64(n))
	putKey(p.Attributes(), t.Key)
	return p
}

func (e *encoder) categories(name, attr string, t *drift.Total) {
	names := make([]string, 0, len(t.Categories))
	for c := range t.Categories {
		names = append(names, c)
	}
	slices.Sort(names)
	for _, c := range names {
		e.sum(name, t, t.Categories[c]).Attributes().PutStr(attr, c)
	}
	if t.Rest > 0 {
		e.sum(name, t, t.Rest).Attributes().PutBool(mlconv.AttrOverflow, true)
	}
}

func putUse(attrs pcommon.Map, unitKey string, u drift.Use) {
	if u.Unit != "" {
		attrs.PutStr(unitKey, u.Unit)
	}
	if u.Service != "" {
		attrs.PutStr(attrService, u.Service)
	}
	if u.Overflow {
		attrs.PutBool(mlconv.AttrOverflow, true)
	}
}

// histogram encodes a total and returns the attributes of its point.
func (e *encoder) histogram(name string, t *drift.Total) pcommon.Map {
	p := e.Histogram(name)
	p.SetStartTimestamp(pcommon.Timestamp(t.Start))
	p.SetTimestamp(e.now)
	p.SetCount(t.Count)
	p.SetSum(t.Sum)
	p.ExplicitBounds().FromRaw(t.Bounds)
	p.BucketCounts().FromRaw(t.Groups)
	for i := range t.Exemplars {
		putExemplar(p.Exemplars(), &t.Exemplars[i])
	}
	putKey(p.Attributes(), t.Key)
	return p.Attributes()
}
