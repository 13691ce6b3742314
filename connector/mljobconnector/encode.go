// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// encoder builds one emission: a metric for each name that has a point. Points are cumulative since
// the connector started; the resource is empty, so that Prometheus' own job and instance are those
// of the scrape.
type encoder struct {
	*metricbuilder.Builder
	start, current pcommon.Timestamp
}

// frame is what is the same for every emission, and when this one is.
type frame struct {
	version  string
	severity alert.Severity // of the alert that speaks of no job
	start    time.Time
	now      time.Time
}

// encode writes the counts of all jobs. Every outcome and severity has a point from the beginning,
// so that a rate does not miss the first failure and no gauge is left behind.
func encode(jobs []track.JobStats, own track.SelfStats, f frame) pmetric.Metrics {
	e := &encoder{
		Builder: metricbuilder.New(metadata.ScopeName, f.version, pmetric.AggregationTemporalityCumulative),
		start:   pcommon.NewTimestampFromTime(f.start), current: pcommon.NewTimestampFromTime(f.now),
	}
	elsewhere := own.ActiveAlerts
	for i := range jobs {
		e.job(&jobs[i])
		for _, n := range jobs[i].Active {
			elsewhere -= n
		}
	}
	// What is left speaks of no job: nothing at all is received.
	p := e.gauge(mlconv.MetricAlertActive)
	p.SetIntValue(int64(max(elsewhere, 0)))
	p.Attributes().PutStr(mlconv.AttrAlertSeverity, string(f.severity))
	return e.Metrics()
}

func (e *encoder) job(j *track.JobStats) {
	dimensions := func(attributes pcommon.Map) {
		attributes.PutStr(mlconv.AttrPipelineName, j.Key.Job)
		if j.Key.Environment != "" {
			attributes.PutStr(mlconv.AttrEnvironment, j.Key.Environment)
		}
	}
	for _, o := range results {
		p := e.sum(mlconv.MetricJobRunCount, j.Runs[o])
		dimensions(p.Attributes())
		p.Attributes().PutStr(mlconv.AttrPipelineResult, o.String())
	}
	if p, ok := e.histogram(mlconv.MetricJobRunDuration, &j.Duration); ok {
		dimensions(p.Attributes())
	}
	if !j.LastSuccess.IsZero() {
		p := e.gauge(mlconv.MetricJobLastSuccess)
		p.SetDoubleValue(float64(j.LastSuccess.UnixMilli()) / 1000)
		dimensions(p.Attributes())
	}
	for _, s := range []alert.Severity{alert.Critical, alert.Warning, alert.Info} {
		p := e.gauge(mlconv.MetricAlertActive)
		p.SetIntValue(int64(j.Active[s]))
		dimensions(p.Attributes())
		p.Attributes().PutStr(mlconv.AttrAlertSeverity, string(s))
	}
	for i := range j.Stages {
		e.stage(&j.Stages[i], dimensions)
	}
	for i := range j.Violations {
		e.violation(&j.Violations[i], dimensions)
	}
}

func (e *encoder) violation(v *track.ViolationStats, job func(pcommon.Map)) {
	p := e.sum(mlconv.MetricContractViolationCount, v.Rows)
	job(p.Attributes())
	for key, text := range map[string]string{
		mlconv.AttrTaskName: v.Stage, mlconv.AttrFeatureName: v.Subject, mlconv.AttrContractCheck: v.Check, mlconv.AttrContractSeverity: v.Severity,
	} {
		if text != "" {
			p.Attributes().PutStr(key, text)
		}
	}
	if v.Overflow {
		p.Attributes().PutBool(mlconv.AttrOverflow, true)
	}
	if trace := pcommon.TraceID(v.TraceID); v.Rows > 0 && !trace.IsEmpty() {
		x := p.Exemplars().AppendEmpty()
		x.SetTimestamp(pcommon.NewTimestampFromTime(v.Time))
		x.SetTraceID(trace)
		x.SetSpanID(pcommon.SpanID(v.SpanID))
		x.SetIntValue(1)
	}
}

func (e *encoder) stage(s *track.StageStats, job func(pcommon.Map)) {
	dimensions := func(attributes pcommon.Map) {
		job(attributes)
		attributes.PutStr(mlconv.AttrTaskName, s.Name)
	}
	for _, o := range results {
		p := e.sum(mlconv.MetricStageCount, s.Outcomes[o])
		dimensions(p.Attributes())
		p.Attributes().PutStr(mlconv.AttrTaskRunResult, o.String())
	}
	if p, ok := e.histogram(mlconv.MetricStageDuration, &s.Duration); ok {
		dimensions(p.Attributes())
	}
	for _, d := range []struct {
		direction string
		rows      int64
	}{{"in", s.RowsIn}, {"out", s.RowsOut}} {
		if d.rows < 0 {
			continue
		}
		p := e.gauge(mlconv.MetricStageRows)
		p.SetIntValue(d.rows)
		dimensions(p.Attributes())
		p.Attributes().PutStr(mlconv.AttrStageRowsDirection, d.direction)
	}
}

func (e *encoder) sum(name string, n uint64) pmetric.NumberDataPoint {
	p := e.Sum(name)
	p.SetStartTimestamp(e.start)
	p.SetTimestamp(e.current)
	p.SetIntValue(int64(n)) //nolint:gosec // a count
	return p
}

func (e *encoder) gauge(name string) pmetric.NumberDataPoint {
	p := e.Gauge(name)
	p.SetTimestamp(e.current)
	return p
}

// histogram returns false where nothing has been counted yet.
func (e *encoder) histogram(name string, h *track.Histogram) (p pmetric.HistogramDataPoint, ok bool) {
	var count uint64
	for _, n := range h.Counts {
		count += n
	}
	if count == 0 {
		return p, false
	}
	p = e.Histogram(name)
	p.SetStartTimestamp(e.start)
	p.SetTimestamp(e.current)
	p.SetCount(count)
	p.SetSum(h.Sum)
	p.SetMin(h.Min)
	p.SetMax(h.Max)
	p.ExplicitBounds().FromRaw(track.Bounds)
	p.BucketCounts().FromRaw(h.Counts)
	return p, true
}
