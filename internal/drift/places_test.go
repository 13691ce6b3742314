// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// counted is one prediction.
func counted(k Key) []Delta {
	k.Subject = Predictions
	return []Delta{{Key: k, Minute: epoch, Count: 1}}
}

// predictions returns the predictions passed on by model, version and whether they are of what
// found no room.
func predictions(e *Engine) map[Key]uint64 {
	out := map[Key]uint64{}
	e.Totals(func(t *Total) {
		if t.Key.Subject == Predictions {
			out[t.Key] += t.Count
		}
	})
	return out
}

// 25,000 made-up models at a low rate leave a model with a baseline alone; what they count is in
// one series.
func TestMadeUpModelsDoNotEvict(t *testing.T) {
	cols := columns(1)
	base := baseline(cols, 2000, 1)
	e := engine(t, card(base, nil), nil)
	tr := newTraffic(base, cols, 2)
	for i := range int64(35) {
		e.Add(at(epoch+i*60), tr.minute(epoch+i*60, 1))
		for j := range int64(25_000 / 35) {
			e.Add(at(epoch+i*60), counted(Key{Model: fmt.Sprint("made-up ", i, " ", j)}))
		}
	}
	got := predictions(e)
	if n := got[key7]; n != 35 {
		t.Errorf("the model with a card has %d predictions, want 35", n)
	}
	rest := got[Key{Overflow: true}]
	s := e.TakeStats()
	if want := uint64(25_000/35*35 - 99); rest != want || s.Evicted["model"] != want {
		t.Errorf("%d predictions overflow, %d counted, want %d", rest, s.Evicted["model"], want)
	}
	if s.Models != 100 {
		t.Errorf("%d models", s.Models)
	}
	if len(s.Events) != 1 || s.Events[0].Kind != NoRoom || s.Events[0].Key.Model != "made-up 0 99" || s.Events[0].Count != rest {
		t.Errorf("events %+v", s.Events)
	}
}

// A model with a card finds room among models that nobody knows, active ones, too.
func TestModelWithCardFindsRoom(t *testing.T) {
	set := card(baseline(columns(1), 2000, 1), nil)
	e := engine(t, set, nil)
	for i := range 100 {
		e.Add(at(epoch), counted(Key{Model: fmt.Sprint(i)}))
	}
	for i := range 11 {
		e.Add(at(epoch), counted(Key{Model: "fraud", Version: fmt.Sprint("v", i)}))
	}
	e.Add(at(epoch), counted(Key{Model: "fraud", Version: "8"}))
	got := predictions(e)
	if got[Key{Model: "fraud", Version: "8"}] != 1 || got[Key{Model: "0"}] != 1 || got[Key{Model: "fraud", Overflow: true}] != 1 {
		t.Errorf("%v", got)
	}
	again := restored(t, set, e.Snapshot(), epoch+60)
	if g, w := state(again), state(e); g != w {
		t.Errorf("restored\n%s\nwant\n%s", g, w)
	}
}

// Twelve made-up versions leave a known one and its features.
func TestMadeUpVersionsDoNotEvict(t *testing.T) {
	cols := columns(2)
	base := baseline(cols, 2000, 1)
	e := engine(t, card(base, nil), nil)
	tr := newTraffic(base, cols, 2)
	e.Add(at(epoch), tr.minute(epoch, 300))
	// The known one is silent for days; the made-up ones come two hours later.
	for i := range 12 {
		now := at(epoch + 3*86400 + int64(i))
		e.Add(now, counted(Key{Model: "fraud", Version: fmt.Sprint("made-up ", i)}))
	}
	found := 0
	e.Totals(func(x *Total) {
		if x.Key.Version == "7" && x.Key.Subject == Feature {
			found++
		}
	})
	got := predictions(e)
	if got[key7] != 300 || found != 2 || got[Key{Model: "fraud", Overflow: true}] != 3 {
		t.Errorf("%v, %d features", got, found)
	}
}

