// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package eventtime cuts the time of events into windows and says when a window is complete.
//
// It reads no clock: time is an argument, and what follows from it is the same for a live stream
// and for a replay.
//
//	Window (1h, day …) ──► Grid: which period and which pane an event belongs to
//	events, wall clock ──► Clock: the watermark, up to which periods are closed, and the
//	                       front, at which sliding windows end
//	                       Panes: which pane each slot of a ring holds
package eventtime

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Window is the length of windows: Length for a sliding window, or Calendar ("day", "week",
// "month") in UTC. Its values can be compared.
type Window struct {
	Length   time.Duration
	Calendar string
}

// WindowForm says how a window is written.
const WindowForm = "a duration such as 1h, or day, week or month"

// ParseWindow reads a duration (see ParseDuration) of whole minutes between 1m and 744h, "day",
// "week" or "month". It is how cards and configs write a window.
func ParseWindow(s string) (Window, error) {
	switch s {
	case "day", "week", "month":
		return Window{Calendar: s}, nil
	}
	d, err := ParseDuration(s)
	if err != nil {
		if _, err := strconv.Atoi(s); err == nil {
			return Window{}, fmt.Errorf("%q has no unit: write %sm, or day, week or month", s, s)
		}
		return Window{}, fmt.Errorf("%q is not %s", s, WindowForm)
	}
	w := Window{Length: d}
	if w.Validate() != nil {
		return w, outOfBounds(s)
	}
	return w, nil
}

// Validate reports a length that is not a number of whole minutes between 1m and 744h (31 days),
// and an unknown calendar.
func (w Window) Validate() error {
	switch {
	case w.Calendar == "day" || w.Calendar == "week" || w.Calendar == "month":
		return nil
	case w.Calendar != "":
		return fmt.Errorf("%q is not %s", w.Calendar, WindowForm)
	case w.Length < time.Minute || w.Length > 31*24*time.Hour || w.Length%time.Minute != 0:
		return outOfBounds(w.Length.String())
	}
	return nil
}

func outOfBounds(s string) error {
	return fmt.Errorf("%s must be whole minutes, 1m to 744h, or day, week or month", s)
}

// String returns what ParseWindow reads, such as 1h, 90m or week.
func (w Window) String() string {
	if w.Calendar != "" {
		return w.Calendar
	}
	s := strings.TrimSuffix(w.Length.String(), "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
