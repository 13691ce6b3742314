// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package eventtime cuts the time of events into windows and says when a window is complete.
//
// It reads no clock: time is an argument, and what follows from it is the same for a live stream and for a replay.
//
//	Window (1h, day …) ──► Grid: which period and which pane an event belongs to
//	events, wall clock ──► Clock: the watermark, up to which periods are closed, and the front, at which sliding windows end
//	                       Panes: which pane each slot of a ring holds
package eventtime

import (
	"fmt"
	"strconv"
	"time"
)

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
