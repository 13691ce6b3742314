// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// TestBitset compares insertions and removals with those of a list.
func TestBitset(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var b bitset
	list := make([]bool, window)
	for range 5000 {
		at := rng.IntN(window)
		if rng.IntN(2) == 0 {
			on := rng.IntN(2) == 0
			b.insert(at, on)
			list = slices.Insert(list, at, on)[:window]
		} else {
			b.remove(at)
			list = append(slices.Delete(list, at, at+1), false)
		}
		first, last, n := slices.Index(list, true), -1, 0
		for i, on := range list {
			if on != b.has(i) {
				t.Fatalf("bit %d is %v", i, !on)
			}
			if on {
				last, n = i, n+1
			}
		}
		if b.first() != first || b.last() != last || b.count() != n {
			t.Fatalf("first %d, last %d, %d bits; want %d, %d, %d", b.first(), b.last(), b.count(), first, last, n)
		}
	}
}

// TestAbsence compares chances and bounds with numbers of R: beta(a + .5 + k, n - a + .5) / beta(a +
// .5, n - a + .5), and binom.test(a, n, alternative = "less")$conf.int[2].
func TestAbsence(t *testing.T) {
	for _, test := range []struct {
		runs, ran, row, doubts, begins int
		chance, upper                  float64
	}{
		{19, 19, 9, 0, 0, 0, 0.1459},           // too few runs
		{20, 20, 1, 0, 1, 0.5 / 21, 0.1391},    // all of 20
		{20, 20, 1, 1, 0, 0.5 / 21, 0.1391},    // the same of a job whose stages come and go
		{20, 20, 2, 1, 0, 0.001623, 0.1391},    //
		{20, 19, 2, 0, 0, 0.008117, 0.2161},    // one absence before
		{20, 19, 3, 0, 3, 0.001235, 0.2161},    //
		{100, 70, 7, 0, 0, 0.000346, 0.3842},   // seven of ten: any row may be by chance
		{100, 70, 8, 0, 8, 0.00012, 0.3842},    //
		{200, 200, 1, 0, 1, 0.5 / 201, 0.0149}, //
		{200, 199, 1, 0, 0, 1.5 / 201, 0.0235}, //
		{200, 199, 2, 0, 2, 1.5 / 201 * 2.5 / 202, 0.0235},
	} {
		a := absence{runs: test.runs, ran: test.ran, row: test.row}
		a.judge(test.doubts)
		if a.begins != test.begins || math.Abs(a.chance-test.chance) > 1e-5 || math.Abs(a.upper()-test.upper) > 1e-4 {
			t.Errorf("%d of %d, %d in a row, %d doubts: begins %d, chance %.6f, upper %.4f, want %+v", test.ran, test.runs, test.row, test.doubts, a.begins, a.chance, a.upper(), test)
		}
	}
}

// attend lets a history learn runs of stages, one a day, and returns what was missing and what was
// accepted, both as "run:stage".
func attend(h *History, card *catalog.Job, runs ...string) (missing, accepted []string) {
	first := h.Len()
	for i, stages := range runs {
		s := scripted(fmt.Sprint("run-", first, "-", i))
		for n, name := range strings.Fields(stages) {
			s.stage(name, n*60, n*60+60, dated(base.AddDate(0, 0, first+i).Format(time.RFC3339)))
		}
		r := s.root(0, 600).run()
		e := expect(card, h)
		v := Judge(r, e, true)
		faults := v.Also
		if v.Fault != nil {
			faults = append([]Fault{*v.Fault}, v.Also...)
		}
		for _, f := range faults {
			if f.Kind == StageMissing {
				missing = append(missing, fmt.Sprintf("%d:%s", i, f.Stage))
			}
		}
		if v.Feeds {
			for _, a := range h.Learn(r, e, v) {
				accepted = append(accepted, fmt.Sprintf("%d:%s", i, a.Stage))
			}
		}
	}
	return missing, accepted
}

func repeat(n int, stages string) []string { return slices.Repeat([]string{stages}, n) }

func TestGoneForGoodIsTheNewNormal(t *testing.T) {
	for _, test := range []struct {
		name              string
		runs              []string
		missing, accepted string
	}{
		{"vanished", slices.Concat(repeat(20, "a b c"), repeat(20, "a c")), "20:b 21:b 22:b 23:b 24:b", "24:b"},
		{"renamed", slices.Concat(repeat(25, "a b"), repeat(30, "a b2"), repeat(3, "a")), "25:b 26:b 27:b 28:b 29:b 55:b2 56:b2 57:b2", "29:b"},
		{"came back", slices.Concat(repeat(20, "a b"), repeat(2, "a"), repeat(20, "a b"), repeat(1, "a")), "20:b 21:b", ""},
		{"in most runs", slices.Concat(repeat(9, "a b"), repeat(1, "a"), repeat(12, "a b"), repeat(2, "a"), repeat(8, "a b"), repeat(2, "a")), "", ""},
		{"not yet in 20 runs", slices.Concat(repeat(30, "a"), repeat(19, "a b"), repeat(4, "a")), "", ""},
		{
			"a weekly branch", slices.Concat(slices.Repeat(append(repeat(6, "a"), "a w1 w2"), 20), append(repeat(6, "a"), "a w1"), append(repeat(6, "a"), "a w1"), repeat(20, "a")),
			"153:w2", "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			missing, accepted := attend(&History{}, nil, test.runs...)
			if got := strings.Join(missing, " "); got != test.missing {
				t.Errorf("missing %s, want %s", got, test.missing)
			}
			if got := strings.Join(accepted, " "); got != test.accepted {
				t.Errorf("accepted %s, want %s", got, test.accepted)
			}
		})
	}
}

