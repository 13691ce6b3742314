// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/otlpjsonfilereceiver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/buffer"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/jaeger"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/redact"
)

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

type world struct {
	*Store
	t   testing.TB
	dir string
	log *observer.ObservedLogs
}

func open(t testing.TB, with ...func(*Options)) *world {
	t.Helper()
	core, log := observer.New(zap.InfoLevel)
	o := Options{Directory: t.TempDir(), Now: func() time.Time { return start }, Logger: zap.New(core)}
	for _, f := range with {
		f(&o)
	}
	s, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return &world{s, t, o.Directory, log}
}

func traceID(n int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func spanID(n int) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// request is a trace of the fraud model: a root, n-2 spans below it in a tree of tens, and a prediction with a prompt.
func request(id int, version string, fails bool, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "scoring")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	r := rand.New(rand.NewPCG(1, uint64(id)))
	for i := 1; i <= n; i++ {
		s := spans.AppendEmpty()
		s.SetTraceID(traceID(id))
		s.SetSpanID(spanID(i))
		s.SetParentSpanID(spanID(i / 10))
		s.SetName(fmt.Sprint("step-", i))
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(i) * time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Second)))
		s.Attributes().PutStr("acme.noise", fmt.Sprintf("%x%x", r.Uint64(), r.Uint64()))
		if i == n {
			s.Attributes().PutStr("ml.model.name", "fraud")
			s.Attributes().PutStr("ml.model.version", version)
			s.Attributes().PutStr("ml.prediction.class", "fraud")
			s.Attributes().PutDouble("ml.feature.amount", 12.5)
			s.Attributes().PutStr("gen_ai.prompt", "the customer's secret")
			if fails {
				s.Status().SetCode(ptrace.StatusCodeError)
				s.Status().SetMessage("no account for joe@example.com")
			}
		}
	}
	return td
}

// read returns what a file has.
func read(t testing.TB, name string, data []byte) ptrace.Traces {
	t.Helper()
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(data))
		require.NoError(t, err)
		data, err = io.ReadAll(z)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, bytes.Count(data, []byte("\n")), "one request on one line")
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(data)
	require.NoError(t, err)
	return td
}

// spansOf returns the names of spans by trace.
func spansOf(td ptrace.Traces) map[pcommon.TraceID]map[string]bool {
	out := map[pcommon.TraceID]map[string]bool{}
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				if out[s.TraceID()] == nil {
					out[s.TraceID()] = map[string]bool{}
				}
				out[s.TraceID()][s.Name()] = true
			}
		}
	}
	return out
}

func (w *world) about(traces ...int) About {
	a := About{Span: spanID(20)}
	for _, n := range traces {
		a.Traces = append(a.Traces, traceID(n))
	}
	return a
}

