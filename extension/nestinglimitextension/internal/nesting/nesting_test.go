// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nesting

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// nest makes v a value of the given number of levels: lists, or maps.
func nest(v pcommon.Value, levels int, maps bool) {
	for range levels - 1 {
		if maps {
			v = v.SetEmptyMap().PutEmpty("k")
		} else {
			v = v.SetEmptySlice().AppendEmpty()
		}
	}
	v.SetStr("leaf")
}

// places are where a value can stand in a request, each with what makes one.
var places = map[string]struct {
	signal Signal
	put    func(fill func(pcommon.Value)) (proto, json []byte, err error)
}{
	"resource": {Traces, traces(func(td ptrace.Traces, fill func(pcommon.Value)) {
		fill(td.ResourceSpans().AppendEmpty().Resource().Attributes().PutEmpty("a"))
	})},
	"scope": {Traces, traces(func(td ptrace.Traces, fill func(pcommon.Value)) {
		fill(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Scope().Attributes().PutEmpty("a"))
	})},
	"span": {Traces, span(func(s ptrace.Span, fill func(pcommon.Value)) { fill(s.Attributes().PutEmpty("a")) })},
	"event": {Traces, span(func(s ptrace.Span, fill func(pcommon.Value)) {
		fill(s.Events().AppendEmpty().Attributes().PutEmpty("a"))
	})},
	"link": {Traces, span(func(s ptrace.Span, fill func(pcommon.Value)) {
		fill(s.Links().AppendEmpty().Attributes().PutEmpty("a"))
	})},
	"log":      {Logs, record(func(r plog.LogRecord, fill func(pcommon.Value)) { fill(r.Attributes().PutEmpty("a")) })},
	"body":     {Logs, record(func(r plog.LogRecord, fill func(pcommon.Value)) { fill(r.Body()) })},
	"metadata": {Metrics, metric(func(m pmetric.Metric, fill func(pcommon.Value)) { fill(m.Metadata().PutEmpty("a")) })},
	"gauge": {Metrics, metric(func(m pmetric.Metric, fill func(pcommon.Value)) {
		fill(m.SetEmptyGauge().DataPoints().AppendEmpty().Attributes().PutEmpty("a"))
	})},
	"sum": {Metrics, metric(func(m pmetric.Metric, fill func(pcommon.Value)) {
		fill(m.SetEmptySum().DataPoints().AppendEmpty().Attributes().PutEmpty("a"))
	})},
	"histogram": {Metrics, metric(func(m pmetric.Metric, fill func(pcommon.Value)) {
		fill(m.SetEmptyHistogram().DataPoints().AppendEmpty().Attributes().PutEmpty("a"))
	})},
	"exponential": {Metrics, metric(func(m pmetric.Metric, fill func(pcommon.Value)) {
		fill(m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Attributes().PutEmpty("a"))
	})},
	"summary": {Metrics, metric(func(m pmetric.Metric, fill func(pcommon.Value)) {
		fill(m.SetEmptySummary().DataPoints().AppendEmpty().Attributes().PutEmpty("a"))
	})},
	"exemplar of a sum": {Metrics, metric(func(m pmetric.Metric, fill func(pcommon.Value)) {
		fill(m.SetEmptySum().DataPoints().AppendEmpty().Exemplars().AppendEmpty().FilteredAttributes().PutEmpty("a"))
	})},
	"exemplar of a histogram": {Metrics, metric(func(m pmetric.Metric, fill func(pcommon.Value)) {
		fill(m.SetEmptyHistogram().DataPoints().AppendEmpty().Exemplars().AppendEmpty().FilteredAttributes().PutEmpty("a"))
	})},
	"exemplar of an exponential": {Metrics, metric(func(m pmetric.Metric, fill func(pcommon.Value)) {
		fill(m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Exemplars().AppendEmpty().FilteredAttributes().PutEmpty("a"))
	})},
}

type putter = func(fill func(pcommon.Value)) (proto, json []byte, err error)

