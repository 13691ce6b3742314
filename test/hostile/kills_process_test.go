//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// aim is the moment at which a collector is killed.
type aim int

const (
	// aimUniform is any moment.
	aimUniform aim = iota
	// aimStarting is before it is ready.
	aimStarting
	// aimCompacting is while a data file is compacted at the start.
	aimCompacting
	// aimAnswered is right after a request was acknowledged.
	aimAnswered
	// aimSaving is when the system says that a data file is written to.
	aimSaving
	// aimEmitting is when an emission has arrived that is not acknowledged yet.
	aimEmitting
	aims
)

func (a aim) String() string {
	return [...]string{"at any moment", "while it started", "during a compaction", "after an answer", "during a save", "during an emission"}[a]
}

const (
	// longestLife is the longest that a collector which is ready lives.
	longestLife = 1200 * time.Millisecond
	// startPatience is how long a start may take.
	startPatience = 30 * time.Second
)

var waitForReady = grpc.WaitForReady(true)

type metricsRequest = pmetricotlp.ExportRequest

// mortal is a collector that is killed and started again on the same state, and a server that takes
// what it emits.
type mortal struct {
	t       *testing.T
	rng     *rand.Rand
	binary  string
	args    []string
	env     []string
	storage string
	log     *os.File
	// ports take turns, so that a client of a process that was killed never meets the next one.
	ports [2]string

	// What takes emissions, with the number of the life that they are of; set before the first begins.
	metrics func(life int, md pmetric.Metrics)
	alerts  func(life int, ld plog.Logs)
	// forward takes what a leaf sends.
	forward func(metricsRequest)
	// opened and died are called when a life begins, and when it has ended.
	opened, died func(*life)

	fire chan struct{}

	mu     sync.Mutex // guards the following
	now    *life
	next   chan struct{} // closed when the next life begins
	armed  aim
	count  [aims]int
	starts []time.Duration
	warned map[string]int
	file   string // where writes are waited for
}

// life is a process of a mortal.
type life struct {
	n      int
	cmd    *exec.Cmd
	traces ptraceotlp.GRPCClient
	deltas pmetricotlp.GRPCClient
	// ctx ends with the process.
	ctx   context.Context
	begun time.Time
	// killed is the last moment before it was killed, zero where it ended in order.
	killed time.Time
	// stopped says that it was told to end.
	stopped atomic.Bool
	ready   chan struct{}
	done    chan struct{} // closed when all of its log was read
	cancel  func()
}

func newMortal(t *testing.T, dir string, seed uint64, configs, env []string) *mortal {
	t.Helper()
	m := &mortal{
		t: t, rng: rand.New(rand.NewPCG(seed, 0)), binary: harness.BuildCollector(t), args: harness.ConfigArgs(t, configs...),
		storage: filepath.Join(dir, "storage"), ports: [2]string{processtest.FreeAddr(t), processtest.FreeAddr(t)},
		fire: make(chan struct{}, 1), next: make(chan struct{}), armed: aimUniform, warned: map[string]int{},
	}
	sink := processtest.FreeAddr(t)
	m.env = append(env, "STORAGE="+m.storage, "SINK="+sink)
	var err error
	m.log, err = os.Create(filepath.Join(dir, "collector.log"))
	require.NoError(t, err)
	t.Cleanup(func() {
		m.mu.Lock()
		l := m.now
		m.mu.Unlock()
		if l != nil {
			_ = l.cmd.Process.Kill()
			<-l.done
		}
		_ = m.log.Close()
		if t.Failed() {
			content, _ := os.ReadFile(m.log.Name())
			t.Logf("the collector's last words:\n%s", tail(string(content), 8000))
		}
	})
	m.serve(sink)
	m.watch()
	return m
}

// serve takes emissions.
func (m *mortal) serve(addr string) {
	listener, err := (&net.ListenConfig{}).Listen(m.t.Context(), "tcp", addr)
	require.NoError(m.t, err)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	pmetricotlp.RegisterGRPCServer(server, &metricsSink{m: m})
	plogotlp.RegisterGRPCServer(server, &logsSink{m: m})
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	m.t.Cleanup(func() {
		server.Stop()
		<-served
	})
}

type metricsSink struct {
	pmetricotlp.UnimplementedGRPCServer
	m *mortal
}

func (s *metricsSink) Export(ctx context.Context, request pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	header, _ := metadata.FromIncomingContext(ctx)
	if slices.Contains(header.Get("from"), "leaf") {
		s.m.forward(request)
		return pmetricotlp.NewExportResponse(), nil
	}
	n := lifeOf(header)
	s.m.metrics(n, request.Metrics())
	s.m.emitted(n)
	return pmetricotlp.NewExportResponse(), nil
}

