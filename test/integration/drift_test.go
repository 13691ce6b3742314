// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// catalogDir holds the card of the model, with a baseline of unshifted rows.
func catalogDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, traffic.WriteCatalog(dir, 99))
	return dir
}

const driftToFile = `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}
  ml_drift: {window: 1h, timestamps: event, emit_interval: 100ms, lateness: 1m}
exporters: {file: {path: "${env:OUT}", flush_interval: 50ms}}
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [file]}
`

const driftOfDeltas = `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_drift: {window: 1h, timestamps: event, lateness: 24h}
exporters: {file: {path: "${env:OUT}", flush_interval: 50ms}}
service:
  extensions: [ml_catalog]
  pipelines:
    metrics/summary: {receivers: [otlp], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [file]}
`

// sixHours is six hours of the model, three requests of 200 predictions each, the last two hours
// with a shift.
func sixHours() []ptrace.Traces {
	var all []ptrace.Traces
	for hour := range 6 {
		shift := 0.0
		if hour >= 4 {
			shift = 0.8
		}
		all = append(all, traffic.Spans(uint64(hour+10), start0.Add(time.Duration(hour)*time.Hour), 6*time.Second, 600, shift)...)
	}
	return all
}

// Two collectors that summarise half of the traffic each, over links that break and repeat, give
// one ml_drift what one collector with all of the traffic gives it.
func TestTwoCollectorsGiveWhatOneGives(t *testing.T) {
	catalog := catalogDir(t)
	one := filepath.Join(t.TempDir(), "one.json")
	c := start(t, driftToFile, "OUT="+one, "CATALOG="+catalog)
	otlp := dial(t, c.otlp)
	otlp.send(sixHours()...)
	c.Stop()

	two := filepath.Join(t.TempDir(), "two.json")
	drift := start(t, driftOfDeltas, "OUT="+two, "CATALOG="+catalog)
	link := newFlakyLink(t, drift.otlp)
	const edge = `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}
exporters:
  otlp_grpc: {endpoint: "${env:LINK}", tls: {insecure: true}, timeout: 1s, retry_on_failure: {initial_interval: 50ms, max_interval: 200ms}, sending_queue: {num_consumers: 4}}
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics: {receivers: [ml_summary], exporters: [otlp_grpc]}
`
	edges := []*collector{start(t, edge, "LINK="+link.addr, "CATALOG="+catalog), start(t, edge, "LINK="+link.addr, "CATALOG="+catalog)}
	clients := []*client{dial(t, edges[0].otlp), dial(t, edges[1].otlp)}
	for i, r := range sixHours() {
		clients[i%2].send(r)
	}
	steady := 0
	processtest.WaitFor(t, 60*time.Second, "all that was sent to be counted, over several flushes", func() bool {
		sent, live := 0.0, 0.0
		for _, edge := range edges {
			sent += edge.telemetry(t, "otelcol_ml_summary_points", "")
			live += edge.telemetry(t, "otelcol_ml_summary_cells", "")
		}
		if steady++; live > 0 || drift.telemetry(t, "otelcol_ml_drift_points", `outcome="counted"`) != sent {
			steady = 0
		}
		return steady >= 20
	})
	repeated := drift.telemetry(t, "otelcol_ml_drift_points", `outcome="duplicate"`)
	edges[0].Stop()
	edges[1].Stop()
	drift.Stop()

	want, got := points(t, one), points(t, two)
	require.NotEmpty(t, want)
	assert.Len(t, got, len(want))
	for key, series := range want {
		if !strings.HasPrefix(key, "ml.drift.") {
			continue
		}
		require.Len(t, got[key], len(series), key)
		for i, p := range series {
			assert.InDelta(t, p.value, got[key][i].value, 1e-9, "%s at %s", key, p.end)
			assert.Equal(t, p.end, got[key][i].end, key)
		}
	}
	require.Positive(t, link.broken.Load(), "the link did not break: nothing was tested")
	require.Positive(t, repeated, "nothing was sent twice: nothing was tested")
	t.Logf("%v points came again", repeated)
}

