// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/trainingjob"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

const folder = "examples/training-job"

// override moves the example's ports and files, and makes it fast; components and pipelines are
// those of collector.yaml and alone.yaml.
const override = `
extensions:
  health_check: {endpoint: "${env:HEALTH}"}
  ml_catalog: {directory: "${env:CATALOG}"}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}, http: {endpoint: "${env:OTLP_HTTP}"}}}}
connectors: {ml_job: {decision_wait: 300ms, absence: 5s, metrics_interval: 200ms}}
exporters:
  prometheus: {endpoint: "${env:SCRAPE}"}
  file/alerts: {flush_interval: 50ms}
`

// patience is how long an alert may take on a busy machine.
const patience = 60 * time.Second

// collector is the example's, without any other server.
type collector struct {
	t      *testing.T
	otlp   string
	scrape string
	alerts string
}

// start starts it with a card for each job, made from the example's.
func start(t *testing.T, cards map[string]string) *collector {
	t.Helper()
	dir := t.TempDir()
	for name, card := range cards {
		require.NoError(t, os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, ":", "_")+".yaml"), []byte(card), 0o600))
	}
	c := &collector{t: t, otlp: processtest.FreeAddr(t), scrape: processtest.FreeAddr(t)}
	running := harness.StartCollector(t, harness.Options{
		Configs: []string{folder + "/collector.yaml", folder + "/alone.yaml", override},
		Env: []string{
			"CATALOG=" + dir, "OTLP=" + c.otlp, "OTLP_HTTP=" + processtest.FreeAddr(t), "SCRAPE=" + c.scrape, "HEALTH=" + processtest.FreeAddr(t),
		},
	})
	c.alerts = filepath.Join(running.Dir, "state", "training-job", "alerts.json")
	return c
}

// episode is an alert from its start to its end.
type episode struct {
	fingerprint string
	start       int64
}

// of returns the last word on each alert of a job, oldest first.
func (c *collector) of(name string) []alert.Alert {
	content, err := os.ReadFile(c.alerts)
	if err != nil {
		return nil
	}
	latest := map[episode]alert.Alert{}
	for line := range bytes.Lines(content) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			continue // still being written
		}
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					if a, err := alert.Decode(record); assert.NoError(c.t, err) && a.Labels["job"] == name {
						latest[episode{a.Fingerprint(), a.StartsAt.UnixNano()}] = a
					}
				}
			}
		}
	}
	return slices.SortedFunc(maps.Values(latest), func(a, b alert.Alert) int { return a.StartsAt.Compare(b.StartsAt) })
}

// runs waits until the collector has counted so many runs of a job.
func (c *collector) runs(name string, n int) bool {
	want := fmt.Sprintf(` %d`, n)
	return waitFor(func() bool {
		_, page := processtest.Get("http://" + c.scrape + "/metrics")
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "ml_job_run_count_total{") && strings.Contains(line, `="`+name+`"`) && strings.HasSuffix(strings.TrimSpace(line), want) {
				return true
			}
		}
		return false
	})
}

func waitFor(done func() bool) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		if done() {
			return true
		}
	}
	return false
}

// Whatever is broken, in any stage: one alert, of the kind and the stage that the README's table
// has, and with the run's trace; the next good run resolves it. A try that recovers is none.
func TestEachWayIsOneAlert(t *testing.T) {
	example, err := os.ReadFile(filepath.Join("..", "..", folder, "catalog", "training_job.yaml"))
	require.NoError(t, err)
	cards := map[string]string{}
	for _, way := range trainingjob.Ways {
		name := way.Break.String()
		card := strings.Replace(string(example), "name: training_job", fmt.Sprintf("name: %q", name), 1)
		switch way.How {
		case trainingjob.Hang, trainingjob.Kill:
			card = strings.NewReplacer("timeout: 10s", "timeout: 2s", "heartbeat: 10s", "heartbeat: 2s").Replace(card)
		case trainingjob.Slow:
			card = strings.ReplaceAll(card, "timeout: 10s", "timeout: 1m")
		}
		require.NotEqual(t, string(example), card)
		cards[name] = card
	}
	c := start(t, cards)
	exporter, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(c.otlp), otlptracegrpc.WithInsecure())
	require.NoError(t, err)
	defer func() { assert.NoError(t, exporter.Shutdown(context.WithoutCancel(t.Context()))) }()

	places := make(chan struct{}, 5) // most of the time they wait; more at once would make the good runs differ too much
	var wg sync.WaitGroup
	for _, way := range trainingjob.Ways {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			story{t: t, c: c, way: way, options: trainingjob.Options{
				Job: way.Break.String(), Fast: true, Folder: filepath.Join(t.TempDir(), "work"), Exporter: exporter, Kill: func() {},
				Slowdown: 12 * time.Second, // a machine that is busy makes the good runs differ by a second
			}}.tell()
		})
	}
	wg.Wait()
}

