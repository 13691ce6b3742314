// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDict(t *testing.T) {
	d := newDict(newBase([]string{"a", "b"}), 2, newDoor(64, 0))
	for _, tt := range []struct {
		value     string
		id        uint32
		cacheable bool
	}{
		{"b", 2, true}, {"a", 1, true}, {"x", 3, true}, {"y", 4, true}, {"x", 3, true}, {"z", OverflowID, false}, {"", OverflowID, false},
	} {
		id, cacheable := d.ID(tt.value)
		assert.Equal(t, tt.id, id, tt.value)
		assert.Equal(t, tt.cacheable, cacheable, tt.value)
	}
	assert.Equal(t, []string{"", "a", "b", "x", "y"}, d.Names())
}

// Ids are the same for all who ask at the same time.
func TestDictConcurrently(t *testing.T) {
	d := newDict(nil, 50, newDoor(64, 0))
	var wg sync.WaitGroup
	ids := make([]map[string]uint32, 4)
	for g := range ids {
		ids[g] = make(map[string]uint32)
		wg.Go(func() {
			for i := range 100 {
				v := fmt.Sprint(i)
				if id, ok := d.ID(v); ok {
					ids[g][v] = id
				}
			}
		})
	}
	wg.Wait()
	names := d.Names()
	assert.Len(t, names, 51)
	for _, m := range ids {
		for v, id := range m {
			assert.Equal(t, v, names[id])
		}
	}
}

func card(typ, override profile.Type) *catalog.Model {
	c := &profile.Column{Name: "f", Type: typ}
	if typ == profile.Numeric {
		c.Count, c.Numeric = 2, &profile.NumericColumn{Bounds: []float64{0, 1}, Counts: []uint64{1, 1, 0}}
	}
	return &catalog.Model{
		Name: "m", Baseline: &profile.Profile{Features: []*profile.Column{c}},
		Features: map[string]catalog.Feature{"f": {Type: override}},
	}
}

// A card's type replaces the baseline's, whose bins or categories are then of no use.
func TestCardOverridesType(t *testing.T) {
	for _, tt := range []struct {
		typ, override     profile.Type
		categorical, bins bool
	}{
		{profile.Numeric, "", false, true},
		{profile.Numeric, profile.Numeric, false, true},
		{profile.Numeric, profile.Categorical, true, false},
		{profile.Categorical, profile.Numeric, false, false},
		{profile.Categorical, "", true, false},
	} {
		r := NewRegistry(Limits{Models: 1, Features: 1}, Watched{})
		r.Use(catalog.NewSet([]*catalog.Model{card(tt.typ, tt.override)}, nil))
		m, _ := r.Model(Key{Name: "m"})
		f := m.Features()[0]
		assert.Equal(t, tt.categorical, f.Categorical)
		assert.Equal(t, tt.bins, f.Bins != nil)
	}
}

// A reload that says the same keeps models; one that does not, lets go of those it is about.
func TestUse(t *testing.T) {
	r := NewRegistry(Limits{Models: 2, Features: 1}, Watched{})
	r.Use(catalog.NewSet([]*catalog.Model{card(profile.Numeric, "")}, nil))
	m, _ := r.Model(Key{Name: "m"})
	other, _ := r.Model(Key{Name: "other"})
	r.Use(catalog.NewSet([]*catalog.Model{card(profile.Numeric, "")}, nil))
	assert.True(t, r.Current(m))
	r.Use(catalog.NewSet([]*catalog.Model{card(profile.Categorical, "")}, nil))
	assert.False(t, r.Current(m))
	assert.True(t, r.Current(other))
	again, room := r.Model(Key{Name: "m"})
	require.True(t, room)
	assert.NotSame(t, m, again)
	_, room = r.Model(Key{Name: "third"})
	assert.True(t, room, "a model with a card has a place of its own")
	_, room = r.Model(Key{Name: "fourth"})
	assert.False(t, room)
}

// tables is a registry with a clock of its own; a step is a flush interval, and a minute a flush of
// features.
type tables struct {
	*Registry
	now time.Time
}

func newTables(limits Limits, watched Watched, cards ...*catalog.Model) *tables {
	limits.Probation = time.Minute
	r := &tables{NewRegistry(limits, watched), time.Unix(1_700_000_000, 0)}
	r.Use(catalog.NewSet(cards, nil))
	return r
}

// has counts a prediction of a model, and reports whether it has a place.
func (r *tables) has(name, version string) bool {
	m, room := r.Model(Key{Name: name, Version: version})
	m.Touch(r.Registry.Now(r.now))
	return room
}

