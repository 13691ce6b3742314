// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// testCase is a vendor and what it does not take.
type testCase struct {
	vendor  vendor
	refuses []bad
}

func all() []testCase {
	return []testCase{
		{datadog(), datadogRefuses()},
		{newRelic(), newRelicRefuses()},
		{elastic(), elasticRefuses()},
		{splunk(), splunkRefuses()},
		{grafanaCloud(), grafanaCloudRefuses()},
	}
}

var localPort = regexp.MustCompile(`localhost:\d{4,5}`)

// inHaste lets minutes be seconds. Nothing else of a config is changed, but for its ports. Intervals of two and three seconds meet in one
// second every six.
func inHaste(seconds int) string {
	return fmt.Sprintf(`
connectors:
  ml_summary: {flush_interval: 200ms, feature_flush_interval: 200ms}
  ml_drift: {emit_interval: %[1]ds, save_interval: 1s}
  ml_evaluation: {emit_interval: %[1]ds}
  ml_job: {metrics_interval: %[1]ds}
  prometheus_rules: {evaluation_interval: 5s}
`, seconds)
}

// collector is one that runs with a vendor's config.
type collector struct {
	*harness.Collector
	options harness.Options
	otlp    string
	labels  string
}

// configured prepares the nth collector, on ports of its own.
func configured(t *testing.T, v vendor, p *proxy, n int, env ...string) *collector {
	t.Helper()
	config, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), "examples", "vendors", v.name, "collector.yaml"))
	require.NoError(t, err)
	ports := map[string]string{}
	text := localPort.ReplaceAllStringFunc(string(config), func(address string) string {
		if address == "localhost:9093" { // the default of a variable
			return address
		}
		if ports[address] == "" {
			ports[address] = processtest.FreeAddr(t)
		}
		return ports[address]
	})
	text = strings.ReplaceAll(text, "flush_timeout: 5s", "flush_timeout: 200ms")
	env = append(env, "OTELCOL_ML_STATE="+t.TempDir(), fmt.Sprint("COLLECTOR_INSTANCE_ID=collector-", n))
	return &collector{
		options: harness.Options{Configs: []string{text, inHaste(2 + n)}, Env: append(append(env, v.env...), p.env...), Dir: t.TempDir()},
		otlp:    ports["localhost:4317"],
		labels:  ports["localhost:4319"],
	}
}

func (c *collector) start(t *testing.T) {
	t.Helper()
	c.Collector = harness.StartCollector(t, c.options)
}

// Two collectors with a vendor's config send at the same time, and one of them is restarted. The vendor takes everything as it comes, has
// counted each prediction once, and can lead from an alert to a trace that shows it.
func TestVendors(t *testing.T) {
	for _, x := range all() {
		t.Run(x.vendor.name, func(t *testing.T) {
			t.Parallel()
			run(t, x.vendor)
		})
	}
}

func run(t *testing.T, v vendor) {
	t.Helper()
	s := newStandIn(v)
	s.busy = true
	p := serve(t, s)
	var posted atomic.Int64 // alerts in Alertmanager
	alertmanager := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && strings.Contains(string(body), `"FeatureDrift"`) {
			posted.Add(1)
		}
	}))
	t.Cleanup(alertmanager.Close)
	env := []string{"OTELCOL_ML_CATALOG=" + catalog(t), "ALERTMANAGER_URL=" + alertmanager.URL}
	var collectors [2]*collector
	var shops [2]*shop
	for i := range collectors {
		collectors[i] = configured(t, v, p, i, env...)
		collectors[i].start(t)
		shops[i] = newShop(t, i, collectors[i].otlp)
	}
	for hour := range 5 {
		for _, shop := range shops {
			shop.hour(hour, map[bool]float64{true: 1.5}[hour >= 2])
		}
	}
	for i, shop := range shops {
		shop.odds()
		shop.measures()
		shop.says()
		shop.knows(collectors[i].labels)
	}
	settled(t, s, shops)
	processtest.WaitFor(t, time.Minute, "measures of quality", func() (found bool) {
		s.look(func(k *kept) { found = len(k.series[mlconv.MetricEvaluationScore]) > 0 })
		return found
	})
	for _, event := range []string{"ml.alert", "ml.drift.evidence"} {
		processtest.WaitFor(t, time.Minute, event+" that leads to a trace", func() (found bool) {
			s.look(func(k *kept) { found = k.leadsToATrace(event) })
			return found
		})
	}
	if _, ok := v.paths["/v1/logs"]; !ok && !v.keepsExemplars {
		processtest.WaitFor(t, time.Minute, "an alert in Alertmanager", func() bool { return posted.Load() > 0 })
	}
	if v.keepsExemplars {
		s.look(func(k *kept) {
			for trace := range k.exemplars[mlconv.MetricDriftScore] {
				assert.Contains(t, k.spans, trace)
			}
			assert.NotEmpty(t, k.exemplars[mlconv.MetricDriftScore])
		})
	}

	collectors[0].Stop()
	collectors[0].start(t)
	if v.deltas {
		collectors[1].Kill() // cumulative sums go back to those of the last save
		collectors[1].start(t)
	}
	for hour := 5; hour < 7; hour++ {
		for _, shop := range shops {
			shop.hour(hour, 0)
		}
	}
	settled(t, s, shops)
	for i, c := range collectors {
		c.Stop()
		assert.NotContains(t, c.Log(), "Dropping data", "collector %d", i)
		assert.NotContains(t, c.Log(), "Exporting failed. Rejecting", "collector %d", i)
	}
	settled(t, s, shops)
	assert.Empty(t, s.problems())
	s.mu.Lock()
	assert.Len(t, s.asked, len(v.paths), "paths that were busy once")
	s.mu.Unlock()
}

