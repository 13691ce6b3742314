// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jobtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var start = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func training(s *Script) *Run {
	r := s.Run(Job{Name: "training", Process: NewProcess("trainer").In("production")}, "r1", "2026-11-22", start)
	r.Stage("query", time.Second, 2*time.Minute).Rows(-1, 100).Nulls("amount", 0.1)
	gpu := r.Also(NewProcess("gpu"))
	gpu.Skew = -time.Hour
	r.StageOn(gpu, "train", 2*time.Minute, 10*time.Minute).Metric("loss", 0.3)
	r.Marker("train", "executing", 2*time.Minute)
	r.Stage("publish", 10*time.Minute, 11*time.Minute)
	r.Close(11*time.Minute + time.Second)
	return r
}

func spans(batches []Batch) (all []ptrace.Span, names []string) {
	for _, b := range batches {
		for _, rs := range b.Traces.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, sp := range ss.Spans().All() {
					all, names = append(all, sp), append(names, sp.Name())
				}
			}
		}
	}
	return all, names
}

func TestTheSameSeedIsTheSameBytes(t *testing.T) {
	bytes := func(seed uint64) []byte {
		s := New(seed)
		training(s)
		var all []byte
		for _, b := range s.Batches() {
			data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(b.Traces)
			require.NoError(t, err)
			all = append(all, data...)
		}
		return all
	}
	first := bytes(1)
	assert.Equal(t, first, bytes(1))
	assert.NotEqual(t, bytes(1), bytes(2))
}

func TestSpansAreAsSDKsSendThem(t *testing.T) {
	s := New(1)
	r := training(s)
	batches := s.Batches()
	all, names := spans(batches)
	assert.Equal(t, []string{"executing", "query", "train", "publish", "training"}, names)
	assert.Equal(t, start.Add(2*time.Minute+Flush), batches[0].At, "a marker is sent at once")
	assert.Equal(t, start.Add(2*time.Minute+Export), batches[1].At)
	assert.Equal(t, start.Add(11*time.Minute+time.Second+Flush), batches[3].At, "what is left is sent at the end")

	byName := map[string]ptrace.Span{}
	for i, sp := range all {
		byName[names[i]] = sp
	}
	assert.Equal(t, uint32(0x101), byName["query"].Flags())
	assert.Equal(t, uint32(0x301), byName["train"].Flags(), "its parent is in another process")
	assert.Equal(t, start.Add(2*time.Minute-time.Hour), byName["train"].StartTimestamp().AsTime(), "by its own clock")
	assert.Equal(t, r.Root.ID, byName["train"].ParentSpanID())
	assert.True(t, byName["training"].ParentSpanID().IsEmpty())
	resource := batches[0].Traces.ResourceSpans().At(0).Resource().Attributes()
	job, _ := resource.Get(mlconv.AttrPipelineName)
	assert.Equal(t, "training", job.Str())
}

func TestABreakIsDeepAndEndsTheRun(t *testing.T) {
	s := New(1)
	r := training(s)
	deep := r.Breaks("train", "OutOfMemoryError", "out of memory")
	all, names := spans(s.Batches())
	assert.NotContains(t, names, "publish")
	for i, sp := range all {
		if sp.ParentSpanID().IsEmpty() {
			assert.Equal(t, ptrace.StatusCodeError, sp.Status().Code(), "the run fails")
		}
		if sp.SpanID() == deep.ID {
			assert.Equal(t, "exception", sp.Events().At(0).Name())
			continue
		}
		assert.Zero(t, sp.Events().Len(), names[i])
	}
}

func TestDelivery(t *testing.T) {
	s := New(1)
	s.Singly = true
	r := training(s)
	r.Get("query").Late(time.Hour).Again(time.Minute)
	r.Root.Lose()
	_, names := spans(s.Batches())
	assert.Equal(t, []string{"executing", "train", "publish", "query", "query"}, names)

	s = New(1)
	training(s).Dies(2*time.Minute + time.Second)
	_, names = spans(s.Batches())
	assert.Equal(t, []string{"executing"}, names, "what was not sent is gone")
}

func TestApartAndOnSpans(t *testing.T) {
	s := New(1)
	r := s.Run(Job{Name: "dag", Process: NewProcess("airflow"), OnSpans: true, Apart: true, Statuses: true}, 7, "2026-11-22", start)
	r.Stage("a", 0, time.Minute)
	r.Skip("b", time.Minute, "upstream_failed")
	r.Fails(time.Minute, "a failed")
	all, _ := spans(s.Batches())
	traces := map[string]bool{}
	for _, sp := range all {
		traces[sp.TraceID().String()] = true
		id, ok := sp.Attributes().Get(mlconv.AttrPipelineRunID)
		require.True(t, ok)
		assert.Equal(t, int64(7), id.Int())
		_, ok = sp.Attributes().Get(mlconv.AttrPipelineResult)
		assert.False(t, ok)
	}
	assert.Len(t, traces, 3)
}
