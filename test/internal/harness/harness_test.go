// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

const idle = `
receivers: {nop: {}}
exporters: {nop: {}}
service: {pipelines: {traces: {receivers: [nop], exporters: [nop]}}}
`

func TestStartStopAndOwnTelemetry(t *testing.T) {
	c := StartCollector(t, Options{Configs: []string{idle}})
	processtest.WaitFor(t, 10*time.Second, "the collector's own metrics", func() bool {
		status, body := processtest.Get("http://" + c.Metrics + "/metrics")
		return status == http.StatusOK && body != ""
	})
	c.Stop()
	assert.Contains(t, c.Log(), "Shutdown complete.")
	c.Stop() // does nothing
}

func TestKillLeavesNoTimeForAShutdown(t *testing.T) {
	c := StartCollector(t, Options{Configs: []string{idle}})
	c.Kill()
	assert.NotContains(t, c.Log(), "Shutdown")
}

func TestLaterConfigsWin(t *testing.T) {
	c := StartCollector(t, Options{
		Configs: []string{idle, "yaml:service::telemetry::logs::encoding: ${env:ENCODING}"},
		Env:     []string{"ENCODING=json"},
	})
	assert.Contains(t, c.Log(), `"msg":"`+readyLine)
}

func TestRefusedConfigIsExplained(t *testing.T) {
	log := StartRefused(t, Options{Configs: []string{idle, "yaml:receivers::nonsense: {}"}})
	assert.Contains(t, log, "nonsense")
}
