// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Whatever is in a file: what scan passes over is not read, and what follows a whole record is found.
func FuzzScan(f *testing.F) {
	data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(request(start, predicts("7"), 1, 2))
	require.NoError(f, err)
	one := appendRecord(nil, spansRecord, data)
	f.Add(one)
	f.Add(append(append([]byte(mark+"rubbish"), one...), one[:40]...))
	f.Add([]byte(mark + mark + mark))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := 0
		end, corrupt := scan(data, func(_ kind, payload []byte) bool { read += headerSize + len(payload); return true })
		assert.LessOrEqual(t, read, end)
		assert.LessOrEqual(t, end, len(data))
		assert.LessOrEqual(t, corrupt, len(data))
		// What was cut reads the same again, and can be gone on with.
		again := 0
		whole := appendRecord(append([]byte{}, data[:end]...), caseRecord, []byte("x"))
		scan(whole, func(_ kind, payload []byte) bool { again += headerSize + len(payload); return true })
		if corrupt < maxAttempts/2 {
			assert.Equal(t, read+headerSize+1, again)
		}
	})
}

// What filter leaves is what a decoder finds of the spans that are kept.
func FuzzFilter(f *testing.F) {
	data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(request(start, predicts("7"), 1, 2, 1))
	require.NoError(f, err)
	f.Add(data, uint8(1))
	f.Add([]byte{10, 2, 18, 0}, uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, bits uint8) {
		n := -1
		kept, err := filter(nil, data, func([]byte) bool { n++; return bits>>(n%8)&1 == 1 })
		td, wrong := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil || wrong != nil {
			return
		}
		some, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(kept)
		require.NoError(t, err)
		i, want := -1, 0
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for range ss.Spans().All() {
					if i++; bits>>(i%8)&1 == 1 {
						want++
					}
				}
			}
		}
		assert.LessOrEqual(t, some.SpanCount(), want)
		if bits == 255 && want > 0 {
			_, err := filter(nil, kept, func([]byte) bool { return true })
			assert.NoError(t, err)
		}
	})
}
