// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import "testing"

// TestCause: span 1 is the stage, which failed; 2 to 5 are below it.
func TestCause(t *testing.T) {
	stage := span(KindStage, 1, 0, 100, task("load"), fails("RuntimeError", "cannot load"))
	for _, test := range []struct {
		name  string
		inner []Span
		want  int
		text  string
	}{
		{"no inner span", nil, 1, "RuntimeError: cannot load"},
		{"an inner span that did well", []Span{span(KindInner, 2, 10, 20, parent(1))}, 1, "RuntimeError: cannot load"},
		{"the deepest one", []Span{
			span(KindInner, 3, 20, 90, parent(2), fails("TimeoutError", "after 30 s")),
			span(KindInner, 2, 10, 95, parent(1), fails("LoadError", "query failed")),
		}, 3, "TimeoutError: after 30 s"},
		{"one without words", []Span{span(KindInner, 2, 10, 95, parent(1), fails("", ""))}, 2, "RuntimeError: cannot load"},
		{"caught by its parent", []Span{
			span(KindInner, 3, 20, 30, parent(2), fails("CacheMiss", "")),
			span(KindInner, 2, 10, 40, parent(1), okay),
		}, 1, "RuntimeError: cannot load"},
		{"deeper, but it did not go all the way up", []Span{
			span(KindInner, 4, 20, 30, parent(3), fails("CacheMiss", "")),
			span(KindInner, 3, 20, 30, parent(2)),
			span(KindInner, 2, 10, 40, parent(1)),
			span(KindInner, 5, 50, 60, parent(1), fails("DiskFull", "")),
		}, 5, "DiskFull: "},
		{"of those as deep, the one that ended last", []Span{
			span(KindInner, 2, 10, 20, parent(1), fails("TimeoutError", "first")),
			span(KindInner, 3, 80, 90, parent(1), fails("TimeoutError", "third")),
			span(KindInner, 4, 40, 50, parent(1), fails("TimeoutError", "second")),
		}, 3, "TimeoutError: third"},
		{"the parent is not known: by time", []Span{span(KindInner, 2, 10, 20, parent(77), fails("LockError", "held"))}, 2, "LockError: held"},
		{"by time, but in another trace", []Span{span(KindInner, 2, 10, 20, parent(77), trace(2), fails("LockError", "held"))}, 1, "RuntimeError: cannot load"},
		{"in another trace, but it names the stage", []Span{span(KindInner, 2, 10, 20, task("load"), trace(2), fails("LockError", "held"))}, 2, "LockError: held"},
		{"as long as the stage", []Span{span(KindInner, 2, 0, 100, parent(77), fails("LockError", "held"))}, 2, "LockError: held"},
		{"longer than the stage", []Span{span(KindInner, 2, 0, 101, parent(77), fails("LockError", "held"))}, 1, "RuntimeError: cannot load"},
		{"before the stage", []Span{span(KindInner, 2, -10, 20, parent(77), fails("LockError", "held"))}, 1, "RuntimeError: cannot load"},
		{"known parents count more than time", []Span{
			span(KindInner, 2, 10, 20, parent(1), fails("A", "")),
			span(KindInner, 3, 10, 99, parent(77), fails("B", "")),
		}, 2, "A: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := of(append(test.inner, stage)...)
			e := r.Cause(r.Stage("load").Instances()[0].Final())
			if e.SpanID != spanID(test.want) || e.ExceptionType+": "+e.Message != test.text {
				t.Errorf("span %v, %s: %s", e.SpanID, e.ExceptionType, e.Message)
			}
			if inner := test.want != 1; inner != (e.Name != "") {
				t.Errorf("name %q", e.Name)
			}
		})
	}
}

func TestCauseOfTheFinalAttempt(t *testing.T) {
	r := of(
		span(KindInner, 11, 10, 20, parent(1), fails("First", "")),
		span(KindStage, 1, 0, 30, task("load"), fails("E", ""), attempt(1), retried),
		span(KindInner, 12, 50, 60, parent(2), fails("Second", "")),
		span(KindStage, 2, 40, 70, task("load"), fails("E", ""), attempt(2)),
	)
	if e := r.Cause(r.Stage("load").Instances()[0].Final()); e.ExceptionType != "Second" {
		t.Errorf("the error of attempt 1 is not the cause of attempt 2's failure: %+v", e)
	}
}

