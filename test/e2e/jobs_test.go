// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/servertest"
	"github.com/otelcol-ml/otelcol-ml/internal/trainingjob"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

const trainingExample = "examples/training-job"

// trainingOverride moves the example's ports, keeps its state and its alerts in the test's folder,
// and shortens its waits; components and pipelines are the example's, with the alerts in a file as
// well.
const trainingOverride = `
extensions:
  health_check: {endpoint: "${env:HEALTH}"}
  ml_catalog: {directory: "${env:CATALOG}"}
  file_storage: {directory: "${env:STATE}", compaction: {directory: "${env:STATE}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}}
connectors:
  ml_job: {decision_wait: 300ms, absence: 1s, alerts: {resend_interval: 1s}, metrics_interval: 1s, trace_url: "${env:JAEGER_API}/trace/{trace_id}"}
exporters:
  alertmanager: {resend_interval: 1s, lease: 30s}
  prometheus: {endpoint: "${env:SCRAPE}"}
  file/alerts: {path: "${env:ALERTS}", flush_interval: 50ms}
service:
  pipelines:
    logs/alerts: {receivers: [ml_job], exporters: [alertmanager, file/alerts]}
`

// training is the example with its servers.
type training struct {
	t            *testing.T
	jaeger       *server
	alertmanager string
	otlp, alerts string
	job, folder  string
}

// Whatever breaks in the training job, stage by stage and in every way that it knows: exactly one
// alert begins, of the kind and the stage that the example promises, a real Alertmanager shows it,
// its trace is in Jaeger, and the next good run resolves it. What heals by itself is no alert. One
// stage is slow: after a slow run the next one takes more evidence, so that six in one history say
// nothing of each. TestEachWayIsOneAlert has all, each with a job of its own.
func TestBrokenStagesInAlertmanager(t *testing.T) {
	tr := startTraining(t)
	tr.good("--runs", "5")
	require.Empty(t, tr.begun(), "five good runs are no alert")
	slow := 0
	for _, way := range trainingjob.Ways {
		if way.How == trainingjob.Slow {
			if slow++; slow > 1 {
				continue
			}
		}
		t.Run(way.String(), func(t *testing.T) {
			tr := *tr
			tr.t, tr.jaeger = t, &server{t: t, api: tr.jaeger.api, otlp: tr.jaeger.otlp}
			tr.breakAndMend(way)
		})
	}
}

func startTraining(t *testing.T) *training {
	t.Helper()
	dir := t.TempDir()
	tr := &training{
		t: t, jaeger: startJaeger(t), alertmanager: startAlertmanager(t), otlp: processtest.FreeAddr(t),
		alerts: filepath.Join(dir, "alerts.json"), job: filepath.Join(dir, "training-job"), folder: filepath.Join(dir, "job"),
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tr.job, "./"+trainingExample)
	build.Dir = processtest.RepoRoot(t)
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	harness.StartCollector(t, harness.Options{
		Configs: []string{trainingExample + "/collector.yaml", trainingOverride},
		Env: []string{
			"CATALOG=" + filepath.Join(processtest.RepoRoot(t), trainingExample, "catalog"), "STATE=" + filepath.Join(dir, "state"), "ALERTS=" + tr.alerts, "OTLP=" + tr.otlp, "OTLP_HTTP=" + processtest.FreeAddr(t),
			"HEALTH=" + processtest.FreeAddr(t), "SCRAPE=" + processtest.FreeAddr(t),
			"JAEGER_ENDPOINT=" + tr.jaeger.otlp, "JAEGER_API=" + tr.jaeger.api, "ALERTMANAGER=http://" + tr.alertmanager,
		},
	})
	return tr
}

// startAlertmanager starts Alertmanager on the example's config and returns its address.
func startAlertmanager(t *testing.T) string {
	t.Helper()
	address := processtest.FreeAddr(t)
	processtest.Start(
		t, t.TempDir(), nil, servertest.Tool(t, "alertmanager"),
		"--config.file="+filepath.Join(processtest.RepoRoot(t), trainingExample, "alertmanager.yml"), "--storage.path="+t.TempDir(),
		"--web.listen-address="+address, "--cluster.listen-address=",
	)
	(&server{t: t, api: "http://" + address}).ready("/-/ready")
	return address
}

