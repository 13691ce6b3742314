// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waiting

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
)

// Keys say by what a label finds its answer.
type Keys struct {
	// PredictionID is ml.prediction.id, or gen_ai.response.id; Key the business' own; Span the ids of
	// trace and span; Trace that of the trace alone, of which only one span predicts.
	PredictionID, Key, Span, Trace bool
}

// kind is what an item is.
type kind byte

const (
	kindAnswer kind = 1 + iota
	kindLabel
)

// The kinds of keys, as they are hashed.
const (
	byPredictionID byte = 1 + iota
	byKey
	bySpan
	byTrace
)

// maxKeys is how many keys an item has at most.
const maxKeys = 5

// Item is an answer or a label with the hashes of its keys.
type Item struct {
	Answer *answer.Answer
	Label  *label.Label

	keys [maxKeys]uint64
	n    int
}

// Keyed reports whether there is a key by which the item can be found.
func (i *Item) Keyed() bool { return i.n > 0 }

func (i *Item) add(kind byte, row int, id ...[]byte) {
	i.keys[i.n] = hash(kind, row, id...)
	i.n++
}

// hash is that of a key and a row. Two of a hundred million keys are the same by chance in one of
// 3,700 cases.
func hash(kind byte, row int, id ...[]byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	var head [9]byte
	head[0] = kind
	binary.LittleEndian.PutUint64(head[1:], uint64(row))
	_, _ = d.Write(head[:])
	for _, b := range id {
		_, _ = d.Write(b)
	}
	return d.Sum64()
}

// NewAnswer returns an item of an answer.
func (k Keys) NewAnswer(a *answer.Answer) Item {
	i := Item{Answer: a}
	if k.PredictionID && a.PredictionID != "" {
		i.add(byPredictionID, a.Row, []byte(a.PredictionID))
	}
	if k.PredictionID && a.ResponseID != "" {
		i.add(byPredictionID, a.Row, []byte(a.ResponseID))
	}
	if k.Key && a.Key != "" {
		i.add(byKey, a.Row, []byte(a.Key))
	}
	if k.Span && !a.SpanID.IsEmpty() {
		i.add(bySpan, a.Row, a.TraceID[:], a.SpanID[:])
	}
	if k.Trace && !a.TraceID.IsEmpty() {
		i.add(byTrace, a.Row, a.TraceID[:])
	}
	return i
}

// NewLabel returns an item of a label. It is not Keyed where it names its prediction by none of the
// keys.
func (k Keys) NewLabel(l *label.Label) Item {
	i := Item{Label: l}
	switch {
	case l.PredictionID != "":
		if k.PredictionID {
			i.add(byPredictionID, l.Row, []byte(l.PredictionID))
		}
	case l.Key != "":
		if k.Key {
			i.add(byKey, l.Row, []byte(l.Key))
		}
	case !l.SpanID.IsEmpty():
		if k.Span {
			i.add(bySpan, l.Row, l.TraceID[:], l.SpanID[:])
		}
	case k.Trace && !l.TraceID.IsEmpty():
		i.add(byTrace, l.Row, l.TraceID[:])
	}
	return i
}

// Sampled reports whether the item is among the share p of all, which follows from its first key: so
// a label by the prediction's id has the answer of its prediction. A label by another key is always
// among them, as its answer may have an id.
func (i *Item) Sampled(p float64) bool {
	if p >= 1 || i.n == 0 || i.Label != nil && i.Label.PredictionID == "" {
		return true
	}
	return float64(i.keys[0]>>11)/(1<<53) < p
}
