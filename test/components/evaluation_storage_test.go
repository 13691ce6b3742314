// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector"
	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// What a waiting prediction takes in memory and in a file_storage, in requests of 100 spans with a save
// after each 20,000, and how long a start takes that reads them. EVALUATION_WAITING=10000000 makes it ten
// million.
func TestStorageOfWaitingPredictions(t *testing.T) {
	n := 60_000
	if s := os.Getenv("EVALUATION_WAITING"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	dir := t.TempDir()
	before, stored := liveHeap(), n
	run := func(n int) (heap uint64) {
		storage := filestorageextension.NewFactory()
		sc := storage.CreateDefaultConfig().(*filestorageextension.Config)
		sc.Directory = dir
		id := component.NewID(storage.Type())
		files, err := storage.Create(t.Context(), extensiontest.NewNopSettings(storage.Type()), sc)
		require.NoError(t, err)
		f := mlevaluationconnector.NewFactory()
		cfg := f.CreateDefaultConfig().(*mlevaluationconnector.Config)
		cfg.Storage, cfg.Limits.Predictions, cfg.Limits.MemoryMiB, cfg.EmitInterval = &id, n+1_000_000, 1<<14, time.Hour
		cfg.SaveInterval = 2 * time.Second
		set := settings(f)
		set.ID = component.NewID(f.Type()) // the same after a restart
		core, said := observer.New(zap.InfoLevel)
		set.Logger = zap.New(core)
		e, err := f.CreateTracesToMetrics(t.Context(), set, cfg, consumertest.NewNop())
		require.NoError(t, err)
		host := testkit.Host{id: files}
		require.NoError(t, files.Start(t.Context(), host))
		began := time.Now()
		require.NoError(t, e.Start(t.Context(), host))
		started := time.Since(began)
		for at := 0; at < n; at += 100 {
			require.NoError(t, e.ConsumeTraces(t.Context(), hundredPredictions(at)))
		}
		took := time.Since(began) - started
		require.NoError(t, e.Shutdown(t.Context()))
		if n == 0 {
			continued := said.FilterMessage("Evaluation continues from what was stored").All()
			require.Len(t, continued, 1)
			assert.EqualValues(t, stored, continued[0].ContextMap()["predictions"])
			t.Logf("a start took %s", started)
		} else {
			t.Logf("%s for a request of 100 predictions", (took / time.Duration(n/100)).Round(time.Microsecond))
		}
		heap = liveHeap()
		runtime.KeepAlive(e)
		require.NoError(t, files.Shutdown(t.Context()))
		return heap
	}
	heap := run(n)
	size := int64(0)
	require.NoError(t, filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			size += info.Size()
		}
		return err
	}))
	t.Logf("%d predictions: %d bytes of memory each, a file of %d bytes each", n, (heap-before)/uint64(n), size/int64(n))
	assert.Less(t, size/int64(n), int64(400))
	run(0)
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// hundredPredictions are those from a number on.
func hundredPredictions(from int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	now := pcommon.NewTimestampFromTime(time.Now())
	for n := from; n < from+100; n++ {
		s := spans.AppendEmpty()
		var trace pcommon.TraceID
		var id pcommon.SpanID
		binary.BigEndian.PutUint64(trace[:], uint64(n)+1) //nolint:gosec // a count
		binary.BigEndian.PutUint64(id[:], uint64(n)+1)    //nolint:gosec // a count
		s.SetTraceID(trace)
		s.SetSpanID(id)
		s.SetStartTimestamp(now)
		s.SetEndTimestamp(now)
		s.Attributes().PutStr(mlconv.AttrModelName, "fraud")
		s.Attributes().PutStr(mlconv.AttrModelVersion, "7")
		s.Attributes().PutStr(mlconv.AttrPredictionID, "request-"+strconv.Itoa(n))
		s.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
		s.Attributes().PutDouble(mlconv.AttrPredictionScore, float64(n%1000)/1000)
		s.Attributes().PutStr("ml.segment.country", []string{"DE", "BR", "US"}[n%3])
	}
	return td
}
