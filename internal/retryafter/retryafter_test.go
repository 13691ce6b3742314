// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package retryafter

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestParse(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "2": 2 * time.Second, "-5": 0, "soon": 0, "1.5": 0,
		"Sun, 01 Nov 2026 12:01:30 GMT":  90 * time.Second,
		"Sun, 01 Nov 2026 11:00:00 GMT":  0,
		"99999999999999999999999999999":  math.MaxInt32 * time.Second,
		"9999999999":                     math.MaxInt32 * time.Second,
		"Sunday, 01-Nov-26 12:00:07 GMT": 7 * time.Second,
	} {
		assert.Equal(t, want, Parse(value, now), value)
	}
}
