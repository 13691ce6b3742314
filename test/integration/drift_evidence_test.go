// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // the exporter compresses
	"google.golang.org/grpc/status"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// backend is a back end for logs over OTLP that refuses a request with anything in it that is not as
// the data model of OpenTelemetry has it.
type backend struct {
	plogotlp.UnimplementedGRPCServer
	address string

	mu      sync.Mutex
	down    bool
	refused []string
	records []plog.LogRecord
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &backend{address: listener.Addr().String()}
	server := grpc.NewServer()
	plogotlp.RegisterGRPCServer(server, b)
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() { server.Stop(); done.Wait() })
	return b
}

func (b *backend) Export(_ context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return plogotlp.NewExportResponse(), status.Error(codes.Unavailable, "down")
	}
	for _, rl := range request.Logs().ResourceLogs().All() {
		service, ok := rl.Resource().Attributes().Get(mlconv.AttrServiceName)
		if !ok || service.Str() == "" {
			return b.refuse("the resource has no service.name")
		}
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if fault := faultOf(lr); fault != "" {
					return b.refuse(fault)
				}
				kept := plog.NewLogRecord()
				lr.CopyTo(kept)
				b.records = append(b.records, kept)
			}
		}
	}
	return plogotlp.NewExportResponse(), nil
}

func (b *backend) refuse(fault string) (plogotlp.ExportResponse, error) {
	b.refused = append(b.refused, fault)
	return plogotlp.NewExportResponse(), status.Error(codes.InvalidArgument, fault)
}

// faultOf is what is not right about a record.
func faultOf(lr plog.LogRecord) string {
	switch {
	case lr.Timestamp() == 0 || lr.ObservedTimestamp() < lr.Timestamp():
		return "it was observed before it happened"
	case lr.ObservedTimestamp().AsTime().After(time.Now().Add(time.Minute)):
		return "it was observed in the future"
	case lr.SeverityNumber() < plog.SeverityNumberTrace || lr.SeverityText() == "":
		return "it has no severity"
	case lr.Body().Type() != pcommon.ValueTypeStr || lr.Body().Str() == "" || !utf8.ValidString(lr.Body().Str()):
		return "its body is no text"
	case lr.TraceID().IsEmpty() != lr.SpanID().IsEmpty():
		return "it has one of trace and span"
	}
	seen := map[string]bool{}
	for key, value := range lr.Attributes().All() {
		if key == "" || seen[key] || !utf8.ValidString(value.AsString()) || value.AsString() == "" {
			return fmt.Sprintf("attribute %q: %q", key, value.AsString())
		}
		seen[key] = true
	}
	return ""
}

func (b *backend) setDown(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// evidence returns the records of windows of the total's feature amount.
func (b *backend) evidence(t *testing.T) (out []plog.LogRecord) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(t, b.refused)
	for _, lr := range b.records {
		a := lr.Attributes()
		_, segment := a.Get(mlconv.AttrSegment)
		if lr.EventName() == mlconv.EventDriftEvidence && !segment && attribute(a, mlconv.AttrDriftSubject) == "feature" && attribute(a, mlconv.AttrFeatureName) == "amount" {
			out = append(out, lr)
		}
	}
	return out
}

func attribute(a pcommon.Map, name string) string {
	v, _ := a.Get(name)
	return v.AsString()
}

const evidenceConfig = `
extensions:
  ml_catalog: {directory: "${env:CATALOG}"}
  file_storage: {directory: "${env:STATE}", create_directory: true}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}
  ml_drift:
    window: 1h
    timestamps: event
    emit_interval: 200ms
    lateness: 1m
    season: none
    storage: file_storage
    save_interval: 200ms
    evidence: {per_window: 20}
processors:
  filter/evidence: {log_conditions: ['log.event_name != "ml.drift.evidence"']}
  filter/alerts: {log_conditions: ['log.event_name != "ml.alert"']}
exporters:
  nop: {}
  file: {path: "${env:OUT}", append: true, flush_interval: 50ms}
  otlp_grpc: {endpoint: "${env:BACKEND}", tls: {insecure: true}, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}
service:
  extensions: [ml_catalog, file_storage]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [nop]}
    logs/evidence: {receivers: [ml_drift], processors: [filter/evidence], exporters: [otlp_grpc]}
    logs/alerts: {receivers: [ml_drift], processors: [filter/alerts], exporters: [file]}
`

