// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"os"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// update rewrites the golden outputs: UPDATE_GOLDEN=1 go test -run TestGolden .
var update = os.Getenv("UPDATE_GOLDEN") != ""

// Two good runs and a failed one, in an environment: all metrics, and the alert as it fires.
func TestGolden(t *testing.T) {
	var md pmetric.Metrics
	var ld plog.Logs
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil).start()
		pass(time.Hour)
		for _, stages := range [][]string{{"extract", "train"}, {"extract", "train"}, {"extract", "train!"}} {
			td := r.run(stages...)
			td.ResourceSpans().At(0).Resource().Attributes().PutStr(mlconv.AttrEnvironment, "production")
			r.consume(td)
			pass(time.Minute)
		}
		md, ld = r.metrics.last(), r.logs.logs[0]
		r.shutdown()
	})
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		assert.NotEmpty(t, m.Unit(), m.Name())
		assert.NotEmpty(t, m.Description(), m.Name())
	}
	if update {
		require.NoError(t, golden.WriteMetricsToFile("testdata/metrics.yaml", md, golden.SkipMetricTimestampNormalization()))
		require.NoError(t, golden.WriteLogsToFile("testdata/alert.yaml", ld))
	}
	wantMetrics, err := golden.ReadMetrics("testdata/metrics.yaml")
	require.NoError(t, err)
	assert.NoError(t, pmetrictest.CompareMetrics(wantMetrics, md, pmetrictest.IgnoreMetricDataPointsOrder(), pmetrictest.IgnoreMetricsOrder()))
	wantLogs, err := golden.ReadLogs("testdata/alert.yaml")
	require.NoError(t, err)
	assert.NoError(t, plogtest.CompareLogs(wantLogs, ld))
}
