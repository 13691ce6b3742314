// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"
)

func TestAttempts(t *testing.T) {
	for _, test := range []struct {
		name  string
		spans []Span
		// want has the span ids of the attempts of each instance, in their order.
		want string
	}{
		{"by attempt, whatever the clocks say", []Span{
			span(KindStage, 1, 500, 510, task("train"), attempt(1)),
			span(KindStage, 2, 100, 110, task("train"), attempt(2)),
			span(KindStage, 3, 300, 310, task("train"), attempt(3)),
		}, ":1 2 3"},
		{"by start", []Span{
			span(KindStage, 3, 300, 310, task("train")),
			span(KindStage, 1, 100, 110, task("train")),
			span(KindStage, 2, 200, 210, task("train")),
		}, ":1 2 3"},
		{"by start if one has no number", []Span{
			span(KindStage, 1, 100, 110, task("train"), attempt(2)),
			span(KindStage, 2, 200, 210, task("train")),
			span(KindStage, 3, 300, 310, task("train"), attempt(1)),
		}, ":1 2 3"},
		{"the one that another followed first", []Span{
			span(KindStage, 2, 100, 110, task("train")),
			span(KindStage, 1, 200, 210, task("train"), retried),
		}, ":1 2"},
		{"but a number counts more", []Span{
			span(KindStage, 1, 100, 110, task("train"), attempt(1)),
			span(KindStage, 2, 200, 210, task("train"), attempt(2), retried),
		}, ":1 2"},
		{"twice with one number: by start", []Span{
			span(KindStage, 2, 200, 210, task("train"), attempt(1)),
			span(KindStage, 1, 100, 110, task("train"), attempt(1)),
		}, ":1 2"},
		{"numbers before names", []Span{
			span(KindStage, 4, 0, 1, task("train"), instance("b")),
			span(KindStage, 3, 0, 1, task("train"), instance("a")),
			span(KindStage, 2, 0, 1, task("train"), instance("10")),
			span(KindStage, 1, 0, 1, task("train"), instance("9")),
			span(KindStage, 5, 5, 6, task("train"), instance("9")),
		}, "9:1 5,10:2,a:3,b:4"},
		{"one id in two traces is two spans", []Span{
			span(KindStage, 1, 0, 1, task("train")),
			span(KindStage, 1, 2, 3, task("train"), trace(2)),
			span(KindStage, 1, 2, 3, task("train"), trace(2)),
		}, ":1 1"},
		{"one id for all attempts: those with another number are others", []Span{
			span(KindStage, 1, 0, 1, task("train"), attempt(1), retried),
			span(KindStage, 1, 0, 1, task("train"), attempt(1), retried),
			span(KindStage, 1, 2, 3, task("train"), attempt(2)),
			span(KindStage, 1, 2, 3, task("train"), attempt(2)),
		}, ":1 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			for _, i := range of(test.spans...).Stage("train").Instances() {
				if got != "" {
					got += ","
				}
				got += i.Name + ":"
				for n, attempt := range i.Attempts {
					if n > 0 {
						got += " "
					}
					got += fmt.Sprint(attempt.SpanID[7])
				}
			}
			if got != test.want {
				t.Errorf("want %s, got %s", test.want, got)
			}
		})
	}
}

func TestRecovered(t *testing.T) {
	failed := span(KindStage, 1, 0, 1, task("train"), fails("E", "m"), retried)
	good := span(KindStage, 2, 2, 3, task("train"))
	if i := of(failed, good).Stage("train").Instances(); !i[0].Recovered() {
		t.Error("good after a failure has recovered")
	}
	if i := of(good).Stage("train").Instances(); i[0].Recovered() {
		t.Error("good at once has not recovered")
	}
	worse := span(KindStage, 3, 4, 5, task("train"), fails("E", "m"))
	if i := of(failed, good, worse).Stage("train").Instances(); i[0].Recovered() {
		t.Error("what failed in the end has not recovered")
	}
}

