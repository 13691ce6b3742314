// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
)

var (
	trace, other        = pcommon.TraceID{15: 1}, pcommon.TraceID{15: 2}
	judged, own, parent = pcommon.SpanID{7: 1}, pcommon.SpanID{7: 2}, pcommon.SpanID{7: 3}
)

func newReader() *Reader { return NewReader(func() time.Time { return noon }) }

type attributes = map[string]any

// event is a log record of the conventions' example.
func event(t *testing.T, more attributes) plog.LogRecord {
	t.Helper()
	lr := plog.NewLogRecord()
	lr.SetEventName("gen_ai.evaluation.result")
	lr.SetTimestamp(7)
	lr.SetObservedTimestamp(8)
	lr.SetTraceID(trace)
	lr.SetSpanID(judged)
	raw := attributes{
		"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 4.0, "gen_ai.evaluation.score.label": "relevant",
		"gen_ai.evaluation.explanation": "secret", "gen_ai.response.id": "chatcmpl-123",
	}
	for k, v := range more {
		if v == nil {
			delete(raw, k)
		} else {
			raw[k] = v
		}
	}
	require.NoError(t, lr.Attributes().FromRaw(raw))
	return lr
}

func TestRecord(t *testing.T) {
	base := Judgement{
		Source: Source{Evaluator: "Relevance"}, Score: 4, HasScore: true, Label: "relevant",
		TraceID: trace, SpanID: judged, ResponseID: "chatcmpl-123", Time: 7,
	}
	with := func(change func(*Judgement)) *Judgement {
		j := base
		change(&j)
		return &j
	}
	for name, c := range map[string]struct {
		attributes attributes
		change     func(plog.LogRecord)
		want       *Judgement
		reason     Reason
	}{
		"the conventions' example": {want: &base},
		"the name as an attribute": {
			attributes: attributes{"event.name": "gen_ai.evaluation.result"},
			change:     func(lr plog.LogRecord) { lr.SetEventName("") }, want: &base,
		},
		"an integer": {attributes: attributes{"gen_ai.evaluation.score.value": 4}, want: &base},
		"a boolean": {
			attributes: attributes{"gen_ai.evaluation.score.value": true, "gen_ai.evaluation.score.label": false},
			want:       with(func(j *Judgement) { j.Score, j.Label = 1, "false" }),
		},
		"a label alone": {
			attributes: attributes{"gen_ai.evaluation.score.value": nil},
			want:       with(func(j *Judgement) { j.Score, j.HasScore = 0, false }),
		},
		"a score alone": {
			attributes: attributes{"gen_ai.evaluation.score.label": nil},
			want:       with(func(j *Judgement) { j.Label = "" }),
		},
		"an evaluator that has failed": {
			attributes: attributes{"error.type": "timeout", "gen_ai.evaluation.score.value": 0.0},
			want:       with(func(j *Judgement) { j.Score, j.HasScore, j.Label, j.ErrorType = 0, false, "", "timeout" }),
		},
		"failed, with a score that is none": {
			attributes: attributes{"error.type": "timeout", "gen_ai.evaluation.score.value": math.NaN()},
			want:       with(func(j *Judgement) { j.Score, j.HasScore, j.Label, j.ErrorType = 0, false, "", "timeout" }),
		},
		"no Timestamp": {change: func(lr plog.LogRecord) { lr.SetTimestamp(0) }, want: with(func(j *Judgement) { j.Time = 8 })},
		"no time": {
			change: func(lr plog.LogRecord) { lr.SetTimestamp(0); lr.SetObservedTimestamp(0) },
			want:   with(func(j *Judgement) { j.Time = noon.UnixNano() }),
		},
		"a time that is none": {
			change: func(lr plog.LogRecord) { lr.SetTimestamp(math.MaxUint64) },
			want:   with(func(j *Judgement) { j.Time = noon.UnixNano() }),
		},
		"the response alone": {
			change: func(lr plog.LogRecord) { lr.SetSpanID(pcommon.SpanID{}) },
			want:   with(func(j *Judgement) { j.TraceID, j.SpanID = pcommon.TraceID{}, pcommon.SpanID{} }),
		},
		"a span of no trace": {
			change: func(lr plog.LogRecord) { lr.SetTraceID(pcommon.TraceID{}) },
			want:   with(func(j *Judgement) { j.TraceID, j.SpanID = pcommon.TraceID{}, pcommon.SpanID{} }),
		},
		"long names": {
			attributes: attributes{"gen_ai.evaluation.name": strings.Repeat("x", 1000), "gen_ai.response.id": strings.Repeat("x", 1000)},
			want: with(func(j *Judgement) {
				j.Evaluator, _ = boundedname.Cut(strings.Repeat("x", 1000))
				j.ResponseID = ""
			}),
		},
		"a name with zero bytes": {attributes: attributes{"gen_ai.evaluation.name": "Rel\x00evance"}, want: &base},
		"no name":                {attributes: attributes{"gen_ai.evaluation.name": nil}, reason: NoName},
		"a name that is a list":  {attributes: attributes{"gen_ai.evaluation.name": []any{"x"}}, reason: NoName},
		"an explanation alone": {
			attributes: attributes{"gen_ai.evaluation.score.value": nil, "gen_ai.evaluation.score.label": nil}, reason: NoResult,
		},
		"NaN":            {attributes: attributes{"gen_ai.evaluation.score.value": math.NaN()}, reason: BadScore},
		"infinite":       {attributes: attributes{"gen_ai.evaluation.score.value": math.Inf(-1)}, reason: BadScore},
		"out of range":   {attributes: attributes{"gen_ai.evaluation.score.value": 1e13}, reason: BadScore},
		"a string":       {attributes: attributes{"gen_ai.evaluation.score.value": "0.9"}, reason: BadScore},
		"a trace, no id": {attributes: attributes{"gen_ai.response.id": nil}, change: func(lr plog.LogRecord) { lr.SetSpanID(pcommon.SpanID{}) }, reason: NoTarget},
	} {
		t.Run(name, func(t *testing.T) {
			lr := event(t, c.attributes)
			if c.change != nil {
				c.change(lr)
			}
			r := newReader()
			j, ok := r.Record(lr)
			if c.want != nil {
				require.True(t, ok)
				assert.Equal(t, *c.want, j)
				assert.Equal(t, Stats{Read: 1}, r.Stats)
				assert.NotContains(t, fmt.Sprint(j), "secret")
				return
			}
			assert.False(t, ok)
			want := Stats{}
			want.Unusable[c.reason] = 1
			assert.Equal(t, want, r.Stats)
		})
	}
}