// Of several ml_drift, behind a load_balancing exporter that routes by ml.model.name, one has all
// of a model.
func TestDeltasOfAModelReachOneInstance(t *testing.T) {
	catalog, dir := catalogDir(t), t.TempDir()
	outs := []string{filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json")}
	drifts := []*collector{start(t, driftOfDeltas, "OUT="+outs[0], "CATALOG="+catalog), start(t, driftOfDeltas, "OUT="+outs[1], "CATALOG="+catalog)}
	edge := start(t, `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_summary: {}
exporters:
  load_balancing:
    routing_key: attributes
    routing_attributes: [ml.model.name]
    protocol: {otlp: {tls: {insecure: true}}}
    resolver: {static: {hostnames: ["${env:A}", "${env:B}"]}}
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics: {receivers: [ml_summary], exporters: [load_balancing]}
`, "CATALOG="+catalog, "A="+drifts[0].otlp, "B="+drifts[1].otlp)
	dial(t, edge.otlp).send(sixHours()...)
	edge.Stop()
	drifts[0].Stop()
	drifts[1].Stop()
	a, b := samples(t, outs[0]), samples(t, outs[1])
	if len(a) == 0 {
		a, b = b, a
	}
	assert.Empty(t, b)
	require.Len(t, a, 6)
	for end, n := range a {
		assert.Equal(t, 600.0, n, "the window that ends at %s", end)
	}
}

// breaks is how often a flakyLink breaks before it holds.
const breaks = 8

// flakyLink is a TCP proxy that carries requests to the target and loses the answers: the first
// connections are cut as soon as the target has answered a request. What was sent has then arrived,
// and is sent again.
type flakyLink struct {
	addr   string
	broken atomic.Int64
}

func newFlakyLink(t *testing.T, target string) *flakyLink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	link := &flakyLink{addr: listener.Addr().String()}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { link.forward(in, target) })
		}
	})
	return link
}

// forward carries everything to the target, and its answers back until the first one that is to get
// lost.
func (l *flakyLink) forward(in net.Conn, target string) {
	defer in.Close()
	out, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = io.Copy(out, in)
		_ = out.Close()
	})
	const frameHeader, headersFrame = 9, 1 // RFC 9113, section 4.1: length (3 bytes), type, flags, stream (4)
	frame := make([]byte, frameHeader, 64<<10)
	for {
		frame = frame[:frameHeader]
		if _, err := io.ReadFull(out, frame); err != nil {
			break
		}
		frame = append(frame, make([]byte, int(frame[0])<<16|int(frame[1])<<8|int(frame[2]))...)
		if _, err := io.ReadFull(out, frame[frameHeader:]); err != nil {
			break
		}
		if frame[3] == headersFrame && l.broken.Add(1) <= breaks { // the answer to a request
			break
		}
		if _, err := in.Write(frame); err != nil {
			break
		}
	}
	_ = in.Close()
	_ = out.Close()
	wg.Wait()
}

const driftWithStorage = `
extensions:
  ml_catalog: {directory: "${env:CATALOG}"}
  file_storage: {directory: "${env:STATE}", create_directory: true}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}
  ml_drift: {window: 1h, timestamps: event, emit_interval: 100ms, lateness: 1m, storage: file_storage, save_interval: 200ms}
exporters: {file: {path: "${env:OUT}", append: true, flush_interval: 50ms}}
service:
  extensions: [ml_catalog, file_storage]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [file]}
`

