// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"cmp"
	"errors"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// Object reads the JSON object that is next. The error is an *Error. Where its reason is BadJSON the
// text cannot be read on; else the scanner stands behind the object. A label that is null is
// retracted.
func (p *Parser) Object(s *jsonscan.Scanner) (Label, error) {
	if s.Peek() != '{' {
		return Label{}, &Error{Reason: BadJSON, Offset: s.Offset(), Message: "not a JSON object"}
	}
	from := s.Offset()
	o := object{parser: p, scanner: s, draft: p.newDraft()}
	if err := o.read(""); err != nil {
		return Label{}, &Error{Reason: BadJSON, Offset: s.Offset(), Message: err.Error()}
	}
	if o.wrong != nil {
		return Label{}, o.wrong
	}
	l, wrong := p.finish(&o.draft)
	if wrong != nil {
		wrong.Offset = from
		return Label{}, wrong
	}
	return l, nil
}

// object is a JSON object that is read.
type object struct {
	parser  *Parser
	scanner *jsonscan.Scanner
	draft   draft
	// wrong is the first field that is.
	wrong *Error
}

// read reads the members of the object that is next; path is that of the object, with a dot at its
// end.
func (o *object) read(path string) error {
	return o.scanner.Object(func(key string) error {
		name, s := path+key, o.scanner
		c := s.Peek()
		from := s.Offset()
		f := o.parser.field(name)
		switch {
		case f == fieldRelevance && (c == '{' || c == '['):
			wrong, err := o.readRelevances(name, c == '{')
			o.fail(wrong, from)
			return err
		case c == '{' && len(name) < maxPath:
			return o.read(name + ".")
		case f == unread:
			o.parser.leaveOut(name)
			return s.Skip()
		case f == fieldFormat:
			return s.Skip()
		case c == '[' || c == '{':
			o.fail(badLabel(name, "is neither a text nor a number"), from)
			return s.Skip()
		}
		v, err := s.Scalar()
		if err != nil {
			return err
		}
		o.fail(o.set(f, name, v, s.From(from)), from)
		return nil
	})
}

func (o *object) fail(wrong *Error, offset int) {
	if wrong != nil && o.wrong == nil {
		wrong.Offset = offset
		o.wrong = wrong
	}
}

func (o *object) set(f field, name string, v value.Value, written string) *Error {
	labels := f == fieldLabel || f == fieldClass || f == fieldValue || f == fieldRelevance
	switch {
	case v.Kind() == value.Missing && written != "null":
		return badLabel(name, "%s is no finite number", quote(written))
	case v.Kind() == value.Missing && labels:
		if given := o.draft.names[f]; given != "" {
			return badLabel(name, "was given before, as %s", quote(given))
		}
		o.draft.names[f] = name
		if f == fieldLabel { // a class or a value that is null is as good as absent
			o.draft.null = true
		}
		return nil
	case v.Kind() == value.Text && v.Text() == "" && labels:
		return badLabel(name, "is empty; null retracts a label")
	}
	if f != fieldPredictionID && f != fieldKey || v.Kind() == value.Text {
		written = ""
	}
	return o.draft.set(f, name, cellOf(v), written)
}

// maxPath is the longest path of an object that is read, in bytes.
const maxPath = 256

var errTooMany = errors.New("too many")

// readRelevances reads an object of items and their gains, or a list of the items that were right.
func (o *object) readRelevances(name string, gains bool) (*Error, error) {
	if given := o.draft.names[fieldRelevance]; given != "" {
		return badLabel(name, "was given before, as %s", quote(given)), o.scanner.Skip()
	}
	o.draft.names[fieldRelevance] = name
	s, start := o.scanner, *o.scanner
	all := []Relevance{}
	var wrong *Error
	add := func(item string, gain float64, ok bool) error {
		switch {
		case len(all) == MaxRelevances:
			wrong = badLabel(name, "has more than %d items", MaxRelevances)
			return errTooMany
		case !ok || gain-gain != 0 || gain < 0:
			wrong = badLabel(name, "the gain of %s is no finite number from 0 on", quote(item))
		default:
			wrong = cmp.Or(wrong, checkItem(name, item))
		}
		all = append(all, Relevance{Item: item, Gain: gain})
		return nil
	}
	scalar := func(then func(value.Value) error) error {
		if c := s.Peek(); c == '{' || c == '[' {
			wrong = badLabel(name, "holds a list or an object")
			return s.Skip()
		}
		v, err := s.Scalar()
		if err != nil {
			return err
		}
		return then(v)
	}
	var err error
	if gains {
		err = s.Object(func(item string) error {
			return scalar(func(v value.Value) error {
				gain, ok := v.Number()
				return add(item, gain, ok)
			})
		})
	} else {
		err = s.Array(func(int) error {
			return scalar(func(v value.Value) error { return add(v.Category(), 1, true) })
		})
	}
	if errors.Is(err, errTooMany) {
		*s = start
		err = s.Skip()
	}
	if wrong == nil {
		o.draft.label.Relevances = all
	}
	return wrong, err
}

func checkItem(name, item string) *Error {
	switch {
	case item == "" || len(item) > MaxText:
		return badLabel(name, "an item has %d bytes, from 1 to %d", len(item), MaxText)
	case !utf8.ValidString(item):
		return badLabel(name, "%s is not UTF-8", quote(item))
	}
	return nil
}

func cellOf(v value.Value) table.Cell {
	switch v.Kind() {
	case value.Int:
		return table.Cell{Kind: table.Integer, Int: v.Int()}
	case value.Float:
		f, _ := v.Number()
		return table.Cell{Kind: table.Number, Float: f}
	case value.Bool:
		c := table.Cell{Kind: table.Bool}
		if v.Bool() {
			c.Int = 1
		}
		return c
	case value.Text:
		if v.Text() == "" {
			return table.Cell{}
		}
		return table.Cell{Kind: table.String, Text: v.Text()}
	default:
		return table.Cell{}
	}
}
