// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
)

// Which duration is unlike those of the last good runs.
//
// Jobs have more than one kind of run (an increment each night, all of it each week), so the
// durations fall into groups: sorted, a new one begins where the next duration is longer by more
// than factor and leastExcess. Within a group their logarithms are taken as normal, with one spread
// for all groups, and the next duration of its kind lies in the prediction interval
//
//	median · exp(± t s √(1 + 1/m))
//
// (of durations with leastExcess added, as those below it are noise). s is the pooled standard
// deviation, m the size of the group, t the quantile of Student's distribution at 1 - beyond with n
// less the number of groups degrees of freedom (Hahn and Meeker, Statistical Intervals, section
// 4.8); beyond is a hundredth for each time that a run was slow lately. The interval is never narrower than factor and leastExcess
// either way, and never wider than mostFactor. A run is slow if it took longer than the interval of
// the largest group of the last good runs allows, and is like no group of more of them: a full run
// may come once a month.
const (
	// factor is by how much a duration is longer at least if it is slow; leastExcess the same in
	// nanoseconds.
	factor      = 1.5
	leastExcess = float64(time.Second)
	mostFactor  = 10
	// kindRuns is the number of good runs in which runs of another kind are looked for.
	kindRuns = 100
	// beyond is the probability of a longer duration than the interval of its group has.
	beyond = 0.0002
)

// pace is what the good runs of a job took.
type pace struct {
	groups []group
	// main is the largest group, the shortest of several.
	main int
	runs int
}

// group are durations of one kind: their median and the prediction interval, in nanoseconds.
type group struct {
	runs              int
	median, low, high float64
}

// newPace sorts the durations. doubts is how often a run was slow lately.
func newPace(durations []float64, doubts int) pace {
	slices.Sort(durations)
	p := pace{runs: len(durations)}
	var squares float64
	for start := 0; start < len(durations); {
		end := start + 1
		for end < len(durations) && durations[end] <= max(durations[end-1]*factor, durations[end-1]+leastExcess) {
			end++
		}
		of := durations[start:end]
		squares += squaredDeviations(of)
		p.groups = append(p.groups, group{runs: len(of), median: median(of)})
		start = end
	}
	spread, t := 0.0, 0.0
	if df := float64(p.runs - len(p.groups)); df > 0 {
		spread, t = math.Sqrt(squares/df), quantile(df, beyond/math.Pow10(2*doubts))
	}
	for i := range p.groups {
		g := &p.groups[i]
		if g.runs > p.groups[p.main].runs {
			p.main = i
		}
		wide := min(math.Exp(t*spread*math.Sqrt(1+1/float64(g.runs))), mostFactor)
		shifted := g.median + leastExcess
		g.low = min(shifted/wide-leastExcess, g.median/factor, g.median-leastExcess)
		g.high = max(shifted*wide-leastExcess, g.median*factor, g.median+leastExcess)
	}
	return p
}

// squaredDeviations is the sum of the squared deviations of the logarithms from their mean.
func squaredDeviations(durations []float64) (sum float64) {
	mean := 0.0
	for _, d := range durations {
		mean += logarithm(d)
	}
	mean /= float64(len(durations))
	for _, d := range durations {
		sum += (logarithm(d) - mean) * (logarithm(d) - mean)
	}
	return sum
}

func logarithm(d float64) float64 { return math.Log(max(d, 0) + leastExcess) }

// quantile is that of Student's distribution at 1 - p.
func quantile(df, p float64) float64 {
	x := mathext.InvRegIncBeta(df/2, 0.5, 2*p)
	return math.Sqrt(df * (1 - x) / x)
}

// usual is the group that most runs are of.
func (p *pace) usual() group { return p.groups[p.main] }

// longest is the longest duration that any group allows.
func (p *pace) longest() float64 {
	longest := 0.0
	for _, g := range p.groups {
		longest = max(longest, g.high)
	}
	return longest
}

// like reports whether a duration is one of a group's.
func (p *pace) like(duration float64) bool {
	return slices.ContainsFunc(p.groups, func(g group) bool { return g.low <= duration && duration <= g.high })
}

