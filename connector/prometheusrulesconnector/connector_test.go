// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prometheusrulesconnector

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

const temperature = `
groups:
  - name: oven
    interval: 15s
    rules:
      - record: oven:temperature:max
        expr: max by (oven) (oven_temperature_celsius)
        labels: {unit: celsius}
      - alert: TooHot
        expr: oven:temperature:max > 200
        for: 2m
        keep_firing_for: 1m
        labels: {severity: page, team: "{{ $labels.oven }}-crew"}
        annotations:
          summary: "Oven {{ $labels.oven }} has {{ $value | humanize }} degrees"
          dashboard: "{{ $externalURL }}/d/1"
`

func oven(degrees float64) func(time.Duration) pmetric.Metrics {
	return func(time.Duration) pmetric.Metrics {
		md := gauge("oven.temperature", degrees, "oven", "a")
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).SetUnit("Cel")
		return md
	}
}

// TestAlertAndRecord is the life of an alert: nothing while it is cold, nothing for two minutes of heat, then firing
// with the rule's words, again every minute, and resolved a minute after it is cold again.
func TestAlertAndRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, settings(), t.TempDir(), temperature, func(c *Config) {
			c.ExternalURL, c.ExternalLabels = "https://example.com", map[string]string{"site": "north"}
		})
		r.during(t, 5*time.Minute, oven(20))
		assert.Empty(t, r.said(t))

		hot := time.Now()
		r.during(t, 2*time.Minute, oven(250))
		assert.Empty(t, r.said(t), "it is hot for less than two minutes")
		r.during(t, 3*time.Minute, oven(260))
		said := r.said(t)
		require.NotEmpty(t, said)
		first := said[0]
		assert.Equal(t, "TooHot", first.Name)
		assert.Equal(t, alert.Firing, first.State)
		assert.Equal(t, alert.Severity("page"), first.Severity, "Alertmanager routes by the rule's own word")
		assert.Equal(t, map[string]string{"oven": "a", "unit": "celsius", "team": "a-crew", "site": "north"}, first.Labels)
		assert.Equal(t, "Oven a has 260 degrees", first.Summary)
		assert.Equal(t, "https://example.com/d/1", first.Annotations["dashboard"])
		assert.Equal(t, "260", first.Annotations["value"])
		assert.WithinRange(t, first.StartsAt, hot.Add(2*time.Minute), hot.Add(2*time.Minute+30*time.Second))
		assert.Len(t, said, 3, "at once, and every minute")
		for _, a := range said {
			assert.Equal(t, first.StartsAt, a.StartsAt)
			assert.Equal(t, first.Fingerprint(), a.Fingerprint())
		}

		cold := time.Now()
		r.during(t, 30*time.Second, oven(20))
		assert.Equal(t, alert.Firing, r.said(t)[len(r.said(t))-1].State, "it keeps firing for a minute")
		r.during(t, 2*time.Minute, oven(20))
		resolved := r.said(t)[len(r.said(t))-1]
		assert.Equal(t, alert.Resolved, resolved.State)
		assert.WithinRange(t, resolved.EndsAt, cold.Add(time.Minute), cold.Add(time.Minute+45*time.Second))
		assert.Equal(t, first.Fingerprint(), resolved.Fingerprint())

		points := map[float64]bool{}
		for p := range testkit.Points("oven:temperature:max", r.metrics.AllMetrics()...) {
			points[p.DoubleValue()] = true
			assert.Equal(t, map[string]any{"oven": "a", "unit": "celsius"}, p.Attributes().AsRaw())
		}
		assert.Equal(t, map[float64]bool{20: true, 250: true, 260: true}, points)
		for m := range testkit.Metrics(r.metrics.AllMetrics()...) {
			assert.NotContains(t, m.Name(), "ALERTS")
		}
		r.stop(t)
	})
}

