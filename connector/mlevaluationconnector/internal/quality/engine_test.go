// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func days(n int) time.Duration { return time.Duration(n) * day }

// scored is an answer of the model fraud with a score.
func scored(version string, at time.Duration, class string, score float64) *answer.Answer {
	return &answer.Answer{
		Identity: prediction.Identity{Name: "fraud", Version: version}, Time: monday.Add(at).UnixNano(), Duration: -1, Weight: 1,
		Class: class, Score: score, HasScore: true,
	}
}

// after is a label that was known so long after the answer.
func after(a *answer.Answer, lag time.Duration, class string) *label.Label {
	return &label.Label{Class: class, Weight: 1, Time: time.Unix(0, a.Time).Add(lag)}
}

func results(e *Engine) (out []*Result) {
	e.Results(func(r *Result) { out = append(out, r) })
	return out
}

func score(t *testing.T, r *Result, m evaluation.Measure) evaluation.Score {
	t.Helper()
	for _, s := range r.Scores {
		if s.Measure == m && s.Class == "" && s.Average == "" {
			return s
		}
	}
	require.Fail(t, "no score", "%s of %v", m, r.Scores)
	return evaluation.Score{}
}

func TestOneWindow(t *testing.T) {
	e := New(Options{Maturity: day})
	for i := range 10 {
		a := scored("7", time.Duration(i)*time.Hour, []string{"0", "1"}[i%2], float64(i%2))
		a.Segments = []string{"country=DE"}
		e.Predict(a, monday.Add(day))
		if i < 8 {
			e.Label(a, after(a, time.Hour, []string{"0", "1"}[i/4]))
		}
	}
	e.Advance(monday.Add(day))
	got := results(e)
	require.Len(t, got, 2)
	for i, segment := range []string{"", "country=DE"} {
		r := got[i]
		assert.Equal(t, segment, r.Segment)
		assert.EqualValues(t, 10, r.Predicted)
		assert.EqualValues(t, 8, r.Labelled)
		assert.Equal(t, 0.8, r.Coverage)
		assert.Equal(t, 0.5, score(t, r, evaluation.MeasureFPR).Point)
		assert.Equal(t, 0.5, score(t, r, evaluation.MeasureROCAUC).Point)
		assert.EqualValues(t, 8, r.Total.Rows)
		assert.EqualValues(t, 8, r.Total.Lags[3])
		assert.Equal(t, 2.0, r.Total.Confusion.Weight("1", "0"))
	}
}

// Segments and identities beyond the limits are counted as such, and come in when others have gone.
func TestLimits(t *testing.T) {
	o := Options{Maturity: day, Window: eventtime.Window{Calendar: "day"}}
	o.Limits = Limits{Identities: 2, Segments: 3, Series: 4, Sets: 2}
	e := New(o)
	now := monday.Add(10 * day)
	for v := range 3 {
		for s := range 5 {
			a := scored(fmt.Sprint(v), time.Hour, "1", 0.5)
			a.Segments = []string{fmt.Sprint("s=", s)}
			e.Predict(a, now)
			l := after(a, 0, "1")
			l.Set = []string{"", "gold", "silver"}[s%3]
			e.Label(a, l)
		}
	}
	s := e.Stats()
	assert.Equal(t, 2, s.Identities)
	assert.Equal(t, 4, s.Segments, "three of the first, and one of the second")
	assert.EqualValues(t, 2+4+5, s.Predictions[Overflow])
	assert.EqualValues(t, 5+2*1, s.Labels[Overflow], "of the third, and of the third set")
	total := func() (n int64) {
		for _, r := range results(e) {
			if r.Segment == "" && r.Set == "" {
				n += r.Predicted
			}
		}
		return n
	}
	e.Advance(now)
	assert.EqualValues(t, 10, total(), "totals are whole")

	// A week later nothing is left of them.
	late := scored("3", 9*day, "1", 0.5)
	e.Predict(late, now)
	e.Predict(scored("1", 9*day, "1", 0.5), now)
	e.Advance(now)
	s = e.Stats()
	assert.Equal(t, 1, s.Identities)
	assert.Zero(t, s.Segments)
	e.Predict(late, now)
	assert.Equal(t, 2, e.Stats().Identities)
}