// pacing is a pace that a run is held against. others has the groups of more runs.
type pacing struct {
	pace
	others pace
	// scale is how many times as many rows the run has as is usual, 1 where that is not known or
	// less; similar says that the pace is that of runs with about as many rows.
	scale   float64
	similar bool
	// rows are the run's, usualRows the median of the others'; 0 where they are not known.
	rows, usualRows int64
	// row is the number of slow runs right before this one, which are not part of the pace.
	row int
}

// limit is the duration from which on the run is slow.
func (p *pacing) limit() float64 { return p.usual().high * p.scale }

// paces are those of a history: of the last good runs, of more of them, and of these with the slow
// ones in a row right before.
type paces struct{ last, kinds, all pace }

// pacing returns what a run of so many rows is held against; false if too few good runs are known.
//
// Where enough good runs had about as many rows (within factor), these are what it is compared with.
// Else more rows than usual may take longer in proportion.
func (v *view) pacing(rows int64) (*pacing, bool) {
	h, least := v.history, max(v.expect.MinRuns, 1)
	past, row := h.paced()
	if len(past) < least {
		return nil, false
	}
	p := &pacing{scale: 1, rows: rows, row: row}
	var all, near, sizes []float64
	for i := range past {
		all = append(all, float64(past[i].duration))
		size := past[i].rows
		if size <= 0 || rows <= 0 {
			continue
		}
		sizes = append(sizes, float64(size))
		if ratio := float64(rows) / float64(size); ratio <= factor && ratio >= 1/factor {
			near = append(near, float64(past[i].duration))
		}
	}
	if len(sizes) >= least {
		usual := median(sizes)
		p.usualRows = int64(usual)
		p.scale = max(1, float64(rows)/usual)
	}
	if len(near) >= least {
		p.pace, p.similar, p.scale = newPace(near, h.slowDoubts.n), true, 1
		return p, true
	}
	if h.paces == nil {
		h.paces = &paces{newPace(all, h.slowDoubts.n), newPace(h.lasted(row), h.slowDoubts.n), newPace(h.lasted(0), h.slowDoubts.n)}
	}
	p.pace, p.others = h.paces.last, h.paces.kinds
	return p, true
}

// longest is the longest duration that good runs of any kind have, slow ones included, which may go
// on to be slow; false if too few are known.
func (v *view) longest() (limit, usual time.Duration, runs int, ok bool) {
	p, ok := v.pacing(v.rows())
	if !ok {
		return 0, 0, 0, false
	}
	most := p.longest()
	if v.history.paces != nil {
		most = max(most, v.history.paces.kinds.longest(), v.history.paces.all.longest())
	}
	return clampDuration(most * p.scale), clampDuration(p.usual().median), p.runs, true
}

// lasted returns the durations of the good runs in which other kinds are looked for, without so many
// of the latest.
func (h *History) lasted(without int) []float64 {
	looks := h.presence.looks[:max(len(h.presence.looks)-without, 0)]
	looks = looks[max(len(looks)-kindRuns, 0):]
	out := make([]float64, 0, len(looks))
	for _, l := range looks {
		if l.at >= h.paceFrom {
			out = append(out, float64(l.duration))
		}
	}
	return out
}

// rows is the size of the run: the largest number of rows that a stage has read or written, 0 if
// none has said.
func (v *view) rows() int64 {
	var most int64
	for _, s := range v.stages {
		most = max(most, s.rowsIn, s.rowsOut)
	}
	return most
}

// paced returns the good runs that durations are compared with, and the number of slow ones in a
// row after them.
func (h *History) paced() (past []record, row int) {
	past = h.runs
	for len(past) > 0 && past[0].at < h.paceFrom {
		past = past[1:]
	}
	for len(past) > row && past[len(past)-1-row].slow {
		row++
	}
	return past[:len(past)-row], row
}

// settlePace takes a row of so many slow runs for the new pace, and returns how many there were; 0
// if it did not.
func (h *History) settlePace(minRuns int) int {
	_, row := h.paced()
	if row < max(minRuns, 2) {
		return 0
	}
	of := h.runs[len(h.runs)-row:]
	h.paceFrom = of[0].at
	for i := range of {
		of[i].slow = false
	}
	return row
}

// took is how long a run took, in nanoseconds.
func took(r *run.Run) float64 { return float64(runDuration(r)) }