type logsSink struct {
	plogotlp.UnimplementedGRPCServer
	m *mortal
}

func (s *logsSink) Export(ctx context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	header, _ := metadata.FromIncomingContext(ctx)
	n := lifeOf(header)
	s.m.alerts(n, request.Logs())
	s.m.emitted(n)
	return plogotlp.NewExportResponse(), nil
}

func lifeOf(header metadata.MD) int {
	for _, value := range header.Get("life") {
		if n, err := strconv.Atoi(value); err == nil {
			return n
		}
	}
	return -1
}

// emitted kills the process that has emitted something before it is acknowledged, where that is the
// aim.
func (m *mortal) emitted(n int) {
	if !m.happened(aimEmitting) {
		return
	}
	m.mu.Lock()
	l := m.now
	m.mu.Unlock()
	if l.n == n {
		select {
		case <-l.done:
		case <-time.After(time.Second):
		}
	}
}

// watch looks at what is written to the data files.
func (m *mortal) watch() {
	require.NoError(m.t, os.MkdirAll(m.storage, 0o700))
	watcher, err := fsnotify.NewWatcher()
	require.NoError(m.t, err)
	require.NoError(m.t, watcher.Add(m.storage))
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for event := range watcher.Events {
			m.mu.Lock()
			file := m.file
			m.mu.Unlock()
			switch name := filepath.Base(event.Name); {
			case name == file && event.Has(fsnotify.Write):
				m.happened(aimSaving)
			case strings.HasPrefix(name, "tempdb") && event.Has(fsnotify.Create):
				m.happened(aimCompacting)
			}
		}
	}()
	m.t.Cleanup(func() {
		_ = watcher.Close()
		<-watched
	})
}

// happened has the collector killed where that is the aim.
func (m *mortal) happened(what aim) bool {
	m.mu.Lock()
	hit := m.armed == what
	if hit {
		m.armed = aimUniform
	}
	m.mu.Unlock()
	if hit {
		select {
		case m.fire <- struct{}{}:
		default:
		}
	}
	return hit
}

func (m *mortal) arm(what aim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.armed = what
	m.file = []string{"connector_ml_drift_", "connector_ml_job_"}[m.rng.IntN(2)]
}

// living returns the process that lives, and waits for it where there is none.
func (m *mortal) living() *life {
	for {
		m.mu.Lock()
		l, next := m.now, m.next
		m.mu.Unlock()
		if l != nil && l.ctx.Err() == nil || m.t.Failed() {
			return l
		}
		select {
		case <-next:
		case <-m.t.Context().Done():
			return l
		}
	}
}

func (m *mortal) dial(addr string) *grpc.ClientConn {
	connection, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(grpc.ConnectParams{
		Backoff: backoff.Config{BaseDelay: 5 * time.Millisecond, Multiplier: 1.2, Jitter: 0.2, MaxDelay: 30 * time.Millisecond}, MinConnectTimeout: time.Second,
	}))
	require.NoError(m.t, err)
	return connection
}

// begin starts a process.
func (m *mortal) begin() {
	n := 0
	m.mu.Lock()
	if m.now != nil {
		n = m.now.n + 1
	}
	m.mu.Unlock()
	addr := m.ports[n%2]
	connection := m.dial(addr)
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{
		n: n, traces: ptraceotlp.NewGRPCClient(connection), deltas: pmetricotlp.NewGRPCClient(connection), ctx: ctx, begun: time.Now(),
		ready: make(chan struct{}), done: make(chan struct{}),
		cancel: func() {
			cancel()
			_ = connection.Close()
		},
	}
	// Interrupts are ignored until it listens to them: it says that it is ready before that.
	l.cmd = exec.CommandContext(context.Background(), "/bin/sh", append([]string{"-c", `trap "" INT; exec "$0" "$@"`, m.binary}, m.args...)...)
	l.cmd.Env = append(append(os.Environ(), m.env...), "OTLP="+addr, "LIFE="+strconv.Itoa(n))
	l.cmd.Dir = filepath.Dir(m.storage)
	out, err := l.cmd.StderrPipe()
	require.NoError(m.t, err)
	m.opened(l)
	require.NoError(m.t, l.cmd.Start())
	go m.read(l, bufio.NewScanner(out))

	m.mu.Lock()
	m.now = l
	close(m.next)
	m.next = make(chan struct{})
	m.mu.Unlock()
}

