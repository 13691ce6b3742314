// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	require.Equal(t, 3, readmetest.Configs(t, "connectors", NewFactory()))
	text := readmetest.Text(t)
	for _, kind := range []judge.Kind{
		judge.JobFailed, judge.JobCancelled, judge.JobOverdue, judge.JobMissedSchedule, judge.JobSlow, judge.StageFailed, judge.StageMissing,
		judge.StageOverdue, judge.StageStalled, judge.StageRetried, judge.StageMetric, judge.StageRows, judge.StageNulls, judge.StageFeatures,
		judge.NoTelemetry, judge.ManyJobsFailed,
	} {
		assert.Contains(t, text, "\n| `"+string(kind)+"` |")
	}
	for _, name := range []string{
		mlconv.MetricJobRunCount, mlconv.MetricJobRunDuration, mlconv.MetricJobLastSuccess, mlconv.MetricStageCount, mlconv.MetricStageDuration,
		mlconv.MetricStageRows, mlconv.MetricAlertActive,
	} {
		assert.Contains(t, text, "\n| `"+name+"` |")
	}
}

// The example of an alert is what the connector emits.
func TestReadmeAlert(t *testing.T) {
	block := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(readmetest.Text(t))
	require.NotNil(t, block)
	got, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(fmt.Appendf(nil, `{"resourceLogs": [{"scopeLogs": [{"logRecords": [%s]}]}]}`, block[1]))
	require.NoError(t, err)
	want, err := golden.ReadLogs("testdata/alert.yaml")
	require.NoError(t, err)
	record := func(ld plog.Logs) plog.LogRecord { return ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0) }
	assert.NoError(t, plogtest.CompareLogRecord(record(want), record(got)))
	assert.Equal(t, record(want).ObservedTimestamp(), record(got).ObservedTimestamp())
}

// The card of the README is one, and does what it says.
func TestReadmeCard(t *testing.T) {
	directory := t.TempDir()
	for _, block := range readmetest.Blocks(t) {
		if strings.HasPrefix(block, "kind: job") {
			require.NoError(t, os.WriteFile(filepath.Join(directory, "recsys.yaml"), []byte(block), 0o600))
		}
	}
	set, err := catalog.Load(directory)
	require.NoError(t, err)
	card := set.Job("production", "recsys_daily")
	require.NotNil(t, card)
	assert.Len(t, card.Stages, 4)
}

// Every attribute that the README tells people to set is one that is read.
func TestReadmeAttributes(t *testing.T) {
	names := regexp.MustCompile(`\x60((?:cicd|ml)\.[a-z_.]+)`)
	_, text, found := strings.Cut(readmetest.Text(t), "## How to instrument a job")
	require.True(t, found)
	text, _, found = strings.Cut(text, "## Options")
	require.True(t, found)
	all := names.FindAllStringSubmatch(text, -1)
	require.GreaterOrEqual(t, len(all), 15)
	for _, match := range all {
		name := match[1]
		if strings.HasSuffix(name, ".") { // a prefix, before the user's own name
			name += "x"
		}
		assert.True(t, concerns(name), name)
	}
}
