// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// kindLLM is what OpenInference calls a language model that judges.
const kindLLM = "LLM"

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func options() Options {
	return Options{
		Panes:     pane.Options{Window: eventtime.Window{Length: time.Hour}, Lateness: time.Minute, Keep: 24 * time.Hour},
		Level:     0.95,
		MaxSeries: 100,
		MaxCounts: 8,
	}
}

func answered(version string, after time.Duration, segments ...string) *answer.Answer {
	return &answer.Answer{
		Identity: prediction.Identity{Name: "gpt-5", Version: version}, Segments: segments, Time: noon.Add(after).UnixNano(), Weight: 1,
	}
}

func scored(evaluator string, score float64, label string) *Judgement {
	return &Judgement{Source: Source{Evaluator: evaluator, Kind: kindLLM}, Score: score, HasScore: true, Label: label}
}

// row is a result in a form that tests can compare.
type row struct {
	evaluator, version, segment string
	n, mean                     float64
	counts                      string
}

func rows(t *Table, now time.Time) (out []row) {
	t.Results(now, func(r *Result) {
		counts := ""
		for _, c := range slices.SortedFunc(slices.Values(r.Counts), func(a, b Count) int {
			return slices.Compare([]string{a.Label, a.ErrorType}, []string{b.Label, b.ErrorType})
		}) {
			if c.N > 0 {
				counts += fmt.Sprintf("%s%s%v=%d ", c.Label, c.ErrorType, map[bool]string{true: "*"}[c.Other], c.N)
			}
		}
		mean := r.Score.Point
		if math.IsNaN(mean) {
			mean = -1
		}
		out = append(out, row{r.Evaluator, r.Version, r.Segment, r.Score.N, mean, counts})
	})
	return out
}

func TestScoresByEvaluatorModelAndSegment(t *testing.T) {
	table := NewTable(options())
	for i, score := range []float64{0.2, 0.4, 0.9} {
		table.Judge(answered("a", time.Duration(i)*time.Minute, "country=DE"), scored("relevance", score, "ok"), noon)
	}
	table.Judge(answered("b", time.Minute), scored("relevance", 1, "good"), noon)
	table.Judge(answered("b", time.Minute), scored("toxic", 0, ""), noon)
	table.Judge(answered("b", time.Minute), &Judgement{Source: Source{Evaluator: "toxic", Kind: kindLLM}, ErrorType: "timeout"}, noon)
	table.Judge(answered("b", time.Minute), &Judgement{Source: Source{Evaluator: "user", Kind: kindHuman}, Label: "thumbs-up"}, noon)

	assert.Equal(t, []row{
		{"relevance", "a", "", 3, 0.5, "ok=3 "},
		{"relevance", "a", "country=DE", 3, 0.5, "ok=3 "},
		{"relevance", "b", "", 1, 1, "good=1 "},
		{"toxic", "b", "", 1, 0, "=1 timeout=1 "},
		{"user", "b", "", 0, -1, "thumbs-up=1 "},
	}, rows(table, noon))
}

func TestIntervalOfTheMean(t *testing.T) {
	table := NewTable(options())
	for i := range 10 {
		table.Judge(answered("a", 0), scored("pass", float64(i%2), ""), noon)
		table.Judge(answered("a", 0), scored("stars", float64(1+i%5), ""), noon)
	}
	table.Results(noon, func(r *Result) {
		switch r.Evaluator {
		case "pass": // Wilson: statsmodels' proportion_confint(5, 10, method="wilson")
			assert.InDelta(t, 0.5, r.Score.Point, 1e-12)
			assert.InDelta(t, 0.23659309, r.Score.Lower, 1e-8)
			assert.InDelta(t, 0.76340691, r.Score.Upper, 1e-8)
		case "stars":
			assert.InDelta(t, 3, r.Score.Point, 1e-12)
			assert.InDelta(t, 3-1.96*math.Sqrt(2.0/9), r.Score.Lower, 1e-3)
		}
		assert.Equal(t, noon.Add(5*time.Minute).UnixNano(), r.End)
		assert.Equal(t, noon.Add(-55*time.Minute).UnixNano(), r.Start)
		assert.Equal(t, noon.UnixNano(), r.Since)
	})
}

func TestWeightOfSampledAnswers(t *testing.T) {
	table := NewTable(options())
	a := answered("a", 0)
	a.Weight = 3
	table.Judge(a, scored("relevance", 1, "x"), noon)
	a.Weight = 0
	table.Judge(a, scored("relevance", 0, "x"), noon)
	got := rows(table, noon)
	assert.Equal(t, 0.75, got[0].mean)
	assert.Equal(t, "x=2 ", got[0].counts)
}

func TestWindowSlidesWhileCountsStay(t *testing.T) {
	table := NewTable(options())
	table.Judge(answered("a", 0), scored("relevance", 1, "ok"), noon)
	table.Judge(answered("a", 2*time.Hour), scored("relevance", 0, "ok"), noon.Add(2*time.Hour))
	assert.Equal(t, []row{{"relevance", "a", "", 1, 0, "ok=2 "}}, rows(table, noon.Add(2*time.Hour)))
}

