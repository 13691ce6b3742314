//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

const (
	// limitMiB is the memory_limiter's hard limit, as in a container of 1.4 GiB on the default 75 %.
	limitMiB = 1024
	// patience is how long a number or an alert may take to be there.
	patience = 60 * time.Second

	shipped = "distro/config.yaml"
	// override moves the ports of the shipped config, sets a limit that does not depend on the
	// machine, and makes it fast.
	override = `
extensions: {health_check: {endpoint: "${env:HEALTH}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}, ground_truth: {endpoint: "${env:LABELS}"}}
processors: {memory_limiter: {limit_mib: 1024, spike_limit_mib: 200}}
connectors:
  ml_summary: {flush_interval: 500ms, feature_flush_interval: 1s}
  ml_drift: {emit_interval: 500ms}
  ml_job: {decision_wait: 500ms, metrics_interval: 500ms}
  ml_evaluation: {emit_interval: 500ms}
exporters: {file: {flush_interval: 100ms}, file/alerts: {flush_interval: 100ms}, prometheus: {endpoint: "${env:SCRAPE}"}}
`
)

// site is a collector on the default config, with healthy traffic.
type site struct {
	*harness.Collector
	t *testing.T
	// Addresses ("127.0.0.1:port").
	otlp, otlpHTTP, labels, scrape, health string
	// catalog is the folder of the cards, alertsDir that of the alerts.
	catalog, alertsDir string
	healthy            *healthy

	options harness.Options
	client  ptraceotlp.GRPCClient
	// logs are those of the processes that have ended.
	logs string
	// highest is the most memory that a process which has ended had in RAM, in bytes.
	highest int
}

// option changes a site before it starts.
type option func(*site)

// withConfig adds a config, which has the last word. It has a line break, by which it is no file's name.
func withConfig(yaml string) option {
	return func(s *site) { s.options.Configs = append(s.options.Configs, yaml) }
}

// withEnv adds an environment variable, "KEY=value".
func withEnv(variable string) option {
	return func(s *site) { s.options.Env = append(s.options.Env, variable) }
}

// withDir has the collector work in a folder: its state is in dir/state.
func withDir(dir string) option {
	return func(s *site) { s.options.Dir = dir }
}

// withOutput has alerts and spans written into another folder than the state, as to servers.
func withOutput(dir string) option {
	return func(s *site) {
		s.alertsDir = dir
		withConfig(fmt.Sprintf("exporters: {file: {path: %s/traces.json}, file/alerts: {path: %s/alerts.json}}\n", dir, dir))(s)
	}
}

// newSite starts a collector.
func newSite(t *testing.T, options ...option) *site {
	t.Helper()
	s := &site{
		t: t, otlp: processtest.FreeAddr(t), otlpHTTP: processtest.FreeAddr(t), labels: processtest.FreeAddr(t), scrape: processtest.FreeAddr(t),
		health: processtest.FreeAddr(t), catalog: t.TempDir(),
	}
	s.options = harness.Options{Configs: []string{shipped, override}, Dir: t.TempDir(), Env: []string{
		"OTLP=" + s.otlp, "OTLP_HTTP=" + s.otlpHTTP, "LABELS=" + s.labels, "SCRAPE=" + s.scrape, "HEALTH=" + s.health, "OTELCOL_ML_CATALOG=" + s.catalog,
	}}
	s.alertsDir = filepath.Join(s.options.Dir, "state")
	for _, o := range options {
		o(s)
	}
	writeCards(t, s.catalog)
	connection, err := grpc.NewClient(s.otlp, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	s.client = ptraceotlp.NewGRPCClient(connection)
	s.healthy = newHealthy(s)
	s.start()
	return s
}

// start starts the collector, again after an end.
func (s *site) start() {
	s.t.Helper()
	s.Collector = harness.StartCollector(s.t, s.options)
	s.healthy.started()
}

// restart ends the collector in order, and starts it again.
func (s *site) restart() {
	s.t.Helper()
	s.note()
	s.Stop()
	s.logs += s.Log()
	s.start()
}

// killed ends the collector by SIGKILL, and starts it again.
func (s *site) killed() {
	s.t.Helper()
	s.note()
	s.Kill()
	s.logs += s.Log()
	s.start()
}

func (s *site) note() { s.highest = max(s.highest, s.peak()) }

// log is what the collector has printed since the site began.
func (s *site) log() string { return s.logs + s.Log() }

// peak is the most memory that the process ever had in RAM, in bytes.
func (s *site) peak() int {
	kb := 0
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Pid()))
	if err == nil {
		if match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(content); match != nil {
			kb, _ = strconv.Atoi(string(match[1]))
		}
	}
	return max(kb<<10, s.highest)
}

