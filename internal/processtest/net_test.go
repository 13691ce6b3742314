// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package processtest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFreePortIsHandedOutOnce(t *testing.T) {
	seen := map[int]bool{}
	for range 100 {
		port := FreePort(t)
		assert.False(t, seen[port])
		seen[port] = true
	}
}
