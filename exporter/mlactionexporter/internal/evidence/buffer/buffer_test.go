// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestKeepsSpans(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	td, again := request(start, predicts("7"), 1, 2, 1, 3), ptrace.NewTraces()
	td.CopyTo(again)
	w.Add(td)
	w.Add(request(start, map[string]any{"second": "request"}, 2))
	td.ResourceSpans().RemoveIf(func(ptrace.ResourceSpans) bool { return true })

	check := func(w *world) {
		assert.Equal(t, 2, w.spansOf("", 1))
		assert.Equal(t, 2, w.spansOf("", 2))
		assert.Equal(t, 1, w.spansOf("", 3))
		assert.Equal(t, 0, w.spansOf("", 4))
		info, ok := w.Info(traceID(1))
		assert.True(t, ok)
		assert.Equal(t, Info{
			Model: "fraud", Version: "7", Service: "scoring", First: time.Unix(0, start.UnixNano()), Last: time.Unix(0, start.Add(time.Second).UnixNano()), Spans: 2,
		}, info)
	}
	check(w)
	s := w.Stats()
	assert.Equal(t, Stats{Bytes: w.sizes(segmentPrefix), Segments: 1, Traces: 3}, s)
	require.NoError(t, w.Close())
	w.Add(request(start, nil, 9))
	assert.Equal(t, int64(1), w.Stats().Late, "what comes after the end is counted")

	w = open(t, dir)
	check(w)
	assert.Equal(t, s, w.Stats())
	w.Add(again)
	assert.Equal(t, 2, w.spansOf("", 1), "what is sent again is the same, byte for byte")
}

// The spans that are read are equal to those that were added, with resource and scope.
func TestReadsWhatWasAdded(t *testing.T) {
	w := open(t, t.TempDir())
	want := request(start, map[string]any{"a": "b", "list": []any{int64(1), "x"}, "map": map[string]any{"k": 2.5}}, 5)
	want.ResourceSpans().At(0).SetSchemaUrl("https://opentelemetry.io/schemas/1.40.0")
	span := want.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	span.Events().AppendEmpty().SetName("exception")
	span.Links().AppendEmpty().SetTraceID(traceID(77))
	span.Status().SetMessage("no")
	mixed := request(start, nil, 6, 7)
	want.ResourceSpans().At(0).CopyTo(mixed.ResourceSpans().AppendEmpty())
	w.Add(mixed)
	found, err := w.Traces(t.Context(), "", []pcommon.TraceID{traceID(5)})
	require.NoError(t, err)
	got, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(found[traceID(5)])
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestStaysWithinItsLimits(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	text := strings.Repeat("x", 500)
	for i := range 12_000 {
		w.Add(request(w.time(), map[string]any{"text": text, "n": i}, i))
		if i%500 == 0 {
			w.flushed()
			assert.LessOrEqual(t, w.sizes(segmentPrefix), int64(1<<20))
		}
	}
	w.flushed()
	s := w.Stats()
	assert.Equal(t, w.sizes(segmentPrefix), s.Bytes)
	assert.Greater(t, s.Bytes, int64(900<<10))
	assert.Equal(t, 1, w.spansOf("", 11_999))
	assert.Equal(t, 0, w.spansOf("", 0))
	assert.Less(t, s.Traces, 2000, "what is gone is forgotten")
	for i := range 12_000 {
		if _, ok := w.Info(traceID(i)); ok {
			assert.Equal(t, 1, w.spansOf("", i), "what is known is there: %d", i)
			break
		}
	}

	require.NoError(t, w.Close())
	w = open(t, dir, func(o *Options) { o.MaxBytes = 256 << 10 })
	w.flushed()
	assert.LessOrEqual(t, w.sizes(segmentPrefix), int64(256<<10), "a smaller limit holds at once")
	assert.Equal(t, 1, w.spansOf("", 11_999))
}

func TestForgetsOldSpans(t *testing.T) {
	w := open(t, t.TempDir())
	w.Add(request(w.time(), nil, 1, 2))
	w.pass(50 * time.Minute)
	w.Add(request(w.time(), nil, 2, 3))
	assert.Equal(t, 2, w.spansOf("", 2))
	w.pass(20 * time.Minute)
	w.Add(request(w.time(), nil, 4))
	_, ok := w.Info(traceID(1))
	assert.False(t, ok)
	assert.Equal(t, 0, w.spansOf("", 1))
	assert.Equal(t, 1, w.spansOf("", 2), "of a trace that goes on the first spans have gone")
	assert.Equal(t, 2, w.Stats().Segments)
	w.pass(2 * time.Hour)
	w.mu.Lock()
	w.expire(w.time())
	w.mu.Unlock()
	w.flushed()
	assert.Zero(t, w.sizes(segmentPrefix))
	assert.Zero(t, w.Stats().Traces)
}

func TestBoundsTraces(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, func(o *Options) { o.MaxTraces = 100 })
	for i := range 1000 {
		w.Add(request(w.time(), nil, i))
		assert.LessOrEqual(t, w.Stats().Traces, 100)
	}
	assert.Equal(t, 1, w.spansOf("", 999))
	require.NoError(t, w.Close())
	w = open(t, dir, func(o *Options) { o.MaxTraces = 1 })
	assert.LessOrEqual(t, w.Stats().Traces, 100)
}

