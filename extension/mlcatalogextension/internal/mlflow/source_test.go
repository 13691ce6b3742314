// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlflow

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/sourcetest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// registry is a tracking server that answers as the protos say.
type registry struct{ *sourcetest.Registry }

func newRegistry(t *testing.T, answer func(path string, query url.Values) (int, string)) *registry {
	t.Helper()
	return &registry{sourcetest.NewRegistry(t, answer)}
}

func (r *registry) source(t *testing.T, o Options) *Source {
	t.Helper()
	s, err := New(r.Client(), r.URL+"/tracking", o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

const (
	notFound = `{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run with id=run6 not found"}`
	api      = "/tracking/api/2.0/mlflow/"
)

// example answers with the golden files.
func example(t *testing.T) func(path string, query url.Values) (int, string) {
	return func(path string, query url.Values) (int, string) {
		switch strings.TrimPrefix(path, api) {
		case "registered-models/search":
			if query.Get("page_token") == "" {
				return 200, sourcetest.Golden(t, "models_1.json")
			}
			return 200, sourcetest.Golden(t, "models_2.json")
		case "model-versions/search":
			if query.Get("filter") != "name='fraud'" {
				return 200, `{}`
			}
			if query.Get("page_token") == "" {
				return 200, sourcetest.Golden(t, "versions_fraud_1.json")
			}
			return 200, sourcetest.Golden(t, "versions_fraud_2.json")
		case "runs/get":
			if id := query.Get("run_id"); id == "run8" || id == "run9" {
				return 200, sourcetest.Golden(t, id+".json")
			}
			return 404, notFound
		}
		return 404, `{"error_code": "ENDPOINT_NOT_FOUND"}`
	}
}

func exampleOptions() Options {
	return Options{
		Models: []string{"fraud*", "prod.*"}, EnvironmentTag: "env", Environment: "lab", Tags: []string{"ml.*"},
		Params: []string{"*"}, Metrics: []string{"*"}, MaxVersions: 2, MaxAttributes: 2,
	}
}

func TestContract(t *testing.T) {
	r := newRegistry(t, example(t))
	facts, err := r.source(t, exampleOptions()).Fetch(t.Context())
	require.NoError(t, err)

	models := url.Values{"max_results": {"200"}, "order_by": {"name ASC"}}
	versions := func(filter string) url.Values {
		return url.Values{"filter": {filter}, "max_results": {"200"}, "order_by": {"version_number DESC"}}
	}
	with := func(v url.Values, token string) url.Values {
		v["page_token"] = []string{token}
		return v
	}
	assert.Equal(t, []sourcetest.Request{
		sourcetest.Get(api+"registered-models/search", models),
		sourcetest.Get(api+"registered-models/search", with(url.Values{"max_results": {"200"}, "order_by": {"name ASC"}}, "eyJwYWdlIjogMn0=")),
		sourcetest.Get(api+"model-versions/search", versions("name='fraud'")),
		sourcetest.Get(api+"model-versions/search", with(versions("name='fraud'"), "djI=")),
		sourcetest.Get(api+"runs/get", url.Values{"run_id": {"run9"}}),
		sourcetest.Get(api+"runs/get", url.Values{"run_id": {"run8"}}),
		sourcetest.Get(api+"runs/get", url.Values{"run_id": {"run6"}}),
		sourcetest.Get(api+"model-versions/search", versions(`name="prod.recsys's"`)),
	}, r.Requests(), "a third page of versions is not needed: the newest two and all with an alias are there")

	fraud := catalog.ModelFacts{
		Name: "fraud", Environment: "production", Task: catalog.BinaryClassification, PositiveClass: "fraud", Owner: "risk-ml@example.com",
		Description: "Scores card payments.", FeatureViews: []string{"payments_1d", "customers"}, Attributes: map[string]any{"ml.tier": "1"},
	}
	staging := fraud
	staging.Environment = "staging"
	staging.Versions = []catalog.VersionFacts{{
		Version: "9", TrainedAt: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), // of a run that goes on
		Attributes: map[string]any{"ml.model.framework": "pytorch", "ml.model.training.metric.val_auc": 0.5},
	}}
	fraud.Versions = []catalog.VersionFacts{
		{
			Version: "8", Aliases: []string{"challenger"}, TrainedAt: time.UnixMilli(1793490000123).UTC(),
			Attributes: map[string]any{
				"ml.data.cut": "2026-10", "ml.model.framework": "xgboost",
				"ml.model.training.metric.train_auc": 1.0, "ml.model.training.metric.val_auc": 0.9125,
				"ml.model.training.param.eta": "0.1", "ml.model.training.param.max_depth": "6",
			},
		},
		{Version: "7", TrainedAt: time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)},
		{Version: "6", Aliases: []string{"blessed", "champion"}, TrainedAt: time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC)},
	}
	assert.Equal(t, []catalog.ModelFacts{
		fraud, staging,
		{Name: `fraud's "twin"`, Environment: "lab"},
		{Name: "recsys", Environment: "lab"},
	}, facts.Models)
	require.Len(t, facts.Notes, 1)
	assert.Contains(t, facts.Notes[0], "has both quotes")
}
