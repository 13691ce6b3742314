// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
)

// While one model is evaluated, the others take deltas.
func TestEvaluationHoldsUpNobodyElse(t *testing.T) {
	e, _, run := busy(t)
	run(e, 0, 70)
	scored := 0
	e.Scores(func(r *Result) {
		if scored++; scored > 1 {
			return
		}
		done := make(chan struct{})
		go func() { // it waits for ever where there is one lock
			defer close(done)
			e.Add(at(epoch), []Delta{{Key: Key{Model: "another", Subject: Predictions}, Minute: epoch, Count: 3}})
			e.TakeStats()
		}()
		<-done
	})
	if scored == 0 {
		t.Fatal("nothing was scored")
	}
	var n uint64
	e.Totals(func(t *Total) {
		if t.Key.Model == "another" {
			n += t.Count
		}
	})
	if n != 3 {
		t.Errorf("%d predictions of the other model", n)
	}
}

// Whatever is done at the same time, nothing is lost and nothing is counted twice.
func TestConcurrentUse(t *testing.T) {
	const models, writers, minutes = 7, 4, 60
	cols := columns(2)
	base := baseline(cols, 500, 1)
	sets := []*catalog.Set{card(base, nil), card(base, func(m *catalogModel) { m.Drift.MinSamples = 10 })}
	e := engine(t, sets[0], func(o *Options) { o.Limits.Models = models; o.Limits.Versions = 2 })
	var adders, others sync.WaitGroup
	var sent atomic.Uint64 // each twice
	for w := range writers {
		adders.Go(func() {
			tr := newTraffic(base, cols, uint64(w))
			for m := range int64(minutes) {
				deltas := tr.minute(epoch+m*60, 5)
				for i := range deltas {
					// fraud has a card, the others have none, and two find no room.
					if n := (int(m) + i) % (models + 2); n > 0 {
						deltas[i].Key.Model = fmt.Sprint("m", n)
					}
					deltas[i].Producer, deltas[i].Sequence = fmt.Sprint("p", w), uint64(m+1)
					deltas[i].Points, deltas[i].Ordinal = uint64(len(deltas)), uint64(i)
				}
				sent.Add(uint64(len(deltas)))
				for range 2 {
					e.Add(at(epoch+m*60+70), deltas)
				}
			}
		})
	}
	stop := make(chan struct{})
	for i, f := range []func(n int){
		func(int) { e.Advance(at(epoch)) },
		func(int) {
			e.Scores(func(*Result) {})
			e.Totals(func(*Total) {})
			e.Embeddings(func(*Result, float64) {})
		},
		func(n int) { e.SetCatalog(sets[n%2]) },
		func(int) { e.Snapshot() },
		func(int) {
			e.SetPartition(delta.PartitionChange{Partition: "p", State: delta.Rereading})
			e.Add(at(epoch), []Delta{{Key: Key{Model: "of a partition", Subject: Predictions}, Partition: "p", Minute: epoch, Count: 1}})
			e.SetPartition(delta.PartitionChange{Partition: "p", State: delta.Current})
			e.Partitioned("", "m1")
			e.SetPartition(delta.PartitionChange{Partition: "p", State: delta.Released})
		},
	} {
		others.Go(func() {
			for n := i; ; n++ {
				select {
				case <-stop:
					return
				default:
					f(n)
				}
			}
		})
	}
	adders.Wait()
	close(stop)
	others.Wait()
	s := e.TakeStats()
	e.Advance(at(epoch))
	var predictions uint64
	e.Totals(func(t *Total) {
		if t.Key.Subject == Predictions && t.Key.Segment == "" {
			predictions += t.Count
		}
	})
	if predictions != writers*minutes*5 {
		t.Errorf("%d predictions, want %d", predictions, writers*minutes*5)
	}
	if s.Points[Duplicate] != sent.Load() {
		t.Errorf("%d points were seen before, want %d", s.Points[Duplicate], sent.Load())
	}
}
