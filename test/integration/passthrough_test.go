// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// Real spans pass through unharmed: the same number, the same ids in the same order, and every
// attribute, event and link as it was; attributes may only be added.
func TestCapturedSpansPassUnharmed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(processtest.RepoRoot(t), "..", "shared", "data", "spans", "captured", "*.json"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("../shared/data/spans/captured is absent: captured spans of real systems are not part of this repository")
	}
	out := filepath.Join(t.TempDir(), "traces.json")
	c := start(t, `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
processors: {ml_metadata: {mark_unknown: true}}
connectors: {ml_summary: {}, ml_drift: {}}
exporters: {file: {path: "${env:OUT}", flush_interval: 50ms}, debug: {}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [ml_metadata], exporters: [file, ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [debug]}
`, "OUT="+out)

	var sent []ptrace.Traces
	otlp := dial(t, c.otlp)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		// One document with one request, or an array of requests.
		requests := []json.RawMessage{data}
		if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
			require.NoError(t, json.Unmarshal(data, &requests), file)
		}
		for _, request := range requests {
			traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(request)
			require.NoError(t, err, file)
			require.Positive(t, traces.SpanCount(), file)
			sent = append(sent, traces)
		}
	}
	require.NotEmpty(t, sent)
	otlp.send(sent...)
	c.Stop()

	received := readTraces(t, out)
	require.Len(t, received, len(sent))
	spans := 0
	for i := range sent {
		want, got := spansOf(sent[i]), spansOf(received[i])
		require.Len(t, got, len(want))
		for j := range want {
			spans++
			assert.Equal(t, want[j].resource, got[j].resource, "resource")
			assertSpan(t, want[j].span, got[j].span)
		}
	}
	require.Positive(t, spans)
	t.Logf("%d spans of %d files", spans, len(files))
}

type spanOf struct {
	resource map[string]any
	span     ptrace.Span
}

func spansOf(traces ptrace.Traces) []spanOf {
	var all []spanOf
	for _, rs := range traces.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				all = append(all, spanOf{rs.Resource().Attributes().AsRaw(), span})
			}
		}
	}
	return all
}

// assertSpan compares all of a span but attributes that were added.
func assertSpan(t *testing.T, want, got ptrace.Span) {
	t.Helper()
	stripped := ptrace.NewSpan()
	got.CopyTo(stripped)
	stripped.Attributes().RemoveIf(func(k string, _ pcommon.Value) bool {
		_, ok := want.Attributes().Get(k)
		return !ok
	})
	assert.Equal(t, document(t, want), document(t, stripped))
}

func document(t *testing.T, span ptrace.Span) string {
	t.Helper()
	traces := ptrace.NewTraces()
	span.CopyTo(traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	data, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	require.NoError(t, err)
	return string(data)
}