func TestIncident(t *testing.T) {
	w := open(t, func(o *Options) {
		o.Links = func(id pcommon.TraceID) []Link { return []Link{{"Jaeger", "https://jaeger/trace/" + id.String()}} }
	})
	w.Add(request(1, "7", true, 20))
	w.Add(request(2, "7", false, 5))
	w.Add(request(3, "6", false, 5))
	w.Add(request(4, "7", true, 5))
	w.Pin("C", w.about(1))
	d := w.Describe(t.Context(), "C")
	w.Add(request(5, "6", false, 5))
	w.Add(request(6, "6", false, 5))
	assert.Equal(t, []any{traceID(1).String(), traceID(2).String(), traceID(3).String()}, d["trace_ids"])
	assert.Equal(t, map[string]any{"text": "Jaeger", "href": "https://jaeger/trace/" + traceID(1).String()}, d["links"].([]any)[0])
	assert.Contains(t, d["waterfall"], "trace "+traceID(1).String()+": 20 spans")
	assert.Contains(t, d["waterfall"], "✗►")
	assert.Contains(t, d["waterfall"], "fraud@7")
	assert.Equal(t, "To compare with: "+traceID(2).String()+" (a good one of version 7), "+traceID(3).String()+" (a good one of the previous version 6). "+
		"6 values were removed: gen_ai.prompt (3), ml.feature.* (3). 1 values were masked in part: the status' message (1).", d["note"])

	a, err := w.Files("C")["traces"](t.Context(), 1<<20)
	require.NoError(t, err)
	assert.Equal(t, "trace-"+traceID(1).String()+".json.gz", a.Name)
	assert.Equal(t, "application/gzip", a.ContentType)
	assert.Equal(t, d["note"], a.Note)
	td := read(t, a.Name, a.Data)
	assert.Equal(t, 30, td.SpanCount())
	plain, err := w.Files("C")["traces_json"](t.Context(), 1<<20)
	require.NoError(t, err)
	assert.Equal(t, "trace-"+traceID(1).String()+".json", plain.Name)
	assert.Equal(t, "application/json", plain.ContentType)
	assert.Equal(t, td, read(t, plain.Name, plain.Data))
	for _, secret := range []string{"secret", "joe@", "12.5"} {
		assert.NotContains(t, string(plain.Data)+fmt.Sprint(d), secret)
	}

	// Later spans are there, too; a restart changes nothing; pinning again adds only what is new.
	w.Add(request(1, "7", false, 30))
	require.NoError(t, w.Close())
	w = open(t, func(o *Options) { o.Directory = w.dir })
	w.Pin("C", w.about(1, 4))
	d = w.Describe(t.Context(), "C")
	assert.Len(t, d["trace_ids"], 5, "of three good traces one was missing, and is found now")
	assert.Contains(t, d["note"], "Traces "+traceID(1).String()+", "+traceID(4).String()+". To compare with: ")
	w.Release("C")
	d = w.Describe(t.Context(), "C")
	assert.Contains(t, d["note"], `There is no trace: nothing is kept of the case "C"`)
	_, err = w.Files("C")["traces"](t.Context(), 1<<20)
	assert.ErrorIs(t, err, buffer.ErrNoCase)
}

func TestFeaturesMayBeSeen(t *testing.T) {
	w := open(t, func(o *Options) { o.Redact = redact.Options{Features: true}; o.Contrast = -1 })
	w.Add(request(1, "7", true, 20))
	w.Add(request(2, "7", false, 20))
	w.Pin("C", w.about(1))
	a, err := w.Bundle(t.Context(), "C", 1<<20, false)
	require.NoError(t, err)
	assert.Contains(t, string(a.Data), "12.5")
	assert.Len(t, spansOf(read(t, a.Name, a.Data)), 1, "none to compare with is wanted")
}

// Files of all sizes: what is in them fits, can be read, and is what matters most.
func TestLimits(t *testing.T) {
	w := open(t)
	w.Add(request(1, "7", true, 1500))
	w.Add(request(2, "7", false, 300))
	w.Add(request(3, "6", false, 300))
	w.Pin("C", About{Traces: []pcommon.TraceID{traceID(1)}, Span: spanID(777)})
	way := []string{"step-777", "step-77", "step-7"}
	wrong := []string{"step-1500", "step-150", "step-15", "step-1"}
	for _, compress := range []bool{true, false} {
		all, err := w.Bundle(t.Context(), "C", 1<<30, compress)
		require.NoError(t, err)
		require.Equal(t, 2100, read(t, all.Name, all.Data).SpanCount())
		assert.NotContains(t, all.Note, "left out")
		for _, share := range []float64{1, 0.99, 0.8, 0.6, 0.3, 0.1, 0.03, 0.01} {
			limit := int(share * float64(len(all.Data)))
			a, err := w.Bundle(t.Context(), "C", limit, compress)
			require.NoError(t, err, share)
			assert.LessOrEqual(t, len(a.Data), limit)
			found := spansOf(read(t, a.Name, a.Data))
			n := len(found[traceID(1)])
			for _, name := range append(way, wrong...) {
				assert.True(t, found[traceID(1)][name], "%s at %d", name, limit)
			}
			if n < 1500 {
				assert.Contains(t, a.Note, fmt.Sprintf("%s of 1,500 spans were left out: limit %d bytes.", comma(1500-n), limit))
				assert.Empty(t, found[traceID(2)], "what is to compare with goes first")
				assert.Contains(t, a.Note, "2 traces to compare with left out")
				assert.Greater(t, float64(len(a.Data)), 0.8*float64(limit), "the room is used")
			}
		}
		_, err = w.Bundle(t.Context(), "C", 50, compress)
		require.ErrorIs(t, err, errTooSmall)
	}
}

