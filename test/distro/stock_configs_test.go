// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distro

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// configs returns the files of testdata/stock-configs.
func configs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(processtest.RepoRoot(t), "testdata", "stock-configs", "*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	return files
}

func TestNoStockComponentIsMissing(t *testing.T) {
	output, _, status := harness.Run(t, nil, "components")
	require.Zero(t, status)
	have, err := ParseComponents([]byte(output))
	require.NoError(t, err)
	assert.Empty(t, Missing(Stock, have))
	ours := Components{
		"extensions": {"ml_catalog"},
		"receivers":  {"ground_truth", "inference_log", "ml_delta"},
		"processors": {"ml_normalize", "ml_metadata", "ml_contract"},
		"connectors": {"ml_summary", "ml_drift", "ml_job", "ml_evaluation", "prometheus_rules"},
		"exporters":  {"alertmanager", "ml_action"},
	}
	assert.Empty(t, Missing(ours, have))
}

func TestVersionNamesProductAndUpstream(t *testing.T) {
	output, _, status := harness.Run(t, nil, "--version")
	require.Zero(t, status)
	assert.Regexp(t, `^otelcol-ml version \d+\.\d+\.\d+\+otelcol\.0\.158\.0\n$`, output)
}

func TestConfigsCoverEveryStockComponent(t *testing.T) {
	used, old := Components{}, map[string]bool{}
	files := append(configs(t), filepath.Join(processtest.RepoRoot(t), "testdata", "stock-configs", "parts", "exporters.yaml"))
	for _, file := range files {
		config, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, Used(config, used, old), file)
	}
	assert.Empty(t, Missing(Stock, used))
	for kind, names := range renamed {
		for name := range names {
			assert.True(t, old[name], "no config uses the old name %q of %s", name, kind)
		}
	}
}

func TestMissingFindsWhatIsNotThere(t *testing.T) {
	have := Components{}
	for kind, names := range Stock {
		have[kind] = names[1:]
	}
	assert.Equal(t, []string{
		"connectors: forward", "exporters: debug", "extensions: zpages",
		"processors: batch", "providers: env", "receivers: nop",
	}, Missing(Stock, have))
}

func TestStockConfigsAreAcceptedAndStart(t *testing.T) {
	for _, file := range configs(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			config, err := os.ReadFile(file)
			require.NoError(t, err)
			if runtime.GOOS != "linux" && strings.Contains(string(config), "${https:") {
				t.Skip("only on Linux can a process be told to trust the test's certificate (SSL_CERT_FILE)")
			}
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Dir(file))))
			env, health := environment(t, dir, string(config))

			copied := filepath.Join(dir, filepath.Base(file))
			validate := processtest.Start(t, dir, env, harness.BuildCollector(t), "validate", "--config="+copied)
			validate.Wait()

			c := harness.StartCollector(t, harness.Options{Configs: []string{copied}, Env: env, Dir: dir})
			processtest.WaitFor(t, 20*time.Second, "the health check", func() bool {
				status, _ := processtest.Get(health)
				return status == http.StatusOK
			})
			c.Stop()
			assert.Contains(t, c.Log(), "Shutdown complete.")
		})
	}
}

var port = regexp.MustCompile(`\$\{env:(\w+_PORT):-\d+\}`)

// environment gives each port of the config a free one, and serves the parts that come over HTTP
// and HTTPS.
func environment(t *testing.T, dir, config string) (env []string, health string) {
	t.Helper()
	path := "/"
	if strings.Contains(config, "/health/status") {
		path = "/health/status"
	}
	taken := map[string]bool{}
	for _, match := range port.FindAllStringSubmatch(config+"${env:OTLP_GRPC_PORT:-4317}", -1) {
		name := match[1]
		if taken[name] {
			continue
		}
		taken[name] = true
		free := processtest.FreePort(t)
		env = append(env, fmt.Sprintf("%s=%d", name, free))
		if name == "HEALTH_CHECK_PORT" {
			health = fmt.Sprintf("http://localhost:%d%s", free, path)
		}
	}
	require.NotEmpty(t, health, "the config has no health check")

	files := http.FileServer(http.Dir(filepath.Join(dir, "parts")))
	plain, tls := httptest.NewServer(files), httptest.NewTLSServer(files)
	t.Cleanup(plain.Close)
	t.Cleanup(tls.Close)
	certificate := filepath.Join(dir, "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})
	require.NoError(t, os.WriteFile(certificate, block, 0o600))
	return append(
		env,
		"SSL_CERT_FILE="+certificate,
		"PARTS_HTTP="+plain.Listener.Addr().String(),
		"PARTS_HTTPS="+tls.Listener.Addr().String(),
		"PIPELINES={traces: {receivers: [otlp], processors: [batch], exporters: [debug]}}",
	), health
}
