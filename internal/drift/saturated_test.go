// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// A bin that has more values than a window can count is said, with the series, once.
func TestSaturatedBinsAreSaid(t *testing.T) {
	values := make([]float64, 1000)
	for i := range values {
		values[i] = float64(i % 10)
	}
	base := &profile.Profile{FormatVersion: 1, Rows: 1000, Features: []*profile.Column{profile.NewNumeric("x", values, 0, 240)}}
	bounds := base.Features[0].Numeric.Bounds
	for _, tt := range []struct {
		each  uint64 // in a bin and minute
		wants uint64
	}{{1 << 30, 0}, {1 << 31, 1}} {
		e := engine(t, card(base, nil), nil)
		for m := range int64(3) {
			d := Delta{Key: key7, Minute: epoch + m*60, HasRange: true, Max: 9, Bounds: bounds, Counts: make([]uint64, len(bounds)+1)}
			d.Key.Subject, d.Key.Name = Feature, "x"
			for i := range d.Counts {
				if base.Features[0].Numeric.Counts[i] > 0 {
					d.Counts[i] = tt.each
					d.Count += tt.each
				}
			}
			e.Add(at(epoch+m*60+61), []Delta{d})
		}
		s := e.TakeStats()
		assert.Equal(t, tt.wants, min(s.Happened[Saturated], 1))
		if tt.wants == 0 {
			assert.Empty(t, s.Events)
			continue
		}
		require.Len(t, s.Events, 1)
		assert.Equal(t, "saturated", s.Events[0].Kind.String())
		assert.Equal(t, "x", s.Events[0].Key.Name)
		assert.Equal(t, uint64(2), s.Events[0].Count, "minutes that were not counted in full")
	}
}
