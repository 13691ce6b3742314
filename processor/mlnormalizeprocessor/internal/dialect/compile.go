// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxTables is the number of tables that an engine has room for.
const maxTables = 64

// optionBareFeatures is the option that a condition can ask for.
const optionBareFeatures = "bare_features"

// Options say how an engine works. The zero value keeps everything and reads JSON up to DefaultMaxJSON.
type Options struct {
	// Extra are tables beside the embedded ones, of which they replace those of the same name.
	Extra []*Table
	// Disabled are names of tables that are left out.
	Disabled []string
	// RemoveOriginals removes attributes whose value was moved to the vocabulary; DropContent the prompts and completions.
	RemoveOriginals, DropContent bool
	// BareFeatures takes feature.NAME for a feature, too.
	BareFeatures bool
	// Categories are names of features whose texts and truth values are taken; numbers always are.
	Categories []string
	// ExcludeFeatures are names of features that are never taken.
	ExcludeFeatures []string
	// KeepAgents never takes an agent or a workflow for a call.
	KeepAgents bool
	// MaxJSON is the number of bytes of a JSON text that is read; 0 for DefaultMaxJSON.
	MaxJSON int
}

// DefaultMaxJSON is 1 MiB.
const DefaultMaxJSON = 1 << 20

// Engine rewrites spans. It is safe for concurrent use.
type Engine struct {
	options Options
	tables  []*compiled
	// matcher knows the keys of spans, resource those of resources.
	matcher, resource matcher
	pool              sync.Pool

	// operation is the slot of gen_ai.operation.name, mlOperation that of ml.operation.name, and environment and
	// resourceEnvironment those of deployment.environment.name and of the older deployment.environment.
	operation, mlOperation                                 int
	environment, resourceEnvironment                       [2]int
	requestModel, responseModel, finishReasons             int
	modelName, modelVersion, resourceVersion               int
	inputTokens, outputTokens, cachedTokens, writtenTokens int
	// totals are the slots of what is the sum of all tokens.
	totals         []int
	cost, currency int

	// recent are the calls of the requests before, versions the versions that answered in them.
	recent   recentCalls
	versions versions

	content              contentSet
	categories, excluded map[string]bool
	clauses              []clause
}

// compiled is a table made ready.
type compiled struct {
	*Table
	bit      uint64
	index    int
	concepts [3]bool
	wrappers []condition
	sections []section
	// hasOperation is true where a rule fills gen_ai.operation.name or ml.operation.name.
	hasOperation bool
	// usage are the slots of the attributes that tokens are read from.
	usage []int
}

// clause is one way to detect a table.
type clause struct {
	table int
	condition
}

// New compiles the embedded tables with the options' own.
func New(o Options) (*Engine, error) {
	if o.MaxJSON <= 0 {
		o.MaxJSON = DefaultMaxJSON
	}
	tables, err := merge(embedded(), o.Extra, o.Disabled)
	if err != nil {
		return nil, err
	}
	e := &Engine{options: o, recent: newRecentCalls(), categories: set(o.Categories), excluded: set(o.ExcludeFeatures)}
	e.matcher.init()
	e.resource.init()
	e.content.init()
	slot := e.matcher.slot
	e.operation, e.mlOperation = slot(mlconv.AttrGenAIOperation), slot(mlconv.AttrOperation)
	for i, key := range [...]string{mlconv.AttrEnvironment, mlconv.AttrOlderEnvironment} {
		e.environment[i], e.resourceEnvironment[i] = slot(key), e.resource.slot(key)
	}
	e.requestModel, e.responseModel, e.finishReasons = slot(mlconv.AttrGenAIRequestModel), slot(mlconv.AttrGenAIResponseModel), slot(mlconv.AttrGenAIFinishReasons)
	e.modelName, e.modelVersion, e.resourceVersion = slot(mlconv.AttrModelName), slot(mlconv.AttrModelVersion), e.resource.slot(mlconv.AttrModelVersion)
	e.inputTokens, e.outputTokens = slot(mlconv.AttrGenAIInputTokens), slot(mlconv.AttrGenAIOutputTokens)
	e.cachedTokens, e.writtenTokens = slot(mlconv.AttrGenAICacheReadTokens), slot(mlconv.AttrGenAICacheCreationTokens)
	e.cost, e.currency = slot(mlconv.AttrPredictionCost), slot(mlconv.AttrPredictionCurrency)
	for _, key := range totalTokens {
		e.totals = append(e.totals, slot(key))
	}
	var errs []error
	byName := map[string]*Table{}
	for _, t := range tables {
		byName[t.Name] = t
	}
	for i, t := range tables {
		c := &compiled{Table: t, index: i, bit: 1 << i}
		for n, concept := range concepts {
			c.concepts[n] = slices.Contains(t.Concepts, concept)
		}
		sections, wrappers, err := inherit(t, byName, nil)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, w := range wrappers {
			if e.enabled(&w) {
				c.wrappers = append(c.wrappers, e.compileCondition(w))
			}
		}
		for _, s := range sections {
			if e.enabled(&s.when) {
				c.sections = append(c.sections, e.compileSection(s, c))
			}
		}
		for _, cond := range t.Detect {
			if e.enabled(&cond) {
				e.addClause(i, t, cond)
			}
		}
		e.content.add(t.Content)
		e.tables = append(e.tables, c)
	}
	e.matcher.freeze()
	e.resource.freeze()
	e.content.matcher.freeze()
	e.pool.New = func() any { return newState(e) }
	return e, errors.Join(errs...)
}