func TestAnAnswerThatIsFinalIsNotJudgedAgain(t *testing.T) {
	table := NewTable(options())
	old := answered("a", 0)
	table.Judge(old, scored("relevance", 1, "ok"), noon)
	late := noon.Add(26 * time.Hour)
	table.Judge(answered("a", 26*time.Hour), scored("relevance", 0, "ok"), late)
	before := rows(table, late)
	table.Unjudge(old, scored("relevance", 1, "ok"))
	table.Judge(old, scored("relevance", 0.5, "so-so"), late)
	assert.Equal(t, before, rows(table, late))
	assert.EqualValues(t, 1, table.Stats().Late)

	table.Judge(answered("a", 27*time.Hour), scored("relevance", 0, "ok"), late)
	assert.EqualValues(t, 2, table.Stats().Late, "an answer of the future is none")
	table.Unjudge(&answer.Answer{Identity: prediction.Identity{Name: "other"}}, scored("relevance", 1, "ok"))
	table.Unjudge(answered("never", 26*time.Hour), scored("relevance", 1, "ok"))
	assert.Equal(t, before, rows(table, late))
}

func TestSeriesThatAreOverGo(t *testing.T) {
	table := NewTable(options())
	table.Judge(answered("a", 0), scored("relevance", 1, "ok"), noon)
	table.Judge(answered("b", 26*time.Hour), scored("relevance", 1, "ok"), noon.Add(26*time.Hour))
	assert.Equal(t, 2, table.Stats().Series)
	assert.Equal(t, []row{{"relevance", "b", "", 1, 1, "ok=1 "}}, rows(table, noon.Add(26*time.Hour)))
	assert.Equal(t, 1, table.Stats().Series)
	assert.Len(t, table.models, 1)
}

// closed are the windows that Closed gives, with their scores.
func closed(t *Table, now time.Time) (out []string) {
	t.Closed(now, false, func(r *Result) {
		out = append(out, fmt.Sprintf("%s to %s: %v of %v", time.Unix(0, r.Start).UTC().Format("15:04"), time.Unix(0, r.End).UTC().Format("15:04"), r.Score.Point, r.Score.N))
	})
	return out
}

func TestClosedWindows(t *testing.T) {
	o := options()
	o.Closed = true
	table := NewTable(o)
	first := answered("a", 10*time.Minute)
	now := noon.Add(3 * time.Hour)
	table.Judge(first, scored("relevance", 1, "ok"), now)
	assert.Empty(t, closed(table, now))
	table.Judge(answered("a", 50*time.Minute), scored("relevance", 0.5, "ok"), now)
	table.Judge(answered("a", 2*time.Hour), scored("relevance", 0, "ok"), now)
	table.Judge(answered("a", 3*time.Hour), scored("relevance", 0, "ok"), now)
	again := NewTable(o)
	require.NoError(t, again.Restore(table.Snapshot()))
	for _, table := range []*Table{table, again} {
		assert.Equal(t, []string{"12:00 to 13:00: 0.75 of 2"}, closed(table, now), "of 14:00 more may come for a minute")
		assert.Empty(t, closed(table, now), "it is as it was given")

		table.Unjudge(first, scored("relevance", 1, "ok"))
		table.Judge(first, scored("relevance", 0.5, "ok"), now)
		assert.Equal(t, []string{"12:00 to 13:00: 0.5 of 2"}, closed(table, now))
		table.Judge(answered("a", 3*time.Hour+5*time.Minute), scored("relevance", 0, "ok"), now)
		assert.Equal(t, []string{"14:00 to 15:00: 0 of 1"}, closed(table, now))

		// Months go by before the next call.
		far := noon.Add(90 * 24 * time.Hour)
		for day := range 90 {
			table.Judge(answered("a", time.Duration(24*day)*time.Hour), scored("relevance", 1, "ok"), far)
		}
		assert.Len(t, closed(table, far), 90, "every day but the last, and what began at 15:00")
		assert.Empty(t, closed(table, far))
		for _, of := range table.models[modelKey{name: "gpt-5"}].subjects {
			assert.Less(t, of[""].panes.Len(), 4, "what was given goes")
		}
	}
}

// A month is longer than answers are waited for.
func TestAWindowIsKeptWhole(t *testing.T) {
	o := options()
	o.Panes.Window = eventtime.Window{Calendar: "month"}
	table := NewTable(o)
	now := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	for day := range 28 {
		table.Judge(answered("a", -time.Duration(24*(day-4))*time.Hour), scored("relevance", float64(day%2), "ok"), now)
	}
	got := rows(table, now)
	require.Len(t, got, 1)
	assert.InDelta(t, 28, got[0].n, 1e-9)
	assert.Equal(t, got, rows(table, now))
	table.Judge(answered("a", -23*24*time.Hour), scored("relevance", 1, "ok"), now)
	assert.InDelta(t, 29, rows(table, now)[0].n, 1e-9, "an answer of the window is not final")
}

