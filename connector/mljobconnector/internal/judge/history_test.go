// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3}, {[]float64{5, 1, 3}, 3}, {[]float64{4, 1, 3, 2}, 2.5}, {[]float64{math.MaxFloat64, math.MaxFloat64}, math.MaxFloat64},
	} {
		if got := median(slices.Clone(test.values)); got != test.want {
			t.Errorf("median of %v is %v, want %v", test.values, got, test.want)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("the median of nothing is a number")
	}
}

func TestHistoryKeepsTheLastRunsByDate(t *testing.T) {
	h := &History{}
	learn := func(id, date string, rows int64) {
		h.learn(scripted(id).stage("load", 0, 10, wrote(rows), dated(date)).root(0, 10).run())
	}
	for day := range 31 {
		learn(fmt.Sprint("r", day), fmt.Sprintf("2026-10-%02d", day+1), int64(day))
	}
	if h.Len() != remembered || h.runs[0].stage("load").rowsOut != 1 {
		t.Errorf("%d runs, the first of %d rows", h.Len(), h.runs[0].stage("load").rowsOut)
	}
	learn("r10", "2026-10-11", 1000) // the same run again
	if got := h.runs[9].stage("load").rowsOut; h.Len() != remembered || got != 1000 {
		t.Errorf("%d runs, the tenth of %d rows", h.Len(), got)
	}
	learn("late", "2026-10-20T12:00:00Z", 2000) // ended after newer ones
	if got := h.latest("load").rowsOut; got != 30 {
		t.Errorf("the last good run wrote %d rows", got)
	}
	h.Forget(scripted("r30").run())
	if got := h.latest("load").rowsOut; h.Len() != remembered-1 || got != 29 {
		t.Errorf("%d runs, the last of %d rows", h.Len(), got)
	}
	learn("strange", "0001-01-01", 3) // a date that is none counts as the oldest
	if h.runs[0].at != 0 {
		t.Errorf("at %d", h.runs[0].at)
	}
}

func TestHistoryLooksBackOnAFewRuns(t *testing.T) {
	h := learned(10, func(day int, s *script) { s.stage("load", 0, 10, wrote(int64(100*day))).root(0, 10) })
	v := newView(scripted("r").run(), expect(nil, h))
	if u, ok := v.usual("load", measureRowsOut, ""); !ok || u.median != 600 || u.last != 900 || u.runs != 7 { // of 300 … 900
		t.Errorf("%+v %v", u, ok)
	}
}

func TestHistoryLeavesOutWhatDidNotEndWell(t *testing.T) {
	h := &History{}
	h.learn(scripted("r").
		stage("load", 0, 10).
		stage("explain", 10, 20, fails("E", "m")).
		stage("full", 10, 10, result(run.Skip)).
		stage("score", 0, 10, instance("0"), wrote(5)).stage("score", 0, 10, instance("1"), fails("E", "m")).
		add(run.KindMarker, 0, 0, task("hung")).
		root(0, 20).run())
	got := ""
	for _, s := range h.runs[0].stages {
		got += fmt.Sprint(s.name, s.skipped, " ")
	}
	if want := "fulltrue loadfalse scorefalse "; got != want {
		t.Errorf("stages %s, want %s", got, want)
	}
}

func TestHistorySharesNames(t *testing.T) {
	h := pipelines(7)
	first, last := h.runs[0].stage("clean").nulls, h.runs[6].stage("clean").nulls
	if len(first.names) != 2 || &first.names[0] != &last.names[0] {
		t.Error("each run has names of its own")
	}
	data := h.Encode()
	var read History
	if err := read.Decode(data); err != nil {
		t.Fatal(err)
	}
	first, last = read.runs[0].stage("clean").nulls, read.runs[6].stage("clean").nulls
	if &first.names[0] != &last.names[0] {
		t.Error("each run has names of its own after a restart")
	}
}

func TestHistoryCodec(t *testing.T) {
	h := &History{}
	for n := range 10 {
		data := h.Encode()
		var read History
		if err := read.Decode(data); err != nil {
			t.Fatal(err)
		}
		again := read.Encode()
		if !bytes.Equal(data, again) {
			t.Fatalf("%d runs are written in another way after they were read", n)
		}
		today := pipeline("today", changes{"clean": {wrote(1), set("age", 0.5)}}).run()
		if a, b := verdict(Judge(today, expect(nil, h), true)), verdict(Judge(today, expect(nil, &read), true)); a != b {
			t.Fatalf("verdict %s, after a restart %s", a, b)
		}
		for k := range data {
			if read.Decode(data[:k]) == nil {
				t.Fatalf("the first %d bytes of %d were read as a history", k, len(data))
			}
		}
		h.learn(pipeline(fmt.Sprint("good-", n), nil).run())
	}
	data := h.Encode()
	data[0]++
	if err := h.Decode(data); !errors.Is(err, wire.ErrFormat) || h.Len() != 10 {
		t.Errorf("another version: %v, %d runs", err, h.Len())
	}
}

func FuzzHistory(f *testing.F) {
	for n := range 8 {
		data := pipelines(n).Encode()
		f.Add(data)
	}
	today := pipeline("today", changes{"clean": {wrote(1), set("age", 0.5)}}).run()
	f.Fuzz(func(t *testing.T, data []byte) {
		var h History
		if h.Decode(data) != nil {
			return
		}
		e := expect(nil, &h)
		_ = Judge(today, e, true)
		_, _ = Running(today, e, at(1e6))
		h.learn(today)
		again := h.Encode()
		if err := h.Decode(again); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
