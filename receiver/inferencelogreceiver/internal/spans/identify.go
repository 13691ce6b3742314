// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spans

import (
	"crypto/sha256"
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
)

// identify sets ids that are the same when the events are delivered again. The time is part of
// them: clients choose the ids of their requests and may choose one twice.
func identify(span ptrace.Span, key call.Key, c *call.Call, parts Parts) {
	var text [len(key) + 9]byte
	copy(text[:], key[:])
	binary.LittleEndian.PutUint64(text[len(key):], uint64(c.Stamp))
	if parts == ResponseOnly {
		text[len(text)-1] = 1
	}
	sum := sha256.Sum256(text[:])
	trace := c.TraceID
	if trace.IsEmpty() {
		trace = pcommon.TraceID(sum[:16])
	}
	span.SetTraceID(trace)
	span.SetSpanID(pcommon.SpanID(sum[16:24]))
	span.SetParentSpanID(c.Parent)
}
