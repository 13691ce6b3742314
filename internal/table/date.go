// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"strconv"
	"strings"
	"time"
)

// dateFormat is how the points in time of a column are spelt. Formats that can be true of a column
// are kept as a set of bits.
type dateFormat uint8

// The formats of points in time.
const (
	// dateISO is 2026-11-30, also 2026/11/30, with or without a time of the day and a zone.
	dateISO dateFormat = 1 << iota
	// dateDMY is 30/11/2026 or 30.11.2026.
	dateDMY
	// dateMDY is 11/30/2026.
	dateMDY
	// dateNamed is 30-Nov-2026, 30 Nov 2026 or Nov 30, 2026.
	dateNamed
	// dateDigits is the integer 20261130.
	dateDigits
)

var namedLayouts = []string{
	"2-Jan-2006", "2 Jan 2006", "Jan 2, 2006", "2 January 2006", "January 2, 2006", "Mon, 2 Jan 2006", "2-Jan-06",
}

// parse reads a point in time of exactly this format, in UTC where no zone is given.
func (f dateFormat) parse(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	switch f {
	case dateISO:
		if t, ok := parseTime(s); ok {
			return t, true
		}
		if len(s) > 4 && s[4] == '/' {
			return parseTime(strings.Replace(s, "/", "-", 2))
		}
	case dateDMY, dateMDY:
		return parseSlashed(s, f == dateDMY)
	case dateNamed:
		date, clock := s, ""
		if i := strings.LastIndexByte(s, ' '); i > 0 && strings.Contains(s[i:], ":") {
			date, clock = s[:i], s[i+1:]
		}
		for _, layout := range namedLayouts {
			if t, err := time.Parse(layout, date); err == nil {
				return addClock(t, clock)
			}
		}
	case dateDigits:
		if len(s) == 8 && (s[0] == '1' || s[0] == '2') {
			if t, err := time.Parse("20060102", s); err == nil && t.Year() >= 1900 && t.Year() <= 2100 {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// parseSlashed reads two numbers of one or two digits and a year of four, or of two after slashes,
// and the time of the day.
func parseSlashed(s string, dayFirst bool) (time.Time, bool) {
	date, clock, _ := strings.Cut(s, " ")
	sep := byte('/')
	if i := strings.IndexAny(date, "/.-"); i >= 0 {
		sep = date[i]
	}
	parts := strings.Split(date, string(sep))
	if len(parts) != 3 || len(parts[0]) > 2 || len(parts[1]) > 2 {
		return time.Time{}, false
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 16)
		if err != nil || p == "" {
			return time.Time{}, false
		}
		n[i] = int(v)
	}
	day, month, year := n[0], n[1], n[2]
	if !dayFirst {
		day, month = month, day
	}
	switch len(parts[2]) {
	case 4:
	case 2:
		if sep != '/' {
			return time.Time{}, false
		}
		year += 2000
		if year > 2068 { // as POSIX
			year -= 100
		}
	default:
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if year < 1000 || t.Day() != day || int(t.Month()) != month {
		return time.Time{}, false
	}
	return addClock(t, clock)
}

var clockLayouts = []string{"15:04", "15:04:05", "3:04 PM", "3:04:05 PM", "15:04:05Z07:00", "15:04Z07:00", "15:04:05 MST"}

func addClock(day time.Time, clock string) (time.Time, bool) {
	clock = strings.TrimSpace(clock)
	if clock == "" {
		return day, true
	}
	for _, layout := range clockLayouts {
		if t, err := time.Parse(layout, clock); err == nil {
			_, offset := t.Zone()
			d := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second +
				time.Duration(t.Nanosecond()) - time.Duration(offset)*time.Second
			return day.Add(d).UTC(), true
		}
	}
	return time.Time{}, false
}
