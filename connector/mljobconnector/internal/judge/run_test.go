// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// three is a run of three stages of a minute each.
func three(id string) *script {
	return scripted(id).stage("load", 0, 60).stage("train", 60, 120).stage("publish", 120, 180)
}

func threes(n int) *History {
	return learned(n, func(_ int, s *script) { s.spans = three(s.id).root(0, 180).spans })
}

func TestMissing(t *testing.T) {
	abc := card(catalog.Stage{Name: "load"}, catalog.Stage{Name: "train"}, catalog.Stage{Name: "explain", Optional: true}, catalog.Stage{Name: "publish"})
	two := func() *script { return scripted("r1").stage("load", 0, 60).stage("publish", 120, 180) }
	for _, test := range []struct {
		name    string
		card    *catalog.Job
		history *History
		script  *script
		early   bool
		want    string
		summary string
	}{
		{
			name: "on the card", card: abc, history: &History{}, script: two().root(0, 180), want: "success, StageMissing:train",
			summary: "recsys ended well but train, which is on its card, did not run; load before it ended with success (run r1).",
		},
		{name: "may still come", card: abc, history: &History{}, script: two().root(0, 180), early: true, want: "success, waits"},
		{
			name: "began", card: abc, history: &History{}, script: two().add(run.KindMarker, 60, 60, task("train")).root(0, 180),
			want:    "success, StageMissing:train",
			summary: "recsys ended well but train, which is on its card, began and did not come to an end; load before it ended with success (run r1).",
		},
		{
			name: "learned", history: threes(20), script: two().root(0, 180), want: "success, StageMissing:train?",
			summary: "recsys ended well but train, which ran in all of the last 20 good runs (absent in at most 13.9 % of runs, 95 % confidence), did not run; load before it ended with success (run r1).",
		},
		{name: "too few good runs", history: threes(19), script: two().root(0, 180), want: "success, good"},
		{
			name: "not in every good run", history: learned(26, func(day int, s *script) {
				s.spans = three(s.id).root(0, 180).spans
				if day == 2 {
					s.spans = two().root(0, 180).spans
				}
			}), script: two().root(0, 180), want: "success, good",
		},
		{
			name: "skipped in one good run", history: learned(26, func(day int, s *script) {
				s.spans = three(s.id).root(0, 180).spans
				if day == 2 {
					s.spans[1].Outcome = run.Skip
				}
			}), script: two().root(0, 180), want: "success, good",
		},
		{name: "a skip is enough", history: threes(20), script: two().stage("train", 60, 60, result(run.Skip)).root(0, 180), want: "success, good"},
		{
			name: "two, the first in the order of the card", card: abc, history: &History{}, script: scripted("r1").stage("load", 0, 60).root(0, 60),
			want: "success, StageMissing:train, also StageMissing:publish",
		},
		{
			name: "failed, so it does not wait", card: abc, history: &History{}, script: scripted("r1").stage("load", 0, 60, fails("E", "m")).root(0, 60),
			early: true, want: "failure, JobFailed:load",
		},
		{
			name: "a resumed run that is not known", card: abc, history: &History{}, script: scripted("r2").stage("publish", 120, 180, resumes("r1")).root(120, 180),
			want: "success, good",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := expect(test.card, test.history)
			v := Judge(test.script.run(), e, !test.early)
			wantVerdict(t, test.want, v)
			if test.summary != "" {
				wantSummary(t, test.summary, v.Fault)
			}
		})
	}
}

func TestResumedRuns(t *testing.T) {
	abc := card(catalog.Stage{Name: "load"}, catalog.Stage{Name: "train"}, catalog.Stage{Name: "publish"})
	first := scripted("r1").stage("load", 0, 60).stage("train", 60, 90, fails("E", "m")).root(0, 90, result(run.Failure)).run()
	e := expect(abc, &History{})
	e.Resumed = first
	good := scripted("r2").stage("train", 120, 180, resumes("r1")).stage("publish", 180, 240).root(120, 240)
	wantVerdict(t, "success, good", Judge(good.run(), e, true))
	without := scripted("r2").stage("publish", 180, 240, resumes("r1")).root(120, 240)
	wantVerdict(t, "success, StageMissing:train", Judge(without.run(), e, true))
	if ended, _ := Ended(scripted("r2").stage("train", 120, 180, resumes("r1")).stage("publish", 180, 240).run(), e, at(241)); !ended {
		t.Error("what the run before has done is not waited for")
	}

	chain := scripted("r1").stage("load", 0, 60, resumes("r0")).run()
	e.Resumed = chain
	wantVerdict(t, "success, good", Judge(without.run(), e, true)) // train may have been done in r0
}

