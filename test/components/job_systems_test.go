// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// jobSystem is testdata/jobs/SYSTEM.yaml: a run that does well and one that fails, as the system
// writes them.
type jobSystem struct {
	Resource map[string]any `yaml:"resource"`
	Scope    string         `yaml:"scope"`
	Good     []jobSpan      `yaml:"good"`
	Failed   []jobSpan      `yaml:"failed"`
	// FailedResource is what the resource has otherwise in the run that fails.
	FailedResource map[string]any `yaml:"failed_resource"`
	// Job, Stage, Cause and Message are what the one alert on the run that fails names.
	Job     string `yaml:"job"`
	Stage   string `yaml:"stage"`
	Cause   string `yaml:"cause"`
	Message string `yaml:"message"`
}

type jobSpan struct {
	Span       string         `yaml:"span"`
	Kind       string         `yaml:"kind"`
	Below      int            `yaml:"below"` // the number of the span above, from 1
	At         [2]float64     `yaml:"at"`    // start and end in seconds
	Status     string         `yaml:"status"`
	Message    string         `yaml:"message"`
	Attributes map[string]any `yaml:"attributes"`
	Exception  string         `yaml:"exception"`
}

func (s *jobSystem) traces(t *testing.T, trace byte, spans []jobSpan, resource map[string]any) ptrace.Traces {
	t.Helper()
	kinds := map[string]ptrace.SpanKind{
		"": ptrace.SpanKindInternal, "server": ptrace.SpanKindServer, "client": ptrace.SpanKindClient,
		"producer": ptrace.SpanKindProducer, "consumer": ptrace.SpanKindConsumer,
	}
	statuses := map[string]ptrace.StatusCode{"": ptrace.StatusCodeUnset, "ok": ptrace.StatusCodeOk, "error": ptrace.StatusCodeError}
	const second = 1_000_000_000
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	require.NoError(t, rs.Resource().Attributes().FromRaw(s.Resource))
	for k, v := range resource {
		require.NoError(t, rs.Resource().Attributes().PutEmpty(k).FromRaw(v))
	}
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(s.Scope)
	for i, x := range spans {
		span := ss.Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{trace})
		span.SetSpanID(pcommon.SpanID{trace, byte(i + 1)})
		if x.Below > 0 {
			span.SetParentSpanID(pcommon.SpanID{trace, byte(x.Below)})
		}
		span.SetName(x.Span)
		require.Contains(t, kinds, x.Kind)
		span.SetKind(kinds[x.Kind])
		require.Contains(t, statuses, x.Status)
		span.Status().SetCode(statuses[x.Status])
		span.Status().SetMessage(x.Message)
		span.SetStartTimestamp(pcommon.Timestamp((1000 + x.At[0]) * second))
		span.SetEndTimestamp(pcommon.Timestamp((1000 + x.At[1]) * second))
		require.NoError(t, span.Attributes().FromRaw(x.Attributes))
		if x.Exception != "" {
			e := span.Events().AppendEmpty()
			e.SetName("exception")
			e.SetTimestamp(span.EndTimestamp())
			e.Attributes().PutStr("exception.type", x.Exception)
			e.Attributes().PutStr("exception.message", "it did not work")
		}
	}
	return td
}

// TestJobSystems sends a run of each system through ml_normalize and ml_job: none that does well
// gives an alert, and one that fails a single one, at its stage and with its cause.
func TestJobSystems(t *testing.T) {
	files, err := filepath.Glob("testdata/jobs/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			var s jobSystem
			d := yaml.NewDecoder(bytes.NewReader(data))
			d.KnownFields(true)
			require.NoError(t, d.Decode(&s))
			good, failed := s.traces(t, 1, s.Good, nil), s.traces(t, 2, s.Failed, s.FailedResource)
			synctest.Test(t, func(t *testing.T) {
				got := judge(t, good)
				assert.Empty(t, got.firing(t), "a run that does well")
				if s.Stage != "" {
					assert.Equal(t, "success", got.stages()[s.Stage])
				}
			})
			synctest.Test(t, func(t *testing.T) {
				fired := judge(t, failed).firing(t)
				require.Len(t, fired, 1, "%v", fired)
				a := fired[0]
				assert.Equal(t, "JobFailed", a.Name)
				assert.Equal(t, s.Job, a.Labels["job"])
				assert.Equal(t, s.Stage, a.Labels["stage"])
				assert.Equal(t, s.Cause, a.Annotations["exception_type"], "%v", a.Annotations)
				if s.Message != "" {
					assert.Equal(t, s.Message, a.Annotations["exception_message"], "%v", a.Annotations)
				}
			})
		})
	}
}

// firing returns the alerts that fired, each once.
func (r *records) firing(t testing.TB) (out []alert.Alert) {
	for lr := range testkit.LogRecords(r.AllLogs()...) {
		a, err := alert.Decode(lr)
		require.NoError(t, err)
		same := func(b alert.Alert) bool { return a.Name == b.Name && maps.Equal(a.Labels, b.Labels) }
		if a.State == alert.Firing && !slices.ContainsFunc(out, same) {
			out = append(out, a)
		}
	}
	return out
}
