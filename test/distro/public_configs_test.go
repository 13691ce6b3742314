// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distro

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
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// variables are the values of the environment that are no plain words; all others are "example".
var variables = map[string]string{
	"POD_IP": "127.0.0.1", "MY_POD_IP": "127.0.0.1", "OTEL_COLLECTOR_PORT_GRPC": "4317", "OTEL_COLLECTOR_PORT_HTTP": "4318",
	"OTEL_GATEWAY": "gateway:4317", "BACKEND": "backend:4317", "KAFKA_BROKER": "kafka:9092",
	"PROMETHEUS_URL": "http://prometheus:9090/api/v1/write", "LANGFUSE_HOST": "https://langfuse.example.com",
	"GRAFANA_OTLP_ENDPOINT": "https://otlp.example.com/otlp", "OTLP_ENDPOINT": "https://otlp.example.com",
	"GRAFANA_INSTANCE_ID": "0123456", "TENANT_ID": "7", "DEBUG_VERBOSITY": "normal", "DEBUG_SAMPLING": "5", "LOG_LEVEL": "warn",
}

var bare = regexp.MustCompile(`\$\{(?:env:)?(\w+)[:}]`)

// enter makes a folder for the config in which, for each variable, there is a file of that name,
// and returns the environment.
func enter(t *testing.T, config string) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	for _, match := range bare.FindAllStringSubmatch(config, -1) {
		name := match[1]
		value, ok := variables[name]
		if !ok {
			value = "example"
		}
		env = append(env, name+"="+value)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("a file: [of that name]\n"), 0o600))
	}
	return dir, env
}

// Configs of the kinds that are found in public repositories are accepted as they are, in a folder
// whose files are called as their variables.
func TestPublicConfigsAreAccepted(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(processtest.RepoRoot(t), "testdata", "public-configs", "*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			config, err := os.ReadFile(file)
			require.NoError(t, err)
			dir, env := enter(t, string(config))
			validate := processtest.Start(t, dir, env, harness.BuildCollector(t), "validate", "--config="+file)
			validate.Wait()
		})
	}
}

// A variable without a scheme is the environment's, whole and inside a text, as with the stock
// binary.
func TestVariablesWithoutASchemeAreTheEnvironments(t *testing.T) {
	const config = `
receivers: {otlp: {protocols: {grpc: {endpoint: "${POD_IP}:4317"}}}}
processors:
  resource:
    attributes:
      - {key: whole, value: "${ENVIRONMENT}", action: insert}
      - {key: inside, value: "in-${ENVIRONMENT}-${env:POD_IP}", action: insert}
exporters: {debug: {sampling_initial: "${DEBUG_SAMPLING}"}}
service: {pipelines: {traces: {receivers: [otlp], processors: [resource], exporters: [debug]}}}
`
	dir, env := enter(t, config)
	file := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	printed := processtest.Start(t, dir, env, harness.BuildCollector(t),
		"print-config", "--mode=unredacted", "--config="+file)
	printed.Wait()
	var got struct {
		Receivers struct {
			OTLP struct {
				Protocols struct{ GRPC struct{ Endpoint string } }
			}
		}
		Processors struct {
			Resource struct{ Attributes []struct{ Key, Value string } }
		}
		Exporters struct {
			Debug struct {
				SamplingInitial int `yaml:"sampling_initial"`
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(printed.Log()), &got), printed.Log())
	assert.Equal(t, "127.0.0.1:4317", got.Receivers.OTLP.Protocols.GRPC.Endpoint)
	assert.Equal(t, []struct{ Key, Value string }{{"whole", "example"}, {"inside", "in-example-127.0.0.1"}}, got.Processors.Resource.Attributes)
	assert.Equal(t, 5, got.Exporters.Debug.SamplingInitial)
}
