// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// common are the parts that all configs have, so that one file is all that a user needs, and that are the same in each.
var common = map[string][]string{
	"extensions": {"health_check", "ml_catalog", "file_storage", "nesting_limit"},
	"receivers":  {"otlp", "ground_truth"},
	"processors": {"memory_limiter", "ml_normalize", "ml_metadata", "ml_contract", "transform/instance", "transform/alerts"},
	"connectors": {"ml_summary", "ml_drift", "ml_evaluation", "ml_job", "prometheus_rules"},
}

func configOf(t *testing.T, name string) (text string, parsed map[string]map[string]any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), "examples", "vendors", name, "collector.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, &parsed))
	return string(content), parsed
}

// What all configs have in common is the same in each.
func TestConfigsHaveACommonPart(t *testing.T) {
	_, first := configOf(t, all()[0].vendor.name)
	for _, x := range all()[1:] {
		_, config := configOf(t, x.vendor.name)
		for kind, names := range common {
			for _, name := range names {
				require.Contains(t, first[kind], name)
				assert.Equal(t, first[kind][name], config[kind][name], "%s: %s::%s", x.vendor.name, kind, name)
			}
		}
		for _, pipeline := range []string{"metrics/summary", "logs/labels", "metrics/rules"} {
			assert.Equal(t, first["service"]["pipelines"].(map[string]any)[pipeline], config["service"]["pipelines"].(map[string]any)[pipeline], "%s: %s", x.vendor.name, pipeline)
		}
	}
}

// What goes to a vendor waits on disk, for as long as it takes, in requests of a bounded size; no secret stands in a config; and each
// variable is explained at its head.
func TestConfigsWaitOnDiskAndHoldNoSecret(t *testing.T) {
	variable := regexp.MustCompile(`\$\{env:([A-Z_]+)`)
	for _, x := range all() {
		text, config := configOf(t, x.vendor.name)
		checked := 0
		for id, exporter := range config["exporters"] {
			if !strings.HasPrefix(id, "otlp_http") {
				continue
			}
			checked++
			e := exporter.(map[string]any)
			queue := e["sending_queue"].(map[string]any)
			assert.Equal(t, "file_storage", queue["storage"], id)
			assert.Equal(t, "bytes", queue["batch"].(map[string]any)["sizer"], id)
			assert.LessOrEqual(t, queue["batch"].(map[string]any)["max_size"], 2_500_000, id)
			assert.Equal(t, 0, e["retry_on_failure"].(map[string]any)["max_elapsed_time"], id)
			for name, value := range mapOf(e["headers"]) {
				if secret := strings.Contains(x.vendor.secret, "Basic") || strings.EqualFold(name, x.vendor.header); secret {
					assert.Contains(t, value, "${env:", "%s of %s", name, id)
				}
			}
		}
		assert.Positive(t, checked)
		head, _, _ := strings.Cut(text, "\nextensions:")
		for _, m := range variable.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "OTELCOL_ML_") && m[1] != "HOSTNAME" && m[1] != "COLLECTOR_INSTANCE_ID" {
				assert.Contains(t, head, m[1], x.vendor.name)
			}
		}
	}
}

func mapOf(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// Without the part of a config that deals with a vendor's rule, the same traffic breaks it.
func TestEachPartOfAConfigIsNeeded(t *testing.T) {
	for _, x := range []struct {
		vendor vendor
		remove []string
		found  []string
	}{
		{datadog(), []string{", cumulative_to_delta, transform/gauges"}, []string{"400: ml.prediction.count is cumulative"}},
		{datadog(), []string{", transform/gauges"}, []string{"400: shop.queue is cumulative"}},
		{datadog(), []string{", transform/instance", "      processors: [transform/alerts]\n"}, []string{"two points of ml.drift.", "a record ml.alert is "}},
		{newRelic(), []string{", transform/limits", "      processors: [transform/limits]\n"}, []string{
			"a span: ml.features has ", "a span: ml.features is a map", "a span: ml.embedding.query has 768 entries", "a span: a name of 320 characters",
			"a span's event: exception.stacktrace has ", "a span: 303 attributes", "a record: exception.stacktrace has ", "ml.drift.verdict has an attribute of its own name",
		}},
		{elastic(), []string{"transform/service, ", ", cumulative_to_delta"}, []string{`service.name is "scorer.eu/west (blue)"`, "ml.prediction.duration is cumulative"}},
		{splunk(), []string{", transform/limits, filter/exponential", "      processors: [transform/limits]\n"}, []string{
			"a histogram of ml.feature.value has 34 buckets", "a histogram of shop.latency has 41 buckets", "shop.sizes is an exponential histogram", "a span of 10",
			"a point of shop.orders: path has ",
		}},
		{grafanaCloud(), []string{", transform/instance"}, []string{"two writers of ml."}},
	} {
		t.Run(x.vendor.name, func(t *testing.T) {
			t.Parallel()
			s := newStandIn(x.vendor)
			p := serve(t, s)
			env := []string{"OTELCOL_ML_CATALOG=" + catalog(t), "ALERTMANAGER_URL=http://localhost:9"}
			for i := range 2 {
				c := configured(t, x.vendor, p, i, env...)
				for _, part := range x.remove {
					require.Contains(t, c.options.Configs[0], part)
					c.options.Configs[0] = strings.ReplaceAll(c.options.Configs[0], part, "")
				}
				c.start(t)
				shop := newShop(t, i, c.otlp)
				for hour := range 5 {
					shop.hour(hour, map[bool]float64{true: 1.5}[hour >= 2])
				}
				shop.odds()
				shop.measures()
				shop.says()
			}
			for _, want := range x.found {
				awaitProblem(t, s, want)
			}
		})
	}
}