func set(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// Names returns the names of the engine's tables, in their order.
func (e *Engine) Names() []string {
	out := make([]string, len(e.tables))
	for i, t := range e.tables {
		out[i] = t.Name
	}
	return out
}

// merge puts extra tables among the embedded ones and sorts by order; of the same order, the user's come first.
func merge(embedded, extra []*Table, disabled []string) ([]*Table, error) {
	var errs []error
	byName := map[string]*Table{}
	for _, t := range embedded {
		byName[t.Name] = t
	}
	seen := map[string]bool{}
	var own []*Table
	for _, t := range extra {
		if seen[t.Name] {
			errs = append(errs, fmt.Errorf("'dialects': %q is there twice", t.Name))
			continue
		}
		seen[t.Name] = true
		if replaced, ok := byName[t.Name]; ok && !t.ordered {
			clone := *t
			clone.Order = replaced.Order
			t = &clone
		}
		own = append(own, t)
	}
	out := own
	for _, t := range embedded {
		if !seen[t.Name] {
			out = append(out, t)
		}
	}
	for i, name := range disabled {
		if byName[name] == nil && !seen[name] {
			errs = append(errs, fmt.Errorf("'disabled_dialects[%d]': there is no dialect %q (there are %s)",
				i, name, strings.Join(slices.Sorted(maps.Keys(byName)), ", ")))
		}
	}
	// A disabled table is still there to be extended.
	slices.SortStableFunc(out, func(a, b *Table) int { return a.Order - b.Order })
	for i, t := range out {
		if slices.Contains(disabled, t.Name) {
			clone := *t
			clone.Detect = nil
			out[i] = &clone
		}
	}
	if len(out) > maxTables {
		errs = append(errs, fmt.Errorf("'dialects': %d dialects are more than the limit of %d", len(out), maxTables))
	}
	return out, errors.Join(errs...)
}

// inherit returns the sections and wrappers of a table and of those that it extends.
func inherit(t *Table, byName map[string]*Table, seen []string) ([]section, []condition, error) {
	if slices.Contains(seen, t.Name) {
		return nil, nil, fmt.Errorf("'dialects': %q extends itself", t.Name)
	}
	sections, wrappers := slices.Clone(t.Sections), slices.Clone(t.Wrappers)
	if t.Extends == "" {
		return sections, wrappers, nil
	}
	base, ok := byName[t.Extends]
	if !ok {
		return nil, nil, fmt.Errorf("'dialects': %q extends %q, which is no dialect", t.Name, t.Extends)
	}
	s, w, err := inherit(base, byName, append(seen, t.Name))
	shareAliases(sections, s)
	return append(sections, s...), append(wrappers, w...), err
}

// shareAliases lets the aliases that an extended table has for a target hold for the rules before it, too.
func shareAliases(sections, base []section) {
	shared := map[string]map[string]string{}
	for _, s := range base {
		for _, r := range s.rules {
			if r.aliases != nil {
				shared[r.target] = r.aliases
			}
		}
	}
	for i := range sections {
		rules := slices.Clone(sections[i].rules)
		for j, r := range rules {
			if aliases := shared[r.target]; aliases != nil {
				clone := *r
				clone.aliases = maps.Clone(aliases)
				maps.Copy(clone.aliases, r.aliases)
				rules[j] = &clone
			}
		}
		sections[i].rules = rules
	}
}

func (e *Engine) enabled(c *condition) bool {
	return c.option == "" || c.option == optionBareFeatures && e.options.BareFeatures
}

func (e *Engine) compileSection(s section, c *compiled) section {
	out := section{when: e.compileCondition(s.when), always: s.when.empty()}
	for _, r := range s.rules {
		clone := *r
		clone.from = e.compileSources(r.from)
		clone.slot, clone.differsSlot = -1, -1
		clone.masks = masksOf(clone.from)
		for i := range clone.from {
			clone.from[i].moves = r.moves(&clone.from[i])
		}
		if prefix, ok := strings.CutSuffix(r.target, anyStep); ok {
			clone.prefix = prefix
		} else {
			clone.slot = e.matcher.slot(r.target)
		}
		if r.differs != "" {
			clone.differsSlot = e.matcher.slot(r.differs)
		}
		switch r.target {
		case mlconv.AttrGenAIOperation, mlconv.AttrOperation:
			c.hasOperation, out.operation = true, true
		case mlconv.AttrGenAIInputTokens, mlconv.AttrGenAIOutputTokens:
			for _, src := range clone.from {
				if src.origin == fromSpan && !src.family && !src.numbered() {
					c.usage = append(c.usage, src.slot)
				}
			}
		}
		out.rules = append(out.rules, &clone)
	}
	return out
}

func (e *Engine) compileSources(sources []source) []source {
	out := slices.Clone(sources)
	for i := range out {
		e.compileSource(&out[i])
	}
	return out
}

func (e *Engine) compileSource(s *source) {
	switch {
	case s.origin == fromResource:
		s.slot = e.resource.slot(s.key)
	case s.origin != fromSpan:
	case s.family || s.numbered():
		s.slot = e.matcher.prefix(s.key)
	default:
		s.slot = e.matcher.slot(s.key)
	}
}

func (e *Engine) compileCondition(c condition) condition {
	c.has, c.lacks, c.any = e.compileSources(c.has), e.compileSources(c.lacks), e.compileSources(c.any)
	c.equals, c.prefixed = slices.Clone(c.equals), slices.Clone(c.prefixed)
	for i := range c.equals {
		e.compileSource(&c.equals[i].of)
	}
	for i := range c.prefixed {
		e.compileSource(&c.prefixed[i].of)
	}
	c.sums = slices.Clone(c.sums)
	for i := range c.sums {
		c.sums[i] = e.compileSources(c.sums[i])
	}
	for _, p := range c.keyPrefix {
		e.matcher.prefix(p)
	}
	for _, p := range c.resourceKeyPrefix {
		e.resource.prefix(p)
	}
	return c
}

// addClause adds one way to detect a table. What a single key or prefix of a key settles is settled in the pass over the keys.
func (e *Engine) addClause(table int, t *Table, c condition) {
	bit := uint64(1) << table
	if len(c.reads) > 0 {
		c.any, c.reads = e.readFor(t, c.reads), nil
	}
	c = e.compileCondition(c)
	simple := c
	simple.any, simple.keyPrefix, simple.has, simple.path, simple.option = nil, nil, nil, "", ""
	onSpan := func(list []source) bool {
		return !slices.ContainsFunc(list, func(s source) bool { return s.origin != fromSpan || len(s.path) > 0 })
	}
	if simple.empty() {
		switch {
		case len(c.keyPrefix) > 0 && len(c.has)+len(c.any) == 0:
			for _, p := range c.keyPrefix {
				e.matcher.detectPrefix(e.matcher.prefix(p), bit)
			}
			return
		case len(c.has) == 1 && len(c.keyPrefix)+len(c.any) == 0 && onSpan(c.has):
			e.matcher.detect(c.has[0].slot, bit)
			return
		case len(c.any) > 0 && len(c.keyPrefix)+len(c.has) == 0 && onSpan(c.any):
			for _, s := range c.any {
				e.matcher.detect(s.slot, bit)
			}
			return
		}
	}
	e.clauses = append(e.clauses, clause{table, c})
}

// readFor returns the attributes that a table reads for some of its targets.
func (e *Engine) readFor(t *Table, targets []string) (out []source) {
	for _, s := range t.Sections {
		if !e.enabled(&s.when) {
			continue
		}
		for _, r := range s.rules {
			if !slices.Contains(targets, r.target) {
				continue
			}
			for _, src := range r.from {
				if src.origin == fromSpan && !src.family && !src.numbered() {
					src.path = nil
					out = append(out, src)
				}
			}
		}
	}
	return out
}

// empty is true for a condition that always holds.
func (c *condition) empty() bool {
	return len(c.scope)+len(c.scopePrefix)+len(c.name)+len(c.namePrefix)+len(c.kind)+len(c.status)+len(c.has)+len(c.lacks)+len(c.any)+
		len(c.equals)+len(c.prefixed)+len(c.keyPrefix)+len(c.resourceKeyPrefix)+len(c.hasEvent)+len(c.lacksEvent)+len(c.reads)+len(c.sums) == 0 &&
		c.root == nil && c.inference == nil
}

// early is true where scope and resource alone settle the condition.
func (c *condition) early() bool {
	fromResourceAlone := func(list []equality) bool {
		return !slices.ContainsFunc(list, func(q equality) bool { return q.of.origin != fromResource })
	}
	return len(c.name)+len(c.namePrefix)+len(c.kind)+len(c.status)+len(c.any)+len(c.keyPrefix)+len(c.hasEvent)+len(c.lacksEvent)+len(c.sums) == 0 &&
		!slices.ContainsFunc(c.has, func(s source) bool { return s.origin != fromResource }) &&
		!slices.ContainsFunc(c.lacks, func(s source) bool { return s.origin != fromResource }) &&
		fromResourceAlone(c.equals) && fromResourceAlone(c.prefixed) && c.root == nil
}

// byName is true where the condition asks for no key of the span, so that it can hold on a span without any.
func (c *condition) byName() bool {
	onSpan := func(s source) bool { return s.origin == fromSpan }
	return !slices.ContainsFunc(c.has, onSpan) && !slices.ContainsFunc(c.any, onSpan) && len(c.keyPrefix)+len(c.sums) == 0 &&
		!slices.ContainsFunc(c.equals, func(q equality) bool { return onSpan(q.of) }) &&
		!slices.ContainsFunc(c.prefixed, func(q equality) bool { return onSpan(q.of) })
}

// contentSet is what holds prompts and completions.
type contentSet struct {
	matcher matcher
	// whole are the prefixes of which every key is content; numbered are the keys that begin with the others.
	whole    map[int]bool
	numbered []source
	events   map[string]bool
}

func (s *contentSet) init() {
	s.matcher.init()
	s.whole, s.events = map[int]bool{}, map[string]bool{}
}

func (s *contentSet) add(c content) {
	for _, src := range c.attributes {
		switch {
		case src.family:
			s.whole[s.matcher.prefix(src.key)] = true
		case src.numbered():
			s.matcher.prefix(src.key)
			s.numbered = append(s.numbered, src)
		default:
			s.matcher.slot(src.key)
		}
	}
	for _, e := range c.events {
		s.events[e] = true
	}
}

func (s *contentSet) has(key string) bool {
	if key == "" {
		return false
	}
	if s.matcher.find(key) >= 0 {
		return true
	}
	prefixes := s.matcher.byFirst[key[0]]
	for i := range prefixes {
		p := &prefixes[i]
		if !p.begins(key) {
			continue
		}
		if s.whole[p.index] {
			return true
		}
		for j := range s.numbered {
			if s.numbered[j].key == p.prefix && s.numbered[j].matches(key) {
				return true
			}
		}
	}
	return false
}
