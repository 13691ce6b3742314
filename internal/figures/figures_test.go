// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package figures

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRange(t *testing.T) {
	for want, ends := range map[string][2]float64{
		"1.2k–5k": {1200, 5000}, "41.88–41.89": {41.8781, 41.8883}, "-3 to -1": {-3, -1}, "-87.633 to -87.628": {-87.6331, -87.6283},
		"above 5k": {5000, math.Inf(1)}, "up to 7": {math.Inf(-1), 7}, "any value": {math.Inf(-1), math.Inf(1)},
	} {
		assert.Equal(t, want, Range(ends[0], ends[1]))
	}
	a, b := Apart(3, 3)
	assert.Equal(t, [2]string{"3", "3"}, [2]string{a, b})
}

func TestShort(t *testing.T) {
	for want, v := range map[string]float64{
		"0.571": 0.5712, "1.2k": 1200, "1234": 1234, "12.3k": 12345, "-5M": -5e6, "0": 0, "1e-07": 1e-7, "3e+12": 3e12, "999": 999,
	} {
		assert.Equal(t, want, Short(v))
	}
}

func TestPercent(t *testing.T) {
	for want, v := range map[string]float64{"18 %": 0.181, "6 %": 0.06, "0.25 %": 0.0025, "under 0.01 %": 1e-5, "0 %": 0, "100 %": 1} {
		assert.Equal(t, want, Percent(v))
	}
}
