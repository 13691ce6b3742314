// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

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
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// pair is an answer and the label of it that counts in the end, nil for none.
type pair struct {
	answer *answer.Answer
	label  *label.Label
	set    string
}

// stream counts answers and labels in a random order, with wrong labels that are corrected and labels
// that are taken back, and returns what should be left.
type stream struct {
	rnd    *rand.Rand
	answer func(*answer.Answer)
	label  func(*answer.Answer, *label.Label)
	pairs  []pair
}

func (s *stream) make(n int) {
	for i := range n {
		a := &answer.Answer{
			Identity: prediction.Identity{Name: "m", Version: []string{"1", "2"}[s.rnd.IntN(2)]}, Duration: -1,
			Time: monday.Add(time.Duration(s.rnd.Int64N(int64(20 * day)))).UnixNano(), PredictionID: fmt.Sprint(i),
			Weight: []float64{1, 1, 2, 0.5}[s.rnd.IntN(4)],
		}
		for d := range s.rnd.IntN(3) {
			a.Segments = append(a.Segments, fmt.Sprintf("d%d=%d", d, s.rnd.IntN(2)))
		}
		s.answer(a)
		p := pair{answer: a}
		if s.rnd.IntN(4) > 0 {
			p.label, p.set = s.newLabel(a), []string{"", "gold"}[s.rnd.IntN(5)/4]
			p.label.Set = p.set
		}
		s.pairs = append(s.pairs, p)
	}
}

func (s *stream) newLabel(a *answer.Answer) *label.Label {
	l := &label.Label{Weight: []float64{1, 1, 0.25}[s.rnd.IntN(3)], Time: time.Unix(0, a.Time).Add(time.Duration(s.rnd.Int64N(int64(2 * day))))}
	s.label(a, l)
	return l
}

// run gives all of it to an engine.
func (s *stream) run(e *Engine) {
	type event struct {
		at    float64
		do    func()
		order int
	}
	var events []event
	now := monday.Add(40 * day)
	for _, p := range s.pairs {
		at := s.rnd.Float64()
		then := func(do func()) {
			at += s.rnd.ExpFloat64() / 10
			events = append(events, event{at, do, len(events)})
		}
		then(func() { e.Predict(p.answer, now) })
		last := p.label
		for range s.rnd.IntN(3) { // labels that another one takes the place of
			wrong := s.newLabel(p.answer)
			wrong.Set = p.set
			then(func() { e.Label(p.answer, wrong) })
			then(func() { e.Unlabel(p.answer, wrong) })
		}
		if last != nil {
			then(func() { e.Label(p.answer, last) })
		}
	}
	slices.SortStableFunc(events, func(a, b event) int {
		if a.at < b.at {
			return -1
		}
		return 1
	})
	for _, ev := range events {
		ev.do()
	}
	e.Advance(now)
}

// offline measures the pairs of a series anew.
func (s *stream) offline(o Options, k *task, r *Result, from, to int64, mature bool) (v view, total measured) {
	sh := shape{o.Bins, o.Classes, o.K}
	if r.Segment != "" {
		sh.bins = o.SegmentBins
	}
	var c comparison
	for _, p := range s.pairs {
		a := p.answer
		if a.Version != r.Version || r.Segment != "" && !slices.Contains(a.Segments, r.Segment) {
			continue
		}
		in := a.Time >= from && a.Time < to
		c.answered(k, a)
		if in {
			v.predicted.add(a.Weight, 1)
			if r.Set == "" {
				v.estimate.count(k, sh, &c.row, 1)
			}
		}
		if p.label == nil || p.set != r.Set {
			continue
		}
		c.labelled(k, a, p.label)
		total.count(k, sh, &c.row, 1)
		if in {
			v.labelled.add(a.Weight, 1)
		}
		if in && r.Set == "" {
			v.check.count(k, sh, &c.row, 1)
		}
		if in && (!mature || p.label.Time.UnixNano()-a.Time <= int64(o.Maturity)) {
			v.measured.count(k, sh, &c.row, 1)
		}
	}
	return v, total
}

// equalScores compares measures: all sums are exact but those of powers.
func equalScores(t *testing.T, want, got []evaluation.Score, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		w, g := want[i], got[i]
		near := func(a, b float64) bool {
			return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-7*max(1, math.Abs(a))
		}
		if w.Measure != g.Measure || w.Class != g.Class || w.Average != g.Average || !near(w.Point, g.Point) || !near(w.Lower, g.Lower) || !near(w.Upper, g.Upper) || !near(w.N, g.N) {
			assert.Fail(t, "another score", "%s: want %+v, got %+v", what, w, g)
		}
	}
}

func cellsOf(c *evaluation.Confusion) map[string]float64 {
	out := map[string]float64{}
	if c != nil {
		c.Cells(func(actual, predicted string, weight float64) { out[actual+"|"+predicted] += weight })
	}
	return out
}