func traces(build func(ptrace.Traces, func(pcommon.Value))) putter {
	return func(fill func(pcommon.Value)) ([]byte, []byte, error) {
		td := ptrace.NewTraces()
		build(td, fill)
		request := ptraceotlp.NewExportRequestFromTraces(td)
		proto, err := request.MarshalProto()
		if err != nil {
			return nil, nil, err
		}
		json, err := request.MarshalJSON()
		return proto, json, err
	}
}

func span(build func(ptrace.Span, func(pcommon.Value))) putter {
	return traces(func(td ptrace.Traces, fill func(pcommon.Value)) {
		build(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty(), fill)
	})
}

func record(build func(plog.LogRecord, func(pcommon.Value))) putter {
	return func(fill func(pcommon.Value)) ([]byte, []byte, error) {
		ld := plog.NewLogs()
		build(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty(), fill)
		request := plogotlp.NewExportRequestFromLogs(ld)
		proto, err := request.MarshalProto()
		if err != nil {
			return nil, nil, err
		}
		json, err := request.MarshalJSON()
		return proto, json, err
	}
}

func metric(build func(pmetric.Metric, func(pcommon.Value))) putter {
	return func(fill func(pcommon.Value)) ([]byte, []byte, error) {
		md := pmetric.NewMetrics()
		build(md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty(), fill)
		request := pmetricotlp.NewExportRequestFromMetrics(md)
		proto, err := request.MarshalProto()
		if err != nil {
			return nil, nil, err
		}
		json, err := request.MarshalJSON()
		return proto, json, err
	}
}

func TestEveryPlaceOfAValue(t *testing.T) {
	for name, place := range places {
		for _, maps := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " maps ", maps), func(t *testing.T) {
				for levels := 1; levels < 12; levels++ {
					proto, json, err := place.put(func(v pcommon.Value) { nest(v, levels, maps) })
					require.NoError(t, err)
					for _, signal := range []Signal{place.signal, Unknown} {
						assert.Equal(t, levels > 6, OTLP(proto, signal, 6), "%d levels, signal %d", levels, signal)
					}
					assert.False(t, JSON(json, JSONLevels(levels)), "%d levels of JSON", levels)
				}
				_, json, err := place.put(func(v pcommon.Value) { nest(v, 100, maps) })
				require.NoError(t, err)
				assert.True(t, JSON(json, JSONLevels(6)))
			})
		}
	}
}

func TestProfilesDictionary(t *testing.T) {
	value := []byte{0x0A, 1, 'x'}
	for range 9 {
		value = field(5, field(1, value))
	}
	request := field(2, field(6, field(2, value))) // dictionary, attribute table, value
	assert.True(t, OTLP(request, Profiles, 9))
	assert.True(t, OTLP(request, Unknown, 9))
	assert.False(t, OTLP(request, Profiles, 10))
}

// field encodes a field of bytes.
func field(number uint64, content []byte) []byte {
	out := binary.AppendUvarint(nil, number<<3|bytesField)
	out = binary.AppendUvarint(out, uint64(len(content)))
	return append(out, content...)
}