func TestOtherRecordsAreNone(t *testing.T) {
	r := newReader()
	for _, name := range []string{"", "ml.ground_truth"} {
		lr := event(t, nil)
		lr.SetEventName(name)
		_, ok := r.Record(lr)
		assert.False(t, ok)
	}
	assert.Zero(t, r.Stats)
}

// span is one that ended at 9.
func span(t *testing.T, raw attributes, links ...pcommon.SpanID) ptrace.Span {
	t.Helper()
	s := ptrace.NewSpan()
	s.SetTraceID(trace)
	s.SetSpanID(own)
	s.SetParentSpanID(parent)
	s.SetStartTimestamp(3)
	s.SetEndTimestamp(9)
	require.NoError(t, s.Attributes().FromRaw(raw))
	for _, id := range links {
		l := s.Links().AppendEmpty()
		l.SetTraceID(other)
		l.SetSpanID(id)
	}
	return s
}

func addEvent(t *testing.T, s ptrace.Span, at pcommon.Timestamp, raw attributes) {
	t.Helper()
	e := s.Events().AppendEmpty()
	e.SetName("gen_ai.evaluation.result")
	e.SetTimestamp(at)
	require.NoError(t, e.Attributes().FromRaw(raw))
}

func TestSpanOfOpenInference(t *testing.T) {
	r := newReader()
	got := r.Span(span(t, attributes{
		"openinference.span.kind":                  "LLM",
		"annotations.0.annotation.name":            "hallucination",
		"annotations.0.annotation.score":           1,
		"annotations.0.annotation.label":           "hallucinated",
		"annotations.0.annotation.explanation":     "secret",
		"annotations.0.annotation.annotator_kind":  "LLM",
		"annotations.0.annotation.identifier":      "judge-v2",
		"annotations.0.annotation.metadata":        `{"secret":"2"}`,
		"evaluations.10.evaluation.name":           "correctness",
		"evaluations.10.evaluation.label":          "right",
		"evaluations.10.evaluation.annotator_kind": "HUMAN",
		"evaluations.2.evaluation.name":            "helpful",
		"evaluations.2.evaluation.score":           0.5,
		// The same in both forms is one, though one of them says less.
		"annotations.1.annotation.name":  "helpful",
		"annotations.1.annotation.score": 0.5,
		// Of two judges there are two.
		"annotations.2.annotation.name":           "hallucination",
		"annotations.2.annotation.score":          1,
		"annotations.2.annotation.label":          "hallucinated",
		"annotations.2.annotation.annotator_kind": "LLM",
		"annotations.2.annotation.identifier":     "judge-v3",
		// None of these is a judgement.
		"annotations.3.annotation.explanation":   "secret",
		"annotations.4.annotation.name":          "why",
		"annotations.4.annotation.explanation":   "secret",
		"annotations.x.annotation.name":          "no number",
		"annotations.5.evaluation.name":          "two forms",
		"annotations..annotation.name":           "no number",
		"annotations.12345678.annotation.name":   "a number too large",
		"trace.annotations.0.annotation.name":    "of the trace",
		"trace.annotations.0.annotation.score":   1,
		"session.evaluations.0.evaluation.name":  "of the session",
		"session.evaluations.0.evaluation.label": "good",
		"evaluation.name":                        "not listed",
		"evaluations":                            "x",
	}))
	at := func(name, kind, identifier string, score float64, has bool, label string) Judgement {
		return Judgement{Source: Source{name, kind, identifier}, Score: score, HasScore: has, Label: label, TraceID: trace, SpanID: own, Time: 9}
	}
	assert.Equal(t, []Judgement{
		at("helpful", "", "", 0.5, true, ""),
		at("correctness", "HUMAN", "", 0, false, "right"),
		at("hallucination", "LLM", "judge-v2", 1, true, "hallucinated"),
		at("hallucination", "LLM", "judge-v3", 1, true, "hallucinated"),
	}, got)
	assert.NotContains(t, fmt.Sprint(got), "secret")
	want := Stats{Read: 4}
	want.Unusable[NoName], want.Unusable[NoResult], want.Unusable[OtherScope] = 1, 1, 2
	assert.Equal(t, want, r.Stats)
}

