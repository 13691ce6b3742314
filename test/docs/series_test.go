// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// wide is a model with numeric features of which each is watched in each country.
type wide struct{ features, countries int }

func (w wide) names() (names []string) {
	for i := range w.features {
		names = append(names, fmt.Sprintf("f%03d", i))
	}
	return names
}

func (w wide) writeCatalog(t *testing.T, dir string) {
	t.Helper()
	card := "kind: model\nname: wide\nbaseline: wide.json\nsegments: [country]\nsegment_features: [" + strings.Join(w.names(), ", ") + "]\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "wide.yaml"), []byte(card), 0o600))
	rng := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 2000)
	for i := range values {
		values[i] = rng.NormFloat64()
	}
	baseline := &profile.Profile{FormatVersion: profile.FormatVersion, Name: "wide", Rows: uint64(len(values))}
	for _, name := range w.names() {
		baseline.Features = append(baseline.Features, profile.NewNumeric(name, values, 0, 240))
	}
	baseline.Prediction = profile.NewCategorical("class", map[string]uint64{"a": 1000, "b": 1000}, 0, 100)
	baseline.Confidence = profile.NewNumeric("confidence", values, 0, 240)
	file, err := os.Create(filepath.Join(dir, "wide.json"))
	require.NoError(t, err)
	require.NoError(t, baseline.Write(file))
	require.NoError(t, file.Close())
}

// spans are rows for each country, in requests of one country each.
func (w wide) spans(rows int) (all []ptrace.Traces) {
	rng := rand.New(rand.NewPCG(2, 2))
	names := w.names()
	for country := range w.countries {
		td := ptrace.NewTraces()
		list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		for i := range rows {
			span := list.AppendEmpty()
			span.SetTraceID([16]byte{1, byte(country), byte(i >> 8), byte(i)})
			span.SetSpanID([8]byte{1, byte(country), byte(i >> 8), byte(i)})
			at := time.Now().Add(-time.Duration(i) * 100 * time.Millisecond)
			span.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
			span.SetEndTimestamp(pcommon.NewTimestampFromTime(at))
			attrs := span.Attributes()
			attrs.PutStr("ml.model.name", "wide")
			attrs.PutStr("ml.segment.country", fmt.Sprintf("c%02d", country))
			attrs.PutStr("ml.prediction.class", []string{"a", "b"}[i%2])
			attrs.PutDouble("ml.prediction.confidence", 0.5+rng.Float64()/2)
			for _, name := range names {
				attrs.PutDouble("ml.feature."+name, rng.NormFloat64())
			}
		}
		all = append(all, td)
	}
	return all
}

// seriesOf starts README's pipeline, sends the spans and returns the number of series once all
// segments have scores and it stays.
func (w wide) seriesOf(t *testing.T, drift string) (series int, byMetric map[string]int) {
	t.Helper()
	catalog, otlp, scrape := t.TempDir(), processtest.FreeAddr(t), processtest.FreeAddr(t)
	w.writeCatalog(t, catalog)
	c := harness.StartCollector(t, harness.Options{Configs: []string{`
extensions: {ml_catalog: {directory: "` + catalog + `"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "` + otlp + `"}}}}
connectors: {ml_summary: {flush_interval: 500ms, feature_flush_interval: 500ms}, ml_drift: {` + drift + `emit_interval: 1s}}
exporters: {prometheus: {endpoint: "` + scrape + `", enable_open_metrics: true, without_scope_info: true}}
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [prometheus]}
`}})
	rows := 250
	for _, request := range w.spans(rows) {
		require.NoError(t, traffic.Send(t.Context(), otlp, request))
	}
	steady := 0 // scrapes that had the same series: one may come while an emission is taken in
	processtest.WaitFor(t, 60*time.Second, "the comparison of all features, of all rows", func() bool {
		_, page := processtest.Get("http://" + scrape + "/metrics")
		before, complete := series, 0
		series, byMetric = 0, map[string]int{}
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
				continue
			}
			series++
			name, _, _ := strings.Cut(line, "{")
			byMetric[name]++
			if name == "ml_drift_samples" && strings.Contains(line, `ml_drift_subject="feature"`) && strings.HasSuffix(line, fmt.Sprintf(" %d\n", rows*w.countries)) {
				complete++
			}
		}
		if complete < w.features || series != before {
			steady = 0
			return false
		}
		steady++
		return steady >= 5
	})
	c.Stop()
	return series, byMetric
}

// numberOfSeries is the formula of docs/operations.md, without what comes with the first verdict
// (one series a comparison) and with missing values.
func numberOfSeries(features, segments int) int { return features*(53+16*segments) + 38*segments + 86 }

func TestNumberOfSeriesIsAsTheDocsSay(t *testing.T) {
	page, _, _ := operations(t)
	assert.Contains(t, page, "38,146 series")
	assert.Equal(t, 38_146, numberOfSeries(100, 20))

	w := wide{features: 20, countries: 5}
	series, byMetric := w.seriesOf(t, "")
	assert.Equal(t, numberOfSeries(20, 5), series, "%v", byMetric)
	series, byMetric = w.seriesOf(t, "segments: {scores: drifted}, ")
	assert.Equal(t, numberOfSeries(20, 0), series, "%v", byMetric)
}
