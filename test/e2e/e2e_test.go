// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/servertest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// patience is how long a server or a result may take on a busy machine.
const patience = 90 * time.Second

const example = "examples/jaeger-prometheus"

// override moves the example's ports and makes it fast; components and pipelines are the example's.
const override = `
extensions: {health_check: {endpoint: "${env:HEALTH}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}, ground_truth: {endpoint: "${env:LABELS}"}}
connectors:
  ml_summary: {flush_interval: 500ms, feature_flush_interval: 500ms}
  ml_drift: {emit_interval: 1s, idle: 1s, lateness: 1s, season: none}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
`

// The same run ends in both backends: Prometheus has the drift of the shifted feature and of no
// other, and an exemplar of its distribution leads to a trace in Jaeger whose span says who owns
// the model.
func TestDriftInPrometheusLeadsToTraceInJaeger(t *testing.T) {
	catalog := t.TempDir()
	require.NoError(t, traffic.WriteCatalog(catalog, 1))
	jaeger := startJaeger(t)
	otlp, scrape := processtest.FreeAddr(t), processtest.FreeAddr(t)
	prometheus := startPrometheus(t, scrape)
	collector := harness.StartCollector(t, harness.Options{
		Configs: []string{example + "/config.yaml", override},
		Env: []string{
			"OTELCOL_ML_CATALOG=" + catalog, "JAEGER_ENDPOINT=" + jaeger.otlp, "SCRAPE=" + scrape,
			"OTLP=" + otlp, "OTLP_HTTP=" + processtest.FreeAddr(t), "LABELS=" + processtest.FreeAddr(t), "HEALTH=" + processtest.FreeAddr(t),
		},
	})

	// Six hours up to now, shifted by one standard deviation: several of the example's one-hour
	// windows.
	const spans = 6000
	first := time.Now().Add(-6 * time.Hour)
	requests := traffic.Spans(2, first, 6*time.Hour/spans, spans, 1)
	require.NoError(t, traffic.Send(t.Context(), otlp, requests...))

	score := prometheus.wait(`max by (ml_feature_name, ml_drift_method) (ml_drift_score{ml_model_name="fraud",ml_feature_name="amount",ml_drift_method="ks"})`)
	// Two normal distributions one standard deviation apart have a KS distance of 0.383.
	assert.InDelta(t, 0.383, score, 0.08)
	assert.Less(t, prometheus.wait(`max(ml_drift_score{ml_feature_name="age",ml_drift_method="ks"})`), 0.12)
	assert.Equal(t, 1.0, prometheus.wait(`max(ml_drift_detected{ml_model_name="fraud",ml_model_version="7",ml_feature_name="amount"} == 1)`))
	assert.Equal(t, 0.0, prometheus.wait(`max(ml_drift_detected{ml_feature_name="age"})`))
	assert.Greater(t, prometheus.wait(`max(ml_drift_samples{ml_feature_name="amount"})`), 200.0)
	assert.Equal(t, float64(spans), prometheus.waitFor(`sum(ml_prediction_count_total{ml_model_name="fraud"})`, spans))
	assert.Equal(t, 1.0, prometheus.wait(`max(ALERTS{alertname="ModelDrift",alertstate="firing",ml_feature_name="amount"})`))

	trace := prometheus.exemplar(`ml_feature_value_bucket{ml_feature_name="amount"}`, first)
	span := jaeger.span(trace)
	sent := find(t, requests, trace)
	assert.Equal(t, sent.SpanID(), span.SpanID())
	owner, ok := span.Attributes().Get("ml.model.owner")
	require.True(t, ok, "ml_metadata has not added the owner")
	assert.Equal(t, traffic.Owner, owner.Str())
	framework, ok := span.Attributes().Get("ml.model.framework")
	require.True(t, ok)
	assert.Equal(t, "xgboost", framework.Str())
	sent.Attributes().Range(func(key string, want pcommon.Value) bool {
		got, ok := span.Attributes().Get(key)
		assert.True(t, ok, "%s is lost", key)
		assert.Equal(t, want.AsRaw(), got.AsRaw(), key)
		return true
	})
	collector.Stop()
}

// A server is a Prometheus or a Jaeger and the address of its API.
type server struct {
	t    *testing.T
	api  string
	otlp string
}

// startJaeger starts Jaeger on the example's config with other ports.
func startJaeger(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, api: "http://" + processtest.FreeAddr(t), otlp: processtest.FreeAddr(t)}
	ports := fmt.Sprintf(`
extensions: {jaeger_query: {grpc: {endpoint: %q}, http: {endpoint: %q}}}
receivers: {otlp: {protocols: {grpc: {endpoint: %q}}}}
`, processtest.FreeAddr(t), strings.TrimPrefix(s.api, "http://"), s.otlp)
	processtest.Start(t, t.TempDir(), nil, servertest.Tool(t, "jaeger"), harness.ConfigArgs(t, example+"/jaeger.yaml", ports)...)
	s.ready("/api/v3/services")
	return s
}

