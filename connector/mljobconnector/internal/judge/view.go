// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"math"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// view is a run as it is judged: its stages, and those that are expected, in the order of the run.
type view struct {
	run     *run.Run
	expect  Expect
	history *History
	stages  []*stage
	byName  map[string]*stage
	spare   []stage // memory for further stages
	// known says that it is known which stages to expect, by the card or by history.
	known bool
	// root is the run's own span, nil if it has not come or speaks of a former attempt of the run.
	root *run.Root
}

func newView(r *run.Run, e Expect) *view {
	v := &view{run: r, expect: e, history: e.history(), byName: make(map[string]*stage, len(r.Stages)), spare: make([]stage, len(r.Stages))}
	v.stages = make([]*stage, 0, len(r.Stages))
	for _, s := range r.Stages {
		v.stage(s.Name).seen = s
	}
	v.expectStages()
	ranks := v.history.ranks()
	for _, s := range v.stages {
		s.rank = math.NaN()
		if rank, ok := ranks[s.name]; ok {
			s.rank = rank
		}
		s.sum()
		if e.Partial {
			s.missing = 0
		}
	}
	v.root = v.currentRoot()
	if root := v.root; root != nil && root.Explicit && root.Outcome == run.Success {
		for _, s := range v.stages {
			s.spare()
		}
	}
	if v.root != nil && v.root.Outcome.Bad() {
		alone := !slices.ContainsFunc(v.stages, func(s *stage) bool { return len(s.failed) > 0 })
		for _, s := range v.stages {
			s.cutOff(v.root, alone)
		}
	}
	v.sort()
	return v
}

func (v *view) stage(name string) *stage {
	s := v.byName[name]
	if s == nil {
		if len(v.spare) == 0 {
			v.spare = make([]stage, 8)
		}
		s, v.spare = &v.spare[0], v.spare[1:]
		s.name = name
		v.byName[name] = s
		v.stages = append(v.stages, s)
	}
	return s
}

// expectStages finds out which stages the run must have: those of the card that are not optional,
// else those that ran in every good run. What is missing if it does not come is another question: see
// missing.
func (v *view) expectStages() {
	if card := v.expect.Card; card != nil && card.Stages != nil {
		v.known = true
		for i := range card.Stages {
			c := &card.Stages[i]
			s := v.byName[c.Name]
			if s == nil && !c.Optional {
				s = v.stage(c.Name)
			}
			if s != nil {
				s.card, s.expected = c, !c.Optional
			}
		}
	} else {
		known := v.history.prepare(max(v.expect.Runs, 1), max(v.expect.MinRuns, 1))
		v.known = known.expected != nil
		for _, name := range known.expected {
			v.stage(name).expected = true
		}
		for i := range known.absences {
			v.stage(known.absences[i].stage).absence = &known.absences[i]
		}
	}
	if v.run.Crowded() || v.expect.Partial { // nobody knows whether they came
		for _, s := range v.stages {
			s.done = s.done || s.seen == nil
		}
	}
	if v.expect.Resumed == nil {
		return
	}
	before := newView(v.expect.Resumed, Expect{Options: v.expect.Options, Card: v.expect.Card})
	for _, s := range before.stages {
		if own := v.byName[s.name]; own != nil {
			outcome := s.outcome(true)
			own.done = outcome == run.Success || outcome == run.Skip
		}
	}
}

// resumesUnknown says that the run resumes one of which not everything is known: then nothing is
// missing.
func (v *view) resumesUnknown() bool {
	return v.run.Resumes != "" && (v.expect.Resumed == nil || v.expect.Resumed.Resumes != "")
}

// missing returns the stages of which nothing has ended though they should have run: those of the
// card that are not optional, else those whose absence is improbable.
func (v *view) missing() map[*stage]*absence {
	out := map[*stage]*absence{}
	for _, s := range v.stages {
		switch {
		case s.done || len(s.instances) > 0:
		case s.card != nil && s.expected:
			out[s] = &absence{stage: s.name}
		case s.absence != nil:
			if with := v.byName[s.absence.with]; s.absence.with == "" || with != nil && with.outcome(true) == run.Success {
				if a := v.inDoubt(s.absence); a != nil {
					out[s] = a
				}
			}
		}
	}
	return out
}

// inDoubt returns an absence, or nil if it is no fault any more because another stage, whose absence
// was one, is back in this run.
func (v *view) inDoubt(a *absence) *absence {
	back := slices.ContainsFunc(v.stages, func(s *stage) bool {
		return s.absence != nil && len(s.instances) > 0 && s.absence.row > s.absence.begins
	})
	if !back {
		return a
	}
	again := *a
	if again.judge(v.history.presence.doubts.n + 1); again.begins == 0 {
		return nil
	}
	return &again
}

// runDuration is how long a run took: its root if it has one, else from the first start to the last
// end.
func runDuration(r *run.Run) time.Duration {
	if r.Root != nil && !r.Root.Start.IsZero() {
		return r.Root.End.Sub(r.Root.Start)
	}
	if r.Start.IsZero() {
		return 0
	}
	return r.End.Sub(r.Start)
}

// Stages returns the stages of a run of which an attempt has come, in the order of the run.
func Stages(r *run.Run, e Expect) []StageResult {
	v := newView(r, e)
	out := make([]StageResult, 0, len(v.stages))
	for _, s := range v.stages {
		if len(s.instances) > 0 {
			out = append(out, StageResult{
				Name: s.name, Outcome: s.outcome(v.root != nil), Duration: s.duration, RowsIn: s.rowsIn, RowsOut: s.rowsOut,
			})
		}
	}
	return out
}

// StageResult is a stage of a run in numbers.
type StageResult struct {
	Name string
	// Outcome is Unknown where the stage has not ended; if the run's root has come, instances that
	// are missing have failed.
	Outcome run.Outcome
	// Duration is the longest instance's, of its final attempt.
	Duration time.Duration
	// RowsIn and RowsOut are the sums over the instances, negative if none said.
	RowsIn, RowsOut int64
}

// open names the expected stages that have not ended.
func (v *view) open() []string {
	var names []string
	for _, s := range v.stages {
		if s.expected && !s.done && !s.ended() {
			names = append(names, s.name)
		}
	}
	return names
}
