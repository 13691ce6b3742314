// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"math"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// used returns the totals of a subject.
func used(e *Engine, s Subject) map[Consumer]*Total {
	out := map[Consumer]*Total{}
	e.Totals(func(t *Total) {
		if t.Key.Subject == s {
			out[t.Consumer] = t
		}
	})
	return out
}

func tokens(consumer Consumer, counts ...uint64) Delta {
	d := Delta{Key: key7, Consumer: consumer, Minute: epoch, Bounds: []float64{10, 100}, Counts: counts, Sum: 7}
	d.Key.Subject = delta.Tokens
	for _, c := range counts {
		d.Count += c
	}
	return d
}

func cost(consumer Consumer, amount float64) Delta {
	d := Delta{Key: key7, Consumer: consumer, Minute: epoch, Sum: amount}
	d.Key.Subject = Cost
	return d
}

func TestTokensAndCostsArePassedOn(t *testing.T) {
	e := engine(t, nil, nil)
	shop := Consumer{Service: "shop", Unit: "input"}
	segment := tokens(shop, 9, 9, 9)
	segment.Key.Segment = "country=DE"
	e.Add(at(epoch), []Delta{
		tokens(shop, 1, 2, 0), tokens(Consumer{Service: "shop", Unit: "output"}, 0, 1, 0), tokens(shop, 0, 1, 1), segment,
		cost(Consumer{Service: "shop", Unit: "USD"}, 0.25), cost(Consumer{Service: "shop", Unit: "USD"}, 0.5), cost(Consumer{Service: "batch", Unit: "EUR"}, 2),
		cost(Consumer{Service: "shop", Overflow: true}, 4),
	})
	if n := e.TakeStats().Points[Counted]; n != 8 {
		t.Errorf("%d points are counted", n)
	}
	list := used(e, delta.Tokens)
	if len(list) != 2 {
		t.Fatalf("totals of tokens: %v", list)
	}
	if in := list[shop]; in.Count != 5 || in.Sum != 14 || fmt.Sprint(in.Groups) != "[1 3 1]" || fmt.Sprint(in.Bounds) != "[10 100]" || in.Start != at(epoch).UnixNano() {
		t.Errorf("input: %+v", in)
	}
	costs := used(e, Cost)
	if len(costs) != 3 || costs[Consumer{Service: "shop", Unit: "USD"}].Sum != 0.75 || costs[Consumer{Service: "batch", Unit: "EUR"}].Sum != 2 ||
		costs[Consumer{Service: "shop", Overflow: true}].Sum != 4 {
		t.Errorf("totals of costs: %v", costs)
	}

	s := e.Snapshot()
	again := restored(t, nil, s, epoch)
	again.Add(at(epoch), []Delta{tokens(shop, 1, 0, 0), cost(Consumer{Service: "shop", Unit: "USD"}, 1)})
	if n := used(again, delta.Tokens)[shop].Count; n != 6 {
		t.Errorf("after a restart there are %d calls", n)
	}
	if sum := used(again, Cost)[Consumer{Service: "shop", Unit: "USD"}].Sum; sum != 1.75 {
		t.Errorf("after a restart they cost %v", sum)
	}
}

func TestUsageThatCannotBeAdded(t *testing.T) {
	e := engine(t, nil, nil)
	consumer := Consumer{Unit: "input"}
	other := tokens(consumer, 1, 0)
	other.Bounds = []float64{10}
	exponential := tokens(consumer)
	exponential.Bounds, exponential.Counts, exponential.Exponential = nil, nil, &distribution.Exponential{Zero: 1}
	ahead := tokens(consumer, 1, 0, 0)
	ahead.Minute += 3600
	e.Add(at(epoch), []Delta{tokens(consumer, 1, 0, 0), other, exponential, ahead, cost(consumer, -1), cost(consumer, math.Inf(1)), cost(consumer, nan)})
	want := [outcomes]uint64{Counted: 1, BoundsMismatch: 2, Future: 1, Invalid: 3}
	if got := e.TakeStats().Points; got != want {
		t.Errorf("outcomes %v, want %v", got, want)
	}
	if n := used(e, delta.Tokens)[consumer].Count; n != 3 {
		t.Errorf("%d calls are passed on, want all but those of the exponential histogram", n)
	}
}

func TestManyServicesShareATotal(t *testing.T) {
	e := engine(t, nil, nil)
	for i := range maxConsumers + 50 {
		e.Add(at(epoch), []Delta{cost(Consumer{Service: fmt.Sprint("s", i), Unit: "USD"}, 1)})
	}
	duration := tokens(Consumer{}, 1, 0, 0)
	duration.Key.Subject = delta.Duration
	e.Add(at(epoch), []Delta{duration, tokens(Consumer{Service: "s0"}, 1, 0, 0)})
	if n := e.TakeStats().Points[Overflowed]; n != 51 {
		t.Errorf("%d points found no room", n)
	}
	costs := used(e, Cost)
	if len(costs) != maxConsumers+1 || costs[Consumer{Overflow: true}].Sum != 50 {
		t.Errorf("%d totals, the shared one is %+v", len(costs), costs[Consumer{Overflow: true}])
	}
	if len(used(e, delta.Tokens)) != 1 || len(used(e, delta.Duration)) != 1 {
		t.Error("tokens and durations are lost")
	}
}