// flush ends a flush interval, and the minute with the fourth of them.
func (r *tables) flush() {
	r.now = r.now.Add(15 * time.Second)
	if r.now.Unix()%60 == 20 {
		r.MakeRoom(r.now, false)
	}
	r.Tick()
}

func (r *tables) pass(d time.Duration) {
	for range d / (15 * time.Second) {
		r.flush()
	}
}

// What is in use keeps its place, and cards have places of their own, whatever came before.
func TestPlaces(t *testing.T) {
	listed := card(profile.Numeric, "")
	listed.Versions = []*catalog.Version{{Model: listed, Version: "7"}, {Model: listed, Version: "8"}}
	r := newTables(Limits{Models: 2, Features: 1}, Watched{}, listed)
	assert.True(t, r.has("early", ""))
	assert.True(t, r.has("m", "7"))
	r.flush()
	assert.True(t, r.has("early", ""))
	seven, _ := r.Model(Key{Name: "m", Version: "7"})

	// 440 made-up models and 6 made-up versions a second go on and on.
	madeUp := 0
	flood := func() {
		for i := range 440 * 15 {
			madeUp++
			r.has(fmt.Sprint("made up ", madeUp), "")
			if i < 6*15 {
				r.has("m", fmt.Sprint("made up ", madeUp))
			}
		}
	}
	for range 10 * 4 {
		flood()
		assert.True(t, r.has("early", ""))
		r.flush()
	}
	assert.True(t, r.has("m", "8"), "comes for the first time")
	still, _ := r.Model(Key{Name: "m", Version: "7"})
	assert.Same(t, seven, still, "what has a card keeps its place, silent or not")
	assert.LessOrEqual(t, len(r.places), 2+3)

	// A version that the card does not list, for which it has a place all the same.
	places := 0
	for range 8 {
		flood()
		if r.has("m", "9") {
			places++
		}
		r.flush()
	}
	assert.GreaterOrEqual(t, places, 4)
	assert.True(t, r.has("m", "9"))
	assert.True(t, r.Reserved(Key{Name: "m", Version: "9"}))
}

// Models that come for the first time under a flood of made-up names have their places soon.
func TestNewModelsUnderAFlood(t *testing.T) {
	r := newTables(Limits{Models: 100, Features: 1}, Watched{})
	madeUp := 0
	counted := make(map[string]int)
	for minute := range 10 {
		for range 4 {
			for i := range 440 * 15 {
				madeUp++
				assert.False(t, r.has(fmt.Sprint("made up ", madeUp), "") && madeUp > 100)
				if minute > 1 && i%(44*15) == 0 { // ten predictions an interval of each of 90
					for n := range 90 {
						if name := fmt.Sprint("real ", n); r.has(name, "1") {
							counted[name]++
						}
					}
				}
			}
			r.flush()
		}
	}
	assert.Len(t, counted, 90)
	for name, n := range counted {
		assert.GreaterOrEqual(t, n, 10*4*5, "%s: of 8 minutes more than five are counted", name)
	}
}

// Eleven in turn against a limit of ten: ten are counted, and the eleventh overflows; nobody is
// pushed out.
func TestNoThrashing(t *testing.T) {
	r := newTables(Limits{Models: 10, Features: 1}, Watched{})
	counted := make(map[*Model]int)
	for minute := range 600 {
		m, _ := r.Model(Key{Name: "m", Version: fmt.Sprint(minute % 11)})
		m.Touch(r.Registry.Now(r.now))
		counted[m]++
		r.pass(time.Minute)
	}
	assert.Len(t, counted, 11)
	overflowed := 0
	for m, n := range counted {
		if m.Overflow {
			overflowed = n
		}
	}
	assert.Equal(t, 600/11, overflowed)
}

