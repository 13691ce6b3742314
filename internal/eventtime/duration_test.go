// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour, "2w": 336 * time.Hour, "1d12h": 36 * time.Hour,
		"0.5d": 12 * time.Hour, "250ms": 250 * time.Millisecond, "3us": 3 * time.Microsecond, "3µs": 3 * time.Microsecond,
	} {
		got, err := ParseDuration(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "0s", "-1h", "h", "1", "1y", "1h ", "99999999w", "10000w10000w10000w", "1.2.3s", "."} {
		_, err := ParseDuration(s)
		assert.Error(t, err, s)
	}
}
