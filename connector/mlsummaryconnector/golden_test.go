// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// update rewrites the golden outputs: UPDATE_GOLDEN=1 go test -run TestGolden .
var update = os.Getenv("UPDATE_GOLDEN") != ""

// loadConfig reads the connector's config from a file.
func loadConfig(t *testing.T, file string) *Config {
	t.Helper()
	conf, err := confmaptest.LoadConf(file)
	require.NoError(t, err)
	sub, err := conf.Sub("ml_summary")
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	return cfg
}

// one returns the metrics of a sink as a single request, in which the random ids of producers are
// zeros.
func one(sink *consumertest.MetricsSink) pmetric.Metrics {
	all := pmetric.NewMetrics()
	for _, md := range sink.AllMetrics() {
		md.ResourceMetrics().MoveAndAppendTo(all.ResourceMetrics())
	}
	for _, rm := range all.ResourceMetrics().All() {
		if producer, ok := rm.Resource().Attributes().Get(mlconv.AttrSummaryProducer); ok {
			_, model, _ := strings.Cut(producer.Str(), ".")
			producer.SetStr("0000000000000000." + model)
		}
	}
	return all
}

func TestGolden(t *testing.T) {
	set, err := catalog.Load("testdata/catalog")
	require.NoError(t, err)
	cases, err := filepath.Glob("testdata/*/input.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, input := range cases {
		dir := filepath.Dir(input)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			cfg := loadConfig(t, filepath.Join(dir, "config.yaml"))
			td, err := golden.ReadTraces(input)
			require.NoError(t, err)
			td.MarkReadOnly()
			sink := new(consumertest.MetricsSink)
			synctest.Test(t, func(t *testing.T) {
				c, err := newConnector(connectortest.NewNopSettings(metadata.Type), cfg, sink)
				require.NoError(t, err)
				require.NoError(t, c.Start(t.Context(), testkit.Host{catalogtest.ID: catalogtest.NewExtension(set)}))
				require.NoError(t, c.ConsumeTraces(t.Context(), td))
				testkit.Advance(time.Minute + time.Second)
				require.NoError(t, c.Shutdown(context.Background()))
			})
			output := filepath.Join(dir, "output.yaml")
			if cfg.Temporality == TemporalityEventDelta {
				checkWire(t, sink.AllMetrics())
			}
			got := one(sink)
			if update {
				require.NoError(t, golden.WriteMetricsToFile(output, got, golden.SkipMetricTimestampNormalization()))
			}
			want, err := golden.ReadMetrics(output)
			require.NoError(t, err)
			assert.NoError(t, pmetrictest.CompareMetrics(want, got,
				pmetrictest.IgnoreResourceMetricsOrder(), pmetrictest.IgnoreMetricsOrder(), pmetrictest.IgnoreMetricDataPointsOrder()))
		})
	}
}

// checkWire checks what ml_drift relies on: sequences from 1 without a gap for each producer, and in
// each flush ordinals 0..points-1 and one model.
func checkWire(t *testing.T, flushes []pmetric.Metrics) {
	t.Helper()
	last := make(map[string]int64)
	models := make(map[string]string)
	for _, md := range flushes {
		require.Equal(t, 1, md.ResourceMetrics().Len())
		rm := md.ResourceMetrics().At(0)
		attrs := rm.Resource().Attributes()
		producer, _ := attrs.Get(mlconv.AttrSummaryProducer)
		assert.Regexp(t, `^[0-9a-f]{16}\.[0-9]+$`, producer.Str())
		sequence, _ := attrs.Get(mlconv.AttrSummarySequence)
		last[producer.Str()]++
		assert.Equal(t, last[producer.Str()], sequence.Int())
		points, _ := attrs.Get(mlconv.AttrSummaryPoints)
		var ordinals []int64
		eachPoint(rm, func(p point) {
			ordinal, ok := p.attrs.Get(mlconv.AttrSummaryPoint)
			require.True(t, ok)
			ordinals = append(ordinals, ordinal.Int())
			model := ""
			for _, key := range []string{mlconv.AttrEnvironment, mlconv.AttrModelName} {
				if v, ok := p.attrs.Get(key); ok {
					model += "/" + v.Str()
				}
			}
			if _, ok := models[producer.Str()]; !ok {
				models[producer.Str()] = model
			}
			assert.Equal(t, models[producer.Str()], model, "a producer has one model")
			assert.Zero(t, p.start%60_000_000_000, "a pane starts on the minute")
			if p.end != 1<<64-1 {
				assert.Equal(t, p.start+60_000_000_000, p.end)
			}
		})
		want := make([]int64, points.Int())
		for i := range want {
			want[i] = int64(i)
		}
		assert.ElementsMatch(t, want, ordinals)
	}
}
