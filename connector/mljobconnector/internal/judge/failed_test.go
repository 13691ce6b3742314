// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func TestFailedRuns(t *testing.T) {
	six := card(catalog.Stage{Name: "query"}, catalog.Stage{Name: "validate", After: []string{"query"}}, catalog.Stage{Name: "train", After: []string{"validate"}})
	mapped := card(catalog.Stage{Name: "score", Instances: 500})
	shards := func(failed ...int) *script {
		s := scripted("r1")
		for i := range 500 {
			change := []func(*run.Span){instance(strconv.Itoa(i))}
			for _, f := range failed {
				if f == i {
					change = append(change, fails("OSError", fmt.Sprint("disk ", i)), func(sp *run.Span) { sp.End = at(50 + i) })
				}
			}
			s.stage("score", 0, 50, change...)
		}
		return s
	}
	for _, test := range []struct {
		name           string
		card           *catalog.Job
		script         *script
		deadlinePassed bool
		want           string
		summary        string
		notes          map[string]string
	}{
		{
			name: "the third try", script: scripted("scheduled__2026-11-22").
				stage("load", 0, 10).
				stage("train", 10, 20, nth(1), fails("OSError", "lost"), retried).
				stage("train", 20, 30, nth(2), fails("OSError", "lost"), retried).
				stage("train", 30, 40, nth(3), fails("ValueError", "loss is NaN")).
				root(0, 41, fails("", "")),
			want:    "failure, JobFailed:train",
			summary: "recsys failed at train: ValueError: loss is NaN (attempt 3 of run scheduled__2026-11-22).",
			notes:   map[string]string{"attempt": "3", "exception_type": "ValueError", "exception_message": "loss is NaN", "root_cause": "", "consequences": ""},
		},
		{
			name: "the deepest span", script: scripted("r1").
				stage("load", 0, 30, fails("RuntimeError", "cannot load")).
				add(run.KindInner, 1, 29, parent(2), named("SELECT features", "feature-store"), fails("TimeoutError", "30 s\n  are over")).
				root(0, 31, result(run.Failure)),
			want:    "failure, JobFailed:load",
			summary: "recsys failed at load: RuntimeError: cannot load, because of TimeoutError: 30 s are over in SELECT features of feature-store (run r1).",
			notes: map[string]string{
				"exception_type": "TimeoutError", "exception_message": "30 s are over",
				"root_cause": "SELECT features of feature-store: TimeoutError: 30 s are over",
			},
		},
		{
			name: "not the ones that failed because of it", script: scripted("r1").
				stage("load", 0, 10, fails("E", "m")).
				stage("train", 10, 10, result(run.Skip), cause("upstream_failed")).
				stage("publish", 10, 10, result(run.Failure), cause("upstream_failed")).
				stage("other", 0, 12, result(run.Cancellation)).
				stage("branch", 0, 0, result(run.Skip)). // not taken
				root(0, 12, result(run.Failure)),
			want:    "failure, JobFailed:load",
			summary: "recsys failed at load: E: m (run r1).",
			notes:   map[string]string{"consequences": "other, publish, train"},
		},
		{
			name: "a consequence that started before by its clock", card: six, script: scripted("r1").
				stage("query", 100, 110).
				stage("validate", 110, 120, fails("E", "m")).
				stage("train", 0, 5, fails("E", "late")).
				root(0, 125, fails("", "")),
			want:    "failure, JobFailed:validate, also StageFailed:train",
			summary: "recsys failed at validate: E: m (run r1).",
		},
		{
			name: "a stage within a stage", script: scripted("r1").
				stage("group", 0, 50, fails("GroupError", "a step failed")).
				stage("train", 10, 40, parent(2), fails("E", "m")).
				root(0, 51, fails("", "")),
			want:    "failure, JobFailed:train",
			summary: "recsys failed at train: E: m (run r1).",
			notes:   map[string]string{"consequences": "group"},
		},
		{
			name: "no stage", script: scripted("r1").stage("load", 0, 10).root(0, 11, fails("ConfigError", "no bucket")),
			want: "failure, JobFailed", summary: "recsys failed: ConfigError: no bucket (run r1).",
		},
		{
			name: "killed: began and did not end", script: scripted("r1").
				stage("load", 0, 10).add(run.KindMarker, 10, 10, task("train")).root(0, 30, result(run.Failure)),
			want: "failure, JobFailed:train", summary: "recsys failed at train: it did not come to an end (run r1).",
		},
		{
			name: "killed: the next one on the card", card: six, script: scripted("r1").
				stage("query", 0, 10).stage("validate", 10, 20).root(0, 30, result(run.Failure), func(s *run.Span) { s.Message = "exit code 137" }),
			want:    "failure, JobFailed:train",
			summary: "recsys failed at train: it did not run; exit code 137 (run r1).",
		},
		{
			name: "a retry that never came", script: scripted("r1").
				stage("load", 0, 10).stage("train", 10, 20, fails("E", "m"), retried).root(0, 30, result(run.Failure)),
			want: "failure, JobFailed:train", summary: "recsys failed at train: E: m (run r1).",
		},
		{
			name: "timed out", script: scripted("r1").stage("train", 0, 60, result(run.Timeout)).root(0, 61),
			want: "failure, JobFailed:train", summary: "recsys failed at train: it timed out (run r1).",
		},
		{
			name: "no root", script: scripted("r1").stage("load", 0, 10, fails("E", "m")), deadlinePassed: true,
			want: "failure, JobFailed:load", summary: "recsys failed at load: E: m (run r1).",
		},
		{
			name: "three of 500, the first of them named", card: mapped, script: shards(340, 17, 201).root(0, 400),
			want:    "failure, JobFailed:score",
			summary: "recsys failed at score: 3 of 500 instances failed: 17, 201 and 340; the first with OSError: disk 17 (run r1).",
			notes:   map[string]string{"instances": "3 of 500 instances failed: 17, 201, 340"},
		},
		{
			name: "many of 500", card: mapped, script: shards(1, 2, 3, 4, 5, 6, 7).root(0, 400),
			want:    "failure, JobFailed:score",
			summary: "recsys failed at score: 7 of 500 instances failed: 1, 2, 3, 4, 5 and 2 more; the first with OSError: disk 1 (run r1).",
		},
		{
			name: "no more than may fail", card: card(catalog.Stage{Name: "score", Instances: 500, MaxFailed: 3}), script: shards(340, 17, 201).root(0, 400),
			want: "success, good",
		},
		{
			name: "one of four ranks is silent: not yet", script: ranks(3).root(0, 100), want: "success, waits",
		},
		{
			name: "one of four ranks is silent", script: ranks(3).root(0, 100), deadlinePassed: true,
			want:    "failure, JobFailed:train",
			summary: "recsys failed at train: 1 of 4 instances did not come to an end: 3 (run r1).",
			notes:   map[string]string{"instances": "1 of 4 instances did not come to an end: 3"},
		},
		{
			name: "ranks that have no numbers", script: scripted("r1").
				stage("train", 0, 90, instance("rank-a"), instances(4)).stage("train", 0, 90, instance("rank-b")).root(0, 100), deadlinePassed: true,
			want:    "failure, JobFailed:train",
			summary: "recsys failed at train: 2 of 4 instances did not come to an end (run r1).",
		},
		{
			name: "ranks that count from one", script: scripted("r1").
				stage("train", 0, 90, instance("4"), instances(4)).stage("train", 0, 90, instance("2")).root(0, 100), deadlinePassed: true,
			want:    "failure, JobFailed:train",
			summary: "recsys failed at train: 2 of 4 instances did not come to an end: 1 and 3 (run r1).",
		},
		{
			name: "some failed, others are absent", script: scripted("r1").
				stage("train", 0, 90, instance("0"), instances(4), fails("E", "m")).stage("train", 0, 90, instance("1")).root(0, 100), deadlinePassed: true,
			want:    "failure, JobFailed:train",
			summary: "recsys failed at train: 1 of 4 instances failed: 0; 2 of 4 more did not come to an end: 2 and 3; the first with E: m (run r1).",
		},
		{
			name: "cancelled without a root", script: scripted("r1").stage("load", 0, 10, result(run.Cancellation), func(s *run.Span) { s.TraceID = run.TraceID{} }),
			want: "cancellation, JobCancelled?", summary: "recsys was cancelled (run r1).",
		},
		{
			name: "one of four ranks is silent, and the root says success", script: ranks(3).root(0, 100, result(run.Success)), deadlinePassed: true,
			want:    "success, StageFailed:train",
			summary: "recsys ended well although train failed: 1 of 4 instances did not come to an end: 3 (run r1).",
		},
		{
			name: "a stage failed, and the root says success", script: scripted("r1").stage("load", 0, 10, fails("E", "m")).root(0, 11, result(run.Success)),
			want: "success, StageFailed:load", summary: "recsys ended well although load failed: E: m (run r1).",
		},
		{
			name: "a stage failed, and the status of the root is OK", script: scripted("r1").stage("load", 0, 10, fails("E", "m")).root(0, 11, okay),
			want: "success, StageFailed:load",
		},
		{
			name: "a stage failed, and the root says nothing", script: scripted("r1").stage("load", 0, 10, fails("E", "m")).root(0, 11),
			want: "failure, JobFailed:load",
		},
		{
			name: "an optional stage failed", card: card(catalog.Stage{Name: "load"}, catalog.Stage{Name: "explain", Optional: true}),
			script: scripted("r1").stage("load", 0, 10).stage("explain", 10, 20, fails("E", "m")).root(0, 21),
			want:   "success, good, warnings StageFailed:explain?",
		},
		{
			name: "an optional stage failed, and another one after it", card: card(catalog.Stage{Name: "explain", Optional: true}, catalog.Stage{Name: "train"}),
			script: scripted("r1").stage("explain", 0, 10, fails("E", "m")).stage("train", 10, 20, fails("E", "n")).root(0, 21),
			want:   "failure, JobFailed:train, also StageFailed:explain",
		},
		{
			name: "cancelled", script: scripted("r1").stage("load", 0, 10).stage("train", 10, 20, fails("Killed", "")).root(0, 21, result(run.Cancellation)),
			want: "cancellation, JobCancelled?, also StageFailed:train", summary: "recsys was cancelled; train failed (run r1).",
		},
		{
			name: "skipped", script: scripted("r1").root(0, 1, result(run.Skip)), want: "skip",
		},
		{
			name: "nothing but a query", script: scripted("r1").add(run.KindInner, 0, 1), deadlinePassed: true, want: "unknown",
		},
		{
			name: "a branch not taken", script: scripted("r1").stage("load", 0, 10).stage("full", 10, 10, result(run.Skip)).root(0, 20), want: "success, good",
		},
		{
			name: "recovered", script: scripted("r1").stage("load", 0, 10, fails("E", "m"), retried, nth(1)).stage("load", 20, 30, nth(2)).root(0, 31),
			want: "success, good",
		},
		{
			name: "failed, then good without a word of a retry", script: scripted("r1").stage("load", 0, 10, fails("E", "m")).stage("load", 20, 30).root(0, 31),
			want: "success, good",
		},
		{
			name: "good, then failed: the last one counts", script: scripted("r1").stage("load", 0, 10).stage("load", 20, 30, fails("E", "m")).root(0, 31),
			want: "failure, JobFailed:load", summary: "recsys failed at load: E: m (attempt 2 of run r1).",
		},
		{
			name: "the retry is still to come", script: scripted("r1").stage("load", 0, 10, fails("E", "m"), retried).root(0, 31, result(run.Success)),
			want: "success, waits",
		},
		{
			name: "the retry did not come", script: scripted("r1").stage("load", 0, 10, fails("E", "m"), retried).root(0, 31, result(run.Success)), deadlinePassed: true,
			want: "success, StageFailed:load",
		},
		{
			name: "the retry came as another instance", script: scripted("r1").stage("load", 0, 10, fails("E", "m"), retried, instance("1")).
				stage("load", 20, 30, instance("2")).root(0, 31, result(run.Success)), deadlinePassed: true,
			want: "success, good",
		},
		{
			name: "so did the retry that failed as well", script: scripted("r1").stage("load", 0, 10, fails("E", "m"), retried, instance("1")).
				stage("load", 20, 30, fails("E", "m"), retried, instance("2")).root(0, 31, result(run.Failure)), deadlinePassed: true,
			want: "failure, JobFailed:load", summary: "recsys failed at load: 2 of 2 instances failed: 1 and 2; the first with E: m (run r1).",
		},
		{
			name: "a retry of an instance that has a number did not come", script: scripted("r1").stage("load", 0, 10, fails("E", "m"), retried, instance("1"), nth(1)).
				root(0, 31, result(run.Success)), deadlinePassed: true,
			want: "success, StageFailed:load",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Judge(test.script.run(), expect(test.card, &History{}), test.deadlinePassed)
			wantVerdict(t, test.want, got)
			if test.summary != "" {
				wantSummary(t, test.summary, got.Fault)
			}
			if test.notes != nil {
				wantAnnotations(t, got.Fault, test.notes)
			}
		})
	}
}