// send sends requests as a real client does: again where it is asked to try again.
func (s *site) send(requests ...ptrace.Traces) {
	for _, td := range requests {
		if err := s.export(td); err != nil && !s.t.Failed() {
			s.t.Errorf("a request was not taken: %v", err)
			return
		}
	}
}

// export sends a request until it is taken, or an answer says that it never will be.
func (s *site) export(td ptrace.Traces) error {
	for begun := time.Now(); ; {
		err := s.try(td)
		switch status.Code(err) {
		case codes.OK:
			return nil
		case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Aborted, codes.Canceled:
			if time.Since(begun) > patience {
				return err
			}
			<-time.After(100 * time.Millisecond)
		default:
			return err
		}
	}
}

// try sends a request once.
func (s *site) try(td ptrace.Traces) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	response, err := s.client.Export(ctx, ptraceotlp.NewExportRequestFromTraces(td), grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	if n := response.PartialSuccess().RejectedSpans(); n > 0 {
		return fmt.Errorf("%d spans were rejected: %s", n, response.PartialSuccess().ErrorMessage())
	}
	return nil
}

// post sends a body over HTTP once, and returns the status of the answer, 0 for none.
func (s *site) post(url, contentType string, body []byte, headers ...string) (code int, answer string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	request.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	var text bytes.Buffer
	_, _ = text.ReadFrom(response.Body)
	return response.StatusCode, text.String()
}

// page is what Prometheus scrapes.
func (s *site) page() string {
	_, page := processtest.Get("http://" + s.scrape + "/metrics")
	return page
}

// own sums the series of a metric of the collector's own whose labels contain all of the texts.
func (s *site) own(name string, labels ...string) float64 {
	_, page := processtest.Get("http://" + s.Metrics + "/metrics")
	return sum(page, name, labels...)
}

// sum sums the series of a metric on a page whose labels contain all of the texts.
func sum(page, name string, labels ...string) float64 {
	total := 0.0
series:
	for line := range strings.Lines(page) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(rest, label) {
				continue series
			}
		}
		value, _, _ := strings.Cut(rest, " # ") // an exemplar
		number, err := strconv.ParseFloat(strings.TrimSpace(value[strings.LastIndexByte(value, '}')+1:]), 64)
		if err == nil {
			total += number
		}
	}
	return total
}

// check wants everything that the healthy traffic must have led to.
func (s *site) check(when string) {
	t := s.t
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("%s, the collector's last words:\n%s", when, tail(s.Log(), 3000))
		}
	}()
	var missing []string
	for begun := time.Now(); ; <-time.After(300 * time.Millisecond) {
		if missing = s.healthy.missing(); len(missing) == 0 {
			break
		}
		if time.Since(begun) > patience || s.Ended() {
			break
		}
	}
	require.Empty(t, missing, when)
	assert.Less(t, s.peak(), limitMiB<<20, "%s: the most memory in RAM", when)
	assert.NotContains(t, s.Log(), "panic", when)
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// stateBytes is the size of what is kept for the next start.
func (s *site) stateBytes() int64 {
	var kept int64
	err := filepath.WalkDir(filepath.Join(s.Dir, "state", "storage"), func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			kept += info.Size()
		}
		return err
	})
	require.NoError(s.t, err)
	return kept
}
