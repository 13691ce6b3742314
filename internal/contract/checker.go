// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Bounds of a Checker.
const (
	// maxModels is how many models a Checker remembers, maxBindings how many sets of fields of one.
	maxModels   = 1000
	maxBindings = 256
	// maxUnknown is how many features that the contract does not know are told of one span.
	maxUnknown = 16
	// maxFeatures is how many features of one span's ml.features are read.
	maxFeatures = 10_000
)

// Options say how to check.
type Options struct {
	// Contract returns the contract of a model, nil where it has none, and the largest batch that is
	// believed without an array of that length.
	Contract func(prediction.Identity) (c *Contract, mostRows int)
	// Attributes are the attributes that any of the contracts checks.
	Attributes []string
	// Wants says which predictions are looked at; nil for all.
	Wants func(context.Context, ptrace.ResourceSpans, ptrace.ScopeSpans, ptrace.Span) bool
}

// Checker checks the rows of requests by the contracts of their models. In the steady state it
// allocates nothing where no row breaks a check. It is not safe for concurrent use.
//
// Rows are those of a prediction.Reader: what ml_summary counts is what is checked.
type Checker struct {
	options Options
	reader  *prediction.Reader
	models  map[prediction.Identity]*model
	last    *model
	// stats are those of the requests since the last Check.
	stats   Stats
	results []Result

	// The rest is about the span at hand.
	bound binding // of fields that are not kept
	found []Violation
	// at is the place in found of each check, plus one.
	at     []int32
	row    int
	digits []byte
	rows   scratch
	// alike are rows that are counted together.
	alike alike
}

// Stats are what a Check has seen.
type Stats struct {
	// Checked and Violating are spans, Rows the rows of Checked. Unread are rows that are too much
	// work for what their span holds; UnreadOf is the model of the last of them.
	Checked, Violating, Rows, Unread int64
	UnreadOf                         prediction.Identity
	// Undecided are rows whose condition could not be evaluated; Undecidable the first such
	// condition with its error.
	Undecided   int64
	Undecidable *Undecided
	// NotSelected are predictions that Options.Wants does not want.
	NotSelected int64
}

// Undecided is why a condition could not be evaluated.
type Undecided struct {
	Check *Check
	Err   error
}

// Result is a span that broke its contract.
type Result struct {
	Span ptrace.Span
	// Rows is the number of rows that the span has.
	Rows int
	// Violations are at most one for each check, and feature that is not known.
	Violations []Violation
}

// Violation is a check that rows of a span broke.
type Violation struct {
	*Check

	// Feature is the check's, or the one that is not known.
	Feature string
	// Row is the first that broke it, from 0; Rows is how many did.
	Row, Rows int
	// Observed is the value of that row, as a person would write it, cut; empty where it is missing.
	Observed string
}

// ID is Check.ID, with the name of a feature that is not known.
func (v *Violation) ID() string {
	if v.Kind == UnknownFeature {
		return v.Feature + "." + v.Name
	}
	return v.Check.ID()
}

// model is what is known of a model.
type model struct {
	id       prediction.Identity
	contract *Contract
	checks   []rowCheck
	mostRows int
	bindings map[bindingKey]*binding
}

type bindingKey struct {
	fields *prediction.FieldSet
	names  *prediction.Names
}

// binding says where a set of fields has what the checks of a model are of.
type binding struct {
	model *model
	names *prediction.Names
	// present are checks with the position of their subject, absent those whose feature is not there
	// and that ask for it, elsewhere those whose attribute is on the resource if anywhere, and
	// conditions those of the whole row: all by number of the check.
	present    []position
	absent     []int32
	elsewhere  []int32
	conditions []asked
	// unknown are features that the contract does not know, by position.
	unknown []prediction.Named
}

type position struct{ check, at int32 }

// asked is a condition with the positions of what it reads.
type asked struct {
	check int32
	reads []int32
}

var _ prediction.Counter = (*Checker)(nil)

// NewChecker returns a checker.
func NewChecker(options Options) *Checker {
	c := &Checker{options: options, models: make(map[prediction.Identity]*model), digits: make([]byte, 0, 64)}
	c.reader = prediction.NewReader(c, prediction.Options{
		Now: time.Now, MaxFeatures: maxFeatures, Attributes: options.Attributes, Wants: options.Wants,
	})
	return c
}

