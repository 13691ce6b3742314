// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"fmt"
	"slices"
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
	d := newDict(newBase([]string{"a", "b"}), 2)
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
	d := newDict(nil, 50)
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

// What is in use keeps its place, what was not for an hour gives it away when another one needs it,
// and cards have places of their own, whatever came before.
func TestPlaces(t *testing.T) {
	listed := card(profile.Numeric, "")
	listed.Versions = []*catalog.Version{{Model: listed, Version: "7"}, {Model: listed, Version: "8"}}
	r := NewRegistry(Limits{Models: 2, Features: 1}, Watched{})
	r.Use(catalog.NewSet([]*catalog.Model{listed}, nil))
	now := time.Unix(1_700_000_000, 0)
	model := func(name, version string) (*Model, bool) { return r.Model(Key{Name: name, Version: version}) }
	has := func(name, version string) bool {
		m, room := model(name, version)
		m.Touch(now.Unix())
		return room
	}
	// 25,000 made-up models and 12 made-up versions come first.
	for i := range 25_000 {
		has(fmt.Sprint("made up ", i), "")
	}
	for i := range 12 {
		has("m", fmt.Sprint("made up ", i))
	}
	assert.True(t, has("m", "7"))
	assert.True(t, has("m", "8"))
	assert.True(t, has("made up 0", ""), "was there first")
	assert.False(t, has("other", ""))
	seven, _ := model("m", "7")

	// Made-up ones go on and on: nobody loses a place.
	for range 3 {
		now = now.Add(50 * time.Minute)
		assert.False(t, r.MakeRoom(now, false))
		for i := range 5 {
			has(fmt.Sprint("made up ", i), "")
			has("m", fmt.Sprint("made up ", i))
		}
	}
	now = now.Add(61 * time.Minute)
	assert.True(t, r.MakeRoom(now, false))
	assert.True(t, has("other", ""), "the made-up ones were silent for an hour")
	still, _ := model("m", "7")
	assert.Same(t, seven, still, "what has a card keeps its place, silent or not")
}

// Eleven in turn against a limit of ten: ten are counted, and the eleventh overflows; nobody is
// pushed out.
func TestNoThrashing(t *testing.T) {
	r := NewRegistry(Limits{Models: 10, Features: 1}, Watched{})
	now := time.Unix(1_700_000_000, 0)
	counted := make(map[*Model]int)
	for minute := range 600 {
		m, _ := r.Model(Key{Name: "m", Version: fmt.Sprint(minute % 11)})
		m.Touch(now.Unix())
		counted[m]++
		now = now.Add(time.Minute)
		r.MakeRoom(now, false)
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

// The tables of a model follow the same rule.
func TestPlacesInTables(t *testing.T) {
	r := NewRegistry(Limits{Models: 1, Features: 2, Categories: 1, Segments: 1}, Watched{Segments: []string{"country"}})
	now := time.Unix(1_700_000_000, 0)
	m, _ := r.Model(Key{Name: "m"})
	m.Touch(now.Unix())
	slot, _ := m.Slot("a", true)
	_, _ = m.Slot("b", false)
	_, room := m.Slot("c", false)
	assert.False(t, room)
	a := m.Features()[slot].Categories
	id, _ := a.ID("x")
	_, room = a.ID("y")
	assert.False(t, room)
	a.TouchID(id, now.Unix())
	id, _ = m.Cohorts[0].ID("DE")
	m.Cohorts[0].TouchID(id, now.Unix())
	_, room = m.Cohorts[0].ID("FR")
	assert.False(t, room)
	inUse := func(slots ...int) {
		m.TouchFeatures(func(slot int) (uint64, bool) { return 0, slices.Contains(slots, slot) }, now.Unix())
	}
	inUse(0, 1)

	now = now.Add(59 * time.Minute)
	assert.False(t, r.MakeRoom(now, false))
	inUse(0)
	m.Touch(now.Unix())
	now = now.Add(2 * time.Minute)
	assert.False(t, r.MakeRoom(now, true), "models alone")
	assert.True(t, r.MakeRoom(now, false))
	n, _ := r.Model(m.Key)
	require.NotSame(t, m, n)
	assert.False(t, r.Current(m))
	assert.Equal(t, []string{"", "DE"}, m.Cohorts[0].Names(), "what was handed out stays as it is")
	assert.Equal(t, []string{""}, n.Cohorts[0].Names())
	assert.Equal(t, 0, n.Find("a"))
	assert.Equal(t, -1, n.Find("b"))
	_, room = n.Slot("c", false)
	assert.True(t, room)
	_, room = n.Features()[0].Categories.ID("y")
	assert.True(t, room, "x was not seen for an hour")
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
	m.TouchFeatures(func(slot int) (uint64, bool) { return 600, slot == number }, 1)
	assert.Equal(t, number, m.Switch(number, 400, 1000), "a thousand numbers make it one")
}

// A set of cards that comes or goes changes who has a reserved place, and pushes out nobody.
func TestPlacesOverReloads(t *testing.T) {
	with := catalog.NewSet([]*catalog.Model{{Name: "m"}}, nil)
	r := NewRegistry(Limits{Models: 2}, Watched{})
	name := func(n string) bool {
		m, room := r.Model(Key{Name: n})
		m.Touch(1_700_000_000)
		return room
	}
	assert.True(t, name("a"))
	assert.True(t, name("m"))
	assert.False(t, name("b"))
	r.Use(with)
	assert.True(t, name("b"), "the card's model needs no ordinary place any more")
	assert.False(t, name("c"))
	r.Use(catalog.NewSet(nil, nil))
	for _, n := range []string{"a", "m", "b"} {
		assert.True(t, name(n), n)
	}
	assert.False(t, name("c"))
	// Another version takes the place that a card has for all that it does not list, once the one
	// that has it was silent for an hour.
	r.Use(with)
	assert.False(t, r.MakeRoom(time.Unix(1_700_000_000, 0).Add(30*time.Minute), false))
	_, room := r.Model(Key{Name: "m", Version: "2"})
	assert.False(t, room)
	r.MakeRoom(time.Unix(1_700_000_000, 0).Add(61*time.Minute), false)
	_, room = r.Model(Key{Name: "m", Version: "2"})
	assert.True(t, room)
}
