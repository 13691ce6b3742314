// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.yaml.in/yaml/v3"
)

// example is a span of testdata/DIALECT.yaml with what is read of it.
type example struct {
	Example           string         `yaml:"example"`
	Resource          map[string]any `yaml:"resource"`
	Scope             string         `yaml:"scope"`
	Span              string         `yaml:"span"`
	Kind              string         `yaml:"kind"`
	Status            string         `yaml:"status"`
	Message           string         `yaml:"message"`
	Child             bool           `yaml:"child"`
	Attributes        map[string]any `yaml:"attributes"`
	Events            []exampleEvent `yaml:"events"`
	DroppedAttributes uint32         `yaml:"dropped_attributes"`
	DroppedEvents     uint32         `yaml:"dropped_events"`
	// Each makes an example of every value that an attribute may have, given with that of an
	// attribute that the span gets for it.
	Each *each `yaml:"each"`
	// Keys are attributes of which each is an example, with the value Of and what the span gets for
	// it.
	Keys *keysOf `yaml:"keys"`
	// Alone is the only span of its trace; others come after a call of a model.
	Alone bool `yaml:"alone"`
	// Priced says that there are prices: 1 of input, 2 of output, 0.25 of cached and 4 of written
	// tokens, each for one.
	Priced bool `yaml:"priced"`
	// Bare is the option features::bare.
	Bare bool `yaml:"bare"`
	// Dialects are those that are read, by default that of the file.
	Dialects *[]string `yaml:"dialects"`
	// Adds are the attributes that the span gets. Secret strings instead must all be gone with
	// drop_content.
	Adds   map[string]any `yaml:"adds"`
	Secret bool           `yaml:"secret"`
}

type exampleEvent struct {
	Name       string         `yaml:"name"`
	After      int            `yaml:"after"` // ms from the start of the span
	Attributes map[string]any `yaml:"attributes"`
}

// each says of an attribute of the span (event:KEY for one of its first event, resource:KEY for one
// of the resource) what becomes of its values; null for nothing.
type each struct {
	Of     string         `yaml:"of"`
	Adds   string         `yaml:"adds"`
	Values map[string]any `yaml:"values"`
}

// keysOf says of attributes that each alone has a value for the same attribute.
type keysOf struct {
	Of    []string `yaml:"of"`
	Value any      `yaml:"value"`
	Adds  string   `yaml:"adds"`
}

// all returns the examples that one stands for.
func (x example) all() (out []example) {
	if x.Keys != nil {
		for _, key := range x.Keys.Of {
			one := x
			one.Keys, one.Example = nil, x.Example+"/"+key
			one.Attributes, one.Adds = maps.Clone(x.Attributes), maps.Clone(x.Adds)
			put(&one.Attributes, key, x.Keys.Value)
			put(&one.Adds, x.Keys.Adds, x.Keys.Value)
			out = append(out, one)
		}
		return out
	}
	if x.Each == nil {
		return []example{x}
	}
	for given, added := range x.Each.Values {
		one := x
		one.Each, one.Example = nil, x.Example+"/"+given
		one.Adds = maps.Clone(x.Adds)
		if added != nil {
			put(&one.Adds, x.Each.Adds, added)
		}
		switch place, key, found := strings.Cut(x.Each.Of, ":"); {
		case found && place == "resource":
			one.Resource = maps.Clone(x.Resource)
			put(&one.Resource, key, given)
		case found && place == "event":
			one.Events = slices.Clone(x.Events)
			one.Events[0].Attributes = map[string]any{key: given}
		default:
			one.Attributes = maps.Clone(x.Attributes)
			put(&one.Attributes, x.Each.Of, given)
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b example) int { return strings.Compare(a.Example, b.Example) })
	return out
}

func put(to *map[string]any, key string, value any) {
	if *to == nil {
		*to = map[string]any{}
	}
	(*to)[key] = value
}

// examples reads the examples of a dialect.
func examples(t testing.TB, dialect string) (out []example) {
	t.Helper()
	var written []example
	data, err := os.ReadFile("testdata/" + dialect + ".yaml")
	require.NoError(t, err, "every dialect has examples")
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	require.NoError(t, d.Decode(&written))
	for _, x := range written {
		out = append(out, x.all()...)
	}
	return out
}