func TestWhatIsNotCounted(t *testing.T) {
	now := monday.Add(40 * day)
	e := New(Options{Maturity: day})
	e.SetTasks(func(id prediction.Identity) Task {
		return Task{Kind: map[string]catalog.Task{"numbers": catalog.Regression, "lists": catalog.Ranking, "fraud": catalog.BinaryClassification}[id.Name], Positive: "1"}
	})
	failed := scored("1", time.Hour, "", 0)
	failed.Failed = true
	unweighted := scored("1", time.Hour, "1", 0.5)
	unweighted.Weight = math.Inf(1)
	ahead := scored("1", 41*day, "1", 0.5)
	good := scored("1", time.Hour, "1", 0.5)
	newer := scored("1", 30*day, "1", 0.5)
	for _, a := range []*answer.Answer{failed, unweighted, ahead, good, newer} {
		e.Predict(a, now)
	}
	e.Advance(now)
	e.Predict(good, now)
	s := e.Stats().Predictions
	assert.Equal(t, [reasons]uint64{Failed: 1, Unusable: 1, Future: 1, Late: 1}, s)

	number, list := *newer, *newer
	number.Name, number.Class, number.Value, number.HasValue = "numbers", "", 3, true
	list.Name, list.Class, list.Ranking = "lists", "", []string{"a", "b"}
	unknown := *newer
	unknown.Name = "unknown"
	e.Predict(&number, now)
	e.Predict(&list, now)
	e.Predict(&unknown, now)
	label1 := func(a *answer.Answer, change func(*label.Label)) Reason {
		before := e.Stats().Labels
		l := after(a, time.Hour, "1")
		change(l)
		e.Label(a, l)
		after := e.Stats().Labels
		for r := range after {
			if after[r] != before[r] {
				return Reason(r)
			}
		}
		return Counted
	}
	asIs := func(*label.Label) {}
	assert.Equal(t, Failed, label1(failed, asIs))
	assert.Equal(t, Counted, label1(newer, asIs))
	assert.Equal(t, Late, label1(good, asIs))
	assert.Equal(t, Unusable, label1(newer, func(l *label.Label) { l.Weight = 0 }))
	assert.Equal(t, Mismatch, label1(newer, func(l *label.Label) { l.Class, l.Value, l.HasValue = "", 1, true }))
	assert.Equal(t, Mismatch, label1(&number, asIs))
	assert.Equal(t, Unusable, label1(&number, func(l *label.Label) { l.Value, l.HasValue = 1e80, true }))
	assert.Equal(t, Counted, label1(&number, func(l *label.Label) { l.Value, l.HasValue = 1, true }))
	assert.Equal(t, Unusable, label1(&list, func(l *label.Label) { l.Class, l.Relevances = "", []label.Relevance{{Item: "a"}} }))
	assert.Equal(t, Counted, label1(&list, func(l *label.Label) { l.Class = "b" }))
	assert.Equal(t, Mismatch, label1(&unknown, func(l *label.Label) { l.Class, l.Value, l.HasValue = "", 1, true }))
	assert.Equal(t, Counted, label1(&unknown, asIs))
	nobody := *newer
	nobody.Name = "nobody"
	assert.Equal(t, Late, label1(&nobody, asIs))
	for r := range reasons {
		assert.NotEmpty(t, r.String())
	}

	// A label of which the window is over is in the totals.
	for _, r := range results(e) {
		if r.Name == "fraud" {
			assert.EqualValues(t, 2, r.Total.Rows)
			assert.EqualValues(t, 1, r.Labelled)
		}
	}
}

func TestTasksAreFoundOut(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer.Answer
		label  label.Label
		want   Task
	}{
		"score, 0 and 1":      {answer.Answer{Class: "0", HasScore: true}, label.Label{Class: "1", HasValue: true, Value: 1}, Task{Kind: catalog.BinaryClassification, Positive: "1"}},
		"score, true, false":  {answer.Answer{Class: "false", HasScore: true}, label.Label{Class: "false"}, Task{Kind: catalog.BinaryClassification, Positive: "true"}},
		"score, other words":  {answer.Answer{Class: "ok", HasScore: true}, label.Label{Class: "fraud"}, Task{Kind: catalog.Multiclass}},
		"digits":              {answer.Answer{Class: "0"}, label.Label{Class: "1"}, Task{Kind: catalog.Multiclass}},
		"numbers":             {answer.Answer{HasValue: true}, label.Label{Class: "1", HasValue: true}, Task{Kind: catalog.Regression}},
		"lists":               {answer.Answer{Ranking: []string{"a"}}, label.Label{Relevances: []label.Relevance{{Item: "a", Gain: 1}}}, Task{Kind: catalog.Ranking}},
		"a list and an item":  {answer.Answer{Ranking: []string{"a"}}, label.Label{Class: "a"}, Task{Kind: catalog.Ranking}},
		"a score alone":       {answer.Answer{HasScore: true}, label.Label{Class: "1"}, Task{}},
		"a number to a class": {answer.Answer{Class: "a"}, label.Label{HasValue: true}, Task{}},
	} {
		got, ok := infer(&c.answer, &c.label)
		assert.Equal(t, c.want.Kind != "", ok, name)
		assert.Equal(t, c.want, got, name)
	}
}