func TestSlow(t *testing.T) {
	// Durations of 180 s, so that the limit is 1.5 medians.
	h := threes(7)
	slow := func(seconds int) *script {
		return scripted("r1").stage("load", 0, 60).stage("train", 60, 60+seconds).stage("publish", 60+seconds, 120+seconds).root(0, 120+seconds)
	}
	wantVerdict(t, "success, good", Judge(slow(150).run(), expect(nil, h), true)) // 270 s is the limit
	v := Judge(slow(151).run(), expect(nil, h), true)
	wantVerdict(t, "success, JobSlow?", v)
	wantSummary(t, "recsys took 4m31s, longer than its limit of 4m30s (median of the last 7 good runs: 3m); train took 2m31s instead of 1m (run r1).", v.Fault)
	wantAnnotations(t, v.Fault, map[string]string{"slowest_stage": "train", "duration_expected": "3m", "runs": "7"})
	if v.Fault.SpanID != spanID(3) {
		t.Errorf("evidence %v, want the span of train", v.Fault.SpanID)
	}
	wantVerdict(t, "success, good", Judge(slow(9999).run(), expect(nil, threes(4)), true))

	// A stage that is new is not the slowest, and does not hide the one that is.
	v = Judge(slow(200).stage("aaa", -10, 0).run(), expect(nil, h), true)
	wantAnnotations(t, v.Fault, map[string]string{"slowest_stage": "train"})

	// Durations of 200 … 700 s, and 100 s: of so few, so far apart, only ten times as long says anything.
	wide := learned(7, func(day int, s *script) { s.root(0, 100*(day+1)) })
	wantVerdict(t, "success, good", Judge(scripted("r1").root(0, 4500).run(), expect(nil, wide), true))
	wantVerdict(t, "success, JobSlow?", Judge(scripted("r1").root(0, 4510).run(), expect(nil, wide), true))

	// A second of 0.1 s is no fault.
	short := learned(7, func(_ int, s *script) {
		s.root(0, 0, func(sp *run.Span) { sp.End = sp.End.Add(100 * time.Millisecond) })
	})
	wantVerdict(t, "success, good", Judge(scripted("r1").root(0, 1).run(), expect(nil, short), true))

	// A warning does not come before what is more than one.
	wantVerdict(t, "success, StageFailed:load, also JobSlow?", Judge(scripted("r1").stage("load", 0, 1, fails("E", "m")).root(0, 999, result(run.Success)).run(), expect(nil, h.without("train", "publish")), true))
}

// without returns the history as if stages had not run.
func (h *History) without(names ...string) *History {
	out := &History{}
	for _, r := range h.runs {
		var stages []stageRecord
		for _, s := range r.stages {
			keep := true
			for _, name := range names {
				keep = keep && s.name != name
			}
			if keep {
				stages = append(stages, s)
			}
		}
		r.stages = stages
		out.runs = append(out.runs, r)
	}
	return out
}

func TestOrderOfStages(t *testing.T) {
	names := func(v *view) string {
		out := ""
		for _, s := range v.stages {
			out += s.name + " "
		}
		return out
	}
	skewed := scripted("r").stage("c", 0, 10).stage("a", 20, 30).stage("b", 10, 20)
	h := learned(5, func(_ int, s *script) { s.stage("a", 0, 10).stage("b", 10, 20).stage("c", 20, 30).root(0, 30) })
	abc := card(catalog.Stage{Name: "b", After: []string{"a"}}, catalog.Stage{Name: "a"}, catalog.Stage{Name: "c", After: []string{"b"}})
	for _, test := range []struct {
		name    string
		card    *catalog.Job
		history *History
		script  *script
		want    string
	}{
		{"by start", nil, &History{}, skewed, "c b a "},
		{"as learned", nil, h, skewed, "a b c "},
		{"as the card has it", abc, &History{}, skewed, "a b c "},
		{"the card counts more than what was learned", card(catalog.Stage{Name: "a", After: []string{"c"}}, catalog.Stage{Name: "b"}, catalog.Stage{Name: "c"}), h, skewed, "b c a "},
		{"a new one after the one that started before it", nil, h, scripted("r").stage("a", 0, 10).stage("new", 15, 20).stage("b", 10, 20), "a b new c "},
		{"a new one first", nil, h, scripted("r").stage("new", -5, 20).stage("a", 0, 10), "new a b c "},
		{"one without a start last", nil, &History{}, scripted("r").stage("b", 10, 20).stage("a", 20, 30).add(run.KindStage, 0, 0, task("0"), func(s *run.Span) { s.Start, s.End = time.Time{}, time.Time{} }), "b a 0 "},
		{"absent ones as on the card", card(catalog.Stage{Name: "x"}, catalog.Stage{Name: "a"}, catalog.Stage{Name: "y"}, catalog.Stage{Name: "b"}), &History{}, scripted("r").stage("a", 0, 10).stage("b", 10, 20), "x a y b "},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := names(newView(test.script.run(), expect(test.card, test.history))); got != test.want {
				t.Errorf("order %s, want %s", got, test.want)
			}
		})
	}
}

