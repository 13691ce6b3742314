// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// world is a buffer with its clock and log.
type world struct {
	*Buffer
	t   testing.TB
	dir string
	now atomic.Int64
	log *observer.ObservedLogs
}

func (w *world) pass(d time.Duration) { w.now.Add(int64(d)) }

func (w *world) time() time.Time { return time.Unix(0, w.now.Load()) }

// open opens a buffer of a MiB in a directory.
func open(t testing.TB, dir string, with ...func(*Options)) *world {
	t.Helper()
	core, log := observer.New(zap.InfoLevel)
	w := &world{t: t, dir: dir, log: log}
	w.now.Store(start.UnixNano())
	o := Options{
		Directory: dir, MaxBytes: 1 << 20, MaxAge: time.Hour, MaxTraces: 100_000, MaxPinned: 1 << 20, MaxSpansPerTrace: 10_000,
		Now: w.time, Logger: zap.New(core),
	}
	for _, f := range with {
		f(&o)
	}
	b, err := Open(o)
	require.NoError(t, err)
	w.Buffer = b
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return w
}

func (w *world) flushed() {
	w.t.Helper()
	require.NoError(w.t, w.flush(w.t.Context()))
}

func traceID(n int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	id[0] = 1
	return id
}

func spanID(n int) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	id[0] = 2
	return id
}

// request makes spans of traces, one a number, each with attributes.
func request(at time.Time, attributes map[string]any, traces ...int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "scoring")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("test")
	for i, n := range traces {
		span := ss.Spans().AppendEmpty()
		span.SetTraceID(traceID(n))
		span.SetSpanID(spanID(i + 1))
		span.SetName("predict")
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Second)))
		if span.Attributes().FromRaw(attributes) != nil {
			panic("attributes")
		}
	}
	return td
}

// prediction is what a span of the fraud model says.
func predicts(version string, more ...string) map[string]any {
	m := map[string]any{"ml.model.name": "fraud", "ml.model.version": version, "ml.prediction.class": "fraud", "ml.feature.amount": 2.5}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

// spansOf returns how many spans there are of a trace.
func (w *world) spansOf(id string, n int) int {
	w.t.Helper()
	found, err := w.Traces(w.t.Context(), id, []pcommon.TraceID{traceID(n)})
	require.NoError(w.t, err)
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(found[traceID(n)])
	require.NoError(w.t, err)
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				require.Equal(w.t, traceID(n), s.TraceID())
			}
		}
	}
	return td.SpanCount()
}

// sizes returns how many bytes the files with a prefix have.
func (w *world) sizes(prefix string) (n int64) {
	w.t.Helper()
	entries, err := os.ReadDir(w.dir)
	require.NoError(w.t, err)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			info, err := os.Stat(filepath.Join(w.dir, e.Name()))
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted in the meantime
			}
			require.NoError(w.t, err)
			n += info.Size()
		}
	}
	return n
}