func TestMissingTeaches(t *testing.T) {
	h := &History{}
	attend(h, nil, repeat(25, "a b c")...)
	r := scripted("today").stage("a", 0, 60).stage("b2", 60, 120).stage("c", 120, 180).root(0, 600).run()
	v := Judge(r, expect(nil, h), true)
	wantVerdict(t, "success, StageMissing:b?", v)
	wantSummary(t, "recsys ended well but b, which ran in all of the last 25 good runs (absent in at most 11.3 % of runs, 95 % confidence), did not run; "+
		"b2 before it ended with success; b2 ran for the first time (run today).", v.Fault)
	wantAnnotations(t, v.Fault, map[string]string{
		"runs": "25", "runs_with_stage": "25", "absent_in_a_row": "1", "absence_probability": "0.0192", "absence_upper_bound": "0.113",
		"normal_after": "5", "stages_appeared": "b2",
	})
}

func TestAcceptSince(t *testing.T) {
	h := &History{}
	attend(h, nil, repeat(25, "a b c")...)
	next := func(card *catalog.Job, takes int) Verdict {
		r := scripted("next").stage("a", 0, 60, dated(base.AddDate(0, 0, 25).Format(time.RFC3339))).root(0, takes).run()
		return Judge(r, expect(card, h), true)
	}
	if got := verdict(next(nil, 6000)); got != "success, StageMissing:b?, also StageMissing:c?, JobSlow?" {
		t.Errorf("without a card: %s", got)
	}
	card := &catalog.Job{Name: "recsys", AcceptSince: base.AddDate(0, 0, 25)}
	wantVerdict(t, "success, good", next(card, 6000))
	missing, accepted := attend(h, card, repeat(8, "a")...)
	if len(missing)+len(accepted) > 0 {
		t.Errorf("missing %v, accepted %v", missing, accepted)
	}
	card.AcceptSince = base.AddDate(0, 0, 2) // 23 runs with b since then, but it has been gone for long
	wantVerdict(t, "success, good", next(card, 600))
}

func TestDisabledKinds(t *testing.T) {
	h := &History{}
	attend(h, nil, repeat(25, "a b c")...)
	slow := func(root ...func(*run.Span)) *run.Run {
		return scripted("next").stage("a", 0, 60).stage("b", 60, 120).root(0, 6000, root...).run()
	}
	off := func(kinds ...string) *catalog.Job {
		return &catalog.Job{Name: "recsys", Alerts: catalog.Alerts{Disable: kinds}}
	}
	wantVerdict(t, "success, StageMissing:c?, also JobSlow?", Judge(slow(), expect(off(), h), true))
	wantVerdict(t, "success, JobSlow?", Judge(slow(), expect(off("StageMissing"), h), true))
	wantVerdict(t, "success, good", Judge(slow(), expect(off("StageMissing", "JobSlow"), h), true))
	wantVerdict(t, "failure", Judge(slow(result(run.Failure)), expect(off("JobFailed"), h), true))
	wantVerdict(t, "cancellation", Judge(slow(result(run.Cancellation)), expect(off("JobCancelled"), h), true))
	going := scripted("next").stage("a", 0, 60).run()
	for _, test := range []struct {
		card *catalog.Job
		want string
	}{{off(), "JobOverdue"}, {off("JobOverdue"), ""}} {
		faults, _ := Running(going, expect(test.card, h), at(9000))
		if got := kinds(faults); got != test.want {
			t.Errorf("running: %q, want %q", got, test.want)
		}
	}
}

// TestPresenceIsBounded has names that are new in each run.
func TestPresenceIsBounded(t *testing.T) {
	h := &History{}
	for i := range 400 {
		s := scripted(fmt.Sprint(i)).stage("steady", 0, 60, dated(base.AddDate(0, 0, i).Format(time.RFC3339)))
		for n := range 10 {
			s.stage(fmt.Sprintf("s%d-%d", i, n), 0, 60)
		}
		h.learn(s.root(0, 60).run())
	}
	if n, m := len(h.presence.stages), len(h.presence.looks); n > maxStages || m != window {
		t.Errorf("%d stages, %d runs", n, m)
	}
	if a := h.presence.stages["steady"]; a == nil || a.ran.count() != window {
		t.Error("the stage that is in all runs has made room")
	}
	again := &History{}
	if err := again.Decode(h.Encode()); err != nil {
		t.Fatal(err)
	}
	if string(again.Encode()) != string(h.Encode()) {
		t.Error("it is written in another way after it was read")
	}
}
