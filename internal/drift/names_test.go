// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
)

// long is a name of a kilobyte more than is kept, told apart from others only beyond that, as names
// are in an attack.
func long(i int) string { return strings.Repeat("x", 1300) + fmt.Sprint(i) }

// named are deltas with names in every place.
func namedDeltas(name func(int) string, n int) []Delta {
	var out []Delta
	for i := range n {
		k := Key{Model: "m", Environment: "e", Version: name(i % 3), Role: "canary"}
		with := func(s Subject, segment, feature string) Key {
			k := k
			k.Subject, k.Segment, k.Name = s, segment, feature
			return k
		}
		out = append(out,
			Delta{Key: with(Predictions, "", ""), Consumer: Consumer{Service: name(i), Unit: name(i)}, Minute: epoch, Count: 1, Producer: name(i), Sequence: 1, Points: 1},
			Delta{Key: with(Class, "", ""), Minute: epoch, Count: 1, Categorical: true, Category: name(i)},
			Delta{Key: with(Feature, "", name(i)), Minute: epoch, Count: 1, Categorical: true, Category: name(i)},
			Delta{Key: with(Predictions, "s="+name(i), ""), Minute: epoch, Count: 1},
			Delta{Key: with(Missing, "s="+name(i), name(i)), Minute: epoch, Count: 1, Exemplars: []Exemplar{{Value: 1, Time: epoch * 1e9, TraceID: [16]byte{1}}}},
			Delta{Key: with(Feature, "s="+name(i), name(i)), Minute: epoch, Count: 1, Categorical: true, Category: name(i)},
		)
	}
	return out
}

// addUncut adds a delta as it is, without a look at its names.
func addUncut(e *Engine, now time.Time, d *Delta) {
	if m := e.lockModel(d, now); m != nil {
		defer m.mu.Unlock()
		e.addDelta(m, now, d)
		return
	}
	e.addUnplaced(now, d)
}

func snapshotSize(s Snapshot) int {
	n := len(s.Dedupe)
	for key, data := range s.Changed {
		n += len(key) + len(data)
	}
	return n
}

// Names that are kept are cut when they arrive, and counted.
func TestNamesAreCut(t *testing.T) {
	e := engine(t, nil, nil)
	e.Add(at(epoch), namedDeltas(long, 40))
	s := e.TakeStats()
	if want := uint64(40 * (4 + 2 + 3 + 2 + 3 + 4)); s.NamesCut != want {
		t.Errorf("%d names are cut, want %d", s.NamesCut, want)
	}
	if len(s.Events) == 0 || s.Events[0].Kind != NameCut || len(s.Events[0].Key.Version) > boundedname.Max {
		t.Errorf("%+v", s.Events)
	}
	if n := snapshotSize(e.Snapshot()); n > 10_000 {
		t.Errorf("the snapshot has %d bytes", n)
	}
}

// A snapshot that was written with names of any length is read with names cut, and does not stay as
// large: neither the engine nor what it writes next.
func TestPoisonedSnapshotHeals(t *testing.T) {
	// An engine as it was before names were cut.
	e := engine(t, nil, nil)
	for _, d := range namedDeltas(long, 40) {
		addUncut(e, at(epoch), &d)
	}
	e.Add(at(epoch), namedDeltas(func(i int) string { return fmt.Sprint("good ", i) }, 3))
	e.Advance(at(epoch + 200))
	poisoned := e.Snapshot()
	if n := snapshotSize(poisoned); n < 200_000 {
		t.Fatalf("the snapshot has only %d bytes", n)
	}
	back := restored(t, nil, poisoned, epoch+200)
	if s := back.TakeStats(); s.NamesCut == 0 || len(s.Events) == 0 || s.Events[0].Kind != NameCut {
		t.Errorf("%d names cut, %+v", s.NamesCut, s.Events)
	}
	healed := back.Snapshot()
	if n := snapshotSize(healed); n > 40_000 {
		t.Errorf("the next snapshot has %d bytes", n)
	}
	for k, n := range predictions(e) {
		if len(k.Version) < 100 && predictions(back)[k] != n {
			t.Errorf("%v has lost predictions", k)
		}
	}
	again := restored(t, nil, healed, epoch+200)
	if g, w := state(again), state(back); g != w {
		t.Errorf("restored once more\n%s\nwant\n%s", g, w)
	}
	if s := again.TakeStats(); s.NamesCut > 0 {
		t.Errorf("%d names are cut again", s.NamesCut)
	}
	back.Add(at(epoch+200), namedDeltas(long, 40))
	back.Advance(at(epoch + 1000))
}

// A snapshot of an older version has the category of 1e-7 as 1e-07: what is counted after the
// restart goes on with it.
func TestSnapshotIsRespelt(t *testing.T) {
	class := func(category string) []Delta {
		k := Key{Model: "m", Subject: Class}
		return []Delta{{Key: k, Minute: epoch, Count: 2, Categorical: true, Category: "other"}, {Key: k, Minute: epoch, Count: 3, Categorical: true, Category: category}}
	}
	old, now := engine(t, nil, nil), engine(t, nil, nil)
	for _, d := range class("1e-07") {
		addUncut(old, at(epoch), &d) // as before
	}
	now.Add(at(epoch), class("1e-7"))
	back := restored(t, nil, old.Snapshot(), epoch)
	back.Add(at(epoch+60), class("1e-07")) // an ml_summary of an older version
	now.Add(at(epoch+60), class("1e-7"))
	if g, w := state(back), state(now); g != w {
		t.Errorf("restored\n%s\nwant\n%s", g, w)
	}
}