// startPrometheus starts Prometheus on the example's config and rules, with one target and every
// second.
func startPrometheus(t *testing.T, target string) *server {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(processtest.RepoRoot(t), example))))
	file := filepath.Join(dir, "prometheus.yml")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	changed := strings.NewReplacer("localhost:8889", target, ": 15s", ": 1s").Replace(string(content))
	require.Contains(t, changed, target)
	require.Contains(t, changed, "scrape_interval: 1s")
	require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
	s := &server{t: t, api: "http://" + processtest.FreeAddr(t)}
	processtest.Start(
		t, dir, nil, servertest.Tool(t, "prometheus"),
		"--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--enable-feature=exemplar-storage",
		"--web.listen-address="+strings.TrimPrefix(s.api, "http://"),
	)
	s.ready("/-/ready")
	return s
}

func (s *server) ready(path string) {
	s.t.Helper()
	processtest.WaitFor(s.t, patience, s.api+path, func() bool {
		status, _ := processtest.Get(s.api + path)
		return status == http.StatusOK
	})
}

// query returns the value of a PromQL query that has a single result.
func (s *server) query(promQL string) (value float64, ok bool) {
	s.t.Helper()
	status, body := processtest.Get(s.api + "/api/v1/query?query=" + url.QueryEscape(promQL))
	require.Equal(s.t, http.StatusOK, status, body)
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any
			}
		}
	}
	require.NoError(s.t, json.Unmarshal([]byte(body), &answer))
	if len(answer.Data.Result) != 1 {
		return 0, false
	}
	_, err := fmt.Sscan(fmt.Sprint(answer.Data.Result[0].Value[1]), &value)
	require.NoError(s.t, err)
	return value, true
}

// wait waits until the query has a result.
func (s *server) wait(promQL string) (value float64) {
	s.t.Helper()
	processtest.WaitFor(s.t, patience, promQL, func() (ok bool) {
		value, ok = s.query(promQL)
		return ok
	})
	return value
}

// waitFor waits until the query's result is at least least, and returns it.
func (s *server) waitFor(promQL string, least float64) (value float64) {
	s.t.Helper()
	processtest.WaitFor(s.t, patience, fmt.Sprintf("%s >= %v", promQL, least), func() bool {
		var ok bool
		value, ok = s.query(promQL)
		return ok && value >= least
	})
	return value
}

// exemplar waits for an exemplar of a series and returns its trace id.
func (s *server) exemplar(selector string, since time.Time) (traceID string) {
	s.t.Helper()
	processtest.WaitFor(s.t, patience, "an exemplar of "+selector, func() bool {
		status, body := processtest.Get(fmt.Sprintf(
			"%s/api/v1/query_exemplars?query=%s&start=%d&end=%d",
			s.api, url.QueryEscape(selector), since.Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix(),
		))
		require.Equal(s.t, http.StatusOK, status, body)
		var answer struct {
			Data []struct {
				Exemplars []struct{ Labels map[string]string }
			}
		}
		require.NoError(s.t, json.Unmarshal([]byte(body), &answer))
		for _, series := range answer.Data {
			for _, exemplar := range series.Exemplars {
				if id := exemplar.Labels["trace_id"]; id != "" {
					traceID = id
					return true
				}
			}
		}
		return false
	})
	return traceID
}

// span asks Jaeger's query API for a trace, which must have one span.
func (s *server) span(traceID string) ptrace.Span {
	s.t.Helper()
	var body string
	processtest.WaitFor(s.t, patience, "trace "+traceID, func() bool {
		var status int
		status, body = processtest.Get(s.api + "/api/v3/traces/" + traceID)
		return status == http.StatusOK
	})
	var answer struct{ Result json.RawMessage }
	require.NoError(s.t, json.Unmarshal([]byte(body), &answer))
	traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(answer.Result)
	require.NoError(s.t, err)
	require.Equal(s.t, 1, traces.SpanCount())
	return traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
}

// find returns the span of a trace among those sent.
func find(t *testing.T, requests []ptrace.Traces, traceID string) ptrace.Span {
	t.Helper()
	for _, request := range requests {
		spans := request.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for _, span := range spans.All() {
			if span.TraceID().String() == traceID {
				return span
			}
		}
	}
	require.Fail(t, "the trace was not sent", traceID)
	return ptrace.NewSpan()
}