// story is what happens to one job.
type story struct {
	t       *testing.T
	c       *collector
	way     trainingjob.Way
	options trainingjob.Options
}

func (s story) run(ctx context.Context, day int, b trainingjob.Break) (trainingjob.Result, error) {
	o := s.options
	o.Break, o.LogicalDate = b, time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)
	o.RunID = o.LogicalDate.Format(time.DateOnly)
	return trainingjob.Run(ctx, o)
}

func (s story) tell() {
	t, name := s.t, s.way.Break.String()
	before := 0
	if s.way.History {
		for before = range 5 {
			_, err := s.run(t.Context(), 1+before, trainingjob.Break{})
			assert.NoError(t, err, name)
		}
		before++
		if !assert.True(t, s.c.runs(name, before), "%s: the good runs are not counted", name) {
			return
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan trainingjob.Result, 1)
	go func() {
		result, err := s.run(ctx, 10, s.way.Break)
		assert.Equal(t, s.way.Fails || s.way.How == trainingjob.Hang, err != nil, "%s: %v", name, err)
		ended <- result
	}()
	if s.way.How != trainingjob.Hang {
		result := <-ended
		ended <- result
	}
	if s.way.Alert == "" {
		assert.True(t, s.c.runs(name, 1), "%s is not counted", name)
		assert.Empty(t, s.c.of(name), name)
		return
	}
	s.one(alert.Firing)
	interrupt()
	result := <-ended
	if s.way.How == trainingjob.Hang { // it is a cancelled run now
		assert.True(t, waitFor(func() bool {
			all := s.c.of(name)
			return len(all) == 2 && all[0].State == alert.Resolved && all[1].Name == "JobCancelled" && all[1].State == alert.Firing
		}), "%s: %v", name, s.c.of(name))
	} else {
		time.Sleep(2 * time.Second) // the time in which anything else would be raised
		a := s.one(alert.Firing)
		assert.Equal(t, result.TraceID.String(), a.TraceID.String(), name)
	}
	_, err := s.run(t.Context(), 11, trainingjob.Break{})
	assert.NoError(t, err, name)
	assert.True(t, waitFor(func() bool {
		return !slices.ContainsFunc(s.c.of(name), func(a alert.Alert) bool { return a.State == alert.Firing })
	}), "%s is not resolved: %v", name, s.c.of(name))
}

// one waits for the only alert of the job, and checks what it says.
func (s story) one(state alert.State) (a alert.Alert) {
	t, name := s.t, s.way.Break.String()
	var all []alert.Alert
	waitFor(func() bool { all = s.c.of(name); return len(all) > 0 })
	if !assert.Len(t, all, 1, "%s", name) {
		return a
	}
	a = all[0]
	assert.Equal(t, s.way.Alert, a.Name, "%s: %s", name, a.Summary)
	assert.Equal(t, state, a.State, name)
	if s.way.How != trainingjob.Slow { // which is about the run, and says what took longest
		assert.Equal(t, s.way.AlertStage, a.Labels["stage"], "%s: %s", name, a.Summary)
	}
	assert.Contains(t, a.Summary, s.way.Stage, name)
	assert.Equal(t, "https://example.com/runbooks/training-job", a.Annotations["runbook_url"], name)
	return a
}