func TestShortestTryByTime(t *testing.T) {
	r := of(
		span(KindStage, 1, 0, 100, task("all"), fails("E", "")),
		span(KindStage, 2, 40, 60, task("load"), fails("E", "")),
		span(KindInner, 3, 45, 50, parent(77), fails("Inner", "")),
	)
	if e := r.Cause(r.Stage("load").Instances()[0].Final()); e.SpanID != spanID(3) {
		t.Errorf("load failed by %+v", e)
	}
	if e := r.Cause(r.Stage("all").Instances()[0].Final()); e.SpanID != spanID(1) {
		t.Errorf("all failed by %+v", e)
	}
}

// TestCauseOfAttemptsWithOneID: all attempts have the id of their instance; what is below counts
// for the last one, in whatever order they came.
func TestCauseOfAttemptsWithOneID(t *testing.T) {
	first := span(KindStage, 1, 0, 10, task("load"), attempt(1), retried, fails("", ""))
	second := span(KindStage, 1, 20, 30, task("load"), attempt(2), fails("", ""))
	below := span(KindInner, 2, 21, 29, parent(1), fails("DiskFull", "no space"))
	for _, spans := range [][]Span{{first, second, below}, {second, below, first}} {
		r := of(spans...)
		if e := r.Cause(r.Stage("load").Instances()[0].Final()); e.SpanID != spanID(2) || e.ExceptionType != "DiskFull" {
			t.Errorf("span %v, %s", e.SpanID, e.ExceptionType)
		}
	}
}

func TestRootCause(t *testing.T) {
	root := span(KindRoot, 1, 0, 100, fails("RunError", "gave up"))
	good := span(KindStage, 2, 0, 50, task("load"), parent(1))
	for _, test := range []struct {
		name  string
		spans []Span
		stage string
		want  int
	}{
		{"the root itself", []Span{root, good}, "", 1},
		{"an error of no stage", []Span{root, good, span(KindInner, 3, 60, 70, parent(1), fails("E", ""))}, "", 3},
		{"an error in a stage that did well", []Span{root, good, span(KindInner, 3, 10, 20, parent(2), fails("E", ""))}, "", 1},
		{"that of the stage which did not end", []Span{
			root, good, span(KindInner, 3, 60, 70, task("train"), fails("E", "")), span(KindInner, 4, 60, 99, parent(1), fails("E", "")),
		}, "train", 3},
		{"another one if that has none", []Span{root, good, span(KindInner, 4, 60, 99, parent(1), fails("E", ""))}, "train", 4},
		{"below a root that does not count", []Span{
			span(KindRoot, 9, 0, 90, fails("RunError", "")), root, span(KindStage, 2, 0, 100, task("all")),
			span(KindInner, 3, 60, 70, parent(9), fails("E", "")),
		}, "", 3},
		{"no root yet", []Span{good}, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if e := of(test.spans...).RootCause(test.stage); e.SpanID != spanID(test.want) {
				t.Errorf("%+v, want span %d", e, test.want)
			}
		})
	}
}

func TestAbove(t *testing.T) {
	r := of(
		span(KindStage, 1, 0, 100, task("group"), fails("E", "")),
		span(KindInner, 2, 10, 90, parent(1)),
		span(KindStage, 3, 20, 80, task("train"), parent(2), fails("E", "")),
		span(KindStage, 4, 0, 10, task("load"), fails("E", ""), parent(4)), // its own parent
	)
	of := func(name string) *Attempt { return r.Stage(name).Instances()[0].Final() }
	if above := r.Above(of("train")); len(above) != 1 || above[0] != of("group") {
		t.Errorf("above train: %v", above)
	}
	if above := r.Above(of("group")); len(above) != 0 {
		t.Errorf("above group: %v", above)
	}
	if above := r.Above(of("load")); len(above) != 0 {
		t.Errorf("above load: %v", above)
	}
}

func TestCirclesOfParents(t *testing.T) {
	r := of(
		span(KindInner, 2, 10, 20, parent(3), fails("A", "")),
		span(KindInner, 3, 10, 20, parent(2), fails("B", "")),
		span(KindStage, 1, 0, 100, task("load"), fails("E", "")),
	)
	if e := r.Cause(r.Stage("load").Instances()[0].Final()); e.SpanID != spanID(2) && e.SpanID != spanID(3) {
		t.Errorf("%+v", e)
	}
}
