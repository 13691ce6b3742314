// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// sink is a collector that keeps what it gets.
type sink struct {
	ptraceotlp.UnimplementedGRPCServer
	mu       sync.Mutex
	requests []ptrace.Traces
	headers  []string
	answer   func(request int) error
	rejected int64
}

func (s *sink) Export(ctx context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	resp := ptraceotlp.NewExportResponse()
	if s.answer != nil {
		if err := s.answer(len(s.requests)); err != nil {
			return resp, err
		}
	}
	if s.rejected > 0 {
		resp.PartialSuccess().SetRejectedSpans(s.rejected)
		resp.PartialSuccess().SetErrorMessage("too old")
	}
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		s.headers = md.Get("x-team")
	}
	s.requests = append(s.requests, r.Traces())
	return resp, nil
}

func (s *sink) spans() (all []ptrace.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		for _, rs := range r.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					all = append(all, span)
				}
			}
		}
	}
	return all
}

func serve(t *testing.T, s *sink) (endpoint string) {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, s)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Stop(); <-done })
	return l.Addr().String()
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func mlreplay(t *testing.T, args ...string) (stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = console.Run(t.Context(), newCommand(), args, &out, &errs)
	assert.Empty(t, out.String())
	return errs.String(), err
}

const rows = `when,id,amount,country,new,level,wait,y,score,v
2026-11-01 00:00:00,r1,10.5,DE,True,3,12,ok,0.9,7
2026-11-01 01:00:00,r2,,FR,False,4,,fraud,0.8,7
2026-10-31 23:00:00,r3,NaN,,true,5,0.5,ok,,8
`

func TestReplayByGRPC(t *testing.T) {
	s := &sink{}
	endpoint := serve(t, s)
	stderr, err := mlreplay(t, write(t, "a.csv", rows), "--endpoint", endpoint, "--model", "fraud", "--version-column", "v", "--prediction", "y",
		"--confidence", "score", "--id", "id", "--timestamp", "when", "--latency", "wait", "--latency-unit", "ms", "--segment", "country",
		"--segment", "tier=level", "--environment", "production", "--header", "x-team=risk", "--role", "shadow", "--type", "level=categorical")
	require.NoError(t, err)
	assert.Contains(t, stderr, "fraud: 4 features, class from y, confidence from score, time from when")
	assert.Contains(t, stderr, "replay: 3 spans in ")
	assert.Contains(t, stderr, "from 2026-10-31 23:00:00 to 2026-11-01 01:00:00")
	assert.Contains(t, stderr, "1 row older than the row before")
	assert.Equal(t, []string{"risk"}, s.headers)

	spans := s.spans()
	require.Len(t, spans, 3)
	assert.Equal(t, map[string]any{
		"ml.model.name": "fraud", "ml.model.version": "7", "ml.model.role": "shadow", "ml.prediction.id": "r1",
		"ml.prediction.class": "ok", "ml.prediction.confidence": 0.9,
		"ml.segment.country": "DE", "ml.segment.tier": "3",
		"ml.feature.amount": 10.5, "ml.feature.country": "DE", "ml.feature.new": true, "ml.feature.level": "3",
	}, spans[0].Attributes().AsRaw())
	assert.Equal(t, map[string]any{
		"ml.model.name": "fraud", "ml.model.version": "8", "ml.model.role": "shadow", "ml.prediction.id": "r3",
		"ml.prediction.class": "ok", "ml.segment.tier": "5", "ml.feature.new": true, "ml.feature.level": "5",
	}, spans[2].Attributes().AsRaw(), "what is missing is left out, a NaN is missing")
	end := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, end, spans[0].EndTimestamp().AsTime(), "a span ends at its row's time")
	assert.Equal(t, end.Add(-12*time.Millisecond), spans[0].StartTimestamp().AsTime())
	assert.Equal(t, spans[1].EndTimestamp(), spans[1].StartTimestamp())
	assert.Equal(t, "predict fraud", spans[0].Name())
	resource := s.requests[0].ResourceSpans().At(0).Resource().Attributes().AsRaw()
	assert.Equal(t, map[string]any{"service.name": "mlreplay", "deployment.environment.name": "production"}, resource)
}

func TestReplayByHTTP(t *testing.T) {
	var got ptraceotlp.ExportRequest
	var path, header string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, header = r.URL.Path, r.Header.Get("x-team")
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(body)
			if !assert.NoError(t, err) {
				return
			}
			body = z
		}
		data, err := io.ReadAll(body)
		assert.NoError(t, err)
		got = ptraceotlp.NewExportRequest()
		assert.NoError(t, got.UnmarshalProto(data))
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer server.Close()
	file := write(t, "a.jsonl", `{"x": {"y": 3}, "price": 2.5}`+"\n")
	_, err := mlreplay(t, file, "--protocol", "http", "--endpoint", server.URL, "--model", "m", "--prediction", "price", "--header", "x-team=risk", "--as-map", "-q")
	require.NoError(t, err)
	assert.Equal(t, "/v1/traces", path)
	assert.Equal(t, "risk", header)
	span := got.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	assert.Equal(t, map[string]any{
		"ml.model.name": "m", "ml.prediction.value": 2.5, mlconv.AttrFeatures: `{"x.y":3}`,
	}, span.Attributes().AsRaw())
	assert.WithinDuration(t, time.Now(), span.EndTimestamp().AsTime(), time.Minute, "stamped now without a timestamp column")
}

