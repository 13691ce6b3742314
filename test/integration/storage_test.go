// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
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

// setsAside changes what jobToFile does with a file that is damaged.
const setsAside = `
extensions: {file_storage: {on_corrupt: set_aside}}
`

// A data file that is zeroed, cut or overwritten is named by the start that refuses it, and moved
// away where the config says so.
func TestDamagedStorage(t *testing.T) {
	dir := t.TempDir()
	storage, catalog, otlp := filepath.Join(dir, "storage"), filepath.Join(dir, "catalog"), processtest.FreeAddr(t)
	require.NoError(t, os.Mkdir(catalog, 0o700))
	options := harness.Options{Configs: []string{jobToFile}, Env: []string{
		"OTLP=" + otlp, "CATALOG=" + catalog, "STORAGE=" + storage, "OUT=" + filepath.Join(dir, "alerts.json"), "METRICS=" + filepath.Join(dir, "metrics.json"),
	}}
	collector := harness.StartCollector(t, options)
	client := dial(t, otlp)
	for i := range 50 {
		client.send(traffic.JobRun{Seed: uint64(i), Job: "nightly", RunID: "run-" + string(rune('a'+i)), Start: time.Now().Add(-time.Hour), Stage: time.Minute, Rows: 1000}.Requests()...)
	}
	second := options
	second.Env = append(options.Env[1:len(options.Env):len(options.Env)], "OTLP="+processtest.FreeAddr(t))
	file := filepath.Join(storage, "connector_ml_job_")
	assert.Contains(t, harness.StartRefused(t, second), file+" is open in another process, or by another component of the same kind and id")
	collector.Stop()
	whole, err := os.ReadFile(file)
	require.NoError(t, err)

	for name, damage := range map[string]func(data []byte) []byte{
		"zeroed":            func(d []byte) []byte { return make([]byte, len(d)) },
		"cut at half":       func(d []byte) []byte { return d[:len(d)/2] },
		"cut at a third":    func(d []byte) []byte { return d[:len(d)/3+7] },
		"pages overwritten": func(d []byte) []byte { copy(d[8192:], strings.Repeat("overwritten\n", len(d)/12)); return d },
		"pages zeroed":      func(d []byte) []byte { clear(d[8192 : len(d)*3/4]); return d },
	} {
		t.Run(name, func(t *testing.T) {
			damaged := damage(append([]byte(nil), whole...))
			require.NoError(t, os.WriteFile(file, damaged, 0o600))
			log := harness.StartRefused(t, options)
			assert.Contains(t, log, "'storage': cannot open \\\"file_storage\\\": "+file+" is damaged: ")
			assert.Contains(t, log, "on_corrupt: set_aside")
			assert.NotContains(t, log, "goroutine ", "no stack")

			aside := options
			aside.Configs = []string{jobToFile, setsAside}
			collector := harness.StartCollector(t, aside)
			assert.Contains(t, collector.Log(), "A data file is damaged. It was moved away")
			_, page := processtest.Get("http://" + collector.Metrics + "/metrics")
			assert.Regexp(t, `(?m)^otelcol_file_storage_set_aside\S* 1$`, page)
			client.send(traffic.JobRun{Seed: 1, Job: "nightly", RunID: "after", Start: time.Now().Add(-time.Hour), Stage: time.Minute, Rows: 1000}.Requests()...)
			collector.Stop()
			moved, err := filepath.Glob(file + ".corrupt-*")
			require.NoError(t, err)
			require.Len(t, moved, 1)
			kept, err := os.ReadFile(moved[0])
			require.NoError(t, err)
			assert.Equal(t, damaged, kept)
			require.NoError(t, os.Remove(moved[0]))
		})
	}
}

// Extensions that components name and nobody enabled are found by validate, all at once.
func TestValidateFindsWhatIsNotEnabled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
extensions: {file_storage: {directory: /tmp}, ml_catalog: }
receivers: {otlp: {protocols: {grpc: }}}
connectors:
  ml_summary: {catalog: ml_catalog}
  ml_drift: {storage: file_storage}
  ml_job: {storage: file_storag}
exporters: {otlp_grpc: {endpoint: "localhost:1", sending_queue: {storage: file_storage/queue}}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary, ml_job]}
    metrics: {receivers: [ml_summary, ml_job], exporters: [ml_drift, otlp_grpc]}
    logs: {receivers: [ml_drift], exporters: [otlp_grpc]}
`), 0o600))
	_, stderr, status := harness.Run(t, nil, "validate", "--config="+file)
	assert.NotZero(t, status)
	for _, want := range []string{
		`'connectors::ml_summary::catalog': extension "ml_catalog" is not enabled; list it in service::extensions`,
		`'connectors::ml_drift::storage': extension "file_storage" is not enabled; list it in service::extensions`,
		`'connectors::ml_job::storage': extension "file_storag" is not configured; did you mean "file_storage"?`,
		`'exporters::otlp_grpc::sending_queue::storage': extension "file_storage/queue" is not configured`,
	} {
		assert.Contains(t, stderr, want)
	}
}
