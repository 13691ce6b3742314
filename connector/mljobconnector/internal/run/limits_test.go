// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// failedNames are the instances of a stage whose final attempt is bad.
func failedNames(s *Stage) (names []string) {
	for _, i := range s.Instances() {
		if i.Final().Outcome.Bad() {
			names = append(names, i.Name)
		}
	}
	return names
}

// TestFailedInstancesTakePlaces has more failures than the reserve holds, in many orders, before
// and after a restart: each of them has a place as long as a good instance can make room.
func TestFailedInstancesTakePlaces(t *testing.T) {
	limits := Limits{Stages: 2, Instances: 60, Attempts: 3, Errors: 2, Links: 2, Traces: 2}
	const good, bad, recovered = 300, 155, 40 // 160 places: 60 and the reserve
	for seed := range uint64(12) {
		var spans []Span
		for i := range good {
			spans = append(spans, span(KindStage, len(spans)+1, 0, 1, task("map"), instance(fmt.Sprint("good-", i))))
		}
		for i := range bad {
			spans = append(spans, span(KindStage, len(spans)+1, 0, 1, task("map"), instance(fmt.Sprint("bad-", i)), fails("E", "m")))
		}
		for i := range recovered {
			name := instance(fmt.Sprint("again-", i))
			spans = append(
				spans, span(KindStage, len(spans)+1, 0, 1, task("map"), name, attempt(1), fails("E", "m"), retried),
				span(KindStage, len(spans)+2, 2, 3, task("map"), name, attempt(2)),
			)
		}
		switch rng := rand.New(rand.NewPCG(seed, 5)); seed {
		case 0: // good ones first
		case 1:
			slices.Reverse(spans)
		default:
			rng.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
		}
		r := newRun(limits)
		exceeded := 0
		for i := range spans {
			if i == len(spans)/2 { // a restart
				again := newRun(limits)
				if err := decode(again, encoded(r)); err != nil {
					t.Fatal(err)
				}
				r = again
			}
			r.Add(&spans[i], at(100))
			if r.TakeExceeded()&ExceededInstances != 0 {
				exceeded++
			}
		}
		s := r.Stage("map")
		named := map[string]bool{}
		for _, name := range failedNames(s) {
			named[name] = true
		}
		lost := 0
		for i := range bad {
			if !named[fmt.Sprint("bad-", i)] {
				lost++
			}
		}
		if lost > 0 {
			t.Errorf("seed %d: %d of %d failed instances are lost", seed, lost, bad)
		}
		if n := s.instances(); n > limits.Instances+Reserved {
			t.Errorf("seed %d: %d instances", seed, n)
		}
		if exceeded == 0 || r.Lost < exceeded || !s.Crowded() {
			t.Errorf("seed %d: %d spans exceeded a limit, %d lost, crowded %v", seed, exceeded, r.Lost, s.Crowded())
		}
	}
}

// TestFailedStagesTakePlaces is the same for stages.
func TestFailedStagesTakePlaces(t *testing.T) {
	limits := Limits{Stages: 20, Instances: 5, Attempts: 3, Errors: 2, Links: 2, Traces: 2}
	const good, bad = 200, 119
	for seed := range uint64(8) {
		var spans []Span
		for i := range good {
			spans = append(spans, span(KindStage, len(spans)+1, 0, 1, task(fmt.Sprint("good-", i))))
		}
		for i := range bad {
			spans = append(spans, span(KindStage, len(spans)+1, 0, 1, task(fmt.Sprint("bad-", i)), fails("E", "m")))
		}
		if seed > 0 {
			rand.New(rand.NewPCG(seed, 6)).Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
		}
		r := newRun(limits)
		for i := range spans {
			r.Add(&spans[i], at(100))
		}
		for i := range bad {
			if s := r.Stage(fmt.Sprint("bad-", i)); s == nil || !s.failed() {
				t.Errorf("seed %d: bad-%d is lost", seed, i)
			}
		}
		if len(r.Stages) > limits.Stages+Reserved || !r.Crowded() || r.TakeExceeded()&ExceededStages == 0 {
			t.Errorf("seed %d: %d stages, crowded %v", seed, len(r.Stages), r.Crowded())
		}
		again := newRun(limits)
		if err := decode(again, encoded(r)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNothingButFailures has more of them than there are places: the first ones stay.
func TestNothingButFailures(t *testing.T) {
	limits := Limits{Stages: 2, Instances: 10, Attempts: 3, Errors: 2, Links: 2, Traces: 2}
	r := newRun(limits)
	for i := range 500 {
		s := span(KindStage, i+1, 0, 1, task("map"), instance(fmt.Sprint(i)), fails("E", "m"))
		r.Add(&s, at(100))
	}
	if n := len(failedNames(r.Stage("map"))); n != 10+Reserved || r.Lost != 500-n {
		t.Errorf("%d failed, %d lost", n, r.Lost)
	}
}

func TestBegunInstances(t *testing.T) {
	began := func(n int, name string) Span { return span(KindMarker, n, 0, 0, task("map"), instance(name)) }
	ended := func(n int, name string) Span { return span(KindStage, n, 0, 1, task("map"), instance(name)) }
	spans := []Span{began(1, "a"), began(2, "b"), ended(3, "a"), began(4, "c"), ended(5, "c"), began(6, "a")}
	for seed := range uint64(10) {
		rand.New(rand.NewPCG(seed, 7)).Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
		r := newRun(DefaultLimits)
		for i := range spans {
			r.Add(&spans[i], at(100))
		}
		again := newRun(DefaultLimits)
		if err := decode(again, encoded(r)); err != nil {
			t.Fatal(err)
		}
		other := newRun(DefaultLimits)
		other.Merge(again)
		for _, r := range []*Run{r, again, other} {
			if n := r.Stage("map").Begun(); n != 1 {
				t.Errorf("%d instances go on, want b alone", n)
			}
		}
	}
}
