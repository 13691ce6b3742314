// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
)

// comparisons are what the windows of a group differ from. Their rows are mature, or predictions of
// windows that have ended: what has been found stands for most emissions, until windows move on or
// something late comes.
type comparisons struct {
	mature, ended pane.Span
	// groups are the group and the others that it is compared with, turns are theirs.
	groups []*group
	turns  []uint64
	// measured are by set.
	measured  [][]Difference
	estimated []Difference
}

func (c *comparisons) measuredOf(set int) []Difference {
	if set < len(c.measured) {
		return c.measured[set]
	}
	return nil
}

// compared returns the comparisons of a group.
func (e *Engine) compared(g *group, w windows) *comparisons {
	others := g.member.others(g.segment)
	c := &g.found
	if w.live && c.stand(g, others, w) {
		return c
	}
	*c = comparisons{mature: w.mature, ended: w.ended, groups: append(others, g)}
	for _, one := range c.groups {
		c.turns = append(c.turns, one.turn)
	}
	if w.comparable {
		for set := range g.totals {
			c.measured = append(c.measured, e.compareMeasured(g, others, set, w))
		}
	}
	if len(g.member.task.calibrations) > 0 {
		c.estimated = e.compareEstimates(g, others, w.ended)
	}
	return c
}

// stand says whether the comparisons are what they would be now.
func (c *comparisons) stand(g *group, others []*group, w windows) bool {
	if len(c.groups) != len(others)+1 || c.mature != w.mature || c.ended != w.ended || c.groups[len(others)] != g || !slices.Equal(c.groups[:len(others)], others) {
		return false
	}
	for i, one := range c.groups {
		if c.turns[i] != one.turn {
			return false
		}
	}
	return true
}
