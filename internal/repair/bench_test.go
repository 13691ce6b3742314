// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package repair

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// BenchmarkTraces looks at spans of 30 attributes in which there is nothing to do.
func BenchmarkTraces(b *testing.B) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range 100 {
		span := spans.AppendEmpty()
		span.SetName("predict")
		for i := range 15 {
			span.Attributes().PutStr(fmt.Sprintf("http.request.header.x-%02d", i), "value")
			span.Attributes().PutDouble(fmt.Sprintf("ml.feature.feature_%02d", i), 0.5)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if r := Traces(td); r.Strings > 0 {
			b.Fatal(r)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/span")
}
