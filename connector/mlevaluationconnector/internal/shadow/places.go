// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// unusedFor is how long a model without a comparison, or a comparison, must be silent before another
// one takes its place.
const unusedFor = time.Hour

// makeRoom lets the model without a comparison go that was silent for longest, for one that somebody
// vouches for at once if nobody does for it, for another one after an hour.
func (m *models) makeRoom(id *prediction.Identity, now time.Time) bool {
	vouched := m.vouched != nil && m.vouched(id)
	if !vouched && now.Before(m.fullUntil) {
		return false
	}
	var least *model
	for _, known := range m.byID {
		if !known.compared && (least == nil || known.seen.Before(least.seen)) && (m.vouched == nil || !m.vouched(&known.Identity)) {
			least = known
		}
	}
	if least == nil {
		m.fullUntil = now.Add(unusedFor)
		return false
	}
	if until := least.seen.Add(unusedFor); !vouched && now.Before(until) {
		m.fullUntil = until
		return false
	}
	m.remove(least)
	m.displaced++
	if g := least.group; g != nil && !m.inUse(g) {
		delete(m.groups, groupKey{least.Name, least.Environment})
	}
	return true
}

// remove lets go of a model, but not of its group.
func (m *models) remove(known *model) {
	for _, s := range known.shadows {
		s.group.shadows[s.slot] = nil
		s.group.count--
	}
	delete(m.byID, known.Identity)
	m.fullUntil = time.Time{}
}

func (m *models) inUse(g *group) bool {
	if g.count > 0 {
		return true
	}
	for _, known := range m.byID {
		if known.group == g {
			return true
		}
	}
	return false
}

// makeRoomForComparison lets the comparison go that was silent for longest, if that is an hour.
func (e *Engine) makeRoomForComparison() bool {
	if e.now.Before(e.comparedUntil) || len(e.order) == 0 {
		return false
	}
	least := slices.MinFunc(e.order, func(a, b *comparison) int { return a.seen.Compare(b.seen) })
	if until := least.seen.Add(unusedFor); e.now.Before(until) {
		e.comparedUntil = until
		return false
	}
	e.stats.Displaced++
	delete(e.comparisons, least.key())
	e.order = slices.DeleteFunc(e.order, func(c *comparison) bool { return c == least })
	least.primary.compared = e.compares(least.primary)
	least.shadow.compared = e.compares(least.shadow)
	return true
}

func (e *Engine) compares(m *model) bool {
	return slices.ContainsFunc(e.order, func(c *comparison) bool { return c.primary == m || c.shadow == m })
}
