// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/contentkey"
)

// Drop says what is removed.
type Drop uint8

// The choices.
const (
	// DropNothing removes nothing.
	DropNothing Drop = iota
	// DropContent removes what is known to be content: what the tables and content.yaml list, and
	// texts under keys that end in a word for it.
	DropContent
	// DropUnknown removes that, and every text and structure that is not known to be no content.
	DropUnknown
)

// UnmarshalText reads false, true or strict.
func (d *Drop) UnmarshalText(text []byte) error {
	switch string(text) {
	case "false":
		*d = DropNothing
	case "true":
		*d = DropContent
	case "strict":
		*d = DropUnknown
	default:
		return fmt.Errorf("must be true, false or strict, not %q", text)
	}
	return nil
}

// Carrier is what an attribute was removed from.
type Carrier uint8

// The carriers. A span's status message counts for the span, a body for the log record.
const (
	OnSpan Carrier = iota
	OnEvent
	OnLink
	OnScope
	OnResource
	OnLog
	Carriers = 6
)

// String returns the carrier's name, a value of the attribute carrier of metrics.
func (c Carrier) String() string {
	return [Carriers]string{"span", "event", "link", "scope", "resource", "log"}[c]
}

const (
	// shortText is the number of bytes of a text that can be kept by name.
	shortText = 64
	// shortList is the number of such texts in a list.
	shortList = 64
	// deepest is how deep a value is looked into; structures below are removed, as nobody has looked.
	deepest = 16
	// longestPath bounds the paths of what is in maps.
	longestPath = 256
)

// drop removes content from the span at hand.
func (s *state) drop() {
	c, strict := &s.engine.content, s.engine.options.Drop == DropUnknown
	s.generative = s.detected&s.engine.llm != 0
	s.activate(s.span.Name())
	s.dropFrom(s.span.Attributes(), OnSpan)
	s.span.Events().RemoveIf(func(e ptrace.SpanEvent) bool {
		name := e.Name()
		if s.holdsContent(name) {
			s.stats.Dropped[OnEvent]++
			return true
		}
		if strict && !c.knownEvents[name] {
			s.stats.Dropped[OnEvent]++
			s.say(keepEvent+anyStep, OnEvent) // its name may be what was said
			return true
		}
		s.dropFrom(e.Attributes(), OnEvent)
		return false
	})
	for _, link := range s.span.Links().All() {
		s.dropFrom(link.Attributes(), OnLink)
	}
	if status := s.span.Status(); strict && status.Message() != "" && !(c.keepMessage && len(status.Message()) <= shortText) {
		status.SetMessage("")
		s.stats.Dropped[OnSpan]++
		s.say(keepMessage, OnSpan)
	}
}

// dropShared removes content from resources and scopes, when all of their spans were read.
func (s *state) dropShared(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			s.scope = ss.Scope()
			s.dropFromShared(ss.Scope().Attributes(), OnScope)
		}
		s.dropFromShared(rs.Resource().Attributes(), OnResource)
	}
}

func (s *state) dropFromShared(attrs pcommon.Map, on Carrier) {
	if attrs.Len() > 0 {
		s.generative, s.active = false, s.active[:0]
		s.dropFrom(attrs, on)
	}
}

// activate takes the systems that the scope says, and finds those that names say.
func (s *state) activate(names ...string) {
	s.active = append(s.active[:0], s.ofScope...)
	for _, name := range names {
		s.active = s.engine.content.systems(s.active, name)
	}
}

// holdsContent reports whether events, or log records, of a name hold content as a whole.
func (s *state) holdsContent(event string) bool {
	if s.engine.content.contentEvents[event] {
		return true
	}
	for _, y := range s.active {
		if y.events[event] {
			return true
		}
	}
	return false
}

func (s *state) dropFrom(attrs pcommon.Map, on Carrier) {
	attrs.RemoveIf(func(key string, v pcommon.Value) bool { return s.drops(key, "", v, on, 0) })
}

