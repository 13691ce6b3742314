// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"slices"
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
	if want := uint64(25_000/35*35 - 100); rest != want || s.Evicted["model"] != want {
		t.Errorf("%d predictions overflow, %d counted, want %d", rest, s.Evicted["model"], want)
	}
	if s.Models != 101 {
		t.Errorf("%d models", s.Models)
	}
	if len(s.Events) != 1 || s.Events[0].Kind != NoRoom || s.Events[0].Key.Model != "made-up 0 100" || s.Events[0].Count != rest {
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
	if got[key7] != 300 || found != 2 || got[Key{Model: "fraud", Overflow: true}] != 2 {
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

// has reports which models have a place.
func has(e *Engine, names ...string) (missing []string) {
	got := predictions(e)
	for _, name := range names {
		if got[Key{Model: name}] == 0 {
			missing = append(missing, name)
		}
	}
	return missing
}

// A place that was unused for an hour is given away, and one that was used for longer after as long;
// never one with a card or a verdict.
func TestUnusedPlacesAreGivenAway(t *testing.T) {
	cols := columns(1)
	base := baseline(cols, 2000, 1)
	set := catalog.NewSet([]*catalog.Model{{Name: "judged", Baseline: base}, {Name: "card"}, {Name: "third"}}, nil)
	e := engine(t, set, func(o *Options) { o.Limits.Models = 3 })
	tr := newTraffic(base, cols, 2)
	tr.key = Key{Model: "judged"}
	for h := range int64(3) {
		e.Add(at(epoch+h*3600), tr.minute(epoch+h*3600, 300))
		e.Add(at(epoch+h*3600), counted(Key{Model: "known"}))
		e.Advance(at(epoch + h*3600 + 300))
	}
	set = catalog.NewSet([]*catalog.Model{{Name: "card"}, {Name: "third"}}, nil)
	e.SetCatalog(set) // judged has a verdict, and no card any more
	from := epoch + 3*3600
	e.Add(at(from), counted(Key{Model: "known"}))
	e.Add(at(from), counted(Key{Model: "card"}))
	e.Add(at(from), counted(Key{Model: "unknown"}))
	e.Add(at(from+60), counted(Key{Model: "unknown"}))
	come := func(name string, after int64) {
		e.Add(at(from+60+after), counted(Key{Model: name}))
	}
	want := func(names ...string) {
		t.Helper()
		if missing := has(e, names...); missing != nil {
			t.Errorf("%v have lost their place to %v", missing, predictions(e))
		}
	}
	come("new", placeKept-61)
	come("new", placeKept-1)
	want("judged", "card", "known", "unknown")
	come("new", placeKept)
	want("judged", "card", "known", "new")
	if s := e.TakeStats(); len(s.Events) != 2 || s.Events[1].Kind != GivenAway || s.Events[1].Key.Model != "unknown" {
		t.Errorf("%+v", s.Events)
	}
	come("new", 3*3600-300)
	come("newer", 3*3600-200) // known was used for three hours before
	come("newer", 3*3600-100)
	want("judged", "card", "known", "new")
	come("newer", 3*3600)
	want("judged", "card", "new", "newer")
	come("third", 3*3600) // a card finds room
	want("judged", "card", "third", "new", "newer")
}

// Cards reserve places, also beyond the limit and before anything has come: in an engine that is full of
// what others keep active, each of 150 models with a card gets its own, and keeps it over a restart.
func TestCardsReservePlaces(t *testing.T) {
	var cards []*catalog.Model
	var names []string
	for i := range 150 {
		names = append(names, fmt.Sprint("card ", i))
		cards = append(cards, &catalog.Model{Name: names[i]})
	}
	set := catalog.NewSet(cards, nil)
	e := engine(t, set, nil)
	others := func(from int64) {
		for i := range 300 {
			e.Add(at(from), counted(Key{Model: fmt.Sprint("other ", i)}))
		}
	}
	for i := range int64(10) {
		others(epoch + i*60)
	}
	now := epoch + 600
	for i, name := range names {
		others(now)
		e.Add(at(now), counted(Key{Model: name}))
		now += int64(i)
	}
	if missing := has(e, names...); missing != nil {
		t.Errorf("%v have no place", missing)
	}
	again := restored(t, set, e.Snapshot(), now)
	for i := range 30 * 24 { // a month later than the last of them
		now += 3600
		for j := range 300 {
			again.Add(at(now), counted(Key{Model: fmt.Sprint("other ", i, " ", j%150)}))
		}
	}
	if missing := has(again, names...); missing != nil {
		t.Errorf("%v have no place after a restart and a month", missing)
	}
}

// A card without an environment vouches for ten of them, and for those that came first: made-up ones
// take no more places than others that nobody vouches for.
func TestMadeUpEnvironments(t *testing.T) {
	set := catalog.NewSet([]*catalog.Model{{Name: "fraud"}, {Name: "churn", Patterns: []string{"churn-*"}}}, nil)
	e := engine(t, set, func(o *Options) { o.Limits.Models = 20 })
	e.Add(at(epoch), counted(Key{Model: "fraud", Environment: "production"}))
	for i := range 500 {
		e.Add(at(epoch+1), counted(Key{Model: "fraud", Environment: fmt.Sprintf("%03d", i)}))
		e.Add(at(epoch+1), counted(Key{Model: fmt.Sprintf("churn-%03d", i)}))
	}
	e.Add(at(epoch+1), counted(Key{Model: "fraud"})) // the card's own
	for _, e := range []*Engine{e, restored(t, set, e.Snapshot(), epoch+2)} {
		e.Advance(at(epoch + 2))
		vouched := 0
		e.eachModel(func(m *model) {
			if m.vouched() {
				vouched++
			}
			if m.key.environment == "production" && !m.vouched() {
				t.Error("the first one has lost its place")
			}
		})
		if s := e.TakeStats(); s.Models != 20+21 || vouched != 21 {
			t.Errorf("%d models, %d vouched for", s.Models, vouched)
		}
	}
}

// Names that somebody makes up fill a table before those that come again and again. These get their
// places within minutes: from then on all is counted for them, while the flood goes on.
func TestMadeUpNamesGiveWay(t *testing.T) {
	e := engine(t, nil, nil)
	n := 0
	genuine := func(i int) Key { return Key{Model: fmt.Sprint("real ", i)} }
	version := func(i int) Key { return Key{Model: "versions", Version: fmt.Sprint("real ", i)} }
	for second := range int64(600) {
		now := epoch + second
		for range 440 { // a second
			e.Add(at(now), counted(Key{Model: fmt.Sprint("made-up ", n)}))
			n++
		}
		for range 6 {
			e.Add(at(now), counted(Key{Model: "versions", Version: fmt.Sprint("made-up ", n)}))
			n++
		}
		if second%5 == 4 {
			for i := range 50 {
				e.Add(at(now), counted(genuine(i)))
			}
			for i := range 3 {
				e.Add(at(now), counted(version(i)))
			}
		}
		if second%30 == 0 {
			e.Advance(at(now))
		}
	}
	got := predictions(e)
	for i := range 50 {
		if got[genuine(i)] < 120-84 { // some minutes, as a note of a name may be lost
			t.Errorf("%v has %d of %d", genuine(i), got[genuine(i)], 600/5)
		}
	}
	for i := range 3 {
		if got[version(i)] < 120-84 {
			t.Errorf("%v has %d of %d", version(i), got[version(i)], 600/5)
		}
	}
	total := uint64(0)
	for _, count := range got {
		total += count
	}
	if want := uint64(n + (50+3)*600/5); total > want {
		t.Errorf("%d predictions, want at most %d", total, want)
	}
}

// Who has lost a place and comes back begins at a later time: what was counted does not go on, and does
// not step back.
func TestTotalsBeginAnewAfterAnEviction(t *testing.T) {
	e := engine(t, nil, func(o *Options) { o.Limits.Models = 1 })
	a, b := Key{Model: "a"}, Key{Model: "b"}
	starts := func() map[Key]int64 {
		out := map[Key]int64{}
		e.Totals(func(t *Total) { out[t.Key] = t.Start })
		return out
	}
	now := epoch
	e.Add(at(now), counted(a))
	last := starts()[a]
	for i := range 6 {
		now += placeKept
		who := []Key{b, a}[i%2]
		e.Add(at(now), counted(who))
		e.Add(at(now), counted(who))
		if got := predictions(e)[who]; got != 2 {
			t.Fatalf("%v has %d", who, got)
		}
		if got := starts()[who]; got != now*1e9 || got <= last {
			t.Errorf("%v begins at %d, before %d", who, got, last)
		}
		last = starts()[who]
	}
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

// Features of made-up models are bounded in all; those of a version that a card lists have room, and when
// the made-up ones are forgotten, others have theirs.
func TestMadeUpSeries(t *testing.T) {
	cols := columns(5)
	base := baseline(cols, 2000, 1)
	set := card(base, nil)
	e := engine(t, set, func(o *Options) { o.Limits.Series = 50 })
	flood := func(from int64) {
		for i := range 20 {
			k := Key{Model: fmt.Sprint("made-up ", i), Subject: Feature}
			for j := range 20 {
				k.Name = fmt.Sprint(j)
				e.Add(at(from), []Delta{{Key: k, Minute: from, Categorical: true, Category: "x", Count: 1}})
			}
		}
	}
	flood(epoch)
	e.Add(at(epoch), newTraffic(base, cols, 2).minute(epoch, 100))
	s := e.TakeStats()
	if want := uint64(20*20 - 50); s.Evicted["series"] != want || e.strange.Load() != 50 {
		t.Errorf("%v, want %d; %d are held", s.Evicted, want, e.strange.Load())
	}
	if found := slices.ContainsFunc(s.Events, func(ev Event) bool { return ev.Item == "series" && ev.Key.Model == "made-up 2" }); !found {
		t.Errorf("%+v", s.Events)
	}
	known := func(e *Engine) (n int) {
		e.Totals(func(x *Total) {
			if x.Key.Model == "fraud" && x.Key.Subject == Feature {
				n++
			}
		})
		return n
	}
	again := engine(t, set, func(o *Options) { o.Limits.Series = 50 })
	stored := e.Snapshot()
	for _, key := range stored.Keys {
		if err := again.Restore(at(epoch+60), stored.Changed[key]); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []*Engine{e, again} {
		if n := known(e); n != len(cols) {
			t.Errorf("%d features are known, want %d", n, len(cols))
		}
		if n := e.strange.Load(); n != 50 {
			t.Errorf("%d series of strangers", n)
		}
		e.SetCatalog(catalog.NewSet(nil, nil))
		if n := e.strange.Load(); n != 55 {
			t.Errorf("%d series of strangers without the card", n)
		}
		e.SetCatalog(set)
		e.eachModel(func(m *model) {
			e.mu.Lock()
			e.drop(m)
			e.mu.Unlock()
		})
		if n := e.strange.Load(); n != 0 {
			t.Errorf("%d series of strangers without a model", n)
		}
	}
}
