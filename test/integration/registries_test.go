// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
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

// registries stands in for an MLflow tracking server and a Feast registry; answers is by path, and
// a registry that is down has none.
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

// described is what both registries say of the model fraud, with the versions given, the newest of
// which is the champion.
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

// A model that only registries know needs no card: its spans have owner, alias, training and age of
// features. While the registries are down they keep that, over a restart too, and say that it is
// old; a new version is known soon after it is there.
func TestModelsOfRegistriesNeedNoCard(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	both := &registries{answers: described(now.Add(-2*time.Hour), "6", "7")}
	server := httptest.NewServer(both)
	defer server.Close()
	dir, otlp := t.TempDir(), processtest.FreeAddr(t)
	options := func(out string) harness.Options {
		return harness.Options{Configs: []string{fromRegistries}, Env: []string{
			"OTLP=" + otlp, "MLFLOW=" + server.URL, "FEAST=" + server.URL, "STORAGE=" + filepath.Join(dir, "storage"), "OUT=" + filepath.Join(dir, out),
		}}
	}
	c := harness.StartCollector(t, options("1.json"))
	client := dial(t, otlp)
	// latest sends a prediction of a version and returns what came out of the last one of that
	// version.
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

const registriesAndCards = `
extensions:
  ml_catalog:
    directory: "${env:CATALOG}"
    sources:
      mlflow: [{endpoint: "http://${env:MLFLOW}", interval: 1s, stale_after: 2s, timeout: 2s, environment: production, headers: {authorization: "Bearer secret"}}]
      feast: [{endpoint: "http://${env:FEAST}", project: payments, interval: 1s, stale_after: 2s, timeout: 2s}]
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
processors: {ml_metadata: {}}
exporters: {file: {path: "${env:OUT}", flush_interval: 10ms}}
service:
  extensions: [ml_catalog]
  pipelines: {traces: {receivers: [otlp], processors: [ml_metadata], exporters: [file]}}
`

// A metadataCollector puts facts on predictions of the model fraud.
type metadataCollector struct {
	*collector
	t   *testing.T
	out string
	at  time.Time // of all predictions
}

func startMetadata(t *testing.T, cards, mlflow, feast string) *metadataCollector {
	t.Helper()
	catalog := t.TempDir()
	if cards != "" {
		require.NoError(t, os.WriteFile(filepath.Join(catalog, "fraud.yaml"), []byte(cards), 0o600))
	}
	m := &metadataCollector{t: t, out: filepath.Join(t.TempDir(), "out.json"), at: time.Now().Truncate(time.Second)}
	m.collector = start(t, registriesAndCards, "CATALOG="+catalog, "OUT="+m.out, "MLFLOW="+mlflow, "FEAST="+feast)
	return m
}

// prediction sends a prediction of a version and returns what has come out of it so far, or of one
// before it.
func (m *metadataCollector) prediction(client *client, version string) map[string]any {
	m.t.Helper()
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("deployment.environment.name", "production")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(m.at))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(m.at))
	require.NoError(m.t, span.Attributes().FromRaw(map[string]any{"ml.model.name": "fraud", "ml.model.version": version, "ml.prediction.class": "ok"}))
	client.send(td)
	var latest map[string]any
	for _, traces := range readTraces(m.t, m.out) {
		eachSpan(traces, func(s ptrace.Span) {
			if v, _ := s.Attributes().Get("ml.model.version"); v.Str() == version {
				latest = s.Attributes().AsRaw()
			}
		})
	}
	return latest
}

// has waits until the predictions of a version come out with exactly these attributes.
func (m *metadataCollector) has(client *client, version, what string, want map[string]any) {
	m.t.Helper()
	var got map[string]any
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(25 * time.Millisecond) {
		if got = m.prediction(client, version); assert.ObjectsAreEqual(want, got) || time.Now().After(deadline) {
			break
		}
	}
	require.Equal(m.t, want, got, what)
}

// serveOn answers on an address until the test is over.
func serveOn(t *testing.T, addr string, handler http.Handler) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addr)
	require.NoError(t, err)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// only are the answers whose paths have the prefix.
func only(answers map[string]any, prefix string) map[string]any {
	answers = maps.Clone(answers)
	maps.DeleteFunc(answers, func(path string, _ any) bool { return !strings.HasPrefix(path, prefix) })
	return answers
}

const mlflowPaths, feastPaths = "/api/2.0/", "/api/v1/"