// Without the preview of traces, Datadog refuses them. Nothing else suffers from that.
func TestDatadogWithoutThePreviewOfTraces(t *testing.T) {
	v := datadog()
	take := v.size
	v.size = func(s signal, compressed bool, wire, decoded int) *refusal {
		if s == traces {
			return &refusal{http.StatusForbidden, "Forbidden"}
		}
		return take(s, compressed, wire, decoded)
	}
	s := newStandIn(v)
	c := configured(t, v, serve(t, s), 0, "OTELCOL_ML_CATALOG="+catalog(t))
	c.start(t)
	shop := newShop(t, 0, c.otlp)
	shop.hour(0, 0)
	processtest.WaitFor(t, time.Minute, "all predictions", func() (all bool) {
		s.look(func(k *kept) { all = k.total(mlconv.MetricPredictionCount) == 600 })
		return all
	})
	c.WaitForLog(time.Minute, "Dropping data")
	assert.Equal(t, []string{"403: Forbidden"}, s.problems())
}

// settled waits until the vendor has all that was sent, and expects that it has no more.
func settled(t *testing.T, s *standIn, shops [2]*shop) {
	t.Helper()
	predictions, orders, records := 0, 0, 0
	traces := map[pcommon.TraceID]bool{}
	for _, shop := range shops {
		predictions, orders, records = predictions+shop.predictions, orders+shop.orders, records+shop.records
		for trace := range shop.traces {
			traces[trace] = true
		}
	}
	if _, ok := s.vendor.paths["/v2/datapoint/otlp"]; ok {
		records = 0 // takes no logs
	}
	var now string
	want := fmt.Sprintf("%d predictions, %d orders, %d traces, %d records", predictions, orders, len(traces), records)
	deadline := time.Now().Add(90 * time.Second)
	for now != want && time.Now().Before(deadline) {
		<-time.After(100 * time.Millisecond)
		s.look(func(k *kept) {
			now = fmt.Sprintf("%.0f predictions, %.0f orders, %d traces, %d records",
				k.total(mlconv.MetricPredictionCount), k.total("shop.orders"), len(k.spans), len(k.plain))
		})
	}
	assert.Equal(t, want, now, "what %s has: %v", s.vendor.name, s.problems())
}

// awaitProblem waits until a stand-in has found what begins so.
func awaitProblem(t *testing.T, s *standIn, want string) {
	t.Helper()
	var problems []string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(100 * time.Millisecond) {
		problems = s.problems()
		for _, problem := range problems {
			if strings.HasPrefix(problem, want) {
				return
			}
		}
	}
	assert.Fail(t, "nothing is found that begins so", "%s; there is\n%s", want, strings.Join(problems[:min(len(problems), 40)], "\n"))
}

// leadsToATrace reports whether what says that the amount drifts names a trace that the vendor has.
func (k *kept) leadsToATrace(event string) bool {
	for _, record := range k.records {
		if record.EventName() == event && about(record) {
			if _, ok := k.spans[record.TraceID()]; ok {
				return true
			}
		}
	}
	for _, s := range k.series[event+".records"] {
		feature, ok := s.attributes.Get("ml.alert.label.feature")
		if !ok {
			feature, ok = s.attributes.Get(mlconv.AttrFeatureName)
		}
		trace, traced := s.attributes.Get("trace_id")
		if !ok || !traced {
			continue
		}
		for id := range k.spans {
			if feature.Str() == "amount" && id.String() == trace.Str() {
				return true
			}
		}
	}
	return false
}

func about(record plog.LogRecord) bool {
	for _, key := range []string{"ml.alert.label.feature", mlconv.AttrFeatureName} {
		if feature, ok := record.Attributes().Get(key); ok && feature.Str() == "amount" {
			return true
		}
	}
	return false
}
