// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDuration(t *testing.T) {
	for name, c := range map[string]struct {
		check              func(string, time.Duration, time.Duration, time.Duration) error
		value, least, most time.Duration
		want               string
	}{
		"without a unit":  {Duration, 5, 0, 0, "'k': 5ns must be at least 10ms; a number without a unit is nanoseconds: write 5s"},
		"zero":            {Duration, 0, 0, 0, "'k': 0s must be at least 10ms"},
		"negative":        {Duration, -time.Second, 0, 0, "'k': -1s must be at least 10ms"},
		"the least":       {Duration, 10 * time.Millisecond, 0, 0, ""},
		"below a bound":   {Duration, time.Second, time.Minute, 0, "'k': 1s must be at least 1m0s"},
		"above a bound":   {Duration, time.Hour, 0, time.Minute, "'k': 1h0m0s must be at most 1m0s"},
		"off":             {DurationOrZero, 0, time.Minute, time.Hour, ""},
		"off, negative":   {DurationOrZero, -1, 0, 0, "'k': -1ns must not be negative"},
		"off, no unit":    {DurationOrZero, 30, 0, 0, "'k': 30ns must be at least 10ms; a number without a unit is nanoseconds: write 30s"},
		"off, in bounds":  {DurationOrZero, time.Minute, time.Second, time.Hour, ""},
		"own least named": {Duration, 5, time.Second, 0, "'k': 5ns must be at least 1s; a number without a unit is nanoseconds: write 5s"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.check("k", c.value, c.least, c.most)
			if c.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, c.want)
		})
	}
}
