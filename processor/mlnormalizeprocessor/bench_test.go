// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadata"
)

// request returns 100 spans of 30 attributes: of an LLM call as the GenAI conventions have it, or
// of no dialect.
func request(llm bool) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range 100 {
		attrs := spans.AppendEmpty().Attributes()
		if llm {
			attrs.PutStr("gen_ai.operation.name", "chat")
			attrs.PutStr("gen_ai.provider.name", "openai")
			attrs.PutStr("gen_ai.request.model", "gpt-4o-mini")
			attrs.PutStr("gen_ai.response.model", "gpt-4o-mini-2024-07-18")
			attrs.PutInt("gen_ai.usage.input_tokens", 412)
			attrs.PutInt("gen_ai.usage.output_tokens", 38)
		}
		for i := attrs.Len(); i < 30; i++ {
			attrs.PutStr(fmt.Sprintf("http.request.header.x-%02d", i), "value")
		}
	}
	return td
}

// BenchmarkConsumeTraces is the processor with its own telemetry; what is not copying is the
// engine's (internal/dialect has more).
func BenchmarkConsumeTraces(b *testing.B) {
	for name, llm := range map[string]bool{"foreign": false, "gen_ai": true} {
		b.Run(name, func(b *testing.B) {
			p, err := newTraces(processortest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config), consumertest.NewNop())
			require.NoError(b, err)
			require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
			original, td := request(llm), ptrace.NewTraces()
			b.ReportAllocs()
			for b.Loop() {
				original.CopyTo(td)
				if err := p.ConsumeTraces(b.Context(), td); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/span")
			require.NoError(b, p.Shutdown(b.Context()))
		})
	}
	b.Run("copy alone", func(b *testing.B) {
		original, td := request(true), ptrace.NewTraces()
		for b.Loop() {
			original.CopyTo(td)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/span")
	})
}
