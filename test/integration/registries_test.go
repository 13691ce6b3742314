// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/test/harness"
)

const fromRegistries = `
extensions:
  file_storage: {directory: "${env:STORAGE}", create_directory: true}
  ml_catalog:
    storage: file_storage
    sources:
      mlflow: [{endpoint: "${env:MLFLOW}", interval: 1s, stale_after: 2s, environment: production, headers: {authorization: "Bearer secret"}}]
      feast: [{endpoint: "${env:FEAST}", project: payments, interval: 1s, stale_after: 2s}]
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
processors: {ml_metadata: {}}
exporters: {file: {path: "${env:OUT}", flush_interval: 10ms}}
service:
  extensions: [file_storage, ml_catalog]
  pipelines: {traces: {receivers: [otlp], processors: [ml_metadata], exporters: [file]}}
`

// registries stands in for an MLflow tracking server and a Feast registry; answers is by path, and a registry that is down has none.
type registries struct {
	mu      sync.Mutex // guards answers, denied
	answers map[string]any
	denied  int
}

func (r *registries) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	answer, ok := r.answers[request.URL.Path]
	switch {
	case !ok:
		w.WriteHeader(http.StatusServiceUnavailable)
	case request.URL.Path[:8] == "/api/2.0" && request.Header.Get("Authorization") != "Bearer secret":
		r.denied++
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func (r *registries) set(answers map[string]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = answers
}

type object = map[string]any

// described is what both registries say of the model fraud, with the versions given, the newest of which is the champion.
func described(materialized time.Time, versions ...string) map[string]any {
	var list []object
	for i, v := range versions {
		list = append([]object{{"name": "fraud", "version": v, "creation_timestamp": 1793491200000 + i, "status": "READY", "run_id": "run" + v}}, list...)
	}
	return map[string]any{
		"/api/2.0/mlflow/registered-models/search": object{"registered_models": []object{{
			"name": "fraud", "description": "Scores card payments.",
			"tags":    []object{{"key": "ml.owner", "value": "risk-ml@example.com"}, {"key": "ml.feature_views", "value": "payments_1d"}},
			"aliases": []object{{"alias": "champion", "version": versions[len(versions)-1]}},
		}}},
		"/api/2.0/mlflow/model-versions/search": object{"model_versions": list},
		"/api/2.0/mlflow/runs/get": object{"run": object{
			"info": object{"run_id": "run", "status": "FINISHED", "end_time": 1793491200000},
			"data": object{"params": []object{{"key": "max_depth", "value": "6"}}, "metrics": []object{{"key": "val_auc", "value": 0.91, "timestamp": 1, "step": 0}}},
		}},
		"/api/v1/feature_views": object{
			"featureViews": []object{{
				"type": "featureView", "spec": object{"name": "payments_1d", "project": "payments", "features": []object{{"name": "amount"}}},
				"meta": object{"currentVersionNumber": 3, "materializationIntervals": []object{{"endTime": materialized.Format(time.RFC3339)}}},
			}},
			"pagination": object{"page": 1, "limit": 100, "totalPages": 1, "hasNext": false},
		},
		"/api/v1/entities":         object{"entities": []object{}, "pagination": object{}},
		"/api/v1/feature_services": object{"featureServices": []object{}, "pagination": object{}},
	}
}

// A model that only registries know needs no card: its spans have owner, alias, training and age of features. While the registries are
// down they keep that, over a restart too, and say that it is old; a new version is known soon after it is there.
func TestModelsOfRegistriesNeedNoCard(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	both := &registries{answers: described(now.Add(-2*time.Hour), "6", "7")}
	server := httptest.NewServer(both)
	defer server.Close()
	dir, otlp := t.TempDir(), harness.FreeAddr(t)
	options := func(out string) harness.Options {
		return harness.Options{Configs: []string{fromRegistries}, Env: []string{
			"OTLP=" + otlp, "MLFLOW=" + server.URL, "FEAST=" + server.URL, "STORAGE=" + filepath.Join(dir, "storage"), "OUT=" + filepath.Join(dir, out),
		}}
	}
	c := harness.StartCollector(t, options("1.json"))
	client := dial(t, otlp)
	// latest sends a prediction of a version and returns what came out of the last one of that version.
	latest := func(out, version string) map[string]any {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("deployment.environment.name", "production")
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(now))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		for key, value := range map[string]string{"ml.model.name": "fraud", "ml.model.version": version, "ml.prediction.class": "ok"} {
			span.Attributes().PutStr(key, value)
		}
		client.send(td)
		var attrs map[string]any
		for _, traces := range readTraces(t, filepath.Join(dir, out)) {
			s := traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
			if v, _ := s.Attributes().Get("ml.model.version"); v.Str() == version {
				attrs = s.Attributes().AsRaw()
			}
		}
		return attrs
	}
	facts := map[string]any{
		"ml.model.name": "fraud", "ml.model.version": "7", "ml.prediction.class": "ok",
		"ml.model.owner": "risk-ml@example.com", "ml.model.aliases": []any{"champion"},
		"ml.model.age":                      now.Sub(time.UnixMilli(1793491200000)).Seconds(),
		"ml.model.training.param.max_depth": "6", "ml.model.training.metric.val_auc": 0.91,
		"ml.feature_view.name": "payments_1d", "ml.feature_view.version": "3", "ml.feature_view.age": 7200.0,
	}
	is := func(out, version string, want map[string]any) {
		t.Helper()
		got := latest(out, version)
		for deadline := time.Now().Add(30 * time.Second); !assert.ObjectsAreEqual(want, got) && time.Now().Before(deadline); got = latest(out, version) {
			time.Sleep(25 * time.Millisecond)
		}
		require.Equal(t, want, got)
	}
	is("1.json", "7", facts)

	both.set(nil)
	stale := maps.Clone(facts)
	stale["ml.catalog.stale"] = true
	is("1.json", "7", stale)
	c.Stop()
	c = harness.StartCollector(t, options("2.json"))
	is("2.json", "7", stale)

	both.set(described(now.Add(-2*time.Hour), "6", "7", "8"))
	facts["ml.model.version"] = "8"
	is("2.json", "8", facts)
	c.Stop()
	require.Zero(t, both.denied)
}
