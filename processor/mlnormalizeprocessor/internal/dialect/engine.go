// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"math/bits"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Price is what a model's tokens cost per million; nil where it is not known.
type Price struct {
	Input, Output *float64
	// CachedInput and CacheWrite are for input that was read from the provider's cache and written
	// to it; nil if it costs what other input does.
	CachedInput, CacheWrite *float64
	Currency                string
}

// Pricer knows what models cost.
type Pricer interface {
	// Price returns the prices that held when a call ended, at a time that is 0 where the span does
	// not say.
	Price(environment, model, version string, at pcommon.Timestamp) (Price, Priced)
}

// Priced says whether a Pricer knows a price.
type Priced uint8

// What a Pricer knows.
const (
	// NoPrice says that the model has none.
	NoPrice Priced = iota
	// NotYetPriced says that its first price holds from a later time on.
	NotYetPriced
	HasPrice
)

// Stats counts what was done.
type Stats struct {
	// Spans are those on which a dialect was read, by the index of Engine.Names. A span may speak
	// several.
	Spans []int64
	// Foreign spans speak none.
	Foreign int64
	// Unreadable are values that could not be converted: JSON that is broken, nested too deep or
	// too large, a string where a number was due. They are left as they are.
	Unreadable []int64
	// Dropped are attributes, events, messages and bodies that were removed.
	Dropped [Carriers]int64
	// Assumed counts what was taken for true that no span says, Uncounted the spans that look like
	// calls and are not counted.
	Assumed   [Assumptions]int64
	Uncounted [Reasons]int64
	// Unpriced counts the calls that have no cost.
	Unpriced [Lacks]int64
	// Notes say which values and operations these were, the first few of a request. Their strings
	// are those of the request.
	Notes []Note
}

// state is what one goroutine needs to read spans.
type state struct {
	engine *Engine
	stats  Stats

	// resource are the attributes of the resource, own those of the span.
	resource, own keys
	scope         pcommon.InstrumentationScope
	// early are the tables that the scope and the resource have settled; open are the clauses that
	// they leave open, those that need no key of the span first.
	early      uint64
	open       []int
	byNameOnly int
	// ofScope are the systems with content of their own that the scope says.
	ofScope []*scopedSystem

	// The rest is about the span at hand.
	span      ptrace.Span
	detected  uint64
	decode    bool
	inference bool
	operation string
	// verdict is what is known of a span that was in doubt; trial is true while one is read to see
	// whether it is in doubt.
	verdict verdict
	trial   bool
	// reading is the source that is read, as it is written.
	reading   string
	table     *compiled // that is read
	llm       *compiled // that was read of generative models; nil for none
	out       []output
	collector collector
	// taken are the names of a family that the span has or will have.
	taken map[string]struct{}

	// generative is true where the span or log record is of a generative model, active are the systems
	// with content of their own that it is of.
	generative bool
	active     []*scopedSystem

	// The rest is about the request: where the span at hand is in it, its calls, and what can be
	// said only when all of it was read.
	place       place
	calls       []call
	doubtful    []doubtful
	unversioned []unversioned
	// lastModel and lastVersion are those of the call before.
	lastModel   modelKey
	lastVersion string
	above       map[spanKey]pcommon.SpanID
	covered     map[spanKey]doubt
}

// output is an attribute that is to be put on the span.
type output struct {
	slot  int
	key   string
	value datum
	// original is the attribute whose value has moved here, empty for one that stays.
	original string
}

func newState(e *Engine) *state {
	return &state{
		engine: e, resource: newKeys(&e.resource), own: newKeys(&e.matcher), taken: map[string]struct{}{},
		above: map[spanKey]pcommon.SpanID{}, covered: map[spanKey]doubt{},
		stats: Stats{Spans: make([]int64, len(e.tables)), Unreadable: make([]int64, len(e.tables))},
	}
}

// Traces rewrites all spans in place and gives the counts to report, which must not keep them.
// prices may be nil.
func (e *Engine) Traces(td ptrace.Traces, prices Pricer, report func(*Stats)) {
	s := e.borrow()
	for i, rs := range td.ResourceSpans().All() {
		s.resource.read(rs.Resource().Attributes())
		for j, ss := range rs.ScopeSpans().All() {
			s.scope = ss.Scope()
			s.place = place{i, j}
			s.settle()
			for _, span := range ss.Spans().All() {
				s.apply(span, prices)
			}
		}
	}
	if len(s.doubtful) > 0 {
		s.decide(td, prices)
	}
	s.finish()
	if e.options.Drop != DropNothing {
		s.dropShared(td)
	}
	report(&s.stats)
	e.giveBack(s)
}