func TestEnded(t *testing.T) {
	abc := card(catalog.Stage{Name: "load"}, catalog.Stage{Name: "train"}, catalog.Stage{Name: "explain", Optional: true})
	shards := card(catalog.Stage{Name: "score", Instances: 3, MaxFailed: 1})
	end := at(60) // the latest span came then
	quiet := end.Add(2 * time.Minute)
	strange := end.Add(time.Hour)
	never := time.Time{}
	silent := func(s *run.Span) { s.Explicit = false }
	both := func() *script { return scripted("r").stage("load", 0, 30).stage("train", 30, 60) }
	for _, test := range []struct {
		name   string
		card   *catalog.Job
		h      *History
		script *script
		// ended at once, or when to ask again; then is whether it has ended when it is quiet.
		ended bool
		at    time.Time
		then  bool
	}{
		{"by its root", nil, nil, both().root(0, 60), true, end, true},
		{"by its root, though stages are missing", abc, nil, scripted("r").root(0, 60), true, end, true},
		{"all that the card expects", abc, nil, both(), true, end, true},
		{"all that is learned", nil, threes(5).without("publish"), both(), true, end, true},
		{"one is missing", abc, nil, scripted("r").stage("load", 0, 60), false, never, false},
		{"an optional one goes on", abc, nil, both().add(run.KindInner, 50, 55, task("explain")), false, quiet, true},
		{"one failed", abc, nil, scripted("r").stage("load", 0, 60, fails("E", "m")), false, quiet, true},
		{"one failed, another try follows", abc, nil, scripted("r").stage("load", 0, 60, fails("E", "m"), retried), false, never, false},
		{"an optional one failed", abc, nil, scripted("r").stage("load", 0, 30).stage("explain", 30, 60, fails("E", "m")), false, never, false},
		{"one was cancelled", abc, nil, scripted("r").stage("load", 0, 60, result(run.Cancellation)), false, quiet, true},
		{"nothing is known of what to expect", nil, nil, scripted("r").stage("load", 0, 60), false, strange, true},
		{"but a marker said that it goes on", nil, nil, scripted("r").stage("load", 0, 60).add(run.KindMarker, 0, 0), false, never, false},
		{"or that another stage does", nil, nil, scripted("r").stage("load", 0, 60).add(run.KindMarker, 0, 0, task("train")), false, never, false},
		{"or that this one does, which ended", nil, nil, scripted("r").stage("load", 0, 60).add(run.KindMarker, 0, 0, task("load")), false, strange, true},
		{"one instance may be absent", shards, nil, scripted("r").stage("score", 0, 60, instance("0")).stage("score", 0, 60, instance("1")), false, quiet, true},
		{"two may not", shards, nil, scripted("r").stage("score", 0, 60, instance("0")), false, never, false},
		{"all are there", shards, nil, scripted("r").stage("score", 0, 60, instance("0")).stage("score", 0, 60, instance("1")).stage("score", 0, 60, instance("2")), true, end, true},
		{"it resumes one that is not known", abc, nil, scripted("r").stage("train", 30, 60, resumes("r0")), false, strange, true},
		{"all have ended, the last one badly", abc, nil, scripted("r").stage("load", 0, 30).stage("train", 30, 60, fails("E", "m")), false, quiet, true},
		// What says neither its number nor its result may be tried again by the code: a minute
		// more, as long as train usually takes.
		{"one failed, and may be tried again", nil, threes(5), scripted("r").stage("load", 0, 30).stage("train", 30, 60, fails("E", "m"), silent), false, quiet.Add(time.Minute), true},
		{"one failed and has a number", nil, threes(5), scripted("r").stage("load", 0, 30).stage("train", 30, 60, fails("E", "m"), silent, nth(1)), false, quiet, true},
		{"one failed, and nobody knows how long it takes", abc, nil, scripted("r").stage("load", 0, 30).stage("train", 30, 60, fails("E", "m"), silent), false, quiet, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := test.h
			if h == nil {
				h = &History{}
			}
			e := expect(test.card, h)
			if ended, at := Ended(test.script.run(), e, end.Add(time.Second)); ended != test.ended || !at.Equal(test.at) {
				t.Errorf("ended %v at %v, want %v %v", ended, at, test.ended, test.at)
			}
			then := test.at
			if test.ended || !test.then {
				then = end.AddDate(0, 0, 30)
			}
			if ended, _ := Ended(test.script.run(), e, then); ended != test.then {
				t.Errorf("ended %v when it is quiet, want %v", ended, test.then)
			}
			if ended, _ := Ended(test.script.run(), e, then.Add(-time.Nanosecond)); ended != test.ended {
				t.Errorf("ended %v just before it is quiet, want %v", ended, test.ended)
			}
		})
	}
}

