// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// TestNewNormalIsSaidOnce has a stage vanish for good: one alert, which ends with the reason, one line
// in the log and one in the counter.
func TestNewNormalIsSaidOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		r := newRig(t, nil)
		r.set = metadatatest.NewSettings(tel)
		logs := testkit.ObserveLogs(&r.set.TelemetrySettings, zap.InfoLevel)
		r.start()
		defer r.shutdown()
		for i := range 30 {
			stages := []string{"extract", "train", "publish"}
			if i >= 20 {
				stages = []string{"extract", "publish"}
			}
			r.consume(r.run(stages...))
			testkit.Advance(10 * time.Minute)
		}
		began := map[string]bool{}
		var last heard
		for _, a := range r.logs.take() {
			began[a.Name+" "+a.StartsAt.String()] = true
			last = a
		}
		assert.Len(t, began, 1)
		assert.Equal(t, "StageMissing", last.Name)
		assert.Equal(t, "warning", string(last.Severity))
		assert.Equal(t, "the new normal: recsys has ended well without train in 5 good runs in a row, after it had run in 20 of 20: it is not expected any more",
			last.Annotations["resolved_by"])
		lines := logs.FilterMessageSnippet("is the new normal").All()
		require.Len(t, lines, 1)
		context := lines[0].ContextMap()
		assert.Equal(t, "recsys", context["job"])
		assert.Equal(t, "train", context["stage"])
		assert.Equal(t, "StageMissing", context["alert"])
		metadatatest.AssertEqualMlJobNewNormals(t, tel, by("alert", map[string]int64{"StageMissing": 1}), metricdatatest.IgnoreTimestamp())
	})
}

// manyTasks returns a good run of a mapped stage in requests of one span each: good instances, and
// bad ones, in an order of chance, the root last.
func manyTasks(seed uint64, good, bad int) (requests []ptrace.Traces) {
	begin := time.Now().Add(-time.Minute)
	add := func(id uint64, attributes map[string]any) {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("cicd.pipeline.name", "mapped")
		rs.Resource().Attributes().PutStr("cicd.pipeline.run.id", "1")
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		_ = s.Attributes().FromRaw(attributes)
		s.SetTraceID(traceID(1))
		s.SetSpanID(pcommon.SpanID{6: byte(id >> 8), 7: byte(id)})
		if id > 1 {
			s.SetParentSpanID(spanID(1))
		}
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Second)))
		requests = append(requests, td)
	}
	for i := range good + bad {
		result := "success"
		if i >= good {
			result = "failure"
		}
		add(uint64(i+2), map[string]any{
			"cicd.pipeline.task.name": "w", "ml.stage.instance": fmt.Sprint(i), "ml.stage.instances": good + bad, "cicd.pipeline.task.run.result": result,
		})
	}
	rand.New(rand.NewPCG(seed, 3)).Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
	add(1, map[string]any{"cicd.pipeline.result": "success"})
	return requests
}

// TestNoFailureIsLost has more failures than the reserve beyond the limit holds, in any order and with
// a restart in between: the alert counts them all, and nothing counts as a duplicate.
func TestNoFailureIsLost(t *testing.T) {
	for seed := range uint64(4) {
		bubble(t, func(t *testing.T) {
			tel := componenttest.NewTelemetry()
			defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
			r := newRig(t, func(c *Config) { c.Limits.Instances = 50 }).withDisk(testkit.NewStorage(nil)).start()
			requests := manyTasks(seed, 300, 130)
			for _, td := range requests[:200] {
				r.consume(td)
			}
			r.shutdown()
			r = r.again()
			r.set = metadatatest.NewSettings(tel)
			r.start()
			defer r.shutdown()
			for _, td := range requests[200:] {
				r.consume(td)
			}
			testkit.Advance(10 * time.Minute)
			got := r.logs.take()
			require.NotEmpty(t, got)
			assert.Equal(t, "StageFailed", got[0].Name)
			assert.Contains(t, got[0].Summary, "130 of 430 instances failed")
			evicted, err := tel.GetMetric("otelcol_ml_job_evicted")
			require.NoError(t, err)
			assert.NotNil(t, evicted)
			_, err = tel.GetMetric("otelcol_ml_job_spans_dropped")
			assert.Error(t, err, "no duplicate is counted")
		})
	}
}
