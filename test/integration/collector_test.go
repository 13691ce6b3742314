// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// collector is a running collector that takes spans or metrics over OTLP gRPC.
type collector struct {
	*harness.Collector
	otlp string
}

// start runs a collector with the given config, in which ${env:OTLP} is the address to listen on.
func start(t *testing.T, config string, env ...string) *collector {
	t.Helper()
	otlp := processtest.FreeAddr(t)
	c := harness.StartCollector(t, harness.Options{Configs: []string{config}, Env: append([]string{"OTLP=" + otlp}, env...)})
	return &collector{Collector: c, otlp: otlp}
}

// telemetry returns the sum of the series of one of the collector's own metrics whose labels
// contain the given text.
func (c *collector) telemetry(t *testing.T, name, label string) float64 {
	t.Helper()
	status, body := processtest.Get("http://" + c.Metrics + "/metrics")
	require.Equal(t, http.StatusOK, status)
	total := 0.0
	for line := range strings.Lines(body) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ") // no label has a blank
		if metric, _, _ := strings.Cut(series, "{"); !ok || strings.TrimSuffix(metric, "_total") != name {
			continue
		}
		if !strings.Contains(series, label) {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		require.NoError(t, err, line)
		total += v
	}
	return total
}

// commandsDir is the folder that the repository's commands are built into, once a test run.
var commandsDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "otelcol-ml-commands-")
	if err != nil {
		panic(err)
	}
	commandsDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}