func comma(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

func TestLongValues(t *testing.T) {
	w := open(t)
	td := request(1, "7", true, 30)
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		var b strings.Builder
		for range 2000 {
			fmt.Fprintf(&b, "%x", r.Uint64())
		}
		s.Attributes().PutStr("acme.long", b.String())
		list := s.Attributes().PutEmptySlice("acme.list")
		for range 500 {
			list.AppendEmpty().SetInt(r.Int64())
		}
		m := s.Attributes().PutEmptyMap("acme.map")
		for range 20 {
			m = m.PutEmptyMap(b.String()[:9])
		}
		for range 100 {
			s.Events().AppendEmpty().Attributes().PutStr("acme.long", b.String()[:1000])
			s.Links().AppendEmpty().TraceState().FromRaw(b.String()[:1000])
		}
	}
	w.Add(td)
	w.Pin("C", About{Traces: []pcommon.TraceID{traceID(1)}, Span: spanID(30)})
	a, err := w.Bundle(t.Context(), "C", 16<<10, true)
	require.NoError(t, err)
	assert.LessOrEqual(t, len(a.Data), 16<<10)
	assert.Contains(t, a.Note, "Values are cut after 256 bytes.")
	found := spansOf(read(t, a.Name, a.Data))
	for _, name := range []string{"step-30", "step-3"} {
		assert.True(t, found[traceID(1)][name])
	}
}

// fetcher is a Jaeger.
type fetcher struct {
	td    ptrace.Traces
	err   error
	asked atomic.Int64
}

func (f *fetcher) Trace(context.Context, pcommon.TraceID, time.Time, time.Time) (ptrace.Traces, error) {
	f.asked.Add(1)
	td := ptrace.NewTraces()
	f.td.CopyTo(td)
	return td, f.err
}

var _ Fetcher = (*jaeger.Client)(nil)

func TestFetch(t *testing.T) {
	f := &fetcher{td: request(1, "7", true, 20)}
	w := open(t, func(o *Options) { o.Fetch, o.MaxSpansPerTrace = f, 15 })
	w.Pin("C", w.about(1))
	for range 2 {
		a, err := w.Bundle(t.Context(), "C", 1<<20, false)
		require.NoError(t, err)
		assert.Equal(t, 15, read(t, a.Name, a.Data).SpanCount())
		assert.NotContains(t, string(a.Data), "secret")
	}
	assert.Equal(t, int64(1), f.asked.Load(), "what was fetched is kept")

	f.td, f.err = ptrace.NewTraces(), jaeger.ErrNotFound
	w.Pin("D", w.about(2))
	_, err := w.Bundle(t.Context(), "D", 1<<20, false)
	assert.ErrorContains(t, err, "there are no spans: Trace "+traceID(2).String()+" is not among the spans of the last 1h, and could not be fetched: the trace is not in Jaeger.")
}

func TestNothingThere(t *testing.T) {
	w := open(t)
	w.Pin("C", w.about(1))
	d := w.Describe(t.Context(), "C")
	assert.Empty(t, d["waterfall"])
	assert.Equal(t, "Trace "+traceID(1).String()+" is not among the spans of the last 1h.", d["note"])
	w.Pin("D", About{})
	assert.Contains(t, w.Describe(t.Context(), "D")["note"], "nothing is kept of the case")
	w.Add(request(2, "7", false, 3))
	w.Pin("E", About{Like: buffer.Like{Model: "fraud", Around: start}})
	d = w.Describe(t.Context(), "E")
	assert.Empty(t, d["waterfall"])
	assert.Contains(t, d["note"], "The alert names no trace.")
	assert.Len(t, d["trace_ids"], 1, "good ones of the model")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Bundle(ctx, "C", 1, true)
	assert.ErrorIs(t, err, context.Canceled)
	require.NoError(t, w.Close())
	w.Pin("E", w.about(1))
	assert.Equal(t, 1, w.log.FilterMessageSnippet("are not kept").Len())
	_, err = w.Bundle(t.Context(), "C", 1, true)
	assert.ErrorContains(t, err, "is closed")
}

