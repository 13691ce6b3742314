// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package count

import (
	"bytes"
	"math"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/detectors"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// answered is what the row at hand says of its answer.
type answered struct {
	confidence, value       float64
	hasConfidence, hasValue bool
}

// findDetectors asks for the detectors of a model, where there are any.
func (c *Counter) findDetectors(cache *modelCache) {
	if c.options.Detectors == nil || cache.model.Overflow {
		return
	}
	var room bool
	if cache.watched, room = c.options.Detectors.Model(cache.model.Key, c.registry.Reserved(cache.model.Key)); !room {
		cache.unwatched = true
	}
}

// watchRow gives the values of the row at hand to the model's detectors. A row that stands for many
// equal ones is one value: copies say nothing new.
func (c *Counter) watchRow(b *modelBinding, now answered) {
	m := b.cache.watched
	for at, spec := range m.Specs {
		var x float64
		var ok bool
		switch spec.Source() {
		case detectors.Confidence:
			x, ok = now.confidence, now.hasConfidence
		case detectors.Value:
			x, ok = now.value, now.hasValue
		case detectors.Error:
			x, ok = c.wrong(b.watched[at], now)
		case detectors.Attribute:
			x, ok = c.watchedNumber(b.watched[at], spec)
		case detectors.Duration: // is that of the span
		}
		if ok {
			c.give(m, at, x)
		}
	}
}

// watchCall gives the duration of a span to the model's detectors.
func (c *Counter) watchCall(m *detectors.Model, seconds float64) {
	for _, at := range m.OfDuration {
		c.give(m, at, seconds)
	}
}

// give notes a value for a detector, or that the detector does not take it.
func (c *Counter) give(m *detectors.Model, at int, x float64) {
	if m.Takes(at, x) {
		c.readings.Add(m, at, x, c.span.End)
		return
	}
	c.stats.Unwatched++
	c.span.Note(NoteUnwatched, "", m.Specs[at].Subject, value.FormatFloat(x))
}

// watchedNumber is the number of an attribute; a missing one is none.
func (c *Counter) watchedNumber(at int, spec *detectors.Spec) (float64, bool) {
	if at < 0 {
		return 0, false
	}
	x := c.span.At(at)
	v, ok, missing := x.Float()
	if !ok && !missing {
		c.stats.Unwatched++
		c.span.Note(NoteUnwatched, "", spec.Subject, x.Show())
	}
	return v, ok
}

// wrong is 1 where the class is not the label, 0 where it is. Without a class it is how far the value
// is from the label. ok is false where one of them is missing.
func (c *Counter) wrong(label int, now answered) (x float64, ok bool) {
	if label < 0 {
		return 0, false
	}
	right := c.span.At(label)
	if class := c.span.Field(prediction.Class); class != nil {
		a, s, ok, _ := class.AppendCategory(c.digits[:0])
		b, t, labelled, _ := right.AppendCategory(c.labelDigits[:0])
		if !ok || !labelled {
			return 0, false
		}
		if sameText(a, s, b, t) {
			return 0, true
		}
		return 1, true
	}
	v, ok, _ := right.Float()
	return math.Abs(now.value - v), ok && now.hasValue
}

// sameText compares two texts of which each is either bytes or, where they are nil, a string.
func sameText(a []byte, s string, b []byte, t string) bool {
	switch {
	case a != nil && b != nil:
		return bytes.Equal(a, b)
	case a != nil:
		return string(a) == t
	case b != nil:
		return s == string(b)
	}
	return s == t
}

// bindDetectors finds the attributes that the model's detectors need.
func (b *modelBinding) bindDetectors(m *detectors.Model, span *prediction.Span) {
	b.watched = b.watched[:0]
	if m == nil {
		return
	}
	for _, spec := range m.Specs {
		at := -1
		switch spec.Source() {
		case detectors.Attribute:
			at = b.find(spec.Subject, span)
		case detectors.Error:
			at = b.find(spec.Label, span)
		default:
		}
		b.watched = append(b.watched, at)
	}
}

// find returns the position of an attribute, which may be a feature in ml.features; -1 if it is
// absent.
func (b *modelBinding) find(key string, span *prediction.Span) int {
	if name, ok := strings.CutPrefix(key, mlconv.PrefixFeature); ok {
		for i := range b.features {
			if b.features[i].name == name {
				return b.features[i].at
			}
		}
		return -1
	}
	return span.Fields.Find(key)
}
