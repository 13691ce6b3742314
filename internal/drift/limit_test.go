// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A limit is of the score, where the score is what is judged: of a test of another tool it is the
// p-value below which there is a drift.
func TestLimit(t *testing.T) {
	for method, want := range map[string]float64{"ks": 0.1, RelativeChange: 0.1, "psi@scouter": 0.1, "chi2@evidently": 0.9} {
		limit, ok := (&Score{Method: method, Threshold: 0.1}).Limit()
		assert.True(t, ok, method)
		assert.InDelta(t, want, limit, 1e-12, method)
	}
	for _, method := range []string{"chi2", "ks@nannyml"} {
		_, ok := (&Score{Method: method, Threshold: 0.1}).Limit()
		assert.False(t, ok, method)
	}
}
