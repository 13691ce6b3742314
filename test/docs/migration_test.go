// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// migration returns docs/migration.md, and its block that contains a text.
func migration(t *testing.T, contains string) (page, config string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), "docs", "migration.md"))
	require.NoError(t, err)
	for _, m := range block.FindAllStringSubmatch(string(content), -1) {
		if m[1] == "yaml" && strings.Contains(m[2], contains) {
			return string(content), m[2]
		}
	}
	t.Fatalf("no block contains %q", contains)
	return "", ""
}

// What an OTLP exporter calls itself is what the page says, and what the config says where it says
// so.
func TestUserAgentsOfMigration(t *testing.T) {
	page, config := migration(t, "User-Agent:")
	for want, change := range map[string][2]string{
		"OpenTelemetry Collector/0.158.0": {},
		"OpenTelemetry Collector for machine learning/0.1.0+otelcol.0.158.0 (": {
			"    headers: {User-Agent: OpenTelemetry Collector/0.158.0}\n", "",
		},
	} {
		require.Contains(t, page, want)
		agents := make(chan string, 10)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { agents <- r.Header.Get("User-Agent") }))
		t.Cleanup(server.Close)
		otlp := processtest.FreeAddr(t)
		text := swap(t, config, "https://gateway.example.com", server.URL, "localhost:4317", otlp)
		if change[0] != "" {
			text = swap(t, text, change[0], change[1])
		}
		c := harness.StartCollector(t, harness.Options{Configs: []string{text}})
		require.NoError(t, traffic.Send(t.Context(), otlp, traffic.Spans(1, time.Now(), time.Millisecond, 1, 0)...))
		select {
		case got := <-agents:
			assert.True(t, strings.HasPrefix(got, want), got)
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was sent")
		}
		c.Stop()
	}
}

// The name of the service in the collector's own telemetry is the product's, and stock's with the
// page's config.
func TestServiceNameOfMigration(t *testing.T) {
	_, config := migration(t, "service.name: otelcol}")
	for want, text := range map[string]string{
		"otelcol":    config,
		"otelcol-ml": swap(t, config, "    resource: {service.name: otelcol}\n", "    resource: {}\n"),
	} {
		otlp := processtest.FreeAddr(t)
		c := harness.StartCollector(t, harness.Options{Configs: []string{swap(t, text, "localhost:4317", otlp)}})
		processtest.WaitFor(t, 20*time.Second, "target_info", func() bool {
			_, metrics := processtest.Get("http://" + c.Metrics + "/metrics")
			return strings.Contains(metrics, `service_name="`+want+`"`)
		})
		c.Stop()
	}
}

// What the page calls removed is refused, as stock refuses it; the old names that it calls read are
// read.
func TestOldNamesOfMigration(t *testing.T) {
	const config = `
receivers: {otlp: {protocols: {grpc: {}}}}
exporters: {debug: {}%s}
%sservice: {%spipelines: {traces: {receivers: [otlp], exporters: [debug]}}}
`
	page, _ := migration(t, "span_metrics")
	fill := func(exporter, section, service string) string {
		return strings.Replace(strings.Replace(strings.Replace(config, "%s", exporter, 1), "%s", section, 1), "%s", service, 1)
	}
	for name, text := range map[string]string{
		"exporter `logging`":                     fill(", logging: {loglevel: debug}", "", ""),
		"exporter `jaeger`":                      fill(", jaeger: {endpoint: 'jaeger:14250'}", "", ""),
		"exporter `loki`":                        fill(", loki: {endpoint: 'http://loki:3100/loki/api/v1/push'}", "", ""),
		"`service::telemetry::metrics::address`": fill("", "", "telemetry: {metrics: {address: ':8888'}}, "),
		"processors `spanmetrics`":               fill("", "processors: {spanmetrics: {metrics_exporter: debug}}\n", ""),
		"extension `memory_ballast`":             fill("", "extensions: {memory_ballast: {size_mib: 64}}\n", ""),
	} {
		require.Contains(t, page, name)
		_, stderr, status := harness.Run(t, nil, append([]string{"validate"}, harness.ConfigArgs(t, text)...)...)
		assert.NotZero(t, status, "%s is accepted\n%s", name, stderr)
	}
	_, stderr, status := harness.Run(t, nil, append([]string{"validate"}, harness.ConfigArgs(t, fill("", "", ""))...)...)
	assert.Zero(t, status, stderr)
}