// drops reports whether a value is to be removed, and removes what is in it otherwise. above is the
// path of the map that it is in.
func (s *state) drops(key, above string, v pcommon.Value, on Carrier, depth int) bool {
	c := &s.engine.content
	number := isNumber(v)
	what := c.keys.of(key)
	path := key
	if above != "" {
		path = joined(above, key)
		what = what&^(known|keptName|keptFamily) | c.keys.of(path)
	}
	if number && what&listed != 0 && contentkey.LastWord(key) == key {
		what &^= listed // a name that many share
	}
	if !number {
		for _, y := range s.active {
			what |= y.keys.of(key)
		}
	}
	switch {
	case what&keptName != 0 && short(v):
		return false
	case what&listed != 0 || what&listedTexts != 0 && !number:
		s.stats.Dropped[on]++
		return true
	case number || what&known != 0 || what&keptFamily != 0 && short(v):
		return false
	case s.engine.options.Drop == DropUnknown:
		if on == OnLog && depth > 0 && v.Type() == pcommon.ValueTypeMap && depth < deepest {
			s.dropWithin(path, v, on, depth) // the parts of a body are looked at one by one
			return false
		}
		s.stats.Dropped[on]++
		s.say(path, on)
		return true
	case what&named == 0 && c.words.say(key, s.generative):
		s.stats.Dropped[on]++
		s.say(path, on)
		return true
	case structured(v):
		if depth >= deepest {
			s.stats.Dropped[on]++
			s.say(path, on)
			return true
		}
		s.dropWithin(path, v, on, depth)
	}
	return false
}

// dropWithin removes content from a map, or from the maps in a slice.
func (s *state) dropWithin(path string, v pcommon.Value, on Carrier, depth int) {
	if v.Type() == pcommon.ValueTypeMap {
		v.Map().RemoveIf(func(key string, v pcommon.Value) bool { return s.drops(key, path, v, on, depth+1) })
		return
	}
	v.Slice().RemoveIf(func(v pcommon.Value) bool {
		if !structured(v) {
			return false
		}
		if depth+1 >= deepest {
			s.stats.Dropped[on]++
			s.say(path, on)
			return true
		}
		s.dropWithin(path, v, on, depth+1)
		return false
	})
}

func joined(above, key string) string {
	if len(above)+len(key) >= longestPath {
		return key
	}
	return above + "." + key
}

// isNumber is true for values that hold no text: numbers, booleans and nothing.
func isNumber(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeEmpty, pcommon.ValueTypeBool, pcommon.ValueTypeInt, pcommon.ValueTypeDouble:
		return true
	}
	return false
}

func structured(v pcommon.Value) bool {
	return v.Type() == pcommon.ValueTypeMap || v.Type() == pcommon.ValueTypeSlice
}

// short is true for what can be kept by name: numbers, short texts and short lists of them.
func short(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return len(v.Str()) <= shortText
	case pcommon.ValueTypeSlice:
		if v.Slice().Len() > shortList {
			return false
		}
		for _, item := range v.Slice().All() {
			if item.Type() == pcommon.ValueTypeSlice || !short(item) {
				return false
			}
		}
		return true
	}
	return isNumber(v)
}

// say notes the name of what was removed though no table lists it, each once.
func (s *state) say(name string, on Carrier) {
	if len(s.stats.Notes) == maxNotes {
		return
	}
	first, last := s.engine.said.first(name)
	if first {
		n := Note{Removed: true, Carrier: on, Last: last}
		n.Key, _ = boundedname.Cut(name)
		if on != OnResource {
			n.Scope = s.scope.Name()
		}
		s.stats.Notes = append(s.stats.Notes, n)
	}
}

// maxSaid is the number of names that are said to be removed.
const maxSaid = 200

// saidNames are the names that were said. Once all are, asking for one takes no lock.
type saidNames struct {
	mu  sync.Mutex
	now atomic.Pointer[map[string]struct{}]
}

// first reports whether a name is said for the first time, and is the last that will be.
func (n *saidNames) first(name string) (first, last bool) {
	has := func() (map[string]struct{}, bool) {
		said := n.now.Load()
		if said == nil {
			return nil, false
		}
		_, ok := (*said)[name]
		return *said, ok || len(*said) >= maxSaid
	}
	if _, ok := has(); ok {
		return false, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	said, ok := has()
	if ok {
		return false, false
	}
	more := make(map[string]struct{}, len(said)+1)
	for k := range said {
		more[k] = struct{}{}
	}
	more[strings.Clone(name)] = struct{}{}
	n.now.Store(&more)
	return true, len(more) == maxSaid
}
