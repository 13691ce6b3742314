// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// update rewrites the golden outputs: UPDATE_GOLDEN=1 go test -run TestGolden .
var update = os.Getenv("UPDATE_GOLDEN") != ""

// Two good runs and one that failed because of a query of another service: all metrics, and the
// alert as it fires.
func TestGolden(t *testing.T) {
	var md pmetric.Metrics
	var ld plog.Logs
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.set.BuildInfo.Version = "0.1.0"
		r.start()
		testkit.Advance(time.Hour)
		for day, stages := range [][]string{{"build_features", "train"}, {"build_features", "train"}, {"build_features!", "train"}} {
			td := r.run(stages...)
			resource := td.ResourceSpans().At(0).Resource().Attributes()
			resource.PutStr(mlconv.AttrPipelineName, "recsys_daily")
			resource.PutStr(mlconv.AttrEnvironment, "production")
			resource.PutStr(mlconv.AttrPipelineRunID, fmt.Sprintf("scheduled__2026-11-%d", 20+day))
			if day == 2 {
				query := td.ResourceSpans().AppendEmpty()
				query.Resource().Attributes().PutStr("service.name", "feature-store")
				s := query.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
				s.SetName("SELECT features")
				s.SetSpanID(pcommon.SpanID{0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74})
				s.SetParentSpanID(spanID(2))
				exceptionEvent(s, "OperationalError", "canceling statement due to statement timeout")
			}
			trace := pcommon.TraceID{0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, byte(0x0c + day)}
			for _, rs := range td.ResourceSpans().All() {
				for _, s := range rs.ScopeSpans().At(0).Spans().All() {
					s.SetTraceID(trace)
				}
			}
			r.consume(td)
			testkit.Advance(time.Minute)
		}
		md, ld = r.metrics.last(), r.logs.first()
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