// read reads the log of a process to its end.
func (m *mortal) read(l *life, lines *bufio.Scanner) {
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		_, _ = fmt.Fprintf(m.log, "%d: %s\n", l.n, line)
		switch {
		case strings.Contains(line, "Everything is ready"):
			m.mu.Lock()
			m.starts = append(m.starts, time.Since(l.begun))
			m.mu.Unlock()
			close(l.ready)
		case strings.Contains(line, "ALERT JobFailed"), strings.Contains(line, killsFeature) && strings.Contains(line, "unknown_feature"),
			strings.Contains(line, shifting),
			l.stopped.Load() && strings.Contains(line, "context canceled"): // what was on its way is emitted again before the end
		case strings.Contains(line, "\terror\t") || strings.Contains(line, "panic") || strings.Contains(line, "set aside") || strings.Contains(line, "damaged") ||
			strings.HasPrefix(line, "Error:"):
			m.t.Errorf("life %d says: %s", l.n, line)
		case strings.Contains(line, "\twarn\t"):
			m.mu.Lock()
			m.warned[strings.Split(line, "\t")[2]]++
			m.mu.Unlock()
		}
	}
	_ = l.cmd.Wait()
	close(l.done)
}

// killOnce kills the process that lives, at a moment of its choice.
func (m *mortal) killOnce() {
	l := m.living()
	what := aim(m.rng.IntN(int(aims) + 3)) // at any moment is as frequent as most others together
	if what >= aims {
		what = aimUniform
	}
	select {
	case <-m.fire: // of the one before
	default:
	}
	if what == aimCompacting {
		m.arm(what)
		select {
		case <-m.fire:
			<-time.After(rand.N(2 * time.Millisecond))
		case <-l.ready: // it was over before
			what = aimUniform
		case <-l.done:
		}
		m.kill(l, what)
		return
	}
	if what == aimStarting {
		m.mu.Lock()
		usual := 100 * time.Millisecond
		if len(m.starts) > 0 {
			usual = slices.Max(m.starts[max(0, len(m.starts)-5):])
		}
		m.mu.Unlock()
		select {
		case <-l.done:
		case <-time.After(time.Duration(m.rng.Int64N(int64(usual)))):
		}
		m.kill(l, what)
		return
	}
	if !m.isReady(l) {
		return
	}
	if what == aimUniform {
		<-time.After(time.Duration(m.rng.Int64N(int64(longestLife))))
		m.kill(l, what)
		return
	}
	<-time.After(time.Duration(m.rng.Int64N(int64(longestLife * 3 / 4))))
	m.arm(what)
	select {
	case <-m.fire:
		if m.rng.IntN(2) == 0 {
			<-time.After(time.Duration(m.rng.Int64N(int64(2 * time.Millisecond))))
		}
	case <-time.After(longestLife): // it did not happen
		what = aimUniform
	}
	m.kill(l, what)
}

func (m *mortal) isReady(l *life) bool {
	select {
	case <-l.ready:
		return true
	case <-l.done:
		m.t.Errorf("life %d did not start", l.n)
	case <-time.After(startPatience):
		m.t.Errorf("life %d was not ready within %v", l.n, startPatience)
	}
	return false
}

func (m *mortal) kill(l *life, what aim) {
	select {
	case <-l.done:
		m.t.Errorf("life %d has ended by itself", l.n)
		return
	default:
	}
	l.killed = time.Now()
	if err := l.cmd.Process.Kill(); err != nil {
		m.t.Errorf("kill: %v", err)
	}
	<-l.done
	m.over(l)
	m.mu.Lock()
	m.count[what]++
	m.armed = aimUniform
	m.mu.Unlock()
}

// end ends the process in order.
func (m *mortal) end() {
	l := m.living()
	if !m.isReady(l) {
		return
	}
	deadline := time.After(startPatience)
	l.stopped.Store(true)
	for ended := false; !ended; {
		_ = l.cmd.Process.Signal(os.Interrupt)
		select {
		case <-l.done:
			ended = true
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			m.t.Errorf("life %d did not end", l.n)
			return
		}
	}
	if code := l.cmd.ProcessState.ExitCode(); code != 0 {
		m.t.Errorf("life %d ended with status %d", l.n, code)
	}
	m.over(l)
}

func (m *mortal) over(l *life) {
	m.died(l)
	l.cancel()
}

// report says how often it was killed.
func (m *mortal) report() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	total := 0
	parts := []string{""}
	for what, n := range m.count {
		total += n
		parts = append(parts, fmt.Sprintf("%d %v", n, aim(what)))
	}
	parts[0] = fmt.Sprintf("%d kills", total)
	slices.Sort(m.starts)
	parts = append(parts, fmt.Sprintf("starts took %v, %v at most", m.starts[len(m.starts)/2].Round(time.Millisecond), m.starts[len(m.starts)-1].Round(time.Millisecond)))
	if len(m.warned) > 0 {
		parts = append(parts, fmt.Sprintf("warnings %v", m.warned))
	}
	return sentence(parts...)
}
