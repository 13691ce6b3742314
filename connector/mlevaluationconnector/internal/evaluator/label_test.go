// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
)

func TestAJudgementWaitsAsALabel(t *testing.T) {
	scored := Judgement{
		Source: Source{"relevance", kindLLM, "judge-v2"}, Score: 0.5, HasScore: true, Label: "ok", TraceID: trace, SpanID: judged, Time: 7,
	}
	failed := Judgement{Source: scored.Source, ErrorType: "timeout", ResponseID: "chatcmpl-1", Time: 8}
	word := Judgement{Source: Source{Evaluator: "relevance"}, Label: "good", TraceID: trace, SpanID: judged, Time: 9}
	sets := map[string]bool{}
	for _, j := range []Judgement{scored, failed, word} {
		l := j.AsLabel()
		again, ok := FromLabel(&l)
		assert.True(t, ok)
		assert.Equal(t, j, again)
		assert.Equal(t, j.Time, l.Time.UnixNano())
		assert.EqualValues(t, 1, l.Weight)
		assert.True(t, IsJudgement(&l))
		sets[l.Set] = true

		l.Retracted = true
		_, ok = FromLabel(&l)
		assert.False(t, ok)
	}
	assert.Len(t, sets, 3, "none takes the place of another")

	later := scored
	later.Score, later.Time = 1, 9
	assert.Equal(t, scored.AsLabel().Set, later.AsLabel().Set, "a later one takes the place of the earlier one")

	both := scored
	both.ResponseID = "chatcmpl-1"
	l := both.AsLabel()
	assert.Empty(t, l.PredictionID, "the span finds the answer")
}

func TestALabelIsAJudgement(t *testing.T) {
	for name, c := range map[string]struct {
		label label.Label
		want  Judgement
		none  bool
	}{
		"a thumb":              {label: label.Label{Class: "up"}, want: Judgement{Source: Source{Evaluator: User, Kind: kindHuman}, Label: "up"}},
		"stars":                {label: label.Label{Class: "4", Value: 4, HasValue: true}, want: Judgement{Source: Source{Evaluator: User, Kind: kindHuman}, Score: 4, HasScore: true}},
		"of a source":          {label: label.Label{Class: "up", Source: "helpdesk"}, want: Judgement{Source: Source{Evaluator: "helpdesk"}, Label: "up"}},
		"of a set":             {label: label.Label{Class: "up", Set: "gold"}, want: Judgement{Source: Source{Evaluator: User, Kind: kindHuman}, Label: "up"}},
		"of a set that is odd": {label: label.Label{Class: "up", Set: "\x00x"}, want: Judgement{Source: Source{Evaluator: User, Kind: kindHuman}, Label: "up"}},
		"of a set, no kind":    {label: label.Label{Class: "up", Set: "\x00\x00x\x00"}, want: Judgement{Source: Source{Evaluator: User, Kind: kindHuman}, Label: "up"}},
		"retracted":            {label: label.Label{Retracted: true}, none: true},
		"of a ranking":         {label: label.Label{Relevances: []label.Relevance{{Item: "x"}}}, none: true},
	} {
		t.Run(name, func(t *testing.T) {
			j, ok := FromLabel(&c.label)
			assert.Equal(t, !c.none, ok)
			assert.False(t, IsJudgement(&c.label))
			if ok {
				assert.Equal(t, c.want, j)
			}
		})
	}
}
