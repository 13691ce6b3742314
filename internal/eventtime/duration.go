// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"errors"
	"math"
	"strings"
	"time"
)

// ParseDuration reads a Go duration that may also have days and weeks: 90s, 1h30m, 7d = 168h, 2w,
// 1d12h. It must be above 0. Errors are to be read after what is no duration.
func ParseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest := s
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end <= 0 {
			return 0, errors.New("is no duration, write it as 90s, 1h30m, 7d or 2w")
		}
		number := rest[:end]
		unit := rest[end:]
		if next := strings.IndexAny(unit, "0123456789."); next >= 0 {
			unit = unit[:next]
		}
		rest = rest[end+len(unit):]
		scale := int64(1)
		switch unit {
		case "d":
			unit, scale = "h", 24
		case "w":
			unit, scale = "h", 168
		}
		d, err := time.ParseDuration(number + unit)
		if err != nil {
			return 0, errors.New("is no duration, write it as 90s, 1h30m, 7d or 2w")
		}
		if int64(d) > math.MaxInt64/scale || int64(total) > math.MaxInt64-int64(d)*scale {
			return 0, errors.New("is longer than 292 years")
		}
		total += time.Duration(int64(d) * scale)
	}
	if total <= 0 {
		return 0, errors.New("must be above 0")
	}
	return total, nil
}