func (x *example) given() given {
	g := given{
		scope: x.Scope, name: x.Span, resource: x.Resource, attributes: x.Attributes, message: x.Message, child: x.Child,
		droppedAttrs: x.DroppedAttributes, droppedEvents: x.DroppedEvents,
		kind: map[string]ptrace.SpanKind{
			"": ptrace.SpanKindInternal, "server": ptrace.SpanKindServer, "client": ptrace.SpanKindClient, "consumer": ptrace.SpanKindConsumer,
		}[x.Kind],
		status: map[string]ptrace.StatusCode{"ok": ptrace.StatusCodeOk, "error": ptrace.StatusCodeError}[x.Status],
	}
	for _, e := range x.Events {
		g.events = append(g.events, event{name: e.Name, after: e.After, attributes: e.Attributes})
	}
	return g
}

// traces numbers the traces of examples.
var traces atomic.Uint64

// engines are those that examples need.
type engines struct{ plain, bare, dropping *Engine }

func newEngines(t testing.TB, extra ...*Table) engines {
	e := engines{
		plain: engine(t, Options{Extra: extra}), bare: engine(t, Options{Extra: extra, BareFeatures: true}),
		dropping: engine(t, Options{Extra: extra, Drop: DropContent}),
	}
	// What content.yaml and words remove would hide what the tables do not.
	e.dropping.content = contentSet{}
	e.dropping.content.init()
	for _, table := range e.dropping.tables {
		e.dropping.content.add(table.Content)
	}
	e.dropping.content.freeze()
	return e
}

// onePrice is that of every model.
type onePrice struct{}

func (onePrice) Price(string, string, string, pcommon.Timestamp) (Price, Priced) {
	in, out, cached, written := 1e6, 2e6, 0.25e6, 4e6
	return Price{Input: &in, Output: &out, CachedInput: &cached, CacheWrite: &written, Currency: "USD"}, HasPrice
}

// differs returns how what is read of the span is not what the example says, or nothing.
func (x *example) differs(t testing.TB, e engines, dialect string) string {
	if x.Secret {
		td := x.given().traces(t)
		e.dropping.Traces(td, nil, func(*Stats) {})
		data, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		if strings.Contains(string(data), "secret") {
			return "left: " + string(data)
		}
		return ""
	}
	engine := e.plain
	if x.Bare {
		engine = e.bare
	}
	engine.versions = versions{} // an example knows of no other
	g := x.given()
	binary.LittleEndian.PutUint64(g.trace[:], traces.Add(1))
	if !x.Alone {
		engine.recent.add([]call{{trace: g.trace}})
	}
	var prices Pricer
	if x.Priced {
		prices = onePrice{}
	}
	added, stats := read(t, engine, g, prices)
	want := pcommon.NewMap()
	require.NoError(t, want.FromRaw(x.Adds))
	dialects := []string{dialect}
	if x.Dialects != nil {
		dialects = *x.Dialects
	}
	if got := spoken(engine, stats); !slices.Equal(slices.Sorted(slices.Values(dialects)), slices.Sorted(slices.Values(got))) {
		return fmt.Sprintf("speaks %v, not %v", got, dialects)
	}
	if !assert.ObjectsAreEqual(want.AsRaw(), added) {
		return fmt.Sprintf("adds\n%v, not\n%v", added, want.AsRaw())
	}
	if n := sum(stats.Unreadable); n > 0 {
		return fmt.Sprintf("%d values are unreadable", n)
	}
	return ""
}

// TestExamples reads the examples of every embedded table.
func TestExamples(t *testing.T) {
	e := newEngines(t)
	for _, table := range embedded() {
		for _, x := range examples(t, table.Name) {
			t.Run(table.Name+"/"+x.Example, func(t *testing.T) { assert.Empty(t, x.differs(t, e, table.Name)) })
		}
	}
}

// TestExamplesNeedEveryLine takes each part of each table away, one at a time: without it, an
// example must come out otherwise.
func TestExamplesNeedEveryLine(t *testing.T) {
	for _, table := range embedded() {
		t.Run(table.Name, func(t *testing.T) {
			t.Parallel()
			examples := examples(t, table.Name)
			var idle []string
			for _, without := range parts(table) {
				less := table.clone()
				without.takeAway(less)
				e := newEngines(t, less)
				if !slices.ContainsFunc(examples, func(x example) bool { return x.differs(t, e, table.Name) != "" }) {
					idle = append(idle, without.name)
				}
			}
			assert.Empty(t, idle, "no example in testdata/%s.yaml needs\n%s", table.Name, strings.Join(idle, "\n"))
		})
	}
}

