//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// jobEverywhere is a job with a card that names no environment.
const jobEverywhere = "everywhere"

// withCardEverywhere adds the card.
func withCardEverywhere(s *site) {
	card := fmt.Sprintf("kind: job\nname: %s\nstages: [{name: train}]\n", jobEverywhere)
	require.NoError(s.t, os.WriteFile(filepath.Join(s.catalog, jobEverywhere+".yaml"), []byte(card), 0o600))
}

// failuresOf is 1,500 runs of one span, which has failed; before, if asked for, a good run of each job.
func failuresOf(name string, goodBefore bool, job func(i int) (name, environment string)) attack {
	send := func(s *site, result string) {
		s.send(spansOf(1500, func(i int, resource pcommon.Resource, span ptrace.Span) {
			name, environment := job(i)
			if environment != "" {
				resource.Attributes().PutStr(mlconv.AttrEnvironment, environment)
			}
			span.SetName("train")
			span.Attributes().PutStr(mlconv.AttrPipelineName, name)
			span.Attributes().PutStr(mlconv.AttrPipelineRunID, fmt.Sprintf("made-up-%d", madeUp.Add(1)))
			span.Attributes().PutStr(mlconv.AttrPipelineResult, result)
			if result == "failure" {
				span.Status().SetCode(ptrace.StatusCodeError)
			}
		})...)
	}
	return attack{name, func(_ *testing.T, s *site) {
		if goodBefore {
			send(s, "success")
			<-time.After(2 * time.Second) // they are judged half a second after they came
		}
		send(s, "failure")
	}}
}

// The failed runs of jobs that nobody knows, of one job in many environments, of jobs that ran well
// once, and of one job, at many stages.
var (
	failedMadeUp = failuresOf("failed made-up jobs", false, func(i int) (string, string) {
		return fmt.Sprintf("failed-%d", i), ""
	})
	failedEverywhere = failuresOf("a job that failed in made-up environments", false, func(i int) (string, string) {
		return jobEverywhere, fmt.Sprintf("environment-%d", i)
	})
	failedOnce = failuresOf("failed jobs that were good before", true, func(i int) (string, string) {
		return fmt.Sprintf("once-%d", i), ""
	})
	failedJob = attack{"a job that failed at made-up stages", func(_ *testing.T, s *site) {
		s.send(spansOf(1500, func(i int, _ pcommon.Resource, span ptrace.Span) {
			at := time.Now().Add(-time.Duration(i) * time.Hour)
			span.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
			span.SetEndTimestamp(pcommon.NewTimestampFromTime(at))
			span.Attributes().PutStr(mlconv.AttrPipelineName, jobEverywhere)
			span.Attributes().PutStr(mlconv.AttrPipelineRunID, fmt.Sprintf("made-up-%d", madeUp.Add(1)))
			span.Attributes().PutStr(mlconv.AttrTaskName, fmt.Sprintf("stage-%d", i))
			span.Attributes().PutStr(mlconv.AttrTaskRunResult, "failure")
			span.Attributes().PutStr(mlconv.AttrPipelineResult, "failure")
		})...)
	}}
)

// 6,000 failures (3,000 in the short form) come, where there is room for 1,000 alerts: those of healthy jobs have alerts of their
// own, and the others share one, over a restart, in the log and in metrics.
func TestFailedJobs(t *testing.T) {
	s := newSite(t, withCardEverywhere)
	if testing.Short() {
		s.under(failedMadeUp, failedEverywhere)
	} else {
		s.under(failedMadeUp, failedEverywhere, failedOnce, failedJob)
	}
	log := s.log()
	assert.Contains(t, log, "ALERT ManyJobsFailed: ")
	assert.Contains(t, log, "An alert finds no room of its own, and is counted in ManyJobsFailed")
	assert.LessOrEqual(t, strings.Count(log, "An alert finds no room of its own"), 2, "once for each process")

	var shared, own []alert.Alert
	for _, a := range s.alerts() {
		switch {
		case a.Name == "ManyJobsFailed":
			shared = append(shared, a)
		case a.Name == "JobFailed":
			own = append(own, a)
		}
	}
	require.NotEmpty(t, shared)
	for _, a := range shared {
		assert.Equal(t, shared[0].StartsAt, a.StartsAt, "it is one alert")
		assert.NotEmpty(t, a.Annotations["jobs"])
		assert.NotEmpty(t, a.Annotations["trace_url"])
	}
	assert.Contains(t, shared[0].Summary, "find no room for alerts of their own")
	assert.Less(t, len(own), 2000)

	s.start()
	defer s.Stop()
	processtest.WaitFor(t, patience, "the alert that has no job, after another restart", func() bool {
		general := 0.0
		for line := range strings.Lines(s.page()) {
			if strings.HasPrefix(line, "ml_alert_active{") && !strings.Contains(line, "cicd_pipeline_name") {
				general += sum(line, "ml_alert_active")
			}
		}
		return general == 1
	})
	series := strings.Count(s.page(), "\nml_job_run_count_total{")
	assert.Less(t, series, 7*1100, "the series of jobs are bounded")
}