func TestInnerSpansSpeakForTheirStage(t *testing.T) {
	r := of(
		span(KindInner, 10, 0, 50, task("train"), read(5), metric("loss", 9)), // of the first attempt
		span(KindStage, 1, 0, 60, task("train"), fails("E", "m"), retried),
		span(KindInner, 11, 100, 110, task("train"), read(100), wrote(90), metric("loss", 0.5), nulls("age", 0.1)),
		span(KindInner, 12, 110, 120, task("train"), read(200), metric("loss", 0.25), metric("auc", 0.8)),
		span(KindStage, 2, 100, 200, task("train"), wrote(300), metric("auc", 0.9)),
	)
	i := r.Stage("train").Instances()[0]
	if i.RowsIn() != 200 || i.RowsOut() != 300 {
		t.Errorf("rows in %d (the latest inner span says 200), out %d (the stage says 300)", i.RowsIn(), i.RowsOut())
	}
	if want := []Value{{"auc", 0.9}, {"loss", 0.25}}; !slices.Equal(i.Metrics(), want) {
		t.Errorf("metrics %v, want %v", i.Metrics(), want)
	}
	if want := []Value{{"age", 0.1}}; !slices.Equal(i.NullRatios(), want) {
		t.Errorf("null ratios %v, want %v", i.NullRatios(), want)
	}
	alone := of(span(KindInner, 10, 0, 50, task("train"), metric("loss", 3)), span(KindStage, 1, 0, 60, task("train"))).Stage("train").Instances()[0]
	if want := []Value{{"loss", 3}}; !slices.Equal(alone.Metrics(), want) {
		t.Errorf("metrics %v, want %v", alone.Metrics(), want)
	}
	zero := of(span(KindInner, 10, 0, 50, task("train"), read(0)), span(KindInner, 11, 0, 50, task("train"), nulls("age", 0)),
		span(KindStage, 1, 0, 60, task("train"))).Stage("train").Instances()[0]
	if zero.RowsIn() != 0 || zero.RowsOut() != -1 || len(zero.NullRatios()) != 1 {
		t.Errorf("rows in %d, out %d, null ratios %v", zero.RowsIn(), zero.RowsOut(), zero.NullRatios())
	}
	old := of(
		span(KindInner, 10, 0, 50, task("train"), read(5)),
		span(KindStage, 1, 0, 60, task("train"), fails("E", "m"), retried),
		span(KindStage, 2, 100, 200, task("train")),
	).Stage("train").Instances()[0]
	if old.RowsIn() >= 0 {
		t.Errorf("the final attempt read %d rows, which is what an earlier one did", old.RowsIn())
	}
}

func TestSignsOfLife(t *testing.T) {
	r := newRun(DefaultLimits)
	add := func(arrives int, s Span) { r.Add(&s, at(arrives)) }
	// The clock of the stage's host is an hour ahead: only the length of a span counts, and when it
	// came.
	add(1001, span(KindMarker, 1, 4600, 4600, task("train")))
	add(1130, span(KindInner, 2, 4610, 4670, task("train"))) // began at second 1070 at the latest
	s := r.Stage("train")
	if !s.Began().Equal(at(1001)) || !s.Sign().Equal(at(1130)) || !s.Marked() || s.Ended() {
		t.Errorf("began %v, sign %v, marked %v, ended %v", s.Began(), s.Sign(), s.Marked(), s.Ended())
	}
	add(1030, span(KindInner, 3, 4600, 4640, task("train"))) // began at second 990
	if !s.Began().Equal(at(990)) || !s.Sign().Equal(at(1130)) {
		t.Errorf("began %v, sign %v", s.Began(), s.Sign())
	}
	if !r.Sign().IsZero() {
		t.Error("no span was of the run as a whole")
	}
	add(1200, span(KindInner, 4, 0, 1))
	if !r.Sign().Equal(at(1200)) || r.Marked() {
		t.Errorf("sign of the run %v, marked %v", r.Sign(), r.Marked())
	}
	add(1210, span(KindMarker, 5, 0, 0))
	nameless := span(KindInner, 0, 0, 1)
	for range 2 {
		if !r.Add(&nameless, at(1210)) {
			t.Error("a span without an id is always news")
		}
	}
	add(1300, span(KindStage, 6, 4600, 4890, task("train")))
	if !r.Marked() || !r.Sign().Equal(at(1210)) || !s.Ended() || !s.Arrived().Equal(at(1300)) || !r.Began().Equal(at(990)) {
		t.Errorf("marked %v, sign %v, ended %v, arrived %v, run began %v", r.Marked(), r.Sign(), s.Ended(), s.Arrived(), r.Began())
	}
	if r.Add(&Span{Kind: KindMarker, TraceID: traceID(1), SpanID: spanID(5)}, at(5000)) || !r.LastSeen.Equal(at(1300)) {
		t.Error("a span that came again is no sign of life")
	}
}