// TestRestart kills the process, which is what a copy of its files is, while an alert is pending: its timer goes on
// and is late by the time that the collector was down, as Prometheus has it.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		killed, folder := t.TempDir(), t.TempDir()
		r := start(t, settings(), killed, strings.Replace(temperature, "for: 2m", "for: 10m", 1), nil)
		r.during(t, time.Minute, oven(20))
		hot := time.Now()
		r.during(t, 8*time.Minute, oven(250))
		require.NoError(t, os.CopyFS(folder, os.DirFS(killed)))
		r.stop(t)

		const down = 3 * time.Minute
		testkit.Advance(down)
		r = start(t, settings(), folder, strings.Replace(temperature, "for: 2m", "for: 10m", 1), nil)
		r.during(t, 4*time.Minute, oven(250))
		said := r.said(t)
		require.NotEmpty(t, said)
		assert.WithinRange(t, said[0].StartsAt, hot.Add(10*time.Minute+down-15*time.Second), hot.Add(10*time.Minute+down+time.Minute))
		r.stop(t)
	})
}

// TestRestartWhileFiring: an alert that fired before is the same one after, with its start; one that ended while the
// collector was down is resolved.
func TestRestartWhileFiring(t *testing.T) {
	for _, degrees := range []float64{250, 20} {
		synctest.Test(t, func(t *testing.T) {
			killed, folder := t.TempDir(), t.TempDir()
			r := start(t, settings(), killed, temperature, nil)
			r.during(t, 5*time.Minute, oven(250))
			before := r.said(t)
			require.NotEmpty(t, before)
			require.NoError(t, os.CopyFS(folder, os.DirFS(killed)))
			r.stop(t)

			testkit.Advance(2 * time.Minute)
			r = start(t, settings(), folder, temperature, nil)
			r.during(t, 5*time.Minute, oven(degrees))
			after := r.said(t)
			require.NotEmpty(t, after)
			for _, a := range after {
				assert.Equal(t, before[0].Fingerprint(), a.Fingerprint())
				assert.Equal(t, before[0].StartsAt, a.StartsAt)
			}
			if degrees == 250 {
				assert.Equal(t, alert.Firing, after[0].State)
				assert.Equal(t, "Oven a has 250 degrees", after[0].Summary)
			} else {
				assert.Equal(t, alert.Resolved, after[0].State)
			}
			r.stop(t)
		})
	}
}

// TestReload: a file that changes is loaded, one with faults leaves the rules as they are and is said, and an alert
// whose rule is gone is over.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		set := settings()
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
		r := start(t, set, folder, temperature, nil)
		r.during(t, 4*time.Minute, oven(250))
		require.Equal(t, alert.Firing, r.said(t)[len(r.said(t))-1].State)

		writeRules(t, folder, temperature+"      - alert: Bad\n        expr: sum(\n      - alert: Worse\n        exp: up\n")
		r.during(t, time.Minute, oven(250))
		said := logs.FilterMessageSnippet("Rules were not loaded").All()
		require.Len(t, said, 1)
		assert.Contains(t, said[0].ContextMap()["errors"].([]any)[0], "rules.yaml")
		assert.Equal(t, alert.Firing, r.said(t)[len(r.said(t))-1].State, "the rules before stay")

		writeRules(t, folder, strings.ReplaceAll(temperature, "TooHot", "VeryHot"))
		r.during(t, 4*time.Minute, oven(250))
		last := map[string]alert.Alert{}
		for _, a := range r.said(t) {
			last[a.Name] = a
		}
		assert.Equal(t, alert.Resolved, last["TooHot"].State)
		assert.Equal(t, alert.Firing, last["VeryHot"].State)
		r.stop(t)
	})
}

