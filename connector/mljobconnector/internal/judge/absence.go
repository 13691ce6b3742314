// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"strings"

	"gonum.org/v1/gonum/mathext"
)

// When the absence of a stage that no card names is a fault.
//
// A stage ran in all but a of n good runs, and then in none of the k latest ones, that at hand
// included. If nothing has changed, its next k absences have the probability
//
//	p = Π (a + ½ + i) / (n + 1 + i),  i = 0 … k-1
//
// which is the Beta-binomial's with the prior of Jeffreys, Beta(½, ½) (Gelman et al., Bayesian Data
// Analysis, 3rd ed., section 2.3). The absence is a fault if n is at least leastRuns and p at most
//
//	level / looks / doubt^doubts
//
// looks is 1 for a stage that ran in every run, which can be absent for the first time only once,
// and n for any other: a row of absences may begin in each run. doubts is how often such an absence
// has been followed by the stage's return in this job: its stages come and go.
//
// Of a stage that ran in 20 of 20 runs the first absence is a fault (p = 0.024), of one that ran in
// 19 of 20 the third in a row, of one in 70 of 100 the eighth.
const (
	leastRuns = 20
	level     = 0.025
	doubt     = 200
	// maxPairs bounds the stages that are looked at in pairs.
	maxPairs = 200
)

// doubts counts what seemed to be a fault by the history and was none, so that the next one of the
// kind takes more evidence.
type doubts struct {
	// n is how many there were; calm the number of good runs since the latest one.
	n, calm int
}

// maxDoubts bounds doubts; calmAfter is the number of good runs without a further one after which
// they are forgotten.
const maxDoubts, calmAfter = 8, 100

// learn notes a good run; wrong says that it is another doubt.
func (d *doubts) learn(wrong bool) {
	switch {
	case wrong:
		d.n, d.calm = min(d.n+1, maxDoubts), 0
	case d.n > 0:
		if d.calm++; d.calm >= calmAfter {
			*d = doubts{}
		}
	}
}

// absence is what it means if a stage is absent from the next run.
type absence struct {
	stage string
	// runs is the number of runs before its latest absences, in how many of which it ran; row the
	// number of absences in a row, with the one in question.
	runs, ran, row int
	// chance is the probability of so many in a row if nothing has changed.
	chance float64
	// begins is the number in a row from which on it is a fault; 0 if it is none.
	begins int
	// with is the stage beside which it has always run, empty where that does not matter: its
	// absence means something only in a run of that one.
	with string
	// of is the number of stages that with was chosen from, 0 for none.
	of int
	// at is when the last run was that had it, as in look.at.
	at int64
}

// upper is the upper end of the share of runs without the stage, with 95 % confidence, by Clopper
// and Pearson (Biometrika 26, 1934).
func (a *absence) upper() float64 {
	missed := float64(a.runs - a.ran)
	if a.ran == 0 {
		return 1
	}
	return mathext.InvRegIncBeta(missed+1, float64(a.ran), 0.95)
}

// judge finds out whether the absence is a fault.
func (a *absence) judge(doubts int) {
	if a.runs < leastRuns {
		return
	}
	a.begins = 0
	missed := float64(a.runs - a.ran)
	limit := level / float64(max(a.of, 1))
	if missed > 0 {
		limit /= float64(a.runs)
	}
	for range doubts {
		limit /= doubt
	}
	chance := 1.0
	for i := range a.row {
		chance *= (missed + 0.5 + float64(i)) / (float64(a.runs) + 1 + float64(i))
		if a.begins == 0 && chance <= limit {
			a.begins = i + 1
		}
	}
	a.chance = chance
}

// absences returns the stages whose absence from the next run is a fault, by name.
func (p *presence) absences() []absence {
	var out []absence
	n := len(p.looks)
	sure := map[string]bool{}
	for name, s := range p.stages {
		since, last := s.since(), s.last()
		a := absence{stage: name, runs: last + 1 - since, ran: s.ran.count(), row: n - last, at: p.looks[last].at}
		a.judge(p.doubts.n)
		if a.begins > 0 {
			out = append(out, a)
			sure[name] = true
		}
	}
	out = append(out, p.companions(sure)...)
	slices.SortFunc(out, func(a, b absence) int { return strings.Compare(a.stage, b.stage) })
	return out
}

// companions returns the absences of stages that do not run in every run, but always ran together
// with another one: neither ran without the other, but for the latest runs, in which only the other
// one did. So it is with the stages of a weekly branch. As the other one is chosen from several, level
// is divided by their number.
func (p *presence) companions(sure map[string]bool) []absence {
	if len(p.stages) > maxPairs {
		return nil
	}
	var names []string
	for name, s := range p.stages {
		if !sure[name] && s.ran.count() >= leastRuns {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []absence
	for _, name := range names {
		s := p.stages[name]
		ran := s.ran.count()
		for _, with := range names {
			other := p.stages[with]
			alone, late := s.ran.without(other.ran), other.ran.without(s.ran)
			if with == name || alone.count() > 0 || late.first() >= 0 && late.first() < s.ran.last() {
				continue
			}
			a := absence{stage: name, runs: ran, ran: ran, row: late.count() + 1, with: with, of: len(names), at: p.looks[s.last()].at}
			if a.judge(p.doubts.n); a.begins > 0 {
				out = append(out, a)
				break
			}
		}
	}
	return out
}

// returned reports whether the latest run has a stage whose absence from the runs before was a fault,
// as before knows: then it was no sign of a change.
func (p *presence) returned(before []absence) bool {
	return slices.ContainsFunc(before, func(a absence) bool {
		s := p.stages[a.stage]
		return a.row > a.begins && s != nil && s.ran.has(len(p.looks)-1)
	})
}

// settle learns from the latest run which stages are gone for good, as minRuns runs were at fault for
// their absence. What is gone is forgotten.
func (p *presence) settle(minRuns int) (gone []absence) {
	for _, a := range p.absences() {
		a.row-- // those that have happened
		if a.row >= a.begins+max(minRuns, 2)-1 {
			gone = append(gone, a)
			delete(p.stages, a.stage)
		}
	}
	return gone
}