func TestRootThatCounts(t *testing.T) {
	plain := span(KindRoot, 1, 0, 100, fails("E", "m"))
	laterOne := span(KindRoot, 2, 50, 200, okay)
	explicit := span(KindRoot, 3, 0, 90, outcome(Cancellation))
	for _, test := range []struct {
		spans []Span
		want  int
	}{
		{[]Span{plain}, 1},
		{[]Span{plain, laterOne}, 2},
		{[]Span{laterOne, plain}, 2},
		{[]Span{explicit, laterOne, plain}, 3},
		{[]Span{plain, laterOne, explicit}, 3},
	} {
		if got := of(test.spans...).Root.SpanID; got != spanID(test.want) {
			t.Errorf("root %v, want %d", got, test.want)
		}
	}
	r := of(plain, laterOne)
	if r.Add(&plain, at(2000)) || r.Add(&laterOne, at(2000)) {
		t.Error("a root was taken twice")
	}
	if !r.Root.Arrived.Equal(at(1000)) {
		t.Errorf("the root arrived at %v", r.Root.Arrived)
	}
	late := newRun(DefaultLimits)
	first := span(KindStage, 5, 10, 20, task("load"))
	late.Add(&first, at(20))
	late.Add(&plain, at(9000))
	if !late.Start.Equal(at(0)) || !late.End.Equal(at(100)) || !late.FirstSeen.Equal(at(20)) || !late.LastSeen.Equal(at(9000)) {
		t.Errorf("a late root: %v to %v, seen %v to %v", late.Start, late.End, late.FirstSeen, late.LastSeen)
	}
}

func TestSeveralTraces(t *testing.T) {
	r := of(
		span(KindStage, 1, 0, 1, task("a"), trace(7)),
		span(KindStage, 2, 1, 2, task("b"), trace(8)),
		span(KindStage, 3, 2, 3, task("c"), trace(7)),
	)
	if want := []TraceID{traceID(7), traceID(8)}; !slices.Equal(r.Traces, want) {
		t.Errorf("traces %v", r.Traces)
	}
	if got := r.TraceOf(r.Stage("b").Instances()[0].Final()); got != traceID(8) {
		t.Errorf("b is in trace %v", got)
	}
}

