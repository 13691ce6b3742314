// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

const jobToFile = `
extensions:
  ml_catalog: {directory: "${env:CATALOG}"}
  file_storage: {directory: "${env:STORAGE}", create_directory: true}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_job: {storage: file_storage, decision_wait: 100ms, absence: 300ms, alerts: {resend_interval: 200ms}, metrics_interval: 200ms}
exporters:
  file/alerts: {path: "${env:OUT}", append: true, flush_interval: 10ms}
  file/metrics: {path: "${env:METRICS}", append: true, flush_interval: 10ms}
service:
  extensions: [ml_catalog, file_storage]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_job]}
    logs/alerts: {receivers: [ml_job], exporters: [file/alerts]}
    metrics: {receivers: [ml_job], exporters: [file/metrics]}
`

// normalized puts ml_normalize before it.
const normalized = `
processors: {ml_normalize: {}}
service: {pipelines: {traces: {processors: [ml_normalize]}}}
`

// kills is how often the collector dies in TestKilledCollectorLosesNoAlert.
const kills = 100

// However often the collector is killed while jobs fail and recover: each failure is one alert with
// one start, naming its stage, and each recovery ends it. No alert is lost, none begins twice.
func TestKilledCollectorLosesNoAlert(t *testing.T) {
	dir := t.TempDir()
	catalog := filepath.Join(dir, "catalog")
	require.NoError(t, os.Mkdir(catalog, 0o700))
	card := "kind: job\nname: nightly\nstages:\n"
	for _, stage := range traffic.Stages {
		card += "  - {name: " + stage + "}\n"
	}
	require.NoError(t, os.WriteFile(filepath.Join(catalog, "nightly.yaml"), []byte(card), 0o600))
	out := filepath.Join(dir, "alerts.json")
	otlp := processtest.FreeAddr(t)
	options := harness.Options{Configs: []string{jobToFile}, Env: []string{
		"OTLP=" + otlp, "CATALOG=" + catalog, "STORAGE=" + filepath.Join(dir, "storage"), "OUT=" + out, "METRICS=" + filepath.Join(dir, "metrics.json"),
	}}

	killer := &killer{t: t, options: options, rng: rand.New(rand.NewPCG(7, 7))}
	killer.start()
	otlpClient := dial(t, otlp)
	story := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(story)
		// until sends a run, again after each death, and waits until the newest alert of the stage
		// is in the given state.
		until := func(run traffic.JobRun, stage string, state alert.State, episodes int) bool {
			for _, request := range run.Requests() {
				for otlpClient.export(request) != nil {
					if t.Failed() {
						return false
					}
				}
			}
			deadline := time.Now().Add(60 * time.Second)
			for {
				newest := episodesOf(t, out)[stage]
				if len(newest) == episodes && newest[len(newest)-1].State == state {
					return true
				}
				if time.Now().After(deadline) || t.Failed() {
					return assert.Fail(t, "no such alert", "%s %s of %s, number %d: %v", run.RunID, state, stage, episodes, newest)
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
		for i := 0; killer.deaths() < kills; i++ {
			stage := traffic.Stages[i%len(traffic.Stages)]
			episode := i/len(traffic.Stages) + 1
			run := func(kind string) traffic.JobRun {
				// A stage takes a minute, so that a run that waits for a collector to come back is
				// not overdue by what good runs took.
				return traffic.JobRun{
					Seed: uint64(i)<<8 | uint64(len(kind)), Job: "nightly", RunID: fmt.Sprintf("%s-%d", kind, i),
					Start: time.Now().Add(-10 * time.Minute), Stage: time.Minute, Rows: 1000,
				}
			}
			bad := run("bad")
			bad.Fails = stage
			if !until(bad, stage, alert.Firing, episode) || !until(run("good"), stage, alert.Resolved, episode) {
				return
			}
		}
	})
	for killer.deaths() < kills {
		select {
		case <-story: // it has failed
			wg.Wait()
			return
		case <-time.After(time.Duration(killer.rng.IntN(400)) * time.Millisecond):
			killer.kill()
			killer.start()
		}
	}
	wg.Wait()
	killer.collector.Stop()

	all := episodesOf(t, out)
	total := 0
	for stage, episodes := range all {
		assert.Contains(t, traffic.Stages, stage)
		for _, a := range episodes {
			total++
			assert.Equal(t, "JobFailed", a.Name)
			assert.Equal(t, alert.Resolved, a.State, "%s of %s", a.Annotations["run_id"], stage)
			assert.Contains(t, a.Summary, "cannot "+stage)
			assert.False(t, a.TraceID.IsEmpty())
		}
	}
	t.Logf("%d alerts over %d deaths", total, killer.deaths())
	assert.Positive(t, total)
}

// killer owns a collector that dies and is started again.
type killer struct {
	t         *testing.T
	options   harness.Options
	rng       *rand.Rand
	collector *harness.Collector

	mu   sync.Mutex // guards died
	died int
}

func (k *killer) start() { k.collector = harness.StartCollector(k.t, k.options) }

func (k *killer) kill() {
	k.collector.Kill()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.died++
}

func (k *killer) deaths() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.died
}

