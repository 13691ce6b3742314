// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/basicauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/oauth2clientauthextension"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// mlflowServer is a tracking server with one model, whose versions and aliases a test changes.
type mlflowServer struct {
	*httptest.Server
	mu       sync.Mutex
	status   int // 200
	versions []string
	champion string
	headers  []http.Header
}

func newMLflow(t *testing.T, start func(*httptest.Server)) *mlflowServer {
	t.Helper()
	s := &mlflowServer{status: 200, versions: []string{"2", "1"}, champion: "1"}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.headers = append(s.headers, r.Header)
		w.WriteHeader(s.status)
		if s.status != 200 {
			return
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/registered-models/search"):
			fmt.Fprintf(w, `{"registered_models": [{"name": "fraud", "tags": [{"key": "ml.owner", "value": "mlflow"}, {"key": "ml.task", "value": "regression"}], "aliases": [{"alias": "champion", "version": %q}]}]}`, s.champion)
		case strings.HasSuffix(r.URL.Path, "/model-versions/search"):
			list := make([]string, len(s.versions))
			for i, v := range s.versions {
				list[i] = fmt.Sprintf(`{"name": "fraud", "version": %q, "status": "READY", "run_id": "r%s"}`, v, v)
			}
			fmt.Fprintf(w, `{"model_versions": [%s]}`, strings.Join(list, ","))
		default:
			fmt.Fprint(w, `{"run": {"info": {"status": "FINISHED", "end_time": 1793490000000}, "data": {"params": [{"key": "a", "value": "1"}], "metrics": [{"key": "auc", "value": 0.9}]}}}`)
		}
	}))
	start(s.Server)
	t.Cleanup(s.Close)
	return s
}

func (s *mlflowServer) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// asked is the number of requests.
func (s *mlflowServer) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.headers)
}

func newFeast(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/feature_views":
			fmt.Fprint(w, `{"featureViews": [{"type": "featureView", "spec": {"name": "payments", "features": [{"name": "amount"}]}, "meta": {"currentVersionNumber": 3, "materializationIntervals": [{"endTime": "2026-11-01T00:00:00Z"}]}}]}`)
		default:
			fmt.Fprint(w, `{}`)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// config reads the config of an extension with a folder of cards.
func config(t *testing.T, cards, yaml string) *Config {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "card.yaml"), cards)
	cfg := createDefaultConfig().(*Config)
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	require.NoError(t, conf.Unmarshal(cfg))
	cfg.Directory = dir
	require.NoError(t, cfg.Validate())
	return cfg
}

// fast makes the followers of a rig ask every few milliseconds; the config allows no less than a
// second.
func (r *rig) fast(t *testing.T, h component.Host) {
	t.Helper()
	for i := range r.cfg.Sources.MLflow {
		r.cfg.Sources.MLflow[i].Interval = 20 * time.Millisecond
	}
	for i := range r.cfg.Sources.Feast {
		r.cfg.Sources.Feast[i].Interval = 20 * time.Millisecond
	}
	require.NoError(t, r.Start(t.Context(), h))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(context.Background())) })
}

func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, 5*time.Second, 5*time.Millisecond, what)
}

const fraudCard = "kind: model\nname: fraud\nowner: people\nfeature_views: [payments]\nversions: [{version: \"1\", aliases: [stable]}]\n"

