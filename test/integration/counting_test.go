// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// start0 is the event time at which the tests' traffic begins: long ago, so that nothing depends on
// the wall clock.
var start0 = time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)

const summaryToFile = `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors: {ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}}
exporters: {file: {path: "${env:OUT}", flush_interval: 50ms}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics: {receivers: [ml_summary], exporters: [file]}
`

// Spans that come late, in any order, are counted in the minute in which they ended.
func TestLateSpansLandInTheirOwnMinute(t *testing.T) {
	out := filepath.Join(t.TempDir(), "metrics.json")
	c := start(t, summaryToFile, "OUT="+out)
	otlp := dial(t, c.otlp)
	requests := traffic.Spans(1, start0, time.Second, 1200, 0) // 20 minutes
	otlp.send(requests[3:]...)
	processtest.WaitFor(t, 20*time.Second, "the first flush", func() bool { return len(lines(t, out)) > 0 })
	otlp.send(requests[:3]...) // ten minutes late
	c.Stop()

	counts := points(t, out, "ml.summary.point", "service.name")["ml.prediction.count{ml.model.name=fraud,ml.model.version=7}"]
	require.Len(t, counts, 20)
	for i, p := range counts {
		assert.Equal(t, 60.0, p.value, "minute %d", i)
		assert.Equal(t, start0.Add(time.Duration(i)*time.Minute), p.start)
		assert.Equal(t, start0.Add(time.Duration(i+1)*time.Minute), p.end)
	}
}

// A trace exporter that refuses data makes the client send everything again; ml_summary counts it
// once.
func TestRefusingExporterDoesNotCountTwice(t *testing.T) {
	out := filepath.Join(t.TempDir(), "metrics.json")
	c := start(t, `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors: {ml_summary: {}}
exporters:
  file: {path: "${env:OUT}", flush_interval: 50ms}
  otlp_grpc: {endpoint: "${env:NOBODY}", tls: {insecure: true}, timeout: 2s, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp_grpc, ml_summary]}
    metrics: {receivers: [ml_summary], exporters: [file]}
`, "OUT="+out, "NOBODY="+processtest.FreeAddr(t))
	otlp := dial(t, c.otlp)
	for _, request := range traffic.Spans(2, start0, time.Second, 500, 0) {
		for range 3 {
			require.Error(t, otlp.export(request), "the exporter's error reaches the client")
		}
	}
	c.Stop()
	assert.Equal(t, 500.0, sum(points(t, out), "ml.prediction.count{"))
}
