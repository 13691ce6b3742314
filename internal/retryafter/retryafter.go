// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package retryafter reads the header by which a server says how long it wants to be left alone.
package retryafter

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Parse reads the value of Retry-After, seconds or a date (RFC 9110, section 10.2.3). It is 0 where there
// is nothing to read, or the date is over. It has no bound: whoever waits has one.
func Parse(value string, now time.Time) time.Duration {
	seconds, err := strconv.ParseUint(value, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, math.MaxInt32)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
