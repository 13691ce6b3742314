// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distro

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// bodies are the options that bound a request, and their value in configs of ours: 4 MB.
var bodies = map[string]struct {
	key   string
	value int
}{
	"grpc": {"max_recv_msg_size_mib", 4},
	"http": {"max_request_body_size", 4 << 20},
}

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// shippedConfigs are the configs that users start with, by place: files, and blocks of the README
// and of docs/operations.md.
func shippedConfigs(t *testing.T) map[string]string {
	t.Helper()
	root := processtest.RepoRoot(t)
	configs := map[string]string{}
	for _, pattern := range []string{"distro/config.yaml", "examples/*/config.yaml", "examples/*/collector.yaml", "examples/vendors/*/collector.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			configs[file] = string(content)
		}
	}
	for _, page := range []string{"README.md", "docs/operations.md"} {
		content, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		for _, match := range yamlBlock.FindAllStringSubmatch(string(content), -1) {
			configs[page+":\n"+match[1]] = match[1]
		}
	}
	return configs
}

func TestShippedConfigsBoundRequests(t *testing.T) {
	found := 0
	for place, text := range shippedConfigs(t) {
		var config struct {
			Receivers map[string]struct {
				Protocols map[string]map[string]any
				Endpoint  *string
				MaxBody   int `yaml:"max_request_body_size"`
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(text), &config), place)
		for id, receiver := range config.Receivers {
			name, _, _ := strings.Cut(id, "/")
			if (name == "inference_log" || name == "ground_truth") && (receiver.Endpoint == nil || *receiver.Endpoint != "") {
				found++
				assert.Equal(t, 4<<20, receiver.MaxBody, place)
			}
			if name != "otlp" {
				continue
			}
			for protocol, bound := range bodies {
				if options, ok := receiver.Protocols[protocol]; ok {
					found++
					assert.Equal(t, bound.value, options[bound.key], "%s of otlp's %s in %s", bound.key, protocol, place)
				}
			}
		}
	}
	assert.GreaterOrEqual(t, found, 15)
}

// A request of 5 MB is answered with an error that is not to be sent again; one of 3 MB is taken.
func TestLargeRequestsAreRefused(t *testing.T) {
	address := processtest.FreeAddr(t)
	c := harness.StartCollector(t, harness.Options{
		Configs: []string{shipped, override},
		Env: []string{
			"OTLP=" + processtest.FreeAddr(t), "OTLP_HTTP=" + address, "LABELS=" + processtest.FreeAddr(t), "SCRAPE=" + processtest.FreeAddr(t), "HEALTH=" + processtest.FreeAddr(t),
		},
	})
	for megabytes, want := range map[int]int{3: http.StatusOK, 5: http.StatusBadRequest} {
		td := ptrace.NewTraces()
		span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.Attributes().PutStr("prompt", strings.Repeat("a", megabytes<<20))
		body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
		require.NoError(t, err)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/traces", bytes.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-protobuf")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want, response.StatusCode, "%d MB", megabytes)
	}
	c.Stop()
}
