// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

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
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/dialect"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// shared is the folder of inputs that came out wrong once. They are not part of the repository.
const shared = "../../../shared/data/cases"

// caseRequests returns the requests of a shared input, as ml_normalize passes them on.
func caseRequests(t *testing.T, name string) (requests []ptrace.Traces) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(shared, name+".json"))
	if os.IsNotExist(err) {
		t.Skipf("%s is absent", shared)
	}
	require.NoError(t, err)
	list := []json.RawMessage{data}
	if data[0] == '[' {
		list = nil
		require.NoError(t, json.Unmarshal(data, &list))
	}
	engine, err := dialect.New(dialect.Options{})
	require.NoError(t, err)
	for _, one := range list {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(one)
		require.NoError(t, err)
		engine.Traces(td, nil, func(*dialect.Stats) {})
		requests = append(requests, td)
	}
	return requests
}

// counted returns the points of a request after another as "metric model version service error = count (sum)", without classes.
func counted(t *testing.T, requests ...ptrace.Traces) (lines []string) {
	t.Helper()
	next := &link{}
	c := remembering(t, createDefaultConfig().(*Config), next, nil)
	for _, td := range requests {
		require.NoError(t, c.ConsumeTraces(t.Context(), td))
	}
	require.NoError(t, c.Shutdown(context.Background()))
	sums := make(map[string]uint64)
	for _, md := range next.AllMetrics() {
		eachPoint(md.ResourceMetrics().At(0), func(p point) {
			get := func(key string) string {
				v, _ := p.attrs.Get(key)
				return v.Str()
			}
			switch p.metric {
			case mlconv.MetricPredictionCount:
				line := fmt.Sprintf("%s %s", get(mlconv.AttrModelName), get(mlconv.AttrModelVersion))
				if failed := get("error.type"); failed != "" {
					line += " " + failed
				}
				sums[line] += p.count
			case mlconv.MetricTokenUsage:
				sums[get(mlconv.AttrModelName)+" "+get("gen_ai.token.type")] += uint64(p.hist.Sum())
			}
		})
	}
	for line, n := range sums {
		lines = append(lines, fmt.Sprintf("%s: %d", line, n))
	}
	slices.Sort(lines)
	return lines
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
			assert.Equal(t, want, counted(t, caseRequests(t, name)...))
		})
	}
}

// confidences returns count, least and greatest confidence by model.
func confidences(t *testing.T, requests ...ptrace.Traces) map[string][3]float64 {
	t.Helper()
	next := &link{}
	c := remembering(t, createDefaultConfig().(*Config), next, nil)
	for _, td := range requests {
		require.NoError(t, c.ConsumeTraces(t.Context(), td))
	}
	require.NoError(t, c.Shutdown(context.Background()))
	out := make(map[string][3]float64)
	for _, md := range next.AllMetrics() {
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
			assert.Equal(t, want, confidences(t, caseRequests(t, name)...))
		})
	}
	t.Run("B18-percent", func(t *testing.T) {
		got := confidences(t, caseRequests(t, "B18-percent")...)["B18"]
		assert.GreaterOrEqual(t, got[0], 3.0)
		assert.InDelta(t, 0.875, got[1], 1e-9)
		assert.InDelta(t, 1, got[2], 0)
	})
}
