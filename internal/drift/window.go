// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"strconv"
	"time"
)

// panesPerWindow is the most panes that a window is cut into.
const panesPerWindow = 12

// Window is the length of windows: Length for a sliding window, or Calendar ("day", "week", "month") in UTC.
// Its values can be compared.
type Window struct {
	Length   time.Duration
	Calendar string
}

// ParseWindow reads a duration of whole minutes, "day", "week" or "month".
func ParseWindow(s string) (Window, error) {
	switch s {
	case "day", "week", "month":
		return Window{Calendar: s}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		if _, err := strconv.Atoi(s); err == nil {
			return Window{}, fmt.Errorf("%q has no unit: write %sm, or day, week or month", s, s)
		}
		return Window{}, fmt.Errorf("%q is neither a duration nor day, week or month", s)
	}
	w := Window{Length: d}
	return w, w.Validate()
}

// Validate reports a length that is not a positive number of whole minutes or is above 31 days, and an unknown calendar.
func (w Window) Validate() error {
	switch {
	case w.Calendar == "day" || w.Calendar == "week" || w.Calendar == "month":
		return nil
	case w.Calendar != "":
		return fmt.Errorf("%q is none of day, week, month", w.Calendar)
	case w.Length < time.Minute || w.Length > 31*24*time.Hour || w.Length%time.Minute != 0:
		return fmt.Errorf("%v must be whole minutes between 1m and 744h", w.Length)
	}
	return nil
}

// String returns what ParseWindow reads.
func (w Window) String() string {
	if w.Calendar != "" {
		return w.Calendar
	}
	return w.Length.String()
}

// grid numbers the periods (disjoint verdict windows) and panes of a Window. Times are seconds since 1970.
//
// A sliding window of length L has the periods [i·L, (i+1)·L) and panes of the shortest whole number of minutes that
// divides L into at most 12; calendar periods are cut into exactly 12.
type grid struct {
	window         Window
	length, origin int64 // of every period but months
	panes          int64 // per period
}

func newGrid(w Window) grid {
	g := grid{window: w, panes: panesPerWindow}
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

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// period returns the number of the period that contains t.
func (g *grid) period(t int64) int64 {
	if g.length == 0 {
		y, m, _ := time.Unix(t, 0).UTC().Date()
		return int64(y)*12 + int64(m) - 1
	}
	return floorDiv(t-g.origin, g.length)
}

// start returns the first second of a period; it ends where the next one starts.
func (g *grid) start(period int64) int64 {
	if g.length == 0 {
		y := floorDiv(period, 12)
		return time.Date(int(y), time.Month(period-y*12+1), 1, 0, 0, 0, 0, time.UTC).Unix()
	}
	return period*g.length + g.origin
}

// pane returns the number of the pane that contains t; panes are numbered without gaps across periods.
func (g *grid) pane(t int64) int64 {
	p := g.period(t)
	start := g.start(p)
	length := g.length
	if length == 0 {
		length = g.start(p+1) - start
	}
	return p*g.panes + (t-start)*g.panes/length
}

// paneStart returns the first second of a pane.
func (g *grid) paneStart(pane int64) int64 {
	p := floorDiv(pane, g.panes)
	start := g.start(p)
	length := g.length
	if length == 0 {
		length = g.start(p+1) - start
	}
	return start + (pane-p*g.panes)*length/g.panes
}

// slot returns the place of a pane in a ring.
func (g *grid) slot(pane int64) int {
	return int(pane - floorDiv(pane, g.panes)*g.panes)
}
