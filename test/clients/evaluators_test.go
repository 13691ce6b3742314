// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// explanationText is what judges explain. It has a word that is found nowhere else.
const explanationText = "explanationmarker: it names a city that there is not"

// evaluatorsConfig has labels and evaluations from spans and from log records, and one metrics page.
const evaluatorsConfig = `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}}
processors: {ml_normalize: {drop_content: strict}}
connectors:
  ml_summary: {temporality: cumulative, flush_interval: 500ms, feature_flush_interval: 500ms}
  ml_evaluation: {emit_interval: 500ms}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [ml_normalize], exporters: [ml_summary, ml_evaluation]}
    logs: {receivers: [otlp], processors: [ml_normalize], exporters: [ml_evaluation]}
    metrics: {receivers: [ml_summary, ml_evaluation], exporters: [prometheus]}
`

// What the client says, of which some is not to count: two that are corrected or sent twice, an
// explanation alone, and one of a trace.
const (
	judgementsSaid  = 19
	judgementsTwice = 2
	judgementsNone  = 2
)

// A said judgement is one that is to count, as the client prints it.
type said struct {
	Model     string   `json:"model"`
	Evaluator string   `json:"evaluator"`
	Kind      string   `json:"kind"`
	Score     *float64 `json:"score"`
	Label     string   `json:"label"`
	Error     string   `json:"error"`
}

// judgedBy is whose answers who has judged, and countedBy with what result.
type (
	judgedBy  struct{ model, version, evaluator, kind string }
	countedBy struct {
		judgedBy
		label, errorType string
	}
)

// judgements are what the metrics page says of evaluators.
type judgements struct {
	mean, samples map[judgedBy]float64
	counts        map[countedBy]float64
}

func newJudgements() judgements {
	return judgements{mean: map[judgedBy]float64{}, samples: map[judgedBy]float64{}, counts: map[countedBy]float64{}}
}

// What real clients say of answers is on the metrics page as they have said it: by OpenTelemetry's
// SDK as log records and as events of spans, by OpenInference's library on the judged span and on
// spans that link to it. An evaluator that has failed is no answer that has failed.
func TestEvaluators(t *testing.T) {
	t.Parallel()
	server := startModelServer(t)
	otlp, otlpHTTP, scrape := processtest.FreeAddr(t), processtest.FreeAddr(t), processtest.FreeAddr(t)
	collector := harness.StartCollector(t, harness.Options{
		Configs: []string{evaluatorsConfig}, Env: []string{"OTLP=" + otlp, "OTLP_HTTP=" + otlpHTTP, "SCRAPE=" + scrape}, Dir: t.TempDir(),
	})
	program := startClient(t, client{folder: "evaluators"}, []string{
		"OTLP_HTTP=http://" + otlpHTTP, "MODEL_SERVER=" + server.URL + "/v1", "SERVICE=evaluators", "PROMPT=" + promptText, "EXPLANATION=" + explanationText,
	})
	program.WaitForLog(patience, "all spans are sent")
	program.Wait()
	list := readSaid(t, program.Log())
	require.Len(t, list, judgementsSaid)

	own := func(name string) (sum float64) {
		for _, s := range readPage(t, collector.Metrics).samples["otelcol_ml_evaluation_"+name] {
			sum += s.value
		}
		return sum
	}
	processtest.WaitFor(t, patience, "all that was said", func() bool { return own("judgements") == judgementsSaid+judgementsTwice })
	emitted := own("emissions")
	processtest.WaitFor(t, patience, "two more emissions", func() bool { return own("emissions") >= emitted+2 })
	page := readPage(t, scrape)

	want := newJudgements()
	for _, j := range list {
		want.add(j)
	}
	assert.Equal(t, want, page.judgements())
	assert.InDelta(t, judgementsNone, own("unusable_judgements"), 0)
	assert.Equal(t, map[failure]float64{{"gpt-4o", "RateLimitError"}: 1}, page.summary().failures, "answers that have failed")
	assertEvaluatorsPage(t, page)
	collector.Stop()
	for place, text := range map[string]string{"the metrics page": page.text, "the log": collector.Log()} {
		assert.NotContains(t, text, "explanationmarker", place)
	}
}

func readSaid(t *testing.T, log string) (list []said) {
	t.Helper()
	for line := range strings.Lines(log) {
		if text, ok := strings.CutPrefix(line, "said "); ok {
			require.NoError(t, json.Unmarshal([]byte(text), &list))
		}
	}
	return list
}

// add counts a judgement that was said.
func (w judgements) add(j said) {
	by := judgedBy{j.Model, models[j.Model].version, j.Evaluator, j.Kind}
	w.counts[countedBy{by, j.Label, j.Error}]++
	if j.Score != nil {
		n := w.samples[by]
		w.mean[by] = (w.mean[by]*n + *j.Score) / (n + 1)
		w.samples[by]++
	}
}

// judgements returns what the page says of evaluators, without what has been taken back: where log
// records come before the spans, the model was not known at first. Their counts fall to zero then, and
// gauges stay on the exporter's page for metric_expiration.
func (p page) judgements() judgements {
	got := newJudgements()
	by := func(s sample) judgedBy {
		return judgedBy{s.labels["ml_model_name"], s.labels["ml_model_version"], s.labels["gen_ai_evaluation_name"], s.labels["ml_evaluator_kind"]}
	}
	counted := map[judgedBy]bool{}
	for _, s := range p.samples["ml_evaluator_count"] {
		if s.value != 0 {
			got.counts[countedBy{by(s), s.labels["gen_ai_evaluation_score_label"], s.labels["error_type"]}] = s.value
			counted[by(s)] = true
		}
	}
	for _, s := range p.samples["ml_evaluator_score"] {
		if s.labels["ml_evaluation_bound"] == "point" && counted[by(s)] {
			got.mean[by(s)] = s.value
		}
	}
	for _, s := range p.samples["ml_evaluator_samples"] {
		if counted[by(s)] {
			got.samples[by(s)] = s.value
		}
	}
	return got
}

// assertEvaluatorsPage compares all that the page says of evaluators, the bounds as well, with the
// file in testdata.
func assertEvaluatorsPage(t *testing.T, p page) {
	t.Helper()
	lines := slices.DeleteFunc(p.lines([]string{"ml_evaluator_"}, nil), func(line string) bool {
		takenBack := strings.HasSuffix(line, "} 0") || !strings.HasPrefix(line, "ml_evaluator_count{")
		return takenBack && !strings.Contains(line, "ml_model_name")
	})
	got := strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", "evaluators.txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test -tags clients -update makes it")
	assert.Equal(t, string(want), got, file)
}
