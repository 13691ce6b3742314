// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"maps"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// comparison is of two models.
type comparison struct {
	used, shadow *model
	clock        *pane.Clock
	// oldest is the first pane that is kept.
	oldest int64
	// seen is when the last pair was counted, by the wall clock.
	seen     time.Time
	total    *series
	segments map[string]*series
	// rest are the segments that found no room; nil while all have.
	rest *series
}

// pairKey are the numbers of the model whose answers are used, and of the shadow.
type pairKey struct{ used, shadow uint32 }

func (c *comparison) key() pairKey { return pairKey{c.used.number, c.shadow.number} }

func newComparison(used, shadow *model, o *Options) *comparison {
	c := &comparison{
		used: used, shadow: shadow, oldest: pane.Never, segments: map[string]*series{},
		clock: pane.NewClock(pane.Options{Window: o.Window, Lateness: o.Lateness, Idle: o.Idle, Keep: o.keep()}),
	}
	c.total = c.newSeries(o)
	return c
}

func (c *comparison) newSeries(o *Options) *series {
	return &series{panes: pane.NewRing[accumulator](c.clock.Panes()), cumulative: evaluation.NewConfusion(o.Classes)}
}

// segment returns the series of a segment, nil where there is no room for it.
func (c *comparison) segment(name string, o *Options) *series {
	s := c.segments[name]
	if s == nil && len(c.segments) < o.Segments {
		s = c.newSeries(o)
		c.segments[name] = s
	}
	return s
}

// add counts a pair, and returns how many of its segments found no room. It is once among the rest of
// them.
func (c *comparison) add(used, shadow *waiting, at int64, late bool, o *Options) (noRoom uint64) {
	c.total.add(used, shadow, at, late, o)
	for _, name := range used.segments {
		if s := c.segment(name, o); s != nil {
			s.add(used, shadow, at, late, o)
		} else {
			noRoom++
		}
	}
	if noRoom > 0 {
		if c.rest == nil {
			c.rest = c.newSeries(o)
		}
		c.rest.add(used, shadow, at, late, o)
	}
	return noRoom
}

// advance moves the window on, and lets go of panes that are in none.
func (c *comparison) advance(now time.Time) {
	c.clock.Advance(now)
	c.oldest = c.clock.Oldest()
	c.each(func(_ string, _ bool, s *series) { s.panes.Drop(c.oldest) })
}

// each yields the series: that of all pairs first, then the segments by name, then the rest of them.
func (c *comparison) each(do func(segment string, rest bool, s *series)) {
	do("", false, c.total)
	for _, name := range slices.Sorted(maps.Keys(c.segments)) {
		do(name, false, c.segments[name])
	}
	if c.rest != nil {
		do("", true, c.rest)
	}
}

// series is what was counted of a segment, or of all.
type series struct {
	panes pane.Ring[accumulator]
	// cumulative are all pairs of answers, failed those of which one or both have failed.
	cumulative *evaluation.Confusion
	failed     failed
	// trials are 1 for pairs that differ, since is the time of the first.
	trials evaluation.Trials
	since  int64
}

// failed are sums of weights.
type failed struct{ used, shadow, both float64 }

// accumulator is one pane of a series. What has no pair is nil.
type accumulator struct {
	classes                *evaluation.Confusion
	score, value, duration *evaluation.Regression
}

// add counts a pair. Both were sampled alike, or else the rarer of both decides how many it stands for.
func (s *series) add(used, shadow *waiting, at int64, late bool, o *Options) {
	weight := max(used.weight, shadow.weight)
	if used.failed || shadow.failed {
		s.failed.add(used.failed, shadow.failed, weight)
		return
	}
	compared := used.class != "" && shadow.class != ""
	if compared {
		s.cumulative.Add(used.class, shadow.class, weight)
		s.addTrial(used.class != shadow.class, used.time)
	}
	if late {
		return
	}
	a, _ := s.panes.At(at)
	if a == nil {
		return
	}
	if compared {
		if a.classes == nil {
			a.classes = evaluation.NewConfusion(o.Classes)
		}
		a.classes.Add(used.class, shadow.class, weight)
	}
	if used.hasScore && shadow.hasScore {
		difference(&a.score, used.score, shadow.score, weight)
	}
	if used.hasValue && shadow.hasValue {
		difference(&a.value, used.value, shadow.value, weight)
	}
	if used.duration >= 0 && shadow.duration >= 0 {
		difference(&a.duration, used.duration, shadow.duration, weight)
	}
}

func (f *failed) add(used, shadow bool, weight float64) {
	switch {
	case used && shadow:
		f.both += weight
	case used:
		f.used += weight
	default:
		f.shadow += weight
	}
}

// addTrial counts each pair once, whatever it stands for.
func (s *series) addTrial(differ bool, at int64) {
	outcome := 0.0
	if differ {
		outcome = 1
	}
	s.trials.Add(outcome)
	if s.since == 0 || at < s.since {
		s.since = at
	}
}

func difference(r **evaluation.Regression, used, shadow, weight float64) {
	if *r == nil {
		*r = evaluation.NewRegression()
	}
	(*r).Add(shadow, used, weight)
}
