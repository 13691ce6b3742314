// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/trainingjob"
)

var lostRows = alert.Alert{
	Name: "StageRows", Severity: alert.Critical, State: alert.Firing, StartsAt: start0,
	Labels:      map[string]string{"job": "training_job", "stage": "transform"},
	Annotations: map[string]string{"root_cause": "transform wrote 7,249 of 12,224 rows", "inherited_by": "train, evaluate", "run_id": "demo__2026-11-15"},
	Summary:     "training_job: transform wrote 7,249 rows, 41 % fewer than usual", TraceID: pcommon.TraceID{1, 2}, SpanID: pcommon.SpanID{3},
}

// alertLine is an alert as the file exporter writes it.
func alertLine(t *testing.T, alerts ...alert.Alert) string {
	t.Helper()
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	records.AppendEmpty().Body().SetStr("something else")
	for _, a := range alerts {
		a.Encode(records.AppendEmpty())
	}
	line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	return string(line) + "\n"
}

func TestReadAlerts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.json")
	all, err := readAlerts(path)
	require.NoError(t, err)
	assert.Empty(t, all, "no file yet")

	other, resolved := lostRows, lostRows
	other.Labels = map[string]string{"job": "other"}
	resolved.State, resolved.EndsAt = alert.Resolved, start0.Add(time.Minute)
	content := alertLine(t, other, lostRows) + alertLine(t, resolved) + `{"resourceLogs":[{"sc`
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	all, err = readAlerts(path)
	require.NoError(t, err)
	require.Len(t, all, 3)

	c := &collector{alerts: path}
	found, err := c.alertOf(t.Context(), time.Second, "training_job", alert.Resolved)
	require.NoError(t, err)
	assert.Equal(t, alert.Resolved, found.State)
	assert.Equal(t, "transform", found.Labels["stage"])
	_, err = c.alertOf(t.Context(), time.Millisecond, "no_job", alert.Firing)
	require.ErrorIs(t, err, errNoJobs)
	assert.ErrorContains(t, err, "no firing alert of no_job")
}

func TestSuccesses(t *testing.T) {
	samples, err := parseExposition([]byte(`ml_job_run_count_total{cicd_pipeline_name="a",cicd_pipeline_result="success"} 4
ml_job_run_count_total{cicd_pipeline_name="a",cicd_pipeline_result="failure"} 2
ml_job_run_count_total{cicd_pipeline_name="b",cicd_pipeline_result="success"} 7
`), "text/plain")
	require.NoError(t, err)
	assert.Equal(t, 4.0, successes(samples, "a"))
	assert.Zero(t, successes(samples, "c"))
}

func TestPrintTraining(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, (&training{alert: lostRows, resolved: true}).print(&out, 200))
	assert.Equal(t, `
  CRITICAL StageRows: training_job: transform wrote 7,249 rows, 41 % fewer than usual
      stage          transform
      root cause     transform wrote 7,249 of 12,224 rows
      inherited by   train, evaluate
      run            demo__2026-11-15
      trace          01020000000000000000000000000000
      The good run of the next day has resolved it.
`, out.String())
}

func TestJobCardIsAccepted(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, (&demo{job: "demo: 1"}).jobCard(dir, "demo_job"))
	set, err := catalog.Load(dir)
	require.NoError(t, err)
	card := set.Job("", "demo: 1")
	require.NotNil(t, card)
	require.Len(t, card.Stages, len(trainingjob.Stages))
	assert.Equal(t, []string{trainingjob.Evaluate}, card.Stages[5].After)
}
