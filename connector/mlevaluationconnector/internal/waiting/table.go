// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waiting

import (
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// table has what many items have in common, so that an item holds small numbers in its place: texts,
// and cohorts. Number 0 is what has found no room.
type table struct {
	limit     int
	texts     []string // the first is empty
	textIDs   map[string]uint32
	cohorts   []cohort // the first is empty
	cohortIDs map[string]uint32
	key       []byte
}

// cohort is whose answer it is.
type cohort struct {
	prediction.Identity

	segments []string
}

func newTable(limit int) *table {
	return &table{
		limit: limit,
		texts: []string{""}, textIDs: map[string]uint32{},
		cohorts: []cohort{{}}, cohortIDs: map[string]uint32{},
	}
}

// text returns the number of a text, 0 where there is no room for a new one.
func (t *table) text(s string) uint32 {
	if id, ok := t.textIDs[s]; ok {
		return id
	}
	if len(t.texts) > t.limit {
		return 0
	}
	id := uint32(len(t.texts))
	t.texts = append(t.texts, s)
	t.textIDs[s] = id
	return id
}

// cohort returns the number of the cohort of an answer. Where there is no room for a new one it is
// that of the model without segments, or 0 where there is none for that either.
func (t *table) cohort(a *answer.Answer) (id uint32, segmented bool) {
	if id = t.enter(a.Identity, a.Segments); id != 0 {
		return id, true
	}
	return t.enter(a.Identity, nil), false
}

func (t *table) enter(of prediction.Identity, segments []string) uint32 {
	k := t.key[:0]
	for _, s := range [...]string{of.Name, of.Version, of.Role, of.Environment} {
		k = append(append(k, s...), 0)
	}
	for _, s := range segments {
		k = append(append(k, s...), 0)
	}
	t.key = k
	if id, ok := t.cohortIDs[string(k)]; ok {
		return id
	}
	if len(t.cohorts) > t.limit {
		return 0
	}
	id := uint32(len(t.cohorts))
	t.cohorts = append(t.cohorts, cohort{of, append([]string(nil), segments...)})
	t.cohortIDs[string(k)] = id
	return id
}

// encode writes the table before the items of a record.
func (t *table) encode(e *wire.Encoder) {
	e.Uvarint(uint64(len(t.texts) - 1))
	for _, s := range t.texts[1:] {
		e.String(s)
	}
	e.Uvarint(uint64(len(t.cohorts) - 1))
	for _, c := range t.cohorts[1:] {
		for _, s := range [...]string{c.Name, c.Version, c.Role, c.Environment} {
			e.Text(s)
		}
		e.Uvarint(uint64(len(c.segments)))
		for _, s := range c.segments {
			e.Text(s)
		}
	}
}

// decodeTable reads what encode wrote; the Decoder has what is wrong with it.
func decodeTable(d *wire.Decoder) *table {
	t := newTable(0)
	for range d.Count(1) {
		t.texts = append(t.texts, d.String())
	}
	for range d.Count(5) {
		var c cohort
		for _, s := range [...]*string{&c.Name, &c.Version, &c.Role, &c.Environment} {
			*s = d.Text()
		}
		for range d.Count(1) {
			c.segments = append(c.segments, d.Text())
		}
		t.cohorts = append(t.cohorts, c)
	}
	return t
}
