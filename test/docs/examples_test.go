// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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

// What the README of examples/evaluation says to type gives what it prints.
func TestExampleEvaluation(t *testing.T) {
	e := &evaluationExample{t: t, otlp: harness.FreeAddr(t), labels: harness.FreeAddr(t), scrape: harness.FreeAddr(t), state: t.TempDir()}
	c := harness.StartCollector(t, harness.Options{
		Configs: []string{"examples/evaluation/collector.yaml", `
extensions: {file_storage: {directory: "${env:STATE}/storage"}}
receivers:
  otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:HTTP}"}}}
  ground_truth: {endpoint: "${env:LABELS}"}
  ground_truth/warehouse: {files: {include: ["${env:STATE}/labels/*.csv"], poll_interval: 50ms}}
connectors: {ml_evaluation: {emit_interval: 200ms}}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
`},
		Env: []string{"OTLP=" + e.otlp, "HTTP=" + harness.FreeAddr(t), "LABELS=" + e.labels, "SCRAPE=" + e.scrape, "STATE=" + e.state},
		Dir: harness.RepoRoot(t),
	})
	readme, err := os.ReadFile(filepath.Join(harness.RepoRoot(t), "examples", "evaluation", "README.md"))
	require.NoError(t, err)
	blocks := block.FindAllStringSubmatch(string(readme), -1)
	typed := 0
	for i, b := range blocks {
		if b[1] != "sh" {
			continue
		}
		var want []string
		if i+1 < len(blocks) && blocks[i+1][1] == "text" {
			want = strings.Split(strings.TrimSpace(blocks[i+1][2]), "\n")
			typed++
		}
		e.enter(strings.ReplaceAll(strings.TrimSpace(b[2]), "\\\n", " "), want)
	}
	assert.Equal(t, 8, typed)
	c.Stop()
	assert.Contains(t, c.Log(), "EventName: ml.misjudged")
}

// evaluationExample is where its collector listens, and where it keeps its state.
type evaluationExample struct {
	t                           *testing.T
	otlp, labels, scrape, state string
}

// enter does what a block of the README says, and expects that it prints what the next one has.
func (e *evaluationExample) enter(commands string, want []string) {
	t := e.t
	t.Helper()
	switch name, _, _ := strings.Cut(commands, " "); {
	case name == "bin/otelcol-ml": // runs already
	case strings.Contains(commands, "./cmd/mlreplay"):
		e.shell(commands + " --endpoint " + e.otlp)
	case strings.Contains(commands, "./cmd/mlprofile"):
		made := filepath.Join(e.state, "fraud.json")
		e.shell(commands + " -o " + made)
		assert.Equal(t, baselineOf(t, made), baselineOf(t, filepath.Join(harness.RepoRoot(t), "examples", "evaluation", "catalog", "fraud.json")))
	case name == "python3":
		expect(t, want, e.python(commands))
	case strings.Contains(commands, "/v1/ground-truth"):
		_, body, ok := strings.Cut(commands, "-d '")
		require.True(t, ok)
		expect(t, want, e.post(strings.TrimSuffix(body, "'")))
	default: // metrics, when the labels of a file are there
		commands = strings.ReplaceAll(commands, "state/evaluation/", e.state+"/")
		before, ask, _ := strings.Cut(commands, "curl ")
		if before != "" {
			e.shell(before) // once: a copy that is made again and again is a file that is written while it is read
		}
		commands = strings.ReplaceAll("curl "+ask, "curl -s localhost:8889/metrics", "cat "+e.state+"/page")
		var got string
		harness.WaitFor(t, 60*time.Second, want[0], func() bool {
			_, page := harness.Get("http://" + e.scrape + "/metrics")
			require.NoError(t, os.WriteFile(filepath.Join(e.state, "page"), []byte(page), 0o600))
			got = e.shell(commands + " || true")
			return printedAs(want, got)
		})
		expect(t, want, got)
	}
}

// shell runs a line, and returns what it writes.
func (e *evaluationExample) shell(line string) string {
	cmd := exec.CommandContext(e.t.Context(), "sh", "-c", line)
	cmd.Dir = harness.RepoRoot(e.t)
	out, err := cmd.CombinedOutput()
	require.NoError(e.t, err, "%s\n%s", line, out)
	return string(out)
}

func (e *evaluationExample) post(body string) string {
	t := e.t
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+e.labels+"/v1/ground-truth", strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return string(answer)
}

// python runs the program, or posts what it would where there is no Python with requests.
func (e *evaluationExample) python(line string) string {
	if exec.CommandContext(e.t.Context(), "python3", "-c", "import requests").Run() == nil {
		return e.shell(line + " http://" + e.labels + "/v1/ground-truth")
	}
	f, err := os.Open(filepath.Join(harness.RepoRoot(e.t), line[strings.LastIndex(line, " ")+1:]))
	require.NoError(e.t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(e.t, err)
	var labels []map[string]string
	for _, row := range rows[1:] {
		label := map[string]string{}
		for i, name := range rows[0] {
			label[name] = row[i]
		}
		labels = append(labels, label)
	}
	body, err := json.Marshal(labels)
	require.NoError(e.t, err)
	return strings.NewReplacer(`"`, "'", ":", ": ", ",", ", ").Replace(e.post(string(body)))
}

// printedAs tells whether lines are those that a README has; … stands for more digits.
func printedAs(want []string, got string) bool {
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != len(want) {
		return false
	}
	for i, line := range want {
		if digits, cut := strings.CutSuffix(line, "…"); cut && !strings.HasPrefix(lines[i], digits) || !cut && lines[i] != line {
			return false
		}
	}
	return true
}

func expect(t *testing.T, want []string, got string) {
	t.Helper()
	assert.True(t, printedAs(want, got), "printed:\n%s\nin the README:\n%s", got, strings.Join(want, "\n"))
}

// baselineOf reads a baseline without the time at which it was made.
func baselineOf(t *testing.T, path string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var b map[string]any
	require.NoError(t, json.Unmarshal(content, &b))
	delete(b, "created_at")
	return b
}
