// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	promconfig "github.com/prometheus/prometheus/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

const example = "examples/grafana"

// read reads a file of the example.
func read(t *testing.T, into any, path ...string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), filepath.Join(path...)))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, into))
}

type dataSources struct {
	Datasources []struct {
		Name, UID, Type, URL string
		JSONData             struct {
			TimeInterval                string `yaml:"timeInterval"`
			ExemplarTraceIDDestinations []struct {
				Name          string
				DatasourceUID string `yaml:"datasourceUid"`
			} `yaml:"exemplarTraceIdDestinations"`
		} `yaml:"jsonData"`
	}
}

type providers struct {
	Providers []struct {
		Type    string
		Options struct{ Path string }
	}
}

type compose struct {
	Services map[string]struct {
		Command     []string
		Environment map[string]string
		Volumes     []string
	}
}

// What Prometheus is given is what it can read, all of the rules that are shipped, and the addresses that the collector has.
func TestPrometheusConfig(t *testing.T) {
	root := processtest.RepoRoot(t)
	config, err := promconfig.LoadFile(filepath.Join(root, example, "prometheus.yml"), false, slog.New(slog.DiscardHandler))
	require.NoError(t, err)

	var loaded, shipped []string
	for _, file := range config.RuleFiles {
		assert.FileExists(t, file)
		loaded = append(loaded, filepath.Base(file))
	}
	files, err := filepath.Glob(filepath.Join(root, "rules", "*.yaml"))
	require.NoError(t, err)
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.yaml") {
			shipped = append(shipped, filepath.Base(file))
		}
	}
	assert.Equal(t, shipped, loaded)
	models := slices.IndexFunc(config.ScrapeConfigs, func(s *promconfig.ScrapeConfig) bool { return len(s.MetricRelabelConfigs) > 0 })
	require.GreaterOrEqual(t, models, 0)
	for name := range recorded(t) {
		assert.True(t, config.ScrapeConfigs[models].MetricRelabelConfigs[0].Regex.MatchString(name), "%s is recorded here and in the collector", name)
	}

	var targets []string
	for _, scrape := range config.ScrapeConfigs {
		for _, c := range scrape.ServiceDiscoveryConfigs {
			content, err := json.Marshal(c)
			require.NoError(t, err)
			targets = append(targets, string(content))
		}
	}
	var collector struct {
		Exporters struct {
			Prometheus struct {
				Endpoint          string
				EnableOpenMetrics bool `yaml:"enable_open_metrics"`
			}
		}
	}
	read(t, &collector, "distro", "config.yaml")
	assert.Contains(t, strings.Join(targets, ""), collector.Exporters.Prometheus.Endpoint)
	assert.Contains(t, strings.Join(targets, ""), "localhost:8888")
	assert.True(t, collector.Exporters.Prometheus.EnableOpenMetrics, "exemplars need Open Metrics")
}

// Data sources name each other, the addresses at which the servers listen, and the label that exemplars have.
func TestDataSources(t *testing.T) {
	var sources dataSources
	read(t, &sources, example, "provisioning", "datasources", "otelcol-ml.yaml")
	uids := map[string]string{}
	for _, s := range sources.Datasources {
		uids[s.UID] = s.URL
	}
	var overlay struct {
		Connectors struct {
			Rules struct{ API struct{ Endpoint string } } `yaml:"prometheus_rules"`
		}
	}
	read(t, &overlay, example, "collector.yaml")
	var jaeger struct {
		Extensions struct {
			Query struct{ HTTP struct{ Endpoint string } } `yaml:"jaeger_query"`
		}
	}
	read(t, &jaeger, "examples", "jaeger-prometheus", "jaeger.yaml")
	assert.Equal(t, map[string]string{
		"prometheus": "http://localhost:9090",
		"otelcol-ml": "http://" + overlay.Connectors.Rules.API.Endpoint,
		"jaeger":     "http://" + jaeger.Extensions.Query.HTTP.Endpoint,
	}, uids)
	for _, s := range sources.Datasources {
		if s.Type != "prometheus" {
			continue
		}
		assert.Equal(t, "30s", s.JSONData.TimeInterval)
		if assert.Len(t, s.JSONData.ExemplarTraceIDDestinations, 1, s.Name) {
			to := s.JSONData.ExemplarTraceIDDestinations[0]
			assert.Equal(t, "trace_id", to.Name)
			assert.Contains(t, uids, to.DatasourceUID)
		}
	}
}

