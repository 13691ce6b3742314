// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A confidence of 1.00000536 was 0.01 once.
func TestUnit(t *testing.T) {
	for given, want := range map[float64]float64{0: 0, 0.875: 0.875, 1: 1, 1.00000536: 1, 1.0009: 1, 1.5: 1.5, 87.5: 87.5} {
		assert.InDelta(t, want, unit(given), 1e-12, given)
	}
}
