// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
)

func TestParseBreak(t *testing.T) {
	for s, want := range map[string]Break{
		"": {}, "feature_query": {FeatureQuery, Error}, "evaluate": {Evaluate, Metric}, "transform:rows": {Transform, Rows}, "publish:skip": {Publish, Skip},
	} {
		got, err := ParseBreak(s)
		require.NoError(t, err)
		assert.Equal(t, want, got, s)
	}
	_, err := ParseBreak("train:rows")
	assert.EqualError(t, err, `train cannot be broken by "rows", only by error, nan, slow, hang, kill`)
	_, err = ParseBreak("deploy")
	assert.EqualError(t, err, `there is no stage "deploy", only feature_query, validate, transform, train, evaluate, publish`)
	_, err = ParseBreak("train:")
	assert.Error(t, err)
}

// Every stage can be broken, each way is there once, and is read as it is written.
func TestWaysAreComplete(t *testing.T) {
	seen := map[Break]bool{}
	stages := map[string]bool{}
	for _, w := range Ways {
		assert.False(t, seen[w.Break], w.Break)
		seen[w.Break], stages[w.Stage] = true, true
		got, err := ParseBreak(w.Break.String())
		require.NoError(t, err)
		assert.Equal(t, w.Break, got)
		assert.Equal(t, w, got.Way())
		assert.Equal(t, w.Alert == "", w.How == Retry)
	}
	assert.Len(t, stages, len(Stages))
}

// nobody is an address at which nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func command(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = Main(t.Context(), append([]string{"--fast", "--folder", t.TempDir()}, args...), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// Without a collector the job works; its status is that of the job.
func TestCommandWithoutCollector(t *testing.T) {
	endpoint := nobody(t)
	status, out, errs := command(t, "--endpoint", endpoint, "--logical-date", "2026-11-22", "--run-id", "r1")
	assert.Zero(t, status)
	assert.Contains(t, out, "training_job, run r1 for 2026-11-22, trace ")
	assert.Regexp(t, `evaluate +[\d.]+ s  val_auc 0\.\d`, out)
	assert.Contains(t, errs, "there is no collector at "+endpoint)

	status, out, errs = command(t, "--endpoint", endpoint, "--break", "transform")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "transform: panic: runtime error: integer divide by zero")
	assert.NotContains(t, out, "  train ")

	status, _, _ = command(t, "--endpoint", endpoint, "--break", "transform:rows")
	assert.Zero(t, status, "nobody has noticed")

	status, out, _ = command(t, "--endpoint", endpoint, "--runs", "3", "--logical-date", "2026-03-01", "--break", "train")
	assert.Equal(t, 1, status)
	assert.Equal(t, 2, strings.Count(out, "done in"), "the last run is the broken one")
	for _, day := range []string{"for 2026-02-27,", "for 2026-02-28,", "for 2026-03-01,"} {
		assert.Contains(t, out, day)
	}
}

func TestCommandHelpAndMistakes(t *testing.T) {
	status, _, help := command(t, "--help")
	assert.Zero(t, status)
	for _, w := range Ways {
		assert.Contains(t, help, w.Does)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--break", "deploy"}, `--break: there is no stage "deploy"`},
		{[]string{"--logical-date", "yesterday"}, "--logical-date"},
		{[]string{"--runs", "0"}, "--runs"},
		{[]string{"--runs", "2", "--run-id", "x"}, "--run-id"},
		{[]string{"transform"}, "is no flag"},
		{[]string{"--nonsense"}, "nonsense"},
	} {
		status, _, errs := command(t, tt.args...)
		assert.Equal(t, 2, status)
		assert.Contains(t, errs, tt.want)
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	assert.Equal(t, 130, Main(ctx, []string{"--fast", "--folder", t.TempDir(), "--endpoint", nobody(t)}, &out, &out))
}

// receiver is a collector that only counts.
type receiver struct {
	ptraceotlp.UnimplementedGRPCServer
	mu    sync.Mutex // guards names
	names []string
}

func (r *receiver) Export(_ context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rs := range request.Traces().ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				r.names = append(r.names, s.Name())
			}
		}
	}
	return ptraceotlp.NewExportResponse(), nil
}

// Every span arrives, those of a stage before the next stage is far.
func TestCommandWithCollector(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, got := grpc.NewServer(), &receiver{}
	ptraceotlp.RegisterGRPCServer(server, got)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	status, _, errs := command(t, "--endpoint", l.Addr().String(), "--runs", "2")
	assert.Zero(t, status, errs)
	assert.Empty(t, errs)
	server.Stop()
	require.NoError(t, <-done)
	count := map[string]int{}
	for _, name := range got.names {
		count[name]++
	}
	assert.Equal(t, 2, count[Name])
	for _, stage := range Stages {
		assert.Equal(t, 2, count[stage])
		assert.Equal(t, 2, count[stage+" begins"])
	}
	assert.Equal(t, 2, count["epoch 12"])
}

// The table of the README is that of the code.
func TestReadmeTable(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "examples", "training-job", "README.md"))
	require.NoError(t, err)
	for i, w := range Ways {
		name := w.Break.String()
		if i == 0 || Ways[i-1].Stage != w.Stage {
			name = fmt.Sprintf("%s` or `%s", w.Stage, name)
		}
		assert.Contains(t, string(content), fmt.Sprintf("| `%s` | %s | %s |\n", name, w.Does, w.Expect()))
	}
}
