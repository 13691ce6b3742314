// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

const rulesToFile = `
receivers:
  otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}
connectors:
  prometheus_rules: {rule_files: ["${env:RULES}"], directory: "${env:TSDB}"}
exporters:
  file: {path: "${env:OUT}", append: true, flush_interval: 10ms}
service:
  pipelines:
    metrics: {receivers: [otlp], exporters: [prometheus_rules]}
    logs: {receivers: [prometheus_rules], exporters: [file]}
`

const pressureRules = `
groups:
  - name: boiler
    interval: 1s
    rules:
      - alert: PressureHigh
        expr: boiler_pressure > 10
        for: 12s
`

// A kill -9 while an alert is pending delays it by the time that the collector is down, no more; one while it fires
// leaves it the same alert; and a write-ahead log that is damaged meanwhile is cut, which is said.
func TestRulesAfterKills(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules, out, otlp := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "alerts.json"), processtest.FreeAddr(t)
	require.NoError(t, os.WriteFile(rules, []byte(pressureRules), 0o600))
	options := harness.Options{Configs: []string{rulesToFile}, Env: []string{
		"OTLP=" + otlp, "RULES=" + rules, "TSDB=" + filepath.Join(dir, "tsdb"), "OUT=" + out,
	}}
	c := &collector{Collector: harness.StartCollector(t, options)}
	stop := pressure(t, otlp, 12)
	began := time.Now()
	processtest.WaitFor(t, time.Minute, "evaluations while it is pending", func() bool {
		return c.telemetry(t, "otelcol_prometheus_rules_evaluations", "outcome=\"ok\"") >= 6
	})
	c.Kill()
	killed := time.Now()
	c = &collector{Collector: harness.StartCollector(t, options)}
	down := time.Since(killed)
	first := firstAlert(t, out)
	assert.Equal(t, alert.Firing, first.State)
	assert.WithinRange(t, first.StartsAt, began.Add(11*time.Second), began.Add(12*time.Second+down+8*time.Second))

	c.Kill()
	damageLog(t, filepath.Join(dir, "tsdb", "wal"))
	require.NoError(t, os.Remove(out))
	c = &collector{Collector: harness.StartCollector(t, options)}
	assert.Contains(t, c.Log(), "The write-ahead log of the TSDB was damaged")
	again := firstAlert(t, out)
	assert.Equal(t, first.Fingerprint(), again.Fingerprint())
	stop()
	c.Stop()
}

// pressure sends a gauge five times a second until it is stopped.
func pressure(t *testing.T, address string, bar float64) (stop func()) {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			md := pmetric.NewMetrics()
			m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
			m.SetName("boiler.pressure")
			p := m.SetEmptyGauge().DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			p.SetDoubleValue(bar)
			_, _ = pmetricotlp.NewGRPCClient(conn).Export(ctx, pmetricotlp.NewExportRequestFromMetrics(md)) // it may be down
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
		_ = conn.Close()
	}
}

func firstAlert(t *testing.T, path string) alert.Alert {
	t.Helper()
	var all []alert.Alert
	processtest.WaitFor(t, time.Minute, "an alert", func() bool {
		if _, err := os.Stat(path); err != nil {
			return false
		}
		all = alerts(t, path)
		return len(all) > 0
	})
	return all[0]
}

// damageLog changes a byte in the middle of the largest segment.
func damageLog(t *testing.T, wal string) {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(wal, "0*"))
	require.NoError(t, err)
	var largest []byte
	var of string
	for _, segment := range segments {
		content, err := os.ReadFile(segment)
		require.NoError(t, err)
		if len(content) > len(largest) {
			largest, of = content, segment
		}
	}
	require.Greater(t, len(largest), 100)
	largest[len(largest)/2] ^= 0xff
	require.NoError(t, os.WriteFile(of, largest, 0o600))
}