func TestLimits(t *testing.T) {
	limits := Limits{Stages: 2, Instances: 3, Attempts: 2, Errors: 2, Links: 2, Traces: 2}
	for _, test := range []struct {
		name  string
		spans []Span
		lost  int
		check func(*Run) bool
	}{
		{"stages", []Span{
			span(KindStage, 1, 0, 1, task("a")), span(KindStage, 2, 0, 1, task("b")), span(KindStage, 3, 0, 1, task("c")),
		}, 1, func(r *Run) bool { return len(r.Stages) == 2 && r.Stage("c") == nil }},
		{"instances", []Span{
			span(KindStage, 1, 0, 1, task("a"), instance("1")), span(KindStage, 2, 0, 1, task("a"), instance("2")),
			span(KindStage, 3, 0, 1, task("a"), instance("3")), span(KindStage, 4, 0, 1, task("a"), instance("4")),
			span(KindStage, 5, 2, 3, task("a"), instance("1")), // a further attempt of one that is known
		}, 1, func(r *Run) bool { return len(r.Stage("a").Instances()) == 3 }},
		{"attempts: the latest stay", []Span{
			span(KindStage, 3, 20, 21, task("a"), attempt(3)), span(KindStage, 1, 0, 1, task("a"), attempt(1)), span(KindStage, 2, 10, 11, task("a"), attempt(2)),
		}, 1, func(r *Run) bool {
			i := r.Stage("a").Instances()
			return len(i[0].Attempts) == 2 && i[0].Attempts[0].Number() == 2 && i[0].Final().Number() == 3
		}},
		{"errors: the ones that end last stay", []Span{
			span(KindInner, 1, 0, 10, fails("E", "first")), span(KindInner, 2, 0, 30, fails("E", "third")), span(KindInner, 3, 0, 20, fails("E", "second")),
		}, 1, func(r *Run) bool { return len(r.more.errors) == 2 && r.RootCause("").Message == "third" }},
		{"links: the latest stay", []Span{
			span(KindInner, 1, 0, 10), span(KindInner, 2, 0, 30), span(KindInner, 3, 0, 20),
		}, 0, func(r *Run) bool {
			return len(r.more.links.ring) == 2 && !r.more.links.has(&link{span: spanID(1)}) && r.more.links.has(&link{span: spanID(3)})
		}},
		{"traces: the span stays", []Span{
			span(KindStage, 1, 0, 1, task("a"), trace(1)), span(KindStage, 2, 0, 1, task("b"), trace(2)), span(KindStage, 3, 2, 3, task("b"), trace(3)),
		}, 1, func(r *Run) bool {
			i := r.Stage("b").Instances()
			return len(r.Traces) == 2 && len(i[0].Attempts) == 2 && r.TraceOf(i[0].Final()) == TraceID{}
		}},
		{"what inner spans say", []Span{
			span(KindInner, 1, 0, 1, task("a"), instance("1"), wrote(1)), span(KindInner, 2, 0, 1, task("a"), instance("2"), wrote(1)),
			span(KindInner, 3, 0, 1, task("a"), instance("3"), wrote(1)), span(KindInner, 4, 0, 1, task("a"), instance("4"), wrote(1)),
		}, 1, func(r *Run) bool { return len(r.Stage("a").side.reported) == 3 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRun(limits)
			for i := range test.spans {
				r.Add(&test.spans[i], at(100))
			}
			if r.Lost != test.lost || !test.check(r) {
				t.Errorf("lost %d, want %d:\n%s", r.Lost, test.lost, dump(r))
			}
		})
	}
}

func TestAttemptsBeyondTheLimit(t *testing.T) {
	r := newRun(Limits{Stages: 2, Instances: 3, Attempts: 2, Errors: 2, Links: 2, Traces: 2})
	for i, test := range []struct {
		attempt int
		news    bool
	}{{2, true}, {3, true}, {4, true}, {1, false}} {
		s := span(KindStage, 1+i, i, i+1, task("a"), attempt(test.attempt))
		if got := r.Add(&s, at(1000)); got != test.news {
			t.Errorf("attempt %d is news: %v", test.attempt, got)
		}
	}
}

