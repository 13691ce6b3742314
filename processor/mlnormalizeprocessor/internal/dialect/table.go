// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Concept is what a dialect speaks of. Each is resolved on its own: of the dialects detected on a span, the first one of each concept
// is read.
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
	// Order decides between tables of one concept that are detected on one span: the smallest is read.
	Order int
	// Extends names a table whose rules follow this one's own.
	Extends string
	// DecodeJSON is true where every attribute is JSON in a text, also those that other tables read.
	DecodeJSON bool
	Detect     []condition
	// Wrappers are conditions for spans that look like an inference but only wrap one.
	Wrappers []condition
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

// content names what holds prompts and completions, for drop_content.
type content struct {
	// attributes are keys, prefixes that end in *, or numbered keys. They are dropped from spans and from events.
	attributes []source
	// events are dropped whole.
	events []string
}

// condition holds where all of its parts hold. The zero condition always does.
type condition struct {
	// The scope of the span. Of several names one must match.
	scope, scopePrefix []string
	// name is the span's.
	name, namePrefix []string
	kind             []string
	status           []string
	// has are sources that must be there, lacks those that must not. any are keys of which one must be there.
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
	// aliases replace some texts; an empty one drops it.
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
	categories bool // texts and truth values of names that the operator lists

	path string

	// masks are the slots of the sources where all are single attributes of the span, or paths in them; else nil.
	masks []mask
	// slot is the target's, -1 for a family, whose prefix is then set. differsSlot is that of differs.
	slot, differsSlot int
	prefix            string
}

// Tables parses the documents of a YAML file, one table each. The error joins every ViolationError.
func Tables(file string, data []byte) ([]*Table, error) {
	d := &decoder{file: file}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var out []*Table
	for {
		node := &yaml.Node{}
		err := decodeNode(dec, node)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			d.errs = append(d.errs, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: ")))
			break
		}
		if len(node.Content) == 0 {
			continue
		}
		d.expand(node)
		out = append(out, d.table(node.Content[0], ""))
	}
	return out, errors.Join(d.errs...)
}

func decodeNode(dec *yaml.Decoder, node *yaml.Node) (err error) {
	defer func() { // the YAML package has panicked on broken input before
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be read as YAML: %v", p)
		}
	}()
	return dec.Decode(node)
}

// FromConfig reads a table that the collector's config gives at a path such as dialects[0].
func FromConfig(raw map[string]any, path string) (*Table, error) {
	data, err := yaml.Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("'%s': %w", path, err)
	}
	node := &yaml.Node{}
	if err := decodeNode(yaml.NewDecoder(bytes.NewReader(data)), node); err != nil {
		return nil, fmt.Errorf("'%s': %w", path, err)
	}
	d := &decoder{}
	t := d.table(node.Content[0], path)
	return t, errors.Join(d.errs...)
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