// kinds are streams of answers and labels of each task.
var kinds = map[string]struct {
	task   Task
	answer func(rnd *rand.Rand, a *answer.Answer)
	label  func(rnd *rand.Rand, a *answer.Answer, l *label.Label)
}{
	"binary": {
		calibrated("fraud"),
		func(rnd *rand.Rand, a *answer.Answer) {
			a.Score, a.HasScore = rnd.Float64(), rnd.IntN(10) > 0
			a.Class = []string{"ok", "fraud"}[rnd.IntN(2)]
		},
		func(rnd *rand.Rand, a *answer.Answer, l *label.Label) {
			l.Class = []string{"ok", "fraud", "0", "1"}[rnd.IntN(4)]
		},
	},
	"classes": {
		Task{Kind: catalog.Multiclass, Calibration: map[string]evaluation.Isotonic{
			"a": calibrated("a").Calibration["a"], "b": calibrated("b").Calibration["b"], "c": calibrated("c").Calibration["c"],
		}},
		func(rnd *rand.Rand, a *answer.Answer) {
			a.Class = string(rune('a' + rnd.IntN(3)))
			p, q := rnd.Float64(), rnd.Float64()
			a.Scores = []answer.ClassScore{{Class: "a", Score: p * q}, {Class: "b", Score: p * (1 - q)}, {Class: "c", Score: 1 - p}}
		},
		func(rnd *rand.Rand, _ *answer.Answer, l *label.Label) { l.Class = string(rune('a' + rnd.IntN(3))) },
	},
	"numbers": {
		Task{Kind: catalog.Regression},
		func(rnd *rand.Rand, a *answer.Answer) { a.Value, a.HasValue = rnd.NormFloat64()*10, true },
		func(rnd *rand.Rand, a *answer.Answer, l *label.Label) {
			l.Value, l.HasValue = a.Value+rnd.NormFloat64(), true
		},
	},
	"lists": {
		Task{Kind: catalog.Ranking},
		func(rnd *rand.Rand, a *answer.Answer) {
			for _, i := range rnd.Perm(12)[:1+rnd.IntN(11)] {
				a.Ranking = append(a.Ranking, fmt.Sprint(i))
			}
		},
		func(rnd *rand.Rand, _ *answer.Answer, l *label.Label) {
			if rnd.IntN(2) == 0 {
				l.Class = fmt.Sprint(rnd.IntN(14))
				return
			}
			for _, i := range rnd.Perm(12)[:1+rnd.IntN(5)] {
				l.Relevances = append(l.Relevances, label.Relevance{Item: fmt.Sprint(i), Gain: float64(1 + rnd.IntN(2))})
			}
		},
	},
}

// Whatever the order of predictions, labels, corrections and retractions, each series is what a
// computation of the final labels gives.
func TestAnyOrderIsTheOfflineComputation(t *testing.T) {
	for name, kind := range kinds {
		for i, w := range []eventtime.Window{{Length: 168 * time.Hour}, {Length: time.Hour}, {Calendar: "day"}, {Calendar: "week"}, {Calendar: "month"}} {
			t.Run(name+"/"+w.String(), func(t *testing.T) {
				s := &stream{rnd: rand.New(rand.NewPCG(uint64(i), 7))}
				s.answer = func(a *answer.Answer) { kind.answer(s.rnd, a) }
				s.label = func(a *answer.Answer, l *label.Label) { kind.label(s.rnd, a, l) }
				s.make(4000)
				o := Options{Window: w, Maturity: day}.withDefaults()
				e := New(o)
				e.SetTasks(func(prediction.Identity) Task { return kind.task })
				s.run(e)
				assert.Equal(t, [reasons]uint64{}, e.Stats().Predictions)
				s.check(t, e, o, newTask(kind.task))

				again := New(o)
				again.SetTasks(func(prediction.Identity) Task { return kind.task })
				e.Snapshot(func(key string, record []byte) { require.NoError(t, again.Restore(key, record)) })
				s.check(t, again, o, newTask(kind.task))
			})
		}
	}
}

func (s *stream) check(t *testing.T, e *Engine, o Options, k task) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range results(e) {
		what := fmt.Sprintf("%s %s %q %s", r.Version, r.Segment, r.Set, r.Kind)
		require.False(t, seen[what], what)
		seen[what] = true
		v, total := s.offline(o, &k, r, r.Start, r.End, false)
		if r.Kind == Estimated {
			equalScores(t, v.estimate.list(&k, o.Level), r.Scores, what)
			continue
		}
		assert.Equal(t, v.predicted.rows, r.Predicted, what)
		assert.Equal(t, v.labelled.rows, r.Labelled, what)
		if v.predicted.rows > 0 {
			assert.InDelta(t, v.coverage(), r.Coverage, 1e-12, what)
		}
		if v.labelled.rows > 0 {
			equalScores(t, v.measured.list(&k, o.Level), r.Scores, what)
		}
		assert.Equal(t, cellsOf(v.measured.confusion), cellsOf(r.Confusion), what)
		assert.Equal(t, cellsOf(total.confusion), cellsOf(r.Total.Confusion), what)

		off := of(r, Estimate, Paired, evaluation.MeasureAccuracy)
		if i := slices.IndexFunc(e.compareEstimate(&k, &v), func(d Difference) bool {
			return d.Measure == evaluation.MeasureAccuracy && d.Class == ""
		}); i >= 0 {
			require.NotNil(t, off, what)
			assert.InDelta(t, e.compareEstimate(&k, &v)[i].Point, off.Point, 1e-9, what)
		} else {
			assert.Nil(t, off, what)
		}

		c := e.models[0].clock
		w := c.Ended(c.Watermark() - int64(o.Maturity))
		after, _ := s.offline(o, &k, r, c.Start(w), c.End(w), true)
		before, _ := s.offline(o, &k, r, c.Start(w.Before()), c.Start(w), true)
		want := e.independent(before.measured.list(&k, o.Level), after.measured.list(&k, o.Level), PreviousWindow)
		got := slices.DeleteFunc(slices.Clone(r.Differences), func(d Difference) bool {
			return d.ComparedWith != PreviousWindow || d.Method != Independent
		})
		require.Len(t, got, len(want), what)
		for i := range want {
			assert.InDelta(t, want[i].Point, got[i].Point, 1e-7, what)
			assert.InDelta(t, want[i].Lower, got[i].Lower, 1e-6, what)
		}
	}
	assert.GreaterOrEqual(t, len(seen), 2*5)
}
