// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Stages are those of the jobs that JobRun makes, in their order.
var Stages = []string{"feature_query", "validate", "transform", "train", "evaluate", "publish"}

// JobRun is one run of a job, in one trace: a root span and one span a stage. The zero value of
// Fails is a good run; a run that fails ends with the stage of that name, whose span carries the
// exception, and a root in error.
type JobRun struct {
	Seed  uint64
	Job   string
	RunID string
	Start time.Time
	// Stage is how long a stage takes.
	Stage time.Duration
	Fails string
	// Rows is what each stage writes; 0 for none reported.
	Rows int64
}

// Requests returns one request a stage, in the order in which they end, and a last one with the
// root. That is how a job's SDK sends them.
func (r JobRun) Requests() []ptrace.Traces {
	rng := rand.New(rand.NewPCG(r.Seed, 3))
	trace, root := traceID(rng), spanID(rng)
	var requests []ptrace.Traces
	span := func(id, parent pcommon.SpanID, name string, start, end time.Time) ptrace.Span {
		traces := ptrace.NewTraces()
		requests = append(requests, traces)
		rs := traces.ResourceSpans().AppendEmpty()
		attributes := rs.Resource().Attributes()
		attributes.PutStr("service.name", "trainer")
		attributes.PutStr(mlconv.AttrPipelineName, r.Job)
		attributes.PutStr(mlconv.AttrPipelineRunID, r.RunID)
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID(trace)
		s.SetSpanID(id)
		s.SetParentSpanID(parent)
		s.SetName(name)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		return s
	}
	at, failed := r.Start, false
	for _, stage := range Stages {
		s := span(spanID(rng), root, stage, at, at.Add(r.Stage))
		at = at.Add(r.Stage)
		s.Attributes().PutStr(mlconv.AttrTaskName, stage)
		if r.Rows > 0 {
			s.Attributes().PutInt(mlconv.AttrStageRowsOut, r.Rows)
		}
		if failed = stage == r.Fails; failed {
			s.Attributes().PutStr(mlconv.AttrTaskRunResult, "failure")
			s.Status().SetCode(ptrace.StatusCodeError)
			event := s.Events().AppendEmpty()
			event.SetName("exception")
			event.Attributes().PutStr("exception.type", "ValueError")
			event.Attributes().PutStr("exception.message", "cannot "+stage)
			break
		}
		s.Attributes().PutStr(mlconv.AttrTaskRunResult, "success")
	}
	s := span(root, pcommon.SpanID{}, r.Job, r.Start, at)
	if failed {
		s.Attributes().PutStr(mlconv.AttrPipelineResult, "failure")
		s.Status().SetCode(ptrace.StatusCodeError)
	} else {
		s.Attributes().PutStr(mlconv.AttrPipelineResult, "success")
	}
	return requests
}

// StageOfRuns returns one request with one stage of the runs from to to-1, which are spread over a
// number of jobs. No run has a root.
func StageOfRuns(jobs, from, to, stage int, at time.Time) ptrace.Traces {
	traces := ptrace.NewTraces()
	for run := from; run < to; run++ {
		rng := rand.New(rand.NewPCG(uint64(run), 4))
		trace, root := traceID(rng), spanID(rng)
		rs := traces.ResourceSpans().AppendEmpty()
		attributes := rs.Resource().Attributes()
		attributes.PutStr("service.name", "trainer")
		attributes.PutStr(mlconv.AttrPipelineName, fmt.Sprintf("job-%d", run%jobs))
		attributes.PutStr(mlconv.AttrPipelineRunID, fmt.Sprintf("run-%d", run))
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID(trace)
		s.SetSpanID(spanID(rand.New(rand.NewPCG(uint64(run), uint64(stage)+5))))
		s.SetParentSpanID(root)
		s.SetName("stage")
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Second)))
		s.Attributes().PutStr(mlconv.AttrTaskName, fmt.Sprintf("stage_%02d", stage))
		s.Attributes().PutStr(mlconv.AttrTaskRunResult, "success")
		s.Attributes().PutInt(mlconv.AttrStageRowsOut, 1000)
		s.Attributes().PutDouble(mlconv.PrefixStageNullRatio+"amount", 0.01)
	}
	return traces
}