// episodesOf reads the alerts in a file of the file exporter: by stage, the last word on each
// (fingerprint, start), oldest first. A line that was cut off by a death is left out.
func episodesOf(t *testing.T, path string) map[string][]alert.Alert {
	type episode struct {
		fingerprint string
		start       int64
	}
	latest := map[episode]alert.Alert{}
	for _, line := range lines(t, path) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if !assert.NoError(t, err) {
			continue
		}
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					a, err := alert.Decode(record)
					if !assert.NoError(t, err) {
						continue
					}
					latest[episode{a.Fingerprint(), a.StartsAt.UnixNano()}] = a
				}
			}
		}
	}
	byStage := map[string][]alert.Alert{}
	for _, a := range slices.SortedFunc(maps.Values(latest), func(a, b alert.Alert) int { return a.StartsAt.Compare(b.StartsAt) }) {
		byStage[a.Labels["stage"]] = append(byStage[a.Labels["stage"]], a)
	}
	return byStage
}

const manyJobs = `
extensions: {file_storage: {directory: "${env:STORAGE}", create_directory: true}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}", max_recv_msg_size_mib: 16}}}}
processors: {memory_limiter: {check_interval: 100ms, limit_mib: 512, spike_limit_mib: 64}}
connectors: {ml_job: {storage: file_storage, metrics_interval: 500ms}}
exporters: {nop: {}}
service:
  extensions: [file_storage]
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter], exporters: [ml_job]}
    logs/alerts: {receivers: [ml_job], exporters: [nop]}
    metrics: {receivers: [ml_job], exporters: [nop]}
`

// 10,000 runs of 20 stages that go on at the same time fit under a memory_limiter of 512 MiB, which
// refuses nothing.
func TestTenThousandRunsFitTheMemoryLimit(t *testing.T) {
	const jobs, runs, stages, perRequest = 500, 10_000, 20, 500
	c := start(t, manyJobs, "STORAGE="+filepath.Join(t.TempDir(), "storage"))
	otlp := dial(t, c.otlp)
	first := time.Now()
	for stage := range stages {
		for from := 0; from < runs; from += perRequest {
			otlp.send(traffic.StageOfRuns(jobs, from, from+perRequest, stage, first.Add(time.Duration(stage)*time.Second)))
		}
	}
	took := time.Since(first)
	assert.Equal(t, float64(runs*stages), c.telemetry(t, "otelcol_ml_job_spans", `kind="stage"`))
	processtest.WaitFor(t, 20*time.Second, "all runs to be open", func() bool {
		return c.telemetry(t, "otelcol_ml_job_runs_open", "") == runs
	})
	assert.Zero(t, c.telemetry(t, "otelcol_receiver_refused_spans", ""))
	assert.Zero(t, c.telemetry(t, "otelcol_processor_refused_spans", ""))
	heap, rss := c.telemetry(t, "otelcol_process_runtime_heap_alloc_bytes", ""), c.telemetry(t, "otelcol_process_memory_rss", "")
	t.Logf("%d runs of %d stages in %v; heap %.0f MiB, resident %.0f MiB", runs, stages, took.Round(time.Millisecond), heap/(1<<20), rss/(1<<20))
	assert.Less(t, heap, float64(512<<20))
}