// ranks are those of a distributed training of four, the first n of which end.
func ranks(n int) *script {
	s := scripted("r1")
	for i := range n {
		s.stage("train", 0, 90, instance(strconv.Itoa(i)), instances(4))
	}
	return s
}

func TestEvidenceIsInTheFault(t *testing.T) {
	s := scripted("r1").stage("load", 0, 30, fails("E", "m")).add(run.KindInner, 1, 29, parent(2), fails("F", "n")).root(0, 31, fails("", ""))
	f := Judge(s.run(), expect(nil, &History{}), false).Fault
	if f.TraceID != (run.TraceID{15: 1}) || f.SpanID != spanID(3) {
		t.Errorf("evidence %v %v", f.TraceID, f.SpanID)
	}
}

func TestEnvironmentInTheTitle(t *testing.T) {
	r := run.New(run.Key{Environment: "production", Job: "recsys"}, "r1", false, run.DefaultLimits)
	s := scripted("r1").root(0, 1, fails("E", "m"))
	r.Add(&s.spans[0], base)
	wantSummary(t, "recsys (production) failed: E: m (run r1).", Judge(r, expect(nil, &History{}), false).Fault)
}

func TestWarnOnRetries(t *testing.T) {
	e := expect(nil, &History{})
	e.WarnOnRetries = true
	s := scripted("r1").stage("load", 0, 10, fails("IOError", "lost"), retried, nth(1)).stage("load", 20, 30, nth(2)).root(0, 31)
	v := Judge(s.run(), e, false)
	wantVerdict(t, "success, good, warnings StageRetried:load?", v)
	wantSummary(t, "recsys: load was good at attempt 2, before that IOError: lost (run r1).", &v.Warnings[0])

	m := scripted("r1").stage("load", 0, 10, fails("IOError", "lost"), retried, instance("7")).stage("load", 20, 30, instance("7")).
		stage("load", 20, 30, instance("8")).root(0, 31)
	v = Judge(m.run(), e, false)
	wantSummary(t, "recsys: 1 instance of load was good after a retry, before that IOError: lost (run r1).", &v.Warnings[0])

	s.stage("train", 30, 40, fails("E", "m"))
	wantVerdict(t, "failure, JobFailed:train", Judge(s.run(), e, false))
}
