// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/servertest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// ovenRules is the rule file that both evaluate.
const ovenRules = `
groups:
  - name: ovens
    interval: 2s
    rules:
      - record: oven:temperature:max
        expr: max by (job, instance, oven) (oven_temperature_celsius)
      - alert: OvenTooHot
        expr: oven:temperature:max > 200
        for: 4s
        labels: {severity: page}
        annotations: {summary: "{{ $labels.oven }} has {{ $value }} degrees"}
      - alert: OvenVeryHot
        expr: oven_temperature_celsius > 240
        keep_firing_for: 4s
`

const ovenCollector = `
extensions: {health_check: {endpoint: "${env:HEALTH}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  prometheus_rules: {rule_files: ["${env:RULES}"], directory: "${env:TSDB}", without_scope_info: true, api: {endpoint: "${env:API}"}}
exporters:
  prometheus: {endpoint: "${env:SCRAPE}", without_scope_info: true}
  file: {path: "${env:ALERTS}", flush_interval: 100ms}
service:
  extensions: [health_check]
  pipelines:
    metrics: {receivers: [otlp], exporters: [prometheus, prometheus_rules]}
    logs: {receivers: [prometheus_rules], exporters: [file]}
`

const ovenPrometheus = `
global: {scrape_interval: 400ms, scrape_timeout: 400ms, evaluation_interval: 2s}
rule_files: [%q]
scrape_configs:
  - job_name: collector
    honor_labels: true
    static_configs: [{targets: [%q]}]
`

// The same rule file in a real Prometheus that scrapes the collector, and in the collector: alerts are pending, fire and
// end at the same evaluations, to the millisecond, and records have the same values at the same times.
func TestSameRulesInPrometheus(t *testing.T) {
	dir := t.TempDir()
	rules := filepath.Join(dir, "ovens.yml")
	require.NoError(t, os.WriteFile(rules, []byte(ovenRules), 0o600))
	otlp, scrape, address := processtest.FreeAddr(t), processtest.FreeAddr(t), processtest.FreeAddr(t)
	collector := harness.StartCollector(t, harness.Options{
		Configs: []string{ovenCollector},
		Env: []string{
			"HEALTH=" + processtest.FreeAddr(t), "OTLP=" + otlp, "SCRAPE=" + scrape, "API=" + address, "RULES=" + rules,
			"TSDB=" + filepath.Join(dir, "tsdb"), "ALERTS=" + filepath.Join(dir, "alerts.json"),
		},
	})
	ours := &server{t: t, api: "http://" + address}
	theirs := prometheusOn(t, dir, fmt.Sprintf(ovenPrometheus, rules, scrape))
	oven := newOven(t, otlp)

	oven.set(20)
	ours.evaluations(2)
	theirs.evaluations(2)
	start := time.Now()
	// Each change comes right after an evaluation, so that both have it at the next one.
	for _, step := range []struct {
		degrees float64
		rounds  int
	}{{20, 1}, {210, 2}, {20, 2}, {250, 4}, {20, 4}} {
		oven.set(step.degrees)
		ours.evaluations(step.rounds)
	}
	theirs.evaluations(1)
	end := time.Now()

	for _, selector := range []string{"ALERTS", "oven:temperature:max"} {
		got, want := ours.samples(selector, start, end), theirs.samples(selector, start, end)
		require.NotEmpty(t, want, selector)
		assert.Equal(t, want, got, selector)
	}
	states := ours.samples("ALERTS", start, end)
	assert.ElementsMatch(t, []string{"OvenTooHot firing", "OvenTooHot pending", "OvenVeryHot firing"}, slices.Collect(maps.Keys(states)))

	log, err := os.ReadFile(filepath.Join(dir, "alerts.json"))
	require.NoError(t, err)
	assert.Contains(t, string(log), "a has 250 degrees")
	assert.Contains(t, string(log), `"resolved"`)
	collector.Stop()
}

// prometheusOn starts a Prometheus with a config.
func prometheusOn(t *testing.T, dir, config string) *server {
	t.Helper()
	file := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	s := &server{t: t, api: "http://" + processtest.FreeAddr(t)}
	processtest.Start(t, dir, nil, servertest.Tool(t, "prometheus"), "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+strings.TrimPrefix(s.api, "http://"))
	s.ready("/-/ready")
	return s
}

// evaluations waits until the first group was evaluated n times more, and the last of them is over.
func (s *server) evaluations(n int) {
	s.t.Helper()
	last := s.lastEvaluation()
	for range n {
		processtest.WaitFor(s.t, patience, "the next evaluation", func() bool { return s.lastEvaluation() != last })
		last = s.lastEvaluation()
	}
}

func (s *server) lastEvaluation() string {
	s.t.Helper()
	_, body := processtest.Get(s.api + "/api/v1/rules")
	var answer struct {
		Data struct {
			Groups []struct{ LastEvaluation string }
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Data.Groups) == 0 {
		return ""
	}
	return answer.Data.Groups[0].LastEvaluation
}

// samples returns the samples of all series between two times, by the values of alertname and alertstate.
func (s *server) samples(selector string, start, end time.Time) map[string][]string {
	s.t.Helper()
	query := fmt.Sprintf("%s[%ds]", selector, int(end.Sub(start).Seconds()))
	status, body := processtest.Get(fmt.Sprintf("%s/api/v1/query?query=%s&time=%d", s.api, url.QueryEscape(query), end.Unix()))
	require.Equal(s.t, http.StatusOK, status, body)
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	require.NoError(s.t, json.Unmarshal([]byte(body), &answer))
	found := map[string][]string{}
	for _, r := range answer.Data.Result {
		assert.Equal(s.t, "shop/bakery", r.Metric["job"], "labels are those of the resource: %v", r.Metric)
		key := strings.TrimSpace(r.Metric["alertname"] + " " + r.Metric["alertstate"])
		for _, v := range r.Values {
			found[key] = append(found[key], fmt.Sprintf("%v at %.3f", v[1], v[0]))
		}
	}
	return found
}

// oven sends its temperature five times a second.
type oven struct {
	t       *testing.T
	degrees chan float64
}

func newOven(t *testing.T, address string) *oven {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	client := pmetricotlp.NewGRPCClient(conn)
	o := &oven{t: t, degrees: make(chan float64)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		degrees, ok := <-o.degrees
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for ok {
			_, _ = client.Export(t.Context(), pmetricotlp.NewExportRequestFromMetrics(temperature(degrees))) // the next one comes
			select {
			case degrees, ok = <-o.degrees:
			case <-tick.C:
			}
		}
	}()
	t.Cleanup(func() {
		close(o.degrees)
		<-done
		_ = conn.Close()
	})
	return o
}

func (o *oven) set(degrees float64) { o.degrees <- degrees }

func temperature(degrees float64) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	for k, v := range map[string]string{"service.name": "bakery", "service.namespace": "shop", "service.instance.id": "i-1"} {
		rm.Resource().Attributes().PutStr(k, v)
	}
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("oven.temperature")
	m.SetUnit("Cel")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	p.SetDoubleValue(degrees)
	p.Attributes().PutStr("oven", "a")
	return md
}
