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
	primary, shadow *model
	clock           *pane.Clock
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
type pairKey struct{ primary, shadow uint32 }

func (c *comparison) key() pairKey { return pairKey{c.primary.number, c.shadow.number} }

func newComparison(primary, shadow *model, now time.Time, o *Options) *comparison {
	c := &comparison{
		primary: primary, shadow: shadow, oldest: pane.Never, seen: now, segments: map[string]*series{},
		clock: pane.NewClock(pane.Options{Window: o.Window, Lateness: o.Lateness, Idle: o.Idle, Keep: o.keep()}),
	}
	c.total = c.newSeries(o)
	return c
}

func (c *comparison) newSeries(o *Options) *series {
	return &series{since: c.seen.UnixNano(), panes: pane.NewRing[accumulator](c.clock.Panes()), cumulative: evaluation.NewConfusion(o.Classes)}
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
func (c *comparison) add(primary, shadow *waiting, at int64, late bool, o *Options) (noRoom uint64) {
	c.total.add(primary, shadow, at, late, o)
	for _, name := range primary.segments {
		if s := c.segment(name, o); s != nil {
			s.add(primary, shadow, at, late, o)
		} else {
			noRoom++
		}
	}
	if noRoom > 0 {
		if c.rest == nil {
			c.rest = c.newSeries(o)
		}
		c.rest.add(primary, shadow, at, late, o)
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
	// trials are 1 for pairs that differ.
	trials evaluation.Trials
	// since is when the series began, by the wall clock, in nanoseconds since 1970.
	since int64
}

// failed are sums of weights.
type failed struct{ primary, shadow, both float64 }

// accumulator is one pane of a series. What has no pair is nil.
type accumulator struct {
	classes                *evaluation.Confusion
	score, value, duration *evaluation.Regression
}

// add counts a pair. Both were sampled alike, or else the rarer of both decides how many it stands for.
func (s *series) add(primary, shadow *waiting, at int64, late bool, o *Options) {
	weight := max(primary.weight, shadow.weight)
	if primary.failed || shadow.failed {
		s.failed.add(primary.failed, shadow.failed, weight)
		return
	}
	compared := primary.class != "" && shadow.class != ""
	if compared {
		s.cumulative.Add(primary.class, shadow.class, weight)
		s.trials.Add(outcome(primary.class != shadow.class))
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
		a.classes.Add(primary.class, shadow.class, weight)
	}
	if primary.hasScore && shadow.hasScore {
		difference(&a.score, primary.score, shadow.score, weight)
	}
	if primary.hasValue && shadow.hasValue {
		difference(&a.value, primary.value, shadow.value, weight)
	}
	if primary.duration >= 0 && shadow.duration >= 0 {
		difference(&a.duration, primary.duration, shadow.duration, weight)
	}
}

func (f *failed) add(primary, shadow bool, weight float64) {
	switch {
	case primary && shadow:
		f.both += weight
	case primary:
		f.primary += weight
	default:
		f.shadow += weight
	}
}

func outcome(differ bool) float64 {
	if differ {
		return 1
	}
	return 0
}

func difference(r **evaluation.Regression, primary, shadow, weight float64) {
	if *r == nil {
		*r = evaluation.NewRegression()
	}
	(*r).Add(shadow, primary, weight)
}