func TestEventsOfASpan(t *testing.T) {
	r := newReader()
	s := span(t, attributes{
		"gen_ai.request.model": "gpt-5", "evaluations.0.evaluation.name": "Relevance", "evaluations.0.evaluation.score": 1,
		"evaluations.0.evaluation.annotator_kind": "LLM",
	})
	addEvent(t, s, 5, attributes{"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 1.0})
	addEvent(t, s, 6, attributes{"gen_ai.evaluation.name": "Fluency", "gen_ai.evaluation.score.value": 2.0, "gen_ai.evaluation.explanation": "secret"})
	addEvent(t, s, 0, attributes{"gen_ai.evaluation.name": "Fluency", "error.type": "RateLimitError"})
	s.Events().AppendEmpty().SetName("exception")
	got := r.Span(s)
	require.Len(t, got, 3)
	assert.Equal(t, Source{"Relevance", "LLM", ""}, got[0].Source)
	assert.Equal(t, Judgement{Source: Source{Evaluator: "Fluency"}, Score: 2, HasScore: true, TraceID: trace, SpanID: own, Time: 6}, got[1])
	assert.Equal(t, Judgement{Source: Source{Evaluator: "Fluency"}, ErrorType: "RateLimitError", TraceID: trace, SpanID: own, Time: 9}, got[2])
	assert.True(t, got[2].Failed())
	assert.Equal(t, Stats{Read: 3}, r.Stats)

	assert.Empty(t, r.Span(span(t, attributes{"gen_ai.request.model": "gpt-5"})))
}

func TestTarget(t *testing.T) {
	with := func(more attributes) attributes {
		raw := attributes{"evaluations.0.evaluation.name": "x", "evaluations.0.evaluation.label": "good"}
		maps.Copy(raw, more)
		return raw
	}
	carrier := with(attributes{"openinference.span.kind": "EVALUATOR"})
	self, linked, none := [2]any{trace, own}, [2]any{other, judged}, [2]any{}
	for name, c := range map[string]struct {
		span ptrace.Span
		want [2]any
	}{
		"the answer itself":                    {span(t, with(attributes{"openinference.span.kind": "LLM"})), self},
		"an answer of another dialect":         {span(t, with(attributes{"gen_ai.request.model": "gpt-5"})), self},
		"a span of no kind":                    {span(t, with(nil)), self},
		"a later evaluator":                    {span(t, carrier, judged), linked},
		"a later span of no kind":              {span(t, with(nil), judged), linked},
		"an evaluator with a model":            {span(t, with(attributes{"openinference.span.kind": "EVALUATOR", "gen_ai.request.model": "judge"}), judged), linked},
		"an answer that links to a message":    {span(t, with(attributes{"openinference.span.kind": "CHAIN"}), judged), self},
		"an answer, as ml_normalize leaves it": {span(t, with(attributes{"ml.model.name": "gpt-5"}), judged), self},
		"an evaluator without a link":          {span(t, carrier), none},
		"an evaluator with two links":          {span(t, carrier, judged, parent), none},
		"two links":                            {span(t, with(nil), judged, parent), none},
		"a link to nothing":                    {span(t, carrier, pcommon.SpanID{}), none},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReader()
			got := r.Span(c.span)
			if c.want == none {
				assert.Empty(t, got)
				assert.EqualValues(t, 1, r.Stats.Unusable[NoTarget])
				return
			}
			require.Len(t, got, 1)
			assert.Equal(t, c.want, [2]any{got[0].TraceID, got[0].SpanID})
		})
	}
}

