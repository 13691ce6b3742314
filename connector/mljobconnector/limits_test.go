// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// mapped returns a good run of one stage with three instances, or of three stages, whose last one
// failed: what limits of two keep out.
func mapped(stages bool) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("cicd.pipeline.name", "mapped")
	rs.Resource().Attributes().PutStr("cicd.pipeline.run.id", "1")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	begin := time.Now().Add(-time.Minute)
	add := func(id byte) ptrace.Span {
		s := spans.AppendEmpty()
		s.SetTraceID(traceID(1))
		s.SetSpanID(spanID(id))
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Second)))
		return s
	}
	for i := range 3 {
		s := add(byte(i + 2))
		s.SetParentSpanID(spanID(1))
		task, instance := "w", fmt.Sprint(i)
		if stages {
			task, instance = string(rune('a'+i)), ""
		}
		s.Attributes().PutStr("cicd.pipeline.task.name", task)
		s.Attributes().PutStr("ml.stage.instance", instance)
		s.Attributes().PutInt("ml.stage.instances", 3)
		s.Attributes().PutStr("cicd.pipeline.task.run.result", "success")
		if i == 2 {
			s.Attributes().PutStr("cicd.pipeline.task.run.result", "failure")
			exceptionEvent(s, "IOError", "disk full")
		}
	}
	add(1).Attributes().PutStr("cicd.pipeline.result", "success")
	return td
}

// TestFailuresBeyondLimits names the failed instance, or stage, for which there was no room any
// more.
func TestFailuresBeyondLimits(t *testing.T) {
	for name, tt := range map[string]struct {
		file    string
		own     func() ptrace.Traces
		summary string
	}{
		"instances": {"job-inst-ok.json", func() ptrace.Traces { return mapped(false) }, "1 of 3 instances failed: 2"},
		"stages":    {"job-stage-ok.json", func() ptrace.Traces { return mapped(true) }, "ended well although c failed"},
	} {
		for source, input := range map[string]func(t *testing.T) ptrace.Traces{
			"own":    func(*testing.T) ptrace.Traces { return tt.own() },
			"shared": func(t *testing.T) ptrace.Traces { t.Helper(); return loadCase(t, tt.file) },
		} {
			t.Run(name+"/"+source, func(t *testing.T) {
				td := input(t)
				bubble(t, func(t *testing.T) {
					r := newRig(t, func(c *Config) { c.Limits.Instances, c.Limits.Stages = 2, 2 }).start()
					defer r.shutdown()
					r.consume(td)
					testkit.Advance(time.Minute)
					got := r.logs.take()
					require.NotEmpty(t, got)
					assert.Equal(t, "StageFailed", got[0].Name)
					assert.Contains(t, got[0].Summary, tt.summary)
					assert.Contains(t, got[0].Summary, "disk full")
				})
			})
		}
	}
}

// TestGoodInstancesBeyondLimits has all three instances come, with room for two: none of them is
// missing.
func TestGoodInstancesBeyondLimits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Limits.Instances = 2 })
		logs := testkit.ObserveLogs(&r.set.TelemetrySettings, zap.WarnLevel)
		r.start()
		defer r.shutdown()
		td := mapped(false)
		last := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(2)
		last.Attributes().PutStr("cicd.pipeline.task.run.result", "success")
		last.Events().RemoveIf(func(ptrace.SpanEvent) bool { return true })
		r.consume(td)
		testkit.Advance(10 * time.Minute)
		assert.Empty(t, r.logs.names())
		lines := logs.FilterMessageSnippet("An instance finds no room in its stage").All()
		require.Len(t, lines, 1, "said once")
		context := lines[0].ContextMap()
		assert.Equal(t, "limits::instances", context["limit"])
		assert.EqualValues(t, 2, context["value"])
		assert.Equal(t, "mapped", context["job"])
		assert.Equal(t, "w", context["stage"])
	})
}

// TestSkippedIsNoFailure has a skipped stage, in any spelling and whatever its status, in a good
// run.
func TestSkippedIsNoFailure(t *testing.T) {
	for _, spelling := range []string{"skip", "SKIP", "Skip", "skipped", "SKIPPED"} {
		t.Run(spelling, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, nil).start()
				defer r.shutdown()
				td := mapped(true)
				last := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(2)
				last.Attributes().PutStr("cicd.pipeline.task.run.result", spelling)
				last.Status().SetCode(ptrace.StatusCodeError)
				r.consume(td)
				testkit.Advance(time.Hour)
				assert.Empty(t, r.logs.names())
			})
		})
	}
}

