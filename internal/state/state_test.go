// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a Store.
type memory struct {
	values  map[string][]byte
	batches int
	written []string // the keys of the last batch
	failGet error
	fail    error
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) { return m.values[key], m.failGet }

func (m *memory) Batch(_ context.Context, set map[string][]byte) error {
	if m.fail != nil {
		return m.fail
	}
	m.batches++
	m.written = slices.Sorted(maps.Keys(set))
	for key, value := range set {
		if value == nil {
			delete(m.values, key)
		} else {
			m.values[key] = value
		}
	}
	return nil
}

// note is a Record.
type note struct {
	place   Place
	text    string
	written string
	err     error
}

func newNote(key, text string) *note        { return &note{place: Place{Key: key}, text: text} }
func (n *note) Place() *Place               { return &n.place }
func (n *note) Encode() ([]byte, error)     { return []byte(n.text), n.err }
func (n *note) Written()                    { n.written = n.text }
func (n *note) change(r *Records, s string) { n.text = s; r.Change(n) }

var errFull = errors.New("disk full")

func loaded(t *testing.T, m *memory, options Options) (*Records, map[string]string, []Damaged) {
	t.Helper()
	r, got := New(options), map[string]string{}
	damaged, err := r.Load(t.Context(), m, func(key string, value []byte) error {
		if strings.HasPrefix(string(value), "bad") {
			return errors.New("is bad")
		}
		got[key] = string(value)
		return nil
	})
	require.NoError(t, err)
	return r, got, damaged
}

func TestRecords(t *testing.T) {
	m := &memory{values: map[string][]byte{}}
	r, got, damaged := loaded(t, m, Options{Fixed: []string{"meta"}})
	assert.Empty(t, got)
	assert.Empty(t, damaged)
	assert.True(t, r.Stored())
	assert.False(t, r.Pending())
	a, b := newNote("a", "1"), newNote("b", "1")
	r.Change(a)
	r.Change(b)
	r.Put("meta", []byte("m"))
	require.NoError(t, r.Write(t.Context()))
	assert.Equal(t, 1, m.batches)
	assert.Equal(t, "1", a.written)
	assert.Equal(t, []string{"a", "b"}, r.Keys())

	// Only what has changed is written, and nothing where nothing has.
	a.change(r, "2")
	a.change(r, "3")
	require.NoError(t, r.Write(t.Context()))
	require.NoError(t, r.Write(t.Context()))
	assert.Equal(t, []string{"a"}, m.written)
	assert.Equal(t, 2, m.batches)

	// After an error it is all still to be written.
	m.fail = errFull
	a.change(r, "4")
	r.Remove(b)
	r.Put("c", []byte("1"))
	require.ErrorIs(t, r.Write(t.Context()), errFull)
	require.ErrorIs(t, r.Write(t.Context()), errFull)
	assert.True(t, r.Behind())
	assert.Equal(t, uint64(2), r.Failed())
	assert.Equal(t, "3", a.written)
	m.fail = nil
	r.Change(b) // it is gone for good
	again := newNote("b", "another one")
	r.Change(again)
	require.NoError(t, r.Write(t.Context()))
	assert.False(t, r.Behind())
	assert.Equal(t, "4", a.written)

	_, got, damaged = loaded(t, m, Options{Fixed: []string{"meta"}})
	assert.Empty(t, damaged)
	assert.Equal(t, map[string]string{"a": "4", "b": "another one", "c": "1", "meta": "m"}, got)

	r.Remove(again)
	r.Remove(again)
	r.Delete("c")
	r.Delete("meta")
	r.Delete("nobody has it")
	require.NoError(t, r.Write(t.Context()))
	_, got, _ = loaded(t, m, Options{Fixed: []string{"meta"}})
	assert.Equal(t, map[string]string{"a": "4"}, got)

	bad := newNote("x", "")
	bad.err = errors.New("cannot be told")
	r.Change(bad)
	require.EqualError(t, r.Write(t.Context()), `cannot encode "x": cannot be told`)
}

func TestWithoutStore(t *testing.T) {
	r := New(Options{})
	a := newNote("a", "1")
	r.Change(a)
	require.NoError(t, r.Write(t.Context()))
	assert.Equal(t, "1", a.written, "what is written nowhere is written")
	assert.False(t, r.Stored())
}

// Whatever comes and goes, with a store that fails now and then, what is loaded is what was there
// at the last batch.
func TestRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := &memory{values: map[string][]byte{}}
	r, _, _ := loaded(t, m, Options{})
	notes, want := map[string]*note{}, map[string]string{}
	for step := range 3000 {
		key := fmt.Sprint("k/", rng.IntN(200))
		n := notes[key]
		switch {
		case n == nil:
			notes[key] = newNote(key, fmt.Sprint(step))
			r.Change(notes[key])
		case rng.IntN(3) == 0:
			r.Remove(n)
			delete(notes, key)
		default:
			n.change(r, fmt.Sprint(step))
		}
		if rng.IntN(5) > 0 {
			continue
		}
		if m.fail = nil; rng.IntN(3) == 0 {
			m.fail = errFull
		}
		if r.Write(t.Context()) == nil {
			clear(want)
			for key, n := range notes {
				want[key] = n.text
			}
		}
		if step%50 == 0 {
			_, got, damaged := loaded(t, &memory{values: maps.Clone(m.values)}, Options{})
			require.Empty(t, damaged)
			require.Equal(t, want, got)
		}
	}
}