func TestASpanThatStandsForAnEvent(t *testing.T) {
	raw := attributes{"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 0.5}
	s := span(t, raw)
	s.SetName("gen_ai.evaluation.result")
	r := newReader()
	got := r.Span(s)
	assert.Equal(t, []Judgement{{Source: Source{Evaluator: "Relevance"}, Score: 0.5, HasScore: true, TraceID: trace, SpanID: parent, Time: 9}}, got)

	s = span(t, raw, judged)
	s.SetName("gen_ai.evaluation.result")
	got = r.Span(s)
	require.Len(t, got, 1)
	assert.Equal(t, judged, got[0].SpanID)

	s = span(t, raw)
	s.SetName("gen_ai.evaluation.result")
	s.SetParentSpanID(pcommon.SpanID{})
	assert.Empty(t, r.Span(s))
	assert.EqualValues(t, 1, r.Stats.Unusable[NoTarget])
	s.Attributes().PutStr("gen_ai.response.id", "chatcmpl-123")
	require.Len(t, r.Span(s), 1, "the response says which")
}

func TestAtMostSoManyJudgementsOfASpan(t *testing.T) {
	raw := attributes{}
	for i := range MaxPerSpan + 10 {
		raw[fmt.Sprintf("evaluations.%d.evaluation.name", i)] = fmt.Sprint("e", i)
		raw[fmt.Sprintf("evaluations.%d.evaluation.label", i)] = "good"
	}
	s := span(t, raw)
	addEvent(t, s, 5, attributes{"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 1.0})
	r := newReader()
	got := r.Span(s)
	assert.LessOrEqual(t, len(got), MaxPerSpan)
	assert.EqualValues(t, MaxPerSpan+11, r.Stats.Read+r.Stats.Unusable[TooMany])
}

func TestReasonsHaveNames(t *testing.T) {
	names := map[string]bool{}
	for _, r := range Reasons() {
		names[r.String()] = true
	}
	assert.Len(t, names, int(numReasons))
	assert.NotContains(t, names, "")
}

func FuzzSpan(f *testing.F) {
	f.Add("evaluations.0.evaluation.name", "annotations.7.annotation.score", "x", 1.0, true)
	f.Add("trace.annotations.0.annotation.name", "evaluations.0.evaluation.label", "gen_ai.evaluation.result", math.NaN(), false)
	f.Fuzz(func(t *testing.T, key, second, text string, number float64, event bool) {
		s := ptrace.NewSpan()
		s.SetTraceID(trace)
		s.SetSpanID(own)
		s.SetName(text)
		s.Attributes().PutStr(key, text)
		s.Attributes().PutDouble(second, number)
		s.Attributes().PutStr("evaluations.0.evaluation.name", text)
		if event {
			e := s.Events().AppendEmpty()
			e.SetName("gen_ai.evaluation.result")
			e.Attributes().PutStr(key, text)
			e.Attributes().PutDouble("gen_ai.evaluation.score.value", number)
		}
		for _, j := range newReader().Span(s) {
			assert.NotEmpty(t, j.Evaluator)
			assert.NotEqual(t, j.Failed(), j.HasScore || j.Label != "")
			assert.LessOrEqual(t, math.Abs(j.Score), MaxScore)
			assert.LessOrEqual(t, max(len(j.Evaluator), len(j.Label), len(j.Kind), len(j.Identifier)), boundedname.Max)
			l := j.AsLabel()
			again, ok := FromLabel(&l)
			assert.True(t, ok)
			if j.ResponseID != "" && !j.SpanID.IsEmpty() {
				j.ResponseID = ""
			}
			assert.Equal(t, j, again)
		}
	})
}

func BenchmarkSpan(b *testing.B) {
	plain := ptrace.NewSpan()
	for i := range 24 {
		plain.Attributes().PutDouble(fmt.Sprintf("ml.feature.amount_of_%d_days_average", i), 1)
	}
	evaluated := ptrace.NewSpan()
	plain.CopyTo(evaluated)
	evaluated.SetTraceID(trace)
	evaluated.SetSpanID(own)
	evaluated.Attributes().PutStr("evaluations.0.evaluation.name", "relevance")
	evaluated.Attributes().PutDouble("evaluations.0.evaluation.score", 1)
	evaluated.Attributes().PutStr("evaluations.0.evaluation.annotator_kind", "LLM")
	for name, s := range map[string]ptrace.Span{"plain": plain, "evaluated": evaluated} {
		b.Run(name, func(b *testing.B) {
			r := newReader()
			b.ReportAllocs()
			for b.Loop() {
				r.Span(s)
			}
		})
	}
}