// borrow returns a state for one request, which giveBack takes again.
func (e *Engine) borrow() *state {
	s := e.pool.Get().(*state)
	clear(s.stats.Spans)
	clear(s.stats.Unreadable)
	s.stats = Stats{Spans: s.stats.Spans, Unreadable: s.stats.Unreadable, Notes: s.stats.Notes[:0]}
	s.verdict = undecided
	return s
}

func (e *Engine) giveBack(s *state) {
	s.forget()
	e.pool.Put(s)
}

// forget keeps nothing of the request alive.
func (s *state) forget() {
	s.resource.forget()
	s.own.forget()
	clear(s.out[:cap(s.out)])
	s.scope, s.span = pcommon.InstrumentationScope{}, ptrace.Span{}
	s.collector.forget()
	s.forgetNames()
	s.forgetRequest()
	s.operation, s.reading = "", ""
}

// forgetNames makes room for other names, and lets the room for very many go.
func (s *state) forgetNames() {
	if len(s.taken) > 256 {
		s.taken = map[string]struct{}{}
		return
	}
	clear(s.taken)
}

// settle works out what scope and resource say.
func (s *state) settle() {
	s.table = nil
	s.early, s.open, s.byNameOnly = 0, s.open[:0], 0
	for pass := range 2 {
		for i := range s.engine.clauses {
			c := &s.engine.clauses[i]
			if (pass == 0) != c.byName() || !s.scopeHolds(&c.condition) {
				continue
			}
			if c.early() {
				if s.holds(&c.condition) {
					s.early |= 1 << c.table
				}
				continue
			}
			s.open = append(s.open, i)
		}
		if pass == 0 {
			s.byNameOnly = len(s.open)
		}
	}
	s.ofScope = s.engine.content.systems(s.ofScope[:0], s.scope.Name())
}

// scopeHolds checks what a condition says of scope and resource alone.
func (s *state) scopeHolds(c *condition) bool {
	if len(c.scope)+len(c.scopePrefix) > 0 && !matches(s.scope.Name(), c.scope, c.scopePrefix) {
		return false
	}
	if len(c.resourceKeyPrefix) > 0 {
		return slices.ContainsFunc(c.resourceKeyPrefix, func(p string) bool { return len(s.resource.family(s.engine.resource.prefixIndex(p))) > 0 })
	}
	return true
}

