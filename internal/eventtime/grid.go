// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "time"

// panesPerWindow is the most panes that a window is cut into.
const panesPerWindow = 12

// Grid numbers the periods (disjoint windows) and the panes of a Window. Times are seconds since
// 1970.
//
// A sliding window of length L has the periods [i·L, (i+1)·L). Its panes have the shortest whole
// number of minutes that divides L into at most 12. Calendar periods are cut into exactly 12 panes.
type Grid struct {
	window         Window
	length, origin int64 // of every period but months
	panes          int64 // per period
}

// NewGrid returns the grid of a valid window.
func NewGrid(w Window) Grid {
	g := Grid{window: w, panes: panesPerWindow}
	switch w.Calendar {
	case "day":
		g.length = 86400
	case "week":
		g.length, g.origin = 7*86400, 4*86400 // 1970-01-05 was a Monday
	case "month":
	default:
		g.length = int64(w.Length / time.Second)
		minutes := g.length / 60
		pane := max((minutes+panesPerWindow-1)/panesPerWindow, 1)
		for minutes%pane != 0 {
			pane++
		}
		g.panes = minutes / pane
	}
	return g
}

// Window is the window whose grid this is.
func (g *Grid) Window() Window { return g.window }

// Panes is the number of panes of a period.
func (g *Grid) Panes() int64 { return g.panes }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Period returns the number of the period that contains t.
func (g *Grid) Period(t int64) int64 {
	if g.length == 0 {
		y, m, _ := time.Unix(t, 0).UTC().Date()
		return int64(y)*12 + int64(m) - 1
	}
	return floorDiv(t-g.origin, g.length)
}

// Start returns the first second of a period; it ends where the next one starts.
func (g *Grid) Start(period int64) int64 {
	if g.length == 0 {
		y := floorDiv(period, 12)
		return time.Date(int(y), time.Month(period-y*12+1), 1, 0, 0, 0, 0, time.UTC).Unix()
	}
	return period*g.length + g.origin
}

// Pane returns the number of the pane that contains t; panes are numbered without gaps across
// periods.
func (g *Grid) Pane(t int64) int64 {
	p := g.Period(t)
	start := g.Start(p)
	length := g.length
	if length == 0 {
		length = g.Start(p+1) - start
	}
	return p*g.panes + (t-start)*g.panes/length
}

// PaneStart returns the first second of a pane.
func (g *Grid) PaneStart(pane int64) int64 {
	p := floorDiv(pane, g.panes)
	start := g.Start(p)
	length := g.length
	if length == 0 {
		length = g.Start(p+1) - start
	}
	return start + (pane-p*g.panes)*length/g.panes
}

// Slot returns the place of a pane in a ring.
func (g *Grid) Slot(pane int64) int {
	return int(pane - floorDiv(pane, g.panes)*g.panes)
}
