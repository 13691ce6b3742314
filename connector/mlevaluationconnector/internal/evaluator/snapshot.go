// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"cmp"
	"errors"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

var format = wire.Format{Magic: "mlevtr", Version: 1}

// Snapshot is all that the table has counted.
func (t *Table) Snapshot() []byte {
	e := format.NewEncoder(64 + 300*t.stats.Series)
	e.String(t.options.Panes.Window.String())
	e.Varint(t.stats.Overflowed)
	e.Uvarint(uint64(len(t.models)))
	for _, key := range sortedKeys(t.models, modelKey.compare) {
		m := t.models[key]
		e.Text(key.name)
		e.Text(key.environment)
		m.clock.Encode(e)
		e.Uvarint(uint64(len(m.subjects)))
		for _, sub := range sortedKeys(m.subjects, subjectKey.compare) {
			m.subjects[sub].encode(e, sub)
		}
	}
	return e.Seal()
}

func (of subject) encode(e *wire.Encoder, key subjectKey) {
	for _, s := range [...]string{key.evaluator, key.kind, key.version, key.role} {
		e.Text(s)
	}
	e.Uvarint(uint64(len(of)))
	for _, segment := range sortedKeys(of, cmp.Compare[string]) {
		e.Text(segment)
		of[segment].encode(e)
	}
}

func (s *series) encode(e *wire.Encoder) {
	e.Varint(s.since)
	s.panes.Encode(e, func(e *wire.Encoder, p *scores) {
		p.Encode(e)
		e.Bool(p.given)
	})
	e.Uvarint(uint64(len(s.counts)))
	for _, c := range s.counts {
		e.Text(c.Label)
		e.Text(c.ErrorType)
		e.Bool(c.Other)
		e.Varint(c.N)
	}
}

// ErrOtherWindow is the error of a snapshot whose panes are those of another window.
var ErrOtherWindow = errors.New("it is of another window")

// Restore makes an empty table what Snapshot wrote. Of more series than there is room for, those
// that come first are kept. The error is wire.ErrCorrupt, wire.ErrFormat or ErrOtherWindow, and the
// table stays empty.
func (t *Table) Restore(record []byte) error {
	d, err := format.Open(record)
	if err != nil {
		return err
	}
	if window := d.String(); d.Err() == nil && window != t.options.Panes.Window.String() {
		return ErrOtherWindow
	}
	again := NewTable(t.options)
	again.stats.Overflowed = max(d.Varint(), 0)
	for range d.Count(8) {
		key := modelKey{d.Text(), d.Text()}
		m := &model{clock: pane.NewClock(t.options.Panes), subjects: make(map[subjectKey]subject)}
		m.clock.Decode(d)
		for range d.Count(6) {
			sub := subjectKey{d.Text(), d.Text(), d.Text(), d.Text()}
			if m.subjects[sub] != nil {
				d.Fail()
			}
			if of := again.decodeSubject(d, m); len(of) > 0 {
				m.subjects[sub] = of
			}
		}
		if again.models[key] != nil {
			d.Fail()
		}
		again.models[key] = m
	}
	if err := d.End(); err != nil {
		return err
	}
	*t = *again
	return nil
}

func (t *Table) decodeSubject(d *wire.Decoder, m *model) subject {
	of := make(subject)
	for range d.Count(4) {
		segment := d.Text()
		s := t.newSeries(m.clock, d.Nanos())
		s.panes.Decode(d, func(d *wire.Decoder, p *scores) { *p = scores{*evaluation.DecodeMean(d), d.Bool()} })
		s.decodeCounts(d, t.options.MaxCounts)
		if _, twice := of[segment]; twice {
			d.Fail()
		}
		if d.Err() == nil && t.stats.Series < t.options.MaxSeries {
			of[segment] = s
			t.stats.Series++
		}
	}
	return of
}

// decodeCounts puts those together for which there is no room any more.
func (s *series) decodeCounts(d *wire.Decoder, most int) {
	var other int64
	for range d.Count(4) {
		c := Count{Label: d.Text(), ErrorType: d.Text(), Other: d.Bool(), N: max(d.Varint(), 0)}
		if c.Other || len(s.counts) >= most {
			other += c.N
			continue
		}
		s.counts = append(s.counts, c)
	}
	if other > 0 {
		s.counts = append(s.counts, Count{Other: true, N: other})
	}
}
