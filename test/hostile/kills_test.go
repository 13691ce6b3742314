//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

var (
	killsFlag     = flag.Int("kills", 0, "kills in all; 0 for 1,000, or 120 with -short")
	killsSeedFlag = flag.Uint64("kills-seed", 0, "seed of the kills' moments and of the traffic; 0 for one of the clock")
)

// What a kill may cost is what came in within these.
const (
	killsFlush = 300 * time.Millisecond
	killsSave  = 300 * time.Millisecond
	killsEmit  = 200 * time.Millisecond
)

const (
	shifting     = "shifting"
	shiftingCard = "kind: model\nname: shifting\nbaseline: fraud.json\ndrift: {window: 1m, season: none, min_samples: 100}\n"
)

const (
	// killsCellTime is how long predictions have the same category, by which they are told apart.
	killsCellTime = 250 * time.Millisecond
	killsFeature  = "cell"
	// killsState is more than any data file takes, however often it was written.
	killsState = 32 << 20
)

// killsWatch is the part of a config that all have. Compaction at each start is what most can happen
// to a data file.
const killsWatch = `
extensions:
  ml_catalog: {directory: "${env:CATALOG}"}
  file_storage:
    directory: "${env:STORAGE}"
    create_directory: true
    compaction: {directory: "${env:STORAGE}", on_start: true, on_rebound: true, cleanup_on_start: true}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_drift:
    storage: file_storage
    window: 24h
    slow: []
    min_samples: 1
    alerts: {resend_interval: 250ms, keep_resolved: 10s}
    emit_interval: 200ms
    save_interval: 300ms
    limits: {categories: 65000}
  ml_job:
    storage: file_storage
    decision_wait: 50ms
    absence: 150ms
    metrics_interval: 100ms
    alerts: {resend_interval: 250ms, keep_resolved: 10s}
exporters:
  otlp_grpc:
    endpoint: "${env:SINK}"
    headers: {life: "${env:LIFE}"}
    tls: {insecure: true}
    compression: none
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
service:
  extensions: [ml_catalog, file_storage]
  telemetry: {metrics: {level: none}, logs: {disable_zap_resource: true, disable_caller: true}}
  pipelines:
    metrics: {receivers: [ml_drift, ml_job], exporters: [otlp_grpc]}
    logs: {receivers: [ml_drift, ml_job], exporters: [otlp_grpc]}
`

// killsWhole counts and judges in one process.
const killsWhole = `
connectors: {ml_summary: {flush_interval: 300ms, feature_flush_interval: 300ms, limits: {categories: 65000}}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_job, ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
`

// killsJudge judges what a leaf counts.
const killsJudge = `
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_job]}
    metrics/summary: {receivers: [otlp], exporters: [ml_drift]}
`

// killsLeaf is the leaf, which lives on.
const killsLeaf = `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
connectors: {ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms, limits: {categories: 65000}}}
exporters:
  otlp_grpc:
    endpoint: "${env:SINK}"
    headers: {from: leaf}
    tls: {insecure: true}
    compression: none
    timeout: 60s
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics: {receivers: [ml_summary], exporters: [otlp_grpc]}
`

// However often and whenever a collector is killed: each failed run is one alert with one beginning
// and one end, and so is each drift; no good run is any, runs are counted once; of the predictions at most those are lost that came
// within the flush_interval of ml_summary and the save_interval of ml_drift before a kill, and none
// counts twice but those of a request on its way at the kill, which its sender sends again. Behind a
// leaf that lives on, a kill costs the save_interval alone, and nothing counts twice.
func TestKills(t *testing.T) {
	kills, seed := *killsFlag, *killsSeedFlag
	if kills == 0 {
		if kills = 1000; testing.Short() {
			kills = 120
		}
	}
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e9
	}
	t.Run("one collector", func(t *testing.T) {
		t.Parallel()
		k := newKilled(t, seed, killsFlush+killsSave, killsWatch, killsWhole)
		k.predictions = func(td ptrace.Traces, amounts *amounts) {
			for again := false; !k.t.Failed(); {
				l := k.living()
				attempt := k.books.begin(l, amounts, again)
				if attempt == nil {
					continue // it was killed meanwhile
				}
				again = true
				if _, err := l.traces.Export(l.ctx, ptraceotlp.NewExportRequestFromTraces(td), waitForReady); err == nil {
					k.books.acknowledged(attempt)
					k.happened(aimAnswered)
					if rand.IntN(10) == 0 { // the answer was lost; the process knows its spans
						_, _ = l.traces.Export(l.ctx, ptraceotlp.NewExportRequestFromTraces(td), waitForReady)
					}
					return
				}
			}
		}
		k.play(kills - kills/2)
	})
	t.Run("behind a leaf", func(t *testing.T) {
		t.Parallel()
		k := newKilled(t, seed+1, killsSave, killsWatch, killsJudge)
		k.books.once = true
		otlp := processtest.FreeAddr(t)
		leaf := harness.StartCollector(t, harness.Options{Configs: []string{killsLeaf}, Env: append(k.env, "OTLP="+otlp)})
		client := k.dial(otlp)
		k.predictions = func(td ptrace.Traces, _ *amounts) {
			_, err := ptraceotlp.NewGRPCClient(client).Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(td), waitForReady)
			assert.NoError(t, err)
		}
		k.ended = leaf.Stop
		k.play(kills / 2)
	})
}

