// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// replay runs the rows of a CSV file into memory.
func replay(t *testing.T, content string, o Options) (tracetest.SpanStubs, Result) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	schema, err := table.Infer(t.Context(), []string{path}, o.Table)
	require.NoError(t, err)
	plan, err := NewPlan(schema, o)
	require.NoError(t, err)
	exporter := tracetest.NewInMemoryExporter()
	result, err := Run(t.Context(), []string{path}, plan, o, exporter)
	require.NoError(t, err)
	return exporter.GetSpans(), result
}

func TestRowsWithoutTimesGetThem(t *testing.T) {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var seen []string
	spans, result := replay(t, "x,name\n1,a\n2,b\n3,c\n4,d\n", Options{
		Options: baseline.Options{Skip: 1, Take: 2}, Model: "m",
		At: func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) },
		Observe: func(at time.Time, columns []string, row []table.Cell, id trace.TraceID) {
			assert.Equal(t, []string{"x", "name"}, columns)
			assert.True(t, id.IsValid())
			seen = append(seen, at.Format("15:04")+" "+row[1].Category())
		},
	})
	require.Len(t, spans, 2)
	assert.Equal(t, []string{"00:00 b", "01:00 c"}, seen)
	assert.Equal(t, Result{Delivered: 2, First: start, Last: start.Add(time.Hour)}, result)
	assert.Equal(t, start.Add(time.Hour), spans[1].EndTime)
}

func TestResolve(t *testing.T) {
	no := false
	for _, tt := range []struct {
		target   Target
		host     string
		insecure bool
		path     string
	}{
		{Target{Protocol: "grpc"}, "localhost:4317", true, ""},
		{Target{Protocol: "http"}, "localhost:4318", true, ""},
		{Target{Protocol: "grpc", Endpoint: "127.0.0.1:9"}, "127.0.0.1:9", true, ""},
		{Target{Protocol: "grpc", Endpoint: "collector.example.com:4317"}, "collector.example.com:4317", false, ""},
		{Target{Protocol: "grpc", Endpoint: "localhost:4317", Insecure: &no}, "localhost:4317", false, ""},
		{Target{Protocol: "http", Endpoint: "http://collector.example.com/otlp/"}, "collector.example.com:4318", true, "/otlp"},
		{Target{Protocol: "http", Endpoint: "https://localhost:1"}, "localhost:1", false, ""},
		{Target{Protocol: "grpc", Endpoint: "http://[::1]"}, "[::1]:4317", true, ""},
	} {
		host, insecure, path, err := tt.target.resolve()
		require.NoError(t, err)
		assert.Equal(t, tt.host, host)
		assert.Equal(t, tt.insecure, insecure, tt.target.Endpoint)
		assert.Equal(t, tt.path, path)
	}
}