// What was not in use for an hour gives its place away, what was counted once after a minute, and to
// those alone that come again.
func TestPlacesAreGivenAway(t *testing.T) {
	r := newTables(Limits{Models: 2}, Watched{})
	assert.True(t, r.has("steady", ""))
	assert.True(t, r.has("once", ""))
	r.flush()
	assert.True(t, r.has("steady", ""))
	assert.False(t, r.has("first", ""))
	r.pass(3 * time.Minute)
	assert.False(t, r.has("made up", ""), "nobody has come again")
	assert.False(t, r.has("first", ""))
	r.now = r.now.Add(-r.now.Sub(time.Unix(r.now.Unix()/60*60+20, 0)))
	given, changed := r.MakeRoom(r.now, true)
	assert.True(t, changed)
	assert.Equal(t, []Key{{Name: "once"}}, given.Models)
	assert.Equal(t, 1, given.Counts[LimitModels])
	assert.False(t, r.has("another", ""), "a free place is for who came before")
	assert.True(t, r.has("first", ""))
	r.flush()
	assert.True(t, r.has("first", ""))
	assert.False(t, r.has("another", ""))

	r.pass(58 * time.Minute)
	assert.True(t, r.has("first", ""))
	assert.True(t, r.has("steady", ""))
	r.pass(58 * time.Minute)
	assert.True(t, r.has("first", ""))
	assert.False(t, r.has("another", ""))
	r.pass(4 * time.Minute)
	assert.True(t, r.has("another", ""), "steady was silent for an hour")
	assert.False(t, r.has("steady", ""))
}

// The tables of a model follow the same rules.
func TestPlacesInTables(t *testing.T) {
	named := &catalog.Model{Name: "m", Segments: []string{"country"}, Features: map[string]catalog.Feature{"named": {}}}
	r := newTables(Limits{Models: 1, Features: 3, Categories: 2, Segments: 2, Sources: 2}, Watched{}, named)
	touchDict := func(d *Dict, value string) bool {
		id, room := d.ID(value)
		if room {
			d.TouchID(id, r.Registry.Now(r.now))
		}
		return room
	}
	model := func() *Model {
		m, _ := r.Model(Key{Name: "m"})
		m.Touch(r.Registry.Now(r.now))
		return m
	}
	feature := func(name string) bool {
		slot, room := model().Slot(name, false)
		model().TouchFeatures(func(s int) (uint64, bool) { return 1, s == slot && room }, r.Registry.Now(r.now))
		return room
	}
	segment := func(name string) bool { return touchDict(model().Cohorts[0], name) }
	source := func(name string) bool { return touchDict(model().Sources, name) }
	category := func(name string) bool {
		slot, _ := model().Slot("word", true)
		return touchDict(model().Features()[slot].Categories, name)
	}
	kinds := map[string]func(string) bool{"feature": feature, "segment": segment, "source": source, "category": category}
	var madeUp int
	flood := func() {
		for range 1000 {
			madeUp++
			for _, has := range kinds {
				has(fmt.Sprint("made up ", madeUp))
			}
		}
	}
	assert.True(t, category("active"))
	for range 2 {
		for kind, has := range kinds {
			assert.True(t, has("active"), kind)
		}
		r.flush()
	}
	first := model()
	for range 4 * 5 {
		flood()
		for kind, has := range kinds {
			assert.True(t, has("active"), kind)
		}
		_, _ = model().Slot("word", true)
		r.flush()
	}
	assert.True(t, feature("named"), "a feature that the card names finds room, whatever came before")

	// New ones come, while it goes on.
	had := make(map[string]bool)
	for range 4 * 4 {
		flood()
		for kind, has := range kinds {
			assert.True(t, has("active"), kind)
			if name := "new"; kind != "feature" {
				had[kind] = has(name)
			}
		}
		r.flush()
	}
	assert.Equal(t, map[string]bool{"segment": true, "source": true, "category": true}, had)
	assert.NotSame(t, first, model())
	assert.False(t, r.Current(first))
	assert.NotContains(t, first.Cohorts[0].Names(), "new", "what was handed out stays as it is")
}

func TestSwitch(t *testing.T) {
	r := NewRegistry(Limits{Models: 1, Features: 5}, Watched{})
	m, _ := r.Model(Key{Name: "m"})
	slot, _ := m.Slot("zip", false)
	words := m.Switch(slot, 10, 1000)
	assert.NotEqual(t, slot, words)
	assert.Equal(t, words, m.Switch(slot, 10, 1000), "once")
	assert.Equal(t, words, m.Find("zip"))
	assert.Equal(t, slot, m.Features()[words].Predecessor)
	assert.True(t, m.Features()[words].Categorical)
	assert.True(t, r.Switched())
	assert.False(t, r.Switched())
	number, _ := m.Slot("amount", false)
	m.TouchFeatures(func(slot int) (uint64, bool) { return 600, slot == number }, Moment{Unix: 1, Interval: 1})
	assert.Equal(t, number, m.Switch(number, 400, 1000), "a thousand numbers make it one")
}