func matches(text string, exact, prefixes []string) bool {
	if slices.Contains(exact, text) {
		return true
	}
	for _, p := range prefixes {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// apply rewrites one span.
func (s *state) apply(span ptrace.Span, prices Pricer) {
	e := s.engine
	s.span, s.table = span, nil
	attrs := span.Attributes()
	detected := s.early | s.own.read(attrs)
	for i, n := range s.open {
		if i >= s.byNameOnly && !s.own.touched {
			break
		}
		c := &e.clauses[n]
		if detected&(1<<c.table) == 0 && s.spanHolds(&c.condition) {
			detected |= 1 << c.table
		}
	}
	s.detected = detected
	if detected == 0 {
		s.stats.Foreign++
	} else {
		if !s.read() {
			return // until the whole request was read
		}
		s.version()
		s.price(prices)
		s.put(attrs)
		s.listFinishReasons()
	}
	if e.options.Drop != DropNothing {
		s.drop()
	}
}

// read finds the tables to read, the first that was detected of each concept, and runs their rules.
// It returns false for a span of which the rest of the request must say whether it is a call.
func (s *state) read() bool {
	e := s.engine
	s.out = s.out[:0]
	s.collector.begin()
	var tables [3]*compiled
	n := 0
	var used uint64
	s.decode = false
	for c := range concepts {
		for rest := s.detected; rest != 0; rest &= rest - 1 {
			t := e.tables[bits.TrailingZeros64(rest)]
			if !t.concepts[c] {
				continue
			}
			if used&t.bit == 0 {
				used |= t.bit
				tables[n] = t
				n++
				s.decode = s.decode || t.DecodeJSON
			}
			break
		}
	}
	chosen := tables[:n]
	s.llm = nil
	if n > 0 && chosen[0].concepts[0] {
		s.llm = chosen[0]
	}
	// The operation comes first, as it decides whether the span is an inference.
	s.operation = s.ownText(e.operation)
	known := isInference(s.operation)
	for _, t := range chosen {
		if t.hasOperation && !(known && t.concepts[0]) {
			s.run(t, true)
		}
	}
	if s.operation == "" {
		if o := s.output(e.operation); o != nil {
			s.operation = o.value.text
		}
	}
	s.inference = known || isInference(s.operation)
	if !s.inference {
		named := s.at(e.mlOperation)
		s.inference = named.kind == text && isInference(named.text)
	}
	wrapped := false
	for _, t := range chosen {
		s.table = t
		for i := range t.wrappers {
			if s.inference && s.holds(&t.wrappers[i]) {
				s.inference, wrapped = false, true
			}
		}
	}
	if !s.inference && !wrapped && n > 0 && chosen[0].concepts[0] && !s.doubt(chosen) {
		return false
	}
	for _, t := range chosen {
		s.stats.Spans[t.index]++
		s.run(t, false)
	}
	s.called(chosen)
	if n > 0 && !chosen[n-1].concepts[0] && !chosen[n-1].concepts[1] {
		n-- // a stage has an outcome of its own
	}
	if n > 0 {
		s.failed()
	}
	return true
}

// run reads the sections of a table: the operation alone, or all but it.
func (s *state) run(t *compiled, operation bool) {
	s.table = t
	for i := range t.sections {
		section := &t.sections[i]
		if operation && (section.when.inference != nil || !section.operation) || !section.always && !s.holds(&section.when) {
			continue
		}
		for _, r := range section.rules {
			if (r.slot == s.engine.operation || r.slot == s.engine.mlOperation) == operation {
				s.fill(r)
			}
		}
	}
}

// has is true for an attribute that the span has.
func (s *state) has(slot int) bool { return s.own.has(slot) }

func (s *state) ownText(slot int) string {
	if s.has(slot) && s.own.values[slot].Type() == pcommon.ValueTypeStr {
		return s.own.values[slot].Str()
	}
	return ""
}

// output returns what is to be put on the span under a slot, or nil.
func (s *state) output(slot int) *output {
	for i := range s.out {
		if s.out[i].slot == slot {
			return &s.out[i]
		}
	}
	return nil
}

func (s *state) at(slot int) datum {
	if s.has(slot) {
		return fromAttribute(s.own.values[slot])
	}
	if o := s.output(slot); o != nil {
		return o.value
	}
	return datum{}
}

// put appends what was read to the attributes.
func (s *state) put(attrs pcommon.Map) {
	if len(s.out) == 0 {
		return
	}
	attrs.EnsureCapacity(attrs.Len() + len(s.out))
	for i := range s.out {
		o := &s.out[i]
		switch v := &o.value; v.kind {
		case text, structure:
			attrs.PutStr(o.key, v.text)
		case integer:
			attrs.PutInt(o.key, v.int)
		case double:
			attrs.PutDouble(o.key, v.float)
		case boolean:
			attrs.PutBool(o.key, v.bool)
		case list:
			to := attrs.PutEmptySlice(o.key)
			to.EnsureCapacity(len(v.list))
			for j := range v.list {
				to.AppendEmpty().SetStr(v.list[j].text)
			}
		case other:
			v.other.CopyTo(attrs.PutEmpty(o.key))
		}
	}
	if s.engine.options.RemoveOriginals {
		attrs.RemoveIf(func(k string, _ pcommon.Value) bool {
			return slices.ContainsFunc(s.out, func(o output) bool { return o.original == k && k != "" })
		})
	}
}

// set adds or replaces an output.
func (s *state) set(slot int, key string, v datum) {
	if o := s.output(slot); o != nil {
		o.value, o.original = v, ""
		return
	}
	s.out = append(s.out, output{slot: slot, key: key, value: v})
}

// unset takes an output back.
func (s *state) unset(slot int) {
	s.out = slices.DeleteFunc(s.out, func(o output) bool { return o.slot == slot })
}

// failed gives a call, or another span of a model, whose status is an error the error.type _OTHER
// where nothing says which.
func (s *state) failed() {
	if e := s.engine; s.span.Status().Code() == ptrace.StatusCodeError && !s.has(e.errorType) && s.output(e.errorType) == nil {
		s.set(e.errorType, mlconv.AttrErrorType, textValue(otherError))
	}
}

// otherError is the error.type where nothing says more.
const otherError = "_OTHER"
