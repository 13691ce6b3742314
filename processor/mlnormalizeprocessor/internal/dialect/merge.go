// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// merge puts extra tables among the embedded ones and sorts by order; of the same order, the user's
// come first.
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

// inherited is what a table has of its own and of those that it extends.
type inherited struct {
	sections         []section
	wrappers, beside []condition
}

// inherit returns what a table has, what it extends after its own.
func inherit(t *Table, byName map[string]*Table, seen []string) (out inherited, err error) {
	if slices.Contains(seen, t.Name) {
		return out, fmt.Errorf("'dialects': %q extends itself", t.Name)
	}
	out = inherited{slices.Clone(t.Sections), slices.Clone(t.Wrappers), slices.Clone(t.Beside)}
	if t.Extends == "" {
		return out, nil
	}
	base, ok := byName[t.Extends]
	if !ok {
		return out, fmt.Errorf("'dialects': %q extends %q, which is no dialect", t.Name, t.Extends)
	}
	more, err := inherit(base, byName, append(seen, t.Name))
	shareAliases(out.sections, more.sections)
	out.sections = append(out.sections, more.sections...)
	out.wrappers, out.beside = append(out.wrappers, more.wrappers...), append(out.beside, more.beside...)
	return out, err
}

// shareAliases lets the aliases that an extended table has for a target hold for the rules before
// it, too.
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
