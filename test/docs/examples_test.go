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

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// metrics waits until a page of metrics has all lines.
func metrics(t *testing.T, addr string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		processtest.WaitFor(t, 30*time.Second, line, func() bool {
			_, page := processtest.Get("http://" + addr + "/metrics")
			return strings.Contains("\n"+page, "\n"+line)
		})
	}
}

// printed are the lines of the text blocks of an example's README.
func printed(t *testing.T, example string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), "examples", example, "README.md"))
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
	otlp, scrape := processtest.FreeAddr(t), processtest.FreeAddr(t)
	c := harness.StartCollector(t, harness.Options{
		Configs: []string{"examples/llm/collector.yaml", `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:GRPC}"}, http: {endpoint: "${env:OTLP}"}}}}
connectors: {ml_summary: {flush_interval: 200ms}}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
`},
		Env: []string{"GRPC=" + processtest.FreeAddr(t), "OTLP=" + otlp, "SCRAPE=" + scrape},
		Dir: processtest.RepoRoot(t),
	})
	trace, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), "examples", "llm", "trace.json"))
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
	events, scrape, state := processtest.FreeAddr(t), processtest.FreeAddr(t), t.TempDir()
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
		Dir: processtest.RepoRoot(t),
	})
	send := exec.CommandContext(t.Context(), "go", "run", "./examples/payload-log", "-url", "http://"+events+"/", "-seed", "1")
	send.Dir = processtest.RepoRoot(t)
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
	w := &walkthrough{t: t, example: "evaluation", baseline: "fraud.json"}
	c := w.follow(8, `
extensions: {file_storage: {directory: "${env:STATE}/storage"}}
receivers:
  ground_truth: {endpoint: "${env:LABELS}"}
  ground_truth/warehouse: {files: {include: ["${env:STATE}/labels/*.csv"], poll_interval: 50ms}}
connectors: {ml_evaluation: {emit_interval: 200ms}}
`)
	assert.Contains(t, c.Log(), "EventName: ml.misjudged")
}

// What the README of examples/vision says to type gives what it prints: the weather in which the
// detector is not sure, and the frames that were too late.
func TestExampleVision(t *testing.T) {
	w := &walkthrough{t: t, example: "vision", baseline: "detector.json"}
	c := w.follow(5, `
connectors: {ml_summary: {flush_interval: 200ms, feature_flush_interval: 200ms}, ml_drift: {emit_interval: 200ms}}
`)
	assert.Equal(t, 46, strings.Count(c.Log(), "-> ml.contract.check: Str(seen-in-time)"))
	assert.Equal(t, 46, strings.Count(c.Log(), "-> ml.contract.expected: Str(what is ahead is seen before the drone is there)"))
	assert.Equal(t, 45, strings.Count(c.Log(), "-> ml.segment.weather: Str(fog)"))
}

// walkthrough follows the README of an example.
type walkthrough struct {
	t                           *testing.T
	example, baseline           string
	otlp, labels, scrape, state string
}

// follow starts the example's collector with another config on top, enters what is to be typed, and
// stops the collector. There are as many blocks that print something as it is told.
func (w *walkthrough) follow(printing int, config string) *harness.Collector {
	t := w.t
	t.Helper()
	w.otlp, w.labels, w.scrape, w.state = processtest.FreeAddr(t), processtest.FreeAddr(t), processtest.FreeAddr(t), t.TempDir()
	dir := filepath.Join("examples", w.example)
	c := harness.StartCollector(t, harness.Options{
		Configs: []string{filepath.Join(dir, "collector.yaml"), `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:HTTP}"}}}}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
`, config},
		Env: []string{"OTLP=" + w.otlp, "HTTP=" + processtest.FreeAddr(t), "LABELS=" + w.labels, "SCRAPE=" + w.scrape, "STATE=" + w.state},
		Dir: processtest.RepoRoot(t),
	})
	readme, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), dir, "README.md"))
	require.NoError(t, err)
	blocks := block.FindAllStringSubmatch(string(readme), -1)
	printed := 0
	for i, b := range blocks {
		if b[1] != "sh" {
			continue
		}
		var want []string
		if i+1 < len(blocks) && blocks[i+1][1] == "text" {
			want = strings.Split(strings.TrimSpace(blocks[i+1][2]), "\n")
			printed++
		}
		w.enter(strings.ReplaceAll(strings.TrimSpace(b[2]), "\\\n", " "), want)
	}
	assert.Equal(t, printing, printed)
	c.Stop()
	return c
}

// enter does what a block of the README says, and expects that it prints what the next one has.
func (w *walkthrough) enter(commands string, want []string) {
	t := w.t
	t.Helper()
	switch name, _, _ := strings.Cut(commands, " "); {
	case name == "bin/otelcol-ml": // runs already
	case strings.Contains(commands, "./cmd/mlreplay"):
		w.shell(commands + " --endpoint " + w.otlp)
	case strings.Contains(commands, "./cmd/mlprofile"):
		made := filepath.Join(w.state, w.baseline)
		w.shell(commands + " -o " + made)
		assert.Equal(t, baselineOf(t, made), baselineOf(t, filepath.Join(processtest.RepoRoot(t), "examples", w.example, "catalog", w.baseline)))
	case name == "python3":
		expect(t, want, w.python(commands))
	case strings.Contains(commands, "/v1/ground-truth"):
		_, body, ok := strings.Cut(commands, "-d '")
		require.True(t, ok)
		expect(t, want, w.post(strings.TrimSuffix(body, "'")))
	default: // metrics, when the labels of a file are there
		commands = strings.ReplaceAll(commands, "state/evaluation/", w.state+"/")
		before, ask, _ := strings.Cut(commands, "curl ")
		if before != "" {
			w.shell(before) // once: a copy that is made again and again is a file that is written while it is read
		}
		commands = strings.ReplaceAll("curl "+ask, "curl -s localhost:8889/metrics", "cat "+w.state+"/page")
		var got string
		processtest.WaitFor(t, 60*time.Second, want[0], func() bool {
			_, page := processtest.Get("http://" + w.scrape + "/metrics")
			require.NoError(t, os.WriteFile(filepath.Join(w.state, "page"), []byte(page), 0o600))
			got = w.shell(commands + " || true")
			return printedAs(want, got)
		})
		expect(t, want, got)
	}
}

// shell runs a line, and returns what it writes.
func (w *walkthrough) shell(line string) string {
	cmd := exec.CommandContext(w.t.Context(), "sh", "-c", line)
	cmd.Dir = processtest.RepoRoot(w.t)
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "%s\n%s", line, out)
	return string(out)
}

func (w *walkthrough) post(body string) string {
	t := w.t
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+w.labels+"/v1/ground-truth", strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return string(answer)
}

// python runs the program, or posts what it would where there is no Python with requests.
func (w *walkthrough) python(line string) string {
	if exec.CommandContext(w.t.Context(), "python3", "-c", "import requests").Run() == nil {
		return w.shell(line + " http://" + w.labels + "/v1/ground-truth")
	}
	f, err := os.Open(filepath.Join(processtest.RepoRoot(w.t), line[strings.LastIndex(line, " ")+1:]))
	require.NoError(w.t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(w.t, err)
	var labels []map[string]string
	for _, row := range rows[1:] {
		label := map[string]string{}
		for i, name := range rows[0] {
			label[name] = row[i]
		}
		labels = append(labels, label)
	}
	body, err := json.Marshal(labels)
	require.NoError(w.t, err)
	return strings.NewReplacer(`"`, "'", ":", ": ", ",", ", ").Replace(w.post(string(body)))
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