func TestLabelsSayYesAndNo(t *testing.T) {
	for _, c := range []struct{ positive, predicted, actual, want string }{
		{"fraud", "fraud", "fraud", "fraud"},
		{"fraud", "ok", "1", "fraud"},
		{"fraud", "ok", "true", "fraud"},
		{"fraud", "ok", "True", "fraud"},
		{"fraud", "ok", "0", "ok"},
		{"fraud", "fraud", "false", evaluation.Other},
		{"fraud", "ok", "legit", "ok"},
		{"fraud", "fraud", "legit", "legit"},
		{"1", "0", "1", "1"},
		{"1", "1", "0", "0"},
		{"1", "1", "true", "true"},
		{"", "a", "b", "b"},
	} {
		assert.Equal(t, c.want, binaryTruth(c.positive, c.predicted, c.actual), "%+v", c)
	}
}

// Windows are given when they have ended, and again when labels have changed them, or are old enough
// that they are compared.
func TestClosedWindows(t *testing.T) {
	e := New(Options{Window: eventtime.Window{Calendar: "day"}, Maturity: day, Closed: true})
	now := monday.Add(100 * day)
	give := func() (out []string) {
		e.Closed(now, false, func(r *Result) {
			out = append(out, fmt.Sprintf("%s %d/%d %v", time.Unix(0, r.Start).UTC().Format("Jan 2"), r.Labelled, r.Predicted, of(r, PreviousWindow, Independent, evaluation.MeasureAccuracy) != nil))
		})
		e.Advance(now)
		return out
	}
	var all []*answer.Answer
	for d := range 3 {
		for h := range 24 {
			a := scored("1", days(d)+time.Duration(h)*time.Hour, "1", 0.5)
			all = append(all, a)
			e.Predict(a, now)
			e.Label(a, after(a, time.Hour, "1"))
		}
	}
	assert.Equal(t, []string{"Mar 2 24/24 false", "Mar 3 24/24 false"}, give(), "the second is not mature yet")
	assert.Empty(t, give())
	e.Predict(scored("1", 3*day, "1", 0.5), now)
	assert.Equal(t, []string{"Mar 3 24/24 true", "Mar 4 24/24 false"}, give())
	e.Unlabel(all[30], after(all[30], time.Hour, "1"))
	assert.Equal(t, []string{"Mar 3 23/24 true"}, give(), "the day after it is not mature")
	e.Predict(scored("1", 5*day, "1", 0.5), now)
	assert.Equal(t, []string{"Mar 4 24/24 true", "Mar 5 0/1 false"}, give())
	e.Unlabel(all[0], after(all[0], time.Hour, "1"))
	assert.Equal(t, []string{"Mar 2 23/24 false", "Mar 3 23/24 true"}, give(), "what is compared with it as well")

	// However much comes at once, nothing is dropped that was not given.
	for d := range 60 {
		e.Predict(scored("1", days(6+d), "1", 0.5), now)
	}
	e.Advance(now)
	assert.Len(t, give(), 61-1)
	assert.Less(t, e.models[0].members[0].groups[0].panes.Len(), 30)
}

// A window is given again when the version that it is compared with has changed.
func TestClosedWindowsOfTwoVersions(t *testing.T) {
	e := New(Options{Window: eventtime.Window{Calendar: "day"}, Closed: true})
	e.SetTasks(fraudTask("1"))
	now := monday.Add(100 * day)
	give := func() (out []string) {
		e.Closed(now, false, func(r *Result) { out = append(out, r.Version) })
		return out
	}
	one, two := scored("1", time.Hour, "1", 0.5), scored("2", time.Hour, "1", 0.5)
	for _, a := range []*answer.Answer{one, two, scored("1", 2*day, "1", 0.5)} {
		e.Predict(a, now)
		e.Label(a, after(a, 0, "1"))
	}
	assert.Equal(t, []string{"1", "2"}, give())
	e.Unlabel(two, after(two, 0, "1"))
	assert.Equal(t, []string{"2"}, give())
	e.Unlabel(one, after(one, 0, "1"))
	assert.Equal(t, []string{"1", "2"}, give())
	assert.Empty(t, give())
}

func TestRowsTakeNoMemory(t *testing.T) {
	now := monday.Add(30 * day)
	e := New(Options{Maturity: day})
	e.SetTasks(func(prediction.Identity) Task { return calibrated("1") })
	answers, labels := drawn(1000, 3, 14*day)
	for i, a := range answers {
		e.Predict(a, now)
		e.Label(a, labels[i])
	}
	i := 0
	assert.Zero(t, testing.AllocsPerRun(500, func() {
		e.Predict(answers[i%1000], now)
		e.Label(answers[i%1000], labels[i%1000])
		e.Unlabel(answers[i%1000], labels[i%1000])
		i++
	}))
}
