// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// spansOf returns a request of 100 spans with 30 attributes each.
func spansOf(scope string, fill func(i int, attrs pcommon.Map)) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(scope)
	for i := range 100 {
		s := ss.Spans().AppendEmpty()
		s.SetName("chat gpt-4o-mini")
		fill(i, s.Attributes())
	}
	return td
}

func foreign(_ int, attrs pcommon.Map) {
	for _, k := range []string{
		"http.request.method", "http.response.status_code", "http.route", "url.full", "url.scheme", "url.path", "url.query", "server.address", "server.port",
		"client.address", "client.port", "network.peer.address", "network.peer.port", "network.protocol.name", "network.protocol.version", "network.transport",
		"user_agent.original", "thread.id", "thread.name", "code.function.name", "code.file.path", "code.line.number", "db.system.name", "db.operation.name",
		"db.query.text", "db.namespace", "messaging.system", "enduser.id", "http.request.body.size", "http.response.body.size",
	} {
		attrs.PutStr(k, "/a/value")
	}
}

func openInference(_ int, attrs pcommon.Map) {
	for k, v := range map[string]string{
		"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini-2024-07-18", "llm.system": "openai", "llm.finish_reason": "stop",
		"llm.invocation_parameters": `{"model":"gpt-4o-mini","temperature":0.2,"max_tokens":50}`, "input.mime_type": "application/json", "output.mime_type": "application/json",
		"session.id": "s-1", "user.id": "u-1", "input.value": `{"messages":[]}`, "output.value": `{"choices":[]}`,
	} {
		attrs.PutStr(k, v)
	}
	for i, k := range []string{
		"llm.token_count.prompt", "llm.token_count.completion", "llm.token_count.total", "llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.audio",
		"llm.token_count.completion_details.audio", "llm.token_count.completion_details.reasoning",
	} {
		attrs.PutInt(k, int64(10+i))
	}
	for i := range 5 {
		attrs.PutStr(fmt.Sprintf("llm.input_messages.%d.message.role", i), "user")
		attrs.PutStr(fmt.Sprintf("llm.input_messages.%d.message.content", i), "What is the capital of France?")
	}
	attrs.PutStr("llm.output_messages.0.message.role", "assistant")
	attrs.PutStr("llm.output_messages.0.message.content", "Paris is the capital of France.")
}

func handwritten(i int, attrs pcommon.Map) {
	attrs.PutStr("model.name", "fraud")
	attrs.PutStr("model_version", "7")
	attrs.PutStr("prediction", "ok")
	attrs.PutStr("confidence", "0.9")
	for f := range 26 {
		attrs.PutDouble(fmt.Sprintf("features.feature_%02d", f), float64(i+f))
	}
}

func vocabulary(i int, attrs pcommon.Map) {
	attrs.PutStr("ml.model.name", "fraud")
	attrs.PutStr("ml.model.version", "7")
	attrs.PutStr("ml.prediction.class", "ok")
	attrs.PutDouble("ml.prediction.confidence", 0.9)
	attrs.PutStr("deployment.environment.name", "production")
	attrs.PutStr("ml.segment.country", "DE")
	for f := range 24 {
		attrs.PutDouble(fmt.Sprintf("ml.feature.feature_%02d", f), float64(i+f))
	}
}

// withContent is a call with prompts, tools and an answer, among 30 attributes.
func withContent(i int, attrs pcommon.Map) {
	attrs.PutStr("gen_ai.operation.name", "chat")
	attrs.PutStr("gen_ai.provider.name", "openai")
	attrs.PutStr("gen_ai.request.model", "gpt-4o-mini")
	attrs.PutStr("gen_ai.response.model", "gpt-4o-mini-2024-07-18")
	attrs.PutInt("gen_ai.usage.input_tokens", int64(i))
	attrs.PutStr("gen_ai.input.messages", `[{"role":"user","parts":[{"content":"hello"}]}]`)
	attrs.PutStr("gen_ai.output.messages", `[{"role":"assistant","parts":[{"content":"hello"}]}]`)
	attrs.PutStr("gen_ai.tool.definitions", "[]")
	attrs.PutStr("traceloop.association.properties.tenant", "acme")
	for f := range 21 {
		attrs.PutStr(fmt.Sprintf("http.request.attribute_%02d", f), "value")
	}
}

// BenchmarkDrop measures what drop_content takes of a span of 30 attributes, over copying and reading
// it.
func BenchmarkDrop(b *testing.B) {
	for _, c := range []struct {
		name string
		fill func(int, pcommon.Map)
	}{{"foreign", foreign}, {"vocabulary", vocabulary}, {"gen_ai", withContent}} {
		for mode, drop := range map[string]Drop{"off": DropNothing, "true": DropContent, "strict": DropUnknown} {
			b.Run(c.name+"/"+mode, func(b *testing.B) {
				e := engine(b, Options{Drop: drop})
				td, work := spansOf("x", c.fill), ptrace.NewTraces()
				b.ReportAllocs()
				for b.Loop() {
					td.CopyTo(work)
					e.Traces(work, nil, func(*Stats) {})
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/span")
			})
		}
	}
}

// BenchmarkTraces measures a span of 30 attributes. A foreign one, and one in the vocabulary
// already, must cost next to nothing and allocate nothing.
func BenchmarkTraces(b *testing.B) {
	for _, c := range []struct {
		name, scope string
		fill        func(int, pcommon.Map)
		copies      bool
	}{
		{"foreign", "@opentelemetry/instrumentation-http", foreign, false},
		{"vocabulary", "fraud-service", vocabulary, false},
		{"openinference", "@arizeai/openinference-instrumentation-openai", openInference, true},
		{"handwritten", "fraud-service", handwritten, true},
		{"copy alone", "@arizeai/openinference-instrumentation-openai", openInference, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := engine(b, Options{})
			td := spansOf(c.scope, c.fill)
			b.ReportAllocs()
			for b.Loop() {
				work := td
				if c.copies {
					work = ptrace.NewTraces()
					td.CopyTo(work)
				}
				if c.name != "copy alone" {
					e.Traces(work, nil, func(*Stats) {})
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/span")
		})
	}
}

// TestForeignAllocatesNothing keeps the benchmark's promise.
func TestForeignAllocatesNothing(t *testing.T) {
	e := engine(t, Options{})
	for name, td := range map[string]ptrace.Traces{"foreign": spansOf("x", foreign), "vocabulary": spansOf("x", vocabulary)} {
		e.Traces(td, nil, func(*Stats) {})
		report := func(s *Stats) {
			if s.Foreign != 100 {
				t.Errorf("%s: %d foreign spans", name, s.Foreign)
			}
		}
		// Under the race detector a pool forgets at random; what spans allocate would be 100 and
		// more.
		if n := testing.AllocsPerRun(20, func() { e.Traces(td, nil, report) }); n >= 50 {
			t.Errorf("%s: %v allocations in 100 spans", name, n)
		}
	}
}

// BenchmarkSystems measures how long it takes to find the systems that a span's name says, and its
// scope, which is looked at once.
func BenchmarkSystems(b *testing.B) {
	for _, scope := range []string{"@opentelemetry/instrumentation-http", "strands.telemetry.tracer"} {
		b.Run(scope, func(b *testing.B) {
			s := newState(engine(b, Options{Drop: DropContent}))
			s.resource.read(pcommon.NewMap())
			s.own.read(pcommon.NewMap())
			s.scope = pcommon.NewInstrumentationScope()
			s.scope.SetName(scope)
			s.settle()
			b.ReportAllocs()
			for b.Loop() {
				s.activate("chat gpt-4o-mini")
			}
		})
	}
}
