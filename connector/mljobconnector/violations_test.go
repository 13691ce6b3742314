// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// TestReadsViolations: what ml_contract says on a stage's span, wherever it stands on it.
func TestReadsViolations(t *testing.T) {
	stage := attributes{
		mlconv.AttrContractViolated: []any{"ml.stage.rows.in.range", "low"}, mlconv.AttrContractViolatedRows: []any{2, 3},
		mlconv.AttrContractSeverity: "critical", mlconv.AttrPipelineName: "daily", mlconv.AttrTaskName: "features",
	}
	td, _ := request(t, nil, stage)
	got := read(td)
	require.Len(t, got.spans, 1)
	assert.Equal(t, []run.Violation{{ID: "ml.stage.rows.in.range", Rows: 2}, {ID: "low", Rows: 3}}, got.spans[0].Violations)
	assert.Equal(t, "critical", got.spans[0].Severity)
	assert.False(t, got.spans[0].Foreign)

	delete(stage, mlconv.AttrContractViolatedRows)
	stage[mlconv.AttrModelName] = "fraud"
	td, _ = request(t, nil, stage)
	got = read(td)
	assert.EqualValues(t, 1, got.spans[0].Violations[1].Rows)
	assert.True(t, got.spans[0].Foreign)

	stage[mlconv.AttrContractViolated] = "low"
	td, _ = request(t, nil, stage)
	got = read(td)
	assert.Empty(t, got.spans[0].Violations)
	assert.EqualValues(t, 1, got.unreadable)

	// That of a prediction is no job's.
	td, _ = request(t, nil, attributes{mlconv.AttrContractViolated: []any{"low"}, mlconv.AttrModelName: "fraud"})
	assert.Empty(t, read(td).spans)
}

// TestEncodesViolations: with the trace to look at, once the count is more than 0.
func TestEncodesViolations(t *testing.T) {
	v := track.ViolationStats{
		Violation: track.Violation{Stage: "features", Subject: "ml.stage.rows.in", Check: "range", Severity: "critical"},
		TraceID:   run.TraceID{1}, SpanID: run.SpanID{2}, Time: epoch,
	}
	for rows, exemplars := range map[uint64]int{0: 0, 3: 1} {
		v.Rows = rows
		md := encode([]track.JobStats{{Key: run.Key{Job: "daily"}, Violations: []track.ViolationStats{v}}}, track.SelfStats{}, frame{start: epoch, now: epoch.Add(time.Minute)})
		found := 0
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if m.Name() != mlconv.MetricContractViolationCount {
				continue
			}
			p := m.Sum().DataPoints().At(0)
			found++
			assert.EqualValues(t, rows, p.IntValue())
			assert.Equal(t, exemplars, p.Exemplars().Len())
			assert.Equal(t, map[string]any{
				"cicd.pipeline.name": "daily", "cicd.pipeline.task.name": "features", "ml.feature.name": "ml.stage.rows.in",
				"ml.contract.check": "range", "ml.contract.severity": "critical",
			}, p.Attributes().AsRaw())
		}
		assert.Equal(t, 1, found)
	}
}