// run runs the training job and returns its status; one that hangs is ended after a while.
func (tr *training) run(hangs bool, args ...string) (status int, output string) {
	tr.t.Helper()
	cmd := exec.CommandContext(tr.t.Context(), tr.job, append([]string{"--fast", "--endpoint", tr.otlp, "--folder", tr.folder}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(tr.t, cmd.Start())
	if hangs { // it is still there when the alert comes, and is then put out of its misery
		tr.t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		return 0, ""
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode(), out.String()
}

func (tr *training) good(args ...string) {
	tr.t.Helper()
	status, out := tr.run(false, args...)
	require.Zero(tr.t, status, out)
	require.NotContains(tr.t, out, "nobody watches")
}

func (tr *training) breakAndMend(way trainingjob.Way) {
	t := tr.t
	before := tr.begun()
	require.Empty(t, tr.firing(), "the alert before has not been resolved")
	status, out := tr.run(way.How == trainingjob.Hang, "--break", way.String())
	if way.Fails {
		assert.NotZero(t, status, out)
	} else {
		assert.Zero(t, status, out)
	}
	if way.Alert != "" {
		var seen []postedAlert
		processtest.WaitFor(t, patience, "the alert in Alertmanager", func() bool {
			seen = tr.firing()
			return len(seen) > 0
		})
		require.Len(t, seen, 1)
		a := seen[0]
		assert.Equal(t, way.Alert, a.Labels["alertname"])
		assert.Equal(t, "training_job", a.Labels["job"])
		if way.Alert != "JobSlow" { // of the job, which names the stage that took longest
			assert.Equal(t, way.AlertStage, a.Labels["stage"], a.Annotations["summary"])
		}
		assert.Contains(t, a.Annotations["summary"], way.AlertStage)
		assert.Equal(t, "https://example.com/runbooks/training-job", a.Annotations["runbook_url"])
		assert.Equal(t, "fraud-ml@example.com", a.Annotations["owner"])
		t.Log(a.Annotations["summary"])
		tr.amtool(way.Alert)
		assert.Equal(t, tr.jaeger.api+"/trace/"+a.Annotations["trace_id"], a.Annotations["trace_url"])
		tr.evidence(way, a)
	}
	tr.good()
	processtest.WaitFor(t, patience, "the alert to be resolved in Alertmanager", func() bool { return len(tr.firing()) == 0 && len(tr.open()) == 0 })
	begun := tr.begun()
	if way.Alert == "" {
		assert.Len(t, begun, len(before), "%v", begun)
	} else {
		assert.Len(t, begun, len(before)+1, "exactly one alert begins: %v", begun)
	}
}

// evidence looks the alert's span up in Jaeger: that of an error has the exception.
func (tr *training) evidence(way trainingjob.Way, a postedAlert) {
	t := tr.t
	traces := tr.jaeger.trace(a.Annotations["trace_id"])
	if way.How != trainingjob.Error {
		return
	}
	for _, rs := range traces.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if span.SpanID().String() != a.Annotations["span_id"] {
					continue
				}
				for _, event := range span.Events().All() {
					if event.Name() == "exception" {
						text, _ := event.Attributes().Get("exception.message")
						assert.Equal(t, text.Str(), a.Annotations["exception_message"])
						return
					}
				}
				assert.Fail(t, "the span of the alert has no exception", span.Name())
				return
			}
		}
	}
	assert.Fail(t, "the span of the alert is not in its trace", a.Annotations["span_id"])
}

// trace asks Jaeger for a trace.
func (s *server) trace(id string) ptrace.Traces {
	s.t.Helper()
	var body string
	processtest.WaitFor(s.t, patience, "trace "+id, func() bool {
		var status int
		status, body = processtest.Get(s.api + "/api/v3/traces/" + id)
		return status == http.StatusOK
	})
	var answer struct{ Result json.RawMessage }
	require.NoError(s.t, json.Unmarshal([]byte(body), &answer))
	traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(answer.Result)
	require.NoError(s.t, err)
	return traces
}

// postedAlert is an alert as Alertmanager shows it.
type postedAlert struct {
	Fingerprint string
	Labels      map[string]string
	Annotations map[string]string
}

// firing returns what Alertmanager shows.
func (tr *training) firing() []postedAlert {
	tr.t.Helper()
	status, body := processtest.Get("http://" + tr.alertmanager + "/api/v2/alerts?active=true")
	require.Equal(tr.t, http.StatusOK, status, body)
	var alerts []postedAlert
	require.NoError(tr.t, json.Unmarshal([]byte(body), &alerts))
	return alerts
}

// amtool checks that Alertmanager's own tool shows the alert.
func (tr *training) amtool(name string) {
	tr.t.Helper()
	out, err := exec.CommandContext(tr.t.Context(), servertest.Tool(tr.t, "amtool"), "--alertmanager.url=http://"+tr.alertmanager, "alert", "query", "alertname="+name, "-o", "json").CombinedOutput()
	require.NoError(tr.t, err, string(out))
	var shown []postedAlert
	require.NoError(tr.t, json.Unmarshal(out, &shown), string(out))
	assert.Len(tr.t, shown, 1)
}

// begin is one alert from its start to its end.
type begin struct {
	name, stage, run string
	start            time.Time
}

// latest reads the alerts in the file: the last word on each.
func (tr *training) latest() map[begin]alert.State {
	tr.t.Helper()
	content, err := os.ReadFile(tr.alerts)
	if err != nil {
		return nil
	}
	states := map[begin]alert.State{}
	runs := map[begin]string{}
	for line := range bytes.Lines(content) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil { // still being written
			continue
		}
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					a, err := alert.Decode(record)
					require.NoError(tr.t, err)
					key := begin{name: a.Name, stage: a.Labels["stage"], start: a.StartsAt}
					states[key], runs[key] = a.State, a.Annotations["run_id"]
				}
			}
		}
	}
	named := make(map[begin]alert.State, len(states))
	for key, state := range states {
		key.run = runs[key]
		named[key] = state
	}
	return named
}

// begun returns all alerts that have begun; open those that fire.
func (tr *training) begun() (all []begin) {
	for key := range tr.latest() {
		all = append(all, key)
	}
	return all
}

func (tr *training) open() (all []begin) {
	for key, state := range tr.latest() {
		if state == alert.Firing {
			all = append(all, key)
		}
	}
	return all
}
