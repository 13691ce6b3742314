// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waiting

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// The body of an item is what it says, with texts and cohorts as numbers of a table, and its time as
// the distance from a base, so that those of one block are short.

// What there is of an answer.
const (
	hasClass = 1 << iota
	hasValue
	hasScore
	hasScores
	hasRanking
	hasDuration
	hasWeight
	hasFailed
)

// What there is of a label.
const (
	hasLabelClass = 1 << iota
	hasLabelValue
	hasRelevances
	hasRetracted
	hasLabelTime
	hasLabelWeight
	hasModel
)

// putText writes a text: its number, or 0 and the text itself where the table has no room.
func (t *table) putText(e *wire.Encoder, s string) {
	id := t.text(s)
	e.Uvarint(uint64(id))
	if id == 0 {
		e.String(s)
	}
}

func (t *table) takeText(d *wire.Decoder) string {
	id := d.UvarintTo(uint64(len(t.texts) - 1))
	if id == 0 {
		return d.String()
	}
	return t.texts[id]
}

// putAnswer writes an answer. It returns false where there was no room for its segments, or for all
// of its cohort.
func (t *table) putAnswer(e *wire.Encoder, a *answer.Answer, base int64) (ok bool) {
	id, ok := t.cohort(a)
	e.Uvarint(uint64(id))
	e.Varint(a.Time - base)
	e.Raw(a.TraceID[:])
	e.Raw(a.SpanID[:])
	e.Uvarint(uint64(a.Row))
	e.Byte(wire.Flag(a.Class != "", hasClass) | wire.Flag(a.HasValue, hasValue) | wire.Flag(a.HasScore, hasScore) |
		wire.Flag(len(a.Scores) > 0, hasScores) | wire.Flag(len(a.Ranking) > 0, hasRanking) |
		wire.Flag(a.Duration >= 0, hasDuration) | wire.Flag(a.Weight != 1, hasWeight) | wire.Flag(a.Failed, hasFailed))
	if a.Class != "" {
		t.putText(e, a.Class)
	}
	if a.HasValue {
		e.Float64(a.Value)
	}
	if a.HasScore {
		e.Float64(a.Score)
	}
	if len(a.Scores) > 0 {
		e.Uvarint(uint64(len(a.Scores)))
		for _, s := range a.Scores {
			t.putText(e, s.Class)
			e.Float64(s.Score)
		}
	}
	if len(a.Ranking) > 0 {
		e.Uvarint(uint64(len(a.Ranking)))
		for _, item := range a.Ranking {
			e.String(item)
		}
	}
	if a.Duration >= 0 {
		e.Float64(a.Duration)
	}
	if a.Weight != 1 {
		e.Float64(a.Weight)
	}
	return ok
}

// takeAnswer reads an answer into a, whose slices it uses again.
func (t *table) takeAnswer(d *wire.Decoder, a *answer.Answer, base int64) {
	scores, ranking := a.Scores[:0], a.Ranking[:0]
	c := &t.cohorts[d.UvarintTo(uint64(len(t.cohorts)-1))]
	*a = answer.Answer{Identity: c.Identity, Segments: c.segments, Time: base + d.Varint(), Duration: -1, Weight: 1}
	d.Raw(a.TraceID[:])
	d.Raw(a.SpanID[:])
	a.Row = int(d.UvarintTo(maxRow))
	there := d.Byte()
	if there&hasClass != 0 {
		a.Class = t.takeText(d)
	}
	if a.HasValue = there&hasValue != 0; a.HasValue {
		a.Value = d.Float64()
	}
	if a.HasScore = there&hasScore != 0; a.HasScore {
		a.Score = d.Float64()
	}
	if there&hasScores != 0 {
		for range d.Count(9) {
			scores = append(scores, answer.ClassScore{Class: t.takeText(d), Score: d.Float64()})
		}
	}
	if there&hasRanking != 0 {
		for range d.Count(1) {
			ranking = append(ranking, d.String())
		}
	}
	if there&hasDuration != 0 {
		a.Duration = d.Float64()
	}
	if there&hasWeight != 0 {
		a.Weight = d.Float64()
	}
	a.Failed = there&hasFailed != 0
	a.Scores, a.Ranking = scores, ranking
}

// maxRow is the last row of a batch.
const maxRow = 1<<31 - 1

// putLabel writes a label. What says whose it is, is the item's hash.
func (t *table) putLabel(e *wire.Encoder, l *label.Label, base int64) {
	e.Byte(wire.Flag(l.Class != "", hasLabelClass) | wire.Flag(l.HasValue, hasLabelValue) |
		wire.Flag(l.Relevances != nil, hasRelevances) | wire.Flag(l.Retracted, hasRetracted) |
		wire.Flag(!l.Time.IsZero(), hasLabelTime) | wire.Flag(l.Weight != 1, hasLabelWeight) |
		wire.Flag(l.Model != "" || l.Environment != "", hasModel))
	t.putText(e, l.Set)
	t.putText(e, l.Source)
	if l.Model != "" || l.Environment != "" {
		t.putText(e, l.Model)
		t.putText(e, l.Environment)
	}
	if !l.Time.IsZero() {
		e.Varint(l.Time.UnixNano() - base)
	}
	if l.Class != "" {
		t.putText(e, l.Class)
	}
	if l.HasValue {
		e.Float64(l.Value)
	}
	if l.Relevances != nil {
		e.Uvarint(uint64(len(l.Relevances)))
		for _, r := range l.Relevances {
			e.String(r.Item)
			e.Float64(r.Gain)
		}
	}
	if l.Weight != 1 {
		e.Float64(l.Weight)
	}
}

func (t *table) takeLabel(d *wire.Decoder, l *label.Label, base int64) {
	there := d.Byte()
	*l = label.Label{Weight: 1, Set: t.takeText(d), Source: t.takeText(d), Retracted: there&hasRetracted != 0}
	if there&hasModel != 0 {
		l.Model, l.Environment = t.takeText(d), t.takeText(d)
	}
	if there&hasLabelTime != 0 {
		l.Time = time.Unix(0, base+d.Varint())
	}
	if there&hasLabelClass != 0 {
		l.Class = t.takeText(d)
	}
	if l.HasValue = there&hasLabelValue != 0; l.HasValue {
		l.Value = d.Float64()
	}
	if there&hasRelevances != 0 {
		n := d.Count(9)
		l.Relevances = make([]label.Relevance, 0, n)
		for range n {
			l.Relevances = append(l.Relevances, label.Relevance{Item: d.String(), Gain: d.Float64()})
		}
	}
	if there&hasLabelWeight != 0 {
		l.Weight = d.Float64()
	}
}
