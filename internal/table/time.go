// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"math"
	"strings"
	"time"
)

var timeLayouts = []string{
	"2006-01-02T15:04:05Z07:00", // a fraction is accepted without being in the layout
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05 -0700 MST",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	"2006-01-02",
}

func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSuffix(strings.TrimSpace(s), " UTC")
	if len(s) < len("2006-01-02") || s[4] != '-' {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// unixTime reads seconds below 1e11 (the year 5138), milliseconds below 1e14, microseconds below
// 1e17, else nanoseconds.
func unixTime(v float64) (time.Time, bool) {
	switch {
	case math.IsNaN(v) || v < 0 || v >= math.MaxInt64:
		return time.Time{}, false
	case v < 1e11:
		s, frac := math.Modf(v)
		return time.Unix(int64(s), int64(math.Round(frac*1e6))*1000).UTC(), true
	case v < 1e14:
		return time.UnixMilli(int64(v)).UTC(), true
	case v < 1e17:
		return time.UnixMicro(int64(v)).UTC(), true
	default:
		return time.Unix(0, int64(v)).UTC(), true
	}
}
