// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// metrics waits until a page of metrics has all lines.
func metrics(t *testing.T, addr string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		harness.WaitFor(t, 30*time.Second, line, func() bool {
			_, page := harness.Get("http://" + addr + "/metrics")
			return strings.Contains("\n"+page, "\n"+line)
		})
	}
}

// printed are the lines of the text blocks of an example's README.
func printed(t *testing.T, example string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(harness.RepoRoot(t), "examples", example, "README.md"))
	require.NoError(t, err)
	var out []string
	for _, m := range block.FindAllStringSubmatch(string(content), -1) {
		if m[1] == "text" {
			out = append(out, strings.Split(strings.TrimSpace(m[2]), "\n")...)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// The metrics that the README of examples/llm shows are those that its trace gives, and its prompt
// is gone.
func TestExampleLLM(t *testing.T) {
	otlp, scrape := harness.FreeAddr(t), harness.FreeAddr(t)
	c := harness.StartCollector(t, harness.Options{
		Configs: []string{"examples/llm/collector.yaml", `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:GRPC}"}, http: {endpoint: "${env:OTLP}"}}}}
connectors: {ml_summary: {flush_interval: 200ms}}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
`},
		Env: []string{"GRPC=" + harness.FreeAddr(t), "OTLP=" + otlp, "SCRAPE=" + scrape},
		Dir: harness.RepoRoot(t),
	})
	trace, err := os.ReadFile(filepath.Join(harness.RepoRoot(t), "examples", "llm", "trace.json"))
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+otlp+"/v1/traces", bytes.NewReader(trace))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	metrics(t, scrape, printed(t, "llm")...)
	c.Stop()
	assert.Contains(t, c.Log(), "ml.llm.output.characters: Int(20)")
	assert.NotContains(t, c.Log(), "parcel")
}

// What examples/payload-log sends has the scores that its README names, give or take the sample.
func TestExamplePayloadLog(t *testing.T) {
	events, scrape, state := harness.FreeAddr(t), harness.FreeAddr(t), t.TempDir()
	c := harness.StartCollector(t, harness.Options{
		Configs: []string{"examples/payload-log/collector.yaml", `
extensions: {file_storage: {directory: "${env:STATE}"}}
receivers: {inference_log: {endpoint: "${env:EVENTS}"}}
connectors:
  ml_summary: {flush_interval: 200ms, feature_flush_interval: 200ms}
  ml_drift: {emit_interval: 200ms}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
`},
		Env: []string{"EVENTS=" + events, "SCRAPE=" + scrape, "STATE=" + state},
		Dir: harness.RepoRoot(t),
	})
	send := exec.CommandContext(t.Context(), "go", "run", "./examples/payload-log", "-url", "http://"+events+"/", "-seed", "1")
	send.Dir = harness.RepoRoot(t)
	output, err := send.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Equal(t, "1000 payments in 50 requests\n", string(output))
	const labels = `{deployment_environment_name="production",ml_drift_reference="baseline",ml_drift_subject="feature",ml_feature_name="amount",` +
		`ml_model_name="fraud",ml_model_version="7"}`
	metrics(t, scrape, "ml_drift_samples"+labels+" 1000\n")
	for _, line := range printed(t, "payload-log") {
		series, value, ok := strings.Cut(line, " ")
		require.True(t, ok)
		switch {
		case strings.Contains(series, `"amount"`):
			metrics(t, scrape, series+" 0.8") // far from the baseline
		case value == "0":
			metrics(t, scrape, series+" 0\n") // as near as chance has it
		default:
			metrics(t, scrape, series+" 0.0")
		}
		assert.Regexp(t, `^0(\.[08]\d+…)?$`, value)
	}
	c.Stop()
}

// The labels that the README of examples/evaluation sends are answered as it says, and those of its
// file are on the terminal.
func TestExampleEvaluation(t *testing.T) {
	address, state := harness.FreeAddr(t), t.TempDir()
	c := harness.StartCollector(t, harness.Options{
		Configs: []string{"examples/evaluation/collector.yaml", `
extensions: {file_storage: {directory: "${env:STATE}"}}
receivers:
  ground_truth: {endpoint: "${env:LABELS}", files: {poll_interval: 50ms}}
  otlp: {protocols: {http: {endpoint: "${env:OTLP}"}}}
`},
		Env: []string{"LABELS=" + address, "OTLP=" + harness.FreeAddr(t), "STATE=" + state},
		Dir: harness.RepoRoot(t),
	})
	readme, err := os.ReadFile(filepath.Join(harness.RepoRoot(t), "examples", "evaluation", "README.md"))
	require.NoError(t, err)
	var sent []string
	for _, m := range regexp.MustCompile(`(?s)ground-truth -d '(.*?)'`).FindAllStringSubmatch(string(readme), -1) {
		sent = append(sent, m[1])
	}
	require.Len(t, sent, 2)
	var answers []string
	for _, body := range []string{sent[0], sent[0], sent[1]} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/ground-truth", strings.NewReader(body))
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		answer, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		answers = append(answers, strings.TrimSpace(string(answer)))
	}
	assert.Equal(t, printed(t, "evaluation"), answers)
	harness.WaitFor(t, 30*time.Second, "the labels of the file", func() bool { return strings.Contains(c.Log(), "ml.label.source: Str(reviewer)") })
	c.Stop()
	assert.Contains(t, c.Log(), "ml.label.source: Str(chargeback)")
	assert.Contains(t, c.Log(), "ml.label.retracted: Bool(true)")
}