// Eleven versions, or 101 models, in turn against limits of ten and 100: ten and 100 keep counting.
func TestOneTooManyInTurn(t *testing.T) {
	e := engine(t, nil, nil)
	for turn := range int64(50) {
		for i := range 11 {
			e.Add(at(epoch+turn*60), counted(Key{Model: "m", Version: fmt.Sprintf("%02d", i)}))
		}
		for i := range 100 {
			e.Add(at(epoch+turn*60), counted(Key{Model: fmt.Sprint("other ", i)}))
		}
	}
	got := predictions(e)
	full := 0
	for k, n := range got {
		if n == 50 && !k.Overflow {
			full++
		}
	}
	if full != 10+99 || got[Key{Model: "m", Overflow: true}] != 50 || got[Key{Overflow: true}] != 50 {
		t.Errorf("%d series have all 50, overflow %d and %d", full, got[Key{Model: "m", Overflow: true}], got[Key{Overflow: true}])
	}
}

// A place that was unused for an hour is given away: first of those without a card, never one with
// a verdict.
func TestUnusedPlacesAreGivenAway(t *testing.T) {
	cols := columns(1)
	base := baseline(cols, 2000, 1)
	model := &catalog.Model{Name: "judged", Baseline: base}
	other := &catalog.Model{Name: "card", Baseline: base}
	third := &catalog.Model{Name: "third", Baseline: base}
	set := catalog.NewSet([]*catalog.Model{model, other, third}, nil)
	e := engine(t, set, func(o *Options) { o.Limits.Models = 3 })
	tr := newTraffic(base, cols, 2)
	tr.key = Key{Model: "judged"}
	for h := range int64(3) {
		e.Add(at(epoch+h*3600), tr.minute(epoch+h*3600, 300))
		e.Advance(at(epoch + h*3600 + 300))
	}
	from := epoch + 3*3600
	e.Add(at(from), counted(Key{Model: "card"}))
	e.Add(at(from), counted(Key{Model: "unknown"}))
	has := func(names ...string) {
		t.Helper()
		got := predictions(e)
		for _, name := range names {
			if got[Key{Model: name}] == 0 {
				t.Errorf("%s has lost its place to %v", name, got)
			}
		}
	}
	e.Add(at(from+placeKept-1), counted(Key{Model: "new"}))
	has("judged", "card", "unknown")
	e.Add(at(from+placeKept), counted(Key{Model: "new"}))
	has("judged", "card", "new")
	if s := e.TakeStats(); len(s.Events) != 2 || s.Events[1].Kind != GivenAway || s.Events[1].Key.Model != "unknown" {
		t.Errorf("%+v", s.Events)
	}
	e.Add(at(from+placeKept+1), counted(Key{Model: "newer"})) // no card makes room for one without
	has("judged", "card", "new")
	e.Add(at(from+placeKept+2), counted(Key{Model: "third"})) // one with a card, which is unused
	has("judged", "third", "new")
}

// A feature of the baseline finds room among those that nobody knows.
func TestMadeUpFeaturesDoNotKeepOut(t *testing.T) {
	cols := columns(5)
	base := baseline(cols, 2000, 1)
	e := engine(t, card(base, nil), func(o *Options) { o.Limits.Features = 3 })
	k := key7
	k.Subject = Feature
	for i := range 10 {
		k.Name = fmt.Sprint("made-up ", i)
		e.Add(at(epoch), []Delta{{Key: k, Minute: epoch, Categorical: true, Category: "x", Count: 1}})
	}
	e.Add(at(epoch), newTraffic(base, cols, 2).minute(epoch, 100))
	found := map[string]bool{}
	e.Totals(func(x *Total) { found[x.Key.Name] = true })
	for _, c := range cols {
		if !found[c.name] {
			t.Errorf("%s found no room", c.name)
		}
	}
	if s := e.TakeStats(); s.Evicted["feature"] != 7 || len(s.Events) != 4 || s.Events[0].Kind != UnknownFeature || s.Events[3].Item != "feature" || s.Events[3].Key.Name != "made-up 3" {
		t.Errorf("%v %+v", s.Evicted, s.Events)
	}
}