// Check checks a request, whose context is for Options.Wants, and returns the spans that broke their contract. They, and what they hold,
// belong to the request; the list is the Checker's, until the next Check.
func (c *Checker) Check(ctx context.Context, td ptrace.Traces) ([]Result, Stats) {
	clear(c.results)
	c.results = c.results[:0]
	c.stats = Stats{}
	c.reader.Read(ctx, td)
	c.stats.NotSelected = c.reader.Stats.NotSelected
	c.reader.Stats = prediction.Stats{}
	c.rows = scratch{}
	clear(c.found[:cap(c.found)])
	return c.results, c.stats
}

// Full is false: nothing is kept.
func (c *Checker) Full() bool { return false }

// MakeRoom does nothing.
func (c *Checker) MakeRoom() {}

// Knows is true for a model that has a contract.
func (c *Checker) Knows(id prediction.Identity) bool { return c.modelOf(id).contract != nil }

// Begin finds the contract of a span.
func (c *Checker) Begin(s *prediction.Span) (mostRows int) {
	c.last = c.modelOf(s.Identity)
	c.row = 0
	c.found = c.found[:0]
	c.at = c.at[:0]
	c.alike.begin()
	c.rows.begin()
	return max(c.last.mostRows, 1)
}

func (c *Checker) modelOf(id prediction.Identity) *model {
	if c.last != nil && c.last.id == id {
		return c.last
	}
	if m := c.models[id]; m != nil {
		return m
	}
	if len(c.models) >= maxModels {
		clear(c.models)
		c.reader.Forget() // bindings of the models that are gone
	}
	m := &model{id: id, bindings: make(map[bindingKey]*binding)}
	m.contract, m.mostRows = c.options.Contract(id)
	if m.contract != nil {
		for i := range m.contract.Checks {
			if check := &m.contract.Checks[i]; check.OfRow() {
				m.checks = append(m.checks, newRowCheck(check))
			}
		}
	}
	c.models[id] = m
	return m
}

// The work of a condition, beside that of a check that compares a value, and of a byte of a text
// that is matched or parsed.
const (
	conditionWork = 40
	textWork      = 4
)

// Row checks the row at hand, which stands for a number of equal ones, and returns the work that it
// was.
func (c *Checker) Row(s *prediction.Span, weight uint32) (work int) {
	m := c.last
	if len(m.checks) == 0 {
		return 0
	}
	b := c.bind(s)
	c.rows.next()
	work = len(b.present)
	for _, p := range b.present {
		r := &m.checks[p.check]
		x := s.At(int(p.at))
		work += r.work(x, s.Attributes)
		if r.breaks(x, s.Attributes, s.End, c.digits) {
			c.violated(p.check, r.Feature, weight, x)
		}
	}
	work += c.countAlike(s, b, weight)
	for i := range b.conditions {
		work += c.condition(s, &b.conditions[i], weight)
	}
	work += len(b.unknown) * (1 + len(c.found)/4)
	for i := range b.unknown {
		c.unknown(s, b.unknown[i], weight)
	}
	c.row += int(weight)
	return work
}

// Rest notes rows that are not checked.
func (c *Checker) Rest(s *prediction.Span, rows int) {
	c.row += rows
	if c.last.contract != nil {
		c.stats.Unread += int64(rows)
		c.stats.Rows -= int64(rows)
		c.stats.UnreadOf = s.Identity
	}
}

// onResource checks an attribute that the span does not have.
func (c *Checker) onResource(s *prediction.Span, check int32, weight uint32) (broken bool, work int) {
	r := &c.last.checks[check]
	v, ok := s.ResourceSpans.Resource().Attributes().Get(r.key)
	if !ok {
		if r.absent() && !s.Unknown {
			c.violated(check, "", weight, nil)
			return true, 1
		}
		return false, 1
	}
	x := prediction.NewField(v)
	work = r.work(&x, s.ResourceSpans.Resource().Attributes())
	if r.breaks(&x, s.ResourceSpans.Resource().Attributes(), s.End, c.digits) {
		c.violated(check, "", weight, &x)
		return true, work
	}
	return false, work
}

// condition evaluates the condition of a check.
func (c *Checker) condition(s *prediction.Span, a *asked, weight uint32) (work int) {
	for _, at := range a.reads {
		if missing(s.At(int(at))) {
			return 1
		}
	}
	work = conditionWork + c.rows.work(s)
	r := &c.last.checks[a.check]
	holds, err := r.Predicate.Holds(s.ResourceSpans, s.ScopeSpans, c.rows.span(s))
	switch {
	case err != nil:
		c.stats.Undecided += int64(weight)
		if c.stats.Undecidable == nil {
			c.stats.Undecidable = &Undecided{Check: r.Check, Err: err}
		}
	case !holds:
		c.violated(a.check, r.Feature, weight, nil)
	}
	return work
}