func TestLimits(t *testing.T) {
	o := options()
	o.MaxSeries, o.MaxCounts = 3, 2
	table := NewTable(o)
	for _, label := range []string{"x", "y", "z", "w"} {
		table.Judge(answered("a", 0, "s=1", "s=2", "s=3"), scored("relevance", 1, label), noon)
	}
	other := answered("a", 0)
	other.Name = "other"
	table.Judge(other, scored("relevance", 1, "x"), noon)
	assert.Equal(t, []row{
		{"relevance", "a", "", 4, 1, "*=2 x=1 y=1 "},
		{"relevance", "a", "s=1", 4, 1, "*=2 x=1 y=1 "},
		{"relevance", "a", "s=2", 4, 1, "*=2 x=1 y=1 "},
		{"", "", "", 0, 0, "=5 "},
	}, rows(table, noon))
	assert.Equal(t, TableStats{Series: 3, Overflowed: 5, Counts: 6}, table.Stats())

	table.Unjudge(answered("a", 0, "s=1", "s=2", "s=3"), scored("relevance", 1, "w"))
	assert.Equal(t, row{"relevance", "a", "", 3, 1, "*=1 x=1 y=1 "}, rows(table, noon)[0])
	assert.Len(t, table.models, 1, "a model without a series is not kept")
}

// random returns judgements of answers of a day.
func random(r *rand.Rand, n int) (answers []*answer.Answer, judgements []*Judgement) {
	for range n {
		a := answered([]string{"a", "b"}[r.IntN(2)], -time.Duration(r.IntN(1200))*time.Minute, []string{"s=1", "s=2"}[:r.IntN(3)]...)
		a.Weight = float64(1 + r.IntN(3))
		j := scored([]string{"relevance", "toxic"}[r.IntN(2)], float64(r.IntN(10))/8, []string{"", "x", "y", "z"}[r.IntN(4)])
		if r.IntN(10) == 0 {
			*j = Judgement{Source: j.Source, ErrorType: "timeout"}
		}
		answers, judgements = append(answers, a), append(judgements, j)
	}
	return answers, judgements
}

func TestUnjudgeTakesBackWhatJudgeCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	answers, judgements := random(r, 2000)
	some, all := NewTable(options()), NewTable(options())
	kept := r.Perm(len(answers))[:700]
	newest, at := answered("a", 0), scored("relevance", 1, "x") // the same clock
	some.Judge(newest, at, noon)
	for _, i := range kept {
		some.Judge(answers[i], judgements[i], noon)
	}
	for i := range answers {
		all.Judge(answers[i], judgements[i], noon)
	}
	all.Judge(newest, at, noon)
	for i := range answers {
		if !slices.Contains(kept, i) {
			all.Unjudge(answers[i], judgements[i])
		}
	}
	want, got := rows(some, noon), rows(all, noon)
	require.Len(t, got, len(want))
	for i := range want {
		assert.InDelta(t, want[i].mean, got[i].mean, 1e-12)
		want[i].mean, got[i].mean = 0, 0
		assert.Equal(t, want[i], got[i])
	}

	for _, i := range kept {
		all.Unjudge(answers[i], judgements[i])
	}
	all.Unjudge(newest, at)
	for _, x := range rows(all, noon) {
		assert.Zero(t, x.n)
		assert.Empty(t, x.counts)
	}
}

func BenchmarkJudge(b *testing.B) {
	answers, judgements := random(rand.New(rand.NewPCG(1, 2)), 1000)
	table := NewTable(options())
	for i := range answers {
		table.Judge(answers[i], judgements[i], noon)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		table.Judge(answers[i%1000], judgements[i%1000], noon)
	}
}

// Evaluators that somebody makes up leave their places to others after an hour, before one that speaks
// once a night does.
func TestMadeUpEvaluatorsTakeNoPlaces(t *testing.T) {
	o := options()
	o.MaxSeries = 3
	table := NewTable(o)
	judge := func(evaluator string, now time.Time) (counted bool) {
		before := table.Stats().Overflowed
		table.Judge(answered("1", 0), scored(evaluator, 0.5, "good"), now)
		return table.Stats().Overflowed == before
	}
	for range 10 {
		assert.True(t, judge("nightly", noon))
	}
	for i := range 100 {
		assert.Equal(t, i < 2, judge(fmt.Sprint("made up ", i), noon.Add(time.Minute)))
	}
	later := noon.Add(2 * time.Hour)
	assert.True(t, judge("new", later))
	assert.True(t, judge("newer", later))
	assert.False(t, judge("newest", later))
	assert.EqualValues(t, 2, table.Stats().Evicted)
	evaluators := map[string]bool{}
	for _, r := range rows(table, later) {
		evaluators[r.evaluator] = true
	}
	assert.Equal(t, map[string]bool{"nightly": true, "new": true, "newer": true, "": true}, evaluators, "and what found no room")
}
