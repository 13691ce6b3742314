// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "regexp"

// Concept is what a dialect speaks of. Each is resolved on its own: of the dialects detected on a
// span, the first one of each concept is read.
type Concept string

// The concepts.
const (
	LLM     Concept = "llm"
	Serving Concept = "serving"
	Job     Concept = "job"
)

var concepts = []Concept{LLM, Serving, Job}

// Table is one dialect.
type Table struct {
	// Name identifies the table; a later one of the same name replaces it.
	Name string
	// Title, Versions, Evidence and NotRead are for docs/dialects.md.
	Title, Versions, Evidence string
	NotRead                   []string
	Concepts                  []Concept
	// Order decides between tables of one concept that are detected on one span: the smallest is
	// read.
	Order int
	// Extends names a table whose rules follow this one's own.
	Extends string
	// DecodeJSON is true where every attribute is JSON in a string, also those that other tables
	// read.
	DecodeJSON bool
	Detect     []condition
	// Wrappers are conditions for spans that look like an inference but only wrap one.
	Wrappers []condition
	// Beside are conditions for spans whose cached tokens are beside their input tokens, not among
	// them.
	Beside   []condition
	Sections []section
	Content  content

	file string
	// ordered is true where the YAML gave an order.
	ordered bool
}

// section is a list of rules with the condition under which they are read.
type section struct {
	when  condition
	rules []*rule

	// always is true where when is empty, operation where a rule fills gen_ai.operation.name.
	always, operation bool
}

// condition holds where all of its parts hold. The zero condition always does.
type condition struct {
	// The scope of the span. Of several names one must match.
	scope, scopePrefix []string
	// name is the span's.
	name, namePrefix []string
	kind             []string
	status           []string
	// has are sources that must be there, lacks those that must not. any are keys of which one must
	// be there.
	has, lacks []source
	any        []source
	equals     []equality
	prefixed   []equality
	keyPrefix  []string
	// resourceKeyPrefix are prefixes of keys of the resource, of which one must be there.
	resourceKeyPrefix []string
	hasEvent          []string
	lacksEvent        []string
	root              *bool
	inference         *bool
	option            string
	// sums are sources of which the first is the sum of the others, all of them there.
	sums [][]source
	// reads are targets of the table: one of the attributes that they are read from must be there.
	reads []string

	path string
}

// equality is a source with the values of which it must have one, or start with one.
type equality struct {
	of     source
	values []string
}

// rule fills one target.
type rule struct {
	target string
	// kind is that of the target's value.
	kind targetKind
	from []source
	// all adds up from all sources in place of the first that gives something.
	all bool
	// constant is the value where there is no source.
	constant *datum

	states map[string]datum
	// aliases replace some strings; an empty one drops it.
	aliases   map[string]string
	otherwise *datum
	accept    []kind
	extract   *regexp.Regexp
	strip     [2]string // prefix, suffix
	urlDecode bool
	split     string
	join      *string
	add       int64
	scale     float64 // to seconds; 0 for none
	percent   bool
	// most is what the target's numbers are at most, where they begin at 0; 0 for none.
	most       float64
	want       want
	differs    string // a target whose value this one must not have
	exclude    []string
	categories bool // strings and booleans of names that the operator lists

	path string

	// masks are the slots of the sources where all are single attributes of the span, or paths in
	// them; else nil.
	masks []mask
	// slot is the target's, -1 for a family, whose prefix is then set. differsSlot is that of
	// differs.
	slot, differsSlot int
	prefix            string
}
