// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/servertest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// acting is a collector that acts on alerts at once, with nothing but its waits shortened.
const acting = `
extensions:
  file_storage: {directory: "${env:STATE}"}
  bearertokenauth/kubernetes: {filename: "${env:ACCOUNT_TOKEN}"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}
exporters:
  otlp_grpc/jaeger: {endpoint: "${env:JAEGER}", tls: {insecure: true}, sending_queue: {batch: {flush_timeout: 100ms}}}
  alertmanager: {endpoints: ["${env:ALERTMANAGER}"], resend_interval: 1s, lease: 30s}
  ml_action:
    mode: enforce
    storage: file_storage
    guards: {sustained: 0s, warm_up: 0s}
    resolve_after: 1s
    evidence: {directory: "${env:STATE}/evidence"}
    trace_url: "${env:JAEGER_API}/trace/{trace_id}"
    actions:
      rollback:
        preset: argo_rollouts_undo
        endpoint: "${env:KUBERNETES}"
        tls: {ca_file: "${env:CA}"}
        auth: {authenticator: bearertokenauth/kubernetes}
        with: {namespace: models}
        matchers: ['alertname="SLOBreach"']
      incident:
        preset: gitea_issue
        endpoint: "${env:GITEA}"
        with: {owner: ml, repository: incidents}
        secrets: {token: "${env:GITEA_TOKEN}"}
        matchers: ['alertname="SLOBreach"']
service:
  extensions: [file_storage, bearertokenauth/kubernetes]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_action, otlp_grpc/jaeger]}
    logs/alerts: {receivers: [otlp], exporters: [ml_action, alertmanager]}
`