func (d *decoder) table(n *yaml.Node, path string) *Table {
	t := &Table{file: d.file}
	var mapped []*rule
	d.fields(n, path, map[string]func(*yaml.Node, string){
		"name":     func(n *yaml.Node, p string) { t.Name = d.text(n, p) },
		"title":    func(n *yaml.Node, p string) { t.Title = d.text(n, p) },
		"versions": func(n *yaml.Node, p string) { t.Versions = d.text(n, p) },
		"evidence": func(n *yaml.Node, p string) { t.Evidence = d.text(n, p) },
		"not_read": func(n *yaml.Node, p string) { t.NotRead = d.texts(n, p) },
		"concept": func(n *yaml.Node, p string) {
			for _, s := range d.texts(n, p) {
				if !slices.Contains(concepts, Concept(s)) {
					d.fail(n, p, "%q is none of llm, serving, job", s)
					continue
				}
				t.Concepts = append(t.Concepts, Concept(s))
			}
		},
		"order":   func(n *yaml.Node, p string) { t.Order, t.ordered = d.integer(n, p), true },
		"extends": func(n *yaml.Node, p string) { t.Extends = d.text(n, p) },
		"decode":  func(n *yaml.Node, p string) { t.DecodeJSON = d.oneOf(n, p, "json") != "" },
		"detect":  func(n *yaml.Node, p string) { t.Detect = d.conditions(n, p) },
		"wrappers": func(n *yaml.Node, p string) {
			t.Wrappers = d.conditions(n, p)
		},
		"map": func(n *yaml.Node, p string) { mapped = d.rules(n, p) },
		"spans": func(n *yaml.Node, p string) {
			d.each(n, p, func(n *yaml.Node, p string) {
				var s section
				d.fields(n, p, map[string]func(*yaml.Node, string){
					"when": func(n *yaml.Node, p string) { s.when = d.condition(n, p) },
					"map":  func(n *yaml.Node, p string) { s.rules = d.rules(n, p) },
				})
				t.Sections = append(t.Sections, s)
			})
		},
		"content": func(n *yaml.Node, p string) {
			d.fields(n, p, map[string]func(*yaml.Node, string){
				"attributes": func(n *yaml.Node, p string) { t.Content.attributes = d.contentKeys(n, p) },
				"events":     func(n *yaml.Node, p string) { t.Content.events = d.texts(n, p) },
			})
		},
	})
	if len(mapped) > 0 {
		t.Sections = append([]section{{rules: mapped}}, t.Sections...)
	}
	if n.Kind != yaml.MappingNode {
		return t
	}
	switch {
	case missing(n, "name"):
		d.fail(n, join(path, "name"), "is missing")
	case t.Name != "" && !namePattern.MatchString(t.Name):
		d.fail(n, join(path, "name"), "%q must be a name of at most 63 small letters, digits and _ that begins with a letter", t.Name)
	}
	if missing(n, "concept") {
		d.fail(n, join(path, "concept"), "is missing (llm, serving or job)")
	}
	if missing(n, "detect") {
		d.fail(n, join(path, "detect"), "is missing: the table would never be read")
	}
	for i := range t.Sections {
		d.notDetecting(n, &t.Sections[i].when)
	}
	for i := range t.Wrappers {
		d.notDetecting(n, &t.Wrappers[i])
	}
	targets := t.targets()
	for _, c := range t.Detect {
		if c.inference != nil {
			d.fail(n, c.path, "inference is not known yet when a dialect is detected")
		}
		if len(c.reads) > 0 && len(c.any) > 0 {
			d.fail(n, c.path, "has reads and any, only one of the two can be")
		}
		for _, target := range c.reads {
			if !slices.Contains(targets, target) {
				d.fail(n, join(c.path, "reads"), "the table maps nothing to %q", target)
			}
		}
	}
	return t
}

// notDetecting reports what is for detect alone.
func (d *decoder) notDetecting(n *yaml.Node, c *condition) {
	if len(c.reads) > 0 {
		d.fail(n, join(c.path, "reads"), "is for detect alone")
	}
}

// contentKeys reads keys of attributes, with N for a number and * at the end for anything.
func (d *decoder) contentKeys(n *yaml.Node, path string) []source {
	out := d.sources(n, path)
	for _, s := range out {
		if s.origin != fromSpan || len(s.path) > 0 {
			d.fail(n, path, "%q is no attribute of a span; its parts and those of a resource cannot be dropped", s.written)
		}
	}
	return out
}

func (t *Table) targets() []string {
	var out []string
	for _, s := range t.Sections {
		for _, r := range s.rules {
			if !slices.Contains(out, r.target) {
				out = append(out, r.target)
			}
		}
	}
	return out
}

// each reads a list.
func (d *decoder) each(n *yaml.Node, path string, read func(n *yaml.Node, path string)) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, path, "must be a list")
		return
	}
	if len(n.Content) > maxList {
		d.fail(n, path, "has %d entries, at most %d are allowed", len(n.Content), maxList)
		return
	}
	for i, item := range n.Content {
		read(item, at(path, i))
	}
}

func (d *decoder) conditions(n *yaml.Node, path string) (out []condition) {
	d.each(n, path, func(n *yaml.Node, p string) { out = append(out, d.condition(n, p)) })
	return out
}

