// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package configcheck says what is wrong with a value of a config, in the same words in every
// component.
package configcheck

import (
	"fmt"
	"time"
)

// MinInterval is the least duration that any option takes. A number without a unit is nanoseconds
// for the collector, so that all durations below are slips.
const MinInterval = 10 * time.Millisecond

// Duration returns an error that names key where value is below least or above most. A least below
// MinInterval means MinInterval; a most of 0 means no bound.
func Duration(key string, value, least, most time.Duration) error {
	least = max(least, MinInterval)
	switch {
	case value > 0 && value < time.Millisecond:
		return fmt.Errorf("'%s': %v must be at least %v; a number without a unit is nanoseconds: write %ds", key, value, least, int64(value))
	case value < least:
		return fmt.Errorf("'%s': %v must be at least %v", key, value, least)
	case most > 0 && value > most:
		return fmt.Errorf("'%s': %v must be at most %v", key, value, most)
	}
	return nil
}

// DurationOrZero is Duration for an option that 0 turns off.
func DurationOrZero(key string, value, least, most time.Duration) error {
	if value == 0 {
		return nil
	}
	if value < 0 {
		return fmt.Errorf("'%s': %v must not be negative", key, value)
	}
	return Duration(key, value, least, most)
}