// Version 7 of fraud is worse than 6 and an alert fires: the Rollout goes back to 6, there is one
// issue with the trace that the alert names, Alertmanager shows the alert; when it is over, the
// issue is closed. The collector is killed in between, which changes nothing.
func TestAlertRollsBackAndOpensAnIssue(t *testing.T) {
	jaeger, alertmanager, gitea := startJaeger(t), startAlertmanager(t), servertest.StartGitea(t, "")
	kubernetes := servertest.StartKubernetes(t)
	kubernetes.StartRollouts()
	kubernetes.Allow()
	kubernetes.CreateRollout(traffic.Model, "6", "strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}")
	kubernetes.SetVersion(traffic.Model, traffic.Version)
	kubernetes.WaitRollout(traffic.Model, "Paused", traffic.Version)
	kubernetes.Promote(traffic.Model)
	kubernetes.WaitRollout(traffic.Model, "Healthy", traffic.Version)

	dir, otlp := t.TempDir(), processtest.FreeAddr(t)
	options := harness.Options{
		Configs: []string{acting},
		Env: []string{
			"STATE=" + dir, "OTLP=" + otlp, "JAEGER=" + jaeger.otlp, "JAEGER_API=" + jaeger.api, "ALERTMANAGER=http://" + alertmanager,
			"KUBERNETES=" + kubernetes.URL, "CA=" + kubernetes.CAFile, "ACCOUNT_TOKEN=" + kubernetes.TokenFile, "GITEA=" + gitea.URL, "GITEA_TOKEN=" + gitea.Token,
		},
	}
	collector := harness.StartCollector(t, options)

	now := time.Now()
	require.NoError(t, traffic.Send(t.Context(), otlp, served("6", now.Add(-3*time.Hour), time.Hour)...))
	bad := served(traffic.Version, now.Add(-50*time.Minute), 40*time.Minute)
	require.NoError(t, traffic.Send(t.Context(), otlp, bad...))
	span := bad[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	breach := breachOf(span, now.Add(-40*time.Minute))
	sendAlert(t, otlp, breach)
	processtest.WaitFor(t, patience, "the issue", func() bool { return len(gitea.Issues()) > 0 })
	jaeger.span(span.TraceID().String()) // the queue of Jaeger's exporter is in memory: what waits there, a kill would take
	collector.Kill()
	collector = harness.StartCollector(t, options)
	sendAlert(t, otlp, breach)

	kubernetes.WaitRollout(traffic.Model, "Healthy", "6")
	processtest.WaitFor(t, patience, "the attachment", func() bool { return len(gitea.Issues()[0].Assets) > 0 })
	issue := gitea.Issues()[0]
	assert.Contains(t, issue.Title, "fraud 7 calls 3.1 %")
	assert.Contains(t, issue.Body, jaeger.api+"/trace/"+span.TraceID().String())
	assert.Contains(t, issue.Body, "predict", "the waterfall")
	assert.True(t, attached(t, gitea, issue, span), "the alert's span is attached")
	assert.Equal(t, span.TraceID(), jaeger.span(span.TraceID().String()).TraceID())
	status, body := processtest.Get("http://" + alertmanager + "/api/v2/alerts?active=true")
	require.Equal(t, http.StatusOK, status, body)
	var shown []postedAlert
	require.NoError(t, json.Unmarshal([]byte(body), &shown))
	require.Len(t, shown, 1)
	assert.Equal(t, breach.Fingerprint(), shown[0].Fingerprint)

	require.NoError(t, traffic.Send(t.Context(), otlp, served("6", now.Add(-time.Minute), time.Minute)...))
	breach.State, breach.EndsAt = alert.Resolved, time.Now()
	sendAlert(t, otlp, breach)
	processtest.WaitFor(t, patience, "the issue to be closed", func() bool { return gitea.Issues()[0].State == "closed" })
	assert.Len(t, gitea.Issues(), 1)
	assert.Contains(t, strings.Join(gitea.Comments(issue.Number), "\n"), "rollback", "it says what was done")
	assert.Equal(t, "6", kubernetes.Stable(traffic.Model))
	assert.NotContains(t, collector.Log(), kubernetes.Token)
	assert.NotContains(t, collector.Log(), gitea.Token)
	collector.Stop()
}

// incidents is a collector that opens incidents alone, and has no spans but those of Jaeger.
const incidents = `
extensions:
  file_storage: {directory: "${env:STATE}"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}
exporters:
  ml_action:
    mode: enforce
    storage: file_storage
    evidence: {directory: "${env:STATE}/evidence", jaeger: {endpoint: "${env:JAEGER_API}"}}
    actions:
      incident:
        preset: gitea_issue
        endpoint: "${env:GITEA}"
        with: {owner: ml, repository: incidents}
        secrets: {token: "${env:GITEA_TOKEN}"}
        matchers: ['alertname="SLOBreach"']
service:
  extensions: [file_storage]
  pipelines:
    logs/alerts: {receivers: [otlp], exporters: [ml_action]}
`

// A collector that has not seen the spans attaches those that Jaeger has.
func TestTraceOfJaegerIsAttached(t *testing.T) {
	jaeger, gitea, otlp := startJaeger(t), servertest.StartGitea(t, ""), processtest.FreeAddr(t)
	now := time.Now()
	bad := served(traffic.Version, now.Add(-40*time.Minute), 30*time.Minute)
	require.NoError(t, traffic.Send(t.Context(), jaeger.otlp, bad...))
	span := bad[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	jaeger.span(span.TraceID().String())
	collector := harness.StartCollector(t, harness.Options{
		Configs: []string{incidents},
		Env: []string{
			"STATE=" + t.TempDir(), "OTLP=" + otlp, "JAEGER_API=" + jaeger.api, "GITEA=" + gitea.URL, "GITEA_TOKEN=" + gitea.Token,
		},
	})
	sendAlert(t, otlp, breachOf(span, now.Add(-30*time.Minute)))
	processtest.WaitFor(t, patience, "the attachment", func() bool {
		issues := gitea.Issues()
		return len(issues) > 0 && len(issues[0].Assets) > 0
	})
	issue := gitea.Issues()[0]
	assert.Contains(t, issue.Body, "predict", "the waterfall")
	assert.True(t, attached(t, gitea, issue, span), "the alert's span is attached")
	collector.Stop()
}

// breachOf is an alert whose evidence is a span.
func breachOf(span ptrace.Span, since time.Time) alert.Alert {
	return alert.Alert{
		Name: "SLOBreach", Severity: alert.Critical, State: alert.Firing, Summary: "fraud 7 calls 3.1 % of good payments fraud, 1 % is promised",
		Labels:   map[string]string{"ml_model_name": traffic.Model, "ml_model_version": traffic.Version, "slo_name": "false-positives"},
		StartsAt: since, TraceID: span.TraceID(), SpanID: span.SpanID(),
	}
}

// attached reports whether a span is in the first attachment of an issue.
func attached(t *testing.T, gitea *servertest.Gitea, issue servertest.GiteaIssue, span ptrace.Span) bool {
	t.Helper()
	for _, rs := range unzipped(t, gitea.Download(issue.Assets[0].URL)).ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				if s.TraceID() == span.TraceID() && s.SpanID() == span.SpanID() {
					return true
				}
			}
		}
	}
	return false
}

// served are spans of a version of the model, the first ending at from.
func served(version string, from time.Time, during time.Duration) []ptrace.Traces {
	const spans = 100
	requests := traffic.Spans(uint64(from.UnixNano()), from, during/spans, spans, 0)
	for _, request := range requests {
		for _, span := range request.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			span.Attributes().PutStr("ml.model.version", version)
		}
	}
	return requests
}

// sendAlert sends an alert as a log record over OTLP.
func sendAlert(t *testing.T, address string, a alert.Alert) {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	logs := plog.NewLogs()
	record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	a.Encode(record)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	response, err := plogotlp.NewGRPCClient(connection).Export(ctx, plogotlp.NewExportRequestFromLogs(logs))
	require.NoError(t, err)
	require.Zero(t, response.PartialSuccess().RejectedLogRecords(), response.PartialSuccess().ErrorMessage())
}

// unzipped reads OTLP JSON that is compressed with gzip.
func unzipped(t *testing.T, content []byte) ptrace.Traces {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(content))
	require.NoError(t, err)
	content, err = io.ReadAll(reader)
	require.NoError(t, err)
	traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(content)
	require.NoError(t, err, "%.200s", content)
	return traces
}
