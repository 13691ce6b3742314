// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// A release that makes a GPU busier and answers worse is one alert. What rules record of GPUs, tokens and right answers is what follows
// from the pages of the dcgm-exporters and from the counters of the collector.
func TestGPU(t *testing.T) {
	t.Parallel()
	x := newTale(t, "gpu")
	x.walk(5 * time.Minute)
	metrics := "http://" + x.moved("localhost:8889") + "/metrics"

	alerts := regexp.MustCompile(`(?m)^\S+ alert (.*)$`).FindAllStringSubmatch(x.story.Log(), -1)
	require.Len(t, alerts, 1, x.story.Log())
	assert.Contains(t, alerts[0][1], "VersionWorse (critical): version 2 of assistant")

	// What is not supported is on a page of an exporter, and nowhere else.
	const unsupported = "9223372036854775794"
	assert.Equal(t, 3, strings.Count(page(t, "http://"+x.moved("localhost:9400")+"/gpu-node-2/metrics"), unsupported))
	for name, list := range samples(t, page(t, metrics)) {
		for _, s := range list {
			assert.Less(t, s.value, 9e18, name)
		}
	}
	assert.Empty(t, promQL(t, x, `{__name__=~".+"} > 9e18`))

	// Units, on the page of a node whose numbers stay as they are.
	now := samples(t, page(t, metrics))
	a10 := map[string]string{"host_name": "gpu-node-2", "hw_id": "GPU-f1d5c0a7-2e68-4b39-8d72-0c9b1a3e5f47", "hw_model": "NVIDIA A10", "hw_vendor": "NVIDIA"}
	for name, want := range map[string]float64{
		"hw_gpu_utilization_ratio": 0, "hw_gpu_memory_usage_bytes": 1 << 20, "hw_gpu_memory_limit_bytes": (22503 + 1 + 525) << 20,
		"hw_power_watts": 15.731, "hw_temperature_celsius": 29,
	} {
		assert.InDelta(t, want, sum(now, name, a10), 1e-6, name)
		assert.Equal(t, 1, count(now, name, a10), name)
	}
	assert.Zero(t, count(now, "hw_energy_joules_total", a10))
	assert.InDelta(t, 318820.022, sum(now, "hw_energy_joules_total", map[string]string{"hw_name": "1g.10gb"}), 1e-6)
	for name, list := range now {
		for _, p := range list {
			assert.NotContains(t, p.labels["k8s_pod_name"], "dcgm-exporter", "the pod of the exporter is not that of a GPU: %s", name)
		}
		assert.False(t, strings.HasPrefix(name, "DCGM_") || strings.HasPrefix(name, "scrape_"), name)
	}

	x.checkRecorded(metrics)
}

// window is that of examples/gpu/recorded.yaml.
const window = 20 * time.Second

