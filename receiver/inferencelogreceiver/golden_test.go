// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// capture is the folder that the file in testdata has in SageMaker's bucket, and its name.
const captureFile = "demo-endpoint/AllTraffic/2022/04/18/00/21-48-000-capture.jsonl"

// TestFixturesAreTheSharedOnes: what is tested here is what was transcribed from the loggers' own
// documentation.
func TestFixturesAreTheSharedOnes(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "spans", "transcribed")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("../shared is not there: the copies in testdata are tested")
	}
	for copied, original := range map[string]string{
		"testdata/kserve/events.json":       "kserve-logger-cloudevents.json",
		"testdata/sagemaker/" + captureFile: "sagemaker-datacapture.jsonl",
	} {
		want, err := os.ReadFile(filepath.Join(dir, original))
		require.NoError(t, err)
		got, err := os.ReadFile(copied)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got))
	}
}

// check compares with the golden file; UPDATE_GOLDEN=1 writes it.
func checkGolden(t *testing.T, path string, got ptrace.Traces) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, golden.WriteTraces(t, path, got))
	}
	want, err := golden.ReadTraces(path)
	require.NoError(t, err)
	require.NoError(t, ptracetest.CompareTraces(want, got))
	for i, rs := range want.ResourceSpans().All() { // CompareTraces does not look at ids
		for j, span := range rs.ScopeSpans().At(0).Spans().All() {
			other := got.ResourceSpans().At(i).ScopeSpans().At(0).Spans().At(j)
			assert.Equal(t, span.TraceID(), other.TraceID())
			assert.Equal(t, span.SpanID(), other.SpanID())
		}
	}
}

func TestGoldenKServe(t *testing.T) {
	data, err := os.ReadFile("testdata/kserve/events.json")
	require.NoError(t, err)
	var events []message
	require.NoError(t, json.Unmarshal(data, &events))
	next := &sink{}
	r := offline(t, config(), next, nil)
	for _, e := range events {
		require.Equal(t, http.StatusOK, r.post(t, e).Code)
	}
	require.NoError(t, r.Shutdown(t.Context()))
	require.Len(t, next.AllTraces(), 1)
	checkGolden(t, "testdata/kserve/spans.yaml", next.AllTraces()[0])
}

func TestGoldenSageMaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &sink{}
		r := offline(t, config(func(c *Config) {
			c.SageMaker.Include = []string{"testdata/sagemaker/*/*/*/*/*/*/*.jsonl"}
			c.SageMaker.StartAt = "beginning"
		}), next, nil)
		time.Sleep(5 * time.Second)
		require.NoError(t, r.Shutdown(t.Context()))
		require.Len(t, next.AllTraces(), 1)
		checkGolden(t, "testdata/sagemaker/spans.yaml", next.AllTraces()[0])
	})
}
