// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"fmt"
	"sync"
	"testing"

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
		r := NewRegistry(Limits{Models: 1, Features: 1}, nil)
		r.Use(catalog.NewSet([]*catalog.Model{card(tt.typ, tt.override)}, nil))
		m, _ := r.Model(Key{Name: "m"})
		f := m.Features()[0]
		assert.Equal(t, tt.categorical, f.Categorical)
		assert.Equal(t, tt.bins, f.Bins != nil)
	}
}

// A reload that says the same keeps models; one that does not, lets go of those it is about.
func TestUse(t *testing.T) {
	r := NewRegistry(Limits{Models: 2, Features: 1}, nil)
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
	assert.False(t, room)
	r.Reset()
	_, room = r.Model(Key{Name: "third"})
	assert.True(t, room)
}
