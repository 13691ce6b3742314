// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfig(t *testing.T) {
	c := DefaultConfig()
	require.NoError(t, c.Validate())
	c.NetAddr.Endpoint, c.QueryTimeout, c.MaxSamples, c.MaxConcurrency, c.MaxSeries, c.WriteTimeout = "", 5, 0, 0, 0, -1
	assert.EqualError(t, c.Validate(), `'endpoint': is empty: without an address, leave 'api' out
'query_timeout': 5ns must be at least 10ms; a number without a unit is nanoseconds: write 5s
'max_samples': 0 must be from 1000 to 1000000000
'max_concurrency': 0 must be from 1 to 1000
'max_series': 0 must be from 1 to 10000000
'write_timeout': -1ns must not be negative`)
	c = DefaultConfig()
	c.QueryTimeout = 2 * time.Minute
	assert.EqualError(t, c.Validate(), "'write_timeout': 1m0s must be longer than 'query_timeout', 2m0s, or an answer cannot be sent")
}

// TestCompatible checks that the version the API says to be is that of the module.
func TestCompatible(t *testing.T) {
	text, err := os.ReadFile("../../../../go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(text), "github.com/prometheus/prometheus v0.313.2\n")
	assert.Equal(t, "3.13.2", compatible, "Prometheus 3.x.y is module v0.3xx.y")
}
