// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadata"
)

var update = flag.Bool("update", false, "write the expected files")

// sharedSpans are spans as real systems emit them: captured, or transcribed from source. They are
// not part of this repository; the examples in internal/dialect/testdata are, and are read in every
// clone.
func sharedSpans(t testing.TB) (spans []string) {
	t.Helper()
	for _, f := range sharedFiles(t) {
		if data, err := os.ReadFile(f); err == nil && strings.Contains(string(data), `"resourceSpans"`) {
			spans = append(spans, f)
		}
	}
	return spans
}

func sharedFiles(t testing.TB) (files []string) {
	t.Helper()
	files, _ = filepath.Glob("../../../shared/data/spans/*/*")
	if len(files) == 0 {
		t.Skip("../shared/data/spans is absent: spans of real systems are not part of this repository")
	}
	return files
}

// payloadLogs are no spans; the golden tests of the inference_log receiver have copies of them.
var payloadLogs = []string{"kserve-logger-cloudevents.json", "sagemaker-datacapture.jsonl"}

// TestGoldenOfEveryFile fails where a file has no golden file or a golden file no longer has a
// file.
func TestGoldenOfEveryFile(t *testing.T) {
	var want []string
	spans := sharedSpans(t)
	for _, f := range sharedFiles(t) {
		if slices.Contains(payloadLogs, filepath.Base(f)) {
			continue
		}
		assert.Contains(t, spans, f, "%s is neither OTLP JSON nor a payload log with a golden test", f)
		want = append(want, filepath.Join("testdata", "golden", strings.TrimSuffix(filepath.Base(f), ".json")+".txt"))
	}
	got, err := filepath.Glob(filepath.Join("testdata", "golden", "*"))
	require.NoError(t, err)
	assert.ElementsMatch(t, want, got)
}

func readSpans(t testing.TB, file string) ptrace.Traces {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(data)
	require.NoError(t, err)
	return td
}

func start(t testing.TB, cfg *Config, next consumer.Traces) *tracesProcessor {
	t.Helper()
	p, err := newTraces(processortest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(t, err)
	require.NoError(t, p.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	return p
}

// TestGolden compares what is added to each span with what was checked by hand against what the
// system says. Nothing else may change.
func TestGolden(t *testing.T) {
	for _, file := range sharedSpans(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			before, td := readSpans(t, file), readSpans(t, file)
			require.NoError(t, start(t, createDefaultConfig().(*Config), consumertest.NewNop()).ConsumeTraces(t.Context(), td))
			got := additions(t, before, td)
			golden := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// additions writes the attributes that after has on top of before, and fails where anything else
// differs.
func additions(t *testing.T, before, after ptrace.Traces) string {
	t.Helper()
	var b strings.Builder
	require.Equal(t, before.SpanCount(), after.SpanCount())
	for i, rs := range before.ResourceSpans().All() {
		require.Equal(t, rs.Resource().Attributes().AsRaw(), after.ResourceSpans().At(i).Resource().Attributes().AsRaw())
		for j, ss := range rs.ScopeSpans().All() {
			for k, old := range ss.Spans().All() {
				span := after.ResourceSpans().At(i).ScopeSpans().At(j).Spans().At(k)
				fmt.Fprintf(&b, "%s (%s)\n", span.Name(), span.SpanID())
				raw := span.Attributes().AsRaw()
				for key, value := range old.Attributes().All() {
					require.Equal(t, value.AsRaw(), raw[key], "%s of %s", key, span.Name())
					delete(raw, key)
				}
				for _, key := range sortedKeys(raw) {
					text, err := json.Marshal(raw[key])
					require.NoError(t, err)
					fmt.Fprintf(&b, "    %s = %s\n", key, text)
				}
				// All but the attributes is as it was.
				pcommon.NewMap().CopyTo(span.Attributes())
				pcommon.NewMap().CopyTo(old.Attributes())
				require.Equal(t, encode(t, old), encode(t, span))
			}
		}
	}
	return b.String()
}

func encode(t *testing.T, span ptrace.Span) string {
	t.Helper()
	td := ptrace.NewTraces()
	span.CopyTo(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	data, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return string(data)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
