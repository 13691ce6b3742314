// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/evaluator"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/quality"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/shadow"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/repair"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// encoder builds one emission.
type encoder struct {
	*metricbuilder.Builder
	// now is the timestamp of all points; 0 stamps a window's points with its start and end.
	now pcommon.Timestamp
	// began is when the totals of evaluators and shadows began that do not say so.
	began pcommon.Timestamp
}

func newEncoder(version string, began, now pcommon.Timestamp) *encoder {
	b := metricbuilder.New(metadata.ScopeName, version, pmetric.AggregationTemporalityCumulative)
	return &encoder{Builder: b, began: began, now: now}
}

// frame is what the points of one result have in common.
type frame struct {
	e          *encoder
	start, end int64
	put        func(pcommon.Map)
}

func (f *frame) stamp(p pmetric.NumberDataPoint) pcommon.Map {
	if f.e.now != 0 {
		p.SetTimestamp(f.e.now)
	} else {
		p.SetStartTimestamp(pcommon.Timestamp(f.start))
		p.SetTimestamp(pcommon.Timestamp(f.end))
	}
	f.put(p.Attributes())
	return p.Attributes()
}

// gauge adds a point; numbers that are not defined are left out.
func (f *frame) gauge(name string, v float64, more func(pcommon.Map)) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	p := f.e.Gauge(name)
	p.SetDoubleValue(v)
	m := f.stamp(p)
	if more != nil {
		more(m)
	}
}

// bounds adds the point, the lower and the upper bound of an interval.
func (f *frame) bounds(name string, i evaluation.Interval, more func(pcommon.Map)) {
	if !i.Defined() {
		return
	}
	for _, b := range [...]struct {
		bound string
		value float64
	}{{"point", i.Point}, {"lower", i.Lower}, {"upper", i.Upper}} {
		f.gauge(name, b.value, func(m pcommon.Map) {
			more(m)
			m.PutStr(mlconv.AttrEvaluationBound, b.bound)
		})
	}
}

// count adds a point of a sum since a time.
func (f *frame) count(p pmetric.NumberDataPoint, since int64, v float64) pcommon.Map {
	m := f.stamp(p)
	if since != 0 {
		p.SetStartTimestamp(pcommon.Timestamp(since))
	} else {
		p.SetStartTimestamp(f.e.began)
	}
	if f.e.now == 0 {
		p.SetStartTimestamp(pcommon.Timestamp(min(int64(p.StartTimestamp()), f.end)))
	}
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		p.SetIntValue(int64(v))
	} else {
		p.SetDoubleValue(v)
	}
	return m
}

func putIdentity(m pcommon.Map, id *prediction.Identity, segment string) {
	m.EnsureCapacity(12)
	putText(m, mlconv.AttrEnvironment, id.Environment)
	putText(m, mlconv.AttrModelName, id.Name)
	putText(m, mlconv.AttrModelVersion, id.Version)
	putText(m, mlconv.AttrModelRole, id.Role)
	putText(m, mlconv.AttrSegment, segment)
}

func putText(m pcommon.Map, key, s string) {
	if s != "" {
		m.PutStr(key, s)
	}
}

func putScore(m pcommon.Map, measure evaluation.Measure, class, average string) {
	m.PutStr(mlconv.AttrEvaluationMeasure, string(measure))
	putText(m, mlconv.AttrEvaluationClass, class)
	putText(m, mlconv.AttrEvaluationAverage, average)
}

// quality encodes the measures of a series. Those of single classes are given for totals alone.
func (e *encoder) quality(r *quality.Result) {
	f := &frame{e: e, start: r.Start, end: r.End, put: func(m pcommon.Map) {
		putIdentity(m, &r.Identity, r.Segment)
		putText(m, mlconv.AttrLabelSet, r.Set)
	}}
	kind := func(m pcommon.Map) { m.PutStr(mlconv.AttrEvaluationKind, string(r.Kind)) }
	for i := range r.Scores {
		s := &r.Scores[i]
		if s.Class != "" && r.Segment != "" {
			continue
		}
		score := func(m pcommon.Map) {
			kind(m)
			putScore(m, s.Measure, s.Class, s.Average)
		}
		f.bounds(mlconv.MetricEvaluationScore, s.Interval, score)
		f.gauge(mlconv.MetricEvaluationSamples, s.N, score)
	}
	for i := range r.Differences {
		if d := &r.Differences[i]; d.Class == "" || r.Segment == "" {
			f.difference(d, kind)
		}
	}
	f.gauge(mlconv.MetricEvaluationWindowEnd, float64(r.End)/float64(time.Second), kind)
	if r.Kind != quality.Measured {
		return
	}
	f.gauge(mlconv.MetricEvaluationCoverage, r.Coverage, nil)
	if r.Total != nil {
		f.total(r.Total)
	}
}