func TestBoundsSpansOfATrace(t *testing.T) {
	w := open(t, t.TempDir(), func(o *Options) { o.MaxSpansPerTrace = 10 })
	flood := make([]int, 25)
	for i := range flood {
		flood[i] = 1
	}
	w.Add(request(start, nil, append(flood, 2)...))
	assert.Equal(t, 10, w.spansOf("", 1))
	assert.Equal(t, 1, w.spansOf("", 2))
	w.Add(request(start, map[string]any{"again": true}, 1, 2))
	assert.Equal(t, 10, w.spansOf("", 1))
	assert.Equal(t, 2, w.spansOf("", 2))
	assert.Equal(t, int64(16), w.Stats().Flooded)
	info, _ := w.Info(traceID(1))
	assert.Equal(t, 26, info.Spans, "all are counted")
}

func TestSplitsLargeRequests(t *testing.T) {
	w := open(t, t.TempDir())
	require.Equal(t, int64(minSegment), w.segmentBytes)
	traces := make([]int, 300)
	for i := range traces {
		traces[i] = i / 100
	}
	td := request(start, map[string]any{"text": strings.Repeat("x", 1000)}, traces...)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("text", strings.Repeat("x", minSegment))
	w.Add(td)
	assert.Equal(t, 99, w.spansOf("", 0), "one is larger than a segment")
	assert.Equal(t, 100, w.spansOf("", 1))
	assert.Equal(t, 100, w.spansOf("", 2))
	assert.Equal(t, int64(1), w.Stats().Late)
	info, _ := w.Info(traceID(1))
	assert.Equal(t, 100, info.Spans)
}

