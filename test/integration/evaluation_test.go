// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

const evaluationToFile = `
extensions:
  file_storage: {directory: "${env:STORAGE}", create_directory: true}
receivers:
  otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}
  ground_truth: {endpoint: "${env:LABELS}"}
connectors:
  ml_evaluation: {storage: file_storage, emit_interval: 50ms, save_interval: 300ms}
exporters:
  file: {path: "${env:OUT}", append: true, flush_interval: 10ms}
service:
  extensions: [file_storage]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_evaluation]}
    logs: {receivers: [ground_truth], exporters: [ml_evaluation]}
    metrics: {receivers: [ml_evaluation], exporters: [file]}
`

// labelledRow is a prediction of which the truth becomes known.
type labelledRow struct {
	id             string
	answer, actual string
}

// However often the collector is killed while predictions and labels come in at once: what was
// acknowledged is counted, each prediction once, by its latest label.
func TestKilledCollectorLosesNoLabel(t *testing.T) {
	dir := t.TempDir()
	out, otlp, labels := filepath.Join(dir, "metrics.json"), processtest.FreeAddr(t), processtest.FreeAddr(t)
	rng := rand.New(rand.NewPCG(3, 3))
	killer := &killer{t: t, rng: rng, options: harness.Options{Configs: []string{evaluationToFile}, Env: []string{
		"OTLP=" + otlp, "LABELS=" + labels, "STORAGE=" + filepath.Join(dir, "storage"), "OUT=" + out,
	}}}
	killer.start()
	client := dial(t, otlp)

	const deaths, batch = 15, 20
	done := make(chan map[[2]string]float64)
	go func() {
		want := map[[2]string]float64{}
		defer func() { done <- want }()
		for n := 0; killer.deaths() < deaths && !t.Failed(); n++ {
			rows := make([]labelledRow, batch)
			for i := range rows {
				rows[i] = labelledRow{fmt.Sprintf("%d-%d", n, i), []string{"0", "1"}[rng.IntN(2)], []string{"0", "1"}[rng.IntN(2)]}
				want[[2]string{rows[i].answer, rows[i].actual}]++
			}
			predictions := predictionsOf(rows)
			steps := []func() error{
				func() error { return client.export(predictions) },
				func() error { return sendLabels(labels, rows, false, 1) }, // wrong ones first
				func() error { return sendLabels(labels, rows, true, 2) },
			}
			rng.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			for _, step := range steps {
				for step() != nil { // until it is acknowledged
					if t.Failed() {
						return
					}
				}
			}
		}
	}()
	var want map[[2]string]float64
	for want == nil {
		select {
		case want = <-done:
		case <-time.After(time.Duration(200+killer.rng.IntN(600)) * time.Millisecond):
			if killer.deaths() < deaths {
				killer.kill()
				killer.start()
			}
		}
	}
	total := 0.0
	for _, n := range want {
		total += n
	}
	killer.collector.Stop()

	all := points(t, out)
	for cell, n := range want {
		key := fmt.Sprintf("ml.evaluation.count{ml.evaluation.actual=%s,ml.evaluation.predicted=%s,ml.model.name=fraud,ml.model.version=7}", cell[1], cell[0])
		require.NotEmpty(t, all[key], key)
		assert.InDelta(t, n, all[key][len(all[key])-1].value, 0, key)
	}
	coverage := all["ml.evaluation.coverage{ml.model.name=fraud,ml.model.version=7}"]
	require.NotEmpty(t, coverage)
	assert.InDelta(t, 1, coverage[len(coverage)-1].value, 0)
	t.Logf("%d deaths, %.0f predictions with two labels each", killer.deaths(), total)
}

func predictionsOf(rows []labelledRow) ptrace.Traces {
	td := ptrace.NewTraces()
	all := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	now := time.Now()
	for i, row := range rows {
		s := all.AppendEmpty()
		s.SetTraceID(pcommon.TraceID(bytes.Repeat([]byte{byte(i + 1)}, 16)))
		var id pcommon.SpanID
		copy(id[:], row.id)
		s.SetSpanID(id)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(now))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		s.Attributes().PutStr(mlconv.AttrModelName, "fraud")
		s.Attributes().PutStr(mlconv.AttrModelVersion, "7")
		s.Attributes().PutStr(mlconv.AttrPredictionID, row.id)
		s.Attributes().PutStr(mlconv.AttrPredictionClass, row.answer)
	}
	return td
}

// sendLabels posts labels, right or wrong ones, that were known so many minutes before now.
func sendLabels(addr string, rows []labelledRow, right bool, minute int) error {
	var body bytes.Buffer
	for _, row := range rows {
		label := row.actual
		if !right {
			label = map[string]string{"0": "1", "1": "0"}[label]
		}
		line, err := json.Marshal(map[string]string{
			"prediction_id": row.id, "label": label, "label_time": time.Date(2026, 11, 1, 0, minute, 0, 0, time.UTC).Format(time.RFC3339),
		})
		if err != nil {
			return err
		}
		body.Write(append(line, '\n'))
	}
	response, err := http.Post("http://"+addr+"/v1/ground-truth", "application/x-ndjson", &body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}