// What is damaged, a value or a part of the index, is set aside at once, with its name; the rest is
// there, and the next start is well.
func TestSetAside(t *testing.T) {
	m := &memory{values: map[string][]byte{}}
	r, _, _ := loaded(t, m, Options{})
	for n := range 300 {
		r.Put(fmt.Sprint("k/", n), []byte("good"))
	}
	require.NoError(t, r.Write(t.Context()))
	m.values["k/7"] = []byte("bad value")
	m.values["meta"] = []byte("bad meta")
	lost := m.values["index/3"]
	require.NotEmpty(t, lost)
	m.values["index/3"] = []byte("\x01broken")
	keys, err := decodePart(lost)
	require.NoError(t, err)
	require.NotContains(t, keys, "k/7")

	options := Options{Fixed: []string{"meta"}}
	r, got, damaged := loaded(t, m, options)
	assert.Len(t, got, 300-len(keys)-1)
	require.Len(t, damaged, 3)
	assert.Equal(t, []string{"index/3", "k/7", "meta"}, []string{damaged[0].Key, damaged[1].Key, damaged[2].Key})
	require.ErrorIs(t, damaged[0].Err, wire.ErrCorrupt)
	assert.Equal(t, 9, damaged[1].Bytes)
	assert.Equal(t, "k/7: is bad; it was copied to corrupt/k/7", damaged[1].String())
	assert.Equal(t, "bad value", string(m.values["corrupt/k/7"]))
	assert.Equal(t, "bad meta", string(m.values["corrupt/meta"]))
	assert.Equal(t, "\x01broken", string(m.values["corrupt/index/3"]))
	assert.NotContains(t, m.values, "k/7")
	assert.NotContains(t, m.values, "meta")
	assert.NotContains(t, r.Keys(), "k/7")
	_, again, damaged := loaded(t, m, options)
	assert.Equal(t, got, again)
	assert.Empty(t, damaged)
}

func TestAsideIsBounded(t *testing.T) {
	m := &memory{values: map[string][]byte{}}
	for round := range 3 {
		r, _, _ := loaded(t, m, Options{})
		for n := range 600 {
			r.Put(fmt.Sprintf("k/%d/%d", round, n), []byte("bad"))
		}
		require.NoError(t, r.Write(t.Context()))
	}
	_, _, damaged := loaded(t, m, Options{})
	assert.Len(t, damaged, 600)
	aside := 0
	for key := range m.values {
		if strings.HasPrefix(key, prefixAside) {
			aside++
		}
	}
	assert.Equal(t, maxAside, aside)
	assert.Contains(t, m.values, "corrupt/k/2/599")
}

// An index of an older version is read and written anew, in parts; one that cannot be read is set
// aside.
func TestOldIndex(t *testing.T) {
	options := Options{Fixed: []string{"meta"}, OldIndex: "index", ReadOldIndex: func(value []byte) (keys []string, err error) {
		return keys, json.Unmarshal(value, &keys)
	}}
	m := &memory{values: map[string][]byte{
		"index": []byte(`["a","b","gone","meta","index","","index/1"]`), "a": []byte("1"), "b": []byte("2"), "meta": []byte("m"),
	}}
	for range 2 {
		r, got, damaged := loaded(t, m, options)
		assert.Equal(t, map[string]string{"a": "1", "b": "2", "meta": "m"}, got)
		assert.Empty(t, damaged)
		assert.Equal(t, []string{"a", "b"}, r.Keys())
		assert.NotContains(t, m.values, "index")
	}
	m.values["index"] = []byte("{")
	_, got, damaged := loaded(t, m, options)
	assert.Len(t, got, 3)
	require.Len(t, damaged, 1)
	assert.Equal(t, "index", damaged[0].Key)
	assert.Contains(t, m.values, "corrupt/index")
	assert.NotContains(t, m.values, "index")
}

func TestValuesThatAreGone(t *testing.T) {
	m := &memory{values: map[string][]byte{}}
	r, _, _ := loaded(t, m, Options{})
	r.Put("a", []byte("1"))
	r.Put("b", []byte("1"))
	require.NoError(t, r.Write(t.Context()))
	delete(m.values, "a")
	r, got, damaged := loaded(t, m, Options{})
	assert.Equal(t, map[string]string{"b": "1"}, got)
	assert.Empty(t, damaged)
	assert.Equal(t, []string{"b"}, r.Keys())
}

func TestLoadFails(t *testing.T) {
	r := New(Options{})
	_, err := r.Load(t.Context(), &memory{failGet: errFull}, nil)
	require.ErrorIs(t, err, errFull)
	assert.False(t, r.Stored())

	m := &memory{values: map[string][]byte{"index/0": []byte("broken")}, fail: errFull}
	r = New(Options{})
	_, err = r.Load(t.Context(), m, nil)
	require.ErrorIs(t, err, errFull, "what is damaged cannot be set aside")
	assert.False(t, r.Stored())
}

func TestTake(t *testing.T) {
	m := &memory{values: map[string][]byte{"good": []byte("1"), "bad": []byte("2")}}
	decode := func(value []byte) error {
		if string(value) == "2" {
			return errors.New("is bad")
		}
		return nil
	}
	for _, key := range []string{"good", "none"} {
		damaged, err := Take(t.Context(), m, key, decode)
		require.NoError(t, err)
		assert.Nil(t, damaged)
	}
	damaged, err := Take(t.Context(), m, "bad", decode)
	require.NoError(t, err)
	assert.Equal(t, "bad: is bad; it was copied to corrupt/bad", damaged.String())
	assert.Equal(t, map[string][]byte{"good": []byte("1"), "corrupt/bad": []byte("2")}, m.values)
	m.failGet = errFull
	_, err = Take(t.Context(), m, "good", decode)
	require.ErrorIs(t, err, errFull)
}
