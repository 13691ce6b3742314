// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package intake sorts labels: those that are passed on, those that were passed on before, and those
// that come too late.
//
//	labels ──► Sort ──► Sorted.Labels ──► pipeline ──► Taken
//
// A label is known again by all that it says. One that does not say when the truth was known is
// never a duplicate: fraud, then ok, then fraud again are three labels. Labels are remembered when
// the pipeline has taken them, so that what was refused can be sent again.
package intake

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/recent"
)

// Intake sorts labels. It is safe for concurrent use.
type Intake struct {
	seen *recent.Set // nil remembers none
	seed maphash.Seed
	late time.Duration
}

// New returns an Intake that remembers at most so many labels, and the last half of them at least;
// 0 remembers none. A label is late when its prediction, or the truth where the prediction's time is
// not known, is older than late; 0 takes any.
func New(remembered int, late time.Duration) *Intake {
	i := &Intake{seed: maphash.MakeSeed(), late: late}
	if remembered > 0 {
		i.seen = recent.NewSet(remembered)
	}
	return i
}

// Sorted are labels, sorted.
type Sorted struct {
	// Labels are those to pass on. All have a time.
	Labels []label.Label
	// Duplicate and Late are the numbers of those that are not passed on.
	Duplicate, Late int

	fingerprints []uint64
}

// Sort sorts labels, in place. A label without a time is of now.
func (i *Intake) Sort(labels []label.Label, now time.Time) *Sorted {
	s := &Sorted{Labels: labels[:0]}
	batch := map[uint64]struct{}{}
	for _, l := range labels {
		if i.isLate(&l, now) {
			s.Late++
			continue
		}
		if l.Time.IsZero() {
			l.Time = now
		} else if i.seen != nil {
			f := i.fingerprint(&l)
			if _, twice := batch[f]; twice || i.seen.Has(f) {
				s.Duplicate++
				continue
			}
			batch[f] = struct{}{}
			s.fingerprints = append(s.fingerprints, f)
		}
		s.Labels = append(s.Labels, l)
	}
	return s
}

// Taken remembers labels that the pipeline has taken.
func (i *Intake) Taken(s *Sorted) {
	for _, f := range s.fingerprints {
		i.seen.Add(f)
	}
}

func (i *Intake) isLate(l *label.Label, now time.Time) bool {
	at := l.PredictionTime
	if at.IsZero() {
		at = l.Time
	}
	return i.late > 0 && !at.IsZero() && now.Sub(at) > i.late
}

// fingerprint is that of all that a label says, not 0.
func (i *Intake) fingerprint(l *label.Label) uint64 {
	var h maphash.Hash
	h.SetSeed(i.seed)
	var b [8]byte
	number := func(v uint64) {
		binary.LittleEndian.PutUint64(b[:], v)
		_, _ = h.Write(b[:])
	}
	text := func(s string) {
		number(uint64(len(s)))
		_, _ = h.WriteString(s)
	}
	for _, s := range [...]string{l.Model, l.Environment, l.PredictionID, l.Key, l.Class, l.Source, l.Set} {
		text(s)
	}
	_, _ = h.Write(l.TraceID[:])
	_, _ = h.Write(l.SpanID[:])
	for _, is := range [...]bool{l.Retracted, l.HasValue} {
		if is {
			_ = h.WriteByte(1)
		} else {
			_ = h.WriteByte(0)
		}
	}
	number(uint64(l.Row))
	number(math.Float64bits(l.Value))
	number(math.Float64bits(l.Weight))
	number(uint64(l.Time.UnixNano()))
	number(uint64(len(l.Relevances)))
	for _, r := range l.Relevances {
		text(r.Item)
		number(math.Float64bits(r.Gain))
	}
	return max(h.Sum64(), 1)
}
