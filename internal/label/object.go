// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
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

// Line reads a line of JSON lines: one JSON object, and nothing behind it. The error is an *Error.
func (p *Parser) Line(line string) (Label, error) {
	s := jsonscan.New(line)
	l, err := p.Object(&s)
	if err == nil && s.End() != nil {
		return Label{}, &Error{Reason: BadJSON, Offset: s.Offset(), Message: "more than one JSON value on the line"}
	}
	return l, err
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
		o.draft.null = o.draft.null || f == fieldLabel // a class or a value that is null is as good as absent
		return o.draft.give(f, name)
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

// readRelevances reads an object of items and their gains, or a list of the items that were right.
func (o *object) readRelevances(name string, gains bool) (*Error, error) {
	r, s := o.draft.relevances(name), o.scanner
	var err error
	if gains {
		err = s.Object(func(item string) error {
			gain, err := cellOfNext(s)
			r.add(item, gain)
			return err
		})
	} else {
		err = s.Array(func(int) error {
			item, err := cellOfNext(s)
			r.addRight(item)
			return err
		})
	}
	return o.draft.judge(r), err
}

// cellOfNext reads the value that is next. A list or an object is as bytes are: neither a text nor a
// number.
func cellOfNext(s *jsonscan.Scanner) (table.Cell, error) {
	if c := s.Peek(); c == '{' || c == '[' {
		return table.Cell{Kind: table.Bytes}, s.Skip()
	}
	v, err := s.Scalar()
	return cellOf(v), err
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
