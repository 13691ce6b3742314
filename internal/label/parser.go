// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Parser reads labels. It is safe for concurrent use.
type Parser struct {
	fields map[string]field // by name as it is normal
	// columns are the names that the config gives to fields, normal; the other names of these
	// fields are not read.
	renamed  [numFields]bool
	defaults Defaults
	unread   func(name string)
	now      func() time.Time
}

// Defaults are what is true of labels that do not say it themselves.
type Defaults struct {
	Model, Environment, Source, Set string
}

// Options say how a Parser reads. The zero value reads the names that are known.
type Options struct {
	// Columns are the names of fields where they are other ones than those known, by FieldNames. The
	// known names of such a field are not read then.
	Columns map[string]string
	// Defaults are used where a label has none.
	Defaults Defaults
	// Unread is called with the name of each member, column or attribute that is not read; nil is
	// not called.
	Unread func(name string)
	// Now is the time; a label that is known more than a day ahead of it is refused. nil refuses
	// none.
	Now func() time.Time
}

// NewParser returns a Parser. The error names each column of the options that is for no field, or
// for two.
func NewParser(o Options) (*Parser, error) {
	p := &Parser{fields: fieldsByName, defaults: o.Defaults, unread: o.Unread, now: o.Now}
	if len(o.Columns) == 0 {
		return p, nil
	}
	names := FieldNames()
	p.fields = maps.Clone(fieldsByName)
	for _, name := range slices.Sorted(maps.Keys(o.Columns)) {
		i := slices.Index(names, name)
		if i < 0 {
			return nil, fmt.Errorf("%q is no field of a label: it is none of %s", name, strings.Join(names, ", "))
		}
		if o.Columns[name] == "" {
			return nil, fmt.Errorf("%q has no column", name)
		}
		p.renamed[fieldModel+field(i)] = true
	}
	for name, f := range fieldsByName {
		if p.renamed[f] {
			delete(p.fields, name)
		}
	}
	given := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(o.Columns)) {
		column := normal(o.Columns[name])
		if other, twice := given[column]; twice {
			return nil, fmt.Errorf("column %q is for %s and for %s", o.Columns[name], other, name)
		}
		given[column] = name
		p.fields[column] = fieldModel + field(slices.Index(names, name))
	}
	return p, nil
}

// field returns the field that a name is of.
func (p *Parser) field(name string) field { return p.fields[normal(name)] }

// leaveOut says that what has the name is not read.
func (p *Parser) leaveOut(name string) {
	if p.unread != nil {
		p.unread(clip(name))
	}
}