func TestWideRowsKeepAllFeatures(t *testing.T) {
	s := &sink{}
	endpoint := serve(t, s)
	var b strings.Builder
	for line := range 301 {
		for i := range 300 {
			if i > 0 {
				b.WriteByte(',')
			}
			if line == 0 {
				b.WriteString("f" + strconv.Itoa(i))
			} else {
				b.WriteString(strconv.Itoa(line%7 + i))
			}
		}
		b.WriteByte('\n')
	}
	_, err := mlreplay(t, write(t, "wide.csv", b.String()), "--endpoint", endpoint, "--model", "wide", "-q")
	require.NoError(t, err)
	spans := s.spans()
	require.Len(t, spans, 300)
	assert.Equal(t, 301, spans[0].Attributes().Len(), "the SDK's limit of 128 attributes does not apply")
	assert.Zero(t, spans[0].DroppedAttributesCount())
	assert.Greater(t, len(s.requests), 2, "requests of wide spans are smaller")
}

func TestOrderRangeAndLimit(t *testing.T) {
	file := write(t, "a.csv", rows)
	ids := func(args ...string) (out []string) {
		s := &sink{}
		args = append([]string{file, "--endpoint", serve(t, s), "--model", "m", "--timestamp", "when", "--id", "id", "-q"}, args...)
		_, err := mlreplay(t, args...)
		require.NoError(t, err)
		for _, span := range s.spans() {
			v, _ := span.Attributes().Get(mlconv.AttrPredictionID)
			out = append(out, v.Str())
		}
		return out
	}
	assert.Equal(t, []string{"r1", "r2", "r3"}, ids())
	assert.Equal(t, []string{"r3", "r1", "r2"}, ids("--sort"))
	assert.Equal(t, []string{"r3", "r1"}, ids("--sort", "--limit", "2"))
	assert.Equal(t, []string{"r1"}, ids("--from", "2026-11-01", "--to", "2026-11-01T01:00:00Z"))
	start := time.Now()
	assert.Equal(t, []string{"r1", "r2", "r3"}, ids("--rate", "100", "--batch-size", "1"))
	assert.GreaterOrEqual(t, time.Since(start), 20*time.Millisecond)
}

func TestNothingIsLostSilently(t *testing.T) {
	file := write(t, "a.csv", rows)
	common := []string{file, "--model", "m", "--batch-size", "1", "--timeout", "300ms", "--endpoint"}

	s := &sink{answer: func(n int) error {
		if n == 1 {
			return status.Error(codes.InvalidArgument, "no such tenant")
		}
		return nil
	}}
	_, err := mlreplay(t, append(common, serve(t, s))...)
	assert.ErrorContains(t, err, "no such tenant")
	assert.ErrorContains(t, err, "1 span delivered, 1 refused, 1 not sent")

	s = &sink{rejected: 1}
	_, err = mlreplay(t, append(common, serve(t, s))...)
	assert.ErrorContains(t, err, "too old")

	tries := 0
	s = &sink{answer: func(int) error {
		if tries++; tries == 1 {
			return status.Error(codes.Unavailable, "starting")
		}
		return nil
	}}
	_, err = mlreplay(t, append(common, serve(t, s), "--timeout", "20s")...)
	assert.NoError(t, err, "a collector that is busy is tried again")
	assert.Len(t, s.spans(), 3)

	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	closed := l.Addr().String()
	require.NoError(t, l.Close())
	_, err = mlreplay(t, append(common, closed)...)
	assert.ErrorContains(t, err, "0 spans delivered, 1 refused, 2 not sent")
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &sink{answer: func(n int) error {
		if n == 0 {
			cancel()
		}
		return nil
	}}
	var out bytes.Buffer
	err := console.Run(ctx, newCommand(), []string{write(t, "a.csv", rows), "--model", "m", "--batch-size", "1", "--rate", "1", "--endpoint", serve(t, s)}, &out, &out)
	require.Error(t, err)
	assert.True(t, errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "cancel"), err)
}

func TestErrors(t *testing.T) {
	file := write(t, "a.csv", rows)
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{}, []string{"requires at least 1 arg"}},
		{[]string{file}, []string{"model: must not be empty"}},
		{
			[]string{file, "--model", "m", "--id", "nope", "--segment", "a=b", "--rate", "-1", "--task", "guessing", "--sort"},
			[]string{`id: there is no column "nope"`, `segment: there is no column "b"`, "rate", "task", "sort: a timestamp column is needed"},
		},
		{[]string{file, "--model", "m", "--header", "secret", "--latency-unit", "h", "--segment", "="}, []string{"--header: must be KEY=VALUE", "--latency-unit", "--segment"}},
		{[]string{file, "--model", "m", "--protocol", "udp"}, []string{"protocol"}},
		{[]string{file, "--model", "m", "--endpoint", "nonsense"}, []string{`"nonsense" is not host:port`}},
		{[]string{file, "--model", "m", "--endpoint", "ftp://x:1"}, []string{"neither http nor https"}},
		{[]string{file, "--model", "m", "--timestamp", "country"}, []string{`a.csv:2: column "country": "DE" is not a point in time`}},
		{[]string{file, "--model", "m", "--timestamp", "when", "--from", "2030-01-01", "--endpoint", "localhost:1"}, []string{"no row was in the range"}},
		{[]string{file, "--model", "m", "--prediction", "y", "--task", "regression", "--endpoint", "localhost:1"}, []string{`a.csv:2: column "y": "ok" is not a number`}},
	} {
		_, err := mlreplay(t, append(tt.args, "-q")...)
		for _, want := range tt.want {
			assert.ErrorContains(t, err, want, "%v", tt.args)
		}
	}
}
