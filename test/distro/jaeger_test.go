// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distro

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // what the exporter sends

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// jaeger counts the spans that it is sent by OTLP.
type jaeger struct {
	ptraceotlp.UnimplementedGRPCServer
	spans atomic.Int64
}

func (j *jaeger) Export(_ context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	j.spans.Add(int64(request.Traces().SpanCount()))
	return ptraceotlp.NewExportResponse(), nil
}

func startJaeger(t *testing.T, address string) *jaeger {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	j, server := &jaeger{}, grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, j)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return j
}

// withJaeger moves the ports of the example, makes it fast, and lets it try Jaeger often.
const withJaeger = `
extensions: {health_check: {endpoint: "${env:HEALTH}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}, ground_truth: {endpoint: "${env:LABELS}"}}
connectors:
  ml_summary: {flush_interval: 200ms, feature_flush_interval: 200ms}
  ml_drift: {emit_interval: 200ms}
exporters:
  otlp_grpc/jaeger:
    retry_on_failure: {initial_interval: 100ms, max_interval: 200ms}
    sending_queue: {queue_size: "${env:QUEUE}"}
  prometheus: {endpoint: "${env:SCRAPE}"}
`

func startWithJaeger(t *testing.T, queue int) (c instance, jaeger string) {
	t.Helper()
	catalog := t.TempDir()
	require.NoError(t, traffic.WriteCatalog(catalog, 1))
	jaeger = processtest.FreeAddr(t)
	c = instance{otlp: processtest.FreeAddr(t), scrape: processtest.FreeAddr(t), health: processtest.FreeAddr(t)}
	c.Collector = harness.StartCollector(t, harness.Options{
		Configs: []string{example, withJaeger},
		Env: []string{
			"OTELCOL_ML_CATALOG=" + catalog, "JAEGER_ENDPOINT=" + jaeger, "QUEUE=" + strconv.Itoa(queue),
			"OTLP=" + c.otlp, "OTLP_HTTP=" + processtest.FreeAddr(t), "LABELS=" + processtest.FreeAddr(t), "SCRAPE=" + c.scrape, "HEALTH=" + c.health,
		},
	})
	return c, jaeger
}

// counted waits until the page of metrics has n predictions, and scores of them.
func counted(t *testing.T, c instance, n int) {
	t.Helper()
	processtest.WaitFor(t, 30*time.Second, strconv.Itoa(n)+" predictions and their scores", func() bool {
		_, page := processtest.Get("http://" + c.scrape + "/metrics")
		count, scored := false, false
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "ml_prediction_count_total{") && strings.HasSuffix(line, " "+strconv.Itoa(n)+"\n") {
				count = true
			}
			scored = scored || strings.HasPrefix(line, "ml_drift_score{")
		}
		return count && scored
	})
}

// While Jaeger's port is closed the metrics move, spans wait, over a restart of nobody, and are
// delivered when it is back.
func TestJaegerDownStopsNothing(t *testing.T) {
	c, address := startWithJaeger(t, 1_000_000_000)
	const each = 10_000
	for i := range 3 {
		spans := traffic.Spans(uint64(i+2), time.Now().Add(-2*time.Minute), time.Millisecond, each, 0)
		require.NoError(t, traffic.Send(t.Context(), c.otlp, spans...), "senders are refused nothing")
		counted(t, c, (i+1)*each)
	}
	j := startJaeger(t, address)
	processtest.WaitFor(t, 30*time.Second, "the spans that waited", func() bool { return j.spans.Load() >= 3*each })
	c.Stop()
	assert.EqualValues(t, 3*each, j.spans.Load())
}

// A queue that is full stops nothing either: senders get an error, and what they send again is
// counted once.
func TestFullQueueStopsNoMetrics(t *testing.T) {
	c, _ := startWithJaeger(t, 50_000)
	const each = 2_000
	refused := 0
	for i := range 3 {
		spans := traffic.Spans(uint64(i+2), time.Now().Add(-2*time.Minute), time.Millisecond, each, 0)
		for _, request := range spans {
			for range 2 { // a sender that tries again
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				err := traffic.Send(ctx, c.otlp, request)
				cancel()
				if err == nil {
					break
				}
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				refused++
			}
		}
		counted(t, c, (i+1)*each)
	}
	assert.Positive(t, refused)
	c.Kill() // at its end it would wait for Jaeger
}
