// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxTables is the number of tables that an engine has room for.
const maxTables = 64

// optionBareFeatures is the option that a condition can ask for.
const optionBareFeatures = "bare_features"

// Options say how an engine works. The zero value keeps everything and reads JSON up to
// DefaultMaxJSON.
type Options struct {
	// Extra are tables beside the embedded ones, of which they replace those of the same name.
	Extra []*Table
	// Disabled are names of tables that are left out.
	Disabled []string
	// RemoveOriginals removes attributes whose value was moved to the vocabulary.
	RemoveOriginals bool
	// Drop says which content is removed.
	Drop Drop
	// Keep are keys whose texts stay where they are short, whatever is dropped: a, a.*, a.N.b,
	// event:NAME, span:message, log:body.
	Keep []string
	// BareFeatures takes feature.NAME for a feature, too.
	BareFeatures bool
	// Categories are names of features whose strings and booleans are taken; numbers always are.
	Categories []string
	// ExcludeFeatures are names of features that are never taken.
	ExcludeFeatures []string
	// KeepAgents never takes an agent or a workflow for a call.
	KeepAgents bool
	// MaxJSON is the number of bytes of a JSON string that is read; 0 for DefaultMaxJSON.
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

	// operation is the slot of gen_ai.operation.name, mlOperation that of ml.operation.name, and
	// environment and resourceEnvironment those of deployment.environment.name and of the older
	// deployment.environment.
	operation, mlOperation                                 int
	environment, resourceEnvironment                       [2]int
	requestModel, responseModel, finishReasons             int
	modelName, modelVersion, resourceVersion               int
	inputTokens, outputTokens, cachedTokens, writtenTokens int
	// totals are the slots of what is the sum of all tokens.
	totals                    []int
	cost, currency, errorType int

	// recent are the calls of the requests before, versions the versions that answered in them.
	recent   recentCalls
	versions versions

	content contentSet
	// said are the names of what was removed that were said.
	said saidNames
	// llm are the tables of generative models, eventName is the slot of the name of a log record's
	// event.
	llm       uint64
	eventName int

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
	beside   []condition
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
	e.content.learn()
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
	e.errorType = slot(mlconv.AttrErrorType)
	e.eventName = slot("event.name")
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
		if c.concepts[0] {
			e.llm |= c.bit
		}
		all, err := inherit(t, byName, nil)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.wrappers, c.beside = e.compileConditions(all.wrappers), e.compileConditions(all.beside)
		for _, s := range all.sections {
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
		e.content.readsAll(t)
		e.tables = append(e.tables, c)
	}
	e.matcher.freeze()
	e.resource.freeze()
	for i := range systems() {
		e.content.addSystem(&systems()[i])
	}
	errs = append(errs, e.content.keep(o.Keep))
	e.content.freeze()
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

func (e *Engine) enabled(c *condition) bool {
	return c.option == "" || c.option == optionBareFeatures && e.options.BareFeatures
}

// compileConditions leaves out those of options that are off.
func (e *Engine) compileConditions(list []condition) (out []condition) {
	for _, c := range list {
		if e.enabled(&c) {
			out = append(out, e.compileCondition(c))
		}
	}
	return out
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