func (t *Table) clone() *Table {
	c := *t
	c.Detect, c.Wrappers, c.Beside, c.Sections = slices.Clone(t.Detect), slices.Clone(t.Wrappers), slices.Clone(t.Beside), slices.Clone(t.Sections)
	c.Content.attributes, c.Content.events = slices.Clone(t.Content.attributes), slices.Clone(t.Content.events)
	for i := range c.Sections {
		c.Sections[i].rules = slices.Clone(c.Sections[i].rules)
		for j, r := range c.Sections[i].rules {
			own := *r
			own.from, own.exclude, own.accept = slices.Clone(r.from), slices.Clone(r.exclude), slices.Clone(r.accept)
			own.states, own.aliases = maps.Clone(r.states), maps.Clone(r.aliases)
			c.Sections[i].rules[j] = &own
		}
	}
	return &c
}

// part is what can be taken away from a table.
type part struct {
	name     string
	takeAway func(*Table)
}

func parts(t *Table) (out []part) {
	add := func(takeAway func(*Table), format string, args ...any) {
		out = append(out, part{fmt.Sprintf(format, args...), takeAway})
	}
	for i := range t.Detect {
		add(func(t *Table) { t.Detect = slices.Delete(t.Detect, i, i+1) }, "%s", t.Detect[i].path)
	}
	for i := range t.Wrappers {
		add(func(t *Table) { t.Wrappers = slices.Delete(t.Wrappers, i, i+1) }, "%s", t.Wrappers[i].path)
	}
	for i := range t.Beside {
		add(func(t *Table) { t.Beside = slices.Delete(t.Beside, i, i+1) }, "%s", t.Beside[i].path)
	}
	if t.Extends != "" {
		add(func(t *Table) { t.Extends = "" }, "extends")
	}
	if t.DecodeJSON {
		add(func(t *Table) { t.DecodeJSON = false }, "decode")
	}
	for i, a := range t.Content.attributes {
		add(func(t *Table) { t.Content.attributes = slices.Delete(t.Content.attributes, i, i+1) }, "content.attributes: %s", a.written)
	}
	for i, e := range t.Content.events {
		add(func(t *Table) { t.Content.events = slices.Delete(t.Content.events, i, i+1) }, "content.events: %s", e)
	}
	for i, s := range t.Sections {
		if !s.when.empty() {
			add(func(t *Table) { t.Sections[i].when = condition{} }, "%s", s.when.path)
		}
		for j, r := range s.rules {
			onRule := func(change func(*rule)) func(*Table) {
				return func(t *Table) { change(t.Sections[i].rules[j]) }
			}
			if r.constant != nil {
				add(func(t *Table) { t.Sections[i].rules = slices.Delete(t.Sections[i].rules, j, j+1) }, "%s", r.path)
			}
			for k, src := range r.from {
				add(onRule(func(r *rule) { r.from = slices.Delete(r.from, k, k+1) }), "%s: %s", r.path, src.written)
			}
			for word := range r.states {
				if word == strings.ToLower(word) {
					add(onRule(func(r *rule) { forget(r.states, word) }), "%s.states: %s", r.path, word)
				}
			}
			for word := range r.aliases {
				if word == strings.ToLower(word) {
					add(onRule(func(r *rule) { forget(r.aliases, word) }), "%s.aliases: %s", r.path, word)
				}
			}
			for k, name := range r.exclude {
				add(onRule(func(r *rule) { r.exclude = slices.Delete(r.exclude, k, k+1) }), "%s.exclude: %s", r.path, name)
			}
			for name, change := range map[string]func(*rule){
				"accept":       func(r *rule) { r.accept = nil },
				"extract":      func(r *rule) { r.extract = nil },
				"strip_prefix": func(r *rule) { r.strip[0] = "" },
				"url_decode":   func(r *rule) { r.urlDecode = false },
				"add":          func(r *rule) { r.add = 0 },
				"unit":         func(r *rule) { r.scale = 0 },
				"percent":      func(r *rule) { r.percent = false },
				"differs":      func(r *rule) { r.differs = "" },
				"join":         func(r *rule) { r.join = nil },
				"from_all":     func(r *rule) { r.all = false },
				"length":       func(r *rule) { r.want = wantFirst },
			} {
				changed := *r
				if change(&changed); !assert.ObjectsAreEqual(*r, changed) && !(name == "length" && r.want == wantList) {
					add(onRule(change), "%s.%s", r.path, name)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b part) int { return strings.Compare(a.name, b.name) })
	return out
}

// forget removes a word in all spellings.
func forget[V any](words map[string]V, word string) {
	maps.DeleteFunc(words, func(w string, _ V) bool { return strings.ToLower(w) == word })
}