func (d *decoder) condition(n *yaml.Node, path string) condition {
	c := condition{path: path}
	sources := func(to *[]source) func(*yaml.Node, string) {
		return func(n *yaml.Node, p string) { *to = append(*to, d.sources(n, p)...) }
	}
	texts := func(to *[]string) func(*yaml.Node, string) {
		return func(n *yaml.Node, p string) { *to = d.texts(n, p) }
	}
	equalities := func(to *[]equality) func(*yaml.Node, string) {
		return func(n *yaml.Node, p string) {
			for _, pair := range d.pairs(n, p) {
				key := join(p, pair.key)
				*to = append(*to, equality{of: d.source(pair.node, key, pair.key), values: d.texts(pair.value, key)})
			}
		}
	}
	truth := func(to **bool) func(*yaml.Node, string) {
		return func(n *yaml.Node, p string) { b := d.flag(n, p); *to = &b }
	}
	words := func(to *[]string, allowed ...string) func(*yaml.Node, string) {
		return func(n *yaml.Node, p string) {
			for _, s := range d.texts(n, p) {
				if !slices.Contains(allowed, s) {
					d.fail(n, p, "%q is none of %s", s, strings.Join(allowed, ", "))
				}
				*to = append(*to, s)
			}
		}
	}
	d.fields(n, path, map[string]func(*yaml.Node, string){
		"scope": texts(&c.scope), "scope_prefix": texts(&c.scopePrefix),
		"name": texts(&c.name), "name_prefix": texts(&c.namePrefix),
		"kind":   words(&c.kind, "internal", "server", "client", "producer", "consumer"),
		"status": words(&c.status, "unset", "ok", "error"),
		"has":    sources(&c.has), "lacks": sources(&c.lacks), "any": sources(&c.any),
		"equals": equalities(&c.equals), "starts_with": equalities(&c.prefixed),
		"key_prefix": texts(&c.keyPrefix), "resource_key_prefix": texts(&c.resourceKeyPrefix),
		"has_event": texts(&c.hasEvent), "lacks_event": texts(&c.lacksEvent),
		"root": truth(&c.root), "inference": truth(&c.inference),
		"option": func(n *yaml.Node, p string) { c.option = d.oneOf(n, p, optionBareFeatures) },
		"reads":  texts(&c.reads),
		"adds_up": func(n *yaml.Node, p string) {
			for _, pair := range d.pairs(n, p) {
				key := join(p, pair.key)
				c.sums = append(c.sums, append([]source{d.source(pair.node, key, pair.key)}, d.sources(pair.value, key)...))
			}
		},
	})
	of, names := [][]source{c.has, c.lacks, c.any}, []string{"has", "lacks", "any"}
	for _, sum := range c.sums {
		of, names = append(of, sum), append(names, "adds_up")
	}
	for i := range of {
		for _, s := range of[i] {
			if s.numbered() || s.family {
				d.fail(n, path, "%s speaks of single keys, %q is many", names[i], s.written)
			}
		}
	}
	return c
}

// rules reads a block of targets.
func (d *decoder) rules(n *yaml.Node, path string) (out []*rule) {
	for _, p := range d.pairs(n, path) {
		key := join(path, p.key)
		if p.key == "" || len(p.key) > maxText || strings.HasPrefix(p.key, "*") {
			d.fail(p.node, key, "is no name of an attribute")
			continue
		}
		out = append(out, d.alternatives(p.key, p.value, key)...)
	}
	return out
}

// alternatives reads what a target is filled from: a source, a rule, or a list of both of which the first that gives something counts.
func (d *decoder) alternatives(target string, n *yaml.Node, path string) (out []*rule) {
	one := func(n *yaml.Node, p string) {
		r := &rule{target: target, kind: kindOf(target), most: mostOf(target), path: p}
		if n.Kind == yaml.MappingNode {
			d.rule(r, n, p)
		} else if s := d.text(n, p); s != "" {
			r.from = []source{d.source(n, p, s)}
		}
		d.check(r, n)
		out = append(out, r)
	}
	if n.Kind == yaml.SequenceNode {
		d.each(n, path, one)
	} else {
		one(n, path)
	}
	return out
}