// A back end that knows nothing of exemplars gets a record of each window that shows a drift, with
// traces of predictions of that window that show it; once, though the collector is killed after the
// back end has taken them and while it is down.
func TestDriftsHaveEvidence(t *testing.T) {
	t.Parallel()
	s, b := newShop(3), newBackend(t)
	catalog, dir := s.catalog(t), t.TempDir()
	env := []string{"CATALOG=" + catalog, "STATE=" + dir + "/state", "OUT=" + dir + "/alerts.json", "BACKEND=" + b.address}
	hours := func(otlp *client, from, to int) {
		for hour := from; hour < to; hour++ {
			otlp.send(s.hour(start0.Add(time.Duration(hour)*time.Hour), hour >= 2))
		}
	}
	ends := func() (out []int) {
		for _, lr := range b.evidence(t) {
			out = append(out, int(lr.Timestamp().AsTime().Sub(start0)/time.Hour))
		}
		return out
	}

	c := start(t, evidenceConfig, env...)
	hours(dial(t, c.otlp), 0, 6)
	processtest.WaitFor(t, 30*time.Second, "evidence of two windows", func() bool { return len(ends()) >= 2 })
	savedAll(t, c)
	c.Kill()

	c = start(t, evidenceConfig, env...)
	b.setDown(true)
	hours(dial(t, c.otlp), 6, 8)
	processtest.WaitFor(t, 30*time.Second, "a back end that is down", func() bool {
		return c.telemetry(t, "otelcol_ml_drift_evidence", `outcome="failed"`) > 0
	})
	savedAll(t, c)
	c.Kill()

	b.setDown(false)
	c = start(t, evidenceConfig, env...)
	processtest.WaitFor(t, 30*time.Second, "what was found while it was down", func() bool { return slices.Contains(ends(), 7) })
	hours(dial(t, c.otlp), 8, 10)
	processtest.WaitFor(t, 30*time.Second, "what came later", func() bool { return slices.Contains(ends(), 9) })
	c.Stop()

	assert.Equal(t, []int{4, 5, 6, 7, 8, 9}, ends(), "each window once, from the second that drifts on")
	ids := map[string]bool{}
	for _, lr := range b.evidence(t) {
		a := lr.Attributes()
		ids[attribute(a, mlconv.AttrLogRecordUID)] = true
		assert.Equal(t, "shop", attribute(a, mlconv.AttrModelName))
		assert.Equal(t, "drift", attribute(a, mlconv.AttrDriftVerdict))
		score, _ := a.Get(mlconv.AttrDriftEffect)
		threshold, _ := a.Get(mlconv.AttrDriftThreshold)
		assert.Greater(t, score.Double(), threshold.Double())
		assert.NotEmpty(t, attribute(a, mlconv.AttrDriftRank))
		ids, _ := a.Get(mlconv.AttrDriftTraceIDs)
		require.Positive(t, ids.Slice().Len())
		assert.Equal(t, lr.TraceID().String(), ids.Slice().At(0).Str())
		x, ok := s.sales[lr.TraceID()]
		require.True(t, ok, "trace %s is none of ours", lr.TraceID())
		assert.InDelta(t, 450, x.amount, 60, "what has grown is 410 to 490: %s", lr.Body().Str())
	}
	assert.Len(t, ids, 6)
	require.NotEmpty(t, alerts(t, dir+"/alerts.json"), "alerts go their own way")
	t.Log(b.evidence(t)[0].Body().Str())
}
