// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waterfall

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// made is a span of a test: times are milliseconds from start.
type made struct {
	id, parent     int
	name, service  string
	from, to       float64
	failed         bool
	version        string
	noStart, noEnd bool
}

func spanID(n int) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

func trace(spans ...made) ptrace.Traces {
	td := ptrace.NewTraces()
	services := map[string]ptrace.SpanSlice{}
	for _, m := range spans {
		to, ok := services[m.service]
		if !ok {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", m.service)
			to = rs.ScopeSpans().AppendEmpty().Spans()
			services[m.service] = to
		}
		s := to.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{15: 1})
		s.SetSpanID(spanID(m.id))
		s.SetParentSpanID(spanID(m.parent))
		s.SetName(m.name)
		at := func(ms float64) pcommon.Timestamp {
			return pcommon.NewTimestampFromTime(start.Add(time.Duration(ms * float64(time.Millisecond))))
		}
		if !m.noStart {
			s.SetStartTimestamp(at(m.from))
		}
		if !m.noEnd {
			s.SetEndTimestamp(at(m.to))
		}
		if m.failed {
			s.Status().SetCode(ptrace.StatusCodeError)
		}
		if m.version != "" {
			s.Attributes().PutStr("ml.model.name", "fraud")
			s.Attributes().PutStr("ml.model.version", m.version)
		}
	}
	return td
}

func request() []made {
	return []made{
		{id: 1, name: "POST /score", service: "checkout", from: 0, to: 1200},
		{id: 2, parent: 1, name: "features", service: "features", from: 50, to: 150},
		{id: 3, parent: 1, name: "predict", service: "scoring", from: 180, to: 1190, failed: true, version: "7"},
		{id: 4, parent: 3, name: "load", service: "scoring", from: 181, to: 181.4},
		{id: 5, parent: 2, name: "SELECT", service: "features", from: 60, to: 140},
	}
}