// A set of cards that comes or goes changes who has a reserved place, and pushes out nobody.
func TestPlacesOverReloads(t *testing.T) {
	with := catalog.NewSet([]*catalog.Model{{Name: "m"}}, nil)
	r := newTables(Limits{Models: 2}, Watched{})
	name := func(n string) bool { return r.has(n, "") }
	assert.True(t, name("a"))
	assert.True(t, name("m"))
	assert.False(t, name("b"))
	r.flush()
	assert.True(t, name("a"))
	assert.True(t, name("m"))
	r.Use(with)
	assert.True(t, name("b"), "the card's model needs no ordinary place any more, and b came before")
	assert.False(t, name("c"))
	r.Use(catalog.NewSet(nil, nil))
	for _, n := range []string{"a", "m", "b"} {
		assert.True(t, name(n), n)
	}
	r.flush()
	assert.True(t, name("b"))
	assert.False(t, name("c"))
	// Another version takes the place that a card has for all that it does not list, once the one
	// that has it was silent for an hour.
	r.Use(with)
	again := func() bool { return r.has("m", "2") }
	r.pass(30 * time.Minute)
	name("a")
	name("b")
	assert.False(t, again())
	r.pass(20 * time.Minute)
	assert.False(t, again())
	r.pass(12 * time.Minute)
	assert.True(t, again())
	assert.True(t, r.Reserved(Key{Name: "m", Version: "2"}))
	assert.False(t, r.Reserved(Key{Name: "m"}))
}

// After a reload the place of a card is that of the version that is in use, whatever else of its
// model has a place.
func TestReservationsOverReloads(t *testing.T) {
	for range 20 { // maps have no order
		r := newTables(Limits{Models: 20}, Watched{})
		for i := range 10 {
			r.has("m", fmt.Sprint("made up ", i))
		}
		r.has("m", "7")
		r.flush()
		r.has("m", "7")
		r.Use(catalog.NewSet([]*catalog.Model{{Name: "m"}}, nil))
		assert.True(t, r.Reserved(Key{Name: "m", Version: "7"}))
		for i := range 10 {
			assert.False(t, r.Reserved(Key{Name: "m", Version: fmt.Sprint("made up ", i)}))
		}
		r.Use(catalog.NewSet([]*catalog.Model{{Name: "m", Segments: []string{"x"}}}, nil))
		assert.True(t, r.Reserved(Key{Name: "m", Version: "7"}))
	}
}

// Features and categories of all models together are bounded: those that are there keep their places,
// those that come again get one, and what is made up, in however many models, gets and keeps none.
func TestSeriesOfAllModels(t *testing.T) {
	r := newTables(Limits{Models: 100, Features: 500, Categories: 100, Series: 2000}, Watched{}, card(profile.Numeric, ""))
	counts := func(model, feature, category string) (counted bool) {
		m, room := r.Model(Key{Name: model})
		require.True(t, room)
		m.Touch(r.Registry.Now(r.now))
		slot, room := m.Slot(feature, category != "")
		if room {
			m.TouchFeatures(func(s int) (uint64, bool) { return 1, s == slot }, r.Registry.Now(r.now))
		}
		if category == "" || !room {
			return room
		}
		categories := m.Features()[slot].Categories
		id, ok := categories.ID(category)
		if ok {
			categories.TouchID(id, r.Registry.Now(r.now))
		}
		return ok
	}
	held := func() int { return int(r.tables.all.held.Load()) }
	old := func() bool {
		return counts("old", "amount", "") && counts("old", "country", "DE") && counts("m", "f", "")
	}
	require.True(t, old())
	r.flush()
	require.True(t, old())
	before, young := held(), 0
	assert.Equal(t, 50+10+1, before, "the feature of the card is not among them")
	for interval := range 40 {
		refused := 0
		for model := range 90 {
			for f := range 30 {
				if !counts(fmt.Sprint("made up ", model), fmt.Sprint("f", interval, " ", f), []string{"", "x"}[f%2]) {
					refused++
				}
			}
		}
		assert.Positive(t, refused)
		assert.Less(t, held(), 2000+50)
		assert.True(t, old(), interval)
		if counts("young", "amount", "") {
			young++
		}
		r.flush()
	}
	assert.Greater(t, young, 25, "of 40 intervals")
	m, _ := r.Model(Key{Name: "m"})
	_, room := m.Slot("on the card", false)
	assert.False(t, room, "it is not")

	// When the flood is over, places are free again.
	r.pass(2 * Idle)
	assert.True(t, counts("made up 1", "real", ""))
}
