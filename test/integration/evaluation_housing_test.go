// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

const monthsToFile = `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
receivers:
  otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}
  ground_truth: {endpoint: "${env:LABELS}"}
connectors: {ml_evaluation: {window: month, wait: 9000h, timestamps: event, emit_interval: 100ms}}
exporters: {file: {path: "${env:OUT}", flush_interval: 50ms}}
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_evaluation]}
    logs: {receivers: [ground_truth], exporters: [ml_evaluation]}
    metrics: {receivers: [ml_evaluation], exporters: [file]}
`

// lowest is the ROC AUC below which NannyML speaks of an alert: three standard deviations of the
// reference's months below their mean.
const lowest = 0.708336

// housingQuality is what NannyML, and a computation from the labels, give by month.
type housingQuality struct {
	Recomputed struct {
		CBPE struct {
			Chunks []struct {
				Key, Period         string
				N                   int
				Estimated, Realized map[string]float64
			}
		}
	} `json:"recomputed_here"`
}

// NannyML's California housing data through the built collector. From scores alone, calibrated on the
// reference data: the monthly areas under the ROC curve that NannyML has published, and September,
// alone, below its threshold. Then with the labels of the separate file, each known three days after
// its prediction: the confusion counts and areas that follow from them.
func TestCaliforniaHousingEvaluated(t *testing.T) {
	dir := filepath.Join(processtest.RepoRoot(t), "..", "shared", "data", "california_housing")
	data, err := os.ReadFile(filepath.Join(dir, "expected_results.json"))
	if err != nil {
		t.Skip("../shared/data/california_housing is absent: the data set is not part of this repository")
	}
	var want housingQuality
	require.NoError(t, json.Unmarshal(data, &want))
	work := t.TempDir()
	command(t, "mlprofile", "build", filepath.Join(dir, "california_housing_reference.csv"), "-o", filepath.Join(work, "housing.json"), "--name", "housing",
		"--timestamp", "timestamp", "--prediction", "y_pred", "--label", "clf_target", "--score", "y_pred_proba", "--exclude", "id")
	require.NoError(t, os.WriteFile(filepath.Join(work, "housing.yaml"), []byte(`
kind: model
name: housing
task: binary_classification
positive_class: "1"
baseline: housing.json
`), 0o600))

	replay := func(more ...string) map[string]map[time.Time]float64 {
		out, labels := filepath.Join(t.TempDir(), "metrics.jsonl"), processtest.FreeAddr(t)
		c := start(t, monthsToFile, "OUT="+out, "CATALOG="+work, "LABELS="+labels)
		args := append([]string{
			filepath.Join(dir, "california_housing_analysis.csv"), "--endpoint", c.otlp, "--model", "housing", "--timestamp", "timestamp",
			"--id", "id", "--prediction", "y_pred", "--score", "y_pred_proba", "--features", "MedInc",
		}, more...)
		if len(more) > 0 {
			args = append(args, "--labels-endpoint", "http://"+labels+"/v1/ground-truth")
		}
		command(t, "mlreplay", args...)
		c.Stop()
		return newestPoints(t, out)
	}
	roc := func(all map[string]map[time.Time]float64, kind string, month time.Time) (v float64, there bool) {
		v, there = all["ml.evaluation.score{ml.evaluation.bound=point,ml.evaluation.kind="+kind+",ml.evaluation.measure=roc_auc,ml.model.name=housing}"][month]
		return v, there
	}
	estimated := replay()
	measured := replay("--labels", filepath.Join(dir, "california_housing_analysis_gt.csv"), "--label", "clf_target", "--label-delay", "72h")

	months := 0
	for _, c := range want.Recomputed.CBPE.Chunks {
		if c.Period != "analysis" {
			continue
		}
		month, err := time.Parse("2006-01", c.Key)
		require.NoError(t, err)
		_, there := roc(estimated, "measured", month)
		assert.False(t, there, "measured without labels")
		got, there := roc(estimated, "estimated", month)
		require.True(t, there, c.Key) // also the last one, which is not over when the collector stops
		months++
		// The bins of the connector are 200: scores have two decimals, so none differ in one.
		assert.InDelta(t, c.Estimated["roc_auc"], got, 1e-6, "estimated of %s", c.Key)
		assert.Equal(t, c.Key == "2021-09", got < lowest, "flagged in %s: %v", c.Key, got)

		got, there = roc(measured, "measured", month)
		require.True(t, there, c.Key)
		assert.InDelta(t, c.Realized["roc_auc"], got, 1e-12, "measured of %s", c.Key)
		n := measured["ml.evaluation.samples{ml.evaluation.kind=measured,ml.evaluation.measure=roc_auc,ml.model.name=housing}"][month]
		assert.InDelta(t, float64(c.N), n, 0, c.Key)
		for measure, value := range map[string]float64{
			"accuracy": c.Realized["accuracy"], "fpr": c.Realized["fp"] / (c.Realized["fp"] + c.Realized["tn"]),
			"recall": c.Realized["tp"] / (c.Realized["tp"] + c.Realized["fn"]), "brier": c.Realized["brier"], "log_loss": c.Realized["log_loss"],
		} {
			key := fmt.Sprintf("ml.evaluation.score{ml.evaluation.bound=point,ml.evaluation.kind=measured,ml.evaluation.measure=%s,ml.model.name=housing}", measure)
			got, there := measured[key][month]
			require.True(t, there, "%s of %s", measure, c.Key)
			assert.InDelta(t, value, got, 1e-9, "%s of %s", measure, c.Key)
		}
	}
	assert.Equal(t, 12, months)
}

// newestPoints are the gauges in a file of the file exporter, by metric and attributes, and by start. A
// window is given again when labels have changed it: the last one counts.
func newestPoints(t *testing.T, path string) map[string]map[time.Time]float64 {
	t.Helper()
	all := map[string]map[time.Time]float64{}
	for _, line := range lines(t, path) {
		md, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(line)
		require.NoError(t, err)
		for m := range testkit.Metrics(md) {
			if m.Type() != pmetric.MetricTypeGauge {
				continue
			}
			for _, p := range m.Gauge().DataPoints().All() {
				var labels []string
				for k, v := range p.Attributes().All() {
					labels = append(labels, k+"="+v.AsString())
				}
				slices.Sort(labels)
				key := m.Name() + "{" + strings.Join(labels, ",") + "}"
				if all[key] == nil {
					all[key] = map[time.Time]float64{}
				}
				all[key][p.StartTimestamp().AsTime()] = p.DoubleValue()
			}
		}
	}
	return all
}