func TestRender(t *testing.T) {
	for name, c := range map[string]struct {
		spans   []made
		options Options
		want    string
	}{
		"a request": {request(), Options{Width: 80, Span: spanID(3)}, `
trace 00000000000000000000000000000001: 5 spans, 1.2s, 1 error, from 2026-11-30…
  span         service  model    duration
  POST /score  checkout              1.2s  █████████████████████████████████████
  ├─ features  features             100ms   ███
  │  └─ SELECT features              80ms   ██
✗►└─ predict   scoring  fraud@7     1.01s       ███████████████████████████████
     └─ load   scoring              400µs       ▏`},
		"in ASCII": {request(), Options{Width: 80, Span: spanID(3), ASCII: true}, `
trace 00000000000000000000000000000001: 5 spans, 1.2s, 1 error, from 2026-11-30~
  span         service  model    duration
  POST /score  checkout              1.2s  #####################################
  +- features  features             100ms   ###
  |  ` + "`" + `- SELECT features              80ms   ##
x>` + "`" + `- predict   scoring  fraud@7     1.01s       ###############################
     ` + "`" + `- load   scoring              400us       |`},
		"several roots, parents that are missing": {[]made{
			{id: 1, name: "a", service: "s", from: 0, to: 10}, {id: 2, name: "b", service: "s", from: 5, to: 10}, {id: 3, parent: 99, name: "c", service: "s", from: 7, to: 10},
		}, Options{Width: 60}, `
trace 00000000000000000000000000000001: 3 spans, 10ms, no e…
  span service  duration
  a    s            10ms  ██████████████████████████████████
  b    s             5ms                   █████████████████
  … c  s             3ms                         ██████████`},
		"circles": {[]made{
			{id: 1, parent: 2, name: "a", service: "s", from: 0, to: 10},
			{id: 2, parent: 1, name: "b", service: "s", from: 5, to: 10},
			{id: 3, parent: 3, name: "itself", service: "s", from: 0, to: 10},
			{id: 4, parent: 1, name: "below", service: "s", from: 1, to: 10},
		}, Options{Width: 60}, `
trace 00000000000000000000000000000001: 4 spans, 10ms, no e…
  span     service  duration
  itself   s            10ms  ██████████████████████████████
  a        s            10ms  ██████████████████████████████
  ├─ below s             9ms     ███████████████████████████
  └─ b     s             5ms                 ███████████████`},
		"clocks": {[]made{
			{id: 1, name: "a", service: "s", from: 1000, to: 1100},
			{id: 2, parent: 1, name: "b", service: "t", from: 0, to: 50},
			{id: 3, parent: 2, name: "c", service: "t", from: 25, to: 50},
		}, Options{Width: 60}, `
trace 00000000000000000000000000000001: 3 spans, 100ms, no …
  span    service  duration
  a       s           100ms  ███████████████████████████████
  └─ b    t            50ms  ████████████████
     └─ c t            25ms         ████████
clocks differ: 1 span began before the spans above them and…`},
		"no time, no end": {[]made{
			{id: 1, name: "a", service: "s", from: 0, to: 100},
			{id: 2, parent: 1, name: "open", service: "s", from: 50, noEnd: true},
			{id: 3, parent: 1, name: "never", service: "s", noStart: true, noEnd: true},
			{id: 4, parent: 1, name: "point", service: "s", from: 20, to: 20},
		}, Options{Width: 60}, `
trace 00000000000000000000000000000001: 4 spans, 100ms, no …
  span     service  duration
  a        s           100ms  ██████████████████████████████
  ├─ never s               ?  ▏
  ├─ point s              0s        ▏
  └─ open  s               ?                 ░░░░░░░░░░░░░░░`},
		"one that took no time": {[]made{{id: 1, name: "a", service: "s"}}, Options{Width: 60}, `
trace 00000000000000000000000000000001: 1 span, 0s, no erro…
  span service  duration
  a    s              0s  ▏`},
		"names": {[]made{{id: 1, name: "```\n| x |\x1b[31m", service: "日本語日本語日本語日本語", to: 5}}, Options{Width: 60}, `
trace 00000000000000000000000000000001: 1 span, 5ms, no err…
  span           service     duration
  ''' | x |?[31m 日本語日…        5ms  █████████████████████`},
		"nothing": {nil, Options{}, "\nno spans of the trace are there"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Render(trace(c.spans...), c.options)
			assert.Equal(t, strings.TrimPrefix(c.want, "\n"), got)
		})
	}
}

// What is left out: first the named span, errors, and the ways to them.
func TestChoice(t *testing.T) {
	spans := []made{{id: 1, name: "root", service: "s", from: 0, to: 1000}}
	for i := 2; i < 1000; i++ {
		spans = append(spans, made{id: i, parent: 1 + i/10, name: fmt.Sprint("span-", i), service: "s", from: float64(i) / 2, to: float64(i)})
	}
	spans[777].failed = true
	got := Render(trace(spans...), Options{Lines: 12, Span: spanID(456)})
	lines := strings.Split(got, "\n")
	assert.Len(t, lines, 10)
	assert.Contains(t, got, "… 992 of 999 spans are not drawn")
	for _, id := range []int{456, 46, 5, 1, 778, 78, 8} {
		name := fmt.Sprint("span-", id)
		if id == 1 {
			name = "root"
		}
		assert.Contains(t, got, " "+name+" ", "with the way to the root")
	}
	assert.Contains(t, got, " ►")
	assert.Contains(t, got, "✗ ")
}

func TestLongWay(t *testing.T) {
	var spans []made
	for i := 1; i <= 100_000; i++ {
		spans = append(spans, made{id: i, parent: i - 1, name: fmt.Sprint("deep-", i), service: "s", from: float64(i), to: 200_000})
	}
	begun := time.Now()
	got := Render(trace(spans...), Options{Lines: 20, Span: spanID(100_000)})
	assert.Contains(t, got, "deep-1 ")
	assert.Contains(t, got, "deep-100000 ")
	assert.Contains(t, got, "… deep-", "what is between is left out")
	assert.LessOrEqual(t, strings.Count(got, "\n"), 19)
	t.Log(time.Since(begun), "\n"+got)
}