var units = map[string]float64{"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600}

var kindNames = map[string]kind{"text": text, "int": integer, "double": double, "bool": boolean}

func (d *decoder) rule(r *rule, n *yaml.Node, path string) {
	d.fields(n, path, map[string]func(*yaml.Node, string){
		"from":     func(n *yaml.Node, p string) { r.from = d.sources(n, p) },
		"from_all": func(n *yaml.Node, p string) { r.from, r.all = d.sources(n, p), true },
		"value":    func(n *yaml.Node, p string) { r.constant = d.constant(n, p) },
		"type": func(n *yaml.Node, p string) {
			r.kind = targetKind(d.oneOf(n, p, string(stringTarget), string(intTarget), string(doubleTarget), string(boolTarget), string(stringsTarget), string(anyTarget)))
		},
		"states": func(n *yaml.Node, p string) {
			r.states = map[string]datum{}
			for _, pair := range d.pairs(n, p) {
				if v := d.constant(pair.value, join(p, pair.key)); v != nil {
					r.states[pair.key], r.states[strings.ToLower(pair.key)] = *v, *v
				}
			}
		},
		"aliases": func(n *yaml.Node, p string) {
			r.aliases = map[string]string{}
			for _, pair := range d.pairs(n, p) {
				if pair.value.Kind != yaml.ScalarNode {
					d.fail(pair.value, join(p, pair.key), "must be a text")
				}
				r.aliases[pair.key], r.aliases[strings.ToLower(pair.key)] = pair.value.Value, pair.value.Value
			}
		},
		"else": func(n *yaml.Node, p string) { r.otherwise = d.constant(n, p) },
		"accept": func(n *yaml.Node, p string) {
			for _, s := range d.texts(n, p) {
				k, ok := kindNames[s]
				if !ok {
					d.fail(n, p, "%q is none of text, int, double, bool", s)
				}
				r.accept = append(r.accept, k)
			}
		},
		"extract": func(n *yaml.Node, p string) {
			s := d.text(n, p)
			re, err := regexp.Compile(s)
			switch {
			case s == "":
			case err != nil:
				d.fail(n, p, "is no regular expression: %v", err)
			case re.NumSubexp() != 1:
				d.fail(n, p, "must have one group in round brackets, has %d", re.NumSubexp())
			default:
				r.extract = re
			}
		},
		"strip_prefix": func(n *yaml.Node, p string) { r.strip[0] = d.text(n, p) },
		"strip_suffix": func(n *yaml.Node, p string) { r.strip[1] = d.text(n, p) },
		"url_decode":   func(n *yaml.Node, p string) { r.urlDecode = d.flag(n, p) },
		"split":        func(n *yaml.Node, p string) { r.split = d.text(n, p) },
		"join": func(n *yaml.Node, p string) {
			if n.Kind != yaml.ScalarNode {
				d.fail(n, p, "must be a text")
				return
			}
			r.join = &n.Value
		},
		"add": func(n *yaml.Node, p string) { r.add = int64(d.integer(n, p)) },
		"unit": func(n *yaml.Node, p string) {
			r.scale = units[d.oneOf(n, p, "ns", "us", "ms", "s", "min", "h")]
		},
		"percent": func(n *yaml.Node, p string) { r.percent = d.flag(n, p) },
		"count": func(n *yaml.Node, p string) {
			if d.flag(n, p) {
				r.want = wantCount
			}
		},
		"length": func(n *yaml.Node, p string) {
			if d.flag(n, p) {
				r.want = wantLength
			}
		},
		"sum": func(n *yaml.Node, p string) {
			if d.flag(n, p) {
				r.want = wantSum
			}
		},
		"unless_same_as": func(n *yaml.Node, p string) { r.differs = d.text(n, p) },
		"exclude": func(n *yaml.Node, p string) {
			r.exclude = d.texts(n, p)
			for _, name := range r.exclude {
				if strings.Count(name, anyStep) > 1 {
					d.fail(n, p, "%q has more than one *", name)
				}
			}
		},
		"categories": func(n *yaml.Node, p string) { r.categories = d.flag(n, p) },
	})
}

// check reports what only the whole rule shows.
func (d *decoder) check(r *rule, n *yaml.Node) {
	if n.Kind == yaml.MappingNode && missing(n, "from") && missing(n, "from_all") && missing(n, "value") {
		d.fail(n, r.path, "needs from, from_all or value")
	}
	if len(r.from) > 0 && r.constant != nil {
		d.fail(n, r.path, "has a value beside from, only one of the two can be")
	}
	family := strings.HasSuffix(r.target, "*")
	for _, s := range r.from {
		if s.family != family {
			d.fail(n, r.path, "%q and %q must both be families that end in *, or neither", r.target, s.written)
		}
	}
	if r.want == wantFirst && r.split == "" && (r.kind == stringsTarget || r.join != nil) && !family {
		r.want = wantList
	}
	if len(r.exclude) > 0 && !family {
		d.fail(n, r.path, "exclude is for families that end in *")
	}
}

// constant reads a scalar.
func (d *decoder) constant(n *yaml.Node, path string) *datum {
	var v datum
	switch n.ShortTag() {
	case "!!str":
		v = textValue(n.Value)
	case "!!bool":
		v.kind = boolean
		_ = n.Decode(&v.bool)
	case "!!int":
		v.kind = integer
		if n.Decode(&v.int) != nil {
			d.fail(n, path, "%q is too large", n.Value)
		}
	case "!!float":
		v.kind = double
		_ = n.Decode(&v.float)
	default:
		d.fail(n, path, "must be a text, a number, true or false")
		return nil
	}
	return &v
}