func TestManyInstances(t *testing.T) {
	r := newRun(DefaultLimits)
	const n = 500
	for i := n - 1; i >= 0; i-- {
		s := span(KindStage, 1+i, i, i+1, task("score"), instance(strconv.Itoa(i)))
		if !r.Add(&s, at(1000)) || r.Add(&s, at(1000)) {
			t.Fatalf("instance %d: not taken once", i)
		}
	}
	instances := r.Stage("score").Instances()
	if len(instances) != n || r.Lost != 0 {
		t.Fatalf("%d instances, %d lost", len(instances), r.Lost)
	}
	for i := range instances {
		if instances[i].Name != strconv.Itoa(i) || len(instances[i].Attempts) != 1 {
			t.Fatalf("instance %d is %s with %d attempts", i, instances[i].Name, len(instances[i].Attempts))
		}
	}
}

func TestManyStages(t *testing.T) {
	r := newRun(DefaultLimits)
	for i := range 200 {
		s := span(KindStage, 1+i, i, i+1, task(fmt.Sprint("stage", i)))
		r.Add(&s, at(1000))
	}
	for i := range 200 {
		name := fmt.Sprint("stage", i)
		if s := r.Stage(name); s == nil || s.Name != name || r.Stages[i] != s {
			t.Fatalf("stage %d: %v", i, s)
		}
	}
	if r.Stage("another") != nil {
		t.Error("a stage that nobody named")
	}
}

func TestTimesThatAreNone(t *testing.T) {
	none := Span{Kind: KindStage, TraceID: traceID(1), SpanID: spanID(1), Task: "a", Outcome: Success, RowsIn: -1, RowsOut: -1}
	far := span(KindStage, 2, 0, 0, task("b"))
	far.Start, far.End = time.Unix(1<<40, 0), time.Unix(-1<<40, 0)
	backwards := span(KindStage, 3, 100, 50, task("c"))
	r := of(none, far, backwards)
	for _, name := range []string{"a", "b", "c"} {
		if d := r.Stage(name).Instances()[0].Final().Duration(); d != 0 {
			t.Errorf("%s took %v", name, d)
		}
	}
	half := span(KindStage, 4, 0, 200, task("d"), instance("0"))
	half.Start = time.Time{}
	r = of(half)
	if d := r.Stage("d"); !r.Began().Equal(at(1000)) || !d.Began().Equal(at(1000)) || d.Instances()[0].Final().Duration() != 0 {
		t.Errorf("without a start: began %v, took %v", r.Began(), d.Instances()[0].Final().Duration())
	}
	r = of(none, far, backwards)
	if !r.Start.Equal(at(100)) || !r.End.Equal(at(100)) || !r.Began().Equal(at(1000)) {
		t.Errorf("%v to %v, began %v", r.Start, r.End, r.Began())
	}
}

func TestLogical(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		date  string
		zone  *time.Location
		want  time.Time
		given bool
	}{
		{"2026-11-22", nil, day, true},
		{"2026-11-22", berlin, day.Add(-time.Hour), true},
		{"2026-07-22", berlin, time.Date(2026, 7, 21, 22, 0, 0, 0, time.UTC), true},
		{"2026-11-22T03:00:00+00:00", berlin, day.Add(3 * time.Hour), true},
		{"2026-11-22T03:00:00Z", nil, day.Add(3 * time.Hour), true},
		{"2026-11-22T03:00:00.5+01:00", nil, day.Add(2*time.Hour + 500*time.Millisecond), true},
		{"2026-11-22T03:00:00", berlin, day.Add(2 * time.Hour), true},
		{"2026-11-22 03:00:00", nil, day.Add(3 * time.Hour), true},
		{"2026-11-22 03:00:00+00:00", berlin, day.Add(3 * time.Hour), true},
		{"yesterday", nil, base, false},
		{"", nil, base, false},
	} {
		r := of(span(KindStage, 1, 0, 1, task("a"), func(s *Span) { s.LogicalDate = test.date }))
		if got, given := r.Logical(test.zone); !got.Equal(test.want) || given != test.given {
			t.Errorf("%q in %v: %v %v, want %v %v", test.date, test.zone, got, given, test.want, test.given)
		}
	}
}
