// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
)

// inPartition says that deltas come from a partition.
func inPartition(minutes [][]Delta, name string) [][]Delta {
	out := make([][]Delta, len(minutes))
	for i, deltas := range minutes {
		out[i] = slices.Clone(deltas)
		for j := range out[i] {
			out[i][j].Partition = name
		}
	}
	return out
}

// An engine that takes a partition over and reads it again within a moment says what one does that
// was there all the time, with some deltas twice; before it is current, it says nothing.
func TestPartitionIsReadAgain(t *testing.T) {
	_, set, minutes := busyMinutes(t)
	minutes = inPartition(minutes, "deltas/1")
	change := func(o *Options) { o.KeepRead = true }
	live := engine(t, set, change)
	var want []Result
	var changes []Change
	for m, deltas := range minutes {
		now := at(epoch + int64(m)*60 + 70)
		live.Add(now, deltas)
		closed, changed := live.Advance(now)
		want, changes = append(want, closed...), append(changes, changed...)
	}
	end := at(epoch + 400*60 + 10)
	for _, advance := range []int{0, 7} {
		again := engine(t, set, change)
		again.SetPartition(delta.PartitionChange{Partition: "deltas/1", State: delta.Rereading})
		var got []Result
		for m, deltas := range minutes {
			again.Add(end, deltas)
			if m%3 == 0 {
				again.Add(end, deltas) // the leaf wrote it twice
			}
			if advance > 0 && m%advance == 0 { // hours later than any event: nothing is late by it
				closed, changed := again.Advance(at(end.Unix() + 7200))
				got = append(got, closed...)
				if len(changed) > 0 {
					t.Fatal("a verdict is announced while a partition is read again")
				}
			}
		}
		if s := state(again); s != "" {
			t.Fatalf("while it is read again it says\n%s", s)
		}
		_, found := again.SetPartition(delta.PartitionChange{Partition: "deltas/1", State: delta.Current})
		closed, _ := again.Advance(end)
		got = append(got, closed...)
		if g, w := state(again), state(live); g != w || w == "" {
			t.Errorf("read again\n%s\nwant\n%s", g, w)
		}
		if g, w := sortedLines(got), sortedLines(want); !slices.Equal(g, w) || len(w) == 0 {
			t.Errorf("%d windows were closed, want %d", len(g), len(w))
		}
		if g, w := lines(nil, found), lines(nil, lastDrift(changes)); g != w {
			t.Errorf("found\n%s\nwant\n%s", g, w)
		}
		again.TakeStats()
	}
}

// lastDrift returns the last change of each subject, where it is one to drift, in order.
func lastDrift(changes []Change) []Change {
	p := &partition{changes: make(map[changeKey]Change)}
	for _, c := range changes {
		p.changes[changeKey{c.Key, c.Reference}] = c
	}
	return p.settle()
}

func sortedLines(closed []Result) []string {
	var out []string
	for i := range closed {
		out = append(out, renderOne(&closed[i]))
	}
	slices.Sort(out)
	return out
}

// A drift that is found while a partition is read again is returned with the window that brought it.
func TestDriftFoundWhileReadAgain(t *testing.T) {
	cols := columns(2)
	base := baseline(cols, 5000, 1)
	tr := newTraffic(base, cols, 5)
	set := card(base, nil)
	live, again := engine(t, set, nil), engine(t, set, nil)
	again.SetPartition(delta.PartitionChange{Partition: "p", State: delta.Rereading})
	var want []Change
	end := at(epoch + 9*3600)
	for m := range int64(8 * 60) {
		deltas := tr.minute(epoch+m*60, 20)
		for i := range deltas {
			deltas[i].Partition = "p"
			if m > 120 && deltas[i].Key.Subject == Feature && len(deltas[i].Counts) > 0 { // all in one bin
				clear(deltas[i].Counts)
				deltas[i].Counts[3] = deltas[i].Count
			}
		}
		now := at(epoch + m*60 + 70)
		live.Add(now, deltas)
		_, changed := live.Advance(now)
		want = append(want, changed...)
		again.Add(end, deltas)
	}
	_, found := again.SetPartition(delta.PartitionChange{Partition: "p", State: delta.Current})
	w := lastDrift(want)
	if g := lines(nil, found); g != lines(nil, w) || len(w) == 0 || found[0].End != w[0].End {
		t.Errorf("found\n%s\nwant\n%s", g, lines(nil, w))
	}
}