// difference encodes how much a measure differs; kind says whether what differs is measured or
// estimated.
func (f *frame) difference(d *quality.Difference, kind func(pcommon.Map)) {
	which := func(m pcommon.Map) {
		kind(m)
		putScore(m, d.Measure, d.Class, d.Average)
		m.PutStr(mlconv.AttrEvaluationComparedWith, d.ComparedWith)
		m.PutStr(mlconv.AttrEvaluationMethod, string(d.Method))
	}
	f.bounds(mlconv.MetricEvaluationDifference, d.Interval, which)
	f.gauge(mlconv.MetricEvaluationDetectable, d.Detectable, which)
	f.verdict(d.Verdict, which)
}

// verdict encodes one that was given: 1 for it, 0 for the others.
func (f *frame) verdict(v evaluation.Verdict, which func(pcommon.Map)) {
	if v == "" {
		return
	}
	for _, other := range evaluation.Verdicts() {
		is := 0.0
		if other == v {
			is = 1
		}
		f.gauge(mlconv.MetricEvaluationVerdict, is, func(m pcommon.Map) {
			which(m)
			m.PutStr(mlconv.AttrEvaluationVerdict, string(other))
		})
	}
}

// total encodes what was counted since the series began.
func (f *frame) total(t *quality.Total) {
	if t.Rows == 0 && t.Confusion == nil {
		return
	}
	if t.Confusion == nil {
		p := f.e.UpDown(mlconv.MetricEvaluationCount)
		f.count(p, t.Since, float64(t.Rows))
		putExemplars(p.Exemplars(), t.Traces("", ""))
	} else {
		t.Confusion.Cells(func(actual, predicted string, weight float64) {
			p := f.e.UpDown(mlconv.MetricEvaluationCount)
			m := f.count(p, t.Since, weight)
			putExemplars(p.Exemplars(), t.Traces(actual, predicted))
			m.PutStr(mlconv.AttrEvaluationPredicted, predicted)
			m.PutStr(mlconv.AttrEvaluationActual, actual)
		})
	}
	p := f.e.Histogram(mlconv.MetricLabelLag)
	f.put(p.Attributes())
	p.SetStartTimestamp(pcommon.Timestamp(t.Since))
	p.SetTimestamp(f.e.now)
	if f.e.now == 0 {
		p.SetStartTimestamp(pcommon.Timestamp(min(t.Since, f.end)))
		p.SetTimestamp(pcommon.Timestamp(f.end))
	}
	p.ExplicitBounds().FromRaw(quality.LagBounds)
	p.BucketCounts().FromRaw(t.Lags)
	var n uint64
	for _, c := range t.Lags {
		n += c
	}
	p.SetCount(n)
	p.SetSum(t.LagSum)
}

// putExemplars names answers.
func putExemplars(list pmetric.ExemplarSlice, traces []quality.Trace) {
	list.EnsureCapacity(len(traces))
	for i := range traces {
		x := list.AppendEmpty()
		x.SetTraceID(traces[i].TraceID)
		x.SetSpanID(traces[i].SpanID)
		x.SetTimestamp(pcommon.Timestamp(traces[i].Time))
		x.SetDoubleValue(traces[i].Value)
	}
}

// evaluator encodes what an evaluator says.
func (e *encoder) evaluator(r *evaluator.Result) {
	f := &frame{e: e, start: r.Start, end: r.End, put: func(m pcommon.Map) {
		putIdentity(m, &r.Identity, r.Segment)
		putText(m, mlconv.AttrGenAIEvaluationName, r.Evaluator)
		putText(m, mlconv.AttrEvaluatorKind, r.Kind)
		if r.Overflow {
			m.PutBool(mlconv.AttrOverflow, true)
		}
	}}
	if r.Score.N > 0 {
		f.bounds(mlconv.MetricEvaluatorScore, r.Score, func(pcommon.Map) {})
		f.gauge(mlconv.MetricEvaluatorSamples, r.Score.N, nil)
	}
	for _, c := range r.Counts {
		m := f.count(e.UpDown(mlconv.MetricEvaluatorCount), r.Since, float64(c.N))
		putText(m, mlconv.AttrGenAIEvaluationLabel, c.Label)
		putText(m, mlconv.AttrErrorType, c.ErrorType)
		if c.Other {
			m.PutBool(mlconv.AttrOverflow, true)
		}
	}
}

