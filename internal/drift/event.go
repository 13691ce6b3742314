// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import "sync"

// EventKind says what an Event is about.
type EventKind uint8

// The kinds of events.
const (
	// GivenAway is a place that was not used any more and was given to another: Item says of what,
	// Key is whose it was.
	GivenAway EventKind = iota
	// NoRoom is a limit that was reached: Item says which, Key is the first that found no place.
	NoRoom
	// UnknownFeature is a feature that the model's baseline does not have.
	UnknownFeature
	// NotCounted is a point that is in no window: Outcome says why.
	NotCounted
	// NameCut is a name that was longer than boundedname.Max bytes, or no valid UTF-8.
	NameCut
	// Renewed is a series whose windows start afresh, because its bins or categories are others
	// now.
	Renewed
	// Categorized is a numeric feature without a baseline that became categorical, because words
	// came; the numbers before are counted together as one category.
	Categorized
	// Saturated is a series of which one bin or category had more than 4,294,967,295 values in a
	// window: it is counted no further, and its share is too small.
	Saturated
	// NotJudged is a check of a contract, Item, that what is counted says nothing of; Key.Name is its
	// feature.
	NotJudged
)

// String is for logs.
func (k EventKind) String() string {
	return [...]string{"given_away", "no_room", "unknown_feature", "not_counted", "name_cut", "renewed", "categorized", "saturated", "not_judged"}[k]
}

// eventKinds is the number of kinds.
const eventKinds = int(NotJudged) + 1

// Event is something that a user should hear of: what was dropped, pushed out, cut or not judged,
// and why.
type Event struct {
	Kind EventKind
	// Item is what GivenAway and NoRoom are of: model, version, segment, feature, category,
	// producer; NoRoom also of flush, the points of which are told from their repetitions.
	Item string
	// Key is the first series that it happened to. Of a model or version it holds no more than its
	// name.
	Key Key
	// Outcome is of NotCounted.
	Outcome Outcome
	// Count is how often it happened since the last TakeStats, here and, beyond the first series,
	// to others of the same parent.
	Count uint64
}

// maxEvents bounds the events between two calls of TakeStats.
const maxEvents = 200

// eventKey is what events are told apart by.
type eventKey struct {
	kind    EventKind
	item    string
	outcome Outcome
	parent  Key
}

// parent is what an event is told apart by: of models all are one, of versions those of a model, of
// what a version has those of the version. Events that ask for a change of one series are told
// apart by the series.
func (ev *Event) parent() Key {
	k := ev.Key
	switch {
	case ev.Kind == NotJudged:
		return k
	case ev.Item == "model" || ev.Item == "producer" || ev.Item == "flush" || ev.Item == "series":
		return Key{}
	case ev.Item == "version" || ev.Kind == NameCut || ev.Kind == NotCounted && ev.Outcome != BoundsMismatch:
		return Key{Environment: k.Environment, Model: k.Model}
	case ev.Kind == UnknownFeature:
		return Key{Environment: k.Environment, Model: k.Model, Version: k.Version, Name: k.Name}
	case ev.Kind == NoRoom && ev.Item != "category":
		return Key{Environment: k.Environment, Model: k.Model, Version: k.Version, Role: k.Role}
	}
	return k
}

// notes are what happened since they were taken. They have a lock of their own, under which no other
// is taken.
type notes struct {
	mu     sync.Mutex
	stats  Stats
	events map[eventKey]int // into stats.Events
}

func newNotes() notes {
	return notes{stats: Stats{Evicted: make(map[string]uint64)}, events: make(map[eventKey]int)}
}

// take returns what has been noted since the last call.
func (n *notes) take() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := n.stats
	n.stats = Stats{Evicted: make(map[string]uint64)}
	clear(n.events)
	return out
}

// points counts deltas by outcome.
func (n *notes) points(by *[outcomes]uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for outcome, count := range by {
		n.stats.Points[outcome] += count
	}
}

// cut takes note of names that were too long.
func (n *notes) cut(names uint64, k Key) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stats.NamesCut += names
	n.note(Event{Kind: NameCut, Key: k})
}

// namesCut counts names that were too long, of nobody in particular.
func (n *notes) namesCut(names uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stats.NamesCut += names
}

// short takes note of subjects for which a window has passed without a verdict.
func (n *notes) short(of []Shortage) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stats.Shortages = of
}

// event takes note of an event.
func (n *notes) event(ev Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.note(ev)
}

// giveAway takes note of a place that was given to another.
func (n *notes) giveAway(item string, k Key) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stats.Evicted[item]++
	n.note(Event{Kind: GivenAway, Item: item, Key: k})
}

// forgotten takes note of flushes whose points cannot be told from their repetitions any more, as there
// was no memory for them.
func (n *notes) forgotten(flushes int, k Key) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stats.Evicted["flush"] += uint64(flushes)
	n.note(Event{Kind: NoRoom, Item: "flush", Key: k})
}

// full takes note of something that found no room.
func (n *notes) full(item string, k Key) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stats.Evicted[item]++
	n.note(Event{Kind: NoRoom, Item: item, Key: k})
}

// note is event for who has the lock.
func (n *notes) note(ev Event) {
	n.stats.Happened[ev.Kind]++
	k := eventKey{ev.Kind, ev.Item, ev.Outcome, ev.parent()}
	if i, ok := n.events[k]; ok {
		n.stats.Events[i].Count++
		return
	}
	if len(n.stats.Events) >= maxEvents {
		return
	}
	ev.Count = 1
	n.events[k] = len(n.stats.Events)
	n.stats.Events = append(n.stats.Events, ev)
}