// Who lets go of a partition forgets its models and what is passed on of those without a place, and
// nothing else. What comes from a partition is not saved.
func TestPartitionIsLetGo(t *testing.T) {
	e := engine(t, nil, func(o *Options) { o.Limits.Models = 2 })
	count := func(model, partition string, n uint64) Delta {
		return Delta{Key: Key{Model: model, Subject: Predictions}, Partition: partition, Minute: epoch, Count: n}
	}
	sums := func() map[string]uint64 {
		out := make(map[string]uint64)
		e.Totals(func(t *Total) { out[t.Key.Model] += t.Count })
		return out
	}
	e.Add(at(epoch), []Delta{count("a", "p/0", 1), count("b", "p/1", 2), count("c", "p/0", 4), count("d", "p/1", 8), count("b", "p/1", 16)})
	if got := sums(); len(got) != 3 || got["a"] != 1 || got["b"] != 18 || got[""] != 12 {
		t.Fatalf("%v", got)
	}
	if s := e.Snapshot(); len(s.Keys) > 0 || s.Dedupe != nil {
		t.Errorf("%v is saved", s.Keys)
	}
	if !e.Partitioned("", "a") || e.Partitioned("", "z") {
		t.Error("who comes from a partition?")
	}
	gone, _ := e.SetPartition(delta.PartitionChange{Partition: "p/1", State: delta.Released})
	if !slices.Equal(gone, []ModelID{{"", "b"}}) {
		t.Errorf("gone: %v", gone)
	}
	if got := sums(); len(got) != 2 || got["a"] != 1 || got[""] != 4 {
		t.Errorf("%v", got)
	}
	if s := e.TakeStats(); s.Models != 1 {
		t.Errorf("%d models", s.Models)
	}
	e.Add(at(epoch), []Delta{count("e", "", 32)})
	if s := e.Snapshot(); len(s.Keys) != 1 {
		t.Errorf("%v is saved", s.Keys)
	}
	// A model that came in another way is the partition's from then on.
	e.Add(at(epoch), []Delta{count("e", "p/2", 32)})
	if gone, _ = e.SetPartition(delta.PartitionChange{Partition: "p/2", State: delta.Rereading}); len(gone) != 1 {
		t.Errorf("gone: %v", gone)
	}
}

// Totals of what was read again begin when it happened.
func TestTotalsBeginWhenItHappened(t *testing.T) {
	e := engine(t, nil, nil)
	e.SetPartition(delta.PartitionChange{Partition: "p", State: delta.Rereading})
	e.Add(at(epoch+86400), []Delta{{Key: Key{Model: "a", Subject: Predictions}, Partition: "p", Minute: epoch, Count: 1}})
	e.SetPartition(delta.PartitionChange{Partition: "p", State: delta.Current})
	n := 0
	e.Totals(func(t2 *Total) {
		n++
		if t2.Start != (epoch+60)*1e9 {
			t.Errorf("starts at %d", t2.Start)
		}
	})
	if n != 1 {
		t.Errorf("%d totals", n)
	}
}

// A state that has what was seen of all models in one place, as older versions kept it, knows what
// comes again.
func TestSeenOfAllModelsIsInherited(t *testing.T) {
	point := func(model string, ordinal uint64) Delta {
		return Delta{
			Key: Key{Model: model, Subject: Predictions}, Minute: epoch, Count: 1,
			Producer: "p", Sequence: 7, Points: 3, Ordinal: ordinal,
		}
	}
	old := engine(t, nil, nil)
	old.Add(at(epoch), []Delta{point("a", 0), point("b", 1)})
	r := old.restOf("")
	old.eachModel(func(m *model) {
		for ordinal := range uint64(2) {
			d := point("", ordinal)
			r.seen.Mark(&d, epoch)
		}
		m.seen = old.newSeen()
	})
	back := restored(t, nil, old.Snapshot(), epoch)
	back.Add(at(epoch), []Delta{point("a", 0), point("b", 1), point("b", 2), point("b", 2)})
	if s := back.TakeStats(); s.Points[Duplicate] != 3 || s.Points[Counted] != 1 {
		t.Errorf("%+v", s.Points)
	}
	again := restored(t, nil, back.Snapshot(), epoch)
	again.Add(at(epoch), []Delta{point("a", 0), point("b", 1), point("b", 2)})
	if s := again.TakeStats(); s.Points[Duplicate] != 3 {
		t.Errorf("%+v", s.Points)
	}
}
