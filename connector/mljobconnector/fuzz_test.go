// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
)

// Whatever is sent, the reader does not panic, keeps to its bounds, accounts for every span and
// leaves the request as it is.
func FuzzRead(f *testing.F) {
	marshaler := &ptrace.ProtoMarshaler{}
	seed := func(td ptrace.Traces) {
		data, err := marshaler.MarshalTraces(td)
		require.NoError(f, err)
		f.Add(data)
	}
	r := newRig(f, nil)
	seed(r.run("extract", "train!"))
	seed(stages(f, 2))
	seed(ordinary(f, 2))
	odd, s := request(f, attributes{"cicd.pipeline.name": 1, "cicd.pipeline.task.name": "t", "ml.stage.attempt": "x"}, attributes{
		"cicd.pipeline.run.state": "executing", "cicd.pipeline.result": []any{"a"}, "ml.stage.rows.in": "1e400", "ml.stage.rows.out": math.Inf(1),
		"ml.stage.null_ratio.": math.NaN(), "ml.stage.metric.\xff": "NaN", "ml.stage.final": "TRUE", "cicd.pipeline.run.id": map[string]any{},
	})
	s.SetFlags(0x301)
	s.Events().AppendEmpty().SetName("exception")
	seed(odd)
	f.Fuzz(func(t *testing.T, data []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil {
			return
		}
		before, err := marshaler.MarshalTraces(td)
		require.NoError(t, err)
		got := read(td) // marks it as read-only
		after, err := marshaler.MarshalTraces(td)
		require.NoError(t, err)
		require.Equal(t, before, after)
		var sum int64
		for _, n := range got.counts {
			sum += n
		}
		require.Equal(t, int64(td.SpanCount()), sum)
		require.Equal(t, sum-got.counts[kindIgnored], int64(len(got.spans)))
		for i := range got.spans {
			checkSpan(t, &got.spans[i])
		}
	})
}

func checkSpan(t *testing.T, s *run.Span) {
	t.Helper()
	names := []string{s.Environment, s.Job, s.RunID, s.LogicalDate, s.Resumes, s.Name, s.Service, s.Task, s.TaskRunID, s.Instance, s.Cause, s.ExceptionType}
	for _, values := range [][]run.Value{s.NullRatios, s.Metrics} {
		require.LessOrEqual(t, len(values), maxValues)
		for _, v := range values {
			require.NotEmpty(t, v.Name)
			names = append(names, v.Name)
		}
	}
	for _, v := range s.NullRatios {
		require.True(t, v.Value >= 0 && v.Value <= 1)
	}
	for _, name := range names {
		require.LessOrEqual(t, len(name), boundedname.Max)
	}
	require.LessOrEqual(t, len(s.Message), maxMessage)
	require.True(t, s.Attempt >= 0 && s.Instances >= 0 && s.RowsIn >= -1 && s.RowsOut >= -1)
	require.False(t, s.Final && s.Retried)
	require.Equal(t, s.Kind == run.KindMarker, s.Outcome == run.Unknown)
	require.False(t, s.Kind == run.KindStage && s.Task == "")
}