// violated notes that the row at hand, or a number of equal ones, breaks a check.
func (c *Checker) violated(check int32, feature string, weight uint32, x *prediction.Field) {
	if len(c.at) == 0 {
		c.at = slices.Grow(c.at, len(c.last.checks))[:len(c.last.checks)]
		clear(c.at)
	}
	if i := c.at[check]; i > 0 {
		c.found[i-1].Rows += int(weight)
		return
	}
	c.found = append(c.found, Violation{Check: c.last.checks[check].Check, Feature: feature, Row: c.row, Rows: int(weight), Observed: show(x)})
	c.at[check] = int32(len(c.found))
}

// unknown notes a feature that the contract does not know.
func (c *Checker) unknown(s *prediction.Span, f prediction.Named, weight uint32) {
	told := 0
	for i := range c.found {
		if v := &c.found[i]; v.Kind == UnknownFeature {
			if v.Feature == f.Name {
				v.Rows += int(weight)
				return
			}
			told++
		}
	}
	if told >= maxUnknown {
		return
	}
	for i := range c.last.checks {
		if r := &c.last.checks[i]; r.Kind == UnknownFeature {
			c.found = append(c.found, Violation{Check: r.Check, Feature: f.Name, Row: c.row, Rows: int(weight), Observed: show(s.At(f.At))})
			return
		}
	}
}

// show returns a value as it is shown.
func show(x *prediction.Field) string {
	return Clip(x.Show())
}

// End notes a span whose rows broke checks.
func (c *Checker) End(s *prediction.Span, rows int) {
	if c.last.contract == nil {
		return
	}
	c.addAlike()
	c.stats.Checked++
	c.stats.Rows += int64(rows)
	if len(c.found) == 0 {
		return
	}
	c.stats.Violating++
	c.results = append(c.results, Result{Span: s.Source, Rows: rows, Violations: slices.Clone(c.found)})
}

// bind returns where the fields of the span are what the model's checks are of.
func (c *Checker) bind(s *prediction.Span) *binding {
	m := c.last
	if s.Fields.Transient || s.Names != nil && s.Names.Transient {
		c.addAlike()
		c.bound.fill(m, s)
		return &c.bound
	}
	if b, ok := s.Fields.Memo.(*binding); ok && b.model == m && b.names == s.Names {
		return b
	}
	key := bindingKey{s.Fields, s.Names}
	b := m.bindings[key]
	if b == nil {
		if len(m.bindings) >= maxBindings {
			clear(m.bindings)
		}
		b = new(binding)
		b.fill(m, s)
		m.bindings[key] = b
	}
	s.Fields.Memo = b
	return b
}

func (b *binding) fill(m *model, s *prediction.Span) {
	*b = binding{model: m, names: s.Names, present: b.present[:0], absent: b.absent[:0], elsewhere: b.elsewhere[:0], conditions: b.conditions[:0], unknown: b.unknown[:0]}
	features := make(map[string]int)
	for at, name := range s.Features() {
		if _, ok := features[name]; ok {
			continue
		}
		features[name] = at
		if m.contract.OnlyKnown && !m.contract.Known[name] {
			b.unknown = append(b.unknown, prediction.Named{At: at, Name: name})
		}
	}
	for i := range m.checks {
		r := &m.checks[i]
		var at int
		var ok bool
		switch {
		case r.Kind == Condition:
			if positions, there := readsOf(r, features, s); there {
				b.conditions = append(b.conditions, asked{int32(i), positions})
			}
			continue
		case r.Kind == UnknownFeature:
			continue
		case r.Feature != "":
			at, ok = features[r.Feature]
		default:
			at = s.Fields.Find(r.key)
			ok = at >= 0
		}
		switch {
		case ok:
			b.present = append(b.present, position{int32(i), int32(at)})
		case r.Feature == "":
			b.elsewhere = append(b.elsewhere, int32(i))
		case r.absent():
			b.absent = append(b.absent, int32(i))
		}
	}
}

// readsOf returns the positions of what a condition reads; there is false where something is not.
func readsOf(r *rowCheck, features map[string]int, s *prediction.Span) (positions []int32, there bool) {
	for _, key := range r.reads {
		at := s.Fields.Find(key)
		if name, ok := strings.CutPrefix(key, mlconv.PrefixFeature); ok && at < 0 {
			if in, ok := features[name]; ok {
				at = in
			}
		}
		if at < 0 {
			return nil, false
		}
		positions = append(positions, int32(at))
	}
	return positions, true
}
