// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"time"
	"unique"
)

// Stage is one stage of a run: its tries, by instance, and its signs of life.
type Stage struct {
	Name string
	// Expected is the largest ml.stage.instances that a span of the stage had, 0 for none.
	Expected int32

	// arrived is when the latest try came, in seconds since 1970, rounded up.
	arrived uint32
	name    unique.Handle[string]
	// tries are in the order in which they came.
	tries []Try
	// side is nil until something needs it.
	side *side
}

// side is what plain stages do not have.
type side struct {
	life life
	// tries finds tries by instance once there are many.
	tries *tryIndex
	// crowded says that tries of some instances found no place.
	crowded bool
	// said is what inner spans say of an instance.
	said map[unique.Handle[string]]*said
}

// plain is a stage with its first try, in one piece of memory: most stages have one.
type plain struct {
	Stage
	first [1]Try
}

func newStage(name string) *Stage {
	p := &plain{Stage: Stage{name: unique.Make(name)}}
	p.Name = p.name.Value()
	p.tries = p.first[:0]
	return &p.Stage
}

func (s *Stage) extra() *side {
	if s.side == nil {
		s.side = &side{}
	}
	return s.side
}

// Arrived is when the latest try came, on the collector's clock, to the second (never earlier); zero if none came.
func (s *Stage) Arrived() time.Time {
	if s.arrived == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s.arrived), 0).UTC()
}

// Began is when the stage began on the collector's clock, as markers, inner spans and named instances tell (see Run.Began); zero if
// there are none.
func (s *Stage) Began() time.Time {
	if s.side == nil {
		return time.Time{}
	}
	return timeOf(s.side.life.began)
}

// Sign is when the latest span came that is clearly one of the stage, zero if none did.
func (s *Stage) Sign() time.Time {
	at := s.Arrived()
	if s.side != nil {
		if sign := timeOf(s.side.life.arrived); sign.After(at) {
			at = sign
		}
	}
	return at
}

// Marked reports whether a marker said that the stage is going on.
func (s *Stage) Marked() bool { return s.side != nil && s.side.life.marked }

// Crowded reports whether tries of some instances found no place: which instances have come is then not known.
func (s *Stage) Crowded() bool { return s.side != nil && s.side.crowded }

// Ended reports whether a try of the stage has come.
func (s *Stage) Ended() bool { return len(s.tries) > 0 }