// Containers are given files that are there, under the paths that are named inside.
func TestCompose(t *testing.T) {
	var c compose
	read(t, &c, example, "compose.yaml")
	inside := map[string]string{}
	for name, service := range c.Services {
		for _, volume := range service.Volumes {
			outside, path, ok := strings.Cut(volume, ":")
			require.True(t, ok, volume)
			outside = filepath.Join(processtest.RepoRoot(t), example, outside)
			_, err := os.Stat(outside)
			require.NoError(t, err, name)
			inside[strings.TrimSuffix(path, ":ro")] = outside
		}
	}
	var p providers
	read(t, &p, example, "provisioning", "dashboards", "otelcol-ml.yaml")
	require.Len(t, p.Providers, 1)
	assert.Equal(t, "file", p.Providers[0].Type)
	grafana := c.Services["grafana"].Environment
	path := os.Expand(p.Providers[0].Options.Path, func(name string) string { return grafana[name] })
	assert.Equal(t, folder(t), inside[path])
	home := grafana["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
	assert.FileExists(t, filepath.Join(inside[filepath.Dir(home)], filepath.Base(home)))

	server := c.Services["prometheus"].Command
	assert.Contains(t, server, "--enable-feature=exemplar-storage")
	i := slices.IndexFunc(server, func(argument string) bool { return strings.HasPrefix(argument, "--config.file=") })
	require.GreaterOrEqual(t, i, 0)
	config := strings.TrimPrefix(server[i], "--config.file=")
	assert.FileExists(t, inside[config])
	rules := filepath.Join(filepath.Dir(config), "../../rules") // as prometheus.yml names them
	assert.DirExists(t, inside[rules])
}

// With the example's config exemplars are on the page that Prometheus scrapes, under the label that the data sources know, and the
// collector answers what Grafana asks a Prometheus.
func TestCollectorServesGrafana(t *testing.T) {
	t.Parallel()
	scrape, api, otlp := processtest.FreeAddr(t), processtest.FreeAddr(t), processtest.FreeAddr(t)
	harness.StartCollector(t, harness.Options{
		Configs: []string{"distro/config.yaml", example + "/collector.yaml", `
extensions: {health_check: {endpoint: "${env:HEALTH}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}, ground_truth: {endpoint: "${env:LABELS}"}}
connectors: {ml_summary: {flush_interval: 200ms}, ml_drift: {emit_interval: 200ms}, prometheus_rules: {api: {endpoint: "${env:API}"}}}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
`},
		Env: []string{
			"OTLP=" + otlp, "OTLP_HTTP=" + processtest.FreeAddr(t), "LABELS=" + processtest.FreeAddr(t), "HEALTH=" + processtest.FreeAddr(t),
			"SCRAPE=" + scrape, "API=" + api,
		},
	})
	require.NoError(t, traffic.Send(t.Context(), otlp, traffic.Spans(1, time.Now().Add(-time.Second), time.Millisecond, 100, 0)...))

	processtest.WaitFor(t, 30*time.Second, "an exemplar on the page", func() bool {
		return exemplar.MatchString(ask(t.Context(), http.MethodGet, "http://"+scrape+"/metrics", nil))
	})
	window := url.Values{
		"query": {"ml_prediction_duration_seconds_bucket"},
		"start": {strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)}, "end": {strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)},
	}
	processtest.WaitFor(t, 30*time.Second, "an exemplar from the collector's own API", func() bool {
		return strings.Contains(ask(t.Context(), http.MethodPost, "http://"+api+"/api/v1/query_exemplars", window), `"trace_id"`)
	})
	assert.Contains(t, ask(t.Context(), http.MethodGet, "http://"+api+"/api/v1/label/ml_model_name/values", nil), `"fraud"`)
}

// exemplar is one in Open Metrics: it names a trace.
var exemplar = regexp.MustCompile(`(?m)^ml_\w+_bucket\{.* # \{.*trace_id="[0-9a-f]{32}"`)

// ask returns what a server answers, as a Prometheus that scrapes asks for Open Metrics.
func ask(ctx context.Context, method, address string, form url.Values) string {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