// checkRecorded watches the pages for as long as the window of the recorded rules, and works out what they should say.
func (x *tale) checkRecorded(metrics string) {
	t := x.t
	t.Helper()
	exporter := "http://" + x.moved("localhost:9400") + "/gpu-node-1/metrics"
	models := map[string]string{"assistant": "assistant-84f6c7d9bb-h2xjr", "ranker": "ranker-5b7c8d9f66-tm4kd"}
	busy, looks := map[string]float64{}, 0.0
	first, begin := samples(t, page(t, metrics)), time.Now()
	for time.Since(begin) < window {
		percent := samples(t, page(t, exporter))
		for model, pod := range models {
			require.Equal(t, 1, count(percent, "DCGM_FI_DEV_GPU_UTIL", map[string]string{"pod": pod}))
			busy[model] += sum(percent, "DCGM_FI_DEV_GPU_UTIL", map[string]string{"pod": pod}) / 100
		}
		looks++
		<-time.After(250 * time.Millisecond)
	}
	last, elapsed := samples(t, page(t, metrics)), time.Since(begin).Seconds()
	rise := func(name string, labels map[string]string) float64 {
		return sum(last, name, labels) - sum(first, name, labels)
	}

	for model := range models {
		of := map[string]string{"ml_model_name": model}
		predictions := rise("ml_prediction_count_total", of)
		require.Positive(t, predictions)
		seconds := busy[model] / looks * elapsed
		const recorded = "model:hw_gpu_seconds_per_thousand_predictions:rate5m"
		assert.InEpsilon(t, 1000*seconds/predictions, sum(last, recorded, of), 0.12, "%s of %s", recorded, model)
		assert.Equal(t, 1, count(last, recorded, of))
	}

	assistant := map[string]string{"ml_model_name": "assistant"}
	assert.InEpsilon(t, rise("gen_ai_client_token_usage_sum", assistant)/elapsed, sum(last, "model:gen_ai_tokens_per_gpu_second:rate5m", assistant), 0.12)

	// Right are those whose label is what was predicted.
	second := map[string]string{"ml_model_name": "assistant", "ml_model_version": "2"}
	right, labelled := 0.0, 0.0
	for _, s := range last["ml_evaluation_count"] {
		if s.has(second) {
			labelled += s.value
			if s.labels["ml_evaluation_predicted"] == s.labels["ml_evaluation_actual"] {
				right += s.value
			}
		}
	}
	require.Greater(t, labelled, 300.0)
	assert.InDelta(t, 0.66, right/labelled, 0.06, "what the story is about")
	cost := rise("ml_prediction_cost_total", second) / (rise("ml_prediction_count_total", second) * right / labelled)
	assert.InEpsilon(t, cost, sum(last, "model:cost_per_correct_answer:rate5m", map[string]string{"ml_model_name": "assistant", "ml_prediction_currency": "USD"}), 0.05)
	assert.Len(t, last["model:cost_per_correct_answer:rate5m"], 1, "the ranker has no price")
}

// The rules of the story are the shipped ones with shorter times.
func TestGPURulesAreTheShippedOnes(t *testing.T) {
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), name))
		require.NoError(t, err)
		_, rules, ok := strings.Cut(string(content), "    rules:\n")
		require.True(t, ok, name)
		return rules
	}
	shorter := strings.NewReplacer("[5m:15s]", "[20s:1s]", "[5m]", "[20s]", "15 * sum_over_time", "1 * sum_over_time")
	assert.Equal(t, shorter.Replace(read("rules/gpu.yaml")), read("examples/gpu/recorded.yaml"))
}

// point is a line of a page in Prometheus' format.
type point struct {
	labels map[string]string
	value  float64
}

func (p *point) has(labels map[string]string) bool {
	for name, value := range labels {
		if p.labels[name] != value {
			return false
		}
	}
	return true
}

var (
	sampleLine = regexp.MustCompile(`(?m)^([\w:]+)(?:\{(.*?)\})? ([-+.\w]+)`)
	labelPair  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// samples are the points of a page, by name.
func samples(t *testing.T, text string) map[string][]point {
	t.Helper()
	found := map[string][]point{}
	for _, line := range sampleLine.FindAllStringSubmatch(text, -1) {
		value, err := strconv.ParseFloat(line[3], 64)
		require.NoError(t, err, line[0])
		labels := map[string]string{}
		for _, pair := range labelPair.FindAllStringSubmatch(line[2], -1) {
			labels[pair[1]] = pair[2]
		}
		found[line[1]] = append(found[line[1]], point{labels, value})
	}
	require.NotEmpty(t, found)
	return found
}

func sum(of map[string][]point, name string, labels map[string]string) (total float64) {
	for _, p := range of[name] {
		if p.has(labels) {
			total += p.value
		}
	}
	return total
}

func count(of map[string][]point, name string, labels map[string]string) (n int) {
	for _, p := range of[name] {
		if p.has(labels) {
			n++
		}
	}
	return n
}

// page is what is answered there.
func page(t *testing.T, address string) string {
	t.Helper()
	status, body := processtest.Get(address)
	require.Equal(t, http.StatusOK, status, address)
	return body
}

// promQL is what the collector of a story answers to a query.
func promQL(t *testing.T, x *tale, query string) []any {
	t.Helper()
	var answer struct {
		Data struct {
			Result []any `json:"result"`
		} `json:"data"`
	}
	body := page(t, "http://"+x.moved("localhost:9099")+"/api/v1/query?query="+url.QueryEscape(query))
	require.NoError(t, json.Unmarshal([]byte(body), &answer), body)
	return answer.Data.Result
}