// Registries that are not there, or do not answer, keep no collector from starting and no span from
// passing. Each one's facts come when it is there; when one goes, what it said stays and is marked,
// and what the other says stays fresh.
func TestEachRegistryComesAndGoesByItself(t *testing.T) {
	mlflow, feast := processtest.FreeAddr(t), processtest.FreeAddr(t)
	hanging, release := context.WithCancel(t.Context())
	defer release()
	views := &registries{}
	serveOn(t, feast, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select { // accepts, and says nothing
		case <-hanging.Done():
			views.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	began := time.Now()
	m := startMetadata(t, "", mlflow, feast)
	assert.Less(t, time.Since(began), 20*time.Second)
	client := dial(t, m.otlp)
	bare := map[string]any{"ml.model.name": "fraud", "ml.model.version": "7", "ml.prediction.class": "ok"}
	m.has(client, "7", "a span of a model that nobody knows passes as it is", bare)

	answers := described(m.at.Add(-2*time.Hour), "6", "7")
	models := &registries{answers: only(answers, mlflowPaths)}
	serveOn(t, mlflow, models)
	known := maps.Clone(bare)
	maps.Copy(known, map[string]any{
		"ml.model.owner": "risk-ml@example.com", "ml.model.aliases": []any{"champion"}, "ml.model.age": m.at.Sub(time.UnixMilli(1793491200000)).Seconds(),
		"ml.model.training.param.max_depth": "6", "ml.model.training.metric.val_auc": 0.91,
	})
	m.has(client, "7", "MLflow has come; it names a feature view that nobody knows", known)

	views.set(only(answers, feastPaths))
	release()
	both := maps.Clone(known)
	maps.Copy(both, map[string]any{"ml.feature_view.name": "payments_1d", "ml.feature_view.version": "3", "ml.feature_view.age": 7200.0})
	m.has(client, "7", "Feast answers", both)

	models.set(nil)
	stale := maps.Clone(both)
	stale["ml.catalog.stale"] = true
	m.has(client, "7", "MLflow is down", stale)
	newer := described(m.at.Add(-time.Hour), "6", "7")
	views.set(only(newer, feastPaths))
	stale["ml.feature_view.age"] = 3600.0
	m.has(client, "7", "Feast is not, and has new features", stale)

	models.set(only(described(m.at, "6", "7", "8"), mlflowPaths))
	back := maps.Clone(both)
	back["ml.feature_view.age"] = 3600.0
	delete(back, "ml.model.aliases")
	m.has(client, "7", "MLflow is back, version 7 is the champion no more", back)
	back["ml.model.aliases"], back["ml.model.version"] = []any{"champion"}, "8"
	m.has(client, "8", "a version that is new", back)
	m.Stop()
	assert.Zero(t, models.denied)
}

// A card and a registry that know the same model: the card counts, field by field, and the registry
// gives what it does not say.
func TestCardsComeBeforeRegistries(t *testing.T) {
	addr := processtest.FreeAddr(t)
	both := &registries{}
	serveOn(t, addr, both)
	m := startMetadata(t, `kind: model
name: fraud
environment: production
owner: fraud-team@example.com
versions:
  - {version: "7", trained_at: 2026-01-01T00:00:00Z, attributes: {ml.model.framework: xgboost, ml.model.training.param.max_depth: "8"}}
  - {version: "6", aliases: [champion]}
`, addr, addr)
	both.set(described(m.at.Add(-2*time.Hour), "6", "7", "8"))
	client := dial(t, m.otlp)
	of := func(version string, more map[string]any) map[string]any {
		attributes := map[string]any{
			"ml.model.name": "fraud", "ml.model.version": version, "ml.prediction.class": "ok", "ml.model.owner": "fraud-team@example.com",
			"ml.model.training.param.max_depth": "6", "ml.model.training.metric.val_auc": 0.91, "ml.model.age": m.at.Sub(time.UnixMilli(1793491200000)).Seconds(),
			"ml.feature_view.name": "payments_1d", "ml.feature_view.version": "3", "ml.feature_view.age": 7200.0,
		}
		maps.Copy(attributes, more)
		return attributes
	}
	m.has(client, "7", "the card's training and attributes", of("7", map[string]any{
		"ml.model.age":       m.at.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Seconds(),
		"ml.model.framework": "xgboost", "ml.model.training.param.max_depth": "8",
	}))
	m.has(client, "6", "the card's alias", of("6", map[string]any{"ml.model.aliases": []any{"champion"}}))
	m.has(client, "8", "the registry alone knows this one, and its alias is another's", of("8", nil))
	m.Stop()
}