func TestJSON(t *testing.T) {
	for in, want := range map[string]bool{
		`{"a":[{"b":1}]}`:                     false,
		`{"a":[{"b":[]}]}`:                    true,
		`{"a":"[[[[{{{{"}`:                    false,
		`{"a":"\"[[[[\\"}`:                    false,
		`{"a":"\\"},[[[[`:                     true,
		`[][][][][]`:                          false,
		`]]]][[[[[[[[`:                        true,
		`"`:                                   false,
		`"\`:                                  false,
		strings.Repeat("[", 1_000_000):        true,
		strings.Repeat(`{"a":`, 400_000):      true,
		`{"a":"` + strings.Repeat("[", 1<<20): false,
	} {
		assert.Equal(t, want, JSON([]byte(in), 3), "%.20s", in)
	}
}

// TestStringsAreNotValues: bytes of a string that look like a deep value are not one.
func TestStringsAreNotValues(t *testing.T) {
	deepValue := []byte{0x0A, 1, 'x'}
	for range 200 {
		deepValue = field(5, field(1, deepValue))
	}
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetName(string(deepValue))
	s.Attributes().PutStr("k", string(deepValue))
	s.Attributes().PutEmptyBytes("b").FromRaw(deepValue)
	s.TraceState().FromRaw(string(deepValue))
	proto, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	require.NoError(t, err)
	assert.False(t, OTLP(proto, Traces, 2))
}

// levels is how deep the values of traces nest.
func levels(td ptrace.Traces) int {
	most := 0
	var value func(v pcommon.Value, depth int)
	value = func(v pcommon.Value, depth int) {
		switch v.Type() {
		case pcommon.ValueTypeEmpty: // may be a value that is not there
			return
		case pcommon.ValueTypeMap:
			for _, inner := range v.Map().All() {
				value(inner, depth+1)
			}
		case pcommon.ValueTypeSlice:
			for _, inner := range v.Slice().All() {
				value(inner, depth+1)
			}
		}
		most = max(most, depth)
	}
	attributes := func(m pcommon.Map) {
		for _, v := range m.All() {
			value(v, 1)
		}
	}
	for _, rs := range td.ResourceSpans().All() {
		attributes(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			attributes(ss.Scope().Attributes())
			for _, s := range ss.Spans().All() {
				attributes(s.Attributes())
				for _, e := range s.Events().All() {
					attributes(e.Attributes())
				}
				for _, l := range s.Links().All() {
					attributes(l.Attributes())
				}
			}
		}
	}
	return most
}

// same checks that what passes is not deeper when pdata has decoded it.
func same(t *testing.T, data []byte) {
	t.Helper()
	const most = 3
	refused := OTLP(data, Traces, most)
	request := ptraceotlp.NewExportRequest()
	if request.UnmarshalProto(data) != nil {
		return
	}
	if got := levels(request.Traces()); !refused && got > most {
		t.Fatalf("%x: %d levels have passed", data, got)
	}
}

func seeds(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, place := range places {
		if place.signal == Traces {
			proto, _, err := place.put(func(v pcommon.Value) { nest(v, 5, len(all)%2 == 0) })
			require.NoError(t, err)
			all = append(all, proto)
		}
	}
	value := field(5, field(1, field(5, field(1, field(5, field(1, field(5, field(1, []byte{0x0A, 1, 'x'}))))))))
	group := append([]byte{0x7B, 0x08, 1}, field(1, field(2, field(2, field(9, field(2, value)))))...) // a group whose first field ends it
	long := field(1, field(2, field(2, append([]byte{0x80 | 9<<3 | bytesField, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7E}, field(9, field(2, value))[1:]...))))
	return append(all, group, long)
}

func TestSameAsPdata(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, seed := range seeds(t) {
		same(t, seed)
		for range 3000 {
			data := append([]byte(nil), seed...)
			for range 1 + rng.IntN(3) {
				data[rng.IntN(len(data))] = byte(rng.Uint32())
			}
			same(t, data)
		}
	}
}

func FuzzSameAsPdata(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(same)
}

func BenchmarkOTLP(b *testing.B) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range 1000 {
		s := spans.AppendEmpty()
		s.SetName("predict")
		for i := range 20 {
			s.Attributes().PutDouble(fmt.Sprintf("ml.feature.%d", i), float64(i))
		}
	}
	request := ptraceotlp.NewExportRequestFromTraces(td)
	proto, err := request.MarshalProto()
	require.NoError(b, err)
	json, err := request.MarshalJSON()
	require.NoError(b, err)
	b.Run("proto", func(b *testing.B) {
		b.SetBytes(int64(len(proto)))
		b.ReportAllocs()
		for b.Loop() {
			OTLP(proto, Traces, 64)
		}
	})
	b.Run("json", func(b *testing.B) {
		b.SetBytes(int64(len(json)))
		b.ReportAllocs()
		for b.Loop() {
			JSON(json, 336)
		}
	})
	b.Run("pdata's decoding", func(b *testing.B) {
		b.SetBytes(int64(len(proto)))
		for b.Loop() {
			_ = ptraceotlp.NewExportRequest().UnmarshalProto(proto)
		}
	})
}
