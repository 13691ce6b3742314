// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// assistants lies over examples/llm: its interval is that of a demo, evaluators are counted, and there is a model of another kind, which
// predicts a number.
const assistants = `
extensions: {ml_catalog: {directory: %q}}
processors: {ml_contract: {}}
connectors:
  ml_summary:
    flush_interval: 1s
    feature_flush_interval: 1s
    detectors: [{type: page_hinkley, of: value, models: [eta]}]
  ml_evaluation: {emit_interval: 1s}
service:
  pipelines:
    traces: {processors: [memory_limiter, ml_normalize, ml_contract], exporters: [ml_summary, ml_evaluation]}
    metrics: {receivers: [ml_summary, ml_evaluation]}
`

// eta is the card of a model that says how many minutes a delivery takes.
const eta = `
kind: model
name: eta
contract:
  checks: [{feature: distance, type: number, not_missing: true}]
`

// An assistant is an application that asks a generative model.
type assistant struct {
	service, model, answers, provider string
	perSecond                         float64
	tokens, first                     float64 // of an answer, the median; the time to its first chunk, in seconds
}

var allAssistants = []assistant{
	{"support-bot", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai", 8, 120, 0.35},
	{"search", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai", 5, 40, 0.3},
	{"writer", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "anthropic", 3, 600, 0.8},
}

// prepareAssistants makes examples/llm ready.
func (s *stage) prepareAssistants() act {
	catalog := s.t.TempDir()
	require.NoError(s.t, os.CopyFS(catalog, os.DirFS(filepath.Join(processtest.RepoRoot(s.t), "examples", "llm", "catalog"))))
	require.NoError(s.t, os.WriteFile(filepath.Join(catalog, "eta.yaml"), []byte(eta), 0o600))
	return s.prepare("llm", "", fmt.Sprintf(assistants, catalog))
}

// playAssistants sends what applications that call generative models send, until the test ends: one in forty calls of one of them fails,
// and a judge says of one answer in three how relevant it is.
func (s *stage) playAssistants(a act) {
	s.collect(a)
	rng := rand.New(rand.NewPCG(1, 1))
	const every = 500 * time.Millisecond
	s.repeat(every, func(n int) {
		if err := traffic.Send(s.t.Context(), a.Moved("localhost:4317"), calls(rng, time.Now(), every), deliveries(rng, n, time.Now())); s.t.Context().Err() == nil {
			assert.NoError(s.t, err)
		}
	})
}

// calls are those that have ended in the time up to now.
func calls(rng *rand.Rand, now time.Time, during time.Duration) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, a := range allAssistants {
		spans := resource(td, a.service)
		for range int(a.perSecond*during.Seconds() + rng.Float64()) {
			a.call(rng, spans.AppendEmpty(), now.Add(-time.Duration(rng.Float64()*float64(during))))
		}
	}
	return td
}

// resource adds the spans of a service.
func resource(td ptrace.Traces, service string) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	rs.Resource().Attributes().PutStr("deployment.environment.name", "production")
	return rs.ScopeSpans().AppendEmpty().Spans()
}

// start gives a span its ids and times.
func start(rng *rand.Rand, span ptrace.Span, name string, end time.Time, took time.Duration) {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:], rng.Uint64())
	binary.BigEndian.PutUint64(id[8:], rng.Uint64()|1)
	span.SetTraceID(id)
	span.SetSpanID(pcommon.SpanID(id[8:]))
	span.SetName(name)
	span.SetKind(ptrace.SpanKindClient)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-took)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
}

// deliveries are predictions of the model eta: every twenty seconds it rains, and all takes longer. The distance is missing now and then.
func deliveries(rng *rand.Rand, n int, now time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := resource(td, "dispatch")
	for range 10 {
		span := spans.AppendEmpty()
		start(rng, span, "predict eta", now, time.Duration(5+rng.ExpFloat64()*3)*time.Millisecond)
		distance, weather := 2+rng.ExpFloat64()*3, "dry"
		minutes := 10 + 4*distance + rng.NormFloat64()
		if n/40%2 == 1 {
			weather = "rain"
			minutes += 15
		}
		attributes := span.Attributes()
		attributes.PutStr("ml.model.name", "eta")
		attributes.PutStr("ml.model.version", "1")
		attributes.PutDouble("ml.prediction.value", minutes)
		attributes.PutStr("ml.prediction.class", map[bool]string{true: "late", false: "in time"}[minutes > 40])
		attributes.PutStr("ml.feature.weather", weather)
		if rng.IntN(20) > 0 {
			attributes.PutDouble("ml.feature.distance", distance)
		}
	}
	return td
}

func (a assistant) call(rng *rand.Rand, span ptrace.Span, end time.Time) {
	about := func(median, spread float64) float64 { return median * math.Exp(rng.NormFloat64()*spread) }
	first, out, in := about(a.first, 0.4), about(a.tokens, 0.5), about(4*a.tokens, 0.6)
	start(rng, span, "chat "+a.model, end, time.Duration((first+out/80)*float64(time.Second)))
	attributes := span.Attributes()
	attributes.PutStr("gen_ai.operation.name", "chat")
	attributes.PutStr("gen_ai.provider.name", a.provider)
	attributes.PutStr("gen_ai.request.model", a.model)
	if a.provider == "anthropic" && rng.IntN(40) == 0 {
		attributes.PutStr("error.type", "rate_limit_error")
		span.Status().SetCode(ptrace.StatusCodeError)
		return
	}
	attributes.PutStr("gen_ai.response.model", a.answers)
	attributes.PutInt("gen_ai.usage.input_tokens", int64(in))
	attributes.PutInt("gen_ai.usage.output_tokens", int64(out))
	attributes.PutDouble("gen_ai.response.time_to_first_chunk", first)
	attributes.PutInt("ml.llm.input.characters", int64(4*in))
	attributes.PutInt("ml.llm.output.characters", int64(4*out))
	if rng.IntN(3) == 0 {
		judged := span.Events().AppendEmpty()
		judged.SetName("gen_ai.evaluation.result")
		judged.SetTimestamp(span.EndTimestamp())
		judged.Attributes().PutStr("gen_ai.evaluation.name", "relevance")
		judged.Attributes().PutDouble("gen_ai.evaluation.score.value", 1-math.Abs(rng.NormFloat64())*0.12)
	}
}