// killed is a collector that is killed and started again, with traffic, and what must come of it.
type killed struct {
	*mortal
	seed   uint64
	bound  time.Duration
	books  *books
	runs   *runBooks
	drifts *driftBooks
	// predictions sends predictions until they are acknowledged.
	predictions func(ptrace.Traces, *amounts)
	// ended ends what sends to the collector, before it ends itself.
	ended func()
	stop  chan struct{}
	wg    sync.WaitGroup
}

func newKilled(t *testing.T, seed uint64, bound time.Duration, configs ...string) *killed {
	t.Helper()
	dir := t.TempDir()
	catalog := filepath.Join(dir, "catalog")
	require.NoError(t, os.Mkdir(catalog, 0o700))
	require.NoError(t, traffic.WriteCatalog(catalog, 1))
	card := fmt.Sprintf("kind: job\nname: nightly\nstages: [%s]\n", joined(traffic.Stages))
	require.NoError(t, os.WriteFile(filepath.Join(catalog, "nightly.yaml"), []byte(card), 0o600))

	require.NoError(t, os.WriteFile(filepath.Join(catalog, "shifting.yaml"), []byte(shiftingCard), 0o600))

	k := &killed{seed: seed, bound: bound, books: newBooks(t), runs: newRunBooks(t), drifts: newDriftBooks(t), stop: make(chan struct{}), ended: func() {}}
	k.mortal = newMortal(t, dir, seed, configs, []string{"CATALOG=" + catalog})
	k.mortal.metrics, k.mortal.alerts, k.forward = k.measured, k.alerted, k.forwarded
	k.mortal.opened, k.mortal.died = k.books.open, func(l *life) {
		k.books.shut(l, k.bound)
	}
	return k
}

// play kills the collector so many times under traffic, and then looks at everything.
func (k *killed) play(kills int) {
	t := k.t
	defer func() {
		if t.Failed() {
			t.Logf("again with -kills-seed; this seed: %d", k.seed)
		}
	}()
	k.begin()
	k.wg.Go(k.predict)
	k.wg.Go(k.shift)
	for i, job := range []string{"nightly", "hourly"} {
		k.wg.Go(func() { k.fail(job, uint64(i)) })
	}
	k.wg.Go(k.succeed)

	for n := 0; n < kills && !t.Failed(); n++ {
		k.killOnce()
		k.begin()
	}
	close(k.stop)
	k.wg.Wait()
	k.ended()
	k.end()
	if t.Failed() {
		return
	}
	k.books.finish()
	k.runs.finish()
	k.drifts.finish()

	// Once more: what was saved is what was said last.
	last := k.books.values()
	k.begin()
	processtest.WaitFor(t, patience, "the totals of the last save", func() bool { return k.books.seen() })
	k.end()
	assert.Equal(t, last, k.books.values(), "after one more start")

	entries, err := os.ReadDir(k.storage)
	require.NoError(t, err)
	var files []string
	for _, entry := range entries {
		files = append(files, entry.Name())
		info, err := entry.Info()
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(killsState), entry.Name())
	}
	assert.Equal(t, []string{"connector_ml_drift_", "connector_ml_job_"}, files, "nothing is left over")
	t.Logf("seed %d: %s; %s; %s; %s", k.seed, k.mortal.report(), k.books.report(k.bound), k.runs.report(), k.drifts.report())
}

