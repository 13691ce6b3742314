// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

// Assumption is something that is taken for true though no span says so.
type Assumption uint8

// The assumptions.
const (
	// NoOperation and UnknownOperation are spans with a model and tokens that were counted as calls
	// without an operation that says so.
	NoOperation Assumption = iota
	UnknownOperation
	// WrapperIsCall are agents and workflows that were counted as calls, as no call of their trace
	// had come.
	WrapperIsCall
	// SameVersion are calls that do not name the version that answered and were given that of the
	// model's last call which did.
	SameVersion
	Assumptions = 4
)

// Reason is why a span that looks like a call is not counted as one.
type Reason uint8

// The reasons.
const (
	// OperationUnknown spans name a model and an operation that nobody knows, and have no tokens.
	OperationUnknown Reason = iota
	// Repeats are spans with a model and tokens that stand around calls which were counted.
	Repeats
	Reasons = 2
)

// Lack is why a call has no cost.
type Lack uint8

// The lacks.
const (
	// UsageUnknown calls do not say how many tokens they took: the input is not there, or all of it
	// is 0, which is no call's.
	UsageUnknown Lack = iota
	// ModelUnpriced calls are of a model without a card that has prices.
	ModelUnpriced
	// BeforeFirstPrice calls ended before the first price of their model's card.
	BeforeFirstPrice
	// TokensUnpriced calls took tokens of a kind that the card has no price for.
	TokensUnpriced
	Lacks = 4
)

// Note is something that an operator should see.
type Note struct {
	// Operation is the one that nobody knows, where that is what the note is about; Counted says
	// that the span was taken for a call.
	Operation string
	Counted   bool
	// Unpriced is why the calls of the Model have no cost, where that is what the note is about: it is
	// BeforeFirstPrice or TokensUnpriced.
	Unpriced Lack
	// Removed says that Key was removed from its Carrier though no table lists it; of other such names,
	// none follows the last.
	Removed, Last bool
	Carrier       Carrier
	// Key is the attribute that could not be read, otherwise, and Value what it has; empty where it
	// may hold a prompt.
	Key, Value string
	// Bytes is the length of a value that is a string.
	Bytes int
	// Dialect is the index of the table that should have read it.
	Dialect int
	// Model, Scope and Span say whose it is, empty where that is not known.
	Model, Scope, Span string
}

// maxNotes is the number of notes that a request can give, each about another key or operation.
const maxNotes = 8

// unreadable counts a value for the table that reads it; while tables are detected, there is none
// yet.
func (s *state) unreadable(key, value string) {
	if s.table == nil || s.trial {
		return
	}
	s.stats.Unreadable[s.table.index]++
	if s.noted(func(n *Note) bool { return n.Key == key }) {
		return
	}
	n := s.note(s.table)
	n.Key, n.Value, n.Bytes = key, value, len(value)
	if s.engine.options.Drop == DropUnknown || s.engine.content.isContent(key) {
		n.Value = ""
	}
	s.stats.Notes = append(s.stats.Notes, n)
}

// unknownOperation notes the operation of the span at hand.
func (s *state) unknownOperation(t *compiled, counted bool) {
	if s.noted(func(n *Note) bool { return n.Operation == s.operation }) {
		return
	}
	n := s.note(t)
	n.Operation, n.Counted = s.operation, counted
	s.stats.Notes = append(s.stats.Notes, n)
}

// noted reports whether the request has given such a note, or as many as it can.
func (s *state) noted(same func(*Note) bool) bool {
	for i := range s.stats.Notes {
		if same(&s.stats.Notes[i]) {
			return true
		}
	}
	return len(s.stats.Notes) == maxNotes
}

func (s *state) note(t *compiled) Note {
	n := Note{Dialect: t.index, Scope: s.scope.Name(), Span: s.span.Name()}
	for _, slot := range [...]int{s.engine.modelName, s.engine.requestModel, s.engine.responseModel} {
		if v := s.at(slot); n.Model == "" && v.kind == text {
			n.Model = v.text
		}
	}
	return n
}

// unpriced counts a call without a cost, and notes its model where its card is to be mended.
func (s *state) unpriced(why Lack) {
	s.stats.Unpriced[why]++
	if why != BeforeFirstPrice && why != TokensUnpriced {
		return
	}
	n := s.note(s.llm)
	if !s.noted(func(other *Note) bool { return other.Unpriced == why && other.Model == n.Model }) {
		n.Unpriced = why
		s.stats.Notes = append(s.stats.Notes, n)
	}
}
