// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// expire drops series that have been empty for max_window, then versions and models that have none
// left.
func (e *Engine) expire(m *model) {
	for vi := 0; vi < len(m.versions); vi++ {
		v := m.versions[vi]
		had, gone := len(v.groups) > 0, false
		for gi := 0; gi < len(v.groups); gi++ {
			g := v.groups[gi]
			before := len(g.order)
			g.order = slices.DeleteFunc(g.order, func(s *series) bool {
				c := &m.clocks[streamOf(s.key.subject)]
				held := m.settings.maxWindow
				if s.remembers() {
					held *= rememberedFor
				}
				dead := c.Started && !s.waiting() && g.newest(streamOf(s.key.subject)) < m.settings.grid.Pane(c.Front-held)
				if dead {
					delete(g.series, s.key)
					e.uncount(m, s)
				}
				return dead
			})
			gone = gone || before > len(g.order)
			if len(g.order) == 0 {
				v.groups = slices.Delete(v.groups, gi, gi+1)
				gi--
			}
		}
		if gone {
			v.prune()
			m.dirty = true
		}
		if had && len(v.groups) == 0 {
			m.versions = slices.Delete(m.versions, vi, vi+1)
			vi--
			m.dirty = true
		}
	}
	if len(m.versions) == 0 {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.drop(m)
	}
}

// prune forgets the plans of features that no series has any more: they make room for others.
func (v *version) prune() {
	held := make(map[seriesKey]bool)
	for _, g := range v.groups {
		for _, s := range g.order {
			held[s.key] = true
			if s.segment != nil {
				for _, name := range s.binning.Categories {
					held[seriesKey{Feature, name}] = true
				}
			}
		}
	}
	if !slices.ContainsFunc(v.groups, func(g *segment) bool { return g.series[segmentMissingKey] != nil }) {
		v.segmentMissing = distribution.NewCategoricalBinning()
	}
	for key := range v.plans {
		if !held[key] {
			v.forgetPlan(key)
		}
	}
}

// rememberedFor is how many times max_window a series is kept that was found to drift, or was about
// to be: a batch may come once a month.
const rememberedFor = 5

// remembers reports whether the next window may go on with what was found.
func (s *series) remembers() bool {
	return s.segment == nil && (s.values.remembers() || s.missing != nil && s.missing.remembers())
}

// waiting reports whether the series has values that no closed window has taken, or a verdict.
func (s *series) waiting() bool {
	if len(s.open) > 0 {
		return true
	}
	for k := range s.kinds {
		if samples, _ := k.growing(); samples > 0 || k.decided() {
			return true
		}
	}
	return false
}

// newest is the newest pane of a stream that has data.
func (g *segment) newest(stream int) int64 { return g.panes[stream].Newest() }
