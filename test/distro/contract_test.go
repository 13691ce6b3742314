// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distro

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

const contracted = `
contract:
  checks:
    - {feature: amount, type: number, severity: critical}
    - {feature: currency, values: [EUR, USD], max_violations: 0.01}
    - {feature: age, statistic: mean, max: 30, severity: info}
    - {feature: country, max_missing: 0.1}
`

// from makes the predictions those of a source, with a currency.
func from(requests []ptrace.Traces, source, currency string) []ptrace.Traces {
	for span := range testkit.Spans(requests...) {
		span.Attributes().PutStr("ml.data.source", source)
		span.Attributes().PutStr("ml.feature.currency", currency)
	}
	return requests
}

// A source begins to send a text in place of a number, and a currency that nobody has seen: within a
// window (an hour) alerts of the shipped rules name source, feature and check, with a trace of that source.
func TestShippedRulesAlertOnABrokenContract(t *testing.T) {
	t.Parallel() // it waits for the rules
	catalog := t.TempDir()
	require.NoError(t, traffic.WriteCatalog(catalog, 1))
	card, err := os.ReadFile(filepath.Join(catalog, "fraud.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(catalog, "fraud.yaml"), append(card, contracted...), 0o600))
	i := instance{otlp: processtest.FreeAddr(t), scrape: processtest.FreeAddr(t), health: processtest.FreeAddr(t)}
	i.Collector = harness.StartCollector(t, harness.Options{
		Configs: []string{shipped, override, "\nconnectors: {prometheus_rules: {evaluation_interval: 1s}}\n"},
		Env: []string{
			"OTELCOL_ML_CATALOG=" + catalog, "OTLP=" + i.otlp, "OTLP_HTTP=" + processtest.FreeAddr(t), "LABELS=" + processtest.FreeAddr(t),
			"SCRAPE=" + i.scrape, "HEALTH=" + i.health,
		},
	})
	seed := uint64(10)
	send := func(source, currency string, change func(ptrace.Span)) []ptrace.Traces {
		seed++
		requests := from(traffic.Spans(seed, time.Now(), time.Millisecond, 40, 0), source, currency)
		for span := range testkit.Spans(requests...) {
			change(span)
		}
		require.NoError(t, traffic.Send(t.Context(), i.otlp, requests...))
		return requests
	}
	kept := func(ptrace.Span) {}
	// The last hour, whose mean age, 40, is above the bound: what follows closes its window, once it is two minutes ahead.
	const rows = 1000
	hour := time.Now().Add(-time.Hour).Truncate(time.Hour)
	require.NoError(t, traffic.Send(t.Context(), i.otlp, from(traffic.Spans(1, hour, time.Hour/rows, rows, 0), "pos", "EUR")...))
	send("pos", "EUR", kept)
	processtest.WaitFor(t, time.Minute, "rows of the contract", func() bool {
		_, page := processtest.Get("http://" + i.scrape + "/metrics")
		return strings.Contains(page, "ml_contract_row_count_total{")
	})
	send("app", "USD", kept)

	broken := map[pcommon.TraceID]bool{}
	began := time.Now()
	found, windows := map[string]alert.Alert{}, map[string]alert.Alert{}
	took := time.Duration(0)
	processtest.WaitFor(t, 4*time.Minute, "the alerts on amount and currency", func() bool {
		send("app", "USD", kept)
		bad := send("kiosk", "XBT", func(s ptrace.Span) { s.Attributes().PutStr("ml.feature.amount", "12,50 or so") })
		for span := range testkit.Spans(bad...) {
			broken[span.TraceID()] = true
		}
		content, _ := os.ReadFile(filepath.Join(i.Dir, "state", "alerts.json"))
		for line := range bytes.Lines(content) {
			logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
			if err != nil {
				return false // it is being written
			}
			for lr := range testkit.LogRecords(logs) {
				a, err := alert.Decode(lr)
				switch check := a.Labels["ml_feature_name"] + "." + a.Labels["ml_contract_check"]; {
				case err != nil:
				case a.Name == "ContractViolated":
					found[check] = a
				case a.Name == "ContractWindowViolated":
					windows[check] = a
				}
			}
		}
		if took == 0 && len(found) >= 2 {
			took = time.Since(began)
		}
		return took > 0 && len(windows) > 0
	})
	require.Contains(t, found, "amount.type")
	require.Contains(t, found, "currency.values")
	assert.Len(t, found, 2)
	for check, severity := range map[string]alert.Severity{"amount.type": alert.Critical, "currency.values": alert.Warning} {
		a := found[check]
		t.Logf("%s after %v: %s %v", a.Name, took, a.Summary, a.Annotations)
		assert.Equal(t, "fraud", a.Labels["ml_model_name"], check)
		assert.Equal(t, "7", a.Labels["ml_model_version"], check)
		assert.Equal(t, "kiosk", a.Labels["ml_data_source"], check)
		assert.Equal(t, severity, a.Severity, check)
		assert.True(t, broken[a.TraceID], "%s: %s is no trace with a broken row", check, a.TraceID)
		assert.Contains(t, a.Summary, "the rows from kiosk break "+check)
	}
	require.Contains(t, windows, "age.mean")
	assert.Len(t, windows, 1)
	assert.Equal(t, alert.Info, windows["age.mean"].Severity)
	_, page := processtest.Get("http://" + i.scrape + "/metrics")
	for _, verdict := range []string{
		`ml_contract_check="missing",ml_contract_severity="warning",ml_contract_verdict="ok",ml_feature_name="country",ml_model_name="fraud"`,
		`ml_contract_check="type",ml_contract_severity="critical",ml_contract_verdict="ok",ml_feature_name="amount",ml_model_name="fraud"`,
		`ml_contract_check="values",ml_contract_severity="warning",ml_contract_verdict="ok",ml_feature_name="currency",ml_model_name="fraud"`,
		`ml_contract_check="mean",ml_contract_severity="info",ml_contract_verdict="violated",ml_feature_name="age",ml_model_name="fraud"`,
	} {
		assert.Regexp(t, `(?m)^ml_contract_verdict\{[^}]*`+verdict+`[^}]*\} 1`, page)
	}
	i.Stop()
}
