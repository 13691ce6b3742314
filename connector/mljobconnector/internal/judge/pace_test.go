// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func TestQuantileOfStudent(t *testing.T) {
	// Tables: t(0.999; 1) = 318.309, t(0.999; 4) = 7.1732, t(0.999; 29) = 3.3962.
	for df, want := range map[float64]float64{1: 318.3088, 4: 7.17318, 29: 3.39624} {
		if got := quantile(df, 0.001); math.Abs(got/want-1) > 1e-4 {
			t.Errorf("t(0.999; %v) is %v, want %v", df, got, want)
		}
	}
}

func seconds(durations ...float64) []float64 {
	out := make([]float64, len(durations))
	for i, d := range durations {
		out[i] = d * float64(time.Second)
	}
	return out
}

func TestPace(t *testing.T) {
	for _, test := range []struct {
		name      string
		durations []float64
		groups    string // runs and median in seconds
		high      float64
	}{
		{"always the same: 1.5 times as long", seconds(100, 100, 100), "3×100", 150},
		{"short: a second more", seconds(0.1, 0.1, 0.1), "3×0.1", 1.1},
		{"a second more is no other kind", seconds(0.1, 0.1, 0.1, 0.1, 0.1, 0.9, 1.5), "7×0.1", 9.99},
		{"of three little is known", seconds(80, 160, 120), "3×120", 1209},
		// ln of 81 … 121: s = 0.1586, t(0.9998; 4) = 10.915: 101 · exp(10.915 · 0.1586 · √1.2) - 1
		{"spread", seconds(120, 80, 100, 110, 90), "5×100", 672},
		{"two sizes", seconds(500, 100, 100, 500, 100, 100), "4×100 2×500", 150},
		{"as many of each: the shorter ones", seconds(500, 100, 100, 500), "2×100 2×500", 150},
		{"an outlier", seconds(100, 100, 100, 100, 9000), "4×100 1×9000", 150},
	} {
		p := newPace(test.durations, 0)
		got := ""
		for i, g := range p.groups {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprintf("%d×%g", g.runs, g.median/float64(time.Second))
		}
		if got != test.groups {
			t.Errorf("%s: %s, want %s", test.name, got, test.groups)
		}
		if high := p.usual().high / float64(time.Second); math.Abs(high-test.high) > 0.1 {
			t.Errorf("%s: up to %v s, want %v s", test.name, high, test.high)
		}
	}
}

// tell lets a history learn runs that took so many seconds, one a day, and returns the numbers of
// those that were slow, and what became the new normal.
func tell(t *testing.T, h *History, durations []int, rows func(i int) int64) (slow []int, accepted []Accepted) {
	t.Helper()
	for i, d := range durations {
		s := scripted(fmt.Sprint("run-", i))
		s.stage("load", 0, d, read(rows(i)), dated(base.AddDate(0, 0, i).Format(time.RFC3339))).root(0, d)
		r := s.run()
		e := expect(nil, h)
		v := Judge(r, e, true)
		if v.has(JobSlow) {
			slow = append(slow, i)
		}
		if v.Feeds {
			accepted = append(accepted, h.Learn(r, e, v)...)
		}
	}
	return slow, accepted
}

func noRows(int) int64 { return -1 }

func times(n, d int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = d
	}
	return out
}

func TestSlowerForGoodIsTheNewNormal(t *testing.T) {
	h := &History{}
	slow, accepted := tell(t, h, append(times(10, 600), times(20, 1300)...), noRows)
	if fmt.Sprint(slow) != "[10 11 12 13 14]" {
		t.Errorf("slow were %v", slow)
	}
	if len(accepted) != 1 || accepted[0].Kind != JobSlow || accepted[0].Runs != 5 ||
		accepted[0].Text != "recsys took longer than usual in 5 good runs in a row (median 22m, before that 10m): that is what it takes from now on" {
		t.Errorf("accepted %+v", accepted)
	}
	// From then on it is held against the new pace.
	if v := Judge(scripted("next").stage("load", 0, 2000, dated("2027-01-01")).root(0, 2000).run(), expect(nil, h), true); !v.has(JobSlow) {
		t.Errorf("2000 s after 1300 s: %s", verdict(v))
	}
}

func TestWeeklyFullRunsAreOfAnotherKind(t *testing.T) {
	var durations []int
	for i := range 60 {
		if i%7 == 6 {
			durations = append(durations, 3000+10*i)
			continue
		}
		durations = append(durations, 600+5*(i%11))
	}
	durations = append(durations, 1800, 9500) // neither of one kind nor of the other
	slow, accepted := tell(t, &History{}, durations, noRows)
	if fmt.Sprint(slow) != "[6 60 61]" || len(accepted) > 0 {
		t.Errorf("slow were %v; accepted %v", slow, accepted)
	}
}

func TestSlowBySize(t *testing.T) {
	full := func(i int) int64 {
		if i%7 == 6 {
			return 5_000_000
		}
		return 1_000_000
	}
	var durations []int
	for i := range 43 {
		durations = append(durations, int(full(i)/1_000_000)*600)
	}
	durations = append(durations, 3000) // the rows of an increment, the time of a full run
	slow, _ := tell(t, &History{}, durations, full)
	if fmt.Sprint(slow) != "[43]" {
		t.Errorf("slow were %v: five times the rows may take five times as long, from the first time on", slow)
	}
}

func TestOverdueByTheLongestKind(t *testing.T) {
	h := &History{}
	var durations []int
	for i := range 20 {
		durations = append(durations, 600+2400*(i%7/6))
	}
	tell(t, h, durations, noRows)
	r := scripted("today").stage("load", 0, 60).run()
	for after, want := range map[int]string{1000: "", 4600: "", 4650: "JobOverdue"} {
		faults, _ := Running(r, expect(nil, h), at(after))
		if kinds(faults) != want {
			t.Errorf("after %d s: %q, want %q", after, kinds(faults), want)
		}
	}
}