// TestRestartWithoutItsRule: an alert that fired is resolved by name where the rule is gone after the restart.
func TestRestartWithoutItsRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		r := start(t, settings(), folder, temperature, nil)
		r.during(t, 5*time.Minute, oven(250))
		before := r.said(t)
		require.NotEmpty(t, before)
		r.stop(t)

		r = start(t, settings(), folder, "groups: []\n", nil)
		r.during(t, time.Minute, oven(250))
		after := r.said(t)
		require.NotEmpty(t, after)
		assert.Equal(t, alert.Resolved, after[0].State)
		assert.Equal(t, before[0].Fingerprint(), after[0].Fingerprint())
		r.stop(t)
	})
}

const refunds = `
groups:
  - name: shop
    interval: 15s
    rules:
      - record: shop:refunds:rate1m
        expr: sum by (country) (rate(refunds_total{kind="card"}[1m])) / sum by (country) (rate(orders_total[1m]))
      - alert: Refunds
        expr: shop:refunds:rate1m > 0.1
        for: 30s
`

// TestEvidence: an alert on a recorded share names the traces of what is counted above the line, of its own country.
func TestEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, settings(), t.TempDir(), refunds, nil)
		trace := byte(1)
		r.during(t, 4*time.Minute, func(passed time.Duration) pmetric.Metrics {
			n := passed.Seconds() + 1
			md := counter("orders", 10*n, 0xee, "country", "BR")
			counter("refunds", 3*n, trace, "country", "BR", "kind", "card").ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
			counter("refunds", 3*n, 0xdd, "country", "BR", "kind", "cash").ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
			counter("orders", 10*n, 0xcc, "country", "DE").ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
			counter("refunds", n/10, 0xbb, "country", "DE", "kind", "card").ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
			trace++
			return md
		})
		said := r.said(t)
		require.NotEmpty(t, said)
		a := said[0]
		assert.Equal(t, "BR", a.Labels["country"])
		assert.Equal(t, alert.Warning, a.Severity, "it has no severity of its own")
		ids := strings.Fields(a.Annotations["trace_ids"])
		require.Len(t, ids, 3)
		for _, id := range ids {
			assert.NotContains(t, []string{"ee", "dd", "cc", "bb"}, id[:2])
		}
		assert.Equal(t, a.TraceID.String(), ids[0])
		assert.Contains(t, a.Annotations["trace_url"], ids[0])
		assert.Contains(t, a.Annotations["trace_url_3"], ids[2])
		r.stop(t)
	})
}

// TestDamagedLog: a write-ahead log with a damaged record is cut there, which is said and counted.
func TestDamagedLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		r := start(t, settings(), folder, temperature, nil)
		r.during(t, 10*time.Minute, oven(20))
		r.stop(t)
		damage(t, filepath.Join(folder, "tsdb", "wal"))

		set := settings()
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
		r = start(t, set, folder, temperature, nil)
		assert.Len(t, logs.FilterMessageSnippet("The write-ahead log of the TSDB was damaged").All(), 1)
		r.during(t, 5*time.Minute, oven(250))
		assert.NotEmpty(t, r.said(t), "it goes on")
		r.stop(t)
	})
}

// damage changes a byte in the middle of the first segment.
func damage(t *testing.T, wal string) {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(wal, "0*"))
	require.NoError(t, err)
	require.NotEmpty(t, segments)
	content, err := os.ReadFile(segments[0])
	require.NoError(t, err)
	require.Greater(t, len(content), 100)
	content[len(content)/2] ^= 0xff
	require.NoError(t, os.WriteFile(segments[0], content, 0o600))
}

// TestRefused: what is not written is said once by name, and counted.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := settings()
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
		r := start(t, set, t.TempDir(), temperature, func(c *Config) { c.Limits.Series = 2 })
		for range 3 {
			r.send(t, gauge("first", 1))
			r.send(t, gauge("second", 1))
			r.send(t, gauge("third", 1))
			testkit.Advance(time.Second)
		}
		said := logs.FilterMessageSnippet("Samples were not written").All()
		require.Len(t, said, 1)
		assert.Equal(t, "third", said[0].ContextMap()["such_as"])
		assert.Contains(t, said[0].Message, "limits::series")
		r.stop(t)
	})
}