// stopping reports whether the traffic is to end.
func (k *killed) stopping() bool {
	select {
	case <-k.stop:
		return true
	default:
		return k.t.Failed()
	}
}

// pause waits for a while, or for the end.
func (k *killed) pause(rng *rand.Rand, most time.Duration) {
	select {
	case <-k.stop:
	case <-time.After(time.Duration(rng.Int64N(int64(most)))):
	}
}

// predict sends predictions all the time.
func (k *killed) predict() {
	rng := rand.New(rand.NewPCG(k.seed, 1))
	began := time.Now()
	for n := uint64(0); !k.stopping(); n++ {
		rows := 1 + rng.IntN(25)
		cell := fmt.Sprintf("c%d", time.Since(began)/killsCellTime)
		for _, td := range traffic.Spans(k.seed<<32+n, time.Now().Add(-time.Second), time.Millisecond, rows, 0) {
			for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
				span.Attributes().PutStr(mlconv.PrefixFeature+killsFeature, cell)
			}
			k.predictions(td, amountsOf(cell, float64(rows)))
		}
		k.pause(rng, 30*time.Millisecond)
	}
}

// shift sends predictions of another model, a minute of event time in a request, that drift until an
// alert says so, and then do not until it is over.
func (k *killed) shift() {
	rng := rand.New(rand.NewPCG(k.seed, 3))
	at := time.Now().Add(-30 * 24 * time.Hour).Truncate(time.Minute)
	for n := 0; !k.stopping(); n++ {
		for _, phase := range []struct {
			shift float64
			until alert.State
		}{{2, alert.Firing}, {0, alert.Resolved}} {
			for begun := time.Now(); !k.t.Failed() && !k.drifts.is(n, phase.until); at = at.Add(time.Minute) {
				if time.Since(begun) > patience {
					k.t.Errorf("the drift %d is not %v after %v", n, phase.until, patience)
					return
				}
				for _, td := range traffic.Spans(rng.Uint64(), at, 300*time.Millisecond, 200, phase.shift) {
					for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
						span.Attributes().PutStr(mlconv.AttrModelName, shifting)
					}
					k.predictions(td, &amounts{})
				}
				<-time.After(rand.N(50 * time.Millisecond))
			}
		}
	}
}

// run sends a run, request by request, each until it is acknowledged, and some of them again.
func (k *killed) run(rng *rand.Rand, run traffic.JobRun) {
	for _, td := range run.Requests() {
		again := rng.IntN(20) == 0
		for taken := false; !taken || again; {
			l := k.living()
			if _, err := l.traces.Export(l.ctx, ptraceotlp.NewExportRequestFromTraces(td), waitForReady); err == nil {
				k.happened(aimAnswered)
				taken, again = true, again && !taken
			}
			if k.t.Failed() {
				return
			}
		}
		select {
		case <-k.t.Context().Done():
		case <-time.After(time.Duration(rng.Int64N(int64(15 * time.Millisecond)))):
		}
	}
}

// fail lets a job fail and recover, at one stage after the other.
func (k *killed) fail(job string, n uint64) {
	rng := rand.New(rand.NewPCG(k.seed, 2+n))
	for i := 0; !k.stopping(); i++ {
		stage := traffic.Stages[i%len(traffic.Stages)]
		// A stage takes a minute, so that a run that waits for a collector to come back is not slow.
		run := func(id string) traffic.JobRun {
			return traffic.JobRun{
				Seed: rng.Uint64(), Job: job, RunID: fmt.Sprintf("%s-%s-%d", job, id, i), Start: time.Now().Add(-10 * time.Minute), Stage: time.Minute, Rows: 1000,
			}
		}
		bad := run("bad")
		bad.Fails = stage
		k.runs.expect(bad)
		k.run(rng, bad)
		if !k.runs.wait(bad.RunID, alert.Firing) {
			return
		}
		good := run("good")
		k.runs.expect(good)
		k.run(rng, good)
		if !k.runs.wait(bad.RunID, alert.Resolved) {
			return
		}
	}
}

// succeed sends runs of which none fails.
func (k *killed) succeed() {
	rng := rand.New(rand.NewPCG(k.seed, 9))
	for i := 0; !k.stopping(); i++ {
		run := traffic.JobRun{
			Seed: rng.Uint64(), Job: "steady", RunID: fmt.Sprintf("steady-%d", i), Start: time.Now().Add(-10 * time.Minute), Stage: time.Minute, Rows: 1000,
		}
		k.runs.expect(run)
		k.run(rng, run)
		k.pause(rng, 100*time.Millisecond)
	}
}