func TestTooManySpans(t *testing.T) {
	w := open(t, func(o *Options) { o.MaxSpansPerTrace = 1000 })
	for range 3 {
		td := request(1, "7", true, 500)
		td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetName(fmt.Sprint(rand.Int()))
		for i, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			s.Attributes().PutInt("n", rand.Int64()+int64(i))
		}
		w.Add(td)
	}
	w.Pin("C", w.about(1))
	assert.Contains(t, w.Describe(t.Context(), "C")["note"], "Of trace "+traceID(1).String()+" 1,000 of 1,500 spans were kept.")
}

func TestOpenErrors(t *testing.T) {
	w := open(t)
	_, err := Open(Options{Directory: w.dir})
	require.ErrorContains(t, err, "open the buffer of evidence: the directory")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = Open(Options{Directory: file})
	assert.Error(t, err)
}

// sink takes what the receiver reads.
type sink chan ptrace.Traces

func (sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }
func (s sink) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	s <- td
	return nil
}

// The receiver of contrib that reads files of the file exporter reads ours.
func TestReceiverReadsFile(t *testing.T) {
	w := open(t)
	w.Add(request(1, "7", true, 20))
	w.Pin("C", w.about(1))
	a, err := w.Bundle(t.Context(), "C", 1<<20, false)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, a.Name), a.Data, 0o600))

	f := otlpjsonfilereceiver.NewFactory()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"include": []any{filepath.Join(dir, "*.json")}, "start_at": "beginning", "poll_interval": "10ms"}).Unmarshal(cfg))
	got := make(sink, 1)
	r, err := f.CreateTraces(t.Context(), receivertest.NewNopSettings(f.Type()), cfg, got)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, r.Shutdown(context.WithoutCancel(t.Context()))) }()
	select {
	case td := <-got:
		assert.Equal(t, spansOf(read(t, a.Name, a.Data)), spansOf(td))
	case <-time.After(20 * time.Second):
		require.Fail(t, "nothing was read")
	}
}

// Pinning, adding, describing and releasing at once: for the race detector.
func TestAtOnce(t *testing.T) {
	w := open(t, func(o *Options) { o.MaxBytes, o.MaxPinned = 4<<20, 1<<20 })
	done := make(chan error)
	for g := range 4 {
		go func() {
			var errs error
			for i := range 30 {
				id := 1000*g + i
				w.Add(request(id, "7", i%3 == 0, 20))
				w.Pin(fmt.Sprint("case-", id), w.about(id))
				if _, err := w.Bundle(context.Background(), fmt.Sprint("case-", id), 1<<20, true); err != nil && !errors.Is(err, buffer.ErrNoCase) {
					errs = errors.Join(errs, err)
				}
				if i%2 == 0 {
					w.Release(fmt.Sprint("case-", id))
				}
				w.Stats()
			}
			done <- errs
		}()
	}
	for range 4 {
		assert.NoError(t, <-done)
	}
	assert.LessOrEqual(t, w.Stats().Pinned, int64(1<<20))
}

func BenchmarkBundle(b *testing.B) {
	w := open(b, func(o *Options) { o.Contrast = -1 })
	w.Add(request(1, "7", true, 10_000))
	w.Pin("C", w.about(1))
	for _, limit := range []int{1 << 30, 256 << 10} {
		b.Run(fmt.Sprint(limit), func(b *testing.B) {
			for b.Loop() {
				_, err := w.Bundle(b.Context(), "C", limit, true)
				require.NoError(b, err)
			}
		})
	}
}
