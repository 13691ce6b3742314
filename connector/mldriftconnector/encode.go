// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"maps"
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
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
	// whole says of which results all is encoded; of the others it is only whether they drift. Nil
	// is all.
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
	otlp.PutKey(p.Attributes(), &r.Key)
	p.Attributes().PutStr(mlconv.AttrDriftSubject, r.Key.Subject.String())
	p.Attributes().PutStr(mlconv.AttrDriftReference, r.Reference)
	return p
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
			otlp.PutExemplar(p.Exemplars(), r.Exemplar)
		}
		q := e.gauge(mlconv.MetricDriftPValue, r)
		q.Attributes().PutStr(mlconv.AttrDriftMethod, s.Method)
		q.SetDoubleValue(s.PValue)
		e.threshold(r, &s)
	}
	e.samples(r)
	e.summary(r)
	for _, v := range verdicts[:len(verdicts)-1] {
		e.verdict(r, v, v == r.Verdict)
	}
	e.insufficient(r)
	e.detected(r)
}

// threshold encodes what a score is judged against: of the total alone, as segments have the same.
func (e *encoder) threshold(r *drift.Result, s *drift.Score) {
	if limit, ok := s.Limit(); ok && r.Key.Segment == "" {
		p := e.gauge(mlconv.MetricDriftThreshold, r)
		p.Attributes().PutStr(mlconv.AttrDriftMethod, s.Method)
		p.SetDoubleValue(limit)
	}
}

// summary encodes how sure the model was.
func (e *encoder) summary(r *drift.Result) {
	if r.Summary == nil {
		return
	}
	figure := func(name string, v float64) {
		if !math.IsNaN(v) {
			e.gauge(name, r).SetDoubleValue(v)
		}
	}
	s := r.Summary
	figure(mlconv.MetricDriftConfidenceMean, s.Mean.Window)
	figure(mlconv.MetricDriftReferenceConfidenceMean, s.Mean.Reference)
	figure(mlconv.MetricDriftConfidenceLow, s.Low.Window)
	figure(mlconv.MetricDriftReferenceConfidenceLow, s.Low.Reference)
	figure(mlconv.MetricDriftClassEntropy, s.Entropy.Window)
	figure(mlconv.MetricDriftReferenceClassEntropy, s.Entropy.Reference)
}

// embedding encodes how far the centroid of vectors is from the reference's.
func (e *encoder) embedding(r *drift.Result, distance float64) {
	e.gauge(mlconv.MetricDriftEmbeddingDistance, r).SetDoubleValue(distance)
	e.samples(r)
}

// samples encodes the window, and how many values it and the reference have.
func (e *encoder) samples(r *drift.Result) {
	e.gauge(mlconv.MetricDriftSamples, r).SetIntValue(int64(r.Samples))
	e.gauge(mlconv.MetricDriftEffectiveSamples, r).SetDoubleValue(r.Effective)
	e.gauge(mlconv.MetricDriftReferenceSamples, r).SetIntValue(int64(r.ReferenceSamples))
	e.gauge(mlconv.MetricDriftWindowEnd, r).SetDoubleValue(float64(r.End))
	e.gauge(mlconv.MetricDriftWindowDuration, r).SetDoubleValue(float64(r.End - r.Start))
}

// rank encodes the place of a drift among those of its model.
func (e *encoder) rank(r *drift.Result, place int) {
	e.gauge(mlconv.MetricDriftRank, r).SetIntValue(int64(place))
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

// insufficient encodes the verdict insufficient with its reason. Points of now have one for each
// reason there has been, so that no backend goes on with a reason that holds no more.
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

// contract encodes what a check of a contract says of a window.
func (e *encoder) contract(r *drift.ContractResult) {
	gauge := func(name string) pmetric.NumberDataPoint {
		p := e.Gauge(name)
		if e.now != 0 {
			p.SetTimestamp(e.now)
		} else {
			p.SetStartTimestamp(pcommon.Timestamp(r.Start * 1e9))
			p.SetTimestamp(pcommon.Timestamp(r.End * 1e9))
		}
		otlp.PutKey(p.Attributes(), &r.Key)
		p.Attributes().PutStr(mlconv.AttrContractCheck, r.Check.Name)
		if r.Check.Severity != "" {
			p.Attributes().PutStr(mlconv.AttrContractSeverity, r.Check.Severity)
		}
		return p
	}
	for v := range contract.Verdicts {
		p := gauge(mlconv.MetricContractVerdict)
		p.Attributes().PutStr(mlconv.AttrContractVerdict, v.String())
		p.SetIntValue(one(v == r.Verdict))
	}
	for _, b := range []struct {
		bound string
		value float64
	}{{"point", r.Point}, {"lower", r.Lower}, {"upper", r.Upper}} {
		if !math.IsNaN(b.value) && !math.IsInf(b.value, 0) && (r.Samples > 0 || r.Check.Statistic == contract.Rows) {
			p := gauge(mlconv.MetricContractValue)
			p.Attributes().PutStr(mlconv.AttrContractBound, b.bound)
			p.SetDoubleValue(b.value)
		}
	}
	gauge(mlconv.MetricContractSamples).SetIntValue(int64(r.Samples))
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// total encodes a cumulative count.
func (e *encoder) total(t *drift.Total) {
	d := delta.Delta{Key: t.Key, Consumer: t.Consumer, Count: t.Count, Sum: t.Sum}
	if t.Key.Subject == drift.Class || t.Categories != nil {
		d.Categorical = true
		e.categories(d, t)
		return
	}
	switch t.Key.Subject {
	case drift.Predictions, drift.Missing, drift.Cost, drift.ContractRows:
	case drift.Violations:
		d.Exemplars = t.Exemplars
	default:
		d.Bounds, d.Counts, d.Exemplars = t.Bounds, t.Groups, t.Exemplars
	}
	e.add(t, &d)
}

// categories encodes one count for each category, and one for the values that found no room.
func (e *encoder) categories(d delta.Delta, t *drift.Total) {
	for _, name := range slices.Sorted(maps.Keys(t.Categories)) {
		d.Category, d.Count = name, t.Categories[name]
		e.add(t, &d)
	}
	if t.Rest > 0 {
		d.Category, d.Count, d.Overflow = "", t.Rest, true
		e.add(t, &d)
	}
}

func (e *encoder) add(t *drift.Total, d *delta.Delta) {
	otlp.AddTotal(e.Builder, pcommon.Timestamp(t.Start), e.now, d)
}
