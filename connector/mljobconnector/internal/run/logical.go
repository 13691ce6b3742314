// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import "time"

// layouts are how logical dates are written. The ones without an offset are read in the job's time
// zone.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04",
}

// ParseDate reads a logical date: RFC 3339, a date, or a date and time, the latter two in the zone
// (UTC if nil) where they name none.
func ParseDate(s string, zone *time.Location) (at time.Time, ok bool) {
	if s == "" {
		return time.Time{}, false
	}
	if zone == nil {
		zone = time.UTC
	}
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, s, zone); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// Logical returns the time by which runs of a job are ordered: the logical date, read in the job's
// time zone (its card's; UTC if nil) where it names none, else the start. given is false for the
// latter. A run that resumes another one and has no date of its own has that of the other run,
// which the caller knows.
func (r *Run) Logical(zone *time.Location) (at time.Time, given bool) {
	if at, ok := ParseDate(r.LogicalDate, zone); ok {
		return at, true
	}
	return r.Start, false
}