func TestPredictionsByServiceAndError(t *testing.T) {
	e := engine(t, nil, nil)
	counted := func(consumer Consumer, n uint64) Delta {
		d := Delta{Key: key7, Consumer: consumer, Minute: epoch, Count: n}
		d.Key.Subject = Predictions
		return d
	}
	of := func(s Subject, consumer Consumer, counts ...uint64) Delta {
		d := tokens(consumer, counts...)
		d.Key.Subject = s
		return d
	}
	shop, timeout := Consumer{Service: "shop"}, Consumer{Service: "shop", Unit: "timeout"}
	segment := counted(timeout, 100)
	segment.Key.Segment = "country=DE"
	deltas := []Delta{
		counted(Consumer{}, 5), counted(shop, 7), counted(timeout, 2), segment,
		of(delta.Duration, shop, 7, 0, 0), of(delta.Duration, timeout, 0, 0, 2),
		of(delta.FirstChunk, shop, 1, 0, 0), of(delta.Length, Consumer{Service: "shop", Unit: "input.characters"}, 0, 1, 0),
	}
	e.Add(at(epoch), deltas)
	again := restored(t, nil, e.Snapshot(), epoch)
	again.Add(at(epoch), deltas)
	for consumer, n := range map[Consumer]uint64{{}: 10, shop: 14, timeout: 4} {
		if got := used(again, Predictions)[consumer]; got == nil || got.Count != n {
			t.Errorf("%+v: %+v, want %d", consumer, got, n)
		}
	}
	if got := used(again, delta.Duration); len(got) != 2 || got[shop].Count != 14 || fmt.Sprint(got[timeout].Groups) != "[0 0 4]" {
		t.Errorf("durations: %+v", got)
	}
	if len(used(again, delta.FirstChunk)) != 1 || len(used(again, delta.Length)) != 1 {
		t.Error("times to the first chunk or lengths are lost")
	}
}

// Predictions are counted by segment where that is asked for, and go on after a restart.
func TestSegmentTotals(t *testing.T) {
	asked := func(o *Options) { o.SegmentTotals = true }
	e := engine(t, nil, asked)
	k := key7
	deltas := []Delta{{Key: k, Minute: epoch, Count: 5}, {Key: k, Minute: epoch, Count: 3}}
	deltas[1].Key.Segment = "country=DE"
	e.Add(at(epoch), deltas)
	s := e.Snapshot()
	for wanted, change := range map[uint64]func(*Options){6: asked, 0: nil} {
		again := engine(t, nil, change)
		if err := again.Restore(at(epoch), s.Changed[s.Keys[0]]); err != nil {
			t.Fatal(err)
		}
		again.Add(at(epoch), deltas)
		got := predictions(again)
		if got[deltas[1].Key] != wanted || got[k] != 10 {
			t.Errorf("%v, want %d of the segment", got, wanted)
		}
	}
}

// What a contract counts is passed on by check and source, with the newest trace of each, over a
// restart, and has room of its own.
func TestViolationsArePassedOn(t *testing.T) {
	e := engine(t, nil, nil)
	of := func(s Subject, consumer Consumer, n uint64, rows ...Exemplar) Delta {
		d := Delta{Key: key7, Consumer: consumer, Minute: epoch, Count: n, Exemplars: rows}
		d.Key.Subject = s
		return d
	}
	broken := Consumer{Source: "pos", Feature: "amount", Check: "type", Severity: "critical"}
	first, second := Exemplar{Value: 1, Time: 1, TraceID: [16]byte{1}}, Exemplar{Value: 1, Time: 2, TraceID: [16]byte{2}}
	e.Add(at(epoch), []Delta{
		of(ContractRows, Consumer{Source: "pos"}, 7), of(ContractRows, Consumer{Source: "app"}, 5),
		of(Violations, broken, 2, second), of(Violations, broken, 1, first), of(Violations, Consumer{Source: "app", Check: "low"}, 1),
	})
	if first := used(e, Violations); first[broken].Count != 0 || used(e, Violations)[broken].Count != 3 {
		t.Errorf("what is new begins at 0: %+v", first[broken])
	}
	e = restored(t, nil, e.Snapshot(), epoch)
	e.Add(at(epoch), []Delta{of(Violations, broken, 1)})
	got := used(e, Violations)
	if len(got) != 2 || got[broken].Count != 4 || len(got[broken].Exemplars) != 1 || got[broken].Exemplars[0] != second {
		t.Errorf("violations: %+v", got[broken])
	}
	if rows := used(e, ContractRows); len(rows) != 2 || rows[Consumer{Source: "pos"}].Count != 7 {
		t.Errorf("rows: %v", rows)
	}
	for i := range maxBroken {
		e.Add(at(epoch), []Delta{of(Violations, Consumer{Source: fmt.Sprint("s", i), Check: "low"}, 1)})
	}
	e.Add(at(epoch), []Delta{cost(Consumer{Service: "shop"}, 1)})
	used(e, Violations)
	if n := used(e, Violations)[Consumer{Overflow: true}]; n == nil || n.Count != 4 {
		t.Errorf("without room: %+v", n)
	}
	if used(e, Cost)[Consumer{Service: "shop"}] == nil {
		t.Error("violations have pushed out a cost")
	}
}
