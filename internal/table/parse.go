// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"math"
	"strconv"
	"strings"
)

func parseNumber(s string) (float64, bool) {
	if s == "" {
		return 0, false
	}
	switch c := s[0]; { // most words end here
	case c >= '0' && c <= '9', c == '+', c == '-', c == '.', c == 'n', c == 'N', c == 'i', c == 'I':
	case c == ' ':
		return parseNumber(strings.TrimSpace(s))
	default:
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.TrimRight(s, " "), 64)
	if err != nil && !math.IsInf(v, 0) { // 1e400 is as good as infinite
		return 0, false
	}
	return v, true
}

func parseBool(s string) (v, ok bool) {
	switch {
	case strings.EqualFold(s, "true"):
		return true, true
	case strings.EqualFold(s, "false"):
		return false, true
	}
	return false, false
}
