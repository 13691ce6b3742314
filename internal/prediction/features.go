// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// readFeatures decodes ml.features, whose value is x, behind the span's own values.
func (r *Reader) readFeatures(x Field) *Names {
	r.names = r.names[:0]
	switch {
	case x.Kind == Object:
		for k, v := range x.raw.Map().All() {
			r.nextFeature(k).set(v)
		}
	case x.Kind == Scalar && x.Value.Kind() == value.Text:
		if !r.scanFeatures(x.Text()) {
			r.span.Flaw(FlawText, "", mlconv.AttrFeatures, &x)
			r.span.Unknown = true
			return nil
		}
	case x.Kind == Empty:
		return nil
	default:
		// What cannot be read may have held any feature: none is missing for certain.
		r.span.Flaw(FlawType, "", mlconv.AttrFeatures, &x)
		r.span.Unknown = true
		return nil
	}
	return r.sets.names(r.names)
}

// nextFeature returns the field of the next feature in ml.features.
func (r *Reader) nextFeature(name string) *Field {
	s := &r.span
	if len(r.names) >= r.options.MaxFeatures {
		r.Stats.UnreadFeatures++
		s.Note(NoteFeatures, "", mlconv.AttrFeatures, name)
		s.Unknown = true
		return &r.beyond
	}
	name, _ = boundedname.Cut(name)
	r.names = append(r.names, name)
	at := s.Fields.size() + len(r.names) - 1
	if at >= len(s.values) {
		s.values = append(s.values, Field{})
	}
	return &s.values[at]
}

// scanFeatures reads an object as JSON, and returns false for anything else.
func (r *Reader) scanFeatures(text string) bool {
	p := jsonscan.New(text)
	if !p.Take('{') {
		return false
	}
	if p.Take('}') {
		return p.End() == nil
	}
	for {
		key, err := p.Key()
		if err != nil || r.nextFeature(key).scan(&p) != nil {
			return false
		}
		if p.Take('}') {
			return p.End() == nil
		}
		if !p.Take(',') {
			return false
		}
	}
}

// scan reads any JSON value. An array of plain values becomes a JSONList of its elements' text. An
// object and a deeper array are passed over and Unusable.
func (x *Field) scan(p *jsonscan.Scanner) error {
	switch p.Peek() {
	case '{':
		x.Kind = Unusable
		return p.Skip()
	case '[':
		return x.scanArray(p)
	}
	v, err := p.Scalar()
	x.Kind, x.Value = Scalar, v
	if v.Kind() == value.Missing || v.Kind() == value.Text && v.Text() == "" {
		x.Kind = Empty
	}
	return err
}

func (x *Field) scanArray(p *jsonscan.Scanner) error {
	start := p.Offset() + 1
	count, flat := 0, true
	err := p.Array(func(int) error {
		count++
		if c := p.Peek(); c == '[' || c == '{' {
			flat = false
			return p.Skip()
		}
		_, err := p.Scalar()
		return err
	})
	if err != nil {
		x.Kind = Unusable
		return err
	}
	elements := p.From(start)
	x.Kind, x.Value, x.count = JSONList, value.NewText(elements[:len(elements)-1]), count
	if !flat {
		x.Kind = Unusable
	}
	return nil
}
