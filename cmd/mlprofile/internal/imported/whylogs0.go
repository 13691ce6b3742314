// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// readWhylogs0 reads a profile of version 0: a DatasetProfileMessage with its length before it, with
// properties in field 1 and a map of columns in field 2.
func readWhylogs0(m message) (*Source, error) {
	first, rest, err := m.delimited()
	if err != nil {
		return nil, err
	}
	if len(first.data) == 0 {
		return nil, errNoProfile
	}
	s := &Source{}
	if len(rest.data) > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%d bytes behind the first profile: others in the file are not read", len(rest.data)))
	}
	err = first.each(func(f *field) error {
		switch f.number {
		case 1:
			return s.properties0(f.message)
		case 2:
			key, value, err := f.entry()
			if err != nil {
				return err
			}
			c, err := readColumn0(key.text(), value.message)
			if err != nil {
				return fmt.Errorf("column %q: %w", key.text(), err)
			}
			s.add(c)
			return tooManyColumns(len(s.Columns))
		case 10:
			s.Notes = append(s.Notes, "the profile of the model (its confusion matrix) is not carried over")
		}
		return nil
	})
	return s, err
}

// properties0 reads DatasetProperties: when the session was, and the tags.
func (s *Source) properties0(m message) error {
	return m.each(func(f *field) error {
		switch f.number {
		case 4:
			s.Created = milliseconds(f.num)
		case 6:
			return s.tag(f.message)
		}
		return nil
	})
}

// column0 is a ColumnMessage.
type column0 struct {
	n      uint64
	null   uint64
	types  types
	number *moments
	items  message
}

// The numbers of types in SchemaMessage.
const (
	typeNull       = 1
	typeFractional = 2
	typeIntegral   = 3
	typeBoolean    = 4
	typeString     = 5
)

func readColumn0(name string, m message) (*Column, error) {
	var of column0
	if err := m.each(of.field); err != nil {
		return nil, err
	}
	if of.null > of.n {
		return nil, fmt.Errorf("%d nulls are more than its %d values", of.null, of.n)
	}
	c := &Column{Name: name}
	var listed *values
	if len(of.items.data) > 0 {
		var err error
		if listed, err = parseItems(of.items.data, unquote0); err != nil {
			return nil, fmt.Errorf("byte %d: %w", of.items.at, err)
		}
	}
	c.whylogs(of.n, of.null, of.types, of.number, listed)
	return c, nil
}

func (c *column0) field(f *field) error {
	switch f.number {
	case 2: // Counters
		return f.each(func(f *field) error {
			if f.number == 1 {
				c.n = f.num
			}
			return nil
		})
	case 3: // SchemaMessage: a map of rows by type
		return f.each(func(f *field) error {
			if f.number != 1 {
				return nil
			}
			key, rows, err := f.entry()
			if err != nil {
				return err
			}
			c.count(key.num, rows.num)
			return nil
		})
	case 4: // NumberTracker
		return c.numbers(f.message)
	case 7: // FrequentItemsSketchMessage
		data, err := f.sketch()
		c.items = data
		return err
	}
	return nil
}

func (c *column0) count(kind, rows uint64) {
	switch kind {
	case typeNull:
		c.null = rows
	case typeFractional:
		c.types.fractional = rows
	case typeIntegral:
		c.types.integral = rows
	case typeBoolean:
		c.types.boolean = rows
	case typeString:
		c.types.text = rows
	}
}

// numbers reads a NumberTracker: the variance in field 1 (count, sum of squares, mean), and a KLL sketch
// of floats in field 4.
func (c *column0) numbers(m message) error {
	var of moments
	err := m.each(func(f *field) error {
		switch f.number {
		case 1:
			return f.each(func(f *field) error {
				switch {
				case f.number == 2 && f.kind == protowire.Fixed64Type:
					of.m2 = f.double()
				case f.number == 3 && f.kind == protowire.Fixed64Type:
					of.mean = f.double()
				}
				return nil
			})
		case 4:
			decoded, err := parseKLL(f.data, 4)
			if err != nil {
				return fmt.Errorf("byte %d: %w", f.at, err)
			}
			of.kll = decoded
		}
		return nil
	})
	if of.kll != nil {
		c.number = &of
	}
	return err
}

// javaValue is a value as whylogs for Java printed it.
var javaValue = regexp.MustCompile(`(?s)^TypedData\(type=(\w+), booleanValue=(\w+), integralValue=(\S+), fractional=(\S+), stringValue=(.*)\)$`)

// unquote0 makes a value of an item: whylogs for Python wrote strings as JSON, whylogs for Java all
// values as TypedData(…).
func unquote0(s string) string {
	var out string
	if strings.HasPrefix(s, `"`) && json.Unmarshal([]byte(s), &out) == nil {
		return out
	}
	parts := javaValue.FindStringSubmatch(s)
	if parts == nil {
		return s
	}
	switch parts[1] {
	case "BOOLEAN":
		return parts[2]
	case "INTEGRAL":
		return parts[3]
	case "FRACTIONAL":
		return parts[4]
	case "STRING":
		return parts[5]
	}
	return s
}
