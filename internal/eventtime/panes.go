// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"
	"slices"
)

// Panes says which pane each slot of a ring holds. A ring has a slot for each pane of a window.
type Panes []int64

// NewPanes returns a ring whose panes are older than any event.
func NewPanes(slots int64) Panes {
	p := make(Panes, slots)
	for i := range p {
		p[i] = math.MinInt64
	}
	return p
}

// Turn lets a slot hold a pane, unless it holds a newer one. turned says that the slot held an
// older one, whose values must be cleared; held says that the slot holds this pane now.
func (p Panes) Turn(slot int, pane int64) (turned, held bool) {
	if p[slot] < pane {
		p[slot] = pane
		return true, true
	}
	return false, p[slot] == pane
}

// Within reports whether a slot is part of the sliding window that ends with the pane last.
func (p Panes) Within(slot int, last int64) bool {
	return p[slot] > last-int64(len(p)) && p[slot] <= last
}

// Newest is the newest pane.
func (p Panes) Newest() int64 { return slices.Max(p) }
