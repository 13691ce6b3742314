// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/nearest"
)

const (
	// maxNames is the number of names without a card that are kept, maxFresh that of those that one
	// review compares with all cards: a comparison with a thousand cards takes a millisecond.
	maxNames = 1000
	maxFresh = 100
	// patience is the number of reviews with predictions in between after which a card that none of
	// these has met is one that matches none.
	patience = 10
	// absence is the number of reviews after which the card that is not in the set any more is
	// forgotten.
	absence = 10
	// maxSeen is the number of names that an Unmatched shows.
	maxSeen = 5
)

// Sighted is a Catalog that wants to know which cards the spans meet.
type Sighted interface {
	// Sightings is where readers of the catalog note what they have looked up.
	Sightings() *Sightings
}

// Sightings notes which cards of models the spans meet, and which names of models and jobs they
// have that no card has: a card that is misspelt, or for another environment, is silent otherwise.
// It is safe for concurrent use; the nil one notes nothing.
type Sightings struct {
	predictions atomic.Bool // there were some since the last review

	mu    sync.Mutex // guards all below
	cards map[cardKey]*Sighting
	// names are without a card. Those that a review has not looked at yet are fresh.
	names map[cardKey]*NearMiss // nil where none is near
	fresh map[cardKey]struct{}
	set   *Set // of the last review
}

// Sighting tells whether predictions have met a card.
type Sighting struct {
	met             atomic.Bool
	predictions     *atomic.Bool
	reviews, absent int // guarded by Sightings.mu
}

// NewSightings returns what has seen nothing yet.
func NewSightings() *Sightings {
	return &Sightings{cards: map[cardKey]*Sighting{}, names: map[cardKey]*NearMiss{}, fresh: map[cardKey]struct{}{}}
}

// Of returns the sighting of a model's card, which a reader keeps with the card.
func (s *Sightings) Of(m *Model) *Sighting {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(m)
}

func (s *Sightings) of(m *Model) *Sighting {
	k := m.key()
	card := s.cards[k]
	if card == nil {
		card = &Sighting{predictions: &s.predictions}
		s.cards[k] = card
	}
	return card
}

// Meet notes that a prediction has met the card. Where one has before, it writes nothing.
func (s *Sighting) Meet() {
	if s == nil {
		return
	}
	raise(&s.met)
	raise(s.predictions)
}

func raise(flag *atomic.Bool) {
	if !flag.Load() {
		flag.Store(true)
	}
}

// UnknownModel notes that a prediction names a model that has no card, UnknownJob that a span names
// such a job. Names longer than others are kept elsewhere are left out, and so are new ones while
// there are too many.
func (s *Sightings) UnknownModel(environment, name string) {
	if s != nil {
		raise(&s.predictions)
		s.unknown(cardKey{kindModel, environment, name})
	}
}

// UnknownJob is UnknownModel for jobs.
func (s *Sightings) UnknownJob(environment, name string) {
	if s != nil {
		s.unknown(cardKey{kindJob, environment, name})
	}
}

func (s *Sightings) unknown(k cardKey) {
	if len(k.name) > boundedname.Max || len(k.environment) > boundedname.Max || !s.mu.TryLock() { // the next span will do
		return
	}
	defer s.mu.Unlock()
	if _, ok := s.names[k]; ok {
		return
	}
	if _, ok := s.fresh[k]; !ok && len(s.names)+len(s.fresh) < maxNames {
		s.fresh[cardKey{k.kind, strings.Clone(k.environment), strings.Clone(k.name)}] = struct{}{}
	}
}

// Card says where a card is.
type Card struct {
	// Kind is model or job; Environment is empty for any.
	Kind, Environment, Name string
	// File and Line are where it begins; empty for what only a source knows.
	File string
	Line int
}

// NearMiss is a name on spans that has no card, but nearly has one.
type NearMiss struct {
	// Kind is model or job; Environment is empty where the spans have none.
	Kind, Environment, Name string
	// Card is the one that is nearly theirs.
	Card Card
	// Differs is name or environment.
	Differs string
}

// Unmatched is a model's card that no prediction has met, although there were some for a while.
type Unmatched struct {
	Card Card
	// Seen are names, with their environments, that predictions have had instead: at first one that
	// is nearly the card's.
	Seen []string
}

// Review is what Sightings say of a set.
type Review struct {
	Near      []NearMiss
	Unmatched []Unmatched
}