// TestRealSpans draws what real systems have sent.
func TestRealSpans(t *testing.T) {
	files, err := filepath.Glob("../../../../../../shared/data/spans/*/*.json")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("needs ../shared/data/spans")
	}
	drawn := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(data)
		if err != nil || td.SpanCount() == 0 {
			continue
		}
		got := Render(td, Options{Lines: 15})
		check(t, got, 100, 15)
		t.Log(filepath.Base(file), "\n"+got)
		drawn++
	}
	assert.Greater(t, drawn, 5)
}

func check(t *testing.T, got string, columns, lines int) {
	t.Helper()
	rows := strings.Split(got, "\n")
	assert.LessOrEqual(t, len(rows), lines)
	for _, r := range rows {
		assert.LessOrEqual(t, width(r), columns, "%q", r)
	}
	assert.True(t, utf8.ValidString(got))
	assert.NotContains(t, got, "```")
}

// FuzzRender draws trees of any form.
func FuzzRender(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x10\x02\x01\x05\x05"), uint8(10), uint8(80), "name")
	f.Add([]byte("\x01\x02\x00\x10\x02\x01\x05\x05\x03\x03\x03\x03"), uint8(0), uint8(0), "```日本\n")
	f.Fuzz(func(t *testing.T, data []byte, lines, columns uint8, name string) {
		var spans []made
		for ; len(data) >= 4 && len(spans) < 2000; data = data[4:] {
			b := data[:4]
			spans = append(spans, made{
				id: int(b[0]), parent: int(b[1]), name: name, service: name, from: float64(b[2]), to: float64(b[2]) + float64(int8(b[3])),
				failed: b[3]&7 == 7, noStart: b[2] == 255, noEnd: b[3] == 128,
			})
		}
		got := Render(trace(spans...), Options{Lines: int(lines), Width: int(columns), Span: spanID(5), ASCII: lines&1 == 1})
		o := Options{Lines: int(lines), Width: int(columns)}
		if o.Lines == 0 {
			o.Lines = defaultLines
		}
		if o.Width == 0 {
			o.Width = defaultWidth
		}
		check(t, got, max(o.Width, leastWidth), max(o.Lines, leastLines))
		if len(spans) > 0 && len(spans) <= o.Lines-4 {
			assert.NotContains(t, got, "not drawn")
		}
	})
}

func BenchmarkRender(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		var wide, deep []made
		for i := 1; i <= n; i++ {
			wide = append(wide, made{id: i, parent: i / 10, name: "span", service: "s", from: float64(i), to: float64(2 * n)})
			deep = append(deep, made{id: i, parent: i%n + 1, name: "span", service: "s", from: float64(i), to: float64(2 * n), failed: i%2 == 0})
		}
		for name, td := range map[string]ptrace.Traces{"tree": trace(wide...), "circle of errors": trace(deep...)} {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				for b.Loop() {
					Render(td, Options{})
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/span")
			})
		}
	}
}

func TestMessages(t *testing.T) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i, message := range []string{"no such merchant:\nit is new", "no such merchant:\nit is new", "", "time is over"} {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(spanID(i + 1))
		s.SetName("predict")
		s.SetStartTimestamp(pcommon.Timestamp(i + 1))
		s.SetEndTimestamp(pcommon.Timestamp(i + 2))
		s.Status().SetCode(ptrace.StatusCodeError)
		s.Status().SetMessage(message)
	}
	got := Render(td, Options{Width: 60})
	assert.Equal(t, 1, strings.Count(got, "no such merchant"), got)
	assert.Contains(t, got, "\n✗ predict: no such merchant: it is new\n✗ predict: time is over")
}
