// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

var names = []string{"query", "clean", "join", "train"}

// randomRun is a pipeline with anything wrong with it.
func randomRun(rng *rand.Rand) *script {
	pick := func(n int) bool { return rng.IntN(n) == 0 }
	s := scripted("today")
	good := pick(5) // but for what is missing, or how long it took
	for i, name := range names {
		if pick(6) {
			continue
		}
		if good {
			s.stage(name, i*60, i*60+60, read(100_000), wrote(100_000), nulls("age", 0.02), nulls("price", 0))
			continue
		}
		for attempt := range 1 + rng.IntN(2) {
			for _, which := range []string{"", "0", "1"}[:1+rng.IntN(3)] {
				start := i*60 + attempt*20
				change := []func(*run.Span){
					instance(which), instances(rng.IntN(3)), read(rng.Int64N(130_000)), wrote(rng.Int64N(130_000)),
					nulls("age", rng.Float64()/5), metric("auc", rng.Float64()), nth(rng.IntN(3)),
				}
				switch {
				case pick(4):
					change = append(change, fails("E", fmt.Sprint(name, which)))
				case pick(10):
					change = append(change, result(run.Outcome(1+rng.IntN(6))))
				}
				if pick(6) {
					change = append(change, retried)
				}
				if pick(8) {
					change = append(change, cause(upstreamFailed))
				}
				s.stage(name, start, start+10+rng.IntN(100), change...)
				for range rng.IntN(3) {
					inner := []func(*run.Span){parent(2 + rng.IntN(len(s.spans))), named(fmt.Sprint("q", rng.IntN(3)), "db")}
					if pick(2) {
						inner = append(inner, fails("Inner", fmt.Sprint(rng.IntN(9))))
					}
					if pick(3) {
						inner = append(inner, task(name), wrote(rng.Int64N(1000)), metric("loss", rng.Float64()))
					}
					s.add(run.KindInner, start, start+rng.IntN(20), inner...)
				}
			}
		}
		if pick(4) {
			s.add(run.KindMarker, i*60, i*60, task(name))
		}
	}
	switch rng.IntN(4) {
	case 0:
		s.root(0, 300+rng.IntN(300))
	case 1:
		s.root(0, 300, result(run.Outcome(1+rng.IntN(6))))
	case 2:
		s.root(0, 900, fails("RootError", "m"))
	}
	return s
}

func randomCard(rng *rand.Rand) *catalog.Job {
	if rng.IntN(3) == 0 {
		return nil
	}
	c := card()
	for i, name := range names {
		s := catalog.Stage{Name: name, Optional: rng.IntN(4) == 0, Instances: rng.IntN(3), MaxFailed: rng.IntN(2)}
		if i > 0 && rng.IntN(2) == 0 {
			s.After = names[i-1 : i]
		}
		if rng.IntN(2) == 0 {
			s.Timeout, s.Heartbeat = time.Minute, 30*time.Second
			s.Metrics = map[string]catalog.StageMetric{"auc": {Min: new(0.5)}, "f1": {Min: new(0.5)}}
		}
		c.Stages = append(c.Stages, s)
	}
	return c
}

// answers is all that is said of a run.
func answers(r *run.Run, e Expect) []any {
	var out []any
	for _, now := range []time.Time{at(1000), at(1060), at(1120), at(9000)} {
		faults, next := Running(r, e, now)
		ended, when := Ended(r, e, now)
		out = append(out, faults, next, ended, when)
	}
	return append(out, Judge(r, e, false), Judge(r, e, true), Stages(r, e))
}

func TestOrderOfSpansDoesNotMatter(t *testing.T) {
	h := pipelines(7)
	seen := map[string]int{}
	for seed := range uint64(800) {
		rng := rand.New(rand.NewPCG(seed, 5))
		s, e := randomRun(rng), expect(randomCard(rng), h)
		e.WarnOnRetries = true
		of := func(spans []run.Span) *run.Run {
			r := run.New(run.Key{Job: "recsys"}, "today", false, run.DefaultLimits)
			for i := range spans {
				r.Add(&spans[i], at(1000))
			}
			return r
		}
		want := answers(of(s.spans), e)
		spans := slices.Clone(s.spans)
		for range rng.IntN(5) {
			spans = append(spans, spans[rng.IntN(len(spans))])
		}
		rng.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
		if got := answers(of(spans), e); !reflect.DeepEqual(want, got) {
			t.Fatalf("seed %d:\nwant %v\n got %v", seed, want, got)
		}
		cut := rng.IntN(len(spans) + 1)
		left, right := of(spans[:cut]), of(spans[cut:])
		left.Merge(right)
		if got := answers(left, e); !reflect.DeepEqual(want, got) {
			t.Fatalf("seed %d, merged at %d:\nwant %v\n got %v", seed, cut, want, got)
		}
		left, right = of(spans[:cut]), of(spans[cut:])
		right.Merge(left)
		if got := answers(right, e); !reflect.DeepEqual(want, got) {
			t.Fatalf("seed %d, merged the other way at %d:\nwant %v\n got %v", seed, cut, want, got)
		}
		checkVerdict(t, seed, Judge(of(spans), e, true), seen)
	}
	for _, kind := range []Kind{JobFailed, JobCancelled, JobSlow, StageFeatures, StageFailed, StageMissing, StageMetric, StageRows, StageNulls} {
		if seen[string(kind)] == 0 {
			t.Errorf("no random run had %s", kind)
		}
	}
}

// checkVerdict checks what holds for every verdict at the end of all waits.
func checkVerdict(t *testing.T, seed uint64, v Verdict, seen map[string]int) {
	t.Helper()
	switch {
	case v.Waits:
		t.Fatalf("seed %d: waits after all waits are over", seed)
	case v.Good != (v.Outcome == run.Success && v.Fault == nil):
		t.Fatalf("seed %d: %s", seed, verdict(v))
	case v.Outcome.Bad() && (v.Fault == nil || v.Fault.Kind != JobFailed):
		t.Fatalf("seed %d: a failed run without its alert: %s", seed, verdict(v))
	case v.Fault == nil && len(v.Also) > 0, v.Fault != nil && len(v.Warnings) > 0:
		t.Fatalf("seed %d: %s", seed, verdict(v))
	}
	faults := slices.Concat(v.Also, v.Warnings)
	if v.Fault != nil {
		seen[string(v.Fault.Kind)]++
		faults = append(faults, *v.Fault)
	}
	for _, f := range faults {
		if f.Summary == "" || f.Summary[len(f.Summary)-1] != '.' || len(f.Summary) > 1024 {
			t.Fatalf("seed %d: %s says %q", seed, f.Kind, f.Summary)
		}
	}
}