// shadow encodes how far two models agree.
func (e *encoder) shadow(r *shadow.Result) {
	f := &frame{e: e, start: r.Start, end: r.End, put: func(m pcommon.Map) {
		putIdentity(m, &r.Primary, r.Segment)
		if r.Shadow.Name != r.Primary.Name {
			putText(m, mlconv.AttrShadowModel, r.Shadow.Name)
		}
		putText(m, mlconv.AttrShadowVersion, r.Shadow.Version)
		if r.Overflow {
			m.PutBool(mlconv.AttrOverflow, true)
		}
	}}
	for i := range r.Scores {
		s := &r.Scores[i]
		f.shadowScore(s.Interval, func(m pcommon.Map) { putScore(m, s.Measure, s.Class, s.Average) })
	}
	disagreement := func(m pcommon.Map) {
		m.PutStr(mlconv.AttrEvaluationMeasure, measureDisagreement)
		m.PutStr(mlconv.AttrEvaluationMethod, string(quality.Sequential))
	}
	f.shadowScore(r.Disagreement, disagreement)
	f.verdict(r.Verdict, func(m pcommon.Map) {
		disagreement(m)
		m.PutStr(mlconv.AttrEvaluationComparedWith, comparedWithShadow)
	})
	r.Answers.Cells(func(primary, shadow string, weight float64) {
		m := f.count(e.Sum(mlconv.MetricShadowCount), r.Since, weight)
		m.PutStr(mlconv.AttrEvaluationPredicted, primary)
		m.PutStr(mlconv.AttrShadowClass, shadow)
	})
	for _, failed := range [...]struct {
		which string
		n     float64
	}{{"primary", r.PrimaryFailed}, {"shadow", r.ShadowFailed}, {"both", r.BothFailed}} {
		if failed.n > 0 {
			m := f.count(e.Sum(mlconv.MetricShadowCount), r.Since, failed.n)
			m.PutStr(mlconv.AttrShadowFailed, failed.which)
		}
	}
}

func (f *frame) shadowScore(i evaluation.Interval, which func(pcommon.Map)) {
	f.bounds(mlconv.MetricShadowScore, i, which)
	f.gauge(mlconv.MetricShadowSamples, i.N, which)
}

const (
	// measureDisagreement is the share of requests since the beginning that both answer otherwise.
	measureDisagreement = "disagreement"
	comparedWithShadow  = "shadow"
)

// misjudged are answers that their labels contradict, as log records.
type misjudged struct {
	logs    plog.Logs
	records plog.LogRecordSlice
	// perMinute is how many of each model are taken in a minute; taken has how many were.
	perMinute int
	minute    int64
	taken     map[prediction.Identity]int
	left      int
}

func newMisjudged(perMinute int) *misjudged {
	m := &misjudged{perMinute: perMinute, taken: make(map[prediction.Identity]int)}
	m.reset()
	return m
}

func (m *misjudged) reset() {
	m.logs = plog.NewLogs()
	sl := m.logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	sl.Scope().SetName(metadata.ScopeName)
	m.records = sl.LogRecords()
}

// maxMisjudged is how many wait to be sent.
const maxMisjudged = 1000

// add takes an answer, if there is room for it.
func (m *misjudged) add(a *answer.Answer, l *label.Label, now time.Time) {
	if minute := now.Unix() / 60; minute != m.minute {
		m.minute = minute
		clear(m.taken)
	}
	if m.taken[a.Identity] >= m.perMinute || m.records.Len() >= maxMisjudged {
		m.left++
		return
	}
	m.taken[a.Identity]++
	lr := m.records.AppendEmpty()
	lr.SetEventName(mlconv.EventMisjudged)
	lr.SetTimestamp(pcommon.Timestamp(a.Time))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	lr.SetTraceID(a.TraceID)
	lr.SetSpanID(a.SpanID)
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.SetSeverityText("INFO")
	lr.Body().SetStr(a.Name + " answered " + a.Class + ", and it was " + l.Class)
	attributes := lr.Attributes()
	putIdentity(attributes, &a.Identity, "")
	attributes.PutStr(mlconv.AttrEvaluationPredicted, a.Class)
	attributes.PutStr(mlconv.AttrEvaluationActual, l.Class)
	if a.HasScore {
		attributes.PutDouble(mlconv.AttrPredictionScore, a.Score)
	}
	for _, segment := range a.Segments {
		dimension, value, _ := strings.Cut(segment, "=")
		attributes.PutStr(mlconv.PrefixSegment+dimension, value)
	}
	putText(attributes, mlconv.AttrLabelSource, l.Source)
}

// take returns the records that wait.
func (m *misjudged) take() (logs plog.Logs, ok bool) {
	logs, ok = m.logs, m.records.Len() > 0
	if ok {
		repair.Logs(logs) // ids are as they came
		m.reset()
	}
	return logs, ok
}