func TestDamage(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	var ends []int64
	for i := range 5 {
		w.Add(request(start, predicts("7"), i))
		w.flushed()
		ends = append(ends, w.sizes(segmentPrefix))
	}
	require.NoError(t, w.Close())
	path := filepath.Join(dir, segmentName(1))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		damage  func([]byte) []byte
		left    []int
		size    int64
		corrupt int64
	}{
		"torn in the payload":  {func(d []byte) []byte { return d[:ends[3]+40] }, []int{0, 1, 2, 3}, ends[3], 0},
		"torn in the header":   {func(d []byte) []byte { return d[:ends[3]+5] }, []int{0, 1, 2, 3}, ends[3], 0},
		"zeros at the end":     {func(d []byte) []byte { return append(d, make([]byte, 4096)...) }, []int{0, 1, 2, 3, 4}, ends[4], 0},
		"a bit in a payload":   {func(d []byte) []byte { d[ends[1]+50] ^= 4; return d }, []int{0, 1, 3, 4}, ends[4], 1},
		"a length":             {func(d []byte) []byte { d[ends[1]+8] = 255; return d }, []int{0, 1, 3, 4}, ends[4], 1},
		"the first mark":       {func(d []byte) []byte { d[0] = 'x'; return d }, []int{1, 2, 3, 4}, ends[4], 1},
		"nothing of it ours":   {func([]byte) []byte { return []byte(strings.Repeat(mark, 1000)) }, nil, 0, 0},
		"not protobuf":         {func([]byte) []byte { return appendRecord(nil, spansRecord, []byte("hello")) }, nil, 18, 1},
		"a record of the rest": {func([]byte) []byte { return appendRecord(nil, 'z', nil) }, nil, 13, 1},
		"empty":                {func([]byte) []byte { return nil }, nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, segmentName(1))
			require.NoError(t, os.WriteFile(path, c.damage(append([]byte{}, whole...)), 0o600))
			w := open(t, dir)
			var left []int
			for i := range 5 {
				if w.spansOf("", i) == 1 {
					left = append(left, i)
				}
			}
			assert.Equal(t, c.left, left)
			assert.Equal(t, c.size, w.sizes(segmentPrefix))
			w.Add(request(start, nil, 100))
			assert.Equal(t, 1, w.spansOf("", 100))
			require.NoError(t, w.Close())
			w = open(t, dir)
			assert.Equal(t, 1, w.spansOf("", 100))
			assert.Equal(t, c.corrupt, w.Stats().Corrupt)
		})
	}
}

func TestLeavesOtherFilesAlone(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.WriteFile(outside, []byte("do not touch"), 0o600))
	for _, name := range []string{segmentName(3), caseName("C"), "segment-1.spans", "segment-0000000000.spans", "link"} {
		require.NoError(t, os.Symlink(outside, filepath.Join(dir, name)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, segmentName(2)), 0o700))
	w := open(t, dir, func(o *Options) { o.MaxAge = time.Minute })
	w.Add(request(start, nil, 1))
	assert.Equal(t, 1, w.spansOf("", 1))
	_, err := w.Pin(t.Context(), "C", []Pinned{{Trace: traceID(1)}})
	require.NoError(t, err)
	c, err := w.Case("C")
	require.NoError(t, err)
	assert.Positive(t, c.Unkept, "where a link is in the way nothing is written")
	w.pass(time.Hour)
	w.Add(request(w.time(), nil, 2))
	require.NoError(t, w.Close())

	data, err := os.ReadFile(outside)
	require.NoError(t, err)
	assert.Equal(t, "do not touch", string(data))
	for _, name := range []string{"notes.txt", segmentName(2), segmentName(3), "link"} {
		_, err := os.Lstat(filepath.Join(dir, name))
		assert.NoError(t, err)
	}
}

func TestOneProcessADirectory(t *testing.T) {
	w := open(t, t.TempDir())
	_, err := Open(w.options)
	assert.ErrorContains(t, err, "is in use by another process")
	require.NoError(t, w.Close())
	b, err := Open(w.options)
	require.NoError(t, err)
	require.NoError(t, b.Close())
}

// A segment that cannot be made is said once; what is added neither fails nor waits.
func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	require.NoError(t, os.Mkdir(filepath.Join(dir, segmentName(1)), 0o700))
	for i := range 3 {
		w.Add(request(start, nil, i, i))
	}
	w.flushed()
	assert.Equal(t, int64(6), w.Stats().Failed)
	assert.Equal(t, 1, w.log.FilterMessageSnippet("cannot be kept").Len())
	w.pass(10 * time.Minute)
	w.Add(request(w.time(), nil, 4))
	assert.Equal(t, 1, w.spansOf("", 4), "the next segment is tried")
	assert.Equal(t, 1, w.log.FilterMessageSnippet("kept as evidence again").Len())
}

