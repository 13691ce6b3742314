// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package detectors gives the values of each model to change detectors, in the order in which they
// arrive.
//
// A Set is shared by all shards. A shard asks it once for the detectors of a model (Model), collects
// the readings of a request (Batch) and gives them to the detectors together, so that the rows of a
// request stay together and a model is locked once for many.
package detectors

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/stream"
)

// Idle is how long a model must have had no values before its detectors are given up for those of
// another one.
const Idle = time.Hour

// Source is where a detector's values come from.
type Source uint8

// The sources.
const (
	// Attribute is the number of an attribute.
	Attribute Source = iota
	// Confidence is the score of the answer given, Value a regressor's answer.
	Confidence
	Value
	// Error is 1 where the class is not the label, 0 where it is; without a class, how far the value
	// is from the label.
	Error
	// Duration is that of the span, in seconds.
	Duration
)

// subjects are the words for sources that are no attribute.
var subjects = map[string]Source{"confidence": Confidence, "value": Value, "error": Error, "duration": Duration}

// SourceOf returns what a subject means: a word, or the key of an attribute.
func SourceOf(subject string) Source { return subjects[subject] }

// Spec is a detector that each model and version has.
type Spec struct {
	// Name tells the detectors of one subject apart; Type is the name of stream.New.
	Name, Type string
	// Subject is what is watched.
	Subject string
	// Label is the key of the attribute with the right answer, of an Error.
	Label      string
	Parameters map[string]float64
	// Models are the names of the models that have it; all where there are none.
	Models []string

	source Source
}

// Source is where the values come from.
func (s *Spec) Source() Source { return s.source }

// Set are the detectors of all models. It is safe for concurrent use.
type Set struct {
	specs []*Spec
	limit int

	mu     sync.Mutex
	models map[prediction.Identity]*Model
	// alive are all detectors, reserved those of models that have a place of their own.
	alive, reserved int
	// turnedAway is true where there was no room for a model's detectors.
	turnedAway bool
}

// NewSet returns a set of at most limit detectors, each for one model, beside those of models that have
// a place of their own. The error is of a spec of which stream.New makes no detector.
func NewSet(specs []Spec, limit int) (*Set, error) {
	s := &Set{limit: limit, models: make(map[prediction.Identity]*Model)}
	for i := range specs {
		if _, err := stream.New(specs[i].Type, specs[i].Parameters); err != nil {
			return nil, fmt.Errorf("detector %d: %w", i, err)
		}
		specs[i].source = SourceOf(specs[i].Subject)
		s.specs = append(s.specs, &specs[i])
	}
	return s, nil
}

// Attributes are the keys of attributes that detectors need.
func (s *Set) Attributes() (keys []string) {
	for _, spec := range s.specs {
		switch spec.source {
		case Attribute:
			keys = append(keys, spec.Subject)
		case Error:
			keys = append(keys, spec.Label)
		}
	}
	return keys
}

// Model returns the detectors of a model, which begin where it had none; nil and true where it is to
// have none, nil and false where there is no room. One that is reserved always has room.
func (s *Set) Model(id prediction.Identity, reserved bool) (m *Model, room bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.models[id]; m != nil {
		return m, true
	}
	var specs []*Spec
	for _, spec := range s.specs {
		if len(spec.Models) == 0 || slices.Contains(spec.Models, id.Name) {
			specs = append(specs, spec)
		}
	}
	if len(specs) == 0 {
		return nil, true
	}
	if !reserved && s.alive-s.reserved+len(specs) > s.limit {
		s.turnedAway = true
		return nil, false
	}
	id = prediction.Identity{
		Name: strings.Clone(id.Name), Version: strings.Clone(id.Version),
		Role: strings.Clone(id.Role), Environment: strings.Clone(id.Environment),
	}
	m = &Model{identity: id, Specs: specs, reserved: reserved, start: pcommon.NewTimestampFromTime(time.Now())}
	for _, spec := range specs {
		d, err := stream.New(spec.Type, spec.Parameters)
		if err != nil {
			panic("BUG: NewSet has made this detector: " + err.Error())
		}
		if spec.source == Duration {
			m.OfDuration = append(m.OfDuration, len(m.detectors))
		}
		m.detectors = append(m.detectors, detector{Detector: d})
	}
	s.models[id] = m
	s.alive += len(specs)
	if reserved {
		s.reserved += len(specs)
	}
	return m, true
}

// remove gives up the detectors of a model.
func (s *Set) remove(id prediction.Identity, m *Model) {
	delete(s.models, id)
	s.alive -= len(m.Specs)
	if m.reserved {
		s.reserved -= len(m.Specs)
	}
}

// Drop gives up the detectors of models that have lost their places.
func (s *Set) Drop(models []prediction.Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range models {
		if m := s.models[id]; m != nil {
			s.remove(id, m)
			s.turnedAway = false
		}
	}
}

// Alive is the number of detectors.
func (s *Set) Alive() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alive
}

// MakeRoom gives up the detectors of models that have had no values for an hour, where others were
// turned away, but for those that are reserved. It returns how many models they were of: if any, who
// was turned away may ask again, and who keeps a Model must ask again.
func (s *Set) MakeRoom(now time.Time) (given int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, m := range s.models {
		if idle := m.idleSince(now); s.turnedAway && !m.reserved && now.Sub(idle) > Idle {
			s.remove(id, m)
			given++
		}
	}
	if given > 0 {
		s.turnedAway = false
	}
	return given
}

// Model has the detectors of a model.
type Model struct {
	// Specs are what is watched, by the place of the detector.
	Specs []*Spec
	// OfDuration are the places of those that watch durations.
	OfDuration []int

	identity prediction.Identity
	reserved bool
	// start is since when changes are counted.
	start pcommon.Timestamp

	mu        sync.Mutex // guards what follows; of a detector Takes needs no lock
	detectors []detector
	values    uint64
	// seen is what values was when MakeRoom looked at it last, used the time at which it was new.
	seen uint64
	used time.Time
}

// detector is one with what it has seen.
type detector struct {
	*stream.Detector

	changes int64
	// last is the event time of the last change.
	last pcommon.Timestamp
}

// Takes is false for a value that a detector does not take.
func (m *Model) Takes(at int, x float64) bool { return m.detectors[at].Takes(x) }

func (m *Model) idleSince(now time.Time) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values != m.seen || m.used.IsZero() {
		m.seen, m.used = m.values, now
	}
	return m.used
}
