// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"encoding/binary"
	"hash/maphash"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/join"
	"github.com/otelcol-ml/otelcol-ml/internal/recent"
)

// key is where an answer waits.
type key struct {
	// request is a hash of what is shared, the row and the group.
	request uint64
	// place is 0 for the answer that is used, and above it that of a shadow.
	place uint32
}

type (
	side     = join.Side[key, waiting]
	sides    = join.Join[key, waiting, waiting]
	unpaired = join.Pair[key, waiting, waiting]
)

// waiting is what is kept of an answer.
type waiting struct {
	model *model
	// group is the one in which it waits.
	group *group
	// met has a bit for each shadow that an answer has met.
	met                            uint64
	segments                       []string
	class                          string
	value, score, duration, weight float64
	time                           int64
	hasValue, hasScore, failed     bool
}

// sideSize is what an answer takes in memory beside its segments, as measured: the side, its entry in
// the join, and that in the join's map.
const sideSize = 310

// stringSize is that of a string without its bytes, which are shared.
const stringSize = 16

func (e *Engine) newSide(w waiting, k key) *side {
	return &side{Key: k, Arrived: e.now, Size: sideSize + stringSize*len(w.segments), Value: w}
}

// keep returns what is compared of an answer.
func (e *Engine) keep(a *answer.Answer, m *model, g *group) waiting {
	return waiting{
		model: m, group: g, class: a.Class, value: a.Value, score: a.Score, duration: a.Duration, weight: a.Weight, time: a.Time,
		hasValue: a.HasValue, hasScore: a.HasScore, failed: a.Failed,
	}
}

// shared is a hash of what answers to one request have in common; ok is false where there is nothing.
func (e *Engine) shared(a *answer.Answer) (hash uint64, ok bool) {
	switch e.options.Shared {
	case SharedPredictionID:
		hash, ok = maphash.String(e.seed, a.PredictionID), a.PredictionID != ""
	case SharedKey:
		hash, ok = maphash.String(e.seed, a.Key), a.Key != ""
	default:
		high, low := binary.LittleEndian.Uint64(a.TraceID[8:]), binary.LittleEndian.Uint64(a.TraceID[:8])
		hash, ok = recent.Mix(high^recent.Mix(low^e.salt)), !a.TraceID.IsEmpty()
	}
	return recent.Mix(hash ^ uint64(a.Row)), ok
}

// request is what waits of a group under what is shared.
func (g *group) request(shared uint64) uint64 { return recent.Mix(shared ^ uint64(g.number)<<32) }

// sweep lets those go whose time to live is over, at most once a second.
func (e *Engine) sweep(now time.Time) {
	e.now = now
	if now.Sub(e.swept) < time.Second && !now.Before(e.swept) {
		return
	}
	e.swept = now
	for {
		expired := e.join.TakeExpired(sweepSize)
		e.left(expired, &e.stats.Expired)
		if len(expired) < sweepSize {
			return
		}
	}
}

const sweepSize = 512

// left counts answers that have gone without having met any other.
func (e *Engine) left(gone []unpaired, by *BySide) {
	for _, p := range gone {
		switch {
		case p.Right != nil:
			by.Shadow++
		case p.Left.Value.met == 0 && p.Left.Value.group.count > 0:
			by.Primary++
		}
	}
}

// names lets texts that come again and again be in memory once.
type names map[string]string

// mostNames is the number of texts from which on they are forgotten, and begun again.
const mostNames = 4096

func (n names) one(text string) string {
	if known, ok := n[text]; ok {
		return known
	}
	if len(n) >= mostNames {
		clear(n)
	}
	text, _ = boundedname.Cut(text)
	n[text] = text
	return text
}