// After kill -9, windows go on from the last save: a window whose first half came before and whose
// second half came after has the samples of both.
func TestKilledCollectorContinuesItsWindows(t *testing.T) {
	catalog, state := catalogDir(t), t.TempDir()
	out := filepath.Join(t.TempDir(), "metrics.json")
	env := []string{"OUT=" + out, "CATALOG=" + catalog, "STATE=" + state}
	all := sixHours()

	c := start(t, driftWithStorage, env...)
	otlp := dial(t, c.otlp)
	otlp.send(all[:4]...) // an hour and twenty minutes
	before := start0.Add(time.Hour)
	processtest.WaitFor(t, 30*time.Second, "the first window", func() bool { return len(points(t, out)) > 0 })
	savedAll(t, c)
	c.Kill()

	c = start(t, driftWithStorage, env...)
	otlp = dial(t, c.otlp)
	otlp.send(all[4:12]...) // to the end of the fourth hour
	processtest.WaitFor(t, 30*time.Second, "the third window", func() bool {
		return len(samples(t, out)) >= 3
	})
	c.Stop()
	for end, n := range samples(t, out) {
		assert.Equal(t, 600.0, n, "the window that ends at %s has the samples from before and after the kill (killed after %s)", end, before)
	}
}

// A snapshot that cannot be read is set aside, said so, and replaced by a fresh start.
func TestCorruptSnapshotIsSetAside(t *testing.T) {
	catalog, state := catalogDir(t), t.TempDir()
	out := filepath.Join(t.TempDir(), "metrics.json")
	env := []string{"OUT=" + out, "CATALOG=" + catalog, "STATE=" + state}
	all := sixHours()
	c := start(t, driftWithStorage, env...)
	otlp := dial(t, c.otlp)
	otlp.send(all[:4]...)
	c.Stop()

	damaged := damage(t, state)
	require.Positive(t, damaged)
	c = start(t, driftWithStorage, env...)
	otlp = dial(t, c.otlp)
	otlp.send(all[6:12]...) // two whole hours
	processtest.WaitFor(t, 30*time.Second, "windows after the fresh start", func() bool { return len(samples(t, out)) >= 2 })
	c.Stop()
	assert.Contains(t, c.Log(), "set aside", "the log says what happened")
}

// savedAll returns when all that was sent before is saved. It sends markers, predictions of another
// model, until several more snapshots were written: only what has changed is, and markers are
// flushed after what came before them.
func savedAll(t *testing.T, c *collector) {
	t.Helper()
	otlp := dial(t, c.otlp)
	saves := func() float64 { return c.telemetry(t, "otelcol_ml_drift_saves", "") }
	before, seed := saves(), uint64(1000)
	processtest.WaitFor(t, 30*time.Second, "snapshots", func() bool {
		seed++
		for _, marker := range traffic.Spans(seed, start0, 0, 1, 0) {
			marker.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("ml.model.name", "marker")
			otlp.send(marker)
		}
		return saves() >= before+4
	})
}

// damage overwrites the middle of every value in the collector's storage and returns their number.
func damage(t *testing.T, state string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(state, "*"))
	require.NoError(t, err)
	n := 0
	for _, file := range files {
		db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: 5 * time.Second})
		require.NoError(t, err)
		require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
			return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error {
				values := map[string][]byte{}
				if err := bucket.ForEach(func(k, v []byte) error {
					bad := append([]byte(nil), v...)
					for i := len(bad) / 3; i < len(bad); i++ {
						bad[i] ^= 0xa5
					}
					values[string(k)] = bad
					return nil
				}); err != nil {
					return err
				}
				for k, v := range values {
					n++
					if err := bucket.Put([]byte(k), v); err != nil {
						return err
					}
				}
				return nil
			})
		}))
		require.NoError(t, db.Close())
	}
	return n
}

// samples returns the number of samples of the feature "amount" by the end of the window.
func samples(t *testing.T, out string) map[time.Time]float64 {
	t.Helper()
	byEnd := map[time.Time]float64{}
	for key, series := range points(t, out) {
		if strings.HasPrefix(key, "ml.drift.samples{") && strings.Contains(key, "ml.feature.name=amount") && strings.Contains(key, "subject=feature") {
			for _, p := range series {
				byEnd[p.end] = p.value
			}
		}
	}
	return byEnd
}
