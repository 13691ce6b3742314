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

// A block that another process owns is none of ours.
func TestBlockIsOwned(t *testing.T) {
	const processes = 40
	owned := map[int]bool{}
	for range processes {
		portsMu.Lock()
		nextPort = blockEnd // as another process begins
		portsMu.Unlock()
		block := (FreePort(t) - firstPort) / portsInBlock
		assert.False(t, owned[block])
		owned[block] = true
	}
}
