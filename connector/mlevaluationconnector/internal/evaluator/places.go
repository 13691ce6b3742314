// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import "time"

const (
	// unusedFor is how long a series must be silent before another one takes its place.
	unusedFor = time.Hour
	// knownBy is the number of judgements from which on a series keeps its place: an evaluator may speak
	// once a night.
	knownBy = 10
)

// full reports whether there is no room for another series. Of those that are hardly known and were
// silent for an hour the one with the fewest judgements goes.
func (t *Table) full(now time.Time) bool {
	return t.stats.Series >= t.options.MaxSeries && !t.makeRoom(now)
}

func (t *Table) makeRoom(now time.Time) bool {
	if now.Before(t.fullUntil) {
		return false
	}
	var least *series
	var remove func()
	soonest := now.Add(unusedFor)
	for key, m := range t.models {
		for sub, of := range m.subjects {
			for segment, s := range of {
				if s.judged() >= knownBy {
					continue
				}
				if s.heard.IsZero() {
					s.heard = now // it was restored
				}
				until := s.heard.Add(unusedFor)
				if now.Before(until) {
					if until.Before(soonest) {
						soonest = until
					}
					continue
				}
				if least != nil && s.judged() >= least.judged() {
					continue
				}
				least = s
				remove = func() {
					delete(of, segment)
					if len(of) == 0 {
						delete(m.subjects, sub)
					}
					if len(m.subjects) == 0 {
						delete(t.models, key)
					}
				}
			}
		}
	}
	if least == nil {
		t.fullUntil = soonest
		return false
	}
	remove()
	t.stats.Series--
	t.stats.Evicted++
	return true
}

// judged is the number of judgements.
func (s *series) judged() (n int64) {
	for _, c := range s.counts {
		n += c.N
	}
	return n
}
