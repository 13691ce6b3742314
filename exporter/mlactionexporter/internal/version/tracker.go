// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package version knows which versions of models have served, and chooses the one to go back to.
//
//	spans ─► Tracker: who served from when to when ─┐
//	cards: which versions there are ────────────────┼─► Choose: from, to, or why not
//	the journal: which were rolled back ────────────┘
package version

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// The bounds of a Tracker: models, versions of one, and how long a version that is not heard of is
// remembered.
const (
	maxModels   = 10_000
	maxVersions = 100
)

// SwitchAfter is how much later than the others a version must have been heard to be the only one
// that serves: a change of version is not done in a second, and spans come late.
const SwitchAfter = 2 * time.Minute

// ID names a model.
type ID struct {
	Environment, Name string
}

// Span is what of a version was seen.
type Span struct {
	// First and Last are the times of the first and last spans.
	First, Last time.Time `json:",omitzero"`
	// FromStart says that the version served when the model was seen for the first time, so that
	// First is not when it came.
	FromStart bool `json:",omitempty"`
}

// Models is what a Tracker knows of one model, as it is stored.
type Models struct {
	Since    time.Time        `json:"since"`
	Versions map[string]*Span `json:"versions"`
}

// Tracker knows which versions have served. It is safe for concurrent use.
type Tracker struct {
	mu     sync.RWMutex
	models map[ID]*Models
	// news are models of which more is known than was stored.
	news map[ID]bool
	// fresh says that a version is among them of which nothing was stored.
	fresh bool
	// full counts what there was no room for.
	full int
}

// NewTracker returns a tracker that knows nothing.
func NewTracker() *Tracker {
	return &Tracker{models: map[ID]*Models{}, news: map[ID]bool{}}
}

// See notes that a version has served at a time. fresh reports that it is a new one.
func (t *Tracker) See(id ID, version string, at time.Time) (fresh bool) {
	if version == "" || id.Name == "" {
		return false
	}
	t.mu.RLock()
	known := false
	if m := t.models[id]; m != nil {
		if s := m.Versions[version]; s != nil {
			known = !at.After(s.Last.Add(time.Second)) && !at.Before(s.First)
		}
	}
	t.mu.RUnlock()
	if known {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.enter(id, version, at)
}

func (t *Tracker) enter(id ID, version string, at time.Time) (fresh bool) {
	m := t.models[id]
	if m == nil {
		if len(t.models) >= maxModels {
			t.full++
			return false
		}
		m = &Models{Since: at, Versions: map[string]*Span{}}
		id = ID{strings.Clone(id.Environment), strings.Clone(id.Name)}
		t.models[id] = m
	}
	t.news[id] = true
	s := m.Versions[version]
	if s == nil {
		m.makeRoom()
		s = &Span{First: at, Last: at, FromStart: len(m.Versions) == 0}
		m.Versions[strings.Clone(version)] = s
		t.fresh = true
		return true
	}
	if at.Before(s.First) {
		s.First = at
	}
	if at.After(s.Last) {
		s.Last = at
	}
	return false
}

// makeRoom forgets the version that was not heard of for longest.
func (m *Models) makeRoom() {
	if len(m.Versions) < maxVersions {
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Keys(m.Versions)), func(a, b string) int {
		return m.Versions[a].Last.Compare(m.Versions[b].Last)
	})
	delete(m.Versions, oldest)
}

// Fresh reports whether Changed has a version that is new.
func (t *Tracker) Fresh() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.fresh
}

// Changed returns the models of which more is known than the last time, and forgets that it does.
func (t *Tracker) Changed() map[ID]Models {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[ID]Models, len(t.news))
	for id := range t.news {
		out[id] = t.models[id].copy()
	}
	clear(t.news)
	t.fresh = false
	return out
}

func (m *Models) copy() Models {
	out := Models{Since: m.Since, Versions: make(map[string]*Span, len(m.Versions))}
	for v, s := range m.Versions {
		c := *s
		out.Versions[v] = &c
	}
	return out
}

// Load takes over what was stored, under what has been seen since.
func (t *Tracker) Load(id ID, stored Models) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.models[id]
	if now == nil {
		if len(t.models) >= maxModels {
			t.full++
			return
		}
		c := stored.copy()
		t.models[id] = &c
		return
	}
	for v, s := range now.Versions {
		before := stored.Versions[v]
		switch {
		case before != nil:
			s.FromStart = before.FromStart
			if before.First.Before(s.First) {
				s.First = before.First
			}
		case len(stored.Versions) > 0:
			s.FromStart = false // there were others before
		}
	}
	for v, s := range stored.Versions {
		if now.Versions[v] == nil {
			now.makeRoom()
			c := *s
			now.Versions[v] = &c
		}
	}
	if stored.Since.Before(now.Since) {
		now.Since = stored.Since
	}
}

// Serving returns the versions of a model that serve: those heard of within a time before the last
// span, which mostly is SwitchAfter, the newest of them first. Empty if none is known.
func (t *Tracker) Serving(id ID, within time.Duration) []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	m := t.models[id]
	if m == nil {
		return nil
	}
	var latest time.Time
	for _, s := range m.Versions {
		if s.Last.After(latest) {
			latest = s.Last
		}
	}
	return slices.DeleteFunc(m.byLast(), func(v string) bool { return latest.Sub(m.Versions[v].Last) >= within })
}

// byLast are the versions, that heard of last first; of two heard of at once that which came later.
func (m *Models) byLast() []string {
	return slices.SortedFunc(maps.Keys(m.Versions), func(a, b string) int {
		x, y := m.Versions[a], m.Versions[b]
		if c := y.Last.Truncate(SwitchAfter).Compare(x.Last.Truncate(SwitchAfter)); c != 0 {
			return c
		}
		if c := y.First.Compare(x.First); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
}

// Seen returns what was seen of a model's versions.
func (t *Tracker) Seen(id ID) (m Models, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	known := t.models[id]
	if known == nil {
		return Models{}, false
	}
	return known.copy(), true
}

// Full is how many models were not taken for want of room.
func (t *Tracker) Full() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.full
}

// Named returns the models of a name that were seen, in any environment.
func (t *Tracker) Named(name string) []ID {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var out []ID
	for id := range t.models {
		if id.Name == name {
			out = append(out, id)
		}
	}
	return out
}
