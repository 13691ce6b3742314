// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"testing"
)

// TestSplitMergedRepeated is the promise of the wire: two producers whose flushes are split,
// interleaved and repeated in any way give what one producer gives.
func TestSplitMergedRepeated(t *testing.T) {
	cols := columns(6)
	base := baseline(cols, 2000, 1)
	set := card(base, func(m *catalogModel) { m.Drift.MinSamples = 50 })
	traffic := newTraffic(base, cols, 5)
	r := traffic.r
	want := engine(t, set, nil)
	var flushes [][]Delta // two minutes each
	for minute := range int64(150) {
		deltas := traffic.minute(epoch+minute*60, 3)
		if minute%2 == 0 {
			flushes = append(flushes, nil)
		}
		flushes[len(flushes)-1] = append(flushes[len(flushes)-1], deltas...)
	}
	wantClosed := ""
	for i, f := range flushes {
		now := at(epoch + int64(i+1)*120)
		want.Add(now, f)
		closed, _ := want.Advance(now)
		wantClosed += render(closed)
	}
	if wantClosed == "" {
		t.Fatal("no window was closed")
	}
	for trial := range 5 {
		got := engine(t, set, nil)
		gotClosed := ""
		sequence := map[string]uint64{}
		for i, f := range flushes {
			now := at(epoch + int64(i+1)*120)
			// Each producer takes some of the points, as its own flush.
			parts := map[string][]Delta{}
			for _, d := range f {
				p := fmt.Sprint("producer", r.IntN(2))
				parts[p] = append(parts[p], d)
			}
			var sent []Delta
			for p, deltas := range parts {
				sequence[p]++
				for o := range deltas {
					d := deltas[o]
					d.Producer, d.Sequence, d.Points, d.Ordinal = p, sequence[p], uint64(len(deltas)), uint64(o)
					for range 1 + r.IntN(3) {
						sent = append(sent, d)
					}
				}
			}
			r.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
			for len(sent) > 0 {
				n := 1 + r.IntN(len(sent))
				got.Add(now, sent[:n])
				sent = sent[n:]
			}
			closed, _ := got.Advance(now)
			gotClosed += render(closed)
		}
		if gotClosed != wantClosed {
			t.Fatalf("trial %d: other windows:\n%s\nwant\n%s", trial, gotClosed, wantClosed)
		}
		if g, w := state(got), state(want); g != w {
			t.Fatalf("trial %d: other state:\n%s\nwant\n%s", trial, g, w)
		}
		if s := got.TakeStats(); s.Points[Duplicate] == 0 || s.Points[Late] > 0 || s.Points[Invalid] > 0 {
			t.Errorf("outcomes %v", s.Points)
		}
	}
}

// Points that claim to be of flushes of four million, as whoever may send deltas can make them up, take
// what they are, and no more than there is for all models together. What a leaf sends meanwhile, split and
// repeated, is counted once.
func TestClaimedPoints(t *testing.T) {
	e := engine(t, nil, nil)
	forgotten := uint64(0)
	for i := range uint64(300) {
		var deltas []Delta
		for j := range uint64(1000) {
			n := i*1000 + j
			deltas = append(deltas, Delta{
				Key: Key{Model: fmt.Sprint("made-up ", n%120), Subject: Predictions}, Minute: epoch, Count: 1,
				Producer: fmt.Sprint(n % 997), Sequence: 1 + n/997, Points: 1 << 22, Ordinal: 1<<22 - 1 - i,
			})
		}
		healthy := Delta{
			Key: Key{Model: "made-up 0", Version: "7", Subject: Predictions}, Minute: epoch, Count: 1,
			Producer: "leaf", Sequence: 1 + i/3, Points: 3, Ordinal: i % 3,
		}
		e.Add(at(epoch), append(deltas, healthy, healthy))
		e.Add(at(epoch), []Delta{healthy})
		s := e.TakeStats()
		forgotten += s.Evicted["flush"]
		if s.Points[Duplicate] != 2 {
			t.Fatalf("%d points are duplicates in turn %d, want 2", s.Points[Duplicate], i)
		}
	}
	if got := predictions(e)[Key{Model: "made-up 0", Version: "7"}]; got != 300 {
		t.Errorf("the leaf's model has %d predictions, want 300", got)
	}
	if forgotten == 0 {
		t.Error("nothing was forgotten")
	}
	stored := e.Snapshot()
	size := len(stored.Dedupe)
	for _, data := range stored.Changed {
		size += len(data)
	}
	if size > 16<<20 {
		t.Errorf("the state has %d bytes", size)
	}
}
