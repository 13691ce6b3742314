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

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// checkTable reports what only the whole table shows.
func (d *decoder) checkTable(t *Table, n *yaml.Node, path string) {
	switch {
	case missing(n, "name"):
		d.fail(n, yamldoc.Join(path, "name"), "is missing")
	case t.Name != "" && !namePattern.MatchString(t.Name):
		d.fail(n, yamldoc.Join(path, "name"), "%q must be a name of at most 63 small letters, digits and _ that begins with a letter", t.Name)
	}
	if missing(n, "concept") {
		d.fail(n, yamldoc.Join(path, "concept"), "is missing (llm, serving or job)")
	}
	if missing(n, "detect") {
		d.fail(n, yamldoc.Join(path, "detect"), "is missing: the table would never be read")
	}
	for i := range t.Sections {
		d.notDetecting(n, &t.Sections[i].when)
	}
	for i := range t.Wrappers {
		d.notDetecting(n, &t.Wrappers[i])
	}
	for i := range t.Beside {
		d.notDetecting(n, &t.Beside[i])
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
				d.fail(n, yamldoc.Join(c.path, "reads"), "the table maps nothing to %q", target)
			}
		}
	}
}

// checkCondition reports what only the whole condition shows.
func (d *decoder) checkCondition(c *condition, n *yaml.Node) {
	of, names := [][]source{c.has, c.lacks, c.any}, []string{"has", "lacks", "any"}
	for _, sum := range c.sums {
		of, names = append(of, sum), append(names, "adds_up")
	}
	for i := range of {
		for _, s := range of[i] {
			if s.numbered() || s.family {
				d.fail(n, c.path, "%s speaks of single keys, %q is many", names[i], s.written)
			}
		}
	}
}

// checkRule reports what only the whole rule shows.
func (d *decoder) checkRule(r *rule, n *yaml.Node) {
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
	if r.extract != nil && r.extract.NumSubexp() > 1 && r.join == nil {
		d.fail(n, yamldoc.Join(r.path, "extract"), "has %d groups in round brackets, which needs join to put them together", r.extract.NumSubexp())
	}
	if len(r.exclude) > 0 && !family {
		d.fail(n, r.path, "exclude is for families that end in *")
	}
}

// notDetecting reports what is for detect alone.
func (d *decoder) notDetecting(n *yaml.Node, c *condition) {
	if len(c.reads) > 0 {
		d.fail(n, yamldoc.Join(c.path, "reads"), "is for detect alone")
	}
}
