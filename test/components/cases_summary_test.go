// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// summarized sends the requests of a case through ml_normalize and ml_summary, and returns what
// ml_summary wrote.
func summarized(t *testing.T, name string) []pmetric.Metrics {
	t.Helper()
	sink := &consumertest.MetricsSink{}
	f := mlsummaryconnector.NewFactory()
	c, err := f.CreateTracesToMetrics(t.Context(), settings(f), f.CreateDefaultConfig(), sink)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), testkit.Host{}))
	normalized := normalize(t, testkit.Host{}, c)
	for _, td := range caseRequests(t, name) {
		normalized(td)
	}
	require.NoError(t, c.Shutdown(context.Background()))
	return sink.AllMetrics()
}

// caseRequests returns the requests of a case that may have several.
func caseRequests(t *testing.T, name string) (requests []ptrace.Traces) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name+".json"))
	if os.IsNotExist(err) {
		t.Skipf("the cases are not in %s", folder)
	}
	require.NoError(t, err)
	list := []json.RawMessage{data}
	if data[0] == '[' {
		list = nil
		require.NoError(t, json.Unmarshal(data, &list))
	}
	for _, one := range list {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(one)
		require.NoError(t, err)
		requests = append(requests, td)
	}
	return requests
}

// counted returns the predictions and tokens of a case as "model version error: count".
func counted(t *testing.T, name string) (lines []string) {
	t.Helper()
	sums := make(map[string]uint64)
	for _, md := range summarized(t, name) {
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			switch m.Name() {
			case mlconv.MetricPredictionCount:
				for _, p := range m.Sum().DataPoints().All() {
					line := attribute(p.Attributes(), mlconv.AttrModelName) + " " + attribute(p.Attributes(), mlconv.AttrModelVersion)
					if failed := attribute(p.Attributes(), "error.type"); failed != "" {
						line += " " + failed
					}
					sums[line] += uint64(p.IntValue())
				}
			case mlconv.MetricTokenUsage:
				for _, p := range m.Histogram().DataPoints().All() {
					sums[attribute(p.Attributes(), mlconv.AttrModelName)+" "+attribute(p.Attributes(), "gen_ai.token.type")] += uint64(p.Sum())
				}
			}
		}
	}
	for line, n := range sums {
		lines = append(lines, fmt.Sprintf("%s: %d", line, n))
	}
	slices.Sort(lines)
	return lines
}

func attribute(m pcommon.Map, key string) string {
	v, _ := m.Get(key)
	return v.Str()
}

func TestSharedCases(t *testing.T) {
	for name, want := range map[string][]string{
		"A7-nested-llm":        {"claude-sonnet-4-5 claude-sonnet-4-5-20250929: 1", "claude-sonnet-4-5 input: 1000", "claude-sonnet-4-5 output: 200"},
		"double-nested":        {"claude-sonnet-4-5 : 1", "claude-sonnet-4-5 input: 10", "claude-sonnet-4-5 output: 2"},
		"A29-adk-nested":       {"gpt-4o : 1", "gpt-4o input: 1000", "gpt-4o output: 200"},
		"A5-pydantic-agent":    {"gpt-4o gpt-4o-2024-08-06: 2", "gpt-4o input: 113", "gpt-4o output: 11"},
		"A4-litellm-promoted":  {"gpt-4o gpt-4o-2024-08-06: 1", "gpt-4o input: 1000", "gpt-4o output: 200"},
		"A6-agent-only":        {"gpt-4o : 1", "gpt-4o input: 1000", "gpt-4o output: 200"},
		"A19-stream-noversion": {"gpt-4o gpt-4o-2024-08-06: 2", "gpt-4o input: 20", "gpt-4o output: 4"},
		"A1-litellm-operation": {"gpt-4o gpt-4o-2024-08-06: 1", "gpt-4o input: 1000", "gpt-4o output: 200"},
		"B15-rebatched":        {"B15r : 3"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, want, counted(t, name))
		})
	}
}

// confidences returns count, least and greatest confidence by model.
func confidences(t *testing.T, name string) map[string][3]float64 {
	t.Helper()
	out := make(map[string][3]float64)
	for _, md := range summarized(t, name) {
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if m.Name() != mlconv.MetricPredictionConfidence {
				continue
			}
			for _, p := range m.ExponentialHistogram().DataPoints().All() {
				name, _ := p.Attributes().Get(mlconv.AttrModelName)
				out[name.Str()] = [3]float64{float64(p.Count()), p.Min(), p.Max()}
			}
		}
	}
	return out
}

func TestSharedConfidences(t *testing.T) {
	for name, want := range map[string]map[string][3]float64{
		"B19-confidence-above-one": {"H17": {3, 0.9999, 1}},
		"B17-scores": {
			"B17": {1, 0.7, 0.7}, "B17b": {1, 0.7, 0.7}, "B17c": {1, 0.7, 0.7}, "B17d": {1, 0.7, 0.7}, "B17f": {1, 1, 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, want, confidences(t, name))
		})
	}
	t.Run("B18-percent", func(t *testing.T) {
		got := confidences(t, "B18-percent")["B18"]
		assert.GreaterOrEqual(t, got[0], 3.0)
		assert.InDelta(t, 0.875, got[1], 1e-9)
		assert.InDelta(t, 1, got[2], 0)
	})
}