// TestUnreadableIsSaid names job, stage, key and value of the first attribute that cannot be used,
// once, and counts all.
func TestUnreadableIsSaid(t *testing.T) {
	for key, tt := range map[string]struct {
		value any
		want  string
	}{
		"ml.stage.rows.in":              {"a lot", "a lot"},
		"ml.stage.attempt":              {-1, "-1"},
		"ml.stage.final":                {"perhaps", "perhaps"},
		"ml.stage.metric.auc":           {"good", "ml.stage.metric.auc = good"},
		"ml.stage.null_ratio.x":         {1.5, "ml.stage.null_ratio.x = 1.5"},
		"ml.job.logical_date":           {"yesterday", "yesterday"},
		"cicd.pipeline.task.run.result": {strings.Repeat("x", 1000), strings.Repeat("x", maxShown-3) + "…"},
	} {
		t.Run(key, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				tel := componenttest.NewTelemetry()
				defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
				r := newRig(t, nil)
				r.set = metadatatest.NewSettings(tel)
				logs := testkit.ObserveLogs(&r.set.TelemetrySettings, zap.WarnLevel)
				r.start()
				defer r.shutdown()
				for n := range byte(3) {
					td, s := request(t, attributes{"cicd.pipeline.name": "recsys"}, attributes{"cicd.pipeline.task.name": "train", key: tt.value})
					s.SetSpanID(spanID(n + 2))
					r.consume(td)
				}
				lines := logs.FilterMessageSnippet("cannot be used").All()
				require.Len(t, lines, 1)
				context := lines[0].ContextMap()
				for _, prefix := range []string{"ml.stage.metric.", "ml.stage.null_ratio."} {
					if strings.HasPrefix(key, prefix) {
						key = prefix + "*"
					}
				}
				assert.Equal(t, key, context["attribute"])
				assert.Equal(t, tt.want, context["value"])
				assert.Equal(t, "recsys", context["job"])
				assert.Equal(t, "train", context["stage"])
				metadatatest.AssertEqualMlJobAttributesUnreadable(t, tel, []metricdata.DataPoint[int64]{{Value: 3}}, metricdatatest.IgnoreTimestamp())
			})
		})
	}
}

// TestUnreadableTimes counts a time beyond 2262.
func TestUnreadableTimes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil)
		logs := testkit.ObserveLogs(&r.set.TelemetrySettings, zap.WarnLevel)
		r.start()
		defer r.shutdown()
		td, s := request(t, attributes{"cicd.pipeline.name": "recsys"}, attributes{"cicd.pipeline.task.name": "train"})
		s.SetEndTimestamp(1 << 63)
		r.consume(td)
		lines := logs.FilterMessageSnippet("cannot be used").All()
		require.Len(t, lines, 1)
		assert.Equal(t, "end_time_unix_nano", lines[0].ContextMap()["attribute"])
		assert.Equal(t, "9223372036854775808", lines[0].ContextMap()["value"])
	})
}

// TestMegabyteNames sends names of a megabyte: the alert comes, all that is kept, stored and
// emitted is small, and it is counted and said.
func TestMegabyteNames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		d := testkit.NewStorage(nil)
		r := newRig(t, nil).withDisk(d)
		r.set = metadatatest.NewSettings(tel)
		logs := testkit.ObserveLogs(&r.set.TelemetrySettings, zap.WarnLevel)
		r.start()
		long := strings.Repeat("é", 1<<19)
		td, s := request(t, attributes{"cicd.pipeline.name": long, "cicd.pipeline.run.id": long, "service.name": long, "deployment.environment.name": long},
			attributes{
				"cicd.pipeline.task.name": long, "ml.stage.instance": long, "cicd.pipeline.task.run.result": "failure", "cicd.pipeline.task.run.id": long,
				"ml.stage.metric." + long: 0.5, "ml.stage.null_ratio." + long: 0.5, "ml.stage.cause": long, "error.type": long,
			})
		s.SetName(long)
		s.Status().SetMessage(long)
		exceptionEvent(s, long, long)
		root := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().AppendEmpty()
		root.SetTraceID(traceID(1))
		root.SetSpanID(spanID(1))
		root.Attributes().PutStr("cicd.pipeline.result", "failure")
		r.consume(td)
		testkit.Advance(time.Minute)
		got := r.logs.take()
		require.NotEmpty(t, got, "the alert is not lost")
		assert.Equal(t, "JobFailed", got[0].Name)
		assert.True(t, strings.HasSuffix(got[0].Labels["job"], "é…"), "marked")
		size := len(got[0].Summary)
		for k, v := range got[0].Annotations {
			size += len(k) + len(v)
		}
		assert.Less(t, size, 16<<10)
		assert.Equal(t, 1, logs.FilterMessageSnippet("is too long, or no valid UTF-8, and was cut").Len())
		cuts := metadataValue(t, tel)
		assert.GreaterOrEqual(t, cuts, int64(10))
		r.shutdown()
		stored := 0
		for _, v := range d.Values() {
			stored += len(v)
		}
		assert.Less(t, stored, 64<<10)
	})
}

// metadataValue returns the number of names that were cut.
func metadataValue(t *testing.T, tel *componenttest.Telemetry) int64 {
	t.Helper()
	m, err := tel.GetMetric("otelcol_ml_job_names_cut")
	require.NoError(t, err)
	return m.Data.(metricdata.Sum[int64]).DataPoints[0].Value
}