// Review compares what was seen with the set. It is to be called at regular intervals. changed is
// false where there were no predictions and no new names since the last call; there is nothing to
// say then.
func (s *Sightings) Review(set *Set) (r Review, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	predictions := s.predictions.Swap(false)
	if !predictions && len(s.fresh) == 0 && set == s.set {
		return r, false
	}
	s.compare(set)
	r.Near = s.near()
	if predictions {
		s.count(set)
	}
	seen := s.seen(set)
	for _, m := range set.Models {
		if card := s.of(m); card.met.Load() || card.reviews < patience || m.File == "" {
			continue
		}
		u := Unmatched{Card: m.where()}
		for _, near := range r.Near {
			if near.Card == u.Card {
				u.Seen = append(u.Seen, title(near.Environment, near.Name))
			}
		}
		for _, name := range seen {
			if !slices.Contains(u.Seen, name) {
				u.Seen = append(u.Seen, name)
			}
		}
		u.Seen = u.Seen[:min(len(u.Seen), maxSeen)]
		r.Unmatched = append(r.Unmatched, u)
	}
	return r, true
}

// count ages the cards that none has met, and forgets those that are not in the set any more.
func (s *Sightings) count(set *Set) {
	present := make(map[*Sighting]bool, len(set.Models))
	for _, m := range set.Models {
		card := s.of(m)
		present[card], card.absent = true, 0
		card.reviews++
	}
	for k, card := range s.cards {
		if present[card] {
			continue
		}
		if card.absent++; card.absent > absence { // a reader may still have it for a moment
			delete(s.cards, k)
		}
	}
}

// compare looks for the nearest card of each fresh name; of all names where the set is a new one.
func (s *Sightings) compare(set *Set) {
	if s.set != set {
		s.set = set
		for k := range s.names {
			s.fresh[k] = struct{}{}
		}
		clear(s.names)
	}
	cards := newCandidates(set)
	left := maxFresh
	for k := range s.fresh {
		if left--; left < 0 {
			break
		}
		delete(s.fresh, k)
		if k.kind == kindModel && set.Model(k.environment, k.name) != nil || k.kind == kindJob && set.Job(k.environment, k.name) != nil {
			continue // it has one now
		}
		s.names[k] = cards.nearest(k)
	}
	if len(s.names) >= maxNames { // room for others; these come again
		maps.DeleteFunc(s.names, func(_ cardKey, near *NearMiss) bool { return near == nil })
	}
}

func (s *Sightings) near() []NearMiss {
	var list []NearMiss
	for _, k := range slices.SortedFunc(maps.Keys(s.names), compareKeys) {
		if near := s.names[k]; near != nil {
			list = append(list, *near)
		}
	}
	return list
}

// seen are names of models on predictions: those without a card first.
func (s *Sightings) seen(set *Set) []string {
	var list []string
	for _, k := range slices.SortedFunc(maps.Keys(s.names), compareKeys) {
		if k.kind == kindModel && len(list) < maxSeen {
			list = append(list, title(k.environment, k.name))
		}
	}
	for _, m := range set.Models {
		if len(list) < maxSeen && s.of(m).met.Load() {
			list = append(list, title(m.Environment, m.Name))
		}
	}
	return list
}

func compareKeys(a, b cardKey) int {
	if c := strings.Compare(a.kind, b.kind); c != 0 {
		return c
	}
	if c := strings.Compare(a.name, b.name); c != 0 {
		return c
	}
	return strings.Compare(a.environment, b.environment)
}

// title names a model or a job. Example: "fraud (production)".
func title(environment, name string) string {
	if environment == "" {
		return name
	}
	return name + " (" + environment + ")"
}

func (m *Model) where() Card { return Card{kindModel, m.Environment, m.Name, m.File, m.Line} }
func (j *Job) where() Card   { return Card{kindJob, j.Environment, j.Name, j.File, j.Line} }

// candidates are the cards that a name may be meant to have, by kind.
type candidates map[string]*ofKind

type ofKind struct {
	byName map[string][]Card
	names  []string
}

func newCandidates(set *Set) candidates {
	c := candidates{}
	for _, kind := range []string{kindModel, kindJob} {
		c[kind] = &ofKind{byName: map[string][]Card{}}
	}
	add := func(name string, card Card) {
		of := c[card.Kind]
		if of.byName[name] == nil {
			of.names = append(of.names, name)
		}
		of.byName[name] = append(of.byName[name], card)
	}
	for _, m := range set.Models {
		add(m.Name, m.where())
		for _, name := range m.AlsoKnownAs {
			add(name, m.where())
		}
	}
	for _, j := range set.Jobs {
		add(j.Name, j.where())
	}
	return c
}

// nearest returns the card of the same name in another environment, else one of the nearest name;
// nil where none is near.
func (c candidates) nearest(k cardKey) *NearMiss {
	near := &NearMiss{Kind: k.kind, Environment: k.environment, Name: k.name, Differs: "environment"}
	of := c[k.kind]
	if cards := of.byName[k.name]; len(cards) > 0 {
		near.Card = cards[0]
		return near
	}
	name, ok := nearest.Name(k.name, of.names)
	if !ok {
		return nil
	}
	near.Card, near.Differs = of.byName[name][0], "name"
	for _, card := range of.byName[name] {
		if card.Environment == k.environment {
			near.Card = card
		}
	}
	return near
}