// What a full disk has taken in part is cut off, and tried again with the next request.
func TestFullDisk(t *testing.T) {
	w := open(t, t.TempDir())
	w.Add(request(start, nil, 1))
	w.flushed()
	size := w.sizes(segmentPrefix)
	require.NoError(t, w.Close())

	f, err := os.OpenFile(filepath.Join(w.dir, segmentName(1)), os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Seek(0, 2)
	require.NoError(t, err)
	_, err = f.WriteString("mlE1 and a part of a record")
	require.NoError(t, err)
	full := &writer{Buffer: w.Buffer, file: f, out: newOut(f), segment: 1, good: size}
	full.cut()
	assert.Equal(t, size, w.sizes(segmentPrefix))
	td, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(request(start, nil, 2))
	require.NoError(t, err)
	full.append(&item{data: td, segment: 1, spans: 1}, true)
	assert.Zero(t, w.Stats().Failed)

	readOnly, err := os.Open(filepath.Join(w.dir, segmentName(1)))
	require.NoError(t, err)
	broken := &writer{Buffer: w.Buffer, file: readOnly, out: newOut(readOnly), segment: 1, good: full.good, end: full.good}
	broken.append(&item{data: td, segment: 1, spans: 1}, false)
	assert.Zero(t, w.Stats().Failed, "it is not known before it is flushed")
	broken.append(&item{data: td, segment: 1, spans: 3}, true)
	assert.Equal(t, int64(4), w.Stats().Failed)
	assert.Equal(t, uint32(1), broken.bad, "neither written nor cut: the segment is given up")
	broken.append(&item{data: td, segment: 1, spans: 1}, true)
	assert.Equal(t, int64(5), w.Stats().Failed)
}

func TestSlowDisk(t *testing.T) {
	w := open(t, t.TempDir())
	w.mu.Lock()
	w.waiting += maxWaiting
	w.mu.Unlock()
	w.Add(request(start, nil, 1, 2, 3))
	assert.Equal(t, int64(3), w.Stats().Full)
	w.mu.Lock()
	w.waiting -= maxWaiting
	w.mu.Unlock()
	w.Add(request(start, nil, 1))
	assert.Equal(t, 1, w.spansOf("", 1))
}

func TestNamesAreBounded(t *testing.T) {
	x := newIndex()
	for i := range maxTexts + 10 {
		x.add(&seen{id: traceID(i), names: [names]string{modelName: fmt.Sprint("model", i)}, spans: 1}, uint32(1+i/(maxTexts/2)), start)
	}
	assert.True(t, x.texts.full)
	assert.Len(t, x.texts.list, maxTexts+1)
	var touched []uint32
	for i := range x.traces {
		if x.traces[i].to == 1 {
			touched = append(touched, uint32(i))
		}
	}
	x.evict(1, touched)
	assert.Len(t, x.texts.list, maxTexts/2+1, "names of traces that have gone, go")
	assert.Equal(t, fmt.Sprint("model", maxTexts-1), x.texts.list[x.of(traceID(maxTexts - 1)).names[modelName]])
	x.add(&seen{id: traceID(1), names: [names]string{modelName: strings.Repeat("m", 1000)}}, 9, start)
	assert.Len(t, x.texts.list[len(x.texts.list)-1], 256)
}

// TestMemory measures what a trace takes in memory.
func TestMemory(t *testing.T) {
	const n = 200_000
	memory := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := memory()
	x := newIndex()
	var s segment
	for i := range n {
		slot, _ := x.add(&seen{id: traceID(i), names: [names]string{"fraud", "7", "production", "scoring"}, spans: 3}, 1, start)
		s.touched = append(s.touched, slot)
	}
	each := float64(memory()-before) / n
	t.Logf("%.0f bytes a trace", each)
	assert.Less(t, each, 200.)
	runtime.KeepAlive(x)
	runtime.KeepAlive(s)
}