// forwarded hands the deltas of a leaf on, until they are acknowledged.
func (k *killed) forwarded(request metricsRequest) {
	read := amountsIn(request.Metrics())
	k.books.unique(read)
	for again := false; !k.t.Failed(); {
		l := k.living()
		attempt := k.books.begin(l, read, again)
		if attempt == nil {
			continue
		}
		again = true
		if _, err := l.deltas.Export(l.ctx, request, waitForReady); err == nil {
			k.books.acknowledged(attempt)
			k.happened(aimAnswered)
			if rand.IntN(10) > 0 {
				return
			}
			// The answer was lost: it is sent again, perhaps to another process.
			select {
			case <-k.stop:
			case <-time.After(rand.N(longestLife)):
			}
		}
	}
}

// alerted takes the alerts that a collector emits.
func (k *killed) alerted(l int, ld plog.Logs) {
	var jobs, drifts []alert.Alert
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, record := range sl.LogRecords().All() {
				a, err := alert.Decode(record)
				if !assert.NoError(k.t, err) {
					continue
				}
				if a.Labels["model"] == shifting {
					drifts = append(drifts, a)
				} else {
					jobs = append(jobs, a)
				}
			}
		}
	}
	k.runs.alert(l, jobs)
	k.drifts.alert(l, drifts)
}

// measured takes the metrics that a collector emits.
func (k *killed) measured(l int, md pmetric.Metrics) {
	k.runs.count(l, md)
	values := amountsIn(md)
	eachPoint(md, mlconv.MetricDriftSamples, func(p pmetric.NumberDataPoint) {
		_, segment := p.Attributes().Get(mlconv.AttrSegment)
		if ofFraud(p.Attributes()) && textOf(p.Attributes(), mlconv.AttrDriftSubject) == "feature" && !segment {
			values.totals[window+textOf(p.Attributes(), mlconv.AttrFeatureName)] += float64(p.IntValue())
		}
	})
	if len(values.totals) > 0 {
		k.books.observe(l, values)
	}
}

// amountsIn are the numbers of predictions and values of features of a model in ml_summary's and
// ml_drift's points.
func amountsIn(md pmetric.Metrics) *amounts {
	out := &amounts{totals: map[string]float64{}, cells: map[string]float64{}}
	eachPoint(md, mlconv.MetricPredictionCount, func(p pmetric.NumberDataPoint) {
		if ofFraud(p.Attributes()) {
			out.totals["predictions"] += float64(p.IntValue())
		}
	})
	eachPoint(md, mlconv.MetricFeatureCategoryCount, func(p pmetric.NumberDataPoint) {
		if !ofFraud(p.Attributes()) {
			return
		}
		name := textOf(p.Attributes(), mlconv.AttrFeatureName)
		out.totals[name] += float64(p.IntValue())
		if name == killsFeature {
			out.cells[textOf(p.Attributes(), mlconv.AttrFeatureCategory)] += float64(p.IntValue())
		}
	})
	eachMetric(md, mlconv.MetricFeatureValue, func(m pmetric.Metric) {
		for _, p := range m.Histogram().DataPoints().All() {
			if ofFraud(p.Attributes()) {
				out.totals[textOf(p.Attributes(), mlconv.AttrFeatureName)] += float64(p.Count())
			}
		}
	})
	return out
}

func ofFraud(attributes pcommon.Map) bool {
	return textOf(attributes, mlconv.AttrModelName) == traffic.Model
}

func textOf(attributes pcommon.Map, key string) string {
	value, _ := attributes.Get(key)
	return value.Str()
}

func eachMetric(md pmetric.Metrics, name string, do func(pmetric.Metric)) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Name() == name {
					do(m)
				}
			}
		}
	}
}

// eachPoint does something with the points of a sum or a gauge.
func eachPoint(md pmetric.Metrics, name string, do func(pmetric.NumberDataPoint)) {
	eachMetric(md, name, func(m pmetric.Metric) {
		var points pmetric.NumberDataPointSlice
		if m.Type() == pmetric.MetricTypeSum {
			points = m.Sum().DataPoints()
		} else {
			points = m.Gauge().DataPoints()
		}
		for _, p := range points.All() {
			do(p)
		}
	})
}

// sentence joins what is to be said of numbers.
func sentence(parts ...string) string { return strings.Join(parts, ", ") }