func TestStages(t *testing.T) {
	s := scripted("r").
		stage("load", 0, 60, read(10), wrote(9)).
		stage("score", 60, 90, instance("1"), wrote(5), fails("E", "m")).
		stage("score", 60, 80, instance("0"), wrote(4), fails("E", "m"), retried).
		stage("score", 80, 95, instance("0"), wrote(4)).
		add(run.KindMarker, 100, 100, task("publish"))
	open := scripted("r").stage("score", 0, 10, fails("E", "m"), retried)
	if got := Stages(open.run(), expect(nil, &History{})); got[0].Outcome != run.Unknown {
		t.Errorf("another try follows: %v", got[0].Outcome)
	}
	if got := Stages(open.root(0, 20).run(), expect(nil, &History{})); got[0].Outcome != run.Failure {
		t.Errorf("another try does not follow: %v", got[0].Outcome)
	}
	got := Stages(s.run(), expect(nil, &History{}))
	want := []StageResult{
		{Name: "load", Outcome: run.Success, Duration: time.Minute, RowsIn: 10, RowsOut: 9},
		{Name: "score", Outcome: run.Failure, Duration: 30 * time.Second, RowsIn: -1, RowsOut: 9},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
}

// TestClearedAndRunAgain: the root said failure at second 100, and train was tried again an hour
// later.
func TestClearedAndRunAgain(t *testing.T) {
	abc := card(catalog.Stage{Name: "load"}, catalog.Stage{Name: "train"}, catalog.Stage{Name: "publish"})
	failed := func() *script {
		return scripted("r").stage("load", 0, 50).stage("train", 50, 99, fails("E", "m")).root(0, 100, result(run.Failure))
	}
	e := expect(abc, &History{})
	for _, test := range []struct {
		name   string
		script *script
		ended  bool
		want   string // verdict if it has ended
	}{
		{"not yet", failed(), true, "failure, JobFailed:train"},
		{"train is good now", failed().stage("train", 3600, 3700), false, ""},
		{"and publish", failed().stage("train", 3600, 3700).stage("publish", 3700, 3800), true, "success, good"},
		{"a newer root", failed().stage("train", 3600, 3700).add(run.KindRoot, 0, 3800, result(run.Success)), true, "success, StageMissing:publish"},
		{"it failed again", failed().stage("train", 3600, 3700, fails("E", "m")), false, ""},
		// A clock that is an hour ahead: the attempt came with the root.
		{"a clock that is ahead", failed().add(run.KindStage, 3600, 3700, task("train"), fails("E", "m")).arriving(101), true, "failure, JobFailed:train"},
		{"a later try of what was good", failed().stage("load", 3600, 3700), true, "failure, JobFailed:train"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.script.run()
			ended, _ := Ended(r, e, r.LastSeen.Add(time.Second))
			if ended != test.ended {
				t.Fatalf("ended %v", ended)
			}
			if ended {
				wantVerdict(t, test.want, Judge(r, e, true))
			}
		})
	}
}
