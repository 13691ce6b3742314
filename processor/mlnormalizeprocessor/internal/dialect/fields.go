// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

func (d *decoder) table(n *yaml.Node, path string) *Table {
	t := &Table{file: d.doc.File}
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
		"cached_beside": func(n *yaml.Node, p string) { t.Beside = d.conditions(n, p) },
		"map":           func(n *yaml.Node, p string) { mapped = d.rules(n, p) },
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
		"content": func(n *yaml.Node, p string) { d.fields(n, p, d.contentFields(&t.Content)) },
	})
	if len(mapped) > 0 {
		t.Sections = append([]section{{rules: mapped}}, t.Sections...)
	}
	if n.Kind == yaml.MappingNode {
		d.checkTable(t, n, path)
	}
	return t
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
				key := yamldoc.Join(p, pair.key)
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
				key := yamldoc.Join(p, pair.key)
				c.sums = append(c.sums, append([]source{d.source(pair.node, key, pair.key)}, d.sources(pair.value, key)...))
			}
		},
	})
	d.checkCondition(&c, n)
	return c
}

// rules reads a block of targets.
func (d *decoder) rules(n *yaml.Node, path string) (out []*rule) {
	for _, p := range d.pairs(n, path) {
		key := yamldoc.Join(path, p.key)
		if p.key == "" || len(p.key) > maxText || strings.HasPrefix(p.key, "*") {
			d.fail(p.node, key, "is no name of an attribute")
			continue
		}
		out = append(out, d.alternatives(p.key, p.value, key)...)
	}
	return out
}

// alternatives reads what a target is filled from: a source, a rule, or a list of both of which the
// first that gives something counts.
func (d *decoder) alternatives(target string, n *yaml.Node, path string) (out []*rule) {
	one := func(n *yaml.Node, p string) {
		r := &rule{target: target, kind: kindOf(target), most: mostOf(target), path: p}
		if n.Kind == yaml.MappingNode {
			d.rule(r, n, p)
		} else if s := d.text(n, p); s != "" {
			r.from = []source{d.source(n, p, s)}
		}
		d.checkRule(r, n)
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
				if v := d.constant(pair.value, yamldoc.Join(p, pair.key)); v != nil {
					r.states[pair.key], r.states[strings.ToLower(pair.key)] = *v, *v
				}
			}
		},
		"aliases": func(n *yaml.Node, p string) {
			r.aliases = map[string]string{}
			for _, pair := range d.pairs(n, p) {
				if pair.value.Kind != yaml.ScalarNode {
					d.fail(pair.value, yamldoc.Join(p, pair.key), "must be a text")
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
			case re.NumSubexp() == 0:
				d.fail(n, p, "must have a group in round brackets, has none")
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