func TestSourcesUnderCards(t *testing.T) {
	mlflow, feast := newMLflow(t, (*httptest.Server).Start), newFeast(t)
	r := newRig(t, config(t, fraudCard, `
sources:
  mlflow: [{endpoint: "`+mlflow.URL+`", name: models}]
  feast: [{endpoint: "`+feast.URL+`", project: shop}]
`))
	r.fast(t, componenttest.NewNopHost())
	eventually(t, func() bool {
		return r.Snapshot().Version("production", "fraud", "2") != nil && len(r.Snapshot().FeatureViews) == 1
	}, "both sources")
	set := r.Snapshot()
	m := set.Model("production", "fraud")
	assert.Equal(t, "people", m.Owner)
	assert.EqualValues(t, "regression", m.Task)
	assert.Equal(t, map[string]any{"ml.feature_view.name": "payments", "ml.feature_view.version": "3"}, m.Attributes)
	two := set.Version("production", "fraud", "2")
	assert.Equal(t, map[string]any{
		"ml.model.training.param.a": "1", "ml.model.training.metric.auc": 0.9, "ml.feature_view.name": "payments", "ml.feature_view.version": "3",
	}, two.Attributes)
	assert.Equal(t, time.UnixMilli(1793490000000).UTC(), two.TrainedAt)
	assert.Equal(t, []string{"stable"}, set.Version("", "fraud", "1").Aliases, "the card's aliases")
	require.Len(t, set.FeatureViewsOf(m), 1)

	n := mlflow.asked()
	eventually(t, func() bool { return mlflow.asked() > n+6 }, "three more rounds")
	assert.Same(t, set, r.Snapshot(), "the same answer publishes nothing")

	mlflow.set(func() { mlflow.versions, mlflow.champion = []string{"3", "2", "1"}, "3" })
	eventually(t, func() bool { return r.Snapshot().Version("", "fraud", "champion") != nil }, "the new version")
	assert.Equal(t, "3", r.Snapshot().Version("", "fraud", "champion").Version)

	write(t, filepath.Join(r.cfg.Directory, "card.yaml"), strings.Replace(fraudCard, "people", "others", 1))
	eventually(t, func() bool { return r.Snapshot().Model("", "fraud").Owner == "others" }, "the card's change")
	assert.NotNil(t, r.Snapshot().Version("", "fraud", "3"), "the sources' facts are there in the same set")

	write(t, filepath.Join(r.cfg.Directory, "card.yaml"), "kind: model\nname: other\n")
	eventually(t, func() bool { return r.Snapshot().Model("", "other") != nil }, "the card is gone")
	assert.Equal(t, "mlflow", r.Snapshot().Model("", "fraud").Owner)

	of := func(key, value, source string) attribute.Set {
		return attribute.NewSet(attribute.String(key, value), attribute.String("source", source))
	}
	second := "feast " + strings.TrimPrefix(feast.URL, "http://") + " shop"
	metadatatest.AssertEqualMlCatalogSourceFacts(t, r.tel, []metricdata.DataPoint[int64]{
		{Value: 1, Attributes: of("fact", "model", "models")},
		{Value: 3, Attributes: of("fact", "version", "models")},
		{Value: 0, Attributes: of("fact", "feature_view", "models")},
		{Value: 0, Attributes: of("fact", "model", second)},
		{Value: 0, Attributes: of("fact", "version", second)},
		{Value: 1, Attributes: of("fact", "feature_view", second)},
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualMlCatalogSourceFetches(t, r.tel, []metricdata.DataPoint[int64]{
		{Attributes: of("result", "changed", "models")},
		{Attributes: of("result", "unchanged", "models")},
		{Attributes: of("result", "changed", second)},
		{Attributes: of("result", "unchanged", second)},
	}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreValue())
	age, err := r.tel.GetMetric("otelcol_ml_catalog_source_age")
	require.NoError(t, err)
	points := age.Data.(metricdata.Gauge[float64]).DataPoints
	require.Len(t, points, 2)
	for _, p := range points {
		assert.Less(t, p.Value, 5.0)
		assert.GreaterOrEqual(t, p.Value, 0.0)
	}
}

func TestRestartWhileTheRegistryIsDown(t *testing.T) {
	server := newMLflow(t, (*httptest.Server).Start)
	kept := testkit.NewStorage(nil)
	h := testkit.Host{component.MustNewID("file_storage"): kept}
	yaml := "storage: file_storage\nsources: {mlflow: [{endpoint: " + server.URL + ", name: m}]}"
	r := newRig(t, config(t, fraudCard, yaml))
	assert.Equal(t, []component.ID{component.MustNewID("file_storage")}, r.Dependencies())
	require.NoError(t, r.Start(t.Context(), h))
	eventually(t, func() bool { return r.Snapshot().Version("", "fraud", "2") != nil }, "the source")
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Equal(t, []testkit.StorageOwner{{Kind: component.KindExtension, ID: r.id, Name: "sources"}}, kept.Owners())
	assert.Equal(t, 1, kept.Closed())
	require.Contains(t, kept.Values(), "source/m")

	server.set(func() { server.status = 500 })
	asked := server.asked()
	r = newRig(t, config(t, fraudCard, yaml))
	r.fast(t, h)
	assert.NotNil(t, r.Snapshot().Version("", "fraud", "2"), "at once, from the storage")
	eventually(t, func() bool { return server.asked() > asked+2 }, "it is asked again and again")
	assert.NotNil(t, r.Snapshot().Version("", "fraud", "2"))
	assert.Len(t, r.logs.FilterMessage("The registry cannot be read, what it said last stays.").All(), 1)

	t.Run("another config does not use it", func(t *testing.T) {
		other := newRig(t, config(t, fraudCard, "storage: file_storage\nsources: {mlflow: [{endpoint: "+server.URL+", name: m, environment: x}]}"))
		other.fast(t, h)
		assert.Nil(t, other.Snapshot().Version("x", "fraud", "2"))
	})
	for name, value := range map[string]string{"no JSON": "x", "another format": `{"format": 2}`, "the future": `{"format": 1, "at": "2999-01-01T00:00:00Z"}`} {
		t.Run(name, func(t *testing.T) {
			other := newRig(t, config(t, fraudCard, yaml))
			other.fast(t, testkit.Host{component.MustNewID("file_storage"): testkit.NewStorage(map[string][]byte{"source/m": []byte(value)})})
			assert.Nil(t, other.Snapshot().Version("", "fraud", "2"))
		})
	}
}

func TestRegistryThatNeverAnswers(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close() // nobody listens
	r := newRig(t, config(t, fraudCard, "sources: {mlflow: [{endpoint: "+server.URL+"}]}"))
	r.start(t)
	eventually(t, func() bool { return r.logs.FilterMessageSnippet("does without it until it answers").Len() == 1 }, "a warning")
	assert.Equal(t, []string{"fraud"}, r.names())
}

func TestStaleOnSpans(t *testing.T) {
	server := newMLflow(t, (*httptest.Server).Start)
	cfg := config(t, fraudCard, "sources: {mlflow: [{endpoint: "+server.URL+"}]}")
	cfg.Sources.MLflow[0].StaleAfter = 50 * time.Millisecond
	r := newRig(t, cfg)
	r.fast(t, componenttest.NewNopHost())
	eventually(t, func() bool { return r.Snapshot().Version("", "fraud", "2") != nil }, "the source")
	server.set(func() { server.status = 503 })
	eventually(t, func() bool { return r.Snapshot().Version("", "fraud", "2").Attributes["ml.catalog.stale"] == true }, "the mark")
	server.set(func() { server.status = 200 })
	eventually(t, func() bool {
		_, marked := r.Snapshot().Model("", "fraud").Attributes["ml.catalog.stale"]
		return !marked
	}, "the mark goes")
}

// TestAuthAndTLS sends what the collector's authenticators add, over TLS.
func TestAuthAndTLS(t *testing.T) {
	server := newMLflow(t, (*httptest.Server).StartTLS)
	var tokens atomic.Int64
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tokens.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "issued", "token_type": "Bearer", "expires_in": 3600}`)
	}))
	defer issuer.Close()
	for name, test := range map[string]struct {
		factory extension.Factory
		config  map[string]any
		want    string
	}{
		"basic":  {basicauthextension.NewFactory(), map[string]any{"client_auth": map[string]any{"username": "me", "password": "secret"}}, "Basic bWU6c2VjcmV0"},
		"bearer": {bearertokenauthextension.NewFactory(), map[string]any{"token": "secret"}, "Bearer secret"},
		"oauth2": {oauth2clientauthextension.NewFactory(), map[string]any{"client_id": "me", "client_secret": "secret", "token_url": issuer.URL}, "Bearer issued"},
	} {
		t.Run(name, func(t *testing.T) {
			authConfig := test.factory.CreateDefaultConfig()
			require.NoError(t, confmap.NewFromStringMap(test.config).Unmarshal(authConfig))
			auth, err := test.factory.Create(t.Context(), extensiontest.NewNopSettings(test.factory.Type()), authConfig)
			require.NoError(t, err)
			id := component.NewID(test.factory.Type())
			require.NoError(t, auth.Start(t.Context(), componenttest.NewNopHost()))
			defer func() { require.NoError(t, auth.Shutdown(t.Context())) }()
			r := newRig(t, config(t, fraudCard, `
sources:
  mlflow: [{endpoint: "`+server.URL+`", auth: {authenticator: `+id.String()+`}, headers: {X-Tenant: t1}, tls: {insecure_skip_verify: true}}]
`))
			assert.Equal(t, []component.ID{id}, r.Dependencies())
			server.set(func() { server.headers = nil })
			require.NoError(t, r.Start(t.Context(), testkit.Host{id: auth}))
			eventually(t, func() bool { return r.Snapshot().Version("", "fraud", "2") != nil }, "the source")
			require.NoError(t, r.Shutdown(t.Context()))
			server.set(func() {
				for _, h := range server.headers {
					assert.Equal(t, test.want, h.Get("Authorization"))
					assert.Equal(t, "t1", h.Get("X-Tenant"))
				}
			})
			for _, entry := range r.logs.All() {
				assert.NotContains(t, fmt.Sprint(entry), "secret")
			}
		})
	}
	assert.Positive(t, tokens.Load())
	t.Run("an unknown certificate", func(t *testing.T) {
		r := newRig(t, config(t, fraudCard, "sources: {mlflow: [{endpoint: \""+server.URL+"\"}]}"))
		r.start(t)
		eventually(t, func() bool { return r.logs.FilterMessageSnippet("cannot be read").Len() == 1 }, "a warning")
	})
}

// TestEchoedSecrets: a registry, or what stands before it, that says in its errors what it was sent has
// no secret logged, be it a header of the config or a token that an extension adds.
func TestEchoedSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		for _, name := range []string{"Authorization", "X-Api-Key"} {
			sent := r.Header.Get(name)
			fmt.Fprintf(w, "not allowed with %s, that is %q, %s, %s; ", sent, sent, url.QueryEscape(sent), base64.StdEncoding.EncodeToString([]byte(sent)))
		}
	}))
	defer server.Close()
	factory := bearertokenauthextension.NewFactory()
	authConfig := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"token": "CANARY-token"}).Unmarshal(authConfig))
	auth, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), authConfig)
	require.NoError(t, err)
	require.NoError(t, auth.Start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, auth.Shutdown(t.Context())) }()
	source := `[{endpoint: "` + server.URL + `", auth: {authenticator: bearertokenauth}, headers: {X-Api-Key: CANARY-key}, PROJECT}]`
	r := newRig(t, config(t, fraudCard, "sources:\n  mlflow: "+strings.Replace(source, ", PROJECT", "", 1)+"\n  feast: "+strings.Replace(source, "PROJECT", "project: p", 1)+"\n"))
	require.NoError(t, r.Start(t.Context(), testkit.Host{component.NewID(factory.Type()): auth}))
	eventually(t, func() bool { return r.logs.FilterMessageSnippet("cannot be read").Len() == 2 }, "two warnings")
	require.NoError(t, r.Shutdown(t.Context()))
	said := ""
	for _, entry := range r.logs.All() {
		said += fmt.Sprintln(entry.Message, entry.ContextMap())
	}
	assert.Contains(t, said, "not allowed with [REDACTED]")
	for _, secret := range []string{"CANARY", base64.StdEncoding.EncodeToString([]byte("CANARY-key")), base64.StdEncoding.EncodeToString([]byte("Bearer CANARY"))[4:12]} {
		assert.NotContains(t, said, secret)
	}
}

func TestStartErrors(t *testing.T) {
	for yaml, want := range map[string]string{
		"sources: {mlflow: [{endpoint: http://x, auth: {authenticator: nobody}}]}":                   `'sources::mlflow[0]': failed to resolve authenticator "nobody"`,
		"sources: {feast: [{endpoint: http://x, project: p, tls: {ca_file: /nowhere/ca.pem}}]}":      "'sources::feast[0]': failed to load TLS config",
		"{storage: file_storage, sources: {mlflow: [{endpoint: http://x}]}}":                         `'storage': extension "file_storage" is not enabled; list it in service::extensions`,
		"{storage: ml_catalog, sources: {mlflow: [{endpoint: http://x}]}}":                           `'storage': extension "ml_catalog" is not a storage`,
		"sources: {mlflow: [{endpoint: http://x, middlewares: [{id: nobody}], name: with_another}]}": "'sources::mlflow[0]': ",
	} {
		r := newRig(t, config(t, fraudCard, yaml))
		err := r.Start(t.Context(), testkit.Host{component.MustNewID("ml_catalog"): r})
		require.ErrorContains(t, err, want, yaml)
		require.NoError(t, r.Shutdown(t.Context()))
	}
}

func TestSourceDefaults(t *testing.T) {
	cfg := config(t, "", "sources: {mlflow: [{endpoint: http://m/x/}], feast: [{endpoint: https://f:6572, project: p, interval: 5m, stale_after: 0s, tags: []}]}")
	m, f := cfg.Sources.MLflow[0], cfg.Sources.Feast[0]
	assert.Equal(t, time.Minute, m.Interval)
	assert.Equal(t, 15*time.Minute, m.StaleAfter)
	assert.Equal(t, 30*time.Second, m.Timeout)
	assert.Equal(t, []string{"ml.*"}, m.Tags)
	assert.Equal(t, []string{"*"}, m.Params)
	assert.Equal(t, MLflowLimits{Models: 1000, Versions: 20, Attributes: 16}, m.Limits)
	assert.EqualValues(t, 16<<20, m.MaxResponseSize)
	assert.Equal(t, 5*time.Minute, f.Interval)
	assert.Zero(t, f.StaleAfter)
	assert.Empty(t, f.Tags, "an empty list is none, not the default")
	assert.Equal(t, FeastLimits{FeatureViews: 1000, Features: 1000}, f.Limits)
	var names []string
	for _, p := range cfg.Sources.plans() {
		names = append(names, p.name)
	}
	assert.Equal(t, []string{"mlflow m/x", "feast f:6572 p"}, names)
}

func TestValidateSources(t *testing.T) {
	bad := &Config{Directory: defaultDirectory, Storage: &component.ID{}}
	assert.EqualError(t, bad.Validate(), "'storage': is for 'sources', there are none")
	good := defaultSource()
	good.Endpoint = "http://x"
	m := MLflowConfig{SourceConfig: good, Limits: MLflowLimits{1, 1, 1}}
	f := FeastConfig{SourceConfig: good, Project: "p", Limits: FeastLimits{1, 1}}
	for name, test := range map[string]struct {
		change func(m *MLflowConfig, f *FeastConfig)
		want   []string
	}{
		"good": {func(*MLflowConfig, *FeastConfig) {}, nil},
		"all of one": {func(m *MLflowConfig, _ *FeastConfig) {
			*m = MLflowConfig{Models: []string{"a", ""}}
			m.Name = strings.Repeat("x", 257)
		}, []string{
			"'sources::mlflow[0]::endpoint': must not be empty",
			"'sources::mlflow[0]::interval': 0s must be at least 1s",
			"'sources::mlflow[0]::timeout': 0s must be at least 10ms",
			"'sources::mlflow[0]::max_response_size': 0 must be from 1024 to 1073741824",
			"'sources::mlflow[0]::name': must have at most 256 bytes",
			"'sources::mlflow[0]::models[1]': must not be empty",
			"'sources::mlflow[0]::limits::models': 0 must be from 1 to 100000",
			"'sources::mlflow[0]::limits::versions': 0 must be from 1 to 100000",
			"'sources::mlflow[0]::limits::attributes': 0 must be from 1 to 100000",
		}},
		"of the other": {func(_ *MLflowConfig, f *FeastConfig) {
			f.Project, f.Endpoint, f.StaleAfter, f.FeatureViews = "", "http://me:secret@x", time.Second, make([]string, 1001)
			f.Limits = FeastLimits{100_001, -1}
		}, []string{
			"'sources::feast[0]::endpoint': must not have a user or a password, use auth or headers",
			"'sources::feast[0]::stale_after': 1s must be at least 'interval', 1m0s, or 0 for never",
			"'sources::feast[0]::feature_views': has 1001 globs, at most 1000 are allowed",
			"'sources::feast[0]::limits::feature_views': 100001 must be from 1 to 100000",
			"'sources::feast[0]::limits::features': -1 must be from 1 to 100000",
			"'sources::feast[0]::project': must not be empty",
		}},
		"one name for two": {func(m *MLflowConfig, f *FeastConfig) { m.Name, f.Name = "n", "n" }, []string{
			`'sources::feast[0]::name': "n" is the name of sources::mlflow[0], too; give the two names of their own`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m, f := m, f
			test.change(&m, &f)
			err := (&Config{Directory: defaultDirectory, Sources: Sources{MLflow: []MLflowConfig{m}, Feast: []FeastConfig{f}}}).Validate()
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			assert.EqualError(t, err, strings.Join(test.want, "\n"))
		})
	}
	many := Sources{MLflow: slices.Repeat([]MLflowConfig{m}, 51)}
	for i := range many.MLflow {
		many.MLflow[i].Name = fmt.Sprint(i)
	}
	assert.EqualError(t, (&Config{Directory: defaultDirectory, Sources: many}).Validate(), "'sources': there are 51, at most 50 are allowed")
}
