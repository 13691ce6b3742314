// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"time"
	"unique"
)

// Stage is one stage of a run: its attempts, by instance, and its signs of life.
type Stage struct {
	Name string
	// Expected is the largest ml.stage.instances that a span of the stage had, 0 for none.
	Expected int32

	// arrived is when the latest attempt came, in seconds since 1970, rounded up.
	arrived uint32
	name    unique.Handle[string]
	// attempts are in the order in which they came.
	attempts []Attempt
	// side is nil until something needs it.
	side *side
}

// side is what plain stages do not have.
type side struct {
	life life
	// attempts finds attempts by instance once there are many.
	attempts *attemptIndex
	// crowded says that attempts of some instances found no place.
	crowded bool
	// spared is where the search for an instance that makes room goes on. It is not stored.
	spared int
	// begun are the named instances that inner spans and markers tell of, and of which no attempt has
	// come.
	begun map[unique.Handle[string]]struct{}
	// reported is what inner spans say of an instance.
	reported map[unique.Handle[string]]*reported
}

// plain is a stage with its first attempt, in one piece of memory: most stages have one.
type plain struct {
	Stage
	first [1]Attempt
}

func newStage(name string) *Stage {
	p := &plain{Stage: Stage{name: unique.Make(name)}}
	p.Name = p.name.Value()
	p.attempts = p.first[:0]
	return &p.Stage
}

func (s *Stage) extra() *side {
	if s.side == nil {
		s.side = &side{}
	}
	return s.side
}

// Arrived is when the latest attempt came, on the collector's clock, to the second (never earlier);
// zero if none came.
func (s *Stage) Arrived() time.Time {
	if s.arrived == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s.arrived), 0).UTC()
}

// Began is when the stage began on the collector's clock, as markers, inner spans and named
// instances tell (see Run.Began); zero if there are none.
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

// Crowded reports whether attempts of some instances found no place: which instances have come is
// then not known.
func (s *Stage) Crowded() bool { return s.side != nil && s.side.crowded }

// Ended reports whether an attempt of the stage has come.
func (s *Stage) Ended() bool { return len(s.attempts) > 0 }

// Begun is the number of named instances that are known to have begun, of which no attempt has come.
func (s *Stage) Begun() int {
	if s.side == nil {
		return 0
	}
	return len(s.side.begun)
}

// begin notes that a named instance has begun.
func (s *Stage) begin(r *Run, name string) {
	if name == "" {
		return
	}
	instance, ended := unique.Make(name), false
	if s.eachOf(instance, func(int) { ended = true }); ended {
		return
	}
	x := s.extra()
	if _, known := x.begun[instance]; known {
		return
	}
	if len(x.begun) >= r.limits.Instances {
		r.exceeded |= ExceededInstances // the span counts all the same
		return
	}
	if x.begun == nil {
		x.begun = map[unique.Handle[string]]struct{}{}
	}
	x.begun[instance] = struct{}{}
}

// end notes that an attempt of an instance has come.
func (s *Stage) end(instance unique.Handle[string]) {
	if s.side != nil {
		delete(s.side.begun, instance)
	}
}
